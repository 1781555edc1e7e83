//! What a call costs, and why. The rules are those of docs/PRICING.md.
//!
//! [`estimate`] finds the rate of every component of a usage, sums the lines, and says what the caller
//! should know besides. It is pure: prices, usage, terms and moment in, figures out.

mod bill;
mod seller;
mod tariff;
mod terms;
mod unpriced;
mod warning;

use crate::catalog::prices::Uplift;
use crate::catalog::rates::{Component, Tier};
use crate::catalog::{Mode, Model, Provider, Status};
use crate::money::{Factor, Ratio, Usd};

use bill::Bill;
use seller::Seller;
use tariff::Tariff;
pub use terms::{Occasions, Region, SearchSize, ServiceTier, Terms, Usage, tier_word};
pub use unpriced::Unpriced;
pub use warning::Warning;

/// The exact cost of a call. The lines add up to the three costs, and these to the total, digit by digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    pub input_cost: Usd,
    pub output_cost: Usd,
    pub tool_cost: Usd,
    pub total_cost: Usd,
    /// Plain input and output first where they have a price, also without tokens; then what else there is.
    pub lines: Vec<Line>,
    /// The tier that is billed, which may not be the one asked for.
    pub tier: Tier,
    /// The number of input tokens above which the rates applied hold, when it is not 0.
    pub threshold_applied: Option<u64>,
    pub is_off_peak: bool,
    /// Whether a price is a guess: half of the standard one for a batch nobody has published prices of.
    pub is_assumed: bool,
    /// The multipliers in the prices of the tokens.
    pub multipliers: Vec<(Uplift, Factor)>,
    pub warnings: Vec<Warning>,
}

impl Estimate {
    /// Whether the call uses something, and every published price of it is zero.
    pub fn is_free(&self) -> bool {
        let mut used = self
            .lines
            .iter()
            .filter(|line| line.quantity > 0)
            .peekable();
        used.peek().is_some() && used.all(|line| line.price == Usd::ZERO)
    }

    /// Whether more is billed than the prices here say: a router's fee is its own alone.
    pub fn is_partial(&self) -> bool {
        self.warnings.contains(&Warning::RouterFeeOnly)
    }
}

/// What one kind of token or tool costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub what: What,
    pub part_of: Part,
    /// Tokens, or searches.
    pub quantity: u64,
    /// The published price of one of them.
    price: Usd,
    /// What the published price is multiplied by, apart from the caller's own discount.
    multiplier: Ratio,
    /// Rounded once, half to even, to 1e-18 USD.
    pub cost: Usd,
}

impl Line {
    /// The price of so many of them as applied, before the caller's own discount.
    pub fn price_of(&self, count: u64) -> Usd {
        let price = self.price.times(count);
        // A price is below 1e3 USD and multipliers are small, so that this never saturates.
        price
            .and_then(|price| price.scaled(self.multiplier))
            .unwrap_or_default()
    }
}

/// The part of the total a line counts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Input,
    Output,
    Tools,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Input,
    CacheRead,
    CacheWrite,
    CacheWrite1h,
    AudioInput,
    Citation,
    Output,
    Reasoning,
    AudioOutput,
    WebSearch,
}

impl What {
    /// The word for it in a reply.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Input => "input",
            What::CacheRead => "cache_read",
            What::CacheWrite => "cache_write",
            What::CacheWrite1h => "cache_write_1h",
            What::AudioInput => "audio_input",
            What::Citation => "citation",
            What::Output => "output",
            What::Reasoning => "reasoning",
            What::AudioOutput => "audio_output",
            What::WebSearch => "web_search",
        }
    }

    /// The words for it in a sentence.
    fn words(self) -> &'static str {
        match self {
            What::Input => "input",
            What::CacheRead => "cache reads",
            What::CacheWrite => "cache writes",
            What::CacheWrite1h => "1-hour cache writes",
            What::AudioInput => "audio input",
            What::Citation => "citations",
            What::Output => "output",
            What::Reasoning => "reasoning",
            What::AudioOutput => "audio output",
            What::WebSearch => "web searches",
        }
    }

    /// The part of the total it usually counts to.
    fn part(self) -> Part {
        match self {
            What::Output | What::Reasoning | What::AudioOutput => Part::Output,
            What::WebSearch => Part::Tools,
            _ => Part::Input,
        }
    }

    fn component(self) -> Option<Component> {
        Some(match self {
            What::Input => Component::Input,
            What::CacheRead => Component::CacheRead,
            What::CacheWrite => Component::CacheWrite,
            What::CacheWrite1h => Component::CacheWrite1h,
            What::AudioInput => Component::AudioInput,
            What::Citation => Component::Citation,
            What::Output => Component::Output,
            What::Reasoning => Component::Reasoning,
            What::AudioOutput => Component::AudioOutput,
            What::WebSearch => return None,
        })
    }
}

/// Prices a call of one model.
///
/// # Errors
/// [`Unpriced`] when a price that is needed is not published: an unknown price is never shown as zero.
pub fn estimate(
    model: &Model,
    provider: &Provider,
    usage: &Usage,
    terms: &Terms,
) -> Result<Estimate, Unpriced> {
    let seller = Seller::of(&provider.slug, &model.name);
    let asked = asked_tier(terms.service_tier, seller)?;
    let tariff = Tariff::new(model, seller, usage.input_tokens, asked, terms);
    let is_embedding = model.facts.mode == Some(Mode::Embedding);
    let has_price = |what| tariff.rate_of(what).is_some();
    if !has_price(What::Input) && !has_price(What::Output) {
        return Err(Unpriced::Model);
    }

    let mut warnings = Vec::new();
    warn_of_model(model, provider, usage, terms, &mut warnings);
    warn_of_tier(model, asked, &tariff, seller, &mut warnings);
    let mut bill = Bill::new(model, terms, warnings)?;
    for (what, tokens) in usage.by_kind() {
        let is_plain = matches!(what, What::Input | What::Output);
        // Embeddings charge their input only.
        let is_billed = !(is_embedding && what.part() == Part::Output);
        if is_billed && (is_plain || tokens > 0) {
            bill.tokens(&tariff, what, tokens)?;
        }
    }
    if usage.web_searches > 0 {
        bill.searches(model, seller, usage.web_searches, terms)?;
    }
    Ok(bill.total(&tariff))
}

fn asked_tier(tier: ServiceTier, seller: Seller) -> Result<Tier, Unpriced> {
    Ok(match tier {
        ServiceTier::Standard => Tier::Standard,
        ServiceTier::Flex => Tier::Flex,
        ServiceTier::Priority => Tier::Priority,
        ServiceTier::Balanced => Tier::Balanced,
        ServiceTier::Ultrafast => Tier::Ultrafast,
        ServiceTier::Batch => Tier::Batch,
        ServiceTier::Fast if seller.calls_priority_fast => Tier::Priority,
        ServiceTier::Fast => return Err(Unpriced::FastTier),
    })
}

fn warn_of_model(
    model: &Model,
    provider: &Provider,
    usage: &Usage,
    terms: &Terms,
    warnings: &mut Vec<Warning>,
) {
    match model.status(terms.at.date()) {
        Status::Active => {}
        Status::Retiring { on } => warnings.push(Warning::Retiring { on }),
        Status::Retired => warnings.push(Warning::Retired {
            since: model.facts.deprecation_date,
        }),
    }
    if model.is_free_listing() {
        warnings.push(Warning::FreeListing);
    }
    match model.facts.max_input_tokens {
        Some(max_input_tokens) if usage.input_tokens > max_input_tokens => {
            warnings.push(Warning::AboveContextWindow { max_input_tokens });
        }
        _ => {}
    }
    if model.facts.mode == Some(Mode::Embedding) && usage.output_tokens > 0 {
        warnings.push(Warning::OutputNotBilled);
    }
    match model.facts.max_output_tokens {
        Some(max_output_tokens) if usage.output_tokens > max_output_tokens => {
            warnings.push(Warning::AboveMaxOutput { max_output_tokens });
        }
        _ => {}
    }
    let is_router = |name: &str| name.contains("model-router") || name.contains("model_router");
    if provider.slug.starts_with("azure") && is_router(&model.name) {
        warnings.push(Warning::RouterFeeOnly);
    }
}

fn warn_of_tier(
    model: &Model,
    asked: Tier,
    tariff: &Tariff,
    seller: Seller,
    warnings: &mut Vec<Warning>,
) {
    if tariff.is_assumed_batch() {
        warnings.push(Warning::AssumedBatch);
    }
    if tariff.tier == asked {
        return;
    }
    let is_published = model.rates().has_tier(asked);
    warnings.push(if seller.ignores_service_tiers || is_published {
        Warning::TierIgnored {
            tier: asked,
            is_published,
        }
    } else {
        Warning::TierNotPublished { tier: asked }
    });
}

#[cfg(test)]
mod tests;
