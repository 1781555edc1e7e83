//! YAML as JSON. Tags such as CloudFormation's `!Ref` are dropped, merges (`<<`) are made.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// The documents in a text.
#[track_caller]
pub fn documents(text: &str) -> Vec<Value> {
    let documents = YamlLoader::load_from_str(text).expect("YAML");
    documents.iter().map(value).collect()
}

/// The only document in a file.
#[track_caller]
pub fn document(path: &Path) -> Value {
    let name = path.display();
    let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{name}: {why}"));
    let mut documents = documents(&text);
    assert_eq!(documents.len(), 1, "{name} is one document");
    documents.remove(0)
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Integer(number) => (*number).into(),
        Yaml::Boolean(is_so) => (*is_so).into(),
        Yaml::Real(text) | Yaml::String(text) => text.as_str().into(),
        Yaml::Array(items) => items.iter().map(value).collect(),
        Yaml::Hash(entries) => {
            let mut map = Map::new();
            for (key, entry) in entries {
                let key = scalar(&value(key));
                match value(entry) {
                    Value::Object(merged) if key == "<<" => {
                        for (key, entry) in merged {
                            map.entry(key).or_insert(entry);
                        }
                    }
                    entry => {
                        map.insert(key, entry);
                    }
                }
            }
            map.into()
        }
        Yaml::Null => Value::Null,
        Yaml::Alias(_) | Yaml::BadValue => panic!("{yaml:?} is not understood"),
    }
}

/// A number, a word or a truth as it is written.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
