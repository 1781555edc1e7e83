//! What a reader asks of a request. It is found out by letting it read, so that what is said of a request
//! cannot differ from what is taken.

use super::{Fields, Source};

/// A field that a reader has asked for.
pub struct Asked {
    pub name: String,
    pub is_required: bool,
    pub what: What,
}

/// What a field should be.
pub enum What {
    Text,
    Texts {
        length_max: usize,
    },
    Whole {
        min: u64,
        max: u64,
        /// What it is when it is not sent.
        unsaid: Option<u64>,
    },
    Decimal,
    /// False when it is not sent.
    Flag,
    Word(Vec<String>),
    Words {
        known: Vec<String>,
        length_max: usize,
    },
}

impl Fields<'_> {
    /// What a reader asks for, in its order.
    pub fn asked_by(reader: impl FnOnce(&mut Fields)) -> Vec<Asked> {
        let mut fields = Fields {
            asked: Some(Vec::new()),
            ..Fields::new(Source::Body, Vec::new())
        };
        reader(&mut fields);
        fields.asked.unwrap_or_default()
    }

    /// Takes note when somebody wants to know. That a field must be there is seen from what is said
    /// when it is not.
    pub(super) fn note(&mut self, name: &str, what: impl FnOnce() -> What) {
        if let Some(asked) = &mut self.asked {
            asked.push(Asked {
                name: name.to_owned(),
                is_required: false,
                what: what(),
            });
        }
    }

    /// Takes note that the field asked for last must be there.
    pub(super) fn note_required(&mut self) {
        if let Some(last) = self.asked.as_mut().and_then(|asked| asked.last_mut()) {
            last.is_required = true;
        }
    }
}

impl What {
    /// One of a few words.
    pub(super) fn word<T>(words: &[(T, &str)]) -> What {
        What::Word(texts(words))
    }

    /// Several of a few words.
    pub(super) fn words<T>(words: &[(T, &str)], length_max: usize) -> What {
        What::Words {
            known: texts(words),
            length_max,
        }
    }
}

fn texts<T>(words: &[(T, &str)]) -> Vec<String> {
    words.iter().map(|(_, word)| (*word).to_owned()).collect()
}
