//! The console blocks of the documents, run as they stand.

use std::path::Path;
use std::process::Command;

use crate::harness::Instance;

/// Where the documents' commands expect the server.
const DOCUMENTED_ADDRESS: &str = "localhost:8000";

struct Example {
    line: usize,
    command: String,
    expected: Vec<String>,
}

/// The examples of each console block: a command after `$ `, and the lines of its output up to
/// the next command or an empty line.
fn blocks(text: &str) -> Vec<Vec<Example>> {
    let mut blocks = Vec::new();
    let mut block: Option<Vec<Example>> = None;
    let mut is_output = false;
    for (line, text) in (1..).zip(text.lines()) {
        match (&mut block, text) {
            (None, "```console") => block = Some(Vec::new()),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some(examples), _) => {
                if let Some(command) = text.strip_prefix("$ ") {
                    let command = command.to_owned();
                    examples.push(Example {
                        line,
                        command,
                        expected: Vec::new(),
                    });
                    is_output = true;
                } else if text.is_empty() {
                    is_output = false;
                } else if let (true, Some(example)) = (is_output, examples.last_mut()) {
                    example.expected.push(text.to_owned());
                }
            }
            (None, _) => {}
        }
    }
    blocks
}

/// Whether the text contains what is expected; `...` there stands for anything.
fn contains(text: &str, expected: &str) -> bool {
    let mut rest = text;
    expected.split("...").all(|piece| {
        let found = rest.find(piece);
        if let Some(at) = found {
            rest = &rest[at + piece.len()..];
        }
        found.is_some()
    })
}

#[test]
fn three_dots_stand_for_anything() {
    let rows = [
        ("whole", "abc", true),
        ("part", "b", true),
        ("dots between", "a...c", true),
        ("dots around", "...b...", true),
        ("dots for nothing", "a...b", true),
        ("wrong order", "c...a", false),
        ("twice what is there once", "b...b", false),
        ("not there", "abd", false),
    ];
    for (name, expected, is_there) in rows {
        assert_eq!(contains("abc", expected), is_there, "{name}");
    }
}

#[test]
fn the_commands_of_the_readme_say_what_it_says() {
    run_commands_of("README.md", 5);
}

#[test]
fn the_commands_of_the_pricing_guide_say_what_it_says() {
    run_commands_of("docs/PRICING.md", 19);
}

fn run_commands_of(document: &str, commands_min: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(path).expect("the document");
    let mut run = 0;
    for block in blocks(&text) {
        // A block may end its server.
        let server = Instance::start();
        let address = server.address.to_string();
        for example in block {
            let (line, command) = (example.line, &example.command);
            let place = format!("{document}, line {line}: {command}");
            assert!(command.starts_with("curl "), "{place}: only curl is run");
            let output = Command::new("sh")
                .arg("-c")
                .arg(command.replace(DOCUMENTED_ADDRESS, &address))
                .output()
                .expect("sh runs");
            assert!(output.status.success(), "{place}: {output:?}");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(!example.expected.is_empty(), "{place}: expects something");
            for expected in &example.expected {
                let start: String = said.chars().take(500).collect();
                assert!(
                    contains(&said, expected),
                    "{place}\nexpected: {expected}\nsaid: {start}"
                );
            }
            run += 1;
        }
    }
    assert!(run >= commands_min, "{run} commands were run");
}
