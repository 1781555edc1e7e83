//! Bodies that no client in its right mind sends: each is refused in the contract's words, costs
//! nobody else anything, and takes not much more room than it is long.

use serde_json::Value;

use crate::harness::{Client, Instance, Response};

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;

/// Everything that reads a body.
const READERS: [&str; 4] = [
    "/cost-estimate",
    "/cost-estimate/batch",
    "/cost-estimate/cheapest",
    "/deployment/shutdown",
];

/// A refusal says no more than this, whatever was sent.
const REFUSAL_BYTES_MAX: usize = 8_000;

/// Checks that a request was refused for what the client did, and returns the kinds of its problems.
#[track_caller]
pub fn refusal(name: &str, reply: &Response) -> Vec<String> {
    let status = reply.status;
    assert!((400..500).contains(&status), "{name}: {}", reply.text());
    assert!(reply.body.len() < REFUSAL_BYTES_MAX, "{name} is amplified");
    match &reply.json()["detail"] {
        Value::String(detail) => vec![detail.clone()],
        Value::Array(problems) => problems
            .iter()
            .map(|problem| problem["type"].as_str().expect("a kind").to_owned())
            .collect(),
        other => panic!("{name}: {other}"),
    }
}

/// The one connection of a test still serves.
#[track_caller]
pub fn goes_on(name: &str, client: &mut Client) {
    let reply = client.post("/cost-estimate", ESTIMATE);
    assert_eq!(reply.status, 200, "after {name}: {}", reply.text());
}

fn utf16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    mark.into_iter()
        .chain(text.encode_utf16())
        .flat_map(bytes)
        .collect()
}

/// An object with this as the value of a field that nothing reads.
fn ignored(value: impl AsRef<[u8]>) -> Vec<u8> {
    [b"{\"note\":", value.as_ref(), b"}"].concat()
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_body_that_is_not_sound_json_is_422_wherever_one_is_read() {
    let server = Instance::start();
    let digits = |count| "9".repeat(count);
    let fields = |count| {
        let fields: Vec<String> = (0..count).map(|at| format!("\"f{at}\":0")).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    };
    let text = |text: &str| text.as_bytes().to_vec();
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("form", text("model_name=gpt-4o&input_tokens=1")),
        ("XML", text("<a>1</a>")),
        ("cut off", text(r#"{"model_name":"gpt"#)),
        ("cut off in an escape", text(r#"{"a":"\u12"#)),
        ("trailing garbage", text("{} x")),
        ("two objects", text("{}{}")),
        ("trailing comma", text(r#"{"a":1,}"#)),
        ("single quotes", text("{'a':1}")),
        ("bare key", text("{a:1}")),
        ("number as key", text("{1:1}")),
        ("comment", text("{/* */}")),
        ("NaN", ignored("NaN")),
        ("Infinity", ignored("Infinity")),
        ("minus Infinity", ignored("-Infinity")),
        ("hexadecimal", ignored("0x10")),
        ("leading zero", ignored("01")),
        ("plus sign", ignored("+1")),
        ("no digit before the point", ignored(".5")),
        ("no digit behind the point", ignored("1.")),
        ("no exponent", ignored("1e")),
        ("beyond any float", ignored("1e999")),
        ("below any float", ignored("-1e999")),
        ("400 digits", ignored(digits(400))),
        ("100,000 digits", ignored(digits(100_000))),
        (
            "beyond any float, deep inside",
            ignored("[{\"a\":[1e999]}]"),
        ),
        (
            "exponent of 30 digits",
            ignored(format!("1e{}", digits(30))),
        ),
        (
            "byte order mark",
            [b"\xef\xbb\xbf", ESTIMATE.as_bytes()].concat(),
        ),
        (
            "UTF-16, little end first",
            utf16(ESTIMATE, false, u16::to_le_bytes),
        ),
        (
            "UTF-16, big end first",
            utf16(ESTIMATE, false, u16::to_be_bytes),
        ),
        (
            "UTF-16 with a mark",
            utf16(ESTIMATE, true, u16::to_le_bytes),
        ),
        ("not UTF-8 in a value", ignored(b"\"\xff\"")),
        (
            "not UTF-8 in a key",
            text("").into_iter().chain(*b"{\"\xc3(\":1}").collect(),
        ),
        ("not UTF-8 between", b"{\x80\"a\":1}".to_vec()),
        ("overlong NUL", ignored(b"\"\xc0\x80\"")),
        ("surrogate in UTF-8", ignored(b"\"\xed\xa0\x80\"")),
        ("half a pair", ignored(r#""\ud800""#)),
        ("the other half", ignored(r#""\udc00""#)),
        ("a pair the wrong way round", ignored(r#""\udc00\ud800""#)),
        ("half a pair in a key", text(r#"{"\ud800":1}"#)),
        ("half a pair, deep inside", ignored(r#"[{"a":"\ud800"}]"#)),
        ("no such escape", ignored(r#""\x41""#)),
        ("control character", ignored(b"\"\x01\"")),
        ("line end in a text", ignored("\"a\nb\"")),
        ("NUL in a text", ignored(b"\"\0\"")),
        ("NUL between", b"{\0}".to_vec()),
        ("NUL behind", b"{}\0".to_vec()),
        ("form feed between", text("\x0c{}")),
        (
            "a name twice",
            text(r#"{"input_tokens":1,"input_tokens":1}"#),
        ),
        (
            "a name twice, once escaped",
            text(r#"{"note":1,"\u006eote":2}"#),
        ),
        (
            "a long name twice",
            format!(r#"{{"{0}":1,"{0}":2}}"#, "\u{200b}".repeat(100_000)).into_bytes(),
        ),
        ("257 fields", fields(257)),
        ("50,000 fields", fields(50_000)),
        ("lists without end", ignored("[".repeat(500_000))),
        ("objects without end", ignored("{\"a\":".repeat(100_000))),
        ("200 lists", ignored(nested("[", "]", 200))),
        ("200,000 lists", ignored(nested("[", "]", 200_000))),
        (
            "100,000 objects",
            ignored(nested("{\"a\":", "}", 100_000).replace(":}", ":0}")),
        ),
    ];
    for path in READERS {
        let mut client = server.connect();
        for (name, body) in &rows {
            let name = format!("{name} to {path}");
            let kinds = refusal(&name, &client.post(path, body));
            assert_eq!(kinds, ["json_invalid"], "{name}");
            goes_on(&name, &mut client);
        }
    }
    let status = server.get("/deployment/shutdown/status").json();
    assert_eq!(status["shutting_down"], false, "none of them is an order");
}

#[test]
fn a_body_that_is_no_object_is_422_wherever_one_is_read() {
    let server = Instance::start();
    let long = format!("\"{}\"", "x".repeat(900_000));
    let list = format!("[{}0]", "0,".repeat(400_000));
    let rows = [
        "null", "true", "7", "-0", "1E+2", "\"x\"", "[]", "[{}]", &long, &list,
    ];
    for path in READERS {
        let mut client = server.connect();
        for body in rows {
            let name = format!("{:.20} to {path}", body);
            let kinds = refusal(&name, &client.post(path, body));
            assert_eq!(kinds, ["model_attributes_type"], "{name}");
            goes_on(&name, &mut client);
        }
    }
    // A shutdown needs no body; the others do.
    for path in &READERS[..3] {
        for body in ["", " ", "\r\n\t ", &" ".repeat(900_000)] {
            let kinds = refusal(path, &server.post(path, body));
            assert_eq!(kinds, ["missing"], "{path}");
        }
    }
}

#[test]
fn a_field_that_is_hostile_is_422_and_says_so_once() {
    let server = Instance::start();
    let long = "x".repeat(900_000);
    let names =
        |count: usize, name: &str| format!("[{}{name}]", format!("{name},").repeat(count - 1));
    let tokens = |value: &str| {
        format!(r#"{{"model_name":"gpt-4o","input_tokens":{value},"output_tokens":1}}"#)
    };
    let model =
        |value: &str| format!(r#"{{"model_name":{value},"input_tokens":1,"output_tokens":1}}"#);
    let batch =
        |value: &str| format!(r#"{{"model_names":{value},"input_tokens":1,"output_tokens":1}}"#);
    let cheapest = |field: &str| format!(r#"{{"input_tokens":1,"output_tokens":1,{field}}}"#);
    let (one, many, all) = (READERS[0], READERS[1], READERS[2]);
    let rows = [
        ("1e300 tokens", one, tokens("1e300"), "less_than_equal"),
        (
            "minus 1e300 tokens",
            one,
            tokens("-1e300"),
            "greater_than_equal",
        ),
        (
            "300 digits",
            one,
            tokens(&"9".repeat(300)),
            "less_than_equal",
        ),
        (
            "a fraction too small to see",
            one,
            tokens("1e-300"),
            "int_from_float",
        ),
        (
            "a long text for a number",
            one,
            tokens(&format!("\"{long}\"")),
            "int_type",
        ),
        (
            "an object for a number",
            one,
            tokens("{\"a\":{}}"),
            "int_type",
        ),
        (
            "many objects for a number",
            one,
            tokens(&names(100_000, "{\"\":0}")),
            "int_type",
        ),
        (
            "a long name",
            one,
            model(&format!("\"{long}\"")),
            "string_too_long",
        ),
        ("an empty name", one, model("\"\""), "string_too_short"),
        (
            "NUL in a name",
            one,
            model(r#""gpt\u0000-4o""#),
            "string_pattern_mismatch",
        ),
        (
            "escape character in a name",
            one,
            model(r#""\u001b[2J""#),
            "string_pattern_mismatch",
        ),
        (
            "a list for a name",
            one,
            model(r#"["gpt-4o"]"#),
            "string_type",
        ),
        (
            "1,001 names",
            many,
            batch(&names(1_001, "\"gpt-4o\"")),
            "too_long",
        ),
        (
            "400,000 numbers",
            many,
            batch(&names(400_000, "0")),
            "too_long",
        ),
        (
            "1,000 numbers",
            many,
            batch(&names(1_000, "0")),
            "string_type",
        ),
        (
            "an object for a list",
            many,
            batch("{\"0\":\"gpt-4o\"}"),
            "list_type",
        ),
        (
            "lists of names",
            many,
            batch("[[\"gpt-4o\"]]"),
            "string_type",
        ),
        (
            "100,000 words",
            all,
            cheapest(&format!("\"supports\":{}", names(100_000, "\"vision\""))),
            "too_long",
        ),
        (
            "no such word",
            all,
            cheapest("\"supports\":[\"sight\",\"smell\"]"),
            "enum",
        ),
        (
            "a price of no size",
            all,
            cheapest("\"max_input_price\":-1e300"),
            "decimal_parsing",
        ),
        (
            "no limit",
            all,
            cheapest("\"limit\":1e18"),
            "less_than_equal",
        ),
        (
            "a drain without end",
            READERS[3],
            "{\"drain_timeout_seconds\":1e9}".into(),
            "less_than_equal",
        ),
    ];
    let mut client = server.connect();
    for (name, path, body, kind) in rows {
        let kinds = refusal(name, &client.post(path, &body));
        assert_eq!(kinds[0], kind, "{name}: {kinds:?}");
        assert!(
            kinds.iter().all(|other| *other == kind),
            "{name}: {kinds:?}"
        );
        goes_on(name, &mut client);
    }
    let unknown = client.post(one, model(r#""\ud83d\ude00""#));
    assert_eq!(unknown.status, 404, "a whole pair is a character");
    for (name, value) in [("minus zero", "-0"), ("a large exponent", "1E+2")] {
        assert_eq!(client.post(one, tokens(value)).status, 200, "{name}");
    }
}

/// The most memory a process has had, in KiB.
fn peak_kib(server: &Instance) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.expect("Linux says it").trim().trim_end_matches(" kB");
    peak.parse().expect("a number")
}

#[test]
fn no_body_takes_much_more_room_than_it_is_long() {
    // One worker of each kind and one connection, so that the largest body is what is measured, and not
    // how many at a time.
    let server = Instance::with(&[("WORKERS", "1"), ("BULK_WORKERS", "1")]);
    let full = |piece: &str| piece.repeat(999_000 / piece.len());
    let list = |piece: &str| format!("[{}0]", full(piece));
    let bodies = [
        ("numbers", list("0,")),
        ("empty lists", list("[],")),
        ("empty objects", list("{},")),
        ("objects of one field", list("{\"\":0},")),
        ("objects in objects", list("{\"\":{\"\":0}},")),
        ("empty texts", list("\"\",")),
        ("one text", format!("\"{}\"", full("x"))),
        ("one text of escapes", format!("\"{}\"", full("\\n"))),
    ];
    let mut client = server.connect();
    for path in ["/pricing", "/performance", "/use-cases", "/models", "/"] {
        assert_eq!(client.get(path).status, 200);
    }
    // The first large body is paid for by whoever reads it from the socket.
    client.post("/cost-estimate", full(" "));
    let before = peak_kib(&server);
    for (name, value) in bodies {
        for path in ["/cost-estimate", "/cost-estimate/batch"] {
            for field in ["note", "model_name", "model_names"] {
                client.post(path, format!("{{\"{field}\":{value}}}"));
            }
            client.post(path, &value);
        }
        let grown = peak_kib(&server).saturating_sub(before);
        assert!(grown < 4_000, "{name}: {grown} KiB more for 1 MB");
    }
}
