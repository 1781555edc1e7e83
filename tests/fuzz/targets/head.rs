//! Heads of requests, as they come in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llm_pricing::server::door::Refusal;
use llm_pricing::server::door::head::{Framing, Head, judge};

fuzz_target!(|bytes: &[u8]| {
    // Empty lines before a request never get as far as a judgement.
    let mut bytes = bytes;
    while let Some(rest) = bytes.strip_prefix(b"\r\n") {
        bytes = rest;
    }
    let verdict = judge(bytes);
    check_growth(bytes, &verdict);
    if let Ok(Some(head)) = verdict {
        check_passed(&bytes[..head.length], &head);
    }
});

/// A head that comes in pieces gets the verdict it would get at once: what is whole is not refused
/// while it comes, and what is refused is not taken back.
fn check_growth(bytes: &[u8], verdict: &Result<Option<Head>, Refusal>) {
    let early = (0..bytes.len()).find_map(|length| match judge(&bytes[..length]) {
        Ok(None) => None,
        other => Some((length, other)),
    });
    match (early, verdict) {
        (None, _) => {}
        (Some((length, Ok(Some(early)))), Ok(Some(head))) => {
            assert_eq!(&early, head);
            assert_eq!(length, head.length);
        }
        (Some((_, Err(_))), Err(_)) => {}
        (early, verdict) => panic!("{early:?}, and then {verdict:?}"),
    }
}

/// The values of all fields of a name, by an own reading of the lines.
fn values<'a>(head: &'a [u8], name: &str) -> Vec<&'a [u8]> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let is_it = line[..colon].eq_ignore_ascii_case(name.as_bytes());
            is_it.then(|| line[colon + 1..].trim_ascii())
        })
        .collect()
}

/// Nothing passes over which two servers could differ, and what is passed on says the same.
fn check_passed(bytes: &[u8], head: &Head) {
    assert!(bytes.ends_with(b"\r\n\r\n"));
    let lengths = values(bytes, "Content-Length");
    let codings = values(bytes, "Transfer-Encoding");
    assert!(lengths.len() + codings.len() <= 1, "{head:?}");
    match (head.framing, lengths.first(), codings.first()) {
        (Framing::Length(0), None, None) => {}
        (Framing::Length(length), Some(text), None) => {
            let text = str::from_utf8(text).expect("digits");
            assert!(text.bytes().all(|byte| byte.is_ascii_digit()));
            assert_eq!(text.parse().unwrap_or(u64::MAX), length);
        }
        (Framing::Chunked, None, Some(text)) => assert!(text.eq_ignore_ascii_case(b"chunked")),
        other => panic!("{other:?}"),
    }
    let target = &bytes[head.target.clone()];
    assert!(target.iter().all(u8::is_ascii_graphic), "{target:?}");
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for line in &lines[..lines.len() - 1] {
        let line = line.strip_suffix(b"\r").expect("each line ends with CR LF");
        let is_text = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
        assert!(line.iter().all(is_text), "{line:?}");
        assert!(
            !line.starts_with(b" ") && !line.starts_with(b"\t"),
            "folded"
        );
    }

    let mut line = Vec::new();
    head.write_line(bytes, &mut line);
    let again = judge_line(&line);
    assert_eq!(again.method, head.method);
    assert_eq!(&line[again.target.clone()], target);
    assert_eq!(again.framing, Framing::Length(0));
}

/// What is passed on has no fields; with the one that HTTP/1.1 asks for it is a head like any other.
fn judge_line(line: &[u8]) -> Head {
    let line = line.strip_suffix(b"\r\n").expect("an empty line");
    let whole = [line, b"Host: x\r\n\r\n"].concat();
    judge(&whole).expect("it passes").expect("it is whole")
}
