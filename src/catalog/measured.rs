//! How fast a model was, by somebody's clock.

use std::sync::Arc;

use time::Date;

/// What was measured of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Output tokens per second.
    pub throughput: Option<Measurement>,
    /// Milliseconds to the first token.
    pub latency: Option<Measurement>,
}

/// A figure, and who stands for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Above zero and finite.
    pub figure: f64,
    /// Who measured it, and how, in words.
    pub source: Arc<str>,
    /// The day it was measured.
    pub date: Date,
}
