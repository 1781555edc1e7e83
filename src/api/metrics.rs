//! `GET /metrics`: what Prometheus scrapes, as OpenMetrics 1.0 or in the text format 0.0.4 before it.

mod exposition;
mod families;
mod process;

use super::Api;
use crate::exchange::{Body, Call, Content, Reply};
use families::Families;

const OPENMETRICS: Content =
    Content::text("application/openmetrics-text; version=1.0.0; charset=utf-8");
const TEXT: Content = Content::text("text/plain; version=0.0.4; charset=utf-8");

/// What it comes as.
pub const MEDIA_TYPES: [&str; 2] = [TEXT.media_type, OPENMETRICS.media_type];

/// `GET /metrics`: OpenMetrics for those who ask for it by name, the older text for everybody else.
pub fn metrics(api: &Api, call: &Call) -> Reply {
    let mut families = Families::default();
    exposition::collect(api, &mut families);
    process::collect(&mut families);
    let openmetrics = families.into_openmetrics();
    let is_wanted = call
        .headers
        .all("Accept")
        .flat_map(|value| value.split(','))
        .any(names_openmetrics);
    let (content, text) = match is_wanted {
        true => (OPENMETRICS, openmetrics),
        false => (TEXT, families::as_text(&openmetrics)),
    };
    Reply {
        status: 200,
        content,
        headers: Vec::new(),
        body: Body::Own(text.into_bytes()),
    }
    .with("Vary", "Accept")
}

/// Whether one element of an `Accept` list (RFC 9110, 12.5.1) names OpenMetrics in a version that is
/// like ours, and does not refuse it. Prometheus prefers it to the older text whenever it names it.
fn names_openmetrics(element: &str) -> bool {
    let mut pieces = element.split(';').map(str::trim);
    let media_type = pieces.next().unwrap_or_default();
    media_type.eq_ignore_ascii_case("application/openmetrics-text")
        && pieces
            .filter_map(|piece| piece.split_once('='))
            .all(|(name, value)| match name.trim() {
                "version" => value.trim() == "1.0.0",
                "q" | "Q" => value.trim().parse() != Ok(0.0),
                _ => true,
            })
}

#[cfg(test)]
mod tests {
    use super::names_openmetrics;

    #[test]
    fn openmetrics_is_for_those_who_name_it() {
        for (name, element, expected) in [
            ("named", "application/openmetrics-text", true),
            (
                "of our version",
                "application/openmetrics-text;version=1.0.0;q=0.5",
                true,
            ),
            (
                "of another",
                "application/openmetrics-text; version=0.0.1",
                false,
            ),
            ("refused", "application/openmetrics-text; q=0", false),
            ("the older text", "text/plain;version=0.0.4", false),
            ("anything", "*/*", false),
        ] {
            assert_eq!(names_openmetrics(element), expected, "{name}");
        }
    }
}
