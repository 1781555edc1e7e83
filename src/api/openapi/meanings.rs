//! What the fields of requests mean: what their readers do not say.

use serde_json::{Value, json};

/// A field of a request, whichever request it is.
pub struct Meaning {
    name: &'static str,
    pub text: &'static str,
    /// What could be sent.
    example: &'static str,
    /// What its reader checks in the text, as JSON Schema.
    shape: &'static str,
}

/// The meaning of a field.
pub fn meaning(name: &str) -> &'static Meaning {
    let found = MEANINGS.iter().find(|meaning| meaning.name == name);
    found
        .unwrap_or_else(|| panic!("the field {name} has no meaning in src/api/openapi/meanings.rs"))
}

impl Meaning {
    /// What could be sent; null when nothing is worth showing.
    pub fn example(&self) -> Value {
        parsed(self.example)
    }

    /// Keywords beside the type.
    pub fn shape(&self) -> Value {
        match parsed(self.shape) {
            Value::Null => json!({}),
            shape => shape,
        }
    }
}

fn parsed(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(text).expect("the texts of this file are JSON")
}

const NAME: &str =
    r#"{"minLength": 1, "maxLength": 256, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"}"#;
const PRICE: &str = r#"{"minimum": 0, "maximum": 1e20}"#;
const PLACE: &str = r#"{"pattern": "^[A-Za-z0-9-]{1,64}$"}"#;

const fn row(
    name: &'static str,
    example: &'static str,
    shape: &'static str,
    text: &'static str,
) -> Meaning {
    Meaning {
        name,
        text,
        example,
        shape,
    }
}

/// In the order in which requests have them.
static MEANINGS: [Meaning; 43] = [
    row(
        "model_name",
        r#""gpt-4o""#,
        NAME,
        "Any name of the model: an id, a name of v1, a key of LiteLLM's price map",
    ),
    row(
        "model_names",
        r#"["gpt-4o", "claude-sonnet-4-5"]"#,
        "",
        "Names of models, as in an estimate",
    ),
    row(
        "models",
        r#"["gpt-4o", "gpt-4o-mini"]"#,
        "",
        "Names of models, between commas or given several times",
    ),
    row(
        "model",
        r#""openai/gpt-4o""#,
        NAME,
        "Any name an estimate takes. Slashes in it may stand as they are",
    ),
    row(
        "provider",
        r#""openai""#,
        "",
        "Only models of this provider: its name, slug or alias, in any case",
    ),
    row(
        "strict",
        "",
        "",
        "A name that is only approximately known is not found",
    ),
    row(
        "input_tokens",
        "1000",
        "",
        "Tokens sent, those of every kind together",
    ),
    row(
        "output_tokens",
        "500",
        "",
        "Tokens received, those of every kind together",
    ),
    row(
        "cache_read_input_tokens",
        "800",
        "",
        "Part of `input_tokens` that was read from the provider's cache",
    ),
    row(
        "cache_creation_input_tokens",
        "",
        "",
        "Part of `input_tokens` written to the cache for 5 minutes",
    ),
    row(
        "cache_creation_1h_input_tokens",
        "",
        "",
        "Part of `input_tokens` written to the cache for an hour",
    ),
    row(
        "audio_input_tokens",
        "",
        "",
        "Part of `input_tokens` that is audio",
    ),
    row(
        "reasoning_tokens",
        "",
        "",
        "Part of `output_tokens` that the model thinks and does not show",
    ),
    row(
        "audio_output_tokens",
        "",
        "",
        "Part of `output_tokens` that is audio",
    ),
    row(
        "citation_tokens",
        "",
        "",
        "Beside the input: tokens of cited search results",
    ),
    row("web_search_requests", "", "", "Searches the model makes"),
    row(
        "search_context_size",
        "",
        "",
        "How much a search returns; medium unless said",
    ),
    row(
        "cache_type",
        "",
        "",
        "`ephemeral` when the cache that was read was set up explicitly",
    ),
    row(
        "service_tier",
        r#""batch""#,
        "",
        "The provider's service tier; standard unless said",
    ),
    row(
        "inference_geo",
        "",
        "",
        "Where Anthropic is asked to run the model",
    ),
    row(
        "data_residency",
        "",
        "",
        "Where OpenAI is asked to keep the data",
    ),
    row(
        "vertex_location",
        r#""us-east5""#,
        PLACE,
        "A location of Vertex AI; `global` has no surcharge",
    ),
    row("speed", "", "", "Anthropic's fast mode"),
    row(
        "region",
        r#""eu""#,
        PLACE,
        "Whichever surcharge the model publishes for the place; no other place may be named beside it",
    ),
    row(
        "as_of",
        r#""2026-11-23T02:00:00Z""#,
        r#"{"format": "date-time"}"#,
        "When the call is made: off-peak hours, retirement. Now unless said",
    ),
    row(
        "requests",
        "1000",
        "",
        "How many such calls; one unless said",
    ),
    row(
        "discount_percent",
        "12.5",
        r#"{"minimum": 0, "maximum": 100, "multipleOf": 0.0001}"#,
        "Your own discount, off every price",
    ),
    row(
        "include_free",
        "",
        "",
        "Free listings, and models of which this usage is free, too",
    ),
    row(
        "search",
        r#""gpt-4o""#,
        r#"{"maxLength": 256}"#,
        "Part of an id, a name or a provider's name, in any case",
    ),
    row("mode", r#""chat""#, "", "What the model is made for"),
    row(
        "supports",
        r#"["vision"]"#,
        "",
        "What the model is known to be able to do: all of these",
    ),
    row(
        "min_context",
        "100000",
        "",
        "The least context window, in tokens",
    ),
    row(
        "max_input_price",
        "2.5",
        PRICE,
        "The highest price of input, in USD per million tokens",
    ),
    row(
        "max_output_price",
        "10",
        PRICE,
        "The highest price of output, in USD per million tokens",
    ),
    row(
        "include_retired",
        "",
        "",
        "Models that can no longer be called, too",
    ),
    row(
        "include_deprecated",
        "",
        "",
        "The same as `include_retired`",
    ),
    row("sort_by", "", "", "By which figure; unknown ones come last"),
    row("order", "", "", "From the best to the worst unless said"),
    row("offset", "", "", "How many models to skip"),
    row("limit", "10", "", "How many models to show"),
    row("wait", "", "", "Answer when the drain is over"),
    row(
        "drain_timeout_seconds",
        "30",
        "",
        "How long requests in flight are waited for",
    ),
    row(
        "delay_seconds",
        "0",
        "",
        "How long to go on serving while balancers notice",
    ),
];
