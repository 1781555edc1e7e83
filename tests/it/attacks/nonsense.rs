//! What is no HTTP, no JSON, or not what can be done here.

use super::wire::{Ends, volley};
use super::{Dice, Plan};

/// The beginning of a TLS handshake, as a browser sends it to a port that speaks none.
const CLIENT_HELLO: &[u8] =
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\
      \x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20\
      \x00\x00\x20\xcc\xa8\xcc\xa9\xc0\x2f\xc0\x30\xc0\x2b\xc0\x2c\xc0\x13\xc0\x09\xc0\x14\xc0";

/// Bodies that are no JSON, or none that is wanted, to every route that takes one.
pub fn malformed_json(plan: &Plan) -> Ends {
    let bodies = bodies();
    let requests: Vec<Vec<u8>> = [
        "/cost-estimate",
        "/cost-estimate/batch",
        "/cost-estimate/cheapest",
    ]
    .iter()
    .flat_map(|path| bodies.iter().map(|body| post(path, body)))
    .collect();
    volley(plan.address, &requests, 10)
}

pub fn wrong_methods(plan: &Plan) -> Ends {
    let long = "M".repeat(1_000);
    let methods = [
        "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "PROPFIND", &long,
    ];
    let paths = [
        "/",
        "/health/live",
        "/pricing",
        "/cost-estimate",
        "/deployment/shutdown",
        "/nowhere",
    ];
    let requests: Vec<Vec<u8>> = methods
        .iter()
        .flat_map(|method| {
            paths.map(|path| format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n"))
        })
        .map(String::into_bytes)
        .collect();
    volley(plan.address, &requests, 20)
}

/// Bytes that mean nothing, and TLS. Some end like a head, the others never.
pub fn noise(plan: &Plan) -> Ends {
    let mut dice = Dice::new(plan.seed);
    let requests: Vec<Vec<u8>> = (0..300).map(|_| some_noise(&mut dice)).collect();
    volley(plan.address, &requests, 300)
}

pub fn some_noise(dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => CLIENT_HELLO.to_vec(),
        1 => [dice.bytes(300).as_slice(), b"\r\n\r\n"].concat(),
        _ => {
            let length = 1 + dice.below(4_096);
            dice.bytes(length)
        }
    }
}

/// Good requests in which a few bytes are no longer what they were.
pub fn requests_gone_wrong(plan: &Plan) -> Ends {
    let mut dice = Dice::new(plan.seed);
    let requests: Vec<Vec<u8>> = (0..300).map(|_| a_request_gone_wrong(&mut dice)).collect();
    volley(plan.address, &requests, 300)
}

pub fn a_request_gone_wrong(dice: &mut Dice) -> Vec<u8> {
    let body = br#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;
    let mut bytes = match dice.below(3) {
        0 => b"GET /models?provider=openai HTTP/1.1\r\nHost: test\r\nAccept: */*\r\n\r\n".to_vec(),
        1 => post("/cost-estimate", body),
        _ => [
            b"POST /cost-estimate HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3f\r\n"
                .as_slice(),
            body,
            b"\r\n0\r\n\r\n",
        ]
        .concat(),
    };
    const LIKELY: &[u8] = b"\r\n\0 \t:,;-+09aAzZ\x7f\xff\"{}[]";
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(bytes.len());
        let byte = LIKELY[dice.below(LIKELY.len())];
        match dice.below(4) {
            0 => bytes.insert(at, byte),
            1 if bytes.len() > 1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at.max(1)),
            _ => bytes[at] = byte,
        }
    }
    bytes
}

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Every one of them deserves a 4xx.
fn bodies() -> Vec<Vec<u8>> {
    let model = r#""model_name":"gpt-4o","model_names":["gpt-4o"],"output_tokens":1"#;
    let tokens = |value: &str| format!("{{{model},\"input_tokens\":{value}}}").into_bytes();
    let utf_16 = |big_endian: bool| -> Vec<u8> {
        let text = format!("\u{feff}{{{model},\"input_tokens\":1}}");
        text.encode_utf16()
            .flat_map(|unit| match big_endian {
                true => unit.to_be_bytes(),
                false => unit.to_le_bytes(),
            })
            .collect()
    };
    let long = "x".repeat(900_000);
    let mut bodies: Vec<Vec<u8>> = [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "1e-999",
        "1e308",
        "-1",
        "0.5",
        "00",
        "01",
        "+1",
        "0x10",
        "1.",
        ".5",
        "1e",
        "1e+",
        "--1",
        "1_000",
        "true",
        "null",
        "\"1\"",
        "[1]",
        "{}",
        "99999999999999999999",
        "undefined",
        "'1'",
        "1,",
    ]
    .into_iter()
    .map(tokens)
    .collect();
    bodies.push(tokens(&"9".repeat(400_000)));
    bodies.push(tokens(&format!("1e{}", "9".repeat(400_000))));
    bodies.push(tokens(&format!("0.{}1", "0".repeat(400_000))));
    bodies.push(tokens("1,\"input_tokens\":2"));
    bodies.push(tokens("1} {"));
    bodies.push(tokens("1}//"));
    bodies.push(tokens(&"[".repeat(500_000)));
    bodies.push(tokens(&format!(
        "{}{}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    )));
    bodies.push("{\"a\":".repeat(150_000).into_bytes());
    bodies.push("[".repeat(900_000).into_bytes());
    bodies.push(format!("[{}1]", "1,".repeat(400_000)).into_bytes());
    bodies.push(format!("\"{long}").into_bytes());
    bodies.push(format!("{{\"{long}\":1}}").into_bytes());
    bodies.push(" ".repeat(900_000).into_bytes());
    bodies.push(utf_16(true));
    bodies.push(utf_16(false));
    bodies.push(vec![0; 900_000]);
    bodies.push(vec![0xff; 900_000]);
    bodies.extend(
        [
            b"".as_slice(),
            b" ",
            b"{",
            b"}",
            b"[",
            b"\"",
            b"{\"",
            b"{\"a",
            b"{\"a\"",
            b"{\"a\":",
            b"{\"a\":1",
            b"{\"a\":1,",
            b"{\"a\":1,}",
            b"{,}",
            b"{a:1}",
            b"{'a':1}",
            b"{\"a\" 1}",
            b"{\"a\":\"\\",
            b"{\"a\":\"\\u",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\\x41\"}",
            b"{\"a\":\"\n\"}",
            b"{\"a\":\"\0\"}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\xc0\x80\"}",
            b"{\"a\":\"\xed\xa0\x80\"}",
            b"{\"a\":tru}",
            b"nul",
            b"null",
            b"true",
            b"7",
            b"\"x\"",
            b"model_name=gpt-4o&input_tokens=1",
            b"<xml/>",
            b"--boundary\r\n",
            b"\xef\xbb\xbf",
        ]
        .map(<[u8]>::to_vec),
    );
    bodies
}
