//! One entry of the map, read into facts.

use std::sync::Arc;

use serde_json::value::RawValue;
use time::Date;
use time::macros::format_description;

use super::fields::{Fact, Field, IGNORED_PROVIDER_ENTRIES, PROVIDER_UPLIFTS, rate_key};
use crate::catalog::capability::{Capability, Known};
use crate::catalog::intern::Interner;
use crate::catalog::json::{Object, elements, text, whole_number};
use crate::catalog::off_peak::{Hours, OffPeak, Window};
use crate::catalog::prices::{
    FreeRequests, Period, Prices, RarePrices, SearchBilling, SearchCost, Step, Unit, Uplift,
};
use crate::catalog::problem::Inspection;
use crate::catalog::rates::{RateKey, Rates};
use crate::catalog::vocabulary::named;
use crate::catalog::{Facts, Mode};
use crate::money::{Factor, Rate, Usd};

/// An entry in our terms.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// LiteLLM's provider id.
    pub provider: String,
    pub facts: Facts,
    pub source: Option<Arc<str>>,
}

/// Reads an entry; whatever cannot be read is reported to the inspection.
pub(super) fn read(entry: &Object, inspection: &mut Inspection, interner: &mut Interner) -> Entry {
    let mut reader = Reader {
        inspection,
        interner,
        entry: Entry::default(),
        rates: Vec::new(),
        units: Vec::new(),
        uplifts: Vec::new(),
        rare: RarePrices::default(),
    };
    for (name, value) in &entry.0 {
        if value.get() != "null" && reader.field(name, value).is_none() {
            reader.inspection.report(
                format_args!("{name}: {}", value.get()),
                "a value of the kind this field has",
            );
        }
    }
    reader.finish()
}

struct Reader<'r> {
    inspection: &'r mut Inspection,
    interner: &'r mut Interner,
    entry: Entry,
    rates: Vec<(RateKey, Rate)>,
    units: Vec<(Unit, Usd)>,
    uplifts: Vec<(Uplift, Factor)>,
    rare: RarePrices,
}

impl Reader<'_> {
    fn finish(mut self) -> Entry {
        self.units.sort_unstable();
        self.uplifts.sort_unstable();
        self.rare.units = self.units.into_boxed_slice();
        self.rare.uplifts = self.uplifts.into_boxed_slice();
        let rates = unique(self.inspection, self.rates);
        self.entry.facts.prices = Prices::new(rates, self.rare);
        self.entry
    }

    /// Takes in one field; `None` when the value is not of the field's kind.
    fn field(&mut self, name: &str, value: &RawValue) -> Option<()> {
        match Field::named(name) {
            Field::Rate(key) => self.rates.push((key, Rate::parse(value.get()).ok()?)),
            Field::Unit(unit) => self.units.push((unit, price(value)?)),
            Field::Uplift(uplift) => self
                .uplifts
                .push((uplift, Factor::parse(value.get()).ok()?)),
            Field::Capability(capability) => {
                let known = match value.get() {
                    "true" => Known::Yes,
                    "false" => Known::No,
                    _ => return None,
                };
                self.entry.facts.capabilities.note(capability, known);
            }
            Field::Fact(fact) => self.fact(fact, value)?,
            Field::Ignored => {}
            Field::UnknownPrice => self.inspection.report(
                format_args!("{name} looks like a price and is not known"),
                "the fields of litellm/fields.rs; add this one, or say there why it is ignored",
            ),
        }
        Some(())
    }

    fn fact(&mut self, fact: Fact, value: &RawValue) -> Option<()> {
        let facts = &mut self.entry.facts;
        match fact {
            Fact::Provider => self.entry.provider = text(value)?,
            Fact::Mode => facts.mode = Some(Mode::named(&text(value)?)?),
            // Nothing takes no tokens: zero says that nobody filled it in.
            Fact::MaxInputTokens => {
                facts.max_input_tokens = Some(whole_number(value)?).filter(|tokens| *tokens > 0);
            }
            Fact::MaxOutputTokens => facts.max_output_tokens = Some(whole_number(value)?),
            Fact::OutputVectorSize => facts.output_vector_size = Some(whole_number(value)?),
            Fact::DeprecationDate => {
                let day = format_description!("[year]-[month]-[day]");
                facts.deprecation_date = Some(Date::parse(&text(value)?, day).ok()?);
            }
            Fact::Source => self.entry.source = Some(self.interner.intern(&text(value)?)),
            Fact::InputModalities => self.modalities(value, input_capability)?,
            Fact::OutputModalities => self.modalities(value, output_capability)?,
            Fact::Steps => self.steps(value)?,
            Fact::OffPeak => self.rare.off_peak = Some(self.off_peak(value)?),
            Fact::PerSearch => {
                let costs = Object::of(value)?;
                let cost = |size: &str| price(costs.get(size)?);
                self.rare.search.per_search = Some(SearchCost {
                    low: cost("search_context_size_low")?,
                    medium: cost("search_context_size_medium")?,
                    high: cost("search_context_size_high")?,
                });
            }
            Fact::SearchBilling => {
                if text(value)? != "per_query" {
                    return None;
                }
                self.rare.search.billing = SearchBilling::PerQuery;
            }
            Fact::FreeRequests => {
                let free = Object::of(value)?;
                let group = free.get("shared_group").and_then(text);
                self.rare.search.free_requests = Some(FreeRequests {
                    count: whole_number(free.get("count")?)?,
                    period: named(&Period::NAMES, &text(free.get("period")?)?)?,
                    shared_group: group.map(|group| self.interner.intern(&group)),
                });
            }
            Fact::GoogleMapsQuery => self.rare.search.google_maps_query = Some(price(value)?),
            Fact::ProviderSpecific => self.provider_specific(value)?,
        }
        Some(())
    }

    fn modalities(
        &mut self,
        value: &RawValue,
        capability: fn(&str) -> Option<Capability>,
    ) -> Option<()> {
        for modality in elements(value)? {
            if let Some(capability) = capability(&text(modality)?) {
                self.entry.facts.capabilities.note(capability, Known::Yes);
            }
        }
        Some(())
    }

    fn steps(&mut self, value: &RawValue) -> Option<()> {
        let mut steps = Vec::new();
        for step in elements(value)? {
            let step = Object::of(step)?;
            if step.get("max_results_range").is_some() {
                // A search engine's price by number of results; such an entry has no price per token.
                continue;
            }
            let range = elements(step.get("range")?)?;
            let &[above, up_to] = range.as_slice() else {
                return None;
            };
            let (above_tokens, up_to_tokens) = (whole_number(above)?, whole_number(up_to)?);
            if above_tokens >= up_to_tokens {
                return None;
            }
            let rates = self.rates_of(&step, &["range"])?;
            steps.push(Step {
                above_tokens,
                up_to_tokens,
                rates,
            });
        }
        self.rare.steps = steps.into_boxed_slice();
        Some(())
    }

    fn off_peak(&mut self, value: &RawValue) -> Option<OffPeak> {
        let off_peak = Object::of(value)?;
        let mut windows = Vec::new();
        for window in elements(off_peak.get("windows")?)? {
            let window = Object::of(window)?;
            let hours = window.get("hours_utc")?;
            // One span stands as a text, several as an array.
            let spans = elements(hours).unwrap_or_else(|| vec![hours]);
            let hours_utc = spans
                .into_iter()
                .map(|span| Hours::parse(&text(span)?))
                .collect::<Option<_>>()?;
            let weekdays: Box<[u8]> = match window.get("weekdays") {
                Some(weekdays) => serde_json::from_str(weekdays.get()).ok()?,
                None => (1..=7).collect(),
            };
            if !weekdays.is_sorted_by(|one, two| one < two)
                || !weekdays.iter().all(|day| (1..=7).contains(day))
            {
                return None;
            }
            windows.push(Window {
                hours_utc,
                weekdays,
            });
        }
        let weekday_zone = match off_peak.get("weekday_timezone") {
            Some(zone) => Some(OffPeak::zone(&text(zone)?)?),
            None => None,
        };
        Some(OffPeak {
            rates: self.rates_of(&off_peak, &["windows", "weekday_timezone"])?,
            windows: windows.into_boxed_slice(),
            weekday_zone,
        })
    }

    /// The rates of an object that holds nothing but rates and the members named.
    fn rates_of(&mut self, object: &Object, besides: &[&str]) -> Option<Rates> {
        let mut rates = Vec::with_capacity(object.0.len());
        for (name, value) in &object.0 {
            if !besides.contains(&&**name) {
                rates.push((rate_key(name)?, Rate::parse(value.get()).ok()?));
            }
        }
        Some(unique(self.inspection, rates))
    }

    fn provider_specific(&mut self, value: &RawValue) -> Option<()> {
        let members = Object::of(value)?;
        if members.repeated().is_some() {
            return None;
        }
        for (name, value) in &members.0 {
            if let Some(uplift) = named(&PROVIDER_UPLIFTS, name) {
                self.uplifts
                    .push((uplift, Factor::parse(value.get()).ok()?));
            } else if !IGNORED_PROVIDER_ENTRIES
                .iter()
                .any(|(ignored, _)| ignored == name)
            {
                return None;
            }
        }
        Some(())
    }
}

fn unique(inspection: &mut Inspection, rates: Vec<(RateKey, Rate)>) -> Rates {
    Rates::new(rates).unwrap_or_else(|twice| {
        inspection.report(
            format_args!("the rate {twice} is there twice"),
            "each rate once",
        );
        Rates::default()
    })
}

fn price(value: &RawValue) -> Option<Usd> {
    Usd::parse(value.get()).ok().filter(|usd| *usd >= Usd::ZERO)
}

fn input_capability(modality: &str) -> Option<Capability> {
    match modality {
        "image" => Some(Capability::Vision),
        "audio" => Some(Capability::AudioInput),
        "video" => Some(Capability::VideoInput),
        _ => None,
    }
}

fn output_capability(modality: &str) -> Option<Capability> {
    match modality {
        "audio" => Some(Capability::AudioOutput),
        "image" => Some(Capability::ImageOutput),
        "video" => Some(Capability::VideoOutput),
        _ => None,
    }
}
