//! What an operator knows better than the publishers: negotiated prices, private models, measured
//! figures.
//!
//! One JSON object, written by people; `docs/OPERATIONS.md` explains it. [`read()`] takes it in,
//! [`Overrides::apply`] puts it on top of a catalogue. Neither leaves anything out in silence: an entry
//! that would change nothing is a problem.

mod apply;
mod read;

use std::sync::Arc;

use time::Date;

use super::capability::Capability;
use super::measured::Measured;
use super::rates::{RateKey, Rates};
use super::{Mode, Problem};
use crate::money::{Discount, Rate};

pub use read::read;

/// What `format` says of this kind of file.
pub(super) const FORMAT: &str = "llm-pricing overrides";

/// A file of overrides, each entry by itself without fault.
#[derive(Debug)]
pub struct Overrides {
    /// Who states the prices, unless an entry says otherwise.
    source: Arc<str>,
    /// SHA-256 of the text, in lower-case hex.
    digest: String,
    providers: Vec<ProviderChange>,
    models: Vec<ModelChange>,
}

/// What is said of a provider.
#[derive(Debug)]
struct ProviderChange {
    line: Option<usize>,
    /// Slug, display name or alias; the slug of one that is new.
    named: String,
    /// The display name of one that is new.
    name: Option<String>,
    /// On every price per token the catalogue has of this provider.
    discount: Option<Discount>,
}

/// What is said of a model. What is not said stays as it is.
#[derive(Debug, Default)]
struct ModelChange {
    line: Option<usize>,
    /// Id or key; `<provider slug>/<name>` of one that is new.
    named: String,
    mode: Option<Mode>,
    max_input_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
    output_vector_size: Option<u64>,
    /// The inner one is `None` when the model is not to retire after all.
    deprecation_date: Option<Option<Date>>,
    can: Vec<Capability>,
    rates: RateChange,
    source: Option<Arc<str>>,
    measured: Measured,
}

/// What is said of a model's prices per token.
#[derive(Debug, Default)]
enum RateChange {
    #[default]
    Nothing,
    /// These change; `None` takes a rate away.
    Some(Vec<(RateKey, Option<Rate>)>),
    /// These are all there are.
    All(Rates),
}

impl Overrides {
    /// How many providers and models something is said of.
    pub fn counts(&self) -> (usize, usize) {
        (self.providers.len(), self.models.len())
    }
}

#[cfg(test)]
mod tests;
