//! The catalogue that is committed is what the importer makes, and both say what is wrong with a
//! file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::cli::{run, stderr, stdout};
use crate::harness::binary;

const COMMITTED: &str = include_str!("../../src/catalog/data/catalog.jsonl");
const PRICE_MAP: &str = include_str!("../data/litellm_model_prices.json");

/// A file of this test's own.
fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let name = format!("{}-{name}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the file is written");
    path
}

fn import(path: &Path, more: &[&str]) -> Output {
    let mut command = binary();
    command.args(["catalog", "import", "--from", "litellm"]);
    run(command.arg(path).args(more))
}

fn check(path: &Path) -> Output {
    run(binary().args(["catalog", "check"]).arg(path))
}

#[test]
fn the_committed_catalogue_is_what_the_importer_prints() {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/litellm_model_prices.json");
    for time in ["first", "second"] {
        let output = import(&map, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let differs = COMMITTED
            .lines()
            .zip(stdout(&output).lines().map(str::to_owned))
            .find(|(committed, printed)| committed != printed);
        assert_eq!(differs, None, "{time} time");
        assert!(
            output.stdout == COMMITTED.as_bytes(),
            "{time} time: same length"
        );
        let report = stderr(&output);
        for part in [
            "models kept",
            "v1:",
            "left out:",
            "refused: azure_ai/jais-30b-chat",
        ] {
            assert!(report.contains(part), "the report says {part:?}: {report}");
        }
    }
    let written = file("written.jsonl", "");
    let output = import(&map, &["--output", written.to_str().unwrap()]);
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(0), String::new())
    );
    assert!(
        fs::read(&written).unwrap() == COMMITTED.as_bytes(),
        "--output is the same"
    );
}

#[test]
fn a_changed_price_is_one_line_of_a_diff() {
    let entry = PRICE_MAP.find("\"text-embedding-3-large\": {").unwrap();
    let price = "\"input_cost_per_token\": 1.3e-07";
    let at = entry + PRICE_MAP[entry..].find(price).expect("its price");
    let mut changed = PRICE_MAP.to_owned();
    changed.replace_range(at..at + price.len(), "\"input_cost_per_token\": 1.4e-07");
    let map = file("changed.json", changed);
    let date = &COMMITTED[COMMITTED.find("\"date\":\"").unwrap() + 8..][..10];
    let printed = stdout(&import(&map, &["--date", date]));
    assert_eq!(printed.lines().count(), COMMITTED.lines().count());
    let changes: Vec<(&str, &str)> = COMMITTED
        .lines()
        .zip(printed.lines())
        .skip(1) // The header has the digest of the whole map.
        .filter(|(before, after)| before != after)
        .collect();
    let [(before, after)] = changes[..] else {
        panic!("{changes:#?}")
    };
    assert_eq!(before.replace("\"0.13\"", "\"0.14\""), after);
    assert!(
        before.starts_with("{\"id\":\"openai/text-embedding-3-large\""),
        "{before}"
    );
    assert_ne!(
        COMMITTED.lines().next(),
        printed.lines().next(),
        "another version"
    );
}

#[test]
fn a_good_catalogue_passes_the_check() {
    let output = check(&file("good.jsonl", COMMITTED));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    for part in ["good.jsonl", " models of ", " providers"] {
        assert!(said.contains(part), "{said}");
    }
    let header = llm_pricing::catalog::Catalog::built_in_header().unwrap();
    assert!(said.contains(&header.version), "{said}");
}

#[test]
fn everything_wrong_with_a_catalogue_is_said_at_once() {
    let mut lines: Vec<String> = COMMITTED.lines().map(str::to_owned).collect();
    let line_of = |lines: &[String], start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line starts with {start}"))
    };
    // Name, start of the line, what is replaced by what, and what must be said about it.
    let rows = [
        (
            "price without quotes",
            "{\"id\":\"openai/gpt-4o\"",
            "\"input\":\"2.5\"",
            "\"input\":2.5",
            &[][..],
        ),
        (
            "price that is none",
            "{\"id\":\"openai/gpt-4o-mini\"",
            "\"input\":\"0.15\"",
            "\"input\":\"cheap\"",
            &["openai/gpt-4o-mini", "cheap", "decimal number"],
        ),
        (
            "no such day",
            "{\"id\":\"openai/gpt-4\"",
            "\"deprecation_date\":\"2026-10-23\"",
            "\"deprecation_date\":\"2026-02-30\"",
            &["openai/gpt-4", "2026-02-30"],
        ),
        (
            "no such mode",
            "{\"id\":\"openai/text-embedding-3-large\"",
            "\"mode\":\"embedding\"",
            "\"mode\":\"mood\"",
            &["openai/text-embedding-3-large", "mood", "chat"],
        ),
        (
            "unknown key",
            "{\"id\":\"openai/text-embedding-3-small\"",
            "\"mode\":",
            "\"moode\":",
            &["moode"],
        ),
        (
            "slug with capitals",
            "{\"slug\":\"voyage\"",
            "\"voyage\"",
            "\"Voyage\"",
            &["Voyage", "lower-case"],
        ),
    ];
    let mut expected = Vec::new();
    for (name, start, from, to, parts) in rows {
        let at = line_of(&lines, start);
        let broken = lines[at].replacen(from, to, 1);
        assert_ne!(broken, lines[at], "{name} breaks something");
        lines[at] = broken;
        expected.push((name, at + 1, parts));
    }
    let path = file("broken.jsonl", lines.join("\n") + "\n");
    let output = check(&path);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let said = stderr(&output);
    for (name, number, parts) in expected {
        let line = said
            .lines()
            .find(|line| line.contains(&format!(": line {number}, ")));
        let line = line.unwrap_or_else(|| panic!("{name}, line {number}, is not said:\n{said}"));
        assert!(
            line.contains("broken.jsonl") && line.contains("; allowed: "),
            "{name}: {line}"
        );
        for part in parts {
            assert!(line.contains(part), "{name} says {part:?}: {line}");
        }
    }
    let count = format!("{} problems", said.lines().count() - 1);
    assert!(said.lines().last().unwrap().ends_with(&count), "{said}");
}

#[test]
fn a_file_that_cannot_be_read_is_exit_1_with_its_name() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let rows = [
        ("missing", directory.join("no-such-file"), "no-such-file"),
        ("a directory", directory.to_owned(), "tmp"),
        (
            "not text",
            file("binary.jsonl", b"\xff\xfe\x00"),
            "binary.jsonl",
        ),
        ("empty", file("empty.jsonl", ""), "empty.jsonl"),
        ("not json", file("not.jsonl", "{\"format\":"), "not.jsonl"),
    ];
    for (name, path, part) in &rows {
        for output in [check(path), import(path, &[])] {
            assert_eq!(output.status.code(), Some(1), "{name}");
            assert!(
                stderr(&output).contains(part),
                "{name}: {}",
                stderr(&output)
            );
            assert_eq!(stdout(&output), "", "{name}");
        }
    }
    let output = import(&rows[0].1, &["--date", "yesterday"]);
    assert_eq!(output.status.code(), Some(1), "the file is looked at first");
    let output = import(&file("map.json", "{}"), &["--date", "yesterday"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("YYYY-MM-DD"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_price_map_with_unknown_prices_is_refused_whole() {
    let map = r#"{
        "a": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": "x"},
        "b": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1},
        "c": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6,
              "input_cost_per_token_on_sundays": 1e-7},
        "d": 7,
        "e": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6}
    }"#;
    let output = import(&file("odd.json", map), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let said = stderr(&output);
    for entry in ["a", "b", "c", "d"] {
        assert!(
            said.contains(&format!("odd.json: {entry}: ")),
            "{entry} is named:\n{said}"
        );
    }
    assert!(said.contains("on_sundays"), "{said}");
    assert!(!said.contains("odd.json: e: "), "{said}");
}
