//! By what a catalogue remembers the files it was made of.

use sha2::{Digest, Sha256};

/// SHA-256 of a file's text in lower-case hex.
pub fn digest(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
