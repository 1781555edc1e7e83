//! Request bodies: JSON objects, read field by field, with every problem collected.
//!
//! The Content-Type is not looked at: the documented `curl -d '{...}'` sends a form type.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Number, Value};

use super::error::{Fault, Place, Problem};

/// The largest token count taken: the power of ten below 2^53, up to which every JSON reader
/// has whole numbers exactly.
pub const TOKENS_MAX: u64 = 1_000_000_000_000_000;

/// The fields of a JSON object, and what is wrong with them so far.
pub struct Fields {
    fields: Vec<(String, Value)>,
    problems: Vec<Problem>,
}

impl Fields {
    /// Reads a body as one JSON object.
    ///
    /// # Errors
    /// When it is empty, not JSON, or not an object, or names a field twice.
    pub fn parse(body: &[u8]) -> Result<Fields, Fault> {
        let invalid = |problem| Fault::Invalid(vec![problem]);
        let Some(first) = body.iter().find(|byte| !byte.is_ascii_whitespace()) else {
            return Err(invalid(missing(&["body"], Value::Null)));
        };
        if *first == b'{' {
            return match serde_json::from_slice(body) {
                Ok(Object(fields)) => Ok(Fields {
                    fields,
                    problems: Vec::new(),
                }),
                Err(error) => Err(invalid(not_json(body, &error))),
            };
        }
        Err(invalid(match serde_json::from_slice::<Value>(body) {
            Ok(other) => Problem::new(
                "model_attributes_type",
                vec!["body".into()],
                "Input should be a valid dictionary or object to extract fields from",
                other,
            ),
            Err(error) => not_json(body, &error),
        }))
    }

    /// A body that may be absent.
    ///
    /// # Errors
    /// As for [`Fields::parse`], but an empty body is an object without fields.
    pub fn parse_optional(body: &[u8]) -> Result<Fields, Fault> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Fields {
                fields: Vec::new(),
                problems: Vec::new(),
            });
        }
        Fields::parse(body)
    }

    /// A string that must be there. On a problem: an empty one, and [`Fields::finish`] fails.
    pub fn string(&mut self, name: &str) -> String {
        match self.take(name) {
            Some(Value::String(text)) => text,
            Some(other) => {
                self.problem("string_type", name, "Input should be a valid string", other);
                String::new()
            }
            None => self.miss(name),
        }
    }

    /// A list of strings that must be there, of at most `length_max`.
    pub fn strings(&mut self, name: &str, length_max: usize) -> Vec<String> {
        let items = match self.take(name) {
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.problem("list_type", name, "Input should be a valid list", other);
                return Vec::new();
            }
            None => return self.miss(name),
        };
        if items.len() > length_max {
            let message = format!(
                "List should have at most {length_max} items, not {}",
                items.len()
            );
            self.problem("too_long", name, &message, Value::Null);
            return Vec::new();
        }
        let mut strings = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => strings.push(text),
                other => self.problems.push(Problem::new(
                    "string_type",
                    vec!["body".into(), name.into(), index.into()],
                    "Input should be a valid string",
                    other,
                )),
            }
        }
        strings
    }

    /// A token count that must be there: a whole number from 0 to [`TOKENS_MAX`].
    pub fn tokens(&mut self, name: &str) -> u64 {
        match self.take(name) {
            Some(value) => self.whole_number(name, value, TOKENS_MAX),
            None => self.miss(name),
        }
    }

    /// A whole number from 0 to `max` that may be absent or null.
    pub fn optional_number(&mut self, name: &str, max: u64) -> Option<u64> {
        match self.take(name) {
            None | Some(Value::Null) => None,
            Some(value) => Some(self.whole_number(name, value, max)),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every problem found, when there was one.
    pub fn finish(self) -> Result<(), Fault> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Fault::Invalid(self.problems))
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let position = self.fields.iter().position(|(field, _)| field == name)?;
        Some(std::mem::take(&mut self.fields[position].1))
    }

    fn miss<T: Default>(&mut self, name: &str) -> T {
        self.problems.push(missing(&["body", name], Value::Null));
        T::default()
    }

    fn whole_number(&mut self, name: &str, value: Value, max: u64) -> u64 {
        let Value::Number(number) = &value else {
            self.problem("int_type", name, "Input should be a valid integer", value);
            return 0;
        };
        match as_whole(number) {
            Some(whole) if whole > i128::from(max) => {
                let message = format!("Input should be less than or equal to {max}");
                self.problem("less_than_equal", name, &message, value);
                0
            }
            Some(whole) => u64::try_from(whole).unwrap_or_else(|_| {
                let message = "Input should be greater than or equal to 0";
                self.problem("greater_than_equal", name, message, value);
                0
            }),
            None => {
                let message =
                    "Input should be a valid integer, got a number with a fractional part";
                self.problem("int_from_float", name, message, value);
                0
            }
        }
    }

    fn problem(&mut self, kind: &'static str, name: &str, message: &str, input: Value) {
        self.problems.push(Problem::new(
            kind,
            vec!["body".into(), name.into()],
            message,
            input,
        ));
    }
}

/// The number, if it is a whole one: JSON does not tell 1000 from 1000.0.
fn as_whole(number: &Number) -> Option<i128> {
    if let Some(whole) = number.as_i128() {
        return Some(whole);
    }
    let float = number.as_f64()?;
    // Saturates for huge numbers, which are beyond every limit either way.
    (float.fract() == 0.0).then_some(float as i128)
}

fn missing(loc: &[&str], input: Value) -> Problem {
    let loc = loc.iter().map(|&place| Place::from(place)).collect();
    Problem::new("missing", loc, "Field required", input)
}

fn not_json(body: &[u8], error: &serde_json::Error) -> Problem {
    let before: usize = body
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let offset = (before + error.column().saturating_sub(1)).min(body.len());
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(what, _)| what);
    Problem::new(
        "json_invalid",
        vec!["body".into(), offset.into()],
        format!("JSON decode error: {what}"),
        Value::Null,
    )
}

/// A JSON object as its fields, each name once: of two different values for one name, any choice
/// would be a guess.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object, M::Error> {
                /// More fields than any version of the API has.
                const FIELDS_MAX: usize = 256;
                let mut fields: Vec<(String, Value)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.iter().any(|(field, _)| *field == name) {
                        return Err(M::Error::custom(format_args!(
                            "field {name:?} is there twice"
                        )));
                    }
                    if fields.len() == FIELDS_MAX {
                        return Err(M::Error::custom(format_args!(
                            "more than {FIELDS_MAX} fields"
                        )));
                    }
                    fields.push((name, value));
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(body: &str) -> Result<u64, String> {
        let mut fields = Fields::parse(body.as_bytes()).map_err(|fault| code(&fault))?;
        let tokens = fields.tokens("n");
        fields
            .finish()
            .map_err(|fault| code(&fault))
            .map(|()| tokens)
    }

    fn code(fault: &Fault) -> String {
        let Fault::Invalid(problems) = fault else {
            panic!("{fault:?}")
        };
        let loc = serde_json::to_string(&problems[0].loc).unwrap();
        format!("{} {loc}", problems[0].kind)
    }

    #[test]
    fn token_counts_are_whole_numbers_in_range() {
        let refused = |code: &str| Err(format!("{code} [\"body\",\"n\"]"));
        let rows = [
            ("integer", r#"{"n": 7}"#, Ok(7)),
            ("zero", r#"{"n": 0}"#, Ok(0)),
            ("minus zero", r#"{"n": -0}"#, Ok(0)),
            ("whole float", r#"{"n": 1000.0}"#, Ok(1000)),
            ("exponent", r#"{"n": 1e3}"#, Ok(1000)),
            ("largest", r#"{"n": 1000000000000000}"#, Ok(TOKENS_MAX)),
            (
                "too large",
                r#"{"n": 1000000000000001}"#,
                refused("less_than_equal"),
            ),
            (
                "beyond 64 bits",
                r#"{"n": 99999999999999999999}"#,
                refused("less_than_equal"),
            ),
            ("huge", r#"{"n": 1e300}"#, refused("less_than_equal")),
            ("negative", r#"{"n": -1}"#, refused("greater_than_equal")),
            ("fraction", r#"{"n": 1.5}"#, refused("int_from_float")),
            ("string", r#"{"n": "7"}"#, refused("int_type")),
            ("boolean", r#"{"n": true}"#, refused("int_type")),
            ("null", r#"{"n": null}"#, refused("int_type")),
            ("absent", r#"{"m": 7}"#, refused("missing")),
        ];
        for (name, body, expected) in rows {
            assert_eq!(tokens(body), expected, "{name}");
        }
    }

    #[test]
    fn a_body_that_is_not_one_json_object_says_where() {
        let rows = [
            ("empty", "", "missing [\"body\"]"),
            ("blank", " \n", "missing [\"body\"]"),
            ("array", "[1]", "model_attributes_type [\"body\"]"),
            ("string", "\"x\"", "model_attributes_type [\"body\"]"),
            ("cut off", "{\"n\": 1", "json_invalid [\"body\",6]"),
            ("second line", "{\n\"n\": x}", "json_invalid [\"body\",7]"),
            ("two values", "{\"n\":1} {}", "json_invalid [\"body\",8]"),
            (
                "same field twice",
                "{\"n\":1,\"n\":2}",
                "json_invalid [\"body\",12]",
            ),
            ("not a number", "{\"n\":NaN}", "json_invalid [\"body\",5]"),
        ];
        for (name, body, expected) in rows {
            assert_eq!(tokens(body).unwrap_err(), expected, "{name}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_costs_stack() {
        let body = format!("{{\"n\":{}}}", "[".repeat(100_000));
        assert!(tokens(&body).unwrap_err().starts_with("json_invalid"));
    }
}
