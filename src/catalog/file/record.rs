//! The lines of the file as plain text values, in the order of their keys. One set of types serves reader
//! and writer, which is half of what makes them inverse.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that borrows from the line it was read from, unless it held an escape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Text<'a> {
        Text(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Cow::Owned(text))
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        /// serde's own `Cow` always copies when it stands inside a list.
        struct Borrowing;

        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(text.into())
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(text.to_owned().into())
            }
        }

        deserializer.deserialize_str(Borrowing)
    }
}

/// An object as the list of its members, in their order and with repeated keys kept to be refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members<'a>(pub Vec<(Text<'a>, Text<'a>)>);

impl Members<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        struct Listing;

        impl<'de> Visitor<'de> for Listing {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Listing)
    }
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderLine<'a> {
    #[serde(borrow)]
    pub format: Text<'a>,
    pub format_version: u32,
    pub version: Text<'a>,
    pub date: Text<'a>,
    pub source: Text<'a>,
    pub source_digest: Text<'a>,
    pub unit: Text<'a>,
    pub providers: usize,
    pub models: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderLine<'a> {
    #[serde(borrow)]
    pub slug: Text<'a>,
    pub name: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Text<'a>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelLine<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Text<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1: Option<V1Record<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_vector_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecation_date: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    pub rates: Members<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_peak: Option<OffPeakRecord<'a>>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    pub units: Members<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_search: Option<SearchCostRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_billing: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_searches: Option<FreeSearchesRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google_maps_query: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Members::is_empty")]
    pub uplifts: Members<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub can: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cannot: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Text<'a>>,
}

impl Default for Text<'_> {
    fn default() -> Self {
        "".into()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct V1Record<'a> {
    pub position: u16,
    #[serde(borrow)]
    pub name: Text<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecord<'a> {
    pub above_tokens: u64,
    pub up_to_tokens: u64,
    #[serde(borrow)]
    pub rates: Members<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OffPeakRecord<'a> {
    #[serde(borrow)]
    pub rates: Members<'a>,
    pub windows: Vec<WindowRecord<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekday_timezone: Option<Text<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRecord<'a> {
    #[serde(borrow)]
    pub hours_utc: Vec<Text<'a>>,
    pub weekdays: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchCostRecord<'a> {
    #[serde(borrow)]
    pub low: Text<'a>,
    pub medium: Text<'a>,
    pub high: Text<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeSearchesRecord<'a> {
    pub count: u64,
    #[serde(borrow)]
    pub period: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_group: Option<Text<'a>>,
}
