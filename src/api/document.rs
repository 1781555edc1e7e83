//! Replies that are put together once and sent many times.

use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::exchange::{Body, Call, Reply};

/// What a document was asked with, as far as telemetry is interested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Plain,
    Compressed,
    NotModified,
}

/// A JSON document in both encodings, with a strong ETag for each (RFC 9110, 8.8.3): the two are
/// different sequences of bytes.
pub struct Document {
    plain: Arc<[u8]>,
    whole: Range<usize>,
    compressed: Arc<[u8]>,
    etag_plain: String,
    etag_compressed: String,
}

impl Document {
    /// Compresses and tags the part `whole` of `bytes`; the rest stays reachable through
    /// [`Document::part`].
    pub fn new(bytes: &[u8], whole: Range<usize>) -> Document {
        let digest = Sha256::digest(&bytes[whole.clone()]);
        let tag: String = digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder
            .write_all(&bytes[whole.clone()])
            .expect("a vector takes every byte");
        let compressed = encoder.finish().expect("a vector takes every byte");
        Document {
            plain: bytes.into(),
            whole,
            compressed: compressed.into(),
            etag_plain: format!("\"{tag}\""),
            etag_compressed: format!("\"{tag}-gzip\""),
        }
    }

    /// A part of the bytes the document was made from.
    pub fn part(&self, range: Range<usize>) -> &[u8] {
        &self.plain[range]
    }

    /// The document in the encoding the caller prefers, or 304 when the caller has it.
    pub fn reply(&self, call: &Call) -> (Reply, Sent) {
        let compress = call
            .headers
            .get("Accept-Encoding")
            .is_some_and(accepts_gzip);
        let etag = if compress {
            &self.etag_compressed
        } else {
            &self.etag_plain
        };
        let known = call
            .headers
            .all("If-None-Match")
            .flat_map(|value| value.split(','))
            // If-None-Match compares weakly (RFC 9110, 13.1.2).
            .map(|tag| tag.trim().trim_start_matches("W/"))
            .any(|tag| tag == "*" || tag == self.etag_plain || tag == self.etag_compressed);
        let (status, sent, body) = if known {
            (304, Sent::NotModified, Body::Own(Vec::new()))
        } else if compress {
            let all = 0..self.compressed.len();
            (
                200,
                Sent::Compressed,
                Body::Shared(Arc::clone(&self.compressed), all),
            )
        } else {
            (
                200,
                Sent::Plain,
                Body::Shared(Arc::clone(&self.plain), self.whole.clone()),
            )
        };
        let mut reply = Reply::json_bytes(status, body)
            .with("ETag", etag.clone())
            .with("Cache-Control", "no-cache")
            .with("Vary", "Accept-Encoding");
        if sent == Sent::Compressed {
            reply = reply.with("Content-Encoding", "gzip");
        }
        (reply, sent)
    }
}

/// Whether an Accept-Encoding value admits gzip (RFC 9110, 12.5.3): by name, or by `*` when gzip
/// itself is not named, and not with a weight of zero.
fn accepts_gzip(value: &str) -> bool {
    let mut by_star = false;
    for part in value.split(',') {
        let mut pieces = part.split(';').map(str::trim);
        let coding = pieces.next().unwrap_or_default();
        let refused = pieces
            .filter_map(|piece| piece.split_once('='))
            .any(|(name, weight)| {
                name.trim().eq_ignore_ascii_case("q") && weight.trim().parse() == Ok(0.0)
            });
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            return !refused;
        }
        by_star |= coding == "*" && !refused;
    }
    by_star
}

#[cfg(test)]
mod tests {
    use super::accepts_gzip;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let rows = [
            ("named", "gzip", true),
            ("among others", "br, GZIP;q=0.5, deflate", true),
            ("star", "*", true),
            ("refused", "gzip;q=0", false),
            ("refused with decimals", "gzip; q=0.000, *", false),
            ("only identity", "identity", false),
            ("empty", "", false),
            ("part of another word", "gzipped", false),
        ];
        for (name, value, expected) in rows {
            assert_eq!(accepts_gzip(value), expected, "{name}");
        }
    }
}
