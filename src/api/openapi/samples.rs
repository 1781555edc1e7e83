//! Examples of replies: what the service itself says to examples of requests.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::api::book::Book;
use crate::api::error::Fault;
use crate::api::lists::List;
use crate::api::{cheapest, comparisons, estimates, models};
use crate::clock::Timestamp;
use crate::exchange::{Call, Endpoint, Headers, Method, Reply};
use crate::router::{ROUTES, Route};
use crate::telemetry::Telemetry;

/// A path, a query and a body that could be sent; nothing where the route's own path will do.
type Request = (&'static str, &'static str, &'static str);

const LISTED: Request = ("", "provider=openai&search=openai/gpt-4o&limit=1", "");
const MISSPELT: &str = r#"{"model_name": "gpt-4p", "input_tokens": 1000, "output_tokens": 500}"#;

/// What the service says on the day of the book to what could be sent, by status: the route's example and
/// more. A moment is the start of that day, so that all instances say the same.
pub fn replies(route: Route, book: &Book, example: &Value) -> Map<String, Value> {
    let example = match example {
        Value::Null => String::new(),
        example => example.to_string(),
    };
    let mut samples = Map::new();
    for &(path, query, body) in requests(route) {
        let body = match body {
            "" => example.as_bytes(),
            body => body.as_bytes(),
        };
        let call = Call {
            method: Method::Get,
            endpoint: Endpoint(route as usize),
            path,
            query,
            headers: Headers::default(),
            body,
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        let reply = answer(route, book, &call).unwrap_or_else(|fault| fault.reply());
        let mut sample: Value =
            serde_json::from_slice(reply.body.as_bytes()).expect("replies are JSON");
        if let Some(moment) = sample.get_mut("timestamp") {
            *moment = serde_json::to_value(Timestamp::start_of(book.today))
                .expect("a moment always serialises");
        }
        samples.insert(reply.status.to_string(), sample);
    }
    samples
}

fn requests(route: Route) -> &'static [Request] {
    match route {
        Route::Info => &[("/", "", "")],
        Route::Models | Route::Pricing | Route::Performance | Route::UseCases => {
            &[LISTED, ("", "sort_by=mood", "")]
        }
        Route::ModelDetails => &[
            ("/models/openai/gpt-4o", "", ""),
            ("/models/gpt-4p", "", ""),
        ],
        Route::CostEstimate => &[("", "", ""), ("", "", MISSPELT), ("", "", "{}")],
        Route::CostEstimateBatch | Route::Cheapest => &[("", "", ""), ("", "", "{}")],
        Route::Compare => &[
            (
                "",
                "models=gpt-4o,gpt-4o-mini&input_tokens=1000&output_tokens=500",
                "",
            ),
            ("", "models=gpt-4o&input_tokens=1000", ""),
        ],
        _ => &[],
    }
}

fn answer(route: Route, book: &Book, call: &Call) -> Result<Reply, Fault> {
    // Nobody has asked, so nobody is told.
    let telemetry = &Telemetry::new(ROUTES.len(), SystemTime::UNIX_EPOCH);
    match route {
        Route::Info => Ok(models::overview(book, telemetry, call)),
        Route::Models => models::models(book, telemetry, call),
        Route::ModelDetails => models::details(book, telemetry, call),
        Route::Pricing => models::rows(book, telemetry, call, List::Pricing),
        Route::Performance => models::rows(book, telemetry, call, List::Performance),
        Route::UseCases => models::rows(book, telemetry, call, List::UseCases),
        Route::CostEstimate => estimates::one(book, telemetry, call),
        Route::CostEstimateBatch => comparisons::batch(book, telemetry, call),
        Route::Compare => comparisons::compare(book, telemetry, call),
        Route::Cheapest => cheapest::cheapest(book, telemetry, call),
        _ => Err(Fault::UnknownPath),
    }
}
