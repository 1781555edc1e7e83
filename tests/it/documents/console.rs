//! The console blocks and programs of the documents, run as they stand.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::{Block, Document, documents};
use crate::harness::Instance;

/// Where an example expects a server that nobody started before.
const DEFAULT_PORT: &str = "8000";

/// Documents whose examples are worth a number, so that none gets lost in silence.
const EXAMPLES_MIN: [(&str, usize); 4] = [
    ("README.md", 17),
    ("docs/PRICING.md", 19),
    ("docs/BACKWARDS_COMPATIBILITY.md", 12),
    ("docs/BLUE_GREEN_DEPLOYMENT.md", 16),
];

struct Example {
    command: String,
    expected: Vec<String>,
}

/// The examples of a console block: a command after `$ `, and the lines of its output up to
/// the next command or an empty line.
fn examples(block: &Block) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut is_output = false;
    for text in block.text.lines() {
        if let Some(command) = text.strip_prefix("$ ") {
            examples.push(Example {
                command: command.to_owned(),
                expected: Vec::new(),
            });
            is_output = true;
        } else if text.is_empty() {
            is_output = false;
        } else if let (true, Some(example)) = (is_output, examples.last_mut()) {
            example.expected.push(text.to_owned());
        } else {
            panic!("{}: {text:?} belongs to no command", block.place);
        }
    }
    examples
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

/// A server that a document has started.
struct Running {
    server: Instance,
    /// The ports it has in the document, each with the real one.
    ports: Vec<(String, u16)>,
}

/// The servers of a document.
#[derive(Default)]
struct Host {
    running: Vec<Running>,
}

impl Host {
    /// Starts what `NAME=value ... llm-pricing &` says, on free ports.
    fn start(&mut self, command: &str) {
        let words = command.strip_suffix("llm-pricing &").expect("a start");
        let mut settings = vec![("SERVER_PORT", DEFAULT_PORT)];
        let given = words.split_whitespace();
        settings.extend(given.map(|word| word.split_once('=').expect("NAME=value")));
        let port_of = |wanted: &str| {
            let mut found = settings.iter().rev().filter(|(name, _)| *name == wanted);
            found.next().map(|(_, port)| (*port).to_owned())
        };
        let (main, admin) = (port_of("SERVER_PORT"), port_of("ADMIN_PORT"));
        for (name, value) in &mut settings {
            if name.ends_with("_PORT") {
                *value = "0";
            }
        }
        let server = Instance::with(&settings);
        let main = main.expect("it has a default");
        self.end(|port| port == main);
        let mut ports = vec![(main, server.address.port())];
        if let Some(admin) = admin {
            let log = server.wait_for_log("admin port on http://");
            let (_, rest) = log.split_once("admin port on http://").unwrap();
            let address: SocketAddr = rest.lines().next().unwrap().parse().expect("an address");
            ports.push((admin, address.port()));
        }
        self.running.push(Running { server, ports });
    }

    fn ports(&self) -> impl Iterator<Item = &(String, u16)> {
        self.running.iter().flat_map(|running| &running.ports)
    }

    /// Ends the servers for which `is_over` says so of the port they have in the document.
    fn end(&mut self, is_over: impl Fn(&str) -> bool) {
        self.running.retain(|running| !is_over(&running.ports[0].0));
    }

    /// A shell for this text, in which the documented ports are the real ones.
    fn shell(&mut self, program: &str, text: &str) -> Command {
        let needs_default = text.contains(&format!("localhost:{DEFAULT_PORT}"));
        if needs_default && self.ports().all(|(port, _)| port != DEFAULT_PORT) {
            self.start("llm-pricing &");
        }
        let mut text = text.to_owned();
        for (documented, real) in self.ports() {
            for (before, after) in [("localhost:", "127.0.0.1:"), ("_PORT=", "_PORT=")] {
                let real = format!("{after}{real}");
                text = text.replace(&format!("{before}{documented}"), &real);
            }
        }
        let own = Path::new(env!("CARGO_BIN_EXE_llm-pricing"));
        let own = own.parent().expect("a folder").display();
        let path = std::env::var("PATH").expect("a path");
        let mut command = Command::new(program);
        command
            .args(["-c", &text])
            .env("PATH", format!("{own}:{path}"))
            .env("SERVER_HOST", "127.0.0.1");
        command
    }

    fn run(&mut self, place: &str, example: &Example) {
        let command = &example.command;
        let place = format!("{place}: {command}");
        if command.ends_with("llm-pricing &") {
            assert!(example.expected.is_empty(), "{place}: a start says nothing");
            return self.start(command);
        }
        let first = command.split_whitespace().find(|word| !word.contains('='));
        let first = first.unwrap_or_default();
        assert!(
            ["curl", "llm-pricing"].contains(&first),
            "{place}: only curl and llm-pricing are run"
        );
        let output = self.shell("sh", command).output().expect("sh runs");
        let logs = || self.running.iter().map(|running| running.server.log());
        assert!(
            output.status.success(),
            "{place}: {output:?}\n{}",
            logs().collect::<String>()
        );
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!example.expected.is_empty(), "{place}: expects something");
        for expected in &example.expected {
            let start: String = said.chars().take(500).collect();
            assert!(
                contains(&said, expected),
                "{place}\nexpected: {expected}\nsaid: {start}"
            );
        }
    }
}

/// Runs the examples of a document, and says how many there were. A server it has started lives to
/// the end of its section; so does the default one when an example may have ended it.
fn run_examples(document: &Document) -> usize {
    let mut host = Host::default();
    let (mut section, mut run) = (String::new(), 0);
    for block in &document.blocks {
        if block.section != section {
            section.clone_from(&block.section);
            host.end(|port| port != DEFAULT_PORT);
        }
        match &*block.language {
            "console" => {
                for example in examples(block) {
                    host.run(&block.place, &example);
                    run += 1;
                }
            }
            "python" => {
                let output = host.shell("python3", &block.text).output();
                let output = output.expect("python3 is installed");
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}: {said}", block.place);
                run += 1;
            }
            _ => {}
        }
        if block.text.contains("/deployment/shutdown") {
            host.end(|port| port == DEFAULT_PORT);
        }
    }
    run
}

#[test]
fn the_commands_of_the_documents_say_what_they_say() {
    for document in documents() {
        let run = run_examples(&document);
        let row = EXAMPLES_MIN.iter().find(|(name, _)| *name == document.name);
        let min = row.map_or(0, |(_, min)| *min);
        assert!(run >= min, "{}: {run} examples were run", document.name);
    }
    for (name, _) in EXAMPLES_MIN {
        assert!(
            documents().iter().any(|document| document.name == name),
            "{name}"
        );
    }
}
