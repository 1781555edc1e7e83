//! Entries of the map that are listed as something they are not.

use serde::Deserialize;

use crate::catalog::{Facts, Mode};

/// The corrections that come with the program, each with its reason.
pub(super) struct Corrections(Vec<Correction>);

/// A row of `data/corrections.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    key: String,
    mode: String,
    reason: String,
}

impl Corrections {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// None in a released build: the tests read the same text.
    pub fn table() -> Result<Corrections, String> {
        let rows: Vec<Correction> = serde_json::from_str(include_str!("../data/corrections.json"))
            .map_err(|why| why.to_string())?;
        for Correction { key, mode, reason } in &rows {
            Mode::named(mode).ok_or_else(|| format!("{key}: there is no mode {mode:?}"))?;
            if reason.trim().is_empty() {
                return Err(format!("{key} is corrected without a reason"));
            }
        }
        Ok(Corrections(rows))
    }

    /// Puts the mode of a wrongly listed entry right, and gives the reason when that changes anything.
    pub fn apply(&self, map_key: &str, facts: &mut Facts) -> Option<&str> {
        let correction = self.0.iter().find(|row| row.key == map_key)?;
        let mode = Mode::named(&correction.mode)?;
        let was = facts.mode.replace(mode);
        (was != Some(mode)).then_some(&*correction.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_put_right_once_and_other_entries_are_left_alone() {
        let corrections = Corrections::table().unwrap();
        let wrong = &corrections.0[0].key;
        let mut facts = Facts {
            mode: Some(Mode::Chat),
            ..Facts::default()
        };
        assert!(corrections.apply(wrong, &mut facts).is_some());
        assert_eq!(facts.mode, Some(Mode::ImageGeneration));
        assert_eq!(corrections.apply(wrong, &mut facts), None);
        assert_eq!(corrections.apply("gpt-4o", &mut facts), None);
        assert_eq!(facts.mode, Some(Mode::ImageGeneration));
    }
}
