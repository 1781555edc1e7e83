//! What a call costs.
//!
//! This version knows the base input and output rates: no cache, no service tier, no long-input price
//! (pricing.md 2.3 without its optional parts).

use std::fmt;

use crate::catalog::{Mode, Model};
use crate::money::{Rate, Usd};

/// The tokens of a call. Both are totals: input with what came from a cache, output with reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
}

/// The exact cost of a call; the total is the sum of the two digit by digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    pub input_cost: Usd,
    pub output_cost: Usd,
    pub total_cost: Usd,
}

/// Why a call has no price. An unknown price is never shown as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpriced {
    /// The model has neither an input nor an output price at the standard tier.
    Model,
    /// There are input tokens, and the model charges its input in another unit.
    Input,
    /// There are output tokens, and the model charges its output in another unit.
    Output,
}

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unpriced::Model => "the model has no standard price per token",
            Unpriced::Input => {
                "the model has no price per input token; it bills input by another unit"
            }
            Unpriced::Output => {
                "the model has no price per output token; it bills output by another unit"
            }
        })
    }
}

impl std::error::Error for Unpriced {}

/// Prices a call.
///
/// An embedding has no output to charge (pricing.md 2.9: "Embeddings: input only"), so its output cost is
/// zero whatever the usage says. Elsewhere a missing rate is an error as soon as there are tokens for it.
///
/// # Errors
/// [`Unpriced`] when a rate that is needed is not published.
pub fn estimate(model: &Model, usage: Usage) -> Result<Estimate, Unpriced> {
    let input_rate = model.input_rate();
    let output_rate = match model.facts.mode {
        Some(Mode::Embedding) => input_rate.map(|_| Rate::ZERO),
        _ => model.output_rate(),
    };
    if input_rate.is_none() && output_rate.is_none() {
        return Err(Unpriced::Model);
    }
    let input_cost = charge(input_rate, usage.input_tokens).ok_or(Unpriced::Input)?;
    let output_cost = charge(output_rate, usage.output_tokens).ok_or(Unpriced::Output)?;
    Ok(Estimate {
        input_cost,
        output_cost,
        total_cost: input_cost + output_cost,
    })
}

/// No tokens cost nothing even where nobody knows the rate.
fn charge(rate: Option<Rate>, tokens: u64) -> Option<Usd> {
    match rate {
        Some(rate) => Some(rate * tokens),
        None if tokens == 0 => Some(Usd::ZERO),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn price(name: &str, input_tokens: u64, output_tokens: u64) -> Result<[String; 3], Unpriced> {
        let catalog = Catalog::built_in().unwrap();
        let estimate = estimate(
            catalog.find(name).unwrap(),
            Usage {
                input_tokens,
                output_tokens,
            },
        )?;
        Ok([
            estimate.input_cost,
            estimate.output_cost,
            estimate.total_cost,
        ]
        .map(|usd| usd.to_string()))
    }

    #[test]
    fn the_worked_examples_without_options_come_out_exactly() {
        for (name, input, output, costs) in [
            ("gpt-4o", 1000, 500, ["0.0025", "0.005", "0.0075"]),
            (
                "text-embedding-3-large",
                123_457,
                0,
                ["0.01604941", "0", "0.01604941"],
            ),
            ("gpt-4o", 0, 0, ["0", "0", "0"]),
        ] {
            assert_eq!(price(name, input, output).unwrap(), costs, "{name}");
        }
    }

    #[test]
    fn a_missing_rate_is_an_error_and_not_a_zero() {
        // Priced in the priority tier only.
        assert_eq!(
            price("fireworks_ai/accounts/fireworks/models/minimax-m2p7", 1, 1),
            Err(Unpriced::Model)
        );
        // Input is billed per second of video.
        assert_eq!(
            price("twelvelabs.pegasus-1-2-v1:0", 1, 1),
            Err(Unpriced::Input)
        );
        assert!(price("twelvelabs.pegasus-1-2-v1:0", 0, 1).is_ok());
        // Output is billed per image token, which stands in for the missing output rate.
        assert_eq!(price("gpt-image-1", 0, 1_000_000).unwrap()[1], "40");
    }

    #[test]
    fn an_embedding_charges_its_input_only() {
        assert_eq!(
            price("mistral/mistral-embed", 1_000_000, 9).unwrap(),
            ["0.1", "0", "0.1"]
        );
    }
}
