//! Every example in the description is taken by the service, and is what the description says.

use serde_json::Value;

use super::replies::Witness;
use super::{operations, resolved, validator};
use crate::harness::Instance;

/// A value as it stands in a query or a path.
fn as_text(value: &Value) -> String {
    let text = |value: &Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    match value.as_array() {
        Some(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        None => text(value),
    }
}

#[test]
fn every_example_is_accepted() {
    let server = Instance::start();
    let mut witness = Witness::of(&server);
    let document = witness.document.clone();
    let mut sent = 0;
    for ((method, path), operation) in operations(&document) {
        let (mut target, mut query, mut optional) = (path.clone(), Vec::new(), Vec::new());
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolved(&document, parameter);
            let example = &parameter["example"];
            if example.is_null() {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            assert!(
                validator(&document, &parameter["schema"]).is_valid(example),
                "{method} {path}: {name} is not {example}"
            );
            let pair = format!("{name}={}", as_text(example));
            match (parameter["in"].as_str().unwrap(), &parameter["required"]) {
                ("path", _) => {
                    target = target.replace(&format!("{{{name}}}"), &as_text(example));
                }
                (_, Value::Bool(true)) => query.push(pair),
                _ => optional.push(pair),
            }
        }
        let content = &operation["requestBody"]["content"]["application/json"];
        let example = &content["example"];
        let mut bodies = vec![example.clone()];
        if !example.is_null() {
            let schema = validator(&document, &content["schema"]);
            let properties = resolved(&document, &content["schema"])["properties"].as_object();
            for (name, field) in properties.into_iter().flatten() {
                for value in field["examples"].as_array().into_iter().flatten() {
                    let mut body = example.clone();
                    body[name] = value.clone();
                    bodies.push(body);
                }
            }
            for body in &bodies {
                assert!(schema.is_valid(body), "{method} {path} is not {body}");
            }
        }
        let mut targets = vec![query.clone()];
        targets.extend(
            optional
                .into_iter()
                .map(|one| [&query[..], &[one]].concat()),
        );
        for query in &targets {
            for body in &bodies {
                let target = format!("{target}?{}", query.join("&"));
                let body = match body.is_null() {
                    true => String::new(),
                    false => body.to_string(),
                };
                // An order is for an instance of its own.
                let ordered = path.starts_with("/deployment") && method == "POST";
                let own = ordered.then(Instance::start);
                let mut client = own.as_ref().unwrap_or(&server).connect();
                let json = [("Content-Type", "application/json")];
                let reply = client.request(&method, &target, &json, body.as_bytes());
                let name = format!("{method} {target} {body}");
                assert!(reply.status < 300, "{name}: {}", reply.text());
                witness.check(&name, &method, &target, &reply);
                sent += 1;
            }
        }
    }
    assert!(sent > 100, "{sent} examples");
    println!("{sent} examples accepted");
}

#[test]
fn every_example_of_a_reply_is_what_the_service_says() {
    let server = Instance::start();
    let document = Witness::of(&server).document;
    let mut seen = 0;
    for ((method, path), operation) in operations(&document) {
        let name = format!("{method} {path}");
        for (status, reply) in operation["responses"].as_object().unwrap() {
            let content = &resolved(&document, reply)["content"]["application/json"];
            let example = &content["example"];
            if !example.is_null() {
                let schema = validator(&document, &content["schema"]);
                let problem = schema.iter_errors(example).next();
                let problem = problem.map(|problem| problem.to_string());
                assert_eq!(problem, None, "{name}: {status}");
                seen += 1;
            }
        }
        let is_business = operation["tags"][0] == "Prices and models";
        let of_the_moment = ["/telemetry", "/mcp"].contains(&&*path);
        let example = &operation["responses"]["200"]["content"]["application/json"]["example"];
        if is_business && !of_the_moment {
            assert!(example.is_object(), "{name} has an example of a reply");
        }
        if method == "POST" && is_business && !of_the_moment {
            let body = &operation["requestBody"]["content"]["application/json"]["example"];
            let mut reply = server.post(&path, body.to_string()).json();
            reply["timestamp"] = example["timestamp"].clone();
            assert_eq!(&reply, example, "{name}, but for the moment");
        }
    }
    assert!(seen > 60, "{seen} examples of replies");
}
