//! Request bodies: which are here, which have to be read, and which must never be.
//!
//! tiny_http reads bodies of up to 1,024 bytes before we see the request. When a request with a
//! longer one is dropped, it allocates the **declared** rest of the body and reads it
//! (`util/equal_reader.rs`), so a request must be read to its end, or its connection closed first,
//! and one that declares more than can be allocated must not be dropped at all.

use std::io::{self, Read};

use tiny_http::Request;

/// A dropped request may allocate this much. The kernel gives zeroed memory only when it is
/// written to, so a large declaration without bytes costs address space, not memory.
const DROPPABLE_BYTES_MAX: usize = 64 << 20;

/// tiny_http has read bodies up to this length into memory when it hands a request over.
const READ_AHEAD_BYTES: usize = 1_024;

/// How much of a request's body there is.
#[derive(Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it is in memory, or there is none.
    Here,
    /// Some of it is still to come; reading may wait for the client.
    ToRead,
    /// It declares more than is allowed.
    TooLarge,
}

pub fn extent(request: &Request, bytes_max: usize) -> Extent {
    let has = |name: &'static str| request.headers().iter().any(|h| h.field.equiv(name));
    match request.body_length() {
        Some(length) if length > bytes_max => Extent::TooLarge,
        Some(0) => Extent::Here,
        Some(length) if length <= READ_AHEAD_BYTES && !has("Expect") => Extent::Here,
        Some(_) => Extent::ToRead,
        None if has("Transfer-Encoding") => Extent::ToRead,
        None => Extent::Here,
    }
}

/// Why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    TooLarge,
    /// The client closed or broke the framing before the end.
    Incomplete,
}

/// Reads a body to its end.
///
/// # Errors
/// When it is larger than `bytes_max`, or ends early.
pub fn read(request: &mut Request, bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let declared = request.body_length();
    let mut body = Vec::with_capacity(declared.unwrap_or(0).min(bytes_max));
    let limit = bytes_max as u64 + 1;
    let read: io::Result<usize> = request.as_reader().take(limit).read_to_end(&mut body);
    match read {
        Ok(length) if length > bytes_max => Err(Unread::TooLarge),
        Ok(length) if declared.is_none_or(|declared| declared == length) => Ok(body),
        _ => Err(Unread::Incomplete),
    }
}

/// Whether a request whose connection is closed may be dropped, or must be kept for ever.
pub fn is_droppable(request: &Request) -> bool {
    request
        .body_length()
        .is_none_or(|length| length <= DROPPABLE_BYTES_MAX)
}
