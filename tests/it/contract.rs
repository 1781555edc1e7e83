//! Every v1 reply against the frozen types of `data/v1_openapi.json`.
//!
//! v1 sent every field of its schemas, also those with a default. So the schemas are read more
//! strictly than they are written: a field that is missing has been removed, which is breaking.

use std::sync::LazyLock;

use jsonschema::Validator;
use llm_pricing::exchange::Method;
use llm_pricing::router::{Route, route};
use serde_json::{Value, json};

use crate::harness::{Instance, Response};

/// Served as documents, not as v1 types.
pub const DOCUMENTATION: [&str; 3] = ["/openapi.json", "/docs", "/redoc"];

pub static CONTRACT: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value = serde_json::from_str(include_str!("../data/v1_openapi.json"))
        .expect("the contract is JSON");
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    for (name, schema) in schemas {
        let is_reply = !name.ends_with("Request");
        if let (true, Some(properties)) = (is_reply, schema["properties"].as_object()) {
            schema["required"] = properties.keys().cloned().collect();
        }
    }
    document
});

/// What the OpenAPI types leave open and `contract.md` says.
fn open_schema(name: &str) -> Option<Value> {
    let text_or_null = json!({"type": ["string", "null"]});
    let time = json!({"type": "string", "format": "date-time"});
    let names = json!({"type": "array", "items": {"type": "string"}});
    let properties = match name {
        "Models" => json!({
            "total_models": {"type": "integer", "minimum": 0},
            "providers": names,
            "models_by_provider": {"type": "object", "additionalProperties": names},
            "all_models": names,
        }),
        "Health" => json!({
            "status": {"enum": ["healthy", "unhealthy", "shutting_down"]},
            "service": {"type": "string"},
            "version": {"const": llm_pricing::VERSION},
        }),
        "Live" => json!({"alive": {"const": true}, "timestamp": time}),
        "Info" => json!({
            "environment": {"type": "string"},
            "deployment_group": text_or_null,
            "region": text_or_null,
            "availability_zone": text_or_null,
            "instance_id": text_or_null,
            "deployment_timestamp": {"anyOf": [time, {"type": "null"}]},
            "service_uptime_seconds": {"type": "number", "minimum": 0},
        }),
        "Detail" => json!({"detail": {"type": "string", "minLength": 1}}),
        _ => return None,
    };
    let required: Vec<&String> = properties.as_object().unwrap().keys().collect();
    Some(json!({"type": "object", "properties": properties, "required": required}))
}

/// A schema of this file or of the contract, by name.
fn schema(name: &str) -> Value {
    open_schema(name).unwrap_or_else(|| {
        let schemas = &CONTRACT["components"]["schemas"];
        assert!(schemas.get(name).is_some(), "the contract has no {name}");
        json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": {"schemas": schemas},
        })
    })
}

/// What every successful reply to an operation of v1 is checked against here.
pub fn reply_schema(method: &str, path: &str) -> Value {
    let mut checked = [PROBES, READY, ORDER, BUSINESS].into_iter().flat_map(rows);
    let row = checked.find(|row| row.method == method && row.path == path);
    schema(
        row.unwrap_or_else(|| panic!("{method} {path} is in no table"))
            .schema,
    )
}

/// The operations of v1 but for its documentation: method and path.
pub fn operations() -> Vec<(String, String)> {
    let operations = CONTRACT["paths"].as_object().unwrap().iter();
    operations
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (method.to_ascii_uppercase(), path.clone()))
        })
        .filter(|(_, path)| !DOCUMENTATION.contains(&path.as_str()))
        .collect()
}

/// A validator for a schema, by name.
fn validator(name: &str) -> Validator {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema(name))
        .expect("the schema is one")
}

#[track_caller]
fn check(name: &str, reply: &Response, status: u16, schema: &str) {
    assert_eq!(reply.status, status, "{name}: {}", start_of(&reply.text()));
    assert_eq!(
        reply.header("Content-Type"),
        Some("application/json"),
        "{name}"
    );
    let body = reply.json();
    let problems: Vec<String> = validator(schema)
        .iter_errors(&body)
        .map(|problem| {
            format!(
                "{}: {}",
                problem.instance_path(),
                start_of(&problem.to_string())
            )
        })
        .collect();
    assert!(
        problems.is_empty(),
        "{name} is not a {schema}: {problems:#?}"
    );
}

fn start_of(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Asks each row of a table and checks its reply. A row is its own name: method, path, expected
/// status and schema, and the body as it is sent.
#[track_caller]
fn check_rows(server: &Instance, table: &str) {
    for row in rows(table) {
        let reply = server
            .connect()
            .request(row.method, row.path, &[], row.body.as_bytes());
        check(row.name, &reply, row.status, row.schema);
        if row.method == "GET" {
            // The next reply on the connection shows that no body followed the head.
            let mut client = server.connect();
            let head = client.request("HEAD", row.path, &[], b"");
            assert_eq!(head.status, row.status, "HEAD of {}", row.name);
            if head.header("Connection") != Some("close") {
                assert_eq!(client.get("/health/live").status, 200, "after {}", row.name);
            }
        }
    }
}

struct Row<'a> {
    name: &'a str,
    method: &'a str,
    path: &'a str,
    status: u16,
    schema: &'a str,
    body: &'a str,
}

fn rows(table: &str) -> impl Iterator<Item = Row<'_>> {
    let lines = table.lines().filter(|line| !line.is_empty());
    lines.map(|name| {
        let (head, body) = name.split_once(" << ").unwrap_or((name, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let &[method, path, status, schema] = &words[..] else {
            panic!("not a row: {name}")
        };
        let status = status.parse().expect("a status");
        Row {
            name,
            method,
            path,
            status,
            schema,
            body,
        }
    })
}

const PROBES: &str = r#"
GET  /health/live                   200 Live
GET  /health/detailed               200 HealthCheckResponse
GET  /deployment/info               200 Info
GET  /deployment/metadata           200 DeploymentMetadata
GET  /deployment/shutdown/status    200 GracefulShutdownStatus
GET  /api/versions                  200 ApiVersionInfo
"#;

const READY: &str = "
GET  /health                        200 Health
GET  /health/ready                  200 DeploymentReadiness
";

const NOT_READY: &str = "
GET  /health                        503 Health
GET  /health/ready                  503 DeploymentReadiness
";

const ORDER: &str = r#"
POST /deployment/shutdown           200 GracefulShutdownStatus << {"drain_timeout_seconds":600}
"#;

const BUSINESS: &str = r#"
GET  /                              200 ServerInfo
GET  /models                        200 Models
GET  /models?provider=openai        200 Models
GET  /models?provider=nobody        200 Models
GET  /pricing                       200 PricingResponse
GET  /pricing?provider=Groq         200 PricingResponse
GET  /pricing?provider=nobody       200 PricingResponse
GET  /pricing?include_retired=true  200 PricingResponse
GET  /performance                   200 PerformanceResponse
GET  /performance?sort_by=value     200 PerformanceResponse
GET  /performance?provider=nobody   200 PerformanceResponse
GET  /use-cases                     200 UseCaseResponse
GET  /use-cases?provider=Cohere     200 UseCaseResponse
GET  /use-cases?provider=nobody     200 UseCaseResponse
GET  /telemetry                     200 TelemetryResponse
POST /cost-estimate                 200 CostEstimateResponse << {"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}
POST /cost-estimate/batch           200 BatchCostEstimateResponse << {"model_names":["gpt-4o","nope"],"input_tokens":9,"output_tokens":1}
POST /cost-estimate/batch           200 BatchCostEstimateResponse << {"model_names":[],"input_tokens":0,"output_tokens":0}
"#;

const ERRORS: &str = r#"
POST /cost-estimate                 422 HTTPValidationError
POST /cost-estimate                 422 HTTPValidationError << {
POST /cost-estimate                 422 HTTPValidationError << {}
POST /cost-estimate                 422 HTTPValidationError << []
POST /cost-estimate                 404 Detail << {"model_name":"gpt-4p","input_tokens":1,"output_tokens":1}
POST /cost-estimate/batch           422 HTTPValidationError
POST /cost-estimate/batch           422 HTTPValidationError << {"model_names":[1,null],"input_tokens":-1,"output_tokens":"1"}
POST /deployment/shutdown           422 HTTPValidationError << {
POST /deployment/shutdown           422 HTTPValidationError << {"drain_timeout_seconds":3601}
GET  /performance?sort_by=mood      422 HTTPValidationError
GET  /models?include_retired=maybe  422 HTTPValidationError
GET  /nope                          404 Detail
DELETE /pricing                     405 Detail
"#;

const REFUSED: &str = r#"
GET  /pricing                       401 Detail
POST /cost-estimate                 401 Detail << {"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}
POST /deployment/shutdown           401 Detail
"#;

#[test]
fn every_reply_of_a_ready_instance_has_the_frozen_types() {
    let server = Instance::with(&[
        ("DEPLOYMENT_GROUP", "blue"),
        ("DEPLOYMENT_TIMESTAMP", "2026-01-02T03:04:05+02:00"),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ]);
    // Something of everything, so that none of telemetry's lists is empty below.
    let visitor = [
        ("CF-IPCountry", "DE"),
        (
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        ),
    ];
    server.connect().request("GET", "/models", &visitor, b"");
    for table in [PROBES, READY, BUSINESS, ERRORS] {
        check_rows(&server, table);
    }
    let telemetry = server.get("/telemetry").json();
    for list in [
        "endpoints",
        "provider_adoption",
        "features",
        "client_locations",
        "top_browsers",
    ] {
        assert_ne!(telemetry[list], json!([]), "{list} had something to check");
    }
}

#[test]
fn an_instance_without_identity_has_the_frozen_types_too() {
    check_rows(&Instance::start(), PROBES);
}

#[test]
fn refusals_have_the_frozen_types() {
    let server = Instance::with(&[
        ("MCP_API_KEY", "key"),
        ("SHUTDOWN_TOKEN", "token"),
        ("MAX_BODY_BYTES", "1024"),
    ]);
    check_rows(&server, REFUSED);
    let too_large = server.post("/cost-estimate", "x".repeat(2_000));
    check("too large", &too_large, 413, "Detail");
    let limited = Instance::with(&[("RATE_LIMIT_PER_MINUTE", "1")]);
    assert_eq!(limited.get("/models").status, 200);
    check("too often", &limited.get("/models"), 429, "Detail");
    let via = [("Via", "1.1 proxy")];
    let proxied = Instance::start()
        .connect()
        .request("POST", "/deployment/shutdown", &via, b"");
    check("through a proxy", &proxied, 403, "Detail");
}

#[test]
fn replies_while_shutting_down_have_the_frozen_types() {
    let server = Instance::with(&[("SHUTDOWN_DELAY_SECONDS", "600")]);
    let _held = server.hold_a_request();
    check_rows(&server, ORDER);
    server.wait_for_log("phase lame_duck");
    for table in [PROBES, NOT_READY, BUSINESS, ERRORS] {
        check_rows(&server, table);
    }

    // Asked again, the rest of the lame duck is skipped.
    check_rows(&server, ORDER);
    server.wait_for_log("phase draining");
    for table in [PROBES, NOT_READY, ORDER] {
        check_rows(&server, table);
    }
    for row in rows(BUSINESS) {
        let body = row.body.as_bytes();
        let refused = server.connect().request(row.method, row.path, &[], body);
        check(row.name, &refused, 503, "Detail");
    }
}

#[test]
fn every_operation_of_v1_is_routed_and_in_these_tables() {
    let operations = operations();
    assert_eq!(operations.len(), 17, "operations of v1");
    for (method, path) in operations {
        let asked = match &*method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            other => panic!("v1 had no {other}"),
        };
        let found = route(asked, &path);
        assert!(
            !matches!(found, Route::Unknown | Route::WrongMethod),
            "{method} {path} leads to {found:?}"
        );
        reply_schema(&method, &path);
    }
}
