//! Debian's Chromium, driven by the scenarios in `tests/ui`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

use crate::harness::Instance;
use crate::tools::{node, root, system_tool};

/// Runs a scenario (`models.search` is in `tests/ui/models.mjs`) on the pages of a server. It fails by its own
/// assertions, by anything on the browser's console, and by anything that is asked of another server.
#[track_caller]
pub fn run(scenario: &str, server: &Instance) {
    run_with(scenario, &[server], |_| {});
}

/// The same with several servers, and a scenario that says when something is to happen to them.
#[track_caller]
pub fn run_with(scenario: &str, servers: &[&Instance], mut on_word: impl FnMut(&str)) {
    assert!(
        Path::new("target/ui/node_modules/playwright-core").exists(),
        "target/ui is missing: run `make tools`"
    );
    let mut child = node()
        .arg(root().join("tests/ui/run.mjs"))
        .arg(scenario)
        .args(
            servers
                .iter()
                .map(|server| format!("http://{}", server.address)),
        )
        .env("CHROMIUM", system_tool("chromium").get_program())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node runs");
    let words = BufReader::new(child.stdout.take().expect("it is piped"));
    for line in words.lines() {
        let line = line.expect("text");
        match line.strip_prefix("now: ") {
            Some(word) => on_word(word),
            None => println!("{scenario}: {line}"),
        }
    }
    let mut problems = String::new();
    let mut errors = child.stderr.take().expect("it is piped");
    errors.read_to_string(&mut problems).expect("text");
    let status = child.wait().expect("it ends");
    let logs: String = servers.iter().map(|server| server.log()).collect();
    assert!(status.success(), "{scenario}: {problems}\n{logs}");
}
