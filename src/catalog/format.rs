//! Which kind of file a text is.

use std::fmt;

use super::{file, overrides};

/// The kinds of file this program reads prices from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// This repository's own ([`mod@file`]).
    Catalogue,
    /// LiteLLM's ([`super::litellm`]), which does not say what it is.
    PriceMap,
    /// What an operator knows better ([`overrides`]).
    Overrides,
}

/// What says it stands at the head of the file.
const HEAD_BYTES: usize = 512;

impl Format {
    /// The kind of a text by the name at its head, whatever may be wrong with the rest.
    pub fn of(text: &str) -> Format {
        let head = &text.as_bytes()[..text.len().min(HEAD_BYTES)];
        let says = |name: &str| {
            let quoted = format!("\"{name}\"");
            head.windows(quoted.len())
                .any(|part| part == quoted.as_bytes())
        };
        if says(file::FORMAT) {
            Format::Catalogue
        } else if says(overrides::FORMAT) {
            Format::Overrides
        } else {
            Format::PriceMap
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Catalogue => "catalogue",
            Format::PriceMap => "LiteLLM price map",
            Format::Overrides => "overrides",
        })
    }
}
