//! The names that are suggested for one that does not exist.

use serde_json::{Value, json};

use crate::harness::Instance;

/// What a name says of version and family, read apart from the service's own reading.
fn kin(name: &str) -> (Vec<u32>, Vec<&str>) {
    let last = name.rsplit('/').next().unwrap();
    let last = last.split(':').next().unwrap();
    let parts: Vec<&str> = last.split(['-', '.', '_', '@']).collect();
    let families = [
        "opus", "sonnet", "haiku", "pro", "flash", "lite", "mini", "nano",
    ];
    let families = parts.iter().copied().filter(|part| families.contains(part));
    let numbers = parts
        .iter()
        .skip_while(|part| part.parse::<u32>().is_err())
        .map_while(|part| part.parse().ok())
        .take_while(|number| *number < 100);
    let mut families: Vec<&str> = families.collect();
    families.sort_unstable();
    (numbers.collect(), families)
}

#[test]
fn suggestions_never_cross_versions_or_families() {
    let server = Instance::start();
    let mut client = server.connect();
    let names = [
        "claude-opus-4-6",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        "claude-3-7-sonnet",
        "gemini-2.5-pro",
        "gemini-2.5-flash",
        "gemini-2.5-flash-lite",
        "gemini-3.8-flash",
        "gemini/gemini-2.5-pro",
        "vertex_ai/claude-opus-4-5",
        "anthropic.claude-sonnet-4-6",
        "gpt-5.4-mini",
        "gpt-5.4-nano",
        "gpt-5.4-pro",
        "gpt-4.1-nano",
        "azure/gpt-4.1-mini",
    ];
    let mutations: [fn(&str) -> String; 6] = [
        |name| format!("{name}-x"),
        |name| format!("{name}:free"),
        |name| name.replacen('a', "aa", 1) + "z",
        |name| name.replacen('-', "_", 1),
        |name| format!("my-{name}"),
        |name| name.replace('4', "9"),
    ];
    let mut suggested = 0;
    for name in names {
        for mutate in mutations {
            let asked = mutate(name);
            let body = json!({"model_name": asked, "input_tokens": 1, "output_tokens": 1});
            let reply = client.post("/cost-estimate", body.to_string());
            if reply.status != 404 {
                continue;
            }
            let (version, families) = kin(&asked);
            let body = reply.json();
            for suggestion in body["suggestions"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
            {
                let (its_version, its_families) = kin(suggestion);
                if !version.is_empty() {
                    assert_eq!(its_version, version, "{asked}: {suggestion}");
                }
                if !families.is_empty() {
                    assert_eq!(its_families, families, "{asked}: {suggestion}");
                }
                suggested += 1;
            }
        }
    }
    assert!(
        suggested > 100,
        "there are suggestions to judge: {suggested}"
    );
}
