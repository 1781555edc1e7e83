//! From the text of an overrides file to its entries, or to everything that is wrong with them.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::Arc;

use serde_json::value::RawValue;
use time::Date;
use time::macros::format_description;

use super::{FORMAT, ModelChange, Overrides, Problem, ProviderChange, RateChange};
use crate::catalog::capability::Capability;
use crate::catalog::intern::Interner;
use crate::catalog::json::{self, Object};
use crate::catalog::measured::Measurement;
use crate::catalog::problem::Inspection;
use crate::catalog::rates::{RateKey, Rates, UNIT_ERROR_FROM, UnknownRate};
use crate::catalog::{Mode, digest};
use crate::money::{Discount, Rate, Usd};

const A_TEXT: &str = "a text that is not empty";
const A_COUNT: &str = "a whole number from 1";
const A_RATE: &str = "USD per million tokens, 0 or from 0.0001 and below 1000; any other price is \
                      one in another unit";
const A_DISCOUNT: &str = "a percentage above 0 and below 100, with up to four decimals";
/// Nothing is faster or slower; a figure beyond it is one in another unit.
const FIGURE_MAX: f64 = 1e7;

/// Reads overrides.
///
/// # Errors
/// Every problem of every entry, each with its line.
pub fn read(text: &str) -> Result<Overrides, Vec<Problem>> {
    let mut reader = Reader {
        text,
        line_ends: text.match_indices('\n').map(|(at, _)| at).collect(),
        inspection: Inspection::default(),
        interner: Interner::default(),
        entry: "file".into(),
    };
    reader.inspection.enter(None, "file");
    let file = match serde_json::from_str::<&RawValue>(text) {
        Ok(file) => file,
        Err(why) => {
            reader.inspection.report(why, "one JSON object");
            return reader.inspection.conclude(None);
        }
    };
    let overrides = reader.file(file);
    reader.inspection.conclude(Some(overrides))
}

struct Reader<'a> {
    text: &'a str,
    /// Where they are, so that finding a line costs the same in a large file.
    line_ends: Vec<usize>,
    inspection: Inspection,
    interner: Interner,
    /// The entry now being read.
    entry: String,
}

impl<'a> Reader<'a> {
    fn file(&mut self, file: &'a RawValue) -> Overrides {
        let (mut format, mut source) = (None, None);
        let (mut providers, mut models) = (Vec::new(), Vec::new());
        for (field, value) in self.members("the file", file) {
            match &*field {
                "format" => format = self.text(&field, value),
                "source" => source = self.shared_text(&field, value),
                "providers" => {
                    for (named, value) in self.members(&field, value) {
                        providers.push(self.provider(named, value));
                    }
                }
                "models" => {
                    for (named, value) in self.members(&field, value) {
                        models.push(self.model(named, value));
                    }
                }
                _ => self.unknown(&field, value, "format, source, providers, models"),
            }
            self.enter("file", file);
        }
        if format.as_deref() != Some(FORMAT) {
            self.inspection.report(
                format_args!("format is {}", format.as_deref().unwrap_or("missing")),
                format_args!("{FORMAT:?}, as the first field"),
            );
        }
        if source.is_none() {
            self.inspection
                .report("source is missing", "who states these prices, in words");
        }
        Overrides {
            source: source.unwrap_or_default(),
            digest: digest(self.text),
            providers,
            models,
        }
    }

    fn provider(&mut self, named: String, value: &'a RawValue) -> ProviderChange {
        self.enter(&named, value);
        let mut change = ProviderChange {
            line: self.line(value),
            named,
            name: None,
            discount: None,
        };
        for (field, value) in self.members_of_entry(value) {
            match &*field {
                "name" => change.name = self.text(&field, value),
                "discount_percent" => {
                    let text = decimal(value);
                    let discount = Discount::percent_parse(&text);
                    change.discount = self.accept(&field, value, discount, A_DISCOUNT);
                }
                _ => self.unknown(&field, value, "name, discount_percent"),
            }
        }
        change
    }

    fn model(&mut self, named: String, value: &'a RawValue) -> ModelChange {
        self.enter(&named, value);
        let mut change = ModelChange {
            line: self.line(value),
            named,
            ..ModelChange::default()
        };
        for (field, value) in self.members_of_entry(value) {
            match &*field {
                "mode" => change.mode = self.mode(&field, value),
                "max_input_tokens" => change.max_input_tokens = self.count(&field, value),
                "max_output_tokens" => change.max_output_tokens = self.count(&field, value),
                "output_vector_size" => change.output_vector_size = self.count(&field, value),
                "deprecation_date" if value.get() == "null" => {
                    change.deprecation_date = Some(None);
                }
                "deprecation_date" => change.deprecation_date = self.date(&field, value).map(Some),
                "can" => change.can = self.capabilities(&field, value),
                "rates" | "all_rates" => {
                    let is_first = matches!(change.rates, RateChange::Nothing);
                    change.rates = self.rates(&field, value);
                    if !is_first {
                        self.wrong(value, "rates and all_rates", "one of the two");
                    }
                }
                "source" => change.source = self.shared_text(&field, value),
                "throughput" => {
                    change.measured.throughput =
                        self.measurement(&field, value, "tokens_per_second");
                }
                "latency" => change.measured.latency = self.measurement(&field, value, "ms"),
                _ => self.unknown(
                    &field,
                    value,
                    "mode, max_input_tokens, max_output_tokens, output_vector_size, \
                     deprecation_date, can, rates, all_rates, source, throughput, latency",
                ),
            }
        }
        change
    }

    /// `rates` changes those it names, `all_rates` is all there are.
    fn rates(&mut self, field: &str, value: &'a RawValue) -> RateChange {
        let mut changes = Vec::new();
        let before = self.inspection.count();
        for (name, value) in self.members(field, value) {
            let label = format!("{field}: {name}");
            let key = name.parse::<RateKey>();
            let Some(key) = self.accept(&label, value, key, UnknownRate::ALLOWED) else {
                continue;
            };
            if field == "rates" && value.get() == "null" {
                changes.push((key, None));
                continue;
            }
            let rate = Rate::per_million_parse(&decimal(value));
            match self.accept(&label, value, rate, A_RATE) {
                Some(rate) if is_unit_error(rate) => {
                    self.wrong(value, format_args!("{label}: {}", shown(value)), A_RATE);
                }
                rate => changes.extend(rate.map(|rate| (key, Some(rate)))),
            }
        }
        // One rate may be spelt in two ways: input>200k, input>200000.
        changes.sort_unstable_by_key(|&(key, _)| key);
        if let Some(pair) = changes.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let wrong = format!("{field}: {} is there twice", pair[0].0);
            self.wrong(value, wrong, "each rate once");
        }
        if field == "rates" {
            if changes.is_empty() && self.inspection.count() == before {
                self.wrong(value, "rates: nothing is said", "at least one rate");
            }
            return RateChange::Some(changes);
        }
        let rates = changes
            .into_iter()
            .filter_map(|(key, rate)| Some((key, rate?)));
        RateChange::All(Rates::new(rates.collect()).unwrap_or_default())
    }

    fn measurement(&mut self, field: &str, value: &'a RawValue, unit: &str) -> Option<Measurement> {
        let (mut figure, mut source, mut date) = (None, None, None);
        let before = self.inspection.count();
        for (part, value) in self.members(field, value) {
            let label = format!("{field}: {part}");
            match &*part {
                "source" => source = self.shared_text(&label, value),
                "date" => date = self.date(&label, value),
                _ if part == unit => {
                    let parsed = serde_json::from_str::<f64>(value.get());
                    let good = parsed.map_err(|_| "it is not a number").and_then(|figure| {
                        let is_good = figure > 0.0 && figure <= FIGURE_MAX;
                        is_good.then_some(figure).ok_or("it is out of range")
                    });
                    let allowed = format!("a number above 0 and up to {FIGURE_MAX}");
                    figure = self.accept(&label, value, good, &allowed);
                }
                _ => self.unknown(&label, value, format_args!("{unit}, source, date")),
            }
        }
        let measurement = figure.zip(source).zip(date);
        if measurement.is_none() && self.inspection.count() == before {
            self.wrong(
                value,
                format_args!("{field} is not complete"),
                format_args!("{unit}, source and date: a figure nobody stands for is none"),
            );
        }
        measurement.map(|((figure, source), date)| Measurement {
            figure,
            source,
            date,
        })
    }

    fn capabilities(&mut self, field: &str, value: &'a RawValue) -> Vec<Capability> {
        let Some(names) = json::elements(value) else {
            self.wrong(value, format_args!("{field}: {}", shown(value)), "an array");
            return Vec::new();
        };
        if names.is_empty() {
            self.wrong(value, "can: nothing is said", "at least one capability");
        }
        let mut capabilities = Vec::new();
        for name in names {
            let named = json::text(name).and_then(|name| Capability::named(&name));
            let named = named.ok_or("no such capability");
            capabilities.extend(self.accept(field, name, named, "a capability, such as vision"));
        }
        capabilities
    }

    fn mode(&mut self, field: &str, value: &'a RawValue) -> Option<Mode> {
        let mode = json::text(value).and_then(|text| Mode::named(&text));
        self.accept(
            field,
            value,
            mode.ok_or("no such mode"),
            "a mode, such as chat",
        )
    }

    fn date(&mut self, field: &str, value: &'a RawValue) -> Option<Date> {
        let text = json::text(value).unwrap_or_default();
        let date = Date::parse(&text, format_description!("[year]-[month]-[day]"));
        self.accept(
            field,
            value,
            date,
            "a day of the calendar as \"YYYY-MM-DD\"",
        )
    }

    fn count(&mut self, field: &str, value: &'a RawValue) -> Option<u64> {
        let count = json::whole_number(value).filter(|count| *count > 0);
        self.accept(field, value, count.ok_or("no such number"), A_COUNT)
    }

    fn text(&mut self, field: &str, value: &'a RawValue) -> Option<String> {
        let text = json::text(value).filter(|text| !text.trim().is_empty());
        self.accept(field, value, text.ok_or("no such text"), A_TEXT)
    }

    fn shared_text(&mut self, field: &str, value: &'a RawValue) -> Option<Arc<str>> {
        let text = self.text(field, value)?;
        Some(self.interner.intern(&text))
    }

    /// The members of an entry, of which there must be some.
    fn members_of_entry(&mut self, value: &'a RawValue) -> Vec<(String, &'a RawValue)> {
        let before = self.inspection.count();
        let members = self.members("the entry", value);
        if members.is_empty() && self.inspection.count() == before {
            self.wrong(value, "nothing is said", "at least one field");
        }
        members
    }

    /// The members of an object, each name once.
    fn members(&mut self, field: &str, value: &'a RawValue) -> Vec<(String, &'a RawValue)> {
        let Some(Object(members)) = Object::of(value) else {
            self.wrong(
                value,
                format_args!("{field}: {}", shown(value)),
                "an object",
            );
            return Vec::new();
        };
        let mut seen = HashSet::new();
        for (name, value) in &members {
            if !seen.insert(name) {
                let wrong = format!("{field}: {name:?} is there twice");
                self.wrong(value, wrong, "each name once");
            }
        }
        members
    }

    fn unknown(&mut self, field: &str, value: &'a RawValue, allowed: impl Display) {
        self.wrong(value, format_args!("{field} is not known"), allowed);
    }

    fn accept<T, E: Display>(
        &mut self,
        field: &str,
        value: &'a RawValue,
        outcome: Result<T, E>,
        allowed: &str,
    ) -> Option<T> {
        outcome
            .map_err(|why| {
                self.wrong(
                    value,
                    format_args!("{field}: {}: {why}", shown(value)),
                    allowed,
                );
            })
            .ok()
    }

    fn wrong(&mut self, value: &'a RawValue, wrong: impl Display, allowed: impl Display) {
        let line = self.line(value);
        self.inspection.enter(line, &self.entry);
        self.inspection.report(wrong, allowed);
    }

    fn enter(&mut self, entry: &str, value: &'a RawValue) {
        entry.clone_into(&mut self.entry);
        let line = self.line(value);
        self.inspection.enter(line, entry);
    }

    /// The line a value begins on: values are parts of the text, so their places in memory tell.
    fn line(&self, value: &'a RawValue) -> Option<usize> {
        let at = (value.get().as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        (at <= self.text.len()).then(|| 1 + self.line_ends.partition_point(|end| *end < at))
    }
}

/// Whether this can be no price per million tokens. The cheapest there is stands above 0.0001 USD; what is
/// below it is a price per token, as price maps have them.
fn is_unit_error(rate: Rate) -> bool {
    const PER_TOKEN_BELOW: Usd = Usd::from_attos(100_000_000);
    let usd = rate.usd();
    usd >= UNIT_ERROR_FROM || (usd > Usd::ZERO && usd < PER_TOKEN_BELOW)
}

/// A number as it is written, with or without quotes.
fn decimal(value: &RawValue) -> String {
    json::text(value).unwrap_or_else(|| value.get().to_owned())
}

/// The beginning of a value, for messages.
fn shown(value: &RawValue) -> &str {
    const CHARS_MAX: usize = 60;
    let text = value.get();
    let end = text.char_indices().nth(CHARS_MAX);
    &text[..end.map_or(text.len(), |(at, _)| at)]
}
