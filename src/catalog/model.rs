//! A model: its names, its facts, and what follows from them alone.

use std::sync::Arc;

use time::{Date, Duration};

use super::capability::Capabilities;
use super::measured::Measured;
use super::prices::{Prices, Step};
use super::provider::ProviderId;
use super::rates::{Component, Rates};
use super::vocabulary::{name_of, named};
use crate::money::Rate;

/// One priced model at one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// `<provider slug>/<name>`, unique ignoring case. Of two map entries that would share it and differ,
    /// the second carries a suffix: `~bare` for a key without a provider prefix.
    pub id: Box<str>,
    /// What the provider's own API calls the model.
    pub name: Box<str>,
    /// The keys of LiteLLM's map this model was made from, the prefixed one first; empty for a model only
    /// v1 knew.
    pub keys: Box<[Box<str>]>,
    pub v1: Option<V1Listing>,
    pub provider: ProviderId,
    pub facts: Facts,
    /// What an operator has measured; nobody publishes it, so only overrides state it.
    pub measured: Option<Box<Measured>>,
    /// Where the publisher states the prices.
    pub source: Option<Arc<str>>,
    pub(super) listed: ListedName,
}

/// What is stated of a model, apart from its names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `None` where the map does not say.
    pub mode: Option<Mode>,
    /// The context window, in tokens.
    pub max_input_tokens: Option<u64>,
    pub max_output_tokens: Option<u64>,
    /// Numbers in one embedding.
    pub output_vector_size: Option<u64>,
    /// The day from which the provider no longer serves the model.
    pub deprecation_date: Option<Date>,
    pub capabilities: Capabilities,
    pub prices: Prices,
    pub origin: Origin,
}

/// Who states the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Today's price map.
    #[default]
    Map,
    /// The v1 service, whose last price is kept; the map no longer has the model.
    V1,
}

/// The model's place in the v1 service, which keeps it listed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V1Listing {
    /// Position in v1's list, from 0. Of two providers with one model name, the earlier owns the name.
    pub position: u16,
    pub name: Box<str>,
}

/// Which of its names finds this very model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListedName {
    V1,
    Name,
    Id,
}

/// What the model is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Chat,
    Completion,
    Responses,
    Embedding,
    Realtime,
    Moderation,
    Evaluation,
    Decisions,
    Extraction,
    ImageGeneration,
    ImageEdit,
    VideoGeneration,
    AudioTranscription,
    AudioSpeech,
    Rerank,
    Ocr,
    Search,
    VectorStore,
    Guardrail,
}

impl Mode {
    /// Every mode with its name in LiteLLM's map and in the catalogue file.
    pub const NAMES: [(Mode, &str); 19] = [
        (Mode::Chat, "chat"),
        (Mode::Completion, "completion"),
        (Mode::Responses, "responses"),
        (Mode::Embedding, "embedding"),
        (Mode::Realtime, "realtime"),
        (Mode::Moderation, "moderation"),
        (Mode::Evaluation, "evaluation"),
        (Mode::Decisions, "decisions"),
        (Mode::Extraction, "extraction"),
        (Mode::ImageGeneration, "image_generation"),
        (Mode::ImageEdit, "image_edit"),
        (Mode::VideoGeneration, "video_generation"),
        (Mode::AudioTranscription, "audio_transcription"),
        (Mode::AudioSpeech, "audio_speech"),
        (Mode::Rerank, "rerank"),
        (Mode::Ocr, "ocr"),
        (Mode::Search, "search"),
        (Mode::VectorStore, "vector_store"),
        (Mode::Guardrail, "guardrail"),
    ];

    /// The mode of that name.
    pub fn named(text: &str) -> Option<Mode> {
        named(&Mode::NAMES, text)
    }

    pub fn name(self) -> &'static str {
        name_of(&Mode::NAMES, self).unwrap_or_default()
    }

    /// Whether such models take and give text, so that a listing at zero is an offer and not an omission.
    pub fn is_text(self) -> bool {
        use Mode::*;
        matches!(
            self,
            Chat | Completion
                | Responses
                | Embedding
                | Realtime
                | Moderation
                | Evaluation
                | Decisions
                | Extraction
        )
    }
}

/// Whether a model can still be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    /// It stops within [`RETIRING_DAYS`] days, on this one.
    Retiring {
        on: Date,
    },
    Retired,
}

/// How many days ahead a retirement is announced.
pub const RETIRING_DAYS: i64 = 90;

impl Model {
    /// The name that finds this very model in the catalogue: v1's spelling, the model name, or the id.
    pub fn listed_name(&self) -> &str {
        match (&self.v1, self.listed) {
            (Some(v1), ListedName::V1) => &v1.name,
            (_, ListedName::Name) => &self.name,
            _ => &self.id,
        }
    }

    /// What remains of the name without the paths of resellers: `gpt-oss-120b` of `openai/gpt-oss-120b`.
    pub(super) fn last_segment(&self) -> &str {
        self.name
            .rsplit_once('/')
            .map_or(&*self.name, |(_, last)| last)
    }

    /// The price of an input token. A model priced by steps only shows its first.
    pub fn input_rate(&self) -> Option<Rate> {
        self.base_rate(Component::Input)
    }

    /// The price of an output token. A model priced by steps only shows its first; an image model charges
    /// its image tokens when it has no output price, or a zero one (docs/PRICING.md).
    pub fn output_rate(&self) -> Option<Rate> {
        let output = self.base_rate(Component::Output);
        match output {
            Some(rate) if rate > Rate::ZERO => output,
            _ => self.rates().base(Component::ImageOutput).or(output),
        }
    }

    /// The base rate of a component. A model priced by steps only shows its first.
    pub fn base_rate(&self, component: Component) -> Option<Rate> {
        self.rates()
            .base(component)
            .or_else(|| self.steps().first()?.rates.base(component))
    }

    /// The flat rates.
    pub fn rates(&self) -> &Rates {
        &self.facts.prices.rates
    }

    /// The rates by input length, for the few models priced so.
    pub fn steps(&self) -> &[Step] {
        self.facts
            .prices
            .rare
            .as_deref()
            .map_or(&[], |rare| &rare.steps)
    }

    /// Whether the model can still be called on that day.
    pub fn status(&self, today: Date) -> Status {
        match self.facts.deprecation_date {
            _ if self.facts.origin == Origin::V1 => Status::Retired,
            Some(on) if on <= today => Status::Retired,
            Some(on) if on - today <= Duration::days(RETIRING_DAYS) => Status::Retiring { on },
            _ => Status::Active,
        }
    }

    /// Whether every token price the model has is an explicit zero: free, a preview, a price its publisher
    /// left out, or billed by something else. Never to win "cheapest" unasked.
    pub fn is_free_listing(&self) -> bool {
        let in_steps = self.steps().iter().flat_map(|step| step.rates.iter());
        let mut rates = self.rates().iter().chain(in_steps).peekable();
        rates.peek().is_some() && rates.all(|(_, rate)| rate == Rate::ZERO)
    }
}
