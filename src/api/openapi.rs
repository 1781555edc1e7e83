//! `GET /openapi.json`: the interface as OpenAPI 3.1, made from the router's table, from the types that are
//! written and from the readers of requests, so that there is nothing to be kept like them.

mod common;
mod meanings;
mod operations;
mod rpc;
mod terms;

use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value, json};

use super::Api;
use super::book::Book;
use super::document::Document;
use super::fields::{Asked, Fields, What};
use crate::config::Access;
use crate::exchange::{Call, Reply};
use crate::router::{ROUTES, RouteInfo};
use meanings::meaning;
use operations::{Body, Family, Form, Operation, operation};

/// `GET /openapi.json`
pub fn openapi(api: &Api, book: &Book, call: &Call) -> Reply {
    let document = book.openapi(|| {
        let bytes = serde_json::to_vec(&describe(book, &api.access))
            .expect("a JSON value always serialises");
        let whole = 0..bytes.len();
        Document::new(&bytes, whole)
    });
    document.reply(call).0
}

/// What there is at this instance, and who may ask it.
fn describe(book: &Book, access: &Access) -> Value {
    let mut schemas = generator();
    let mut paths = Map::new();
    for row in &ROUTES {
        if let Some(operation) = operation(row.route) {
            let path = paths.entry(row.path).or_insert_with(|| json!({}));
            path[row.method.to_ascii_lowercase()] =
                described(row, &operation, book, access, &mut schemas);
        }
    }
    let responses = common::responses(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "LLM Pricing",
            "version": crate::VERSION,
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": common::DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "Where this document is from"}],
        "tags": Family::ALL.map(|family| json!({"name": family.name(), "description": family.text()})),
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "responses": responses,
            "headers": common::headers(),
            "parameters": common::parameters(),
            "securitySchemes": common::security_schemes(&access.api_key_header),
        },
    })
}

/// Of what is written, a field that may be missing is one that is left out; widths of integers are nobody
/// else's business.
fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.contract = Contract::Serialize;
        settings.transforms.push(Box::new(RecursiveTransform(
            |schema: &mut schemars::Schema| {
                let format = schema.get("format").and_then(Value::as_str);
                if format.is_some_and(|format| format.starts_with("uint") || format == "double") {
                    schema.remove("format");
                }
            },
        )));
    });
    settings.into_generator()
}

fn described(
    row: &RouteInfo,
    operation: &Operation,
    book: &Book,
    access: &Access,
    schemas: &mut SchemaGenerator,
) -> Value {
    let mut described = json!({
        "operationId": format!("{:?}", row.route),
        "summary": row.description,
        "tags": [operation.family.name()],
        "parameters": parameters(row, operation, book),
        "responses": replies(operation, schemas),
        "security": operation.family.security(access),
    });
    if !operation.details.is_empty() {
        described["description"] = operation.details.into();
    }
    if let Some(body) = &operation.body {
        described["requestBody"] = request_body(body, book, schemas);
    }
    described
}

fn parameters(row: &RouteInfo, operation: &Operation, book: &Book) -> Vec<Value> {
    let mut parameters = Vec::new();
    if let Some((_, placeholder)) = row.path.split_once('{') {
        let asked = Asked {
            name: placeholder.trim_end_matches('}').to_owned(),
            is_required: true,
            what: What::Text,
        };
        parameters.push(parameter("path", &asked));
    }
    if let Some(read) = operation.query {
        let asked = Fields::asked_by(|fields| read(fields, book));
        parameters.extend(asked.iter().map(|asked| parameter("query", asked)));
    }
    let headers = operation.headers.iter().chain(&["RequestId"]);
    parameters
        .extend(headers.map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
    parameters
}

fn parameter(place: &str, asked: &Asked) -> Value {
    let meaning = meaning(&asked.name);
    let mut parameter = json!({
        "name": asked.name,
        "in": place,
        "description": meaning.text,
        "required": asked.is_required,
        "schema": common::schema(asked, false),
    });
    if place == "query" && !asked.is_required {
        parameter["allowEmptyValue"] = true.into();
    }
    let example = meaning.example();
    if !example.is_null() {
        parameter["example"] = example;
    }
    parameter
}

fn request_body(body: &Body, book: &Book, schemas: &mut SchemaGenerator) -> Value {
    let (content, is_required) = match body {
        Body::Typed { schema, example } => {
            let example: Value = serde_json::from_str(example).expect("the example is JSON");
            (json!({"schema": schema(schemas), "example": example}), true)
        }
        Body::Fields {
            name,
            reader,
            is_required,
        } => {
            let asked = Fields::asked_by(|fields| reader(fields, book));
            schemas
                .definitions_mut()
                .insert((*name).to_owned(), object(&asked));
            let reference = json!({"$ref": format!("#/components/schemas/{name}")});
            let example = json!({"schema": reference, "example": example(&asked)});
            (example, *is_required)
        }
    };
    json!({"required": is_required, "content": {"application/json": content}})
}

/// A JSON object with fields. A field nobody knows is ignored.
fn object(asked: &[Asked]) -> Value {
    let properties: Map<String, Value> = asked
        .iter()
        .map(|asked| {
            let meaning = meaning(&asked.name);
            let mut schema = common::schema(asked, !asked.is_required);
            schema["description"] = meaning.text.into();
            let example = meaning.example();
            if !example.is_null() {
                schema["examples"] = json!([example]);
            }
            (asked.name.clone(), schema)
        })
        .collect();
    let required: Vec<&str> = required(asked).map(|asked| &*asked.name).collect();
    let mut object = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

/// The least that can be sent.
fn example(asked: &[Asked]) -> Value {
    required(asked)
        .map(|asked| (asked.name.clone(), meaning(&asked.name).example()))
        .collect()
}

fn required(asked: &[Asked]) -> impl Iterator<Item = &Asked> {
    asked.iter().filter(|asked| asked.is_required)
}

fn replies(operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut replies = common::shared_replies(operation.family);
    for reply in &operation.replies {
        let mut described = json!({
            "description": reply.text,
            "headers": common::headers_of(reply.status, reply.varies),
        });
        let content: Map<String, Value> = match reply.form {
            Form::Json(schema) => [("application/json", json!({"schema": schema(schemas)}))]
                .map(|(media_type, content)| (media_type.to_owned(), content))
                .into_iter()
                .collect(),
            Form::Text(media_types) => media_types
                .iter()
                .map(|media_type| {
                    (
                        (*media_type).to_owned(),
                        json!({"schema": {"type": "string"}}),
                    )
                })
                .collect(),
            Form::Nothing => Map::new(),
        };
        if !content.is_empty() {
            described["content"] = content.into();
        }
        replies.insert(reply.status.to_string(), described);
    }
    Value::Object(replies)
}
