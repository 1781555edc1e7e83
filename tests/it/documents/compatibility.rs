//! `docs/BACKWARDS_COMPATIBILITY.md`: its tables of endpoints and fields, against the frozen types and the
//! router.

use std::collections::{BTreeMap, BTreeSet};

use llm_pricing::exchange::{Method, Work};
use llm_pricing::router::{ROUTES, triage};
use serde_json::Value;

use super::{Document, documents};
use crate::contract::{CONTRACT, DOCUMENTATION, operations, reply_schema};
use crate::replies::PAGES;

fn promises() -> Document {
    let mut documents = documents().into_iter();
    let name = "docs/BACKWARDS_COMPATIBILITY.md";
    documents
        .find(|document| document.name == name)
        .expect(name)
}

/// What a cell of a table has in backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The rows of a section's table that begin with an endpoint.
fn endpoint_rows(section: &str) -> Vec<Vec<String>> {
    let mut rows = promises().rows(section);
    rows.retain(|row| row[0].starts_with('`'));
    rows
}

/// A schema without the wrappers around it, and whether null is allowed.
fn bare(schema: &Value) -> (&Value, bool) {
    let is_null = |schema: &Value| schema["type"] == "null";
    for word in ["anyOf", "allOf"] {
        if let Some(choices) = schema[word].as_array() {
            let choice = choices.iter().find(|choice| !is_null(choice)).unwrap();
            return (bare(choice).0, choices.iter().any(is_null));
        }
    }
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return bare(&CONTRACT["components"]["schemas"][name]);
    }
    let types = schema["type"].as_array();
    (
        schema,
        types.is_some_and(|types| types.contains(&Value::from("null"))),
    )
}

/// The fields of a schema by where they are (`models[]`), with a question mark where they may be null.
fn fields(schema: &Value, place: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let (schema, _) = bare(schema);
    if schema["items"].is_object() {
        return fields(&schema["items"], &format!("{place}[]"), found);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let mark = if bare(field).1 { "?" } else { "" };
        let names = found.entry(place.to_owned()).or_default();
        names.insert(format!("{name}{mark}"));
        let below = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        fields(field, &below, found);
    }
}

#[test]
fn the_guaranteed_fields_of_replies_are_the_frozen_ones() {
    let mut promised: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for row in endpoint_rows("### Fields of a reply") {
        let keys = quoted(&row[0]);
        let place = keys.get(1).copied().unwrap_or_default();
        let names = quoted(&row[1]).into_iter().map(str::to_owned).collect();
        promised.insert((keys[0].to_owned(), place.to_owned()), names);
    }
    let mut frozen = BTreeMap::new();
    for (method, path) in operations() {
        let mut found = BTreeMap::new();
        fields(&reply_schema(&method, &path), "", &mut found);
        for (place, names) in found {
            frozen.insert((format!("{method} {path}"), place), names);
        }
    }
    for (key, names) in &frozen {
        assert_eq!(
            promised.get(key),
            Some(names),
            "{key:?}: promised, and frozen"
        );
    }
    assert_eq!(
        promised.len(),
        frozen.len(),
        "more is promised than is frozen"
    );
}

#[test]
fn the_guaranteed_fields_of_requests_are_the_frozen_ones() {
    let mut promised: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in endpoint_rows("### Fields of a request") {
        for endpoint in quoted(&row[0]) {
            let names = quoted(&row[1]).into_iter().map(str::to_owned).collect();
            promised.insert(endpoint.to_owned(), names);
        }
    }
    let mut frozen = BTreeMap::new();
    for (method, path) in operations() {
        let operation = &CONTRACT["paths"][&path][method.to_lowercase()];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let body = bare(body).0["properties"].as_object();
        let mut names: Vec<String> = body
            .into_iter()
            .flatten()
            .map(|field| field.0.clone())
            .collect();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            names.push(parameter["name"].as_str().unwrap().to_owned());
        }
        if !names.is_empty() {
            frozen.insert(format!("{method} {path}"), names);
        }
    }
    for names in promised.values_mut().chain(frozen.values_mut()) {
        names.sort();
    }
    assert_eq!(promised, frozen, "promised, and frozen");
}

#[test]
fn every_endpoint_has_its_level_of_stability() {
    let rows: BTreeMap<String, Vec<String>> = endpoint_rows("## Stability of every endpoint")
        .into_iter()
        .map(|row| (quoted(&row[0])[0].to_owned(), row))
        .collect();
    let v1: BTreeSet<String> = operations()
        .into_iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    for route in ROUTES.iter().filter(|row| row.route.is_public()) {
        let endpoint = format!("{} {}", route.method, route.path);
        let row = rows
            .get(&endpoint)
            .unwrap_or_else(|| panic!("{endpoint} has no row"));
        let is_description = DOCUMENTATION.contains(&route.path);
        let level = match v1.contains(&endpoint) {
            true => "v1",
            false if is_description => "description",
            false => "added",
        };
        assert_eq!(row[1], level, "{endpoint}");
        let method = if route.method == "GET" {
            Method::Get
        } else {
            Method::Post
        };
        let is_probe = triage(method, route.path, "").work == Work::Probe;
        let needs_no_key = is_probe || is_description || PAGES.contains(&route.path);
        assert_eq!(
            row[2].starts_with("never"),
            needs_no_key,
            "{endpoint}: {}",
            row[2]
        );
    }
    let public = ROUTES.iter().filter(|row| row.route.is_public()).count();
    assert_eq!(
        rows.len(),
        public,
        "endpoints that do not exist have no row"
    );
}
