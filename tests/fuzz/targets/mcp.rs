//! Messages of the Model Context Protocol.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime};

use fuzz::prices::small_catalog;
use libfuzzer_sys::fuzz_target;
use llm_pricing::api::Book;
use llm_pricing::api::mcp::{Desk, Incoming, answer};
use llm_pricing::clock::today;
use llm_pricing::exchange::Headers;
use llm_pricing::router::ROUTES;
use llm_pricing::telemetry::Telemetry;
use serde_json::Value;

static BOOK: LazyLock<Book> =
    LazyLock::new(|| Book::new(Arc::new(small_catalog()), today(SystemTime::now())));
static TELEMETRY: LazyLock<Telemetry> =
    LazyLock::new(|| Telemetry::new(ROUTES.len(), SystemTime::now()));

fuzz_target!(init: { LazyLock::force(&BOOK); }, |message: &[u8]| {
    let desk = Desk {
        book: &BOOK,
        telemetry: &TELEMETRY,
        replica: None,
        started: Instant::now(),
    };
    let headers = Headers::default();
    for incoming in [Incoming::Stdio, Incoming::Http(&headers)] {
        let said = answer(&desk, message, &incoming);
        let Some(body) = said.body else {
            assert_eq!(said.status, 202);
            continue;
        };
        assert!(!body.contains('\n'), "{body}");
        match serde_json::from_str(&body).expect("answers are JSON") {
            Value::Array(answers) => {
                assert!((1..=50).contains(&answers.len()), "{body}");
                answers.iter().for_each(check);
            }
            answer => check(&answer),
        }
    }
});

/// An answer is a result or an error, and what a tool finds is the same in both of its channels.
fn check(answer: &Value) {
    assert_eq!(answer["jsonrpc"], "2.0");
    let error = &answer["error"];
    assert_ne!(error.is_object(), answer["result"].is_object(), "{answer}");
    if error.is_object() {
        assert!(
            error["code"].is_i64() && error["message"].is_string(),
            "{answer}"
        );
        return;
    }
    let id = &answer["id"];
    assert!(id.is_string() || id.is_i64() || id.is_u64(), "{answer}");
    let result = &answer["result"];
    let Some(content) = result.get("content") else {
        return;
    };
    let text = content[0]["text"].as_str().expect("a text");
    if result["isError"] == true {
        assert!(text.len() <= 1_024, "{text}");
        assert!(result.get("structuredContent").is_none(), "{text}");
    } else {
        assert!(text.len() <= 32 << 10, "{} bytes", text.len());
        let same: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(same, result["structuredContent"]);
    }
}
