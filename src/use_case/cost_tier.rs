//! How dear a model is among those of its kind.

use crate::catalog::{Mode, Model};
use crate::money::{Rate, Usd};

/// A model's price class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CostTier {
    /// An explicit zero.
    Free,
    UltraLow,
    Low,
    Medium,
    High,
    /// No price to judge by.
    Unknown,
}

impl CostTier {
    /// The precise word.
    pub fn word(self) -> &'static str {
        match self {
            CostTier::Free => "free",
            CostTier::UltraLow => "ultra-low",
            CostTier::Low => "low",
            CostTier::Medium => "medium",
            CostTier::High => "high",
            CostTier::Unknown => "unknown",
        }
    }

    /// The nearest of the four words v1's contract has. An unknown price is "high", because a client that
    /// looks for cheap models must not be given one whose price nobody knows.
    pub fn v1_word(self) -> &'static str {
        match self {
            CostTier::Free => CostTier::UltraLow.word(),
            CostTier::Unknown => CostTier::High.word(),
            exact => exact.word(),
        }
    }
}

/// The prices from which a kind of model is low, medium and high.
struct CutOffs {
    low: &'static str,
    medium: &'static str,
    high: &'static str,
}

const TEXT: CutOffs = CutOffs {
    low: "0.20",
    medium: "1.00",
    high: "5.00",
};
/// Per million input tokens.
const EMBEDDING: CutOffs = CutOffs {
    low: "0.03",
    medium: "0.10",
    high: "0.12",
};
const PER_IMAGE: CutOffs = CutOffs {
    low: "0.02",
    medium: "0.04",
    high: "0.10",
};
const PER_MINUTE_HEARD: CutOffs = CutOffs {
    low: "0.003",
    medium: "0.0045",
    high: "0.006",
};
const PER_MILLION_CHARACTERS_SPOKEN: CutOffs = CutOffs {
    low: "15",
    medium: "30",
    high: "40",
};
const PER_1K_QUERIES_RANKED: CutOffs = CutOffs {
    low: "1",
    medium: "2",
    high: "2.5",
};
const PER_SECOND_FILMED: CutOffs = CutOffs {
    low: "0.12",
    medium: "0.165",
    high: "0.25",
};
const PER_1K_PAGES: CutOffs = CutOffs {
    low: "1.5",
    medium: "2",
    high: "4",
};
const PER_1K_SEARCHES: CutOffs = CutOffs {
    low: "1",
    medium: "5",
    high: "7",
};

impl CutOffs {
    fn tier(&self, price: Usd) -> CostTier {
        let from = |text: &str| Usd::parse(text).is_ok_and(|cut_off| price >= cut_off);
        match price {
            Usd::ZERO => CostTier::Free,
            _ if from(self.high) => CostTier::High,
            _ if from(self.medium) => CostTier::Medium,
            _ if from(self.low) => CostTier::Low,
            _ => CostTier::UltraLow,
        }
    }
}

/// The tier, and the blended price per million tokens it was found by, if it was.
///
/// A model of another mode is measured by that mode's unit. Where the map has no price in that unit, the
/// model is billed per token and measured as text is.
pub fn of(model: &Model) -> (CostTier, Option<Usd>) {
    if let Some(tier) = by_unit_of_mode(model) {
        return (tier, None);
    }
    let (price, cut_offs) = match model.facts.mode {
        Some(Mode::Embedding) => (model.input_rate().map(Rate::per_million), EMBEDDING),
        _ => (blended(model), TEXT),
    };
    (
        price.map_or(CostTier::Unknown, |price| cut_offs.tier(price)),
        price,
    )
}

/// (3 input + output) / 4 per million tokens. Exact: a price per million is a multiple of 1e6 units.
fn blended(model: &Model) -> Option<Usd> {
    let (input, output) = (
        model.input_rate()?.per_million(),
        model.output_rate()?.per_million(),
    );
    Some(Usd::from_attos((3 * input.attos() + output.attos()) / 4))
}

fn by_unit_of_mode(model: &Model) -> Option<CostTier> {
    // The units of a mode's price, how many of them are quoted, and the cut-offs of the quote.
    let (units, quoted, cut_offs): (&[&str], i128, CutOffs) = match model.facts.mode? {
        Mode::ImageGeneration | Mode::ImageEdit => (
            &["output_cost_per_image", "input_cost_per_image"],
            1,
            PER_IMAGE,
        ),
        Mode::AudioTranscription => (
            &["input_cost_per_second", "output_cost_per_second"],
            60,
            PER_MINUTE_HEARD,
        ),
        Mode::AudioSpeech => (
            &["input_cost_per_character"],
            1_000_000,
            PER_MILLION_CHARACTERS_SPOKEN,
        ),
        Mode::Rerank => (&["input_cost_per_query"], 1_000, PER_1K_QUERIES_RANKED),
        Mode::VideoGeneration => (&["output_cost_per_second"], 1, PER_SECOND_FILMED),
        Mode::Ocr => (&["ocr_cost_per_page"], 1_000, PER_1K_PAGES),
        Mode::Search => (&["input_cost_per_query"], 1_000, PER_1K_SEARCHES),
        _ => return None,
    };
    let rare = model.facts.prices.rare.as_deref()?;
    let price = units
        .iter()
        .filter_map(|unit| rare.unit(unit))
        .find(|usd| *usd > Usd::ZERO)?;
    Some(cut_offs.tier(Usd::from_attos(price.attos().saturating_mul(quoted))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_begins_at_its_cut_off() {
        for (price, tier) in [
            ("0", CostTier::Free),
            ("0.000001", CostTier::UltraLow),
            ("0.199999", CostTier::UltraLow),
            ("0.20", CostTier::Low),
            ("1", CostTier::Medium),
            ("4.999", CostTier::Medium),
            ("5", CostTier::High),
        ] {
            assert_eq!(TEXT.tier(Usd::parse(price).unwrap()), tier, "{price}");
        }
    }

    #[test]
    fn the_v1_words_are_v1s_four() {
        assert_eq!(CostTier::Free.v1_word(), "ultra-low");
        assert_eq!(CostTier::Unknown.v1_word(), "high");
        assert_eq!(CostTier::Medium.v1_word(), "medium");
    }
}
