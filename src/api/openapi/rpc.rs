//! Messages of JSON-RPC 2.0, which are read as they come rather than into a type.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::api::mcp::BATCH_MAX;

pub const EXAMPLE: &str = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;

/// A request, or a notification, which has no id.
struct Message;

/// One of a result and an error. An error has no id where none could be read.
pub struct Answer;

/// What is sent: what is wrong with one of several is said in its place.
pub fn messages(schemas: &mut SchemaGenerator) -> Schema {
    let one = schemas.subschema_for::<Message>();
    json_schema!({"anyOf": [one, {"type": "array", "minItems": 1, "maxItems": BATCH_MAX}]})
}

/// What comes back.
pub fn answers(schemas: &mut SchemaGenerator) -> Schema {
    let one = schemas.subschema_for::<Answer>();
    json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
}

impl JsonSchema for Message {
    fn schema_name() -> Cow<'static, str> {
        "McpMessage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A request, or a notification, which has no id.",
            "type": "object",
            "required": ["jsonrpc", "method"],
            "properties": {
                "jsonrpc": {"const": "2.0"},
                "id": {"type": ["string", "integer"]},
                "method": {"type": "string"},
                "params": {"type": "object"},
            },
        })
    }
}

impl JsonSchema for Answer {
    fn schema_name() -> Cow<'static, str> {
        "McpAnswer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Either a result or an error. An error has no id where none could be read.",
            "type": "object",
            "required": ["jsonrpc"],
            "properties": {
                "jsonrpc": {"const": "2.0"},
                "id": {"type": ["string", "integer"]},
                "result": {"type": "object"},
                "error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {
                        "code": {"type": "integer"},
                        "message": {"type": "string"},
                        "data": {},
                    },
                },
            },
            "oneOf": [{"required": ["result"]}, {"required": ["error"]}],
        })
    }
}
