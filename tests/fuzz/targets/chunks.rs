//! Bodies in chunks, as they come in.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use llm_pricing::server::door::chunked::Decoder;

const BODY_BYTES_MAX: usize = 1_000;

// A body is the same however it is cut up on its way, and never too large.
fuzz_target!(|bytes: &[u8]| {
    let decode = |piece: usize| {
        let (mut decoder, mut body, mut taken) = (Decoder::new(), Vec::new(), 0);
        let outcome = bytes.chunks(piece).try_for_each(|piece| {
            match decoder.take(piece, &mut body, BODY_BYTES_MAX) {
                Ok(length) => taken += length,
                Err(refusal) => return ControlFlow::Break(refusal),
            }
            ControlFlow::Continue(())
        });
        assert!(body.len() <= BODY_BYTES_MAX);
        assert!(taken <= bytes.len());
        (decoder.is_done(), body, taken, outcome.break_value())
    };
    let (is_done, body, taken, refusal) = decode(bytes.len().max(1));
    let again = decode(1);
    assert_eq!((is_done, &refusal), (again.0, &again.3));
    if refusal.is_none() {
        assert_eq!((&body, taken), (&again.1, again.2));
    }
    if is_done {
        // A second reading, chunk by chunk.
        let (mut rest, mut parts) = (&bytes[..taken], Vec::new());
        loop {
            let end = rest
                .windows(2)
                .position(|pair| pair == b"\r\n")
                .expect("a size");
            let size = rest[..end].split(|byte| b"; \t".contains(byte)).next();
            let size = str::from_utf8(size.expect("digits")).expect("digits");
            let size = usize::from_str_radix(size, 16).expect("digits");
            if size == 0 {
                break;
            }
            parts.extend_from_slice(&rest[end + 2..end + 2 + size]);
            rest = &rest[end + 2 + size..];
            rest = rest.strip_prefix(b"\r\n").expect("the end of a chunk");
        }
        assert_eq!(parts, body);
    }
});
