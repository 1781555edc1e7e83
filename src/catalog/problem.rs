//! What is wrong with a catalogue file or a price map, said so that a person can repair it.

use std::fmt;

/// One thing wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the file, from 1; `None` when the format has no lines worth counting.
    pub line: Option<usize>,
    /// The model id, map key or provider slug; "header" for the header.
    pub entry: String,
    /// What is wrong, naming the field and the value.
    pub wrong: String,
    /// What would be right.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        write!(
            f,
            "{}: {}; allowed: {}",
            self.entry, self.wrong, self.allowed
        )
    }
}

/// The problems found so far, and the entry now under inspection.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    line: Option<usize>,
    entry: String,
    problems: Vec<Problem>,
}

impl Inspection {
    /// What is reported from here on belongs to this entry.
    pub fn enter(&mut self, line: Option<usize>, entry: &str) {
        self.line = line;
        entry.clone_into(&mut self.entry);
    }

    pub fn report(&mut self, wrong: impl fmt::Display, allowed: impl fmt::Display) {
        self.problems.push(Problem {
            line: self.line,
            entry: self.entry.clone(),
            wrong: wrong.to_string(),
            allowed: allowed.to_string(),
        });
    }

    /// The value, or a report that this text of this field is no such thing.
    pub fn accept<T, E: fmt::Display>(
        &mut self,
        field: &str,
        text: &str,
        outcome: Result<T, E>,
        allowed: &str,
    ) -> Option<T> {
        outcome
            .map_err(|why| self.report(format_args!("{field} {text:?}: {why}"), allowed))
            .ok()
    }

    /// How many problems there are so far; an entry that raised the count is not used.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// The value if nothing was wrong.
    pub fn conclude<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(self.problems),
        }
    }
}
