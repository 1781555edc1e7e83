//! What some providers do differently from the rest.

use crate::money::Usd;

/// How a provider bills, as LiteLLM's calculator has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seller {
    /// A threshold applies from its number of input tokens on, rather than above it.
    pub thresholds_are_inclusive: bool,
    /// Service tiers, batches apart, do not change the price.
    pub ignores_service_tiers: bool,
    /// A cache read without a price of its own costs half of the input.
    pub halves_cache_reads: bool,
    /// "fast" is another word for the priority tier.
    pub calls_priority_fast: bool,
    pub searches: Searches,
    /// What a web search costs where the model does not say.
    pub search_price: Option<Usd>,
}

/// How web searches are billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Searches {
    /// Each one, beside the tokens.
    Each,
    /// Once a prompt, unless the model says that each query is billed.
    OncePerPrompt,
    /// Each one, at the price of the low size, as part of the output.
    EachWithinOutput,
}

const USUAL: Seller = Seller {
    thresholds_are_inclusive: false,
    ignores_service_tiers: false,
    halves_cache_reads: false,
    calls_priority_fast: false,
    searches: Searches::Each,
    search_price: None,
};

impl Seller {
    /// The habits of the provider of this slug, for the model of this name.
    pub fn of(slug: &str, model: &str) -> Seller {
        match slug {
            "openai" => Seller {
                calls_priority_fast: true,
                ..USUAL
            },
            "xai" => Seller {
                thresholds_are_inclusive: true,
                ignores_service_tiers: true,
                search_price: Some(Usd::from_attos(5_000_000_000_000_000)),
                ..USUAL
            },
            "fireworks_ai" => Seller {
                ignores_service_tiers: true,
                halves_cache_reads: true,
                ..USUAL
            },
            "perplexity" => Seller {
                ignores_service_tiers: true,
                searches: Searches::EachWithinOutput,
                ..USUAL
            },
            "deepseek" | "tencent" | "dashscope" | "qwencloud" | "qwen_ai_platform"
            | "lemonade" => Seller {
                ignores_service_tiers: true,
                ..USUAL
            },
            "gemini" => Seller {
                searches: Searches::OncePerPrompt,
                ..USUAL
            },
            "vertex_ai" if model.contains("gemini") => Seller {
                searches: Searches::OncePerPrompt,
                ..USUAL
            },
            _ => USUAL,
        }
    }
}
