//! The chunked transfer coding (RFC 9112, 7.1), decoded as it comes in. Pure.

use super::refusal::Refusal;

/// Extensions and trailers may take this much in all. Neither says anything that is used here.
const OVERHEAD_BYTES_MAX: usize = 16 << 10;

const SIZE_DIGITS_MAX: u32 = 16;

/// A body on its way.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    overhead: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Among the digits of a chunk's size.
    Size {
        digits: u32,
        value: u64,
    },
    /// Among blanks behind the digits.
    Blank {
        value: u64,
    },
    /// Between the semicolon and the line's end.
    Extension {
        value: u64,
    },
    /// At the LF that ends the size line.
    SizeEnd {
        value: u64,
    },
    Data {
        left: u64,
    },
    /// At the CR, or then the LF, behind a chunk.
    DataCr,
    DataLf,
    /// At the start of a line behind the last chunk.
    TrailerStart,
    /// In a line, before or behind its colon.
    Trailer {
        is_named: bool,
    },
    /// At the LF that ends a trailer, or everything.
    TrailerLf,
    EndLf,
    Done,
}

const BAD_SIZE: Refusal = Refusal::Malformed("a chunk's size is not valid");
const BAD_END: Refusal = Refusal::Malformed("a chunk does not end with CR LF");
const BAD_TRAILER: Refusal = Refusal::Malformed("the lines behind the last chunk are not valid");
const TOO_MUCH_OVERHEAD: Refusal =
    Refusal::Malformed("the chunks' extensions or trailers are too long");

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder {
            state: State::Size {
                digits: 0,
                value: 0,
            },
            overhead: 0,
        }
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes bytes in and appends those of the body to `body`, up to `bytes_max` in all. Returns how
    /// many were taken: all of them, unless the body ends before.
    ///
    /// # Errors
    /// When the framing is broken, or the body too large.
    pub fn take(
        &mut self,
        input: &[u8],
        body: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<usize, Refusal> {
        let mut at = 0;
        while at < input.len() && !self.is_done() {
            if let State::Data { left } = self.state {
                let here = usize::try_from(left)
                    .unwrap_or(usize::MAX)
                    .min(input.len() - at);
                body.extend_from_slice(&input[at..at + here]);
                at += here;
                self.state = match left - here as u64 {
                    0 => State::DataCr,
                    left => State::Data { left },
                };
                continue;
            }
            let room = bytes_max.saturating_sub(body.len()) as u64;
            self.state = self.after(input[at], room)?;
            at += 1;
        }
        Ok(at)
    }

    /// The state behind a byte that is not of the body.
    fn after(&mut self, byte: u8, room: u64) -> Result<State, Refusal> {
        Ok(match (self.state, byte) {
            (State::Size { digits, value }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                if digits == SIZE_DIGITS_MAX {
                    return Err(BAD_SIZE);
                }
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                State::Size {
                    digits: digits + 1,
                    value: value << 4 | u64::from(digit),
                }
            }
            (State::Size { digits: 0, .. }, _) => return Err(BAD_SIZE),
            (
                State::Size { value, .. } | State::Blank { value } | State::Extension { value },
                b'\r',
            ) => State::SizeEnd { value },
            (State::Size { value, .. } | State::Blank { value }, b' ' | b'\t') => {
                self.pay(1)?;
                State::Blank { value }
            }
            (State::Size { value, .. } | State::Blank { value }, b';') => {
                State::Extension { value }
            }
            (State::Extension { value }, b'\t' | b' '..=b'~' | 0x80..) => {
                self.pay(1)?;
                State::Extension { value }
            }
            (State::Size { .. } | State::Blank { .. } | State::Extension { .. }, _) => {
                return Err(BAD_SIZE);
            }
            (State::SizeEnd { value: 0 }, b'\n') => State::TrailerStart,
            (State::SizeEnd { value }, b'\n') if value > room => {
                return Err(Refusal::BodyTooLarge);
            }
            (State::SizeEnd { value }, b'\n') => State::Data { left: value },
            (State::SizeEnd { .. }, _) => return Err(BAD_SIZE),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size {
                digits: 0,
                value: 0,
            },
            (State::DataCr | State::DataLf, _) => return Err(BAD_END),
            (State::TrailerStart, b'\r') => State::EndLf,
            (State::TrailerStart, b'!'..=b'9' | b';'..=b'~') => {
                self.pay(1)?;
                State::Trailer { is_named: false }
            }
            (State::Trailer { is_named }, b'\t' | b' '..=b'~' | 0x80..) => {
                self.pay(1)?;
                let is_named = is_named || byte == b':';
                State::Trailer { is_named }
            }
            (State::Trailer { is_named: true }, b'\r') => State::TrailerLf,
            (State::TrailerLf, b'\n') => State::TrailerStart,
            (State::EndLf, b'\n') => State::Done,
            (
                State::TrailerStart
                | State::Trailer { .. }
                | State::TrailerLf
                | State::EndLf
                | State::Data { .. }
                | State::Done,
                _,
            ) => return Err(BAD_TRAILER),
        })
    }

    fn pay(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.overhead += bytes;
        if self.overhead > OVERHEAD_BYTES_MAX {
            return Err(TOO_MUCH_OVERHEAD);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BYTES_MAX: usize = 1_000;

    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        let (mut decoder, mut body, mut behind) = (Decoder::new(), Vec::new(), Vec::new());
        for piece in pieces {
            let taken = decoder.take(piece, &mut body, BYTES_MAX)?;
            behind.extend_from_slice(&piece[taken..]);
        }
        assert!(decoder.is_done(), "{decoder:?}");
        Ok((body, behind))
    }

    proptest! {
        #[test]
        fn a_body_is_the_same_however_it_is_cut(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..10),
            extension in "(;[a-z]{1,5}=[a-z0-9]{0,5})?",
            trailer in "(x-[a-z]{1,5}: [a-z]{0,5}\r\n){0,2}",
            behind in prop::collection::vec(any::<u8>(), 0..20),
            cut in 1_usize..7,
        ) {
            let mut coded = Vec::new();
            for chunk in &chunks {
                coded.extend_from_slice(format!("{:X}{extension}\r\n", chunk.len()).as_bytes());
                coded.extend_from_slice(chunk);
                coded.extend_from_slice(b"\r\n");
            }
            coded.extend_from_slice(format!("0{extension}\r\n{trailer}\r\n").as_bytes());
            coded.extend_from_slice(&behind);
            let pieces: Vec<&[u8]> = coded.chunks(cut).collect();
            prop_assert_eq!(decode(&pieces), Ok((chunks.concat(), behind)));
        }
    }

    #[test]
    fn broken_chunks_are_refused() {
        let rows: [(&str, &[u8], Refusal); 14] = [
            ("no size", b"\r\n", BAD_SIZE),
            ("sign", b"-1\r\n", BAD_SIZE),
            ("0x", b"0x5\r\n", BAD_SIZE),
            ("blank before", b" 5\r\n", BAD_SIZE),
            ("bare LF", b"5\nhello\r\n", BAD_SIZE),
            ("17 digits", b"00000000000000005\r\n", BAD_SIZE),
            ("control character", b"5;\x01\r\n", BAD_SIZE),
            ("too short", b"5\r\nhell\r\n0\r\n\r\n", BAD_END),
            ("too long", b"5\r\nhello!\r\n", BAD_END),
            ("one too many", b"3E9\r\n", Refusal::BodyTooLarge),
            ("absurd", b"FFFFFFFFFFFFFFFF\r\n", Refusal::BodyTooLarge),
            ("two sizes", b"5 5\r\nhello\r\n", BAD_SIZE),
            ("no colon in a trailer", b"0\r\na\r\n\r\n", BAD_TRAILER),
            ("bare LF in a trailer", b"0\r\na: b\n\r\n", BAD_TRAILER),
        ];
        for (name, coded, refusal) in rows {
            assert_eq!(decode(&[coded]), Err(refusal), "{name}");
        }
    }

    #[test]
    fn extensions_and_trailers_have_an_end() {
        for start in ["5;", "0\r\nx: "] {
            let endless = [start.as_bytes(), &[b'a'; OVERHEAD_BYTES_MAX + 1]].concat();
            assert_eq!(decode(&[&endless]), Err(TOO_MUCH_OVERHEAD), "{start:?}");
        }
    }
}
