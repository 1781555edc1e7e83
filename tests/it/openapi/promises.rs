//! Nothing v1 promised is missing or retyped: the frozen types against the service's own description.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{description, operations, resolved};
use crate::contract::CONTRACT;
use crate::harness::Instance;

const NO_NULL: &str = "a query has no null; an empty parameter counts as absent";

/// Where the description differs from v1's, and why it may. A place is written as the test below finds it.
const DIFFERENCES: [(&str, &str); 18] = [
    ("GET /use-cases: provider: null", NO_NULL),
    ("GET /pricing: provider: null", NO_NULL),
    ("GET /performance: sort_by: null", NO_NULL),
    ("GET /performance: provider: null", NO_NULL),
    ("GET /models: provider: null", NO_NULL),
    (
        "POST /cost-estimate: input_tokens: maximum",
        "v1 had no limit; no call has so many tokens",
    ),
    (
        "POST /cost-estimate: output_tokens: maximum",
        "v1 had no limit; no call has so many tokens",
    ),
    (
        "POST /cost-estimate: model_name: minLength",
        "v1 found no model for an empty name either",
    ),
    (
        "POST /cost-estimate: model_name: maxLength",
        "no name is so long, and v1 found no model for it either",
    ),
    (
        "POST /cost-estimate: model_name: pattern",
        "no name has control characters",
    ),
    (
        "POST /cost-estimate/batch: input_tokens: maximum",
        "v1 had no limit; no call has so many tokens",
    ),
    (
        "POST /cost-estimate/batch: output_tokens: maximum",
        "v1 had no limit; no call has so many tokens",
    ),
    (
        "POST /cost-estimate/batch: model_names: maxItems",
        "v1 had no limit; the whole catalogue is GET /pricing",
    ),
    (
        "POST /deployment/shutdown: drain_timeout_seconds: minimum",
        "the contract: 0 to 3600",
    ),
    (
        "POST /deployment/shutdown: drain_timeout_seconds: maximum",
        "the contract: 0 to 3600",
    ),
    (
        "POST /cost-estimate 422: detail: {\"string\"} instead of {\"array\"}",
        "a model without a price for these tokens, for which v1 made one up",
    ),
    (
        "GET /performance: sort_by: enum",
        "the contract: unknown values are refused and the allowed ones named",
    ),
    (
        "POST /deployment/shutdown: drain_timeout_seconds: default",
        "the contract: the one the operator has set",
    ),
];

/// Keywords that make a schema narrower, beside its type.
const NARROWING: [&str; 10] = [
    "enum",
    "const",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "multipleOf",
];

/// One of the two documents, and a schema in it.
#[derive(Clone, Copy)]
struct Schema<'a> {
    document: &'a Value,
    part: &'a Value,
}

impl<'a> Schema<'a> {
    /// What it may be: the schemas between which it leaves the choice, without null, and whether null is
    /// one of them.
    fn choices(self) -> (Vec<Schema<'a>>, bool) {
        let at = |part| Schema { part, ..self };
        let part = resolved(self.document, self.part);
        for word in ["anyOf", "allOf"] {
            if let Some(parts) = part[word].as_array() {
                let found: Vec<_> = parts.iter().map(|part| at(part).choices()).collect();
                let is_nullable = found.iter().any(|(_, is_nullable)| *is_nullable);
                let schemas = found.into_iter().flat_map(|(schemas, _)| schemas);
                return (schemas.collect(), is_nullable);
            }
        }
        let types = types(part);
        let is_only_null = types.len() == 1 && types.contains("null");
        let schemas = if is_only_null { vec![] } else { vec![at(part)] };
        (schemas, types.contains("null"))
    }

    fn field(self, name: &str) -> Option<Schema<'a>> {
        let part = self.part["properties"].get(name)?;
        Some(Schema { part, ..self })
    }

    fn requires(self, name: &str) -> bool {
        let required = self.part["required"].as_array();
        required.is_some_and(|names| names.iter().any(|one| one == name))
    }
}

fn types(part: &Value) -> BTreeSet<&str> {
    match &part["type"] {
        Value::String(one) => [one.as_str()].into(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// Which way a value goes decides which side may say more.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// A reply: whatever comes now must be something that could come then, with every field.
    Out,
    /// A request: whatever could be sent then must be taken now.
    In,
}

/// Compares a schema with the promised one, and notes what is not as promised.
struct Comparison {
    way: Way,
    compared: usize,
    found: Vec<String>,
}

impl Comparison {
    fn note(&mut self, place: &str, what: &str) {
        self.found.push(format!("{place}: {what}"));
    }

    fn compare(&mut self, place: &str, promised: Schema, now: Schema) {
        self.compared += 1;
        let (promised, could_be_null) = promised.choices();
        let (now, may_be_null) = now.choices();
        let is_null_new = match self.way {
            Way::Out => may_be_null && !could_be_null,
            Way::In => could_be_null && !may_be_null,
        };
        if is_null_new {
            self.note(place, "null");
        }
        // Each shape that comes is one of those that could; each that could be sent is one of those taken.
        let (each, any) = match self.way {
            Way::Out => (&now, &promised),
            Way::In => (&promised, &now),
        };
        for one in each {
            let trials = any.iter().map(|other| {
                let mut trial = Comparison {
                    way: self.way,
                    compared: 0,
                    found: Vec::new(),
                };
                match self.way {
                    Way::Out => trial.compare_one(place, *other, *one),
                    Way::In => trial.compare_one(place, *one, *other),
                }
                trial
            });
            match trials.min_by_key(|trial| trial.found.len()) {
                Some(best) => {
                    self.compared += best.compared;
                    self.found.extend(best.found);
                }
                None => self.note(place, "of no shape"),
            }
        }
    }

    fn compare_one(&mut self, place: &str, promised: Schema, now: Schema) {
        let (then, ours) = (types(promised.part), types(now.part));
        let (narrow, wide) = match self.way {
            Way::Out => (&ours, &then),
            Way::In => (&then, &ours),
        };
        let fits = |one: &&str| {
            *one == "null" || wide.contains(*one) || (*one == "integer" && wide.contains("number"))
        };
        let is_within = !narrow.is_empty() && narrow.iter().all(fits);
        if !then.is_empty() && !is_within {
            return self.note(place, &format!("{ours:?} instead of {then:?}"));
        }
        for word in ["format", "default"] {
            let was = &promised.part[word];
            // A default is what v1 sent or assumed when nothing was said; replies say everything now.
            let counts = word == "format" || self.way == Way::In;
            if counts && !was.is_null() && now.part[word] != *was {
                self.note(place, word);
            }
        }
        for word in NARROWING {
            let (was, is) = (&promised.part[word], &now.part[word]);
            let matters = match self.way {
                // A reply of fewer kinds is still one of them, but no longer any of them.
                Way::Out => word == "enum" && is != was && !was.is_null(),
                Way::In => is.as_f64() != was.as_f64() || (is.as_f64().is_none() && is != was),
            };
            if matters {
                self.note(place, word);
            }
        }
        for name in promised.part["properties"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let name = name.0;
            let below = format!("{place}: {name}");
            let Some(field) = now.field(name) else {
                self.note(&below, "missing");
                continue;
            };
            let is_wrong = match self.way {
                // v1 sent every field of its schemas, also those with a default.
                Way::Out => !now.requires(name),
                Way::In => now.requires(name) && !promised.requires(name),
            };
            if is_wrong {
                self.note(&below, "required");
            }
            self.compare(&below, promised.field(name).unwrap(), field);
        }
        if self.way == Way::In {
            let required = now.part["required"].as_array().into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                if promised.field(name).is_none() {
                    self.note(&format!("{place}: {name}"), "required, and new");
                }
            }
        }
        for word in ["items", "additionalProperties"] {
            if promised.part[word].is_object() {
                let of = |schema: Schema<'_>| schema.part[word].is_object();
                if !of(now) {
                    self.note(place, &format!("{word} of no type"));
                    continue;
                }
                let (was, is) = (&promised.part[word], &now.part[word]);
                let promised = Schema {
                    part: was,
                    ..promised
                };
                self.compare(place, promised, Schema { part: is, ..now });
            }
        }
    }
}

fn schema_of<'a>(document: &'a Value, content: &'a Value) -> Schema<'a> {
    Schema {
        document,
        part: &content["content"]["application/json"]["schema"],
    }
}

#[test]
fn nothing_v1_promised_is_missing_or_retyped() {
    // The document as it was: what its test module makes stricter is not needed here.
    let promised_document = &*CONTRACT;
    let document = description(&Instance::start());
    let now = operations(&document);
    let mut inward = Comparison {
        way: Way::In,
        compared: 0,
        found: Vec::new(),
    };
    let mut outward = Comparison {
        way: Way::Out,
        compared: 0,
        found: Vec::new(),
    };
    let promised = operations(promised_document);
    for ((method, path), then) in &promised {
        let place = format!("{method} {path}");
        let key = (method.clone(), path.clone());
        let Some(operation) = now.get(&key) else {
            outward.note(&place, "missing");
            continue;
        };
        for parameter in then["parameters"].as_array().into_iter().flatten() {
            let name = &parameter["name"];
            let below = format!("{place}: {}", name.as_str().unwrap());
            let found = operation["parameters"].as_array().into_iter().flatten();
            let found = found
                .map(|one| resolved(&document, one))
                .find(|one| one["name"] == *name && one["in"] == parameter["in"]);
            let Some(found) = found else {
                inward.note(&below, "missing");
                continue;
            };
            if found["required"] == true && parameter["required"] != true {
                inward.note(&below, "required");
            }
            let promised = Schema {
                document: promised_document,
                part: &parameter["schema"],
            };
            let now = Schema {
                document: &document,
                part: &found["schema"],
            };
            inward.compare(&below, promised, now);
        }
        if then["requestBody"].is_object() {
            let (was, is) = (&then["requestBody"], &operation["requestBody"]);
            if is["required"] == true && was["required"] != true {
                inward.note(&place, "body required");
            }
            inward.compare(
                &place,
                schema_of(promised_document, was),
                schema_of(&document, is),
            );
        }
        for (status, was) in then["responses"].as_object().unwrap() {
            let is = resolved(&document, &operation["responses"][status]);
            let place = format!("{place} {status}");
            if is.is_null() {
                outward.note(&place, "missing");
                continue;
            }
            outward.compare(
                &place,
                schema_of(promised_document, was),
                schema_of(&document, is),
            );
        }
    }
    let found: BTreeSet<&str> = inward
        .found
        .iter()
        .chain(&outward.found)
        .map(String::as_str)
        .collect();
    let allowed: BTreeSet<&str> = DIFFERENCES.iter().map(|(place, _)| *place).collect();
    assert_eq!(found, allowed, "found, and allowed with a reason");
    assert_eq!(promised.len(), 17, "operations of v1");
    let compared = (inward.compared, outward.compared);
    assert!(compared.0 >= 12 && compared.1 >= 150, "{compared:?}");
}

#[test]
fn the_schemas_keep_the_names_that_clients_were_generated_with() {
    let document = description(&Instance::start());
    let promised = CONTRACT["components"]["schemas"].as_object().unwrap();
    for name in promised.keys() {
        let schema = &document["components"]["schemas"][name];
        assert!(schema.is_object(), "{name} is a schema");
    }
    assert_eq!(promised.len(), 33, "schemas of v1");
}
