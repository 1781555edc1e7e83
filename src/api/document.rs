//! Replies that are put together once and sent many times.

use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::exchange::{Body, Call, Content, Reply};

/// What a document was asked with, as far as telemetry is interested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Plain,
    Compressed,
    NotModified,
}

/// A document in both encodings.
pub struct Document {
    kind: Kind,
    plain: Arc<[u8]>,
    whole: Range<usize>,
    compressed: Arc<[u8]>,
    tags: Tags,
}

/// The strong ETags of a document's two encodings (RFC 9110, 8.8.3): they are different sequences
/// of bytes.
struct Tags {
    plain: String,
    compressed: String,
}

/// What is said of a document besides its encoding.
#[derive(Clone, Copy)]
struct Kind {
    content: Content,
    /// The request headers that decide what is sent.
    vary: &'static str,
}

impl Kind {
    const JSON: Kind = Kind {
        content: Content::JSON,
        vary: "Accept-Encoding",
    };
}

/// Smaller bodies fit into a few packets, and are not worth compressing for one reply.
const COMPRESSED_FROM_BYTES: usize = 4_096;

impl Document {
    /// Compresses and tags the part `whole` of `bytes`; the rest stays reachable through
    /// [`Document::part`].
    pub fn new(bytes: &[u8], whole: Range<usize>) -> Document {
        let body = &bytes[whole.clone()];
        Document {
            kind: Kind::JSON,
            tags: Tags::new(&Sha256::digest(body)),
            compressed: compress(body, Compression::default()).into(),
            plain: bytes.into(),
            whole,
        }
    }

    /// One that was compressed when the program was built.
    pub fn built(content: Content, plain: &[u8], compressed: &[u8]) -> Document {
        Document {
            kind: Kind {
                content,
                ..Kind::JSON
            },
            tags: Tags::new(&Sha256::digest(plain)),
            compressed: compressed.into(),
            plain: plain.into(),
            whole: 0..plain.len(),
        }
    }

    /// The same, where something else is sent to those who do not prefer JSON.
    pub fn unless_refused(self) -> Document {
        let kind = Kind {
            vary: "Accept, Accept-Encoding",
            ..self.kind
        };
        Document { kind, ..self }
    }

    /// A part of the bytes the document was made from.
    pub fn part(&self, range: Range<usize>) -> &[u8] {
        &self.plain[range]
    }

    /// The document in the encoding the caller prefers, or 304 when the caller has it.
    pub fn reply(&self, call: &Call) -> (Reply, Sent) {
        if self.tags.are_known_to(call) {
            return self.tags.not_modified(self.kind, call);
        }
        if wants_gzip(call) {
            let all = 0..self.compressed.len();
            let body = Body::Shared(Arc::clone(&self.compressed), all);
            self.tags.compressed(self.kind, body)
        } else {
            let body = Body::Shared(Arc::clone(&self.plain), self.whole.clone());
            self.tags.plain(self.kind, body)
        }
    }

    /// The reply to a query that selects from this document. It follows from the document, the catalogue,
    /// the query and the program's version alone, and so does its tag: whoever has it already costs no
    /// selecting at all. The document does not say everything that is asked for: not what a model can do,
    /// nor all that is retired.
    pub fn selection(
        &self,
        catalog: &Catalog,
        call: &Call,
        select: impl FnOnce() -> Vec<u8>,
    ) -> (Reply, Sent) {
        let mut digest = Sha256::new();
        digest.update(&self.tags.plain);
        digest.update(catalog.digest());
        digest.update(call.query);
        digest.update(crate::VERSION);
        let tags = Tags::new(&digest.finalize());
        if tags.are_known_to(call) {
            return tags.not_modified(Kind::JSON, call);
        }
        tags.send(call, select())
    }
}

/// The reply with a small document that is put together for this one request.
pub fn reply_once(call: &Call, body: Vec<u8>) -> (Reply, Sent) {
    let tags = Tags::new(&Sha256::digest(&body));
    if tags.are_known_to(call) {
        tags.not_modified(Kind::JSON, call)
    } else {
        tags.send(call, body)
    }
}

impl Tags {
    fn new(digest: &[u8]) -> Tags {
        let tag: String = digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Tags {
            plain: format!("\"{tag}\""),
            compressed: format!("\"{tag}-gzip\""),
        }
    }

    /// Whether the caller has the document already.
    fn are_known_to(&self, call: &Call) -> bool {
        call.headers
            .all("If-None-Match")
            .flat_map(|value| value.split(','))
            // If-None-Match compares weakly (RFC 9110, 13.1.2).
            .map(|tag| tag.trim().trim_start_matches("W/"))
            .any(|tag| tag == "*" || tag == self.plain || tag == self.compressed)
    }

    fn not_modified(&self, kind: Kind, call: &Call) -> (Reply, Sent) {
        let tag = if wants_gzip(call) {
            &self.compressed
        } else {
            &self.plain
        };
        (
            tagged(304, kind, Body::Own(Vec::new()), tag),
            Sent::NotModified,
        )
    }

    /// A JSON body of this one reply, compressed when that is wanted and worth it.
    fn send(&self, call: &Call, body: Vec<u8>) -> (Reply, Sent) {
        if wants_gzip(call) && body.len() >= COMPRESSED_FROM_BYTES {
            let body = compress(&body, Compression::fast());
            self.compressed(Kind::JSON, Body::Own(body))
        } else {
            self.plain(Kind::JSON, Body::Own(body))
        }
    }

    fn plain(&self, kind: Kind, body: Body) -> (Reply, Sent) {
        (tagged(200, kind, body, &self.plain), Sent::Plain)
    }

    fn compressed(&self, kind: Kind, body: Body) -> (Reply, Sent) {
        let reply = tagged(200, kind, body, &self.compressed).with("Content-Encoding", "gzip");
        (reply, Sent::Compressed)
    }
}

fn tagged(status: u16, kind: Kind, body: Body, tag: &str) -> Reply {
    Reply {
        status,
        content: kind.content,
        headers: Vec::new(),
        body,
    }
    .with("ETag", tag.to_owned())
    .with("Cache-Control", "no-cache")
    .with("Vary", kind.vary)
}

fn compress(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).expect("a vector takes every byte");
    encoder.finish().expect("a vector takes every byte")
}

fn wants_gzip(call: &Call) -> bool {
    call.headers
        .get("Accept-Encoding")
        .is_some_and(accepts_gzip)
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
