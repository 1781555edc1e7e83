//! `GET /` and `GET /api/versions`: what there is.

use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::book::Book;
use super::document::Document;
use crate::exchange::Reply;
use crate::router::ROUTES;

/// Names shown as a start, as far as the catalogue has them.
const SAMPLE_MODELS: [&str; 8] = [
    "gpt-4o",
    "gpt-4o-mini",
    "claude-sonnet-4-5",
    "claude-3-5-haiku-20241022",
    "gemini-2.0-flash",
    "mistral-large-latest",
    "command-r-plus",
    "sonar-pro",
];

/// What there is here.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ServerInfo")]
pub struct Info<'a> {
    name: &'static str,
    version: &'static str,
    description: &'static str,
    endpoints: Vec<EndpointInfo>,
    /// Names that exist.
    sample_models: Vec<&'a str>,
    quick_start_guide: &'static str,
}

/// An endpoint.
#[derive(Serialize, JsonSchema)]
struct EndpointInfo {
    path: &'static str,
    method: &'static str,
    description: &'static str,
}

/// `GET /`, which says the same for as long as the catalogue does.
pub fn overview(book: &Book) -> Document {
    let endpoints = ROUTES
        .iter()
        .filter(|row| row.route.is_public())
        .map(|row| EndpointInfo {
            path: row.path,
            method: row.method,
            description: row.description,
        })
        .collect();
    let info = Info {
        name: "LLM Pricing MCP Server",
        version: crate::VERSION,
        description: env!("CARGO_PKG_DESCRIPTION"),
        endpoints,
        sample_models: SAMPLE_MODELS
            .into_iter()
            .filter(|name| book.catalog.find(name).is_some())
            .collect(),
        quick_start_guide: "POST /cost-estimate with {\"model_name\": \"gpt-4o\", \
                                \"input_tokens\": 1000, \"output_tokens\": 500}; GET /models \
                                lists all names",
    };
    let bytes = serde_json::to_vec(&info).expect("it holds only strings and lists of them");
    let whole = 0..bytes.len();
    Document::new(&bytes, whole).unless_refused()
}

/// The versions of the API, which are not those of the program.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiVersionInfo")]
pub struct Versions {
    current_version: &'static str,
    all_versions: &'static [&'static str],
    deprecated_versions: &'static [&'static str],
    /// Null while there is one version.
    migration_guide_url: Option<&'static str>,
}

pub fn versions() -> Reply {
    Reply::json(
        200,
        &Versions {
            current_version: "v1",
            all_versions: Api::VERSIONS,
            deprecated_versions: &[],
            migration_guide_url: None,
        },
    )
}
