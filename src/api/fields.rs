//! The fields of a request, those of a JSON object or those of a query, read one by one, with every
//! problem collected.

use serde_json::{Number, Value};

use super::error::{Fault, Place, Problem};

/// The largest token count taken: the power of ten below 2^53, up to which every JSON reader
/// has whole numbers exactly.
pub const TOKENS_MAX: u64 = 1_000_000_000_000_000;

/// The fields of a request, and what is wrong with them so far.
pub struct Fields {
    /// Where they came from: "body" or "query".
    place: &'static str,
    /// `None` for those that were read.
    fields: Vec<(String, Option<Value>)>,
    problems: Vec<Problem>,
}

impl Fields {
    pub(super) fn new(place: &'static str, fields: Vec<(String, Value)>) -> Fields {
        Fields {
            place,
            fields: fields
                .into_iter()
                .map(|(name, value)| (name, Some(value)))
                .collect(),
            problems: Vec::new(),
        }
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
                    vec![self.place.into(), name.into(), index.into()],
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

    /// A token count, 0 when absent or null.
    pub fn count(&mut self, name: &str) -> u64 {
        self.optional_number(name, TOKENS_MAX).unwrap_or(0)
    }

    /// One of a few words, as what the word means; `None` when absent or null.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(T, &str)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words
            .iter()
            .find(|(_, word)| word.eq_ignore_ascii_case(&text));
        if found.is_none() {
            let quoted: Vec<String> = words.iter().map(|(_, word)| format!("'{word}'")).collect();
            let message = format!("Input should be one of {}", quoted.join(", "));
            self.problem("enum", name, &message, text.into());
        }
        found.map(|(meaning, _)| *meaning)
    }

    /// A string that may be absent or null.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => {
                self.problem("string_type", name, "Input should be a valid string", other);
                None
            }
        }
    }

    /// A string that may be absent or null, as what it means; `expected` says what it should be.
    pub fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.problem("value_error", name, expected, text.into());
        }
        parsed
    }

    /// A switch that is off when absent or null.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(is_on)) => is_on,
            Some(other) => {
                self.problem("bool_type", name, "Input should be a valid boolean", other);
                false
            }
        }
    }

    /// A decimal number that may be absent or null, as its text; `parse` says whether it is one that can
    /// be used, `expected` what it should be.
    pub fn decimal<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let value = self.take(name).filter(|value| !value.is_null())?;
        let parsed = match &value {
            Value::Number(number) => parse(&number.to_string()),
            _ => None,
        };
        if parsed.is_none() {
            self.problem("decimal_parsing", name, expected, value);
        }
        parsed
    }

    /// Notes that fields do not go together.
    pub fn contradiction(&mut self, message: String) {
        let loc = vec![self.place.into()];
        self.problems
            .push(Problem::new("value_error", loc, message, Value::Null));
    }

    /// Whether nothing is wrong so far.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// The first few fields that nothing has asked for.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        const SHOWN_MAX: usize = 5;
        let unread = self.fields.iter().filter(|(_, value)| value.is_some());
        unread.map(|(name, _)| &**name).take(SHOWN_MAX)
    }

    /// A whole number from 1 to `max` that may be absent or null.
    pub fn positive(&mut self, name: &str, max: u64) -> Option<u64> {
        let number = self.optional_number(name, max)?;
        if number == 0 && self.is_sound() {
            let message = "Input should be greater than or equal to 1";
            self.problem("greater_than_equal", name, message, 0.into());
        }
        Some(number)
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
        let (_, value) = self.fields.iter_mut().find(|(field, _)| field == name)?;
        value.take()
    }

    fn miss<T: Default>(&mut self, name: &str) -> T {
        self.problems
            .push(missing(&[self.place, name], Value::Null));
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
            vec![self.place.into(), name.into()],
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

pub(super) fn missing(loc: &[&str], input: Value) -> Problem {
    let loc = loc.iter().map(|&place| Place::from(place)).collect();
    Problem::new("missing", loc, "Field required", input)
}
