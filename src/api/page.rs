//! The pages for browsers: `GET /ui`, who is led there from `GET /`, and the reference at `/docs` and `/redoc`,
//! whose scripts make it of `/openapi.json`, so that nothing is written down twice.

use std::sync::LazyLock;

use super::document::Document;
use super::models::noted;
use crate::exchange::{Body, Call, Content, Reply};
use crate::telemetry::Telemetry;

/// A page that the build script has joined and compressed. Its own script and style are all it may run, and
/// this service is all it may ask.
macro_rules! page {
    ($name:literal) => {
        LazyLock::new(|| {
            let content = Content {
                media_type: "text/html; charset=utf-8",
                policy: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".policy")),
            };
            Document::built(
                content,
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".html")),
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".html.gz")),
            )
        })
    };
}

static PAGE: LazyLock<Document> = page!("page");
static DOCS: LazyLock<Document> = page!("docs");
static REDOC: LazyLock<Document> = page!("redoc");

/// `GET /ui`, which needs no key: it asks for one.
pub fn page(telemetry: &Telemetry, call: &Call) -> Reply {
    noted(telemetry, PAGE.reply(call))
}

/// `GET /docs`: the interface to be tried.
pub fn docs(telemetry: &Telemetry, call: &Call) -> Reply {
    noted(telemetry, DOCS.reply(call))
}

/// `GET /redoc`: the interface to be read.
pub fn redoc(telemetry: &Telemetry, call: &Call) -> Reply {
    noted(telemetry, REDOC.reply(call))
}

/// From `/` to the page. The address is relative, for proxies that serve all of this below a path.
pub fn redirect() -> Reply {
    Reply {
        status: 303,
        content: Content::text("text/plain; charset=utf-8"),
        headers: Vec::new(),
        body: Body::Own(b"The page for people is at /ui\n".to_vec()),
    }
    .with("Location", "ui")
    .with("Vary", "Accept")
    .with("Cache-Control", "no-cache")
}

/// Whether a caller would rather have the page than JSON, as browsers do. Whoever has no preference gets
/// JSON, as v1 sent it.
pub fn is_preferred(call: &Call) -> bool {
    let accepted: Vec<&str> = call.headers.all("Accept").collect();
    weight(&accepted, "text", "html") > weight(&accepted, "application", "json")
}

/// What an `Accept` header weighs a media type at, in thousandths: the most specific range that matches
/// decides (RFC 9110, 12.5.1).
fn weight(accepted: &[&str], kind: &str, subtype: &str) -> u32 {
    accepted
        .iter()
        .flat_map(|value| value.split(','))
        .filter_map(|range| {
            let mut pieces = range.split(';').map(str::trim);
            let (range_kind, range_subtype) = pieces.next()?.split_once('/')?;
            let specificity = match (range_kind, range_subtype) {
                ("*", "*") => 0,
                (one, "*") if one.eq_ignore_ascii_case(kind) => 1,
                (one, other)
                    if one.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(subtype) =>
                {
                    2
                }
                _ => return None,
            };
            let weight = pieces
                .filter_map(|piece| piece.split_once('='))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
                .map_or(Some(1_000), |(_, value)| thousandths(value.trim()))?;
            Some((specificity, weight))
        })
        .max()
        .map_or(0, |(_, weight)| weight)
}

/// A weight of 0 to 1 with up to three decimals (RFC 9110, 12.4.2).
fn thousandths(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_weight = matches!(whole, "0" | "1")
        && decimals.len() <= 3
        && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let value = is_weight.then(|| format!("{whole}{decimals:0<3}"))?;
    value.parse().ok().filter(|weight| *weight <= 1_000)
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn the_page_is_for_those_who_prefer_it_to_json() {
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,\
                               image/webp,*/*;q=0.8";
        for (name, accepted, expected) in [
            ("a browser", BROWSER, true),
            ("nothing said", "", false),
            ("curl", "*/*", false),
            ("a JSON client", "application/json", false),
            ("one that takes both", "application/json, text/html", false),
            (
                "one that prefers JSON",
                "text/html;q=0.5, application/json;q=0.9",
                false,
            ),
            (
                "one that prefers the page",
                "application/json;q=0.5, text/html;q=0.501",
                true,
            ),
            ("refused", "text/html;q=0, */*;q=0.1", false),
            ("refused with decimals", "text/html;q=0.000", false),
            ("JSON refused", "*/*, application/json;q=0", true),
            ("any text", "text/*", true),
            ("any text, but not this", "text/*, text/html;q=0", false),
            ("capitals", "Text/HTML;Q=1.0", true),
            ("with a parameter", "text/html;level=1;q=0.7", true),
            ("no weight", "text/html;q=high", false),
            ("beyond one", "text/html;q=1.5", false),
            ("part of another", "text/html5", false),
        ] {
            let accepted = [accepted];
            let is_preferred =
                weight(&accepted, "text", "html") > weight(&accepted, "application", "json");
            assert_eq!(is_preferred, expected, "{name}");
        }
    }
}
