//! What an import made of a map, for the person who refreshes the prices.

use std::collections::BTreeMap;
use std::fmt;

use super::{Faults, LeftOut};
use crate::catalog::Catalog;

/// A catalogue and the story of how it came about.
#[derive(Debug)]
pub struct Import {
    pub catalog: Catalog,
    pub report: Report,
}

/// What became of the entries of the map and of v1's models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Models in the catalogue.
    pub kept: usize,
    /// Entries that joined a twin with the same facts.
    pub merged_twins: usize,
    /// Bare keys that took over rates which only their twin states.
    pub completed_twins: Vec<String>,
    /// Ids with a suffix, because their twin states other facts.
    pub marked_twins: Vec<String>,
    pub left_out: BTreeMap<LeftOut, usize>,
    /// Models whose price cannot be right.
    pub refused: Vec<Note>,
    /// Entries whose mode was put right.
    pub corrected: Vec<Note>,
    /// What is odd about the map and yet can be read.
    pub faults: Faults,
    /// v1's models that the map has, at that provider.
    pub v1_matched: usize,
    /// v1's models that live on with v1's price.
    pub v1_retired: usize,
}

/// What was done about an entry, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub key: String,
    pub reason: String,
}

/// A few lines for a terminal: counts first, then every refusal with its reason, then the faults with
/// their first keys, or all of them in the alternate form, `{:#}`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} models kept", self.kept)?;
        writeln!(
            f,
            "v1: {} of its models are in the map, {} live on with v1's price",
            self.v1_matched, self.v1_retired
        )?;
        writeln!(
            f,
            "twins: {} merged, {} kept apart: {}",
            self.merged_twins,
            self.marked_twins.len(),
            self.marked_twins.join(", ")
        )?;
        if !self.completed_twins.is_empty() {
            writeln!(
                f,
                "completed by the rates of a twin: {}",
                self.completed_twins.join(", ")
            )?;
        }
        for (reason, count) in &self.left_out {
            writeln!(f, "{count} left out: {reason}")?;
        }
        for refusal in &self.refused {
            writeln!(f, "refused: {}: {}", refusal.key, refusal.reason)?;
        }
        for correction in &self.corrected {
            writeln!(f, "corrected: {}: {}", correction.key, correction.reason)?;
        }
        self.faults.fmt(f)
    }
}
