//! Query parameters: text, read one by one, with every problem collected.

use std::borrow::Cow;
use std::str::FromStr;

use serde_json::Value;

use super::error::{Fault, Problem, one_of};
use crate::money::Usd;

/// The decoded parameters of one request, and what is wrong with them so far. Of one that is given
/// several times, the last counts, as in v1; an empty one counts as absent.
pub struct Query<'a> {
    parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    problems: Vec<Problem>,
}

impl<'a> Query<'a> {
    pub fn parse(query: &'a str) -> Query<'a> {
        Query {
            parameters: form_urlencoded::parse(query.as_bytes()).collect(),
            problems: Vec::new(),
        }
    }

    /// A parameter's value.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().rev();
        let (_, value) = values.find(|(parameter, _)| parameter == name)?;
        (!value.is_empty()).then_some(value)
    }

    /// A parameter's value, unless it is too long to mean anything.
    pub fn short_text(&mut self, name: &str, bytes_max: usize) -> Option<&str> {
        if self.text(name)?.len() > bytes_max {
            let message = format!("String should have at most {bytes_max} bytes");
            self.problem("string_too_long", name, message);
            return None;
        }
        self.text(name)
    }

    /// A parameter that is true or false; absent, it is false.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0" | "no" | "off") => false,
            Some("true" | "1" | "yes" | "on") => true,
            Some(_) => {
                self.problem("bool_parsing", name, "Input should be true or false");
                false
            }
        }
    }

    /// A parameter that is a whole number.
    pub fn number<N: FromStr>(&mut self, name: &str) -> Option<N> {
        let number = self.text(name)?.parse().ok();
        if number.is_none() {
            self.problem("int_parsing", name, "Input should be a whole number from 0");
        }
        number
    }

    /// A parameter that is a price of a million tokens.
    pub fn usd_per_million(&mut self, name: &str) -> Option<Usd> {
        let price = Usd::parse(self.text(name)?).ok();
        let price = price.filter(|price| *price >= Usd::ZERO);
        if price.is_none() {
            let message = "Input should be a decimal number from 0: USD per million tokens";
            self.problem("decimal_parsing", name, message);
        }
        price
    }

    /// A parameter that is one of a few words, as what the word means.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(T, &str)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(_, word)| *word == text);
        if found.is_none() {
            self.problem("enum", name, one_of(words));
        }
        found.map(|(meaning, _)| *meaning)
    }

    /// A parameter that may be given several times, each time as one of a few words; what they mean, each
    /// once. Of those without a meaning the first is a problem.
    pub fn words<T: Copy + PartialEq>(&mut self, name: &str, words: &[(T, &str)]) -> Vec<T> {
        let mut meanings = Vec::new();
        let given = self.parameters.iter().filter(|given| given.0 == name);
        for (_, text) in given.filter(|(_, text)| !text.is_empty()) {
            match words.iter().find(|(_, word)| word == text) {
                Some((meaning, _)) if meanings.contains(meaning) => {}
                Some((meaning, _)) => meanings.push(*meaning),
                None => {
                    let problem = problem("enum", name, one_of(words), Some(text));
                    self.problems.push(problem);
                    break;
                }
            }
        }
        meanings
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

    fn problem(&mut self, kind: &'static str, name: &str, message: impl Into<String>) {
        let problem = problem(kind, name, message, self.text(name));
        self.problems.push(problem);
    }
}

fn problem(
    kind: &'static str,
    name: &str,
    message: impl Into<String>,
    input: Option<&str>,
) -> Problem {
    let loc = vec!["query".into(), name.into()];
    Problem::new(kind, loc, message, input.map_or(Value::Null, Value::from))
}
