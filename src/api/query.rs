//! Query parameters.

use std::borrow::Cow;

use serde_json::Value;

use super::error::{Fault, Problem};

/// The decoded parameters of one request. Of one that is given several times, the last counts,
/// as in v1.
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub fn parse(query: &'a str) -> Query<'a> {
        Query(form_urlencoded::parse(query.as_bytes()).collect())
    }

    /// A parameter's value; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .0
            .iter()
            .rev()
            .find(|(parameter, _)| parameter == name)?;
        (!value.is_empty()).then_some(value)
    }

    /// A parameter that is true or false.
    ///
    /// # Errors
    /// When it is something else.
    pub fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0" | "no" | "off") => Ok(false),
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some(_) => Err(self.problem(name, "bool_parsing", "Input should be true or false")),
        }
    }

    /// A parameter that is a whole number.
    ///
    /// # Errors
    /// When it is something else.
    pub fn count(&self, name: &str) -> Result<Option<usize>, Fault> {
        let parse = |text: &str| {
            let message = "Input should be a whole number from 0";
            text.parse()
                .map_err(|_| self.problem(name, "int_parsing", message))
        };
        self.get(name).map(parse).transpose()
    }

    /// The fault of a parameter.
    pub fn problem(&self, name: &str, kind: &'static str, message: impl Into<String>) -> Fault {
        let input = self
            .get(name)
            .map_or(Value::Null, |value| Value::String(value.to_owned()));
        let loc = vec!["query".into(), name.into()];
        Fault::Invalid(vec![Problem::new(kind, loc, message, input)])
    }
}
