//! A value as a client sent it, before anybody has said what it should be.
//!
//! Whatever is sent, reading it takes no more room than its own bytes: lists and objects stay text
//! until a list is asked for, and then only so many of its items are looked at.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// What of a value is said back: enough to recognise it, not enough to amplify.
const ECHO_CHARS_MAX: usize = 200;

/// A value. Its text is sound JSON all the way down.
#[derive(Debug)]
pub(super) enum Given<'a> {
    Null,
    Flag(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(&'a RawValue),
    Object(&'a RawValue),
}

/// A number, as near as a float comes; one too small for any is no zero, but the smallest there is.
fn number(text: &str) -> serde_json::Result<Number> {
    let number: Number = serde_json::from_str(text)?;
    let mut digits = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E'));
    let is_written_as_zero = digits.all(|byte| !matches!(byte, b'1'..=b'9'));
    if number.as_f64() == Some(0.0) && !is_written_as_zero {
        let smallest = match text.starts_with('-') {
            true => -f64::MIN_POSITIVE,
            false => f64::MIN_POSITIVE,
        };
        return Ok(Number::from_f64(smallest).expect("it is finite"));
    }
    Ok(number)
}

impl<'a> Given<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What the raw text may still hide: a number beyond any range, an escape that is no character,
    /// nesting too deep to follow.
    pub fn read(raw: &'a RawValue) -> serde_json::Result<Given<'a>> {
        let text = raw.get();
        Ok(match text.as_bytes()[0] {
            b'n' => Given::Null,
            b't' => Given::Flag(true),
            b'f' => Given::Flag(false),
            b'"' => Given::Text(serde_json::from_str::<Text>(text)?.0),
            b'[' => serde_json::from_str::<Sound>(text).map(|Sound| Given::List(raw))?,
            b'{' => serde_json::from_str::<Sound>(text).map(|Sound| Given::Object(raw))?,
            _ => Given::Number(number(text)?),
        })
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Given::Null)
    }

    /// The value as it is said back: long texts cut, large lists and objects not at all.
    pub fn echo(self) -> Value {
        match self {
            Given::Null => Value::Null,
            Given::Flag(flag) => flag.into(),
            Given::Number(number) => number.into(),
            Given::Text(text) => shortened(&text).into(),
            Given::List(raw) | Given::Object(raw) if raw.get().len() > ECHO_CHARS_MAX => {
                Value::Null
            }
            Given::List(raw) | Given::Object(raw) => {
                serde_json::from_str(raw.get()).unwrap_or_default()
            }
        }
    }
}

/// The text, cut if it is long.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(ECHO_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]).into(),
        None => text.into(),
    }
}

/// A string that is copied only where it has escapes.
#[derive(serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The first items of a list, and how many it has.
pub(super) struct Items<'a> {
    pub first: Vec<Given<'a>>,
    pub count: usize,
}

impl<'a> Items<'a> {
    /// Reads a list that is sound, and keeps up to `max` of its items.
    pub fn read(list: &'a RawValue, max: usize) -> Items<'a> {
        let mut deserializer = serde_json::Deserializer::from_str(list.get());
        deserializer
            .deserialize_seq(FirstItems(max))
            .expect("a list is looked through when it is first read")
    }
}

struct FirstItems(usize);

impl<'de> Visitor<'de> for FirstItems {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Items<'de>, S::Error> {
        let mut first = Vec::new();
        while first.len() < self.0
            && let Some(item) = items.next_element()?
        {
            first.push(Given::read(item).map_err(S::Error::custom)?);
        }
        let mut count = first.len();
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Items { first, count })
    }
}

/// A value that was looked through and not kept. `IgnoredAny` would do, but it skips what it ignores
/// without looking for numbers, escapes and depths that nobody else can read.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sound, D::Error> {
        deserializer.deserialize_any(Sound)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Sound;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E>(self, _: &str) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Sound, S::Error> {
        while items.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Sound, M::Error> {
        while members.next_entry::<Sound, Sound>()?.is_some() {}
        Ok(Sound)
    }
}
