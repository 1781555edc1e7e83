//! The facts of one model's line: texts in, values out, every fault reported.

use std::fmt::Display;
use std::str::FromStr;

use time::Date;
use time::macros::format_description;

use super::record::{
    FreeSearchesRecord, Members, ModelLine, OffPeakRecord, SearchCostRecord, StepRecord,
};
use super::{ORIGIN_V1, PER_QUERY};
use crate::catalog::capability::{Capabilities, Capability, Known};
use crate::catalog::intern::Interner;
use crate::catalog::off_peak::{Hours, OffPeak, Window};
use crate::catalog::prices::{
    FreeRequests, Period, Prices, RarePrices, SearchBilling, SearchCost, SearchPrices, Step, Unit,
    Uplift,
};
use crate::catalog::problem::Inspection;
use crate::catalog::rates::{RateKey, Rates, UNIT_ERROR_FROM, UnknownRate};
use crate::catalog::vocabulary::named;
use crate::catalog::{Facts, Mode, Origin};
use crate::money::{AmountError, Factor, Rate, Usd};

const A_PRICE: &str = "a decimal number from 0 in quotes, such as \"2.5\"";

/// Reads the facts of one line after another.
pub(super) struct FactsReader<'r> {
    pub inspection: &'r mut Inspection,
    pub interner: &'r mut Interner,
}

impl FactsReader<'_> {
    /// The facts of a line, or `None` when something in it was reported.
    pub fn facts(&mut self, line: &ModelLine) -> Option<Facts> {
        let before = self.inspection.count();
        let origin = match line.origin.as_deref() {
            None => Origin::Map,
            Some(ORIGIN_V1) => Origin::V1,
            Some(other) => {
                self.inspection
                    .report(format_args!("origin {other:?}"), "\"v1\", or none");
                Origin::Map
            }
        };
        let mode = line.mode.as_deref().and_then(|text| {
            self.inspection.accept(
                "mode",
                text,
                Mode::named(text).ok_or("no such mode"),
                "a mode, such as chat",
            )
        });
        let facts = Facts {
            mode,
            max_input_tokens: line.max_input_tokens,
            max_output_tokens: line.max_output_tokens,
            output_vector_size: line.output_vector_size,
            deprecation_date: line
                .deprecation_date
                .as_ref()
                .and_then(|text| date(self.inspection, "deprecation_date", text)),
            capabilities: self.capabilities(line),
            prices: Prices::new(self.rates("rates", &line.rates), self.rare_prices(line)),
            origin,
        };
        (self.inspection.count() == before).then_some(facts)
    }

    fn capabilities(&mut self, line: &ModelLine) -> Capabilities {
        let mut capabilities = Capabilities::default();
        for (field, known, names) in [
            ("can", Known::Yes, &line.can),
            ("cannot", Known::No, &line.cannot),
        ] {
            for name in names {
                let named = Capability::named(name).ok_or("no such capability");
                if let Some(capability) =
                    self.inspection
                        .accept(field, name, named, "a capability, such as vision")
                {
                    capabilities.note(capability, known);
                }
            }
        }
        capabilities
    }

    fn rates(&mut self, field: &str, members: &Members) -> Rates {
        let mut rates = Vec::with_capacity(members.0.len());
        for (name, price) in &members.0 {
            let key =
                self.inspection
                    .accept(field, name, RateKey::from_str(name), UnknownRate::ALLOWED);
            let rate =
                self.inspection
                    .accept(field, price, Rate::per_million_parse(price), A_PRICE);
            match (key, rate) {
                (Some(_), Some(rate)) if rate.usd() >= UNIT_ERROR_FROM => self.inspection.report(
                    format_args!(
                        "{field}: {} is {} USD per million tokens",
                        &**name, &**price
                    ),
                    "less than 1000; a higher price is one in another unit",
                ),
                (Some(key), Some(rate)) => rates.push((key, rate)),
                _ => {}
            }
        }
        Rates::new(rates).unwrap_or_else(|twice| {
            self.inspection.report(
                format_args!("{field}: {twice} is there twice"),
                "each rate once",
            );
            Rates::default()
        })
    }

    fn rare_prices(&mut self, line: &ModelLine) -> RarePrices {
        let steps = line.steps.iter().map(|step| self.step(step)).collect();
        let off_peak = line.off_peak.as_ref().map(|record| self.off_peak(record));
        let named_unit = |name: &str| Unit::named(name).ok_or("no such unit");
        let units = self.sorted_members(
            "units",
            &line.units,
            named_unit,
            price,
            "a unit of the catalogue",
        );
        let named_uplift = |name: &str| named(&Uplift::NAMES, name).ok_or("no such uplift");
        let uplifts = self.sorted_members(
            "uplifts",
            &line.uplifts,
            named_uplift,
            Factor::parse,
            "a known uplift",
        );
        let billing = match line.search_billing.as_deref() {
            None => SearchBilling::Unsaid,
            Some(PER_QUERY) => SearchBilling::PerQuery,
            Some(other) => {
                self.inspection.report(
                    format_args!("search_billing {other:?}"),
                    "\"per_query\", or none",
                );
                SearchBilling::Unsaid
            }
        };
        let search = SearchPrices {
            per_search: line
                .per_search
                .as_ref()
                .and_then(|record| self.search_cost(record)),
            billing,
            free_requests: line
                .free_searches
                .as_ref()
                .and_then(|record| self.free_requests(record)),
            google_maps_query: line
                .google_maps_query
                .as_ref()
                .and_then(|text| self.usd("google_maps_query", text)),
        };
        RarePrices {
            steps,
            off_peak,
            units,
            search,
            uplifts,
        }
    }

    fn step(&mut self, record: &StepRecord) -> Step {
        if record.above_tokens >= record.up_to_tokens {
            self.inspection
                .report("steps: an empty step", "above_tokens below up_to_tokens");
        }
        Step {
            above_tokens: record.above_tokens,
            up_to_tokens: record.up_to_tokens,
            rates: self.rates("steps", &record.rates),
        }
    }

    fn off_peak(&mut self, record: &OffPeakRecord) -> OffPeak {
        let mut windows = Vec::with_capacity(record.windows.len());
        for window in &record.windows {
            let parsed = window.hours_utc.iter().filter_map(|text| {
                let hours = Hours::parse(text).ok_or("no such hours");
                self.inspection
                    .accept("off_peak", text, hours, "HH:MM-HH:MM in UTC")
            });
            let hours_utc = parsed.collect();
            let weekdays = &window.weekdays;
            if !weekdays.is_sorted_by(|one, two| one < two)
                || !weekdays.iter().all(|day| (1..=7).contains(day))
            {
                self.inspection.report(
                    format_args!("off_peak: weekdays {weekdays:?}"),
                    "1 to 7 in order, each once",
                );
            }
            windows.push(Window {
                hours_utc,
                weekdays: weekdays.as_slice().into(),
            });
        }
        OffPeak {
            rates: self.rates("off_peak", &record.rates),
            windows: windows.into_boxed_slice(),
            weekday_zone: record.weekday_timezone.as_deref().and_then(|name| {
                let zone = OffPeak::zone(name).ok_or("no such time zone");
                self.inspection.accept(
                    "off_peak",
                    name,
                    zone,
                    "an IANA name, such as Asia/Shanghai",
                )
            }),
        }
    }

    fn search_cost(&mut self, record: &SearchCostRecord) -> Option<SearchCost> {
        let low = self.usd("per_search", &record.low);
        let medium = self.usd("per_search", &record.medium);
        let high = self.usd("per_search", &record.high);
        Some(SearchCost {
            low: low?,
            medium: medium?,
            high: high?,
        })
    }

    fn free_requests(&mut self, record: &FreeSearchesRecord) -> Option<FreeRequests> {
        let period = named(&Period::NAMES, &record.period).ok_or("no such period");
        Some(FreeRequests {
            count: record.count,
            period: self.inspection.accept(
                "free_searches",
                &record.period,
                period,
                "day, month",
            )?,
            shared_group: record
                .shared_group
                .as_ref()
                .map(|group| self.interner.intern(group)),
        })
    }

    /// Reads an object whose keys and values are both parsed, and sorts it by key.
    fn sorted_members<K: Ord + Copy, V: Copy, E: Display, F: Display>(
        &mut self,
        field: &str,
        members: &Members,
        parse_key: impl Fn(&str) -> Result<K, E>,
        parse_value: impl Fn(&str) -> Result<V, F>,
        allowed_keys: &str,
    ) -> Box<[(K, V)]> {
        let mut parsed = Vec::with_capacity(members.0.len());
        for (name, text) in &members.0 {
            let key = self
                .inspection
                .accept(field, name, parse_key(name), allowed_keys);
            let value = self
                .inspection
                .accept(field, text, parse_value(text), A_PRICE);
            parsed.extend(key.zip(value));
        }
        parsed.sort_unstable_by_key(|&(key, _)| key);
        if parsed.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            self.inspection.report(
                format_args!("{field}: a key is there twice"),
                "each key once",
            );
        }
        parsed.into_boxed_slice()
    }

    fn usd(&mut self, field: &str, text: &str) -> Option<Usd> {
        self.inspection.accept(field, text, price(text), A_PRICE)
    }
}

/// A day, reported to the inspection when it is none.
pub(super) fn date(inspection: &mut Inspection, field: &str, text: &str) -> Option<Date> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]"));
    inspection.accept(field, text, date, "a day of the calendar as YYYY-MM-DD")
}

/// A price cannot be negative, though an amount of money can.
fn price(text: &str) -> Result<Usd, AmountError> {
    Usd::parse(text).and_then(|usd| {
        if usd < Usd::ZERO {
            Err(AmountError::OutOfRange)
        } else {
            Ok(usd)
        }
    })
}
