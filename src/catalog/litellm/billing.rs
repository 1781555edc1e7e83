//! Which entries of the map belong in a catalogue of prices per token.

use std::fmt;

use serde::Deserialize;

use crate::catalog::prices::Step;
use crate::catalog::rates::{Component, RateKey, UNIT_ERROR_FROM};
use crate::catalog::{Facts, Mode};
use crate::money::{Rate, Usd};

/// From 2e-4 USD a token, which is 200 USD a million, a rate needs a row in `data/dear_rates.json`.
const DEAR_FROM: Usd = Usd::from_attos(200_000_000_000_000);

/// Why an entry is not in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It documents the map itself.
    NotAModel,
    /// It has no price per token at all.
    NoTokenPrice,
    /// Its token prices are zero, and it has another price or is not for text.
    BilledByOtherUnit,
    /// An embedding whose only token price is a zero for output; it is billed per query or second.
    EmbeddingBilledByUse,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftOut::NotAModel => "not a model",
            LeftOut::NoTokenPrice => "no price per token",
            LeftOut::BilledByOtherUnit => "billed by something other than tokens",
            LeftOut::EmbeddingBilledByUse => "an embedding billed per query or second",
        })
    }
}

/// Whether the entry is billed per token.
pub(super) fn left_out(facts: &Facts) -> Option<LeftOut> {
    let prices = &facts.prices;
    let mut has_any = false;
    for (_, rate) in
        all_rates(facts).filter(|(key, _)| is_of_tokens_sent_or_received(key.component))
    {
        if rate > Rate::ZERO {
            return None;
        }
        has_any = true;
    }
    let units = prices.rare.as_deref().map_or(&[][..], |rare| &rare.units);
    match facts.mode {
        _ if !has_any => Some(LeftOut::NoTokenPrice),
        Some(Mode::Embedding)
            if !units.is_empty() && prices.rates.base(Component::Input).is_none() =>
        {
            Some(LeftOut::EmbeddingBilledByUse)
        }
        Some(mode) if !mode.is_text() => Some(LeftOut::BilledByOtherUnit),
        _ if units.iter().any(|&(_, price)| price > Usd::ZERO) => Some(LeftOut::BilledByOtherUnit),
        // A text model at an explicit zero is a free listing; without a mode nothing is concluded.
        _ => None,
    }
}

/// Cache and citation prices alone do not make a model one that is billed per token.
fn is_of_tokens_sent_or_received(component: Component) -> bool {
    use Component::*;
    matches!(
        component,
        Input
            | Output
            | Reasoning
            | AudioInput
            | AudioOutput
            | ImageInput
            | ImageOutput
            | VideoInput
            | VideoOutput
    )
}

fn all_rates(facts: &Facts) -> impl Iterator<Item = (RateKey, Rate)> + '_ {
    let rare = facts.prices.rare.as_deref();
    let steps: &[Step] = rare.map_or(&[], |rare| &rare.steps);
    let off_peak = rare
        .and_then(|rare| rare.off_peak.as_ref())
        .map(|off_peak| &off_peak.rates);
    let others = steps.iter().map(|step| &step.rates).chain(off_peak);
    std::iter::once(&facts.prices.rates)
        .chain(others)
        .flat_map(|rates| rates.iter())
}

/// Rates that are as high as mistakes usually are, and right all the same.
pub(super) struct DearRates(Vec<DearRate>);

/// A row of `data/dear_rates.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DearRate {
    key_contains: String,
    usd_per_million_max: String,
    /// Why it is right; for people, and no row goes without one.
    reason: String,
}

impl DearRates {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// None in a released build: the tests read the same text.
    pub fn table() -> Result<DearRates, String> {
        DearRates::read(include_str!("../data/dear_rates.json"))
    }

    fn read(text: &str) -> Result<DearRates, String> {
        let rows: Vec<DearRate> = serde_json::from_str(text).map_err(|why| why.to_string())?;
        for row in &rows {
            let key = &row.key_contains;
            if key.trim().is_empty() {
                return Err("a dear rate is allowed for every key".into());
            }
            if row.reason.trim().is_empty() {
                return Err(format!(
                    "the dear rate of {key} is allowed without a reason"
                ));
            }
            Usd::parse(&row.usd_per_million_max).map_err(|why| format!("{key}: {why}"))?;
        }
        Ok(DearRates(rows))
    }

    /// Why the model of this key must not be priced: its highest rate, if that must be a mistake of unit,
    /// or a dear rate that nobody has vouched for.
    pub fn refusal(&self, map_key: &str, facts: &Facts) -> Option<String> {
        let suspect = all_rates(facts).filter(|&(_, rate)| {
            rate.usd() >= UNIT_ERROR_FROM
                || (rate.usd() >= DEAR_FROM && !self.vouch_for(map_key, rate.per_million()))
        });
        let (key, rate) = suspect.max_by_key(|&(_, rate)| rate)?;
        let verdict = if rate.usd() >= UNIT_ERROR_FROM {
            "which is a mistake of unit"
        } else {
            "and dear_rates.json has no row that allows it"
        };
        Some(format!(
            "{key} is {} USD per million tokens, {verdict}",
            rate.per_million()
        ))
    }

    fn vouch_for(&self, map_key: &str, per_million: Usd) -> bool {
        self.0
            .iter()
            .filter(|dear| map_key.contains(&dear.key_contains))
            .any(|dear| Usd::parse(&dear.usd_per_million_max).is_ok_and(|max| per_million <= max))
    }
}

#[cfg(test)]
mod tests {
    use super::DearRates;

    #[test]
    fn a_dear_rate_is_allowed_for_a_reason_or_not_at_all() {
        let rows = [
            (
                "good",
                r#"[{"key_contains": "a", "usd_per_million_max": "300", "reason": "listed"}]"#,
                None,
            ),
            (
                "no reason",
                r#"[{"key_contains": "a", "usd_per_million_max": "300"}]"#,
                Some("reason"),
            ),
            (
                "an empty one",
                r#"[{"key_contains": "a", "usd_per_million_max": "300", "reason": " "}]"#,
                Some("without a reason"),
            ),
            (
                "for all",
                r#"[{"key_contains": "", "usd_per_million_max": "300", "reason": "x"}]"#,
                Some("every key"),
            ),
            (
                "no number",
                r#"[{"key_contains": "a", "usd_per_million_max": "much", "reason": "x"}]"#,
                Some("decimal"),
            ),
        ];
        for (name, text, expected) in rows {
            match (DearRates::read(text), expected) {
                (Ok(_), None) => {}
                (Err(why), Some(part)) => assert!(why.contains(part), "{name}: {why}"),
                (outcome, _) => panic!("{name}: {}", outcome.is_ok()),
            }
        }
        assert!(DearRates::table().is_ok(), "the table that is shipped");
    }
}
