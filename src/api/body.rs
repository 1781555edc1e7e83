//! Where fields come from: a JSON body, or a query.
//!
//! The Content-Type is not looked at: the documented `curl -d '{...}'` sends a form type.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Fault, Problem};
use super::fields::{Fields, Source, missing};
use super::given::{Given, Text, shortened};

impl<'a> Fields<'a> {
    /// Reads a body as one JSON object.
    ///
    /// # Errors
    /// When it is empty, not JSON, or not an object, or names a field twice.
    pub fn parse(body: &'a [u8]) -> Result<Fields<'a>, Fault> {
        read(body).map_err(|problem| Fault::Invalid(vec![problem]))
    }

    /// A body that may be absent.
    ///
    /// # Errors
    /// As for [`Fields::parse`], but an empty body is an object without fields.
    pub fn parse_optional(body: &'a [u8]) -> Result<Fields<'a>, Fault> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Fields::new(Source::Body, Vec::new()));
        }
        Fields::parse(body)
    }

    /// The parameters of a query, as the fields they would be in a body. An empty one counts as absent.
    pub fn of_query(query: &'a str) -> Fields<'a> {
        let parameters = form_urlencoded::parse(query.as_bytes());
        let fields = parameters.map(|(name, value)| {
            let is_there = !value.is_empty();
            (
                name,
                if is_there {
                    Given::Text(value)
                } else {
                    Given::Null
                },
            )
        });
        Fields::new(Source::Query, fields.collect())
    }
}

fn read(body: &[u8]) -> Result<Fields<'_>, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| not_json(error.valid_up_to(), "the body is not UTF-8"))?;
    let unreadable = |part, error| unreadable(text, part, &error);
    let Some(first) = body.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        return Err(missing(vec!["body".into()]));
    };
    if *first != b'{' {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| unreadable(text, error))?;
        let other = Given::read(raw).map_err(|error| unreadable(raw.get(), error))?;
        return Err(Problem::new(
            "model_attributes_type",
            vec!["body".into()],
            "Input should be a valid dictionary or object to extract fields from",
            other.echo(),
        ));
    }
    let Object(members) = serde_json::from_str(text).map_err(|error| unreadable(text, error))?;
    let mut fields = Vec::with_capacity(members.len());
    for (name, raw) in members {
        let value = Given::read(raw).map_err(|error| unreadable(raw.get(), error))?;
        fields.push((name, value));
    }
    Ok(Fields::new(Source::Body, fields))
}

/// What is wrong with a body, or with a part of it.
fn unreadable(body: &str, part: &str, error: &serde_json::Error) -> Problem {
    let before: usize = part
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let in_part = (before + error.column().saturating_sub(1)).min(part.len());
    // A part borrows from the body, so their places in memory tell where it stands.
    let start = part.as_ptr() as usize - body.as_ptr() as usize;
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(what, _)| what);
    not_json(start + in_part, what)
}

fn not_json(offset: usize, what: &str) -> Problem {
    Problem::new(
        "json_invalid",
        vec!["body".into(), offset.into()],
        format!("JSON decode error: {what}"),
        Value::Null,
    )
}

/// A JSON object as its fields, each name once: of two different values for one name, any choice
/// would be a guess.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<'a>, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object<'de>, M::Error> {
                /// More fields than any version of the API has.
                const FIELDS_MAX: usize = 256;
                let mut fields: Vec<(Cow<str>, &RawValue)> = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    if fields.iter().any(|(field, _)| *field == name) {
                        let name = shortened(&name);
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
    use super::super::fields::TOKENS_MAX;
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
            (
                "half a character",
                "{\"m\":0,\n\"n\":\"\\ud800\"}",
                "json_invalid [\"body\",19]",
            ),
            (
                "a number beyond any range, inside",
                "{\"m\":[\n1e999]}",
                "json_invalid [\"body\",11]",
            ),
            (
                "no object, and not sound",
                "[1e999]",
                "json_invalid [\"body\",5]",
            ),
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
