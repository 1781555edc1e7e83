//! JSON with its numbers left as text: a price must not pass through a float.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::money::Usd;

/// An object as the list of its members, each value as it is written.
#[derive(Debug)]
pub(super) struct Object<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<'a>, D::Error> {
        struct Listing;

        impl<'de> Visitor<'de> for Listing {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Listing)
    }
}

impl<'a> Object<'a> {
    pub fn of(value: &'a RawValue) -> Option<Object<'a>> {
        serde_json::from_str(value.get()).ok()
    }

    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find(|(member, _)| member == name)
            .map(|&(_, value)| value)
    }

    /// The first name that is there twice: of two values, any choice would be a guess.
    pub fn repeated(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        let mut names = self.0.iter().map(|(name, _)| &**name);
        names.find(|name| !seen.insert(*name))
    }
}

/// The elements of an array.
pub(super) fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A text.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// A whole number from 0, however it is written: `256000`, `256000.0`, `2.56e5`.
pub(super) fn whole_number(value: &RawValue) -> Option<u64> {
    /// An amount of money is the exact decimal at hand; one dollar stands for one.
    const ONE: i128 = 1_000_000_000_000_000_000;
    let number = Usd::parse(value.get()).ok()?.attos();
    if number % ONE == 0 {
        u64::try_from(number / ONE).ok()
    } else {
        None
    }
}
