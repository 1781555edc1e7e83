//! Heads that must be refused, with the status.

use super::{ESTIMATE, Row, get, line, post, row};

pub(super) fn request_lines() -> Vec<Row> {
    vec![
        row("words", &[400], "hello, is anybody there?\r\n\r\n"),
        row("no version", &[400], line("GET /health")),
        row("no target", &[400], line("GET HTTP/1.1")),
        row("no method", &[400], line("/health HTTP/1.1")),
        row("two blanks", &[400], line("GET  /health HTTP/1.1")),
        row("blank in front", &[400], line(" GET /health HTTP/1.1")),
        row("blank behind", &[400], line("GET /health HTTP/1.1 ")),
        row("tabs for blanks", &[400], line("GET\t/health\tHTTP/1.1")),
        row("blank in the target", &[400], line("GET /a b HTTP/1.1")),
        row("a fourth word", &[400], line("GET /health HTTP/1.1 x")),
        row("method with an at", &[400], line("G@T /health HTTP/1.1")),
        row("method with a colon", &[400], line("GET: /health HTTP/1.1")),
        row("method with NUL", &[400], line("GE\0T /health HTTP/1.1")),
        row("target without slash", &[400], line("GET health HTTP/1.1")),
        row("target with NUL", &[400], line("GET /hea\0lth HTTP/1.1")),
        row("target with DEL", &[400], line("GET /hea\x7flth HTTP/1.1")),
        row("target with bell", &[400], line("GET /hea\x07lth HTTP/1.1")),
        row("target with CR", &[400], line("GET /hea\rlth HTTP/1.1")),
        row("target in UTF-8", &[400], line("GET /gr\u{fc}n HTTP/1.1")),
        row(
            "target in Latin-1",
            &[400],
            b"GET /gr\xfcn HTTP/1.1\r\nHost: test\r\n\r\n",
        ),
        row("lower case protocol", &[400], line("GET /health http/1.1")),
        row("another protocol", &[400], line("GET /health ICY/1.1")),
        row("version of no digits", &[400], line("GET /health HTTP/a.b")),
        row(
            "version of one part",
            &[400, 505],
            line("GET /health HTTP/1"),
        ),
        row(
            "version of three digits",
            &[400],
            line("GET /health HTTP/1.10"),
        ),
        row("version with a comma", &[400], line("GET /health HTTP/1,1")),
        row("version 0.9", &[505], line("GET /health HTTP/0.9")),
        row("version 1.2", &[505], line("GET /health HTTP/1.2")),
        row("version 2.0", &[505], line("GET /health HTTP/2.0")),
        row("version 3.0", &[505], line("GET /health HTTP/3.0")),
        row("version 9.9", &[505], line("GET /health HTTP/9.9")),
        row(
            "HTTP/2 preface",
            &[505],
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0",
        ),
        row(
            "line ended by LF",
            &[400],
            "GET /health HTTP/1.1\nHost: test\r\n\r\n",
        ),
        row(
            "line ended by CR",
            &[400],
            "GET /health HTTP/1.1\rHost: test\r\n\r\n",
        ),
        row(
            "line ended by two CRs",
            &[400],
            "GET /health HTTP/1.1\r\r\nHost: test\r\n\r\n",
        ),
        row(
            "LF before the line",
            &[400],
            "\nGET /health HTTP/1.1\r\nHost: test\r\n\r\n",
        ),
        row("only LFs", &[400], "GET /health HTTP/1.1\nHost: test\n\n"),
        row(
            "TLS",
            &[400],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ),
    ]
}

pub(super) fn headers() -> Vec<Row> {
    let host = |host: &str| format!("GET /health HTTP/1.1\r\n{host}\r\n");
    vec![
        row("no Host", &[400], host("")),
        row("two Hosts", &[400], get("Host: other\r\n")),
        row("the same Host twice", &[400], get("Host: test\r\n")),
        row("Host with a blank", &[400], host("Host: te st\r\n")),
        row("Host with a path", &[400], host("Host: test/health\r\n")),
        row("Host with a user", &[400], host("Host: me@test\r\n")),
        row("Host with a list", &[400], host("Host: test, other\r\n")),
        row(
            "Host with a word for a port",
            &[400],
            host("Host: test:http\r\n"),
        ),
        row("no colon", &[400], get("Accept\r\n")),
        row("no name", &[400], get(": value\r\n")),
        row("blank before the colon", &[400], get("Accept : */*\r\n")),
        row("tab before the colon", &[400], get("Accept\t: */*\r\n")),
        row("blank before the name", &[400], host(" Host: test\r\n")),
        row("blank in the name", &[400], get("Acc ept: */*\r\n")),
        row("slash in the name", &[400], get("Acc/ept: */*\r\n")),
        row("name in UTF-8", &[400], get("Gr\u{fc}n: x\r\n")),
        row("NUL in the name", &[400], get("Acc\0ept: */*\r\n")),
        row("NUL in the value", &[400], get("Accept: *\0/*\r\n")),
        row("escape in the value", &[400], get("Accept: \x1b[2J\r\n")),
        row("DEL in the value", &[400], get("Accept: \x7f\r\n")),
        row(
            "vertical tab in the value",
            &[400],
            get("Accept: \x0b*/*\r\n"),
        ),
        row("CR in the value", &[400], get("Accept: a\rb\r\n")),
        row("line ended by LF", &[400], get("Accept: */*\n")),
        row("line ended by two CRs", &[400], get("Accept: */*\r\r\n")),
        row(
            "head ended by LF",
            &[400],
            "GET /health HTTP/1.1\r\nHost: test\r\n\n",
        ),
        row(
            "folded with a blank",
            &[400],
            get("Accept: */*,\r\n text/plain\r\n"),
        ),
        row(
            "folded with a tab",
            &[400],
            get("Accept: */*,\r\n\ttext/plain\r\n"),
        ),
        row(
            "folded with a colon",
            &[400],
            get("Accept: */*\r\n Content-Length: 5\r\n"),
        ),
        row("folded first", &[400], host("\tx\r\nHost: test\r\n")),
        row("folded into nothing", &[400], get("Accept: */*\r\n \r\n")),
    ]
}

pub(super) fn limits() -> Vec<Row> {
    let many = |count: usize, line: &str| line.repeat(count);
    let long = |length: usize| "a".repeat(length);
    vec![
        row(
            "target one byte too long",
            &[414],
            line(&format!("GET /{} HTTP/1.1", long(8_192))),
        ),
        row(
            "target without end",
            &[414],
            format!("GET /{}", long(60_000)),
        ),
        row(
            "method without end",
            &[400, 414, 431, 501],
            "G".repeat(60_000),
        ),
        row(
            "header without end",
            &[431],
            get(&format!("Accept: {}", long(60_000))),
        ),
        row("name without end", &[431], get(&long(60_000))),
        row(
            "headers without end",
            &[431],
            get(&many(5_000, "Accept: */*\r\n")),
        ),
        row("101 headers", &[431], get(&many(100, "Accept: */*\r\n"))),
        row(
            "cookies beyond the limit",
            &[431],
            get(&format!("Cookie: {}\r\n", long(17_000))),
        ),
        row(
            "a strange expectation",
            &[417],
            post("Expect: mercy\r\nContent-Length: 63\r\n", ESTIMATE),
        ),
        row(
            "an expectation more",
            &[417],
            post(
                "Expect: 100-continue, mercy\r\nContent-Length: 63\r\n",
                ESTIMATE,
            ),
        ),
        row(
            "a strange expectation of a GET",
            &[417],
            get("Expect: 200-ok\r\n"),
        ),
    ]
}
