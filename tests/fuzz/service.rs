//! The service without its sockets, and what holds of every reply.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use llm_pricing::api::{self, Api, Book, Entrance, Shelf};
use llm_pricing::cli::Settings;
use llm_pricing::clock::today;
use llm_pricing::config::Config;
use llm_pricing::deployment::Lifecycle;
use llm_pricing::exchange::{Answer, Call, Headers, Method, Reply};
use llm_pricing::router::{ROUTES, triage};
use llm_pricing::supply::Supply;
use llm_pricing::telemetry::Telemetry;
use llm_pricing::vitals::Vitals;
use serde_json::Value;

use crate::allocation::peak_of;
use crate::prices::small_catalog;

/// Everything the handlers look at, with default settings and a small catalogue.
pub fn api() -> Api {
    let config = Config::from_settings(&Settings::default(), &|_| None).expect("defaults are good");
    let started_at = SystemTime::now();
    let lifecycle = Arc::new(Lifecycle::new(config.drain));
    lifecycle.open();
    let shelf = Shelf::default();
    let book = Book::new(Arc::new(small_catalog()), today(started_at));
    book.prepare();
    shelf.put(Arc::new(book));
    Api {
        lifecycle,
        telemetry: Telemetry::new(ROUTES.len(), started_at),
        vitals: Arc::new(Vitals::default()),
        shelf,
        supply: Supply::default(),
        access: config.access,
        rate_limiter: None,
        watchdog: Duration::ZERO,
        identity: config.identity,
        access_log: None,
        catalog_age_days_max: config.catalog_age_days_max,
        started: Instant::now(),
        renewals: 0,
        has_admin_port: false,
        started_at,
    }
}

/// What came of a call.
pub struct Outcome {
    pub status: u16,
    pub text: String,
    pub json: Value,
}

impl Outcome {
    /// The kind of its first problem; empty when there is none.
    pub fn kind(&self) -> &str {
        self.json["detail"][0]["type"].as_str().unwrap_or_default()
    }
}

/// Answers a call and checks what holds of every reply: it is JSON, it blames the client and says
/// what for or answers, and it took no more memory than what was sent and what is said account for.
pub fn answer(api: &Api, method: Method, target: &str, body: &[u8]) -> Outcome {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let call = Call {
        method,
        endpoint: triage(method, path, query).endpoint,
        path,
        query,
        headers: Headers::default(),
        body,
        peer: (Ipv4Addr::LOCALHOST, 1).into(),
    };
    let (answer, peak) = peak_of(|| api::answer(api, Entrance::Main, &call));
    let reply = match answer {
        Answer::Now(reply) => reply,
        Answer::WhenDrained => Reply::detail(200, "later"),
    };
    let text = String::from_utf8(reply.body.as_bytes().to_vec()).expect("replies are UTF-8");
    let status = reply.status;
    let (sent, said) = (target.len() + body.len(), text.len());
    let aside = if status == 200 {
        256 * 1_024
    } else {
        32 * 1_024
    };
    let allowed = 4 * sent + 4 * said + aside;
    assert!(peak < allowed, "{peak} bytes for {sent} and {said}: {text}");
    let json: Value = serde_json::from_str(&text).expect("replies are JSON");
    match status {
        200 => {}
        404 | 405 | 409 | 422 => {
            assert!(
                json["detail"].is_string() || json["detail"].is_array(),
                "{text}"
            );
            assert!(text.len() < 64 * 1_024, "{} bytes of blame", text.len());
        }
        other => panic!("{other}: {text}"),
    }
    Outcome { status, text, json }
}
