//! The arguments of a tool, read one by one. What is wrong with them is said to a model, which is to do it
//! right the next time.

use serde_json::{Map, Value};

use crate::money::Usd;

/// What is wrong and what to do, for a model.
pub struct Fault(pub String);

impl From<String> for Fault {
    fn from(text: String) -> Fault {
        Fault(text)
    }
}

pub struct Arguments<'a> {
    all: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
}

impl<'a> Arguments<'a> {
    pub fn new(all: Option<&'a Map<String, Value>>) -> Arguments<'a> {
        Arguments {
            all,
            known: Vec::new(),
        }
    }

    /// Null is absent: some clients send it for what they leave out.
    fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.all?.get(name).filter(|value| !value.is_null())
    }

    /// A text of up to `chars_max` characters. An empty one is absent: some clients send it for what they
    /// leave out.
    pub fn text(&mut self, name: &'static str, chars_max: usize) -> Result<Option<&'a str>, Fault> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match value.as_str() {
            Some("") => Ok(None),
            Some(text) if text.chars().count() <= chars_max => Ok(Some(text)),
            Some(_) => Err(format!("{name} must have at most {chars_max} characters.").into()),
            None => Err(format!("{name} must be a text, got {}.", kind(value)).into()),
        }
    }

    /// A whole number, also one written as `1000.0`.
    pub fn whole(&mut self, name: &'static str, min: u64, max: u64) -> Result<Option<u64>, Fault> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let whole = value.as_u64().or_else(|| {
            let float = value.as_f64()?;
            (float.fract() == 0.0 && (0.0..=1e15).contains(&float)).then_some(float as u64)
        });
        match whole {
            Some(whole) if (min..=max).contains(&whole) => Ok(Some(whole)),
            _ if value.is_number() => Err(format!(
                "{name} must be a whole number from {min} to {max}, got {value}."
            )
            .into()),
            _ => Err(format!("{name} must be a number, got {}.", kind(value)).into()),
        }
    }

    /// The same where it must be there.
    pub fn needed_whole(&mut self, name: &'static str, max: u64) -> Result<u64, Fault> {
        let number = self.whole(name, 0, max)?;
        number.ok_or_else(|| format!("{name} is missing.").into())
    }

    pub fn price(&mut self, name: &'static str) -> Result<Option<Usd>, Fault> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let price = value
            .is_number()
            .then(|| Usd::parse(&value.to_string()).ok());
        match price.flatten().filter(|price| *price >= Usd::ZERO) {
            Some(price) => Ok(Some(price)),
            None => Err(format!("{name} must be a number from 0, got {}.", kind(value)).into()),
        }
    }

    pub fn flag(&mut self, name: &'static str, unsaid: bool) -> Result<bool, Fault> {
        match self.take(name) {
            None => Ok(unsaid),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => {
                Err(format!("{name} must be true or false, got {}.", kind(other)).into())
            }
        }
    }

    /// One of a few words, as what it means.
    pub fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Fault> {
        self.take(name)
            .map(|value| meaning(name, value, words))
            .transpose()
    }

    /// Some of a few words.
    pub fn words<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<Vec<T>, Fault> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= words.len() => items
                .iter()
                .map(|item| meaning(name, item, words))
                .collect(),
            Some(Value::Array(_)) => {
                Err(format!("{name} must have at most {} items.", words.len()).into())
            }
            Some(other) => Err(format!("{name} must be a list, got {}.", kind(other)).into()),
        }
    }

    /// A list of 1 to `items_max` texts, each of 1 to `chars_max` characters, that must be there.
    pub fn needed_texts(
        &mut self,
        name: &'static str,
        items_max: usize,
        chars_max: usize,
    ) -> Result<Vec<&'a str>, Fault> {
        let items = match self.take(name) {
            Some(Value::Array(items)) if (1..=items_max).contains(&items.len()) => items,
            Some(Value::Array(items)) => {
                let got = items.len();
                return Err(format!("{name} must have 1 to {items_max} items, got {got}.").into());
            }
            Some(other) => {
                return Err(format!("{name} must be a list, got {}.", kind(other)).into());
            }
            None => return Err(format!("{name} is missing.").into()),
        };
        let texts = items.iter().map(|item| {
            let text = item.as_str();
            text.filter(|text| (1..=chars_max).contains(&text.chars().count()))
                .ok_or_else(|| {
                    format!("{name} must hold texts of 1 to {chars_max} characters.").into()
                })
        });
        texts.collect()
    }

    /// Ends the reading: an argument that is spelt wrong must not be lost in silence.
    pub fn finish(self) -> Result<(), Fault> {
        let unknown = self.all.into_iter().flat_map(Map::keys);
        let unknown = unknown
            .map(String::as_str)
            .find(|name| !self.known.contains(name));
        match unknown {
            None => Ok(()),
            Some(name) => {
                let shown: String = name.chars().take(64).collect();
                let known = self.known.join(", ");
                Err(format!("Unknown argument '{shown}'. Known: {known}.").into())
            }
        }
    }
}

fn meaning<T: Copy>(name: &str, value: &Value, words: &[(&str, T)]) -> Result<T, Fault> {
    let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("{name} must be one of: {}.", known.join(", ")).into()
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number out of range",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
