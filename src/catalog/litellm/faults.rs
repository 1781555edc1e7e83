//! What is odd about a map and yet can be read (docs/CATALOGUE.md), for the person who refreshes the prices
//! and for the map's maintainers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::value::RawValue;

use super::fields::rate_key;
use crate::catalog::json::{Object, elements, text};
use crate::catalog::rates::{Component, RateKey, Tier, UNIT_ERROR_FROM};
use crate::money::Rate;

/// The kinds of fault, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An entry with a rate that must be in another unit.
    UnitError,
    /// The priority tier has a rate, but none above the threshold, so it gets cheaper there.
    PriorityGap,
    /// The flex tier has a rate, but none above the threshold, so it gets dearer than it should there.
    FlexGap,
    /// A cache write price above a threshold alone, so that writing gets cheaper above it.
    CacheWriteAboveOnly,
    /// A text model at zero: free, a preview, or a price left out.
    FreeText,
    /// A text model without a price of its input.
    UnpricedText,
    /// A rate per token with more digits than anyone charges: what is left of arithmetic with floats.
    FloatNoise,
    NoSource,
    NoMode,
}

/// The faults of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<Fault, Found>);

/// Where a fault was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How often; a fault of single rates may be there several times in one entry.
    pub count: usize,
    /// The keys of the map.
    pub keys: BTreeSet<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::UnitError => {
                "entries with a rate of 1000 USD or more per million tokens: mistakes of unit"
            }
            Fault::PriorityGap => "entries with a priority price, but none above the threshold",
            Fault::FlexGap => "entries with a flex price, but none above the threshold",
            Fault::CacheWriteAboveOnly => "entries with a cache write price above a threshold only",
            Fault::FreeText => "text models at zero in and out",
            Fault::UnpricedText => "text models without a price per input token",
            Fault::FloatNoise => "token rates with 16 or more digits: float noise",
            Fault::NoSource => "entries without a source",
            Fault::NoMode => "entries without a mode",
        })
    }
}

/// From so many digits on a decimal is one that a float was printed as.
const NOISE_DIGITS: usize = 16;

impl Faults {
    /// Where this fault is.
    pub fn of(&self, fault: Fault) -> Option<&Found> {
        self.0.get(&fault)
    }

    /// Looks at one entry as it stands in the map.
    pub(super) fn inspect(&mut self, key: &str, entry: &Object) {
        let rates: Vec<(RateKey, Option<Rate>)> = entry
            .0
            .iter()
            .filter_map(|(name, value)| Some((rate_key(name)?, Rate::parse(value.get()).ok())))
            .collect();
        let is_unit_error = rates
            .iter()
            .any(|(_, rate)| rate.is_some_and(|rate| rate.usd() >= UNIT_ERROR_FROM));
        self.note(Fault::UnitError, key, usize::from(is_unit_error));
        for (fault, tier) in [
            (Fault::PriorityGap, Tier::Priority),
            (Fault::FlexGap, Tier::Flex),
        ] {
            self.note(fault, key, usize::from(has_tier_gap(&rates, tier)));
        }
        let of = |component, is_above: bool| {
            rates.iter().find(|(rate, _)| {
                rate.component == component
                    && rate.tier == Tier::Standard
                    && (rate.above_tokens > 0) == is_above
            })
        };
        let write = Component::CacheWrite;
        let is_gap = of(write, true).is_some() && of(write, false).is_none();
        self.note(Fault::CacheWriteAboveOnly, key, usize::from(is_gap));

        let mode = entry.get("mode").and_then(text);
        self.note(Fault::NoMode, key, usize::from(mode.is_none()));
        self.note(
            Fault::NoSource,
            key,
            usize::from(entry.get("source").is_none()),
        );
        if matches!(mode.as_deref(), Some("chat" | "completion" | "responses")) {
            let base = |component| of(component, false).and_then(|(_, rate)| *rate);
            let both = (base(Component::Input), base(Component::Output));
            let is_free = both == (Some(Rate::ZERO), Some(Rate::ZERO));
            self.note(Fault::FreeText, key, usize::from(is_free));
            let is_unpriced = both.0.is_none() && entry.get("tiered_pricing").is_none();
            self.note(Fault::UnpricedText, key, usize::from(is_unpriced));
        }
        self.note(Fault::FloatNoise, key, noisy_rates(entry));
    }

    fn note(&mut self, fault: Fault, key: &str, count: usize) {
        if count > 0 {
            let found = self.0.entry(fault).or_default();
            found.count += count;
            found.keys.insert(key.to_owned());
        }
    }
}

/// Whether a tier has base rates but nothing above a threshold that the standard tier has.
fn has_tier_gap(rates: &[(RateKey, Option<Rate>)], tier: Tier) -> bool {
    let has = |tier, is_above: bool| {
        rates
            .iter()
            .any(|(rate, _)| rate.tier == tier && (rate.above_tokens > 0) == is_above)
    };
    has(Tier::Standard, true) && has(tier, false) && !has(tier, true)
}

/// The noisy rates per token of an entry, those by input length included. All that look like one count,
/// also those that are not read.
fn noisy_rates(entry: &Object) -> usize {
    let is_noisy = |(name, value): &(String, &RawValue)| {
        name.contains("token") && name.contains("cost") && digits(value.get()) >= NOISE_DIGITS
    };
    let flat = entry.0.iter().filter(|member| is_noisy(member)).count();
    let steps = entry.get("tiered_pricing").and_then(elements);
    let steps = steps.unwrap_or_default().into_iter().filter_map(Object::of);
    flat + steps
        .map(|step| step.0.iter().filter(|member| is_noisy(member)).count())
        .sum::<usize>()
}

/// The significant digits of a number as it is written.
fn digits(number: &str) -> usize {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

/// One line for each kind of fault, with the first few keys; all of them in the alternate form, `{:#}`.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        for (fault, Found { count, keys }) in &self.0 {
            write!(f, "fault: {count} {fault}")?;
            if *count != keys.len() {
                write!(f, ", in {} entries", keys.len())?;
            }
            let shown = if f.alternate() { keys.len() } else { SHOWN };
            let names: Vec<&str> = keys.iter().take(shown).map(String::as_str).collect();
            write!(f, ": {}", names.join(", "))?;
            match keys.len().saturating_sub(shown) {
                0 => writeln!(f)?,
                rest => writeln!(f, " and {rest} more")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_that_count_are_counted() {
        for (number, expected) in [
            ("1.0000000000000002e-07", 17),
            ("0.000001500000", 2),
            ("2.5e-06", 2),
            ("100", 1),
            ("0.0", 0),
        ] {
            assert_eq!(digits(number), expected, "{number}");
        }
    }

    #[test]
    fn the_report_names_a_few_keys_or_all() {
        let mut faults = Faults::default();
        for n in 0..7 {
            faults.note(Fault::NoMode, &format!("k{n}"), 1);
        }
        faults.note(Fault::FloatNoise, "x", 2);
        let few = "fault: 2 token rates with 16 or more digits: float noise, in 1 entries: x\n\
                   fault: 7 entries without a mode: k0, k1, k2, k3, k4 and 2 more\n";
        assert_eq!(faults.to_string(), few);
        assert!(format!("{faults:#}").ends_with("k4, k5, k6\n"));
    }
}
