//! `GET /openapi.json`: the interface as OpenAPI 3.1, made from the router's table, from the types that are
//! written and from the readers of requests, so that there is nothing to be kept like them.

mod common;
mod headers;
mod meanings;
mod operations;
mod rpc;
mod samples;
mod terms;

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::book::Book;
use super::document::Document;
use super::fields::{Asked, Fields, What};
use crate::config::Access;
use crate::exchange::{Call, Reply};
use crate::router::{ROUTES, RouteInfo};
use meanings::meaning;
use operations::{Body, Family, Form, Operation, operation};

/// `GET /openapi.json`
pub fn openapi(book: &Book, access: &Access, call: &Call) -> Reply {
    book.openapi(access).reply(call).0
}

/// What there is at this instance, and who may ask it.
pub fn description(book: &Book, access: &Access) -> Document {
    let description = Description {
        book,
        access,
        replies: generator(),
        requests: Map::new(),
    };
    let bytes = serde_json::to_vec(&description.whole()).expect("a JSON value always serialises");
    let whole = 0..bytes.len();
    Document::new(&bytes, whole)
}

/// A description under way.
struct Description<'a> {
    book: &'a Book,
    access: &'a Access,
    /// The types that were met in replies.
    replies: SchemaGenerator,
    /// The bodies of requests, by their names.
    requests: Map<String, Value>,
}

impl Description<'_> {
    fn whole(mut self) -> Value {
        let mut paths = Map::new();
        for row in &ROUTES {
            if let Some(operation) = operation(row.route) {
                let path = paths.entry(row.path).or_insert_with(|| json!({}));
                path[row.method.to_ascii_lowercase()] = self.operation(row, &operation);
            }
        }
        let responses = common::responses(&mut self.replies, self.access);
        let mut schemas = self.replies.take_definitions(true);
        schemas.extend(self.requests);
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
                "schemas": schemas,
                "responses": responses,
                "headers": headers::headers(),
                "parameters": common::parameters(),
                "securitySchemes": common::security_schemes(&self.access.api_key_header),
            },
        })
    }

    fn operation(&mut self, row: &RouteInfo, operation: &Operation) -> Value {
        let mut described = json!({
            "operationId": format!("{:?}", row.route),
            "summary": row.description,
            "tags": [operation.family.name()],
            "parameters": self.parameters(row, operation),
            "security": operation.family.security(self.access),
        });
        if !operation.details.is_empty() {
            described["description"] = operation.details.into();
        }
        if let Some(body) = &operation.body {
            described["requestBody"] = self.request_body(body);
        }
        let content = &described["requestBody"]["content"]["application/json"];
        let samples = samples::replies(row.route, self.book, &content["example"]);
        described["responses"] = self.responses(operation, samples);
        described
    }

    fn parameters(&self, row: &RouteInfo, operation: &Operation) -> Vec<Value> {
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
            let asked = Fields::asked_by(|fields| read(fields, self.book));
            parameters.extend(asked.iter().map(|asked| parameter("query", asked)));
        }
        let headers = operation.headers.iter().chain(&["RequestId"]);
        parameters
            .extend(headers.map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
        parameters
    }

    fn request_body(&mut self, body: &Body) -> Value {
        let (schema, example, is_required) = match *body {
            Body::Typed { schema, example } => {
                let example = serde_json::from_str(example).expect("the example is JSON");
                (schema(&mut self.replies).to_value(), example, true)
            }
            Body::Fields {
                name,
                reader,
                is_required,
            } => {
                let asked = Fields::asked_by(|fields| reader(fields, self.book));
                self.requests.insert(name.to_owned(), object(&asked));
                let reference = json!({"$ref": format!("#/components/schemas/{name}")});
                (reference, example(&asked), is_required)
            }
        };
        let content = json!({"schema": schema, "example": example});
        json!({"required": is_required, "content": {"application/json": content}})
    }

    fn responses(&mut self, operation: &Operation, mut samples: Map<String, Value>) -> Value {
        let mut responses = common::shared_replies(operation.family);
        for reply in &operation.replies {
            let status = reply.status.to_string();
            let mut described = json!({
                "description": reply.text,
                "headers": headers::headers_of(reply.status, reply.varies),
            });
            match reply.form {
                Form::Json(schema) => {
                    let mut content = json!({"schema": schema(&mut self.replies)});
                    if let Some(sample) = samples.remove(&status) {
                        content["example"] = sample;
                    }
                    described["content"] = json!({"application/json": content});
                }
                Form::Text(media_types) => {
                    for media_type in media_types {
                        described["content"][*media_type] = json!({"schema": {"type": "string"}});
                    }
                }
                Form::Nothing => {}
            }
            if let Some(link) = reply.link {
                let id = format!("{:?}", link.route);
                described["links"] = json!({&id: {
                    "operationId": id,
                    "parameters": {link.parameter: link.value},
                }});
            }
            responses.insert(status, described);
        }
        responses.into()
    }
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.contract = Contract::Serialize;
        settings.transforms.push(Box::new(RecursiveTransform(tidy)));
    });
    settings.into_generator()
}

/// Of what is written, widths of integers are nobody else's business, and a field that may be missing is
/// left out rather than null.
fn tidy(schema: &mut Schema) {
    let format = schema.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| format.starts_with("uint") || format == "double") {
        schema.remove("format");
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| {
        required
            .as_array()
            .is_some_and(|names| names.iter().any(|one| one == name))
    };
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if let (false, Some(property)) = (is_required(name), property.as_object_mut()) {
            forbid_null(property);
        }
    }
}

fn forbid_null(schema: &mut Map<String, Value>) {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|one| one != "null");
        if let [only] = &mut types[..] {
            let only = only.take();
            schema.insert("type".into(), only);
        }
    }
    if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = &mut choices[..] {
            let only = std::mem::take(only);
            schema.remove("anyOf");
            schema.extend(only);
        }
    }
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
