//! What operations have in common: parameters, refusals, and who may ask.

use std::time::Duration;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::headers::{Varies, headers_of};
use super::meanings::meaning;
use super::operations::Family;
use crate::api::error::Fault;
use crate::api::fields::{Asked, What};
use crate::config::Access;
use crate::exchange::Detail;

pub const DESCRIPTION: &str = "Costs are exact decimal numbers in USD, and timestamps RFC 3339 in UTC. A field or \
    parameter nobody knows is ignored, and replies may get more fields; what is here stays. HEAD works \
    wherever GET does. The Content-Type of a request is not looked at, but by `/mcp`.";

impl Family {
    /// In the order in which people read.
    pub const ALL: [Family; 5] = [
        Family::Prices,
        Family::Health,
        Family::Orders,
        Family::Documents,
        Family::Pages,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Family::Prices => "Prices and models",
            Family::Health => "Health and deployment",
            Family::Orders => "Orders",
            Family::Documents => "Documentation",
            Family::Pages => "Pages",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Family::Prices => "With a key when the operator has set keys.",
            Family::Health => "Answered in every phase, never refused, never with a key.",
            Family::Orders => "For those who run the service.",
            Family::Documents => "Without a key.",
            Family::Pages => "For people with a browser, without a key.",
        }
    }

    /// What must be sent at this instance.
    pub fn security(self, access: &Access) -> Value {
        match self {
            Family::Prices if access.api_keys.is_some() => json!([{"ApiKey": []}]),
            Family::Orders if access.shutdown_token.is_some() => json!([{"ShutdownToken": []}]),
            _ => json!([]),
        }
    }
}

pub fn security_schemes(api_key_header: &str) -> Value {
    json!({
        "ApiKey": {
            "type": "apiKey",
            "in": "header",
            "name": api_key_header,
            "description": "One of the operator's keys (`MCP_API_KEY`), sent once",
        },
        "ShutdownToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "The operator's token (`SHUTDOWN_TOKEN`); without one, orders are for direct \
                callers on the service's host that are no page in a browser",
        },
    })
}

/// The schema of what is asked for; in a body null means the same as nothing.
pub fn schema(asked: &Asked, is_nullable: bool) -> Value {
    let words = |words: &[String]| json!({"type": "string", "enum": words});
    let mut schema = match &asked.what {
        What::Text => json!({"type": "string"}),
        What::Texts { length_max } => {
            json!({"type": "array", "items": {"type": "string"}, "maxItems": length_max})
        }
        What::Whole { min, max, unsaid } => {
            let mut schema = json!({"type": "integer", "minimum": min});
            if *max < u64::MAX {
                schema["maximum"] = (*max).into();
            }
            if let Some(unsaid) = unsaid {
                schema["default"] = (*unsaid).into();
            }
            schema
        }
        What::Decimal => json!({"type": "number"}),
        What::Flag => json!({"type": "boolean", "default": false}),
        What::Word(known) => words(known),
        What::Words { known, length_max } => {
            json!({"type": "array", "items": words(known), "maxItems": length_max})
        }
    };
    if let (Some(schema), Value::Object(shape)) =
        (schema.as_object_mut(), meaning(&asked.name).shape())
    {
        schema.extend(shape);
    }
    if is_nullable {
        schema["type"] = json!([schema["type"], "null"]);
        if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            words.push(Value::Null);
        }
    }
    schema
}

/// A refusal: its name, its status, and when it comes.
const REFUSALS: [(&str, u16, &str); 12] = [
    (
        "Malformed",
        400,
        "The request is no valid HTTP, or its body ended too early",
    ),
    ("KeyNeeded", 401, "No key or token, a wrong one, or several"),
    ("TooSlow", 408, "The request did not arrive in time"),
    (
        "TooLarge",
        413,
        "The body is larger than the operator allows",
    ),
    ("TargetTooLong", 414, "The path and the query are too long"),
    (
        "Expectation",
        417,
        "The only expectation supported is 100-continue",
    ),
    (
        "TooOften",
        429,
        "More requests than the operator allows a client",
    ),
    (
        "HeadTooLarge",
        431,
        "The head has too many fields, or too long ones",
    ),
    ("Failed", 500, "The service failed; it is logged"),
    (
        "Coding",
        501,
        "The only transfer coding supported is chunked",
    ),
    ("Unavailable", 503, "Starting, shutting down or overloaded"),
    (
        "HttpVersion",
        505,
        "The only versions supported are HTTP/1.0 and HTTP/1.1",
    ),
];

impl Family {
    fn is_refused_with(self, status: u16) -> bool {
        match status {
            401 => matches!(self, Family::Prices | Family::Orders),
            429 => matches!(self, Family::Prices | Family::Documents),
            _ => true,
        }
    }
}

/// What every operation of a family may be answered.
pub fn shared_replies(family: Family) -> Map<String, Value> {
    let replies = REFUSALS
        .iter()
        .filter(|(_, status, _)| family.is_refused_with(*status));
    replies
        .map(|(name, status, _)| {
            let reference = json!({"$ref": format!("#/components/responses/{name}")});
            (status.to_string(), reference)
        })
        .collect()
}

/// What the service says itself where it refuses like that, as far as the door does not.
fn sample(status: u16, access: &Access) -> Option<Value> {
    let fault = match status {
        401 => Fault::KeyNeeded {
            header: access.api_key_header.clone(),
        },
        429 => Fault::TooOften {
            wait: Duration::from_secs(2),
        },
        503 => Fault::Starting,
        _ => return None,
    };
    serde_json::from_slice(fault.reply().body.as_bytes()).ok()
}

pub fn responses(schemas: &mut SchemaGenerator, access: &Access) -> Value {
    let detail = schemas.subschema_for::<Detail>();
    REFUSALS
        .iter()
        .map(|(name, status, text)| {
            let mut content = json!({"schema": detail});
            if let Some(sample) = sample(*status, access) {
                content["example"] = sample;
            }
            let response = json!({
                "description": text,
                "headers": headers_of(*status, Varies::No),
                "content": {"application/json": content},
            });
            ((*name).to_owned(), response)
        })
        .collect()
}

pub fn parameters() -> Value {
    json!({
        "RequestId": {
            "name": "X-Request-Id",
            "in": "header",
            "description": "A name of your own for the request: the reply has it, too, when it is 1 to 128 \
                visible ASCII characters",
            "schema": {"type": "string"},
        },
        "IfNoneMatch": {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of what you have: 304 when it is still the same",
            "schema": {"type": "string"},
        },
        "McpProtocolVersion": {
            "name": "MCP-Protocol-Version",
            "in": "header",
            "description": "The revision of the protocol. Required by 2026-07-28, in which it says what the \
                message says",
            "schema": {"type": "string"},
        },
        "McpMethod": {
            "name": "Mcp-Method",
            "in": "header",
            "description": "The message's `method`. Required by 2026-07-28",
            "schema": {"type": "string"},
        },
        "McpName": {
            "name": "Mcp-Name",
            "in": "header",
            "description": "The name of the tool that is called. Required by 2026-07-28",
            "schema": {"type": "string"},
        },
    })
}
