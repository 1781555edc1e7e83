//! Why a call has no price.

use std::fmt;

/// Why a call has no price. An unknown price is never shown as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpriced {
    /// The model has neither an input nor an output price at the tier asked for.
    Model,
    /// There are input tokens, and the model charges its input in another unit.
    Input,
    /// There are output tokens, and the model charges its output in another unit.
    Output,
    /// There are citation tokens, and the model has no price for them.
    Citation,
    /// There are web searches, and the model has no price for them.
    WebSearch,
    /// The service tier "fast" is a word of OpenAI only.
    FastTier,
    /// The cost, or the product of its multipliers, is beyond what can be stated exactly.
    OutOfRange,
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
            Unpriced::Citation => "the model has no price for citation tokens",
            Unpriced::WebSearch => "the model has no price for web searches",
            Unpriced::FastTier => {
                "service_tier 'fast' is OpenAI's word for 'priority'; Anthropic's fast mode is \"speed\": \"fast\""
            }
            Unpriced::OutOfRange => "the cost is beyond what can be stated exactly",
        })
    }
}

impl std::error::Error for Unpriced {}
