//! What a model is good for, derived from the catalogue's facts alone.
//!
//! A pure function of the model and the day. Nothing is claimed that the facts cannot support, so no word
//! of speed, accuracy or reliability; a capability nobody mentions is unknown, never denied.

mod best_for;
mod cost_tier;

use time::Date;

use crate::catalog::capability::Capability::*;
use crate::catalog::rates::{Component, RateKey, Tier};
use crate::catalog::{Mode, Model};
use crate::money::{Rate, Usd};

pub use cost_tier::{CostTier, of as cost};

/// How many use cases a model shows, of those that apply in their order.
const USE_CASES_MAX: usize = 6;
/// How many strengths a model shows, of those that apply in their order.
const STRENGTHS_MAX: usize = 5;

/// A model in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// One sentence.
    pub best_for: String,
    /// At most six.
    pub use_cases: Vec<&'static str>,
    /// At most five.
    pub strengths: Vec<String>,
    pub cost_tier: CostTier,
    /// Three parts input to one part output, in USD per million tokens; for an embedding its input. `None`
    /// where a rate is missing or the tier was found by another unit.
    pub blended_usd_per_million: Option<Usd>,
}

/// Describes a model as of a day.
pub fn profile(model: &Model, today: Date) -> Profile {
    let (cost_tier, blended_usd_per_million) = cost(model);
    Profile {
        best_for: best_for::sentence(model, today),
        use_cases: use_cases(model, cost_tier),
        strengths: strengths(model, cost_tier),
        cost_tier,
        blended_usd_per_million,
    }
}

fn use_cases(model: &Model, cost_tier: CostTier) -> Vec<&'static str> {
    if let Some(of_mode) = model.facts.mode.and_then(use_cases_of_mode) {
        return of_mode.to_vec();
    }
    let can = |capability| model.facts.capabilities.can(capability);
    let context = model.facts.max_input_tokens.unwrap_or(0);
    let is_cheap = matches!(
        cost_tier,
        CostTier::Free | CostTier::UltraLow | CostTier::Low
    );
    let rules = [
        (is_code_model(model), "Writing and reviewing code"),
        (can(ComputerUse), "Operating a browser or desktop"),
        (can(FunctionCalling) && can(Reasoning), "Multi-step agents"),
        (
            can(FunctionCalling) && !can(Reasoning),
            "Calling tools and APIs",
        ),
        (can(Reasoning), "Maths, planning and hard questions"),
        (can(ResponseSchema), "Extracting data to a fixed schema"),
        (can(PdfInput), "Questions over PDF files"),
        (can(Vision), "Understanding images and screenshots"),
        (can(VideoInput), "Understanding video"),
        (can(AudioInput), "Voice input"),
        (can(AudioOutput), "Spoken replies"),
        (
            can(WebSearch) || can(UrlContext),
            "Answers that need current facts",
        ),
        (context >= 500_000, "Whole repositories or book-length text"),
        ((100_000..500_000).contains(&context), "Long documents"),
        ((1..=8_192).contains(&context), "Short prompts only"),
        (is_cheap, "High-volume classification and summarising"),
        (model.rates().has_tier(Tier::Batch), "Overnight bulk jobs"),
        (
            model.base_rate(Component::CacheRead).is_some(),
            "Chats with a long fixed prompt",
        ),
    ];
    let mut use_cases: Vec<_> = rules
        .into_iter()
        .filter(|(applies, _)| *applies)
        .map(|(_, text)| text)
        .collect();
    use_cases.truncate(USE_CASES_MAX);
    if use_cases.is_empty() {
        use_cases.push("General chat and text tasks");
    }
    use_cases
}

/// The use cases of a mode that says it all, or `None` for a mode of general text.
fn use_cases_of_mode(mode: Mode) -> Option<&'static [&'static str]> {
    Some(match mode {
        Mode::Embedding => &[
            "Semantic search",
            "Clustering and deduplication",
            "Retrieval indexes",
        ],
        Mode::Rerank => &["Re-ordering search hits"],
        Mode::ImageGeneration => &["Creating images"],
        Mode::ImageEdit => &["Editing images"],
        Mode::VideoGeneration => &["Creating short video"],
        Mode::AudioTranscription => &["Speech to text"],
        Mode::AudioSpeech => &["Text to speech"],
        Mode::Realtime => &["Live voice sessions"],
        Mode::Moderation | Mode::Guardrail => &["Content screening"],
        Mode::Ocr => &["Reading scanned pages"],
        Mode::Search | Mode::VectorStore => &["Web or document search"],
        Mode::Chat | Mode::Completion | Mode::Responses => return None,
        Mode::Evaluation | Mode::Decisions | Mode::Extraction => return None,
    })
}

fn strengths(model: &Model, cost_tier: CostTier) -> Vec<String> {
    let facts = &model.facts;
    let can = |capability| facts.capabilities.can(capability);
    let said = |applies: bool, text: &str| applies.then(|| text.to_owned());
    let tool_use = if can(ParallelFunctionCalling) {
        "Tool use (parallel)"
    } else {
        "Tool use"
    };
    let context = facts.max_input_tokens.filter(|tokens| *tokens >= 200_000);
    let answer = facts.max_output_tokens.filter(|tokens| *tokens >= 64_000);
    let batch_input = RateKey {
        tier: Tier::Batch,
        ..RateKey::base(Component::Input)
    };
    let cached_discount =
        discount(model, model.base_rate(Component::CacheRead)).filter(|percent| *percent >= 50);
    let batch_discount =
        discount(model, model.rates().get(batch_input)).filter(|percent| *percent > 0);

    let all = [
        context.map(|tokens| format!("Large context ({} tokens)", grouped(tokens))),
        answer.map(|tokens| format!("Long answers ({} tokens)", grouped(tokens))),
        said(can(Reasoning), "Reasoning"),
        said(can(FunctionCalling), tool_use),
        said(can(ResponseSchema), "Structured output"),
        said(can(Vision), "Sees images"),
        said(can(PdfInput), "Reads PDFs"),
        said(can(AudioInput), "Hears audio"),
        said(can(AudioOutput), "Speaks"),
        cached_discount.map(|percent| format!("Cheap cached input ({percent}% off)")),
        batch_discount.map(|percent| format!("Batch discount ({percent}%)")),
        said(
            matches!(cost_tier, CostTier::Free | CostTier::UltraLow),
            "Low price",
        ),
    ];
    all.into_iter().flatten().take(STRENGTHS_MAX).collect()
}

/// How many whole percent a rate is below the input rate, which must be a price.
fn discount(model: &Model, reduced: Option<Rate>) -> Option<i128> {
    let full = model
        .input_rate()
        .filter(|rate| *rate > Rate::ZERO)?
        .usd()
        .attos();
    Some((full - reduced?.usd().attos()) * 100 / full)
}

/// Whether the name says that the model is made for code.
fn is_code_model(model: &Model) -> bool {
    let name = model
        .name
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_code = |part: &str| part == "code";
    ["coder", "codex", "codestral", "devstral"]
        .iter()
        .any(|word| name.contains(word))
        || name
            .split(|char: char| !char.is_alphanumeric())
            .skip(1)
            .any(is_code)
}

/// Digits in groups of three: `1,048,576`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
