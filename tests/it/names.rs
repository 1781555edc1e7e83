//! What a name leads to: the tricky ones, those that lead nowhere, and those that lead to several.

use serde_json::{Value, json};

use crate::harness::{Client, Instance, Response};

fn estimate(client: &mut Client, name: &str, more: &Value) -> Response {
    let mut body = json!({"model_name": name, "input_tokens": 1_000, "output_tokens": 500});
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    client.post("/cost-estimate", body.to_string())
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter().filter_map(Value::as_str).collect()
}

/// A row of the table of tricky names.
enum Wanted {
    /// This model, found like this.
    Is(&'static str, &'static str),
    /// The same, with a warning, and not when strict.
    IsAbout(&'static str, &'static str),
    /// 404; this name is among the suggestions.
    Unknown(Option<&'static str>),
    /// 409 with so many candidates.
    Ambiguous(usize),
}

use Wanted::{Ambiguous, Is, IsAbout, Unknown};

const SONNET_AT_BEDROCK: &str = "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0";

const TRICKY: [(&str, Wanted); 40] = [
    ("GPT-4o", Is("openai/gpt-4o", "case_insensitive")),
    (" gpt-4o ", Is("openai/gpt-4o", "exact")),
    (
        "openai/openai/gpt-4o",
        Is("openai/gpt-4o", "provider_prefix"),
    ),
    ("OpenAI/gpt-4o", Is("openai/gpt-4o", "provider_prefix")),
    ("gpt-4o-2024-05-13", Is("openai/gpt-4o-2024-05-13", "exact")),
    (
        "gpt-4o-2099-01-01",
        IsAbout("openai/gpt-4o", "dated_fallback"),
    ),
    (
        "gpt-4o-20240806",
        Is("openai/gpt-4o-2024-08-06", "normalized"),
    ),
    (
        "gpt-5.2-20251211",
        Is("openai/gpt-5.2-2025-12-11", "normalized"),
    ),
    ("gpt-4o:free", Unknown(Some("gpt-4o"))),
    ("gpt-4o-min", Unknown(Some("gpt-4o-mini"))),
    ("gpt-4o-latest", Unknown(Some("gpt-4o"))),
    ("gpt-5.4-mini", Is("openai/gpt-5.4-mini", "exact")),
    (
        "ft:gpt-4o-mini-2024-07-18:my-org::abc123",
        IsAbout("openai/ft:gpt-4o-mini-2024-07-18", "fine_tune"),
    ),
    (
        "claude-sonnet-4.5",
        Is("anthropic/claude-sonnet-4-5", "normalized"),
    ),
    (
        "anthropic/claude-sonnet-4.5",
        Is("anthropic/claude-sonnet-4-5", "normalized"),
    ),
    ("claude-4-5-sonnet", Unknown(Some("claude-sonnet-4-5"))),
    (
        "claude-opus-4-6-20260101",
        IsAbout("anthropic/claude-opus-4-6", "dated_fallback"),
    ),
    ("claude-newfamily-7", Unknown(None)),
    (
        "claude-sonnet-4-5@20250929",
        Is("anthropic/claude-sonnet-4-5-20250929", "normalized"),
    ),
    (
        "vertex_ai/claude-sonnet-4-5@default",
        Is("vertex_ai/claude-sonnet-4-5", "normalized"),
    ),
    (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        Is(
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "exact",
        ),
    ),
    (
        "apac.anthropic.claude-sonnet-4-5-20250929-v1:0",
        IsAbout(SONNET_AT_BEDROCK, "region_fallback"),
    ),
    (
        "ca.anthropic.claude-sonnet-4-5-20250929-v1:0",
        IsAbout(SONNET_AT_BEDROCK, "region_fallback"),
    ),
    (
        "anthropic.claude-sonnet-4-5",
        Unknown(Some("anthropic.claude-sonnet-4-5-20250929-v1:0")),
    ),
    (
        "bedrock/us-east-1/anthropic.claude-sonnet-4-5-20250929-v1:0",
        Is(SONNET_AT_BEDROCK, "normalized"),
    ),
    (
        "bedrock/arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
        Is(SONNET_AT_BEDROCK, "normalized"),
    ),
    ("azure/my-deployment", Unknown(None)),
    (
        "google/gemini-2.5-pro",
        Is("gemini/gemini-2.5-pro", "provider_prefix"),
    ),
    (
        "models/gemini-2.5-pro",
        Is("gemini/gemini-2.5-pro", "normalized"),
    ),
    (
        "vertex_ai/gemini-2.5-pro",
        Is("vertex_ai/gemini-2.5-pro", "exact"),
    ),
    (
        "gemini/gemini-2.5-pro-002",
        IsAbout("gemini/gemini-2.5-pro", "normalized"),
    ),
    (
        "mistral-large-latest",
        Is("mistral/mistral-large-latest", "first_party"),
    ),
    ("sonar", Is("perplexity/sonar", "first_party")),
    ("gpt-oss-120b", Ambiguous(25)),
    ("perplexity/sonar", Is("perplexity/sonar", "exact")),
    (
        "perplexity/perplexity/sonar",
        Is("perplexity/perplexity/sonar", "exact"),
    ),
    ("openrouter/anthropic/claude-sonnet-4.5", Unknown(None)),
    ("openrouter/gpt-4o", Unknown(None)),
    ("grok-3", Is("azure_ai/grok-3", "unique_price")),
    (
        "grok-4.3-latest",
        Is("xai/grok-4.3-latest", "unique_suffix"),
    ),
];

#[test]
fn every_tricky_name_leads_where_it_should_and_nowhere_else() {
    let server = Instance::start();
    let mut client = server.connect();
    for (name, wanted) in TRICKY {
        let reply = estimate(&mut client, name, &Value::Null);
        let body = reply.json();
        match wanted {
            Is(model, by) | IsAbout(model, by) => {
                assert_eq!(reply.status, 200, "{name}: {body}");
                assert_eq!(body["resolved_model"], model, "{name}");
                assert_eq!(body["match"], by, "{name}");
                let is_warned = texts(&body["warnings"])
                    .iter()
                    .any(|warning| warning.contains("is priced as"));
                let strict = estimate(&mut client, name, &json!({"strict": true}));
                if matches!(wanted, IsAbout(..)) {
                    assert!(is_warned, "{name}: {body}");
                    assert_eq!(strict.status, 404, "{name}");
                    let detail = strict.json()["detail"].as_str().unwrap().to_owned();
                    assert!(detail.contains(model), "{name}: {detail}");
                } else {
                    assert!(!is_warned, "{name}: {body}");
                    assert_eq!(strict.json()["resolved_model"], model, "{name}");
                }
            }
            Unknown(suggested) => {
                assert_eq!(reply.status, 404, "{name}: {body}");
                let suggestions = texts(&body["suggestions"]);
                assert!(suggestions.len() <= 5, "{name}: {suggestions:?}");
                if let Some(suggested) = suggested {
                    assert!(suggestions.contains(&suggested), "{name}: {suggestions:?}");
                }
            }
            Ambiguous(total) => {
                assert_eq!(reply.status, 409, "{name}: {body}");
                assert_eq!(
                    body["candidates"].as_array().unwrap().len(),
                    total,
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_name_with_a_dot_costs_what_the_name_with_a_dash_costs() {
    let server = Instance::start();
    let mut client = server.connect();
    let dotted = estimate(&mut client, "claude-sonnet-4.5", &Value::Null).json();
    let dashed = estimate(&mut client, "claude-sonnet-4-5", &Value::Null).json();
    assert_eq!(dotted["total_cost"], dashed["total_cost"]);
    assert_eq!(dotted["provider"], "Anthropic");
}

#[test]
fn the_candidates_of_an_ambiguous_name_say_their_prices_and_can_be_asked_for() {
    let server = Instance::start();
    let mut client = server.connect();
    let reply = estimate(&mut client, "gpt-oss-120b", &Value::Null).json();
    let detail = reply["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("Model 'gpt-oss-120b' is ambiguous: 25 models"),
        "{detail}"
    );
    let candidates = reply["candidates"].as_array().unwrap();
    let groq = candidates
        .iter()
        .find(|candidate| candidate["provider"] == "Groq")
        .expect("Groq sells it");
    assert_eq!(
        *groq,
        json!({
            "model": "groq/openai/gpt-oss-120b", "provider": "Groq",
            "input_cost_per_1m_tokens": 0.15, "output_cost_per_1m_tokens": 0.6,
        })
    );
    for candidate in candidates {
        let id = candidate["model"].as_str().unwrap();
        let costs = estimate(&mut client, id, &Value::Null).json();
        assert_eq!(costs["resolved_model"], id);
        assert_eq!(costs["match"], "exact", "{id}");
    }
}

#[test]
fn a_provider_beside_the_name_is_kept_to() {
    let server = Instance::start();
    let mut client = server.connect();
    for (provider, model) in [
        ("azure", "azure/gpt-4o"),
        ("Azure OpenAI", "azure/gpt-4o"),
        ("openai", "openai/gpt-4o"),
    ] {
        let reply = estimate(&mut client, "gpt-4o", &json!({"provider": provider}));
        assert_eq!(reply.json()["resolved_model"], model, "{provider}");
    }
    let other = estimate(&mut client, "gpt-4o", &json!({"provider": "groq"}));
    assert_eq!(other.status, 404);
    for suggestion in texts(&other.json()["suggestions"]) {
        let costs = estimate(&mut client, suggestion, &Value::Null).json();
        assert_eq!(costs["provider"], "Groq", "{suggestion}");
    }
    let one_of_many = estimate(&mut client, "gpt-oss-120b", &json!({"provider": "groq"}));
    assert_eq!(
        one_of_many.json()["resolved_model"],
        "groq/openai/gpt-oss-120b"
    );
    for (name, more, field) in [
        (
            "unknown provider",
            json!({"provider": "nobody"}),
            "provider",
        ),
        (
            "provider of another type",
            json!({"provider": 7}),
            "provider",
        ),
        ("strict of another type", json!({"strict": "yes"}), "strict"),
    ] {
        let reply = estimate(&mut client, "gpt-4o", &more);
        assert_eq!(reply.status, 422, "{name}");
        assert_eq!(
            reply.json()["detail"][0]["loc"],
            json!(["body", field]),
            "{name}"
        );
    }
    let absent = json!({"provider": null, "strict": null});
    assert_eq!(estimate(&mut client, "gpt-4o", &absent).status, 200);
}

#[test]
fn a_text_that_cannot_be_a_name_is_422_and_says_why() {
    let server = Instance::start();
    let mut client = server.connect();
    let too_long = "a".repeat(257);
    for (name, asked, kind) in [
        ("empty", "", "string_too_short"),
        ("blank", "  \n", "string_too_short"),
        ("257 bytes", &*too_long, "string_too_long"),
        (
            "a control character",
            "gpt\u{7}4o",
            "string_pattern_mismatch",
        ),
    ] {
        let reply = estimate(&mut client, asked, &Value::Null);
        assert_eq!(reply.status, 422, "{name}");
        let problem = reply.json()["detail"][0].clone();
        assert_eq!(problem["type"], kind, "{name}");
        assert_eq!(problem["loc"], json!(["body", "model_name"]), "{name}");
    }
    for (name, asked) in [
        ("256 bytes", &*"a".repeat(256)),
        ("other letters", "\u{433}\u{43f}\u{442}-4o"),
        ("emoji", "\u{1F980}"),
        ("slashes", "////"),
        ("a path", "../../etc/passwd"),
        ("markup", "<b>"),
    ] {
        let reply = estimate(&mut client, asked, &Value::Null);
        assert_eq!(reply.status, 404, "{name}: {}", reply.text());
    }
}

#[test]
fn a_batch_says_of_each_name_what_is_wrong_with_it() {
    let server = Instance::start();
    let mut client = server.connect();
    let body = json!({
        "model_names": ["gpt-4o", "gpt-4o-min", "gpt-oss-120b", "", "claude-sonnet-4.5"],
        "input_tokens": 1_000, "output_tokens": 500,
    });
    let reply = client.post("/cost-estimate/batch", body.to_string()).json();
    let rows = reply["models"].as_array().unwrap();
    let (unknown, ambiguous, empty) = (&rows[1], &rows[2], &rows[3]);
    assert_eq!(unknown["error_message"], "Model 'gpt-4o-min' not found");
    assert!(texts(&unknown["suggestions"]).contains(&"gpt-4o-mini"));
    assert_eq!(ambiguous["candidates"].as_array().unwrap().len(), 25);
    assert!(
        ambiguous["error_message"]
            .as_str()
            .unwrap()
            .contains("ambiguous")
    );
    assert!(
        empty["error_message"]
            .as_str()
            .unwrap()
            .contains("at least 1 character")
    );
    for row in [unknown, ambiguous, empty] {
        assert_eq!(row["is_available"], false);
        assert_eq!(row["provider"], "unknown");
        assert_eq!(row["total_cost"], 0);
    }
    assert_eq!(rows[4]["match"], "normalized");
    // 0.0075 and 0.0105: the others count for nothing.
    assert_eq!(reply["cost_range"], json!({"min": 0.0075, "max": 0.0105}));
    assert_eq!(reply["cheapest_model"], "gpt-4o");
}

#[test]
fn a_deployment_at_azure_is_told_to_send_the_base_model() {
    let server = Instance::start();
    let mut client = server.connect();
    let reply = estimate(&mut client, "azure/my-deployment", &Value::Null);
    assert_eq!(reply.status, 404);
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("send the base model"), "{detail}");
}
