//! Bodies that must be refused for how they are framed, with the status.

use super::{ESTIMATE, Row, chunked, get, post, row};

pub(super) fn lengths() -> Vec<Row> {
    let length = |value: &str| post(&format!("Content-Length: {value}\r\n"), ESTIMATE);
    let both = |first: &str, second: &str| post(&format!("{first}\r\n{second}\r\n"), ESTIMATE);
    vec![
        row(
            "twice",
            &[400],
            both("Content-Length: 5", "Content-Length: 6"),
        ),
        row(
            "twice the same",
            &[400],
            both("Content-Length: 5", "content-length: 5"),
        ),
        row("a list", &[400], length("5, 6")),
        row("a list of the same", &[400], length("5, 5")),
        row("a list of one", &[400], length("5,")),
        row("a plus", &[400], length("+5")),
        row("a minus", &[400], length("-5")),
        row("minus nothing", &[400], length("-0")),
        row("hexadecimal", &[400], length("0x5")),
        row("a letter", &[400], length("5a")),
        row("a fraction", &[400], length("5.0")),
        row("an exponent", &[400], length("5e1")),
        row("a separator", &[400], length("1_000")),
        row("two numbers", &[400], length("5 5")),
        row("empty", &[400], length("")),
        row("blank", &[400], length("   ")),
        row("in quotes", &[400], length("\"5\"")),
        row("vertical tab", &[400], length("\x0b5")),
        row("NUL", &[400], length("5\0")),
        row("other digits", &[400], length("\u{665}")),
        row(
            "blank before the colon",
            &[400],
            post("Content-Length : 5\r\n", ESTIMATE),
        ),
        row("folded", &[400], length("\r\n 5")),
        row("20 digits", &[400, 413], length("18446744073709551621")),
        row("40 digits", &[400, 413], length(&"9".repeat(40))),
        row("1,000 digits", &[400, 413], length(&"9".repeat(1_000))),
        row("beyond 2^63", &[413], length("9223372036854775809")),
        row("2^63 less one", &[413], length("9223372036854775807")),
        row("beyond 2^32", &[413], length("4294967301")),
        row("more than memory", &[413], length("99999999999999")),
        row("one byte too many", &[413], length("1000001")),
        row(
            "a GET with two",
            &[400],
            get("Content-Length: 0\r\nContent-Length: 5\r\n"),
        ),
        row(
            "and chunked",
            &[400],
            post(
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
        ),
        row(
            "behind chunked",
            &[400],
            post(
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                "0\r\n\r\n",
            ),
        ),
        row(
            "and an unknown coding",
            &[400, 501],
            post(
                "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
                "0\r\n\r\n",
            ),
        ),
    ]
}

/// Where chunked is not the last coding nobody knows where the body ends, which is 400; where it is,
/// the others are what is not implemented, 501 (RFC 9112, 6.3).
pub(super) fn transfer_codings() -> Vec<Row> {
    let coding = |value: &str| post(&format!("Transfer-Encoding: {value}\r\n"), "0\r\n\r\n");
    let old = "POST /cost-estimate HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    vec![
        row("identity", &[400], coding("identity")),
        row("gzip", &[400], coding("gzip")),
        row("xchunked", &[400], coding("xchunked")),
        row("chunkedx", &[400], coding("chunkedx")),
        row("cow", &[400], coding("cow")),
        row("chunked in quotes", &[400, 501], coding("\"chunked\"")),
        row("chunked, identity", &[400], coding("chunked, identity")),
        row("identity, chunked", &[501], coding("identity, chunked")),
        row("gzip, chunked", &[501], coding("gzip, chunked")),
        row("chunked, chunked", &[400, 501], coding("chunked, chunked")),
        row("chunked with a comma", &[400, 501], coding("chunked,")),
        row("comma before chunked", &[400, 501], coding(", chunked")),
        row(
            "chunked with a parameter",
            &[400, 501],
            coding("chunked;q=1"),
        ),
        row("two words", &[400, 501], coding("chunked chunked")),
        row("empty", &[400, 501], coding("")),
        row("vertical tab", &[400], coding("\x0bchunked")),
        row("form feed", &[400], coding("chunked\x0c")),
        row("NUL", &[400], coding("chunked\0")),
        row("CR", &[400], coding("\rchunked")),
        row("folded", &[400], coding("\r\n chunked")),
        row(
            "line ended by LF",
            &[400],
            post("X: x\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ),
        row(
            "blank before the colon",
            &[400],
            post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        ),
        row(
            "twice",
            &[400, 501],
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
        ),
        row(
            "twice, differently",
            &[400, 501],
            post(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n",
                "0\r\n\r\n",
            ),
        ),
        row("in HTTP/1.0", &[400], old),
        row("with a GET", &[400], get("Transfer-Encoding: identity\r\n")),
    ]
}

pub(super) fn chunks() -> Vec<Row> {
    let size = |size: &str| chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n"));
    let million = "f4240";
    vec![
        row("minus", &[400], size("-1")),
        row("plus", &[400], size("+5")),
        row("0x", &[400], size("0x5")),
        row("not hexadecimal", &[400], size("g")),
        row("empty", &[400], size("")),
        row("blank in front", &[400], size(" 5")),
        row("a comma", &[400], size("5,5")),
        row("two numbers", &[400], size("5 5")),
        row("17 digits", &[400, 413], size("FFFFFFFFFFFFFFFFF")),
        row(
            "16 digits, rolled over",
            &[400, 413],
            size("10000000000000005"),
        ),
        row("2^64 less one", &[400, 413], size("FFFFFFFFFFFFFFFF")),
        row("2^63 less one", &[400, 413], size("7fffffffffffffff")),
        row("beyond 2^32", &[413], size("100000005")),
        row("1,000 zeros", &[400, 413, 431], size(&"0".repeat(1_000))),
        row(
            "size line ended by LF",
            &[400],
            chunked("5\nhello\r\n0\r\n\r\n"),
        ),
        row(
            "size line ended by CR",
            &[400],
            chunked("5\rhello\r\n0\r\n\r\n"),
        ),
        row(
            "more than it says",
            &[400],
            chunked("5\r\nhello, you\r\n0\r\n\r\n"),
        ),
        row(
            "less than it says",
            &[400],
            chunked("6\r\nhello\r\n0\r\n\r\n"),
        ),
        row("data ended by LF", &[400], chunked("5\r\nhello\n0\r\n\r\n")),
        row(
            "data ended by nothing",
            &[400],
            chunked("5\r\nhello0\r\n\r\n"),
        ),
        row("NUL in an extension", &[400], size("5;a=\0")),
        row("CR in an extension", &[400], size("5;a=\rb")),
        row("LF in an extension", &[400], size("5;a=\nb")),
        row(
            "endless extension",
            &[400, 413, 431],
            size(&format!("5;{}", "a".repeat(60_000))),
        ),
        row(
            "trailer without a colon",
            &[400],
            chunked("5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
        ),
        row(
            "trailer ended by LF",
            &[400],
            chunked("5\r\nhello\r\n0\r\nA: b\n\r\n"),
        ),
        row(
            "endless trailers",
            &[400, 413, 431],
            chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(9_000))),
        ),
        row(
            "more than the limit in sum",
            &[413],
            chunked(&format!(
                "{million}\r\n{}\r\n1\r\nx\r\n0\r\n\r\n",
                " ".repeat(1_000_000)
            )),
        ),
    ]
}
