//! The fields of a request, those of a JSON object or those of a query, read one by one, with every
//! problem collected.

mod asked;

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::error::{Fault, Place, Problem};
use super::given::{Given, Items};

pub use asked::{Asked, What};

/// The largest token count taken: the power of ten below 2^53, up to which every JSON reader
/// has whole numbers exactly.
pub const TOKENS_MAX: u64 = 1_000_000_000_000_000;

/// How many items of one list are said to be wrong: enough to see what is, not enough to amplify.
const WRONG_ITEMS_MAX: usize = 20;

/// More words than any list of them has.
const WORDS_MAX: usize = 256;

/// The fields of a request, and what is wrong with them so far.
pub struct Fields<'a> {
    source: Source,
    /// `None` for those that were read.
    fields: Vec<(Cow<'a, str>, Option<Given<'a>>)>,
    problems: Vec<Problem>,
    /// What was asked for, when somebody wants to know.
    asked: Option<Vec<Asked>>,
}

/// Where fields came from, which decides how their values are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A JSON object: every value says what it is, and every name is there once.
    Body,
    /// Parameters: text, or null for an empty one. It is read as what it should be.
    Query,
}

impl Source {
    fn place(self) -> Place {
        match self {
            Source::Body => "body".into(),
            Source::Query => "query".into(),
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: Source, fields: Vec<(Cow<'a, str>, Given<'a>)>) -> Fields<'a> {
        Fields {
            source,
            fields: fields
                .into_iter()
                .map(|(name, value)| (name, Some(value)))
                .collect(),
            problems: Vec::new(),
            asked: None,
        }
    }

    /// A string that must be there. On a problem: an empty one, and [`Fields::finish`] fails.
    pub fn string(&mut self, name: &str) -> String {
        self.note(name, || What::Text);
        match self.take(name) {
            Some(Given::Text(text)) => text.into_owned(),
            Some(other) => {
                self.problem("string_type", name, "Input should be a valid string", other);
                String::new()
            }
            None => self.miss(name),
        }
    }

    /// A list of strings that must be there, of at most `length_max`. Of the items that are none the first
    /// few are noted.
    pub fn strings(&mut self, name: &str, length_max: usize) -> Vec<String> {
        self.note(name, || What::Texts { length_max });
        let Some(items) = self.take_items(name, length_max) else {
            return self.miss(name);
        };
        let mut strings = Vec::with_capacity(items.len());
        let mut wrong = 0;
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Given::Text(text) => strings.push(text.into_owned()),
                other => {
                    let message = "Input should be a valid string";
                    self.item_problem("string_type", (name, index), message, other);
                    wrong += 1;
                }
            }
            if wrong == WRONG_ITEMS_MAX {
                break;
            }
        }
        strings
    }

    /// A token count that must be there: a whole number from 0 to [`TOKENS_MAX`].
    pub fn tokens(&mut self, name: &str) -> u64 {
        self.note(name, || What::Whole {
            min: 0,
            max: TOKENS_MAX,
            unsaid: None,
        });
        match self.take(name) {
            Some(value) => self.whole_number(name, value, TOKENS_MAX),
            None => self.miss(name),
        }
    }

    /// A whole number from 0 to `max` that may be absent or null.
    pub fn optional_number(&mut self, name: &str, max: u64) -> Option<u64> {
        self.number(name, 0, max, None)
    }

    /// A token count, 0 when absent or null.
    pub fn count(&mut self, name: &str) -> u64 {
        self.number(name, 0, TOKENS_MAX, Some(0)).unwrap_or(0)
    }

    /// True or false; false when absent or null.
    pub fn flag(&mut self, name: &str) -> bool {
        self.note(name, || What::Flag);
        let value = self.take(name).unwrap_or(Given::Null);
        let is_so = match &value {
            Given::Null => Some(false),
            Given::Flag(is_so) => Some(*is_so),
            Given::Text(text) if self.source == Source::Query => {
                match &*text.to_ascii_lowercase() {
                    "true" | "1" | "yes" | "on" => Some(true),
                    "false" | "0" | "no" | "off" => Some(false),
                    _ => None,
                }
            }
            _ => None,
        };
        is_so.unwrap_or_else(|| {
            self.problem("bool_parsing", name, "Input should be true or false", value);
            false
        })
    }

    /// One of a few words, as what the word means; `None` when absent or null.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(T, &str)]) -> Option<T> {
        self.note(name, || What::word(words));
        let text = self.take_text(name)?;
        let meaning = meaning(&text, words);
        if meaning.is_none() {
            self.problem("enum", name, &one_of(words), Given::Text(text));
        }
        meaning
    }

    /// A list of a few words that may be absent or null, as what they mean, each once. Of the words without
    /// a meaning the first is noted.
    pub fn words<T: Copy + PartialEq>(&mut self, name: &str, words: &[(T, &str)]) -> Vec<T> {
        self.note(name, || What::words(words, WORDS_MAX));
        let mut meanings = Vec::new();
        let items = self.take_items(name, WORDS_MAX).unwrap_or_default();
        for (index, item) in items.into_iter().enumerate() {
            let meaning = match &item {
                Given::Text(text) => meaning(text, words),
                _ => None,
            };
            match meaning {
                Some(meaning) if meanings.contains(&meaning) => {}
                Some(meaning) => meanings.push(meaning),
                None => {
                    self.item_problem("enum", (name, index), &one_of(words), item);
                    break;
                }
            }
        }
        meanings
    }

    /// A string that may be absent or null.
    pub fn text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        self.note(name, || What::Text);
        self.take_text(name)
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
            self.problem("value_error", name, expected, Given::Text(text));
        }
        parsed
    }

    /// A decimal number that may be absent or null, as its text; `parse` says whether it is one that can
    /// be used, `expected` what it should be.
    pub fn decimal<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        self.note(name, || What::Decimal);
        let value = self.take(name).filter(|value| !value.is_null())?;
        let parsed = match &value {
            Given::Number(number) => parse(&number.to_string()),
            Given::Text(text) if self.source == Source::Query => parse(text),
            _ => None,
        };
        if parsed.is_none() {
            self.problem("decimal_parsing", name, expected, value);
        }
        parsed
    }

    /// Notes that fields do not go together.
    pub fn contradiction(&mut self, message: String) {
        let loc = vec![self.source.place()];
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
        let problems = self.problems.len();
        let number = self.number(name, 1, max, None)?;
        // What could not be read counts as 0, too.
        if number == 0 && self.problems.len() == problems {
            let message = "Input should be greater than or equal to 1";
            self.problem("greater_than_equal", name, message, Given::Number(0.into()));
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

    /// A field that was not read yet. Of parameters of one name the last counts, as in v1.
    fn take(&mut self, name: &str) -> Option<Given<'a>> {
        let mut last = None;
        for (_, value) in self.fields.iter_mut().filter(|(field, _)| field == name) {
            last = value.take().or(last);
        }
        last.filter(|value| self.source == Source::Body || !value.is_null())
    }

    /// The items of a list that was not read yet; `None` when it is absent or null, and none when there are
    /// more than `length_max`, which is noted. Parameters of one name are a list, each one or more items
    /// between commas.
    fn take_items(&mut self, name: &str, length_max: usize) -> Option<Vec<Given<'a>>> {
        let Items { first, count } = match self.source {
            Source::Body => match self.take(name)? {
                Given::List(list) => Items::read(list, length_max),
                Given::Null => return None,
                other => {
                    self.problem("list_type", name, "Input should be a valid list", other);
                    return Some(Vec::new());
                }
            },
            Source::Query => self.take_parameters(name, length_max)?,
        };
        if count > length_max {
            let message = format!("List should have at most {length_max} items, not {count}");
            self.problem("too_long", name, &message, Given::Null);
            return Some(Vec::new());
        }
        Some(first)
    }

    fn take_text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        match self.take(name)? {
            Given::Null => None,
            Given::Text(text) => Some(text),
            other => {
                self.problem("string_type", name, "Input should be a valid string", other);
                None
            }
        }
    }

    fn take_parameters(&mut self, name: &str, max: usize) -> Option<Items<'a>> {
        let (mut first, mut count) = (Vec::new(), 0);
        for (_, value) in self.fields.iter_mut().filter(|(field, _)| field == name) {
            if let Some(Given::Text(text)) = value.take() {
                let parts = text.split(',').map(str::trim);
                for part in parts.filter(|part| !part.is_empty()) {
                    if count < max {
                        first.push(Given::Text(part.to_owned().into()));
                    }
                    count += 1;
                }
            }
        }
        (count > 0).then_some(Items { first, count })
    }

    fn miss<T: Default>(&mut self, name: &str) -> T {
        self.note_required();
        let loc = vec![self.source.place(), name.into()];
        self.problems.push(missing(loc));
        T::default()
    }

    /// A whole number that may be absent or null. That it is at least `min` is for the caller to see to.
    fn number(&mut self, name: &str, min: u64, max: u64, unsaid: Option<u64>) -> Option<u64> {
        self.note(name, || What::Whole { min, max, unsaid });
        match self.take(name) {
            None | Some(Given::Null) => None,
            Some(value) => Some(self.whole_number(name, value, max)),
        }
    }

    fn whole_number(&mut self, name: &str, value: Given, max: u64) -> u64 {
        let number = match &value {
            Given::Number(number) => Some(number.clone()),
            Given::Text(text) if self.source == Source::Query => serde_json::from_str(text).ok(),
            _ => None,
        };
        let Some(number) = number else {
            self.problem("int_type", name, "Input should be a valid integer", value);
            return 0;
        };
        match as_whole(&number) {
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

    fn problem(&mut self, kind: &'static str, name: &str, message: &str, input: Given) {
        let loc = vec![self.source.place(), name.into()];
        self.problems
            .push(Problem::new(kind, loc, message, input.echo()));
    }

    fn item_problem(
        &mut self,
        kind: &'static str,
        (name, index): (&str, usize),
        message: &str,
        input: Given,
    ) {
        let loc = vec![self.source.place(), name.into(), index.into()];
        self.problems
            .push(Problem::new(kind, loc, message, input.echo()));
    }
}

/// What a word means, in any case.
fn meaning<T: Copy>(text: &str, words: &[(T, &str)]) -> Option<T> {
    let is_it = |(_, word): &&(T, &str)| word.eq_ignore_ascii_case(text);
    words.iter().find(is_it).map(|(meaning, _)| *meaning)
}

fn one_of<T>(words: &[(T, &str)]) -> String {
    let quoted: Vec<String> = words.iter().map(|(_, word)| format!("'{word}'")).collect();
    format!("Input should be one of {}", quoted.join(", "))
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

pub(super) fn missing(loc: Vec<Place>) -> Problem {
    Problem::new("missing", loc, "Field required", Value::Null)
}
