//! A request as its client sent it.
//!
//! tiny_http gets the request line alone: it would copy each field twice, and reads bodies in a way
//! that waits for the client. Whoever answers looks here.

use super::door::head;
use crate::exchange::Headers;

/// A connection between two requests keeps no more memory than this.
pub const KEPT_BYTES_MAX: usize = 16 << 10;

/// The last request of a connection: its head as it came, and the body without its framing.
#[derive(Default)]
pub struct Received {
    bytes: Vec<u8>,
    head_length: usize,
    /// How much of the server's memory for bodies it takes.
    reserved: usize,
}

impl Received {
    /// Takes over a request that is whole, and leaves what came behind it in `bytes`.
    pub fn take(&mut self, bytes: &mut Vec<u8>, head_length: usize, end: usize, reserved: usize) {
        // The two buffers change places again and again.
        self.bytes.clear();
        std::mem::swap(&mut self.bytes, bytes);
        bytes.extend_from_slice(&self.bytes[end..]);
        self.bytes.truncate(end);
        self.head_length = head_length;
        self.reserved = reserved;
    }

    /// Gives back what a large request took; returns how much of the memory for bodies that is.
    pub fn forget(&mut self) -> usize {
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            *self = Received {
                reserved: self.reserved,
                ..Received::default()
            };
        }
        std::mem::take(&mut self.reserved)
    }

    pub fn headers(&self) -> Headers<'_> {
        head::headers(&self.bytes[..self.head_length])
    }

    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head_length..]
    }
}
