//! The official conformance suite, the official clients in both languages, and the Inspector's lint.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;

use super::{MODERN, server};
use crate::tools::{all_of, mcp_python, mcp_python_of, node, output_of, root};

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;

/// How many entries the list of expected failures has. The suite itself refuses one that passes after all.
const KNOWN_MAX: usize = 49;

/// Runs a program in its own folder of `target/mcp`, where what it writes is in nobody's way.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = output_of(command);
    let said = all_of(&output);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

fn script(path: &str) -> Command {
    let folder = root().join("target/mcp");
    let mut command = node();
    command.arg(folder.join(path)).current_dir(folder);
    command
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/mcp")
}

#[test]
fn the_conformance_suite_finds_nothing_that_is_not_known() {
    let baseline = include_str!("../../mcp/baseline.yml");
    let known = baseline
        .lines()
        .filter(|line| line.trim_start().starts_with("- "));
    assert!(
        known.count() <= KNOWN_MAX,
        "the list of what is known only gets shorter"
    );
    let server = server();
    for (revision, passed_min) in [(MODERN, 84), ("2025-11-25", 35), ("2025-06-18", 29)] {
        let results =
            std::env::temp_dir().join(format!("llm-pricing-mcp-{revision}-{}", std::process::id()));
        let mut suite = script("node_modules/@modelcontextprotocol/conformance/dist/index.js");
        suite.args([
            "server",
            "--url",
            &url(server.address),
            "--suite",
            "all",
            "--spec-version",
            revision,
        ]);
        suite
            .arg("--expected-failures")
            .arg(root().join("tests/mcp/baseline.yml"));
        suite.arg("-o").arg(&results);
        let said = run(&mut suite);
        let total = said
            .lines()
            .find_map(|line| line.strip_prefix("Total: "))
            .expect("a total");
        println!("{revision}: {total}");
        let passed: u32 = total
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .expect("a number");
        assert!(passed >= passed_min, "{revision}: {total}");
        std::fs::remove_dir_all(&results).unwrap();
    }
}

#[test]
fn the_official_clients_get_a_price_at_both_doors_in_both_eras() {
    let server = server();
    let at_url = [url(server.address)];
    let program = ["--", env!("CARGO_BIN_EXE_llm-pricing"), "mcp"].map(str::to_owned);
    for (client, mode, protocol) in [
        ("python", "auto", MODERN),
        ("python", "legacy", "2025-11-25"),
        ("python", MODERN, MODERN),
        ("v2", "auto", MODERN),
        ("v2", "legacy", "2025-11-25"),
        ("v2", MODERN, MODERN),
        ("v1", "", "2025-11-25"),
    ] {
        for (door, target) in [("HTTP", &at_url[..]), ("stdio", &program[..])] {
            let mut command = match client {
                "python" => {
                    let mut command = mcp_python();
                    command.arg(root().join("tests/mcp/client.py"));
                    command
                }
                sdk => {
                    let mut command = script("client.mjs");
                    command.args(["--sdk", sdk]);
                    command
                }
            };
            if !mode.is_empty() {
                command.args(["--mode", mode]);
            }
            command
                .args(["--tool", "estimate_cost", "--args", ESTIMATE])
                .args(target);
            let said: Value = serde_json::from_str(&run(&mut command)).expect("a line of JSON");
            let name = format!("{client} {mode} over {door}: {said}");
            assert_eq!(said["structured"]["total_cost_usd"], 0.0075, "{name}");
            assert_eq!(said["tools"].as_array().map(Vec::len), Some(7), "{name}");
            // The first TypeScript client does not know its own over stdio.
            if !(client == "v1" && door == "stdio") {
                assert_eq!(said["protocol"], protocol, "{name}");
            }
        }
    }
}

#[test]
fn a_client_of_every_revision_with_a_handshake_gets_a_price() {
    let server = server();
    let at_url = [url(server.address)];
    let program = ["--", env!("CARGO_BIN_EXE_llm-pricing"), "mcp"].map(str::to_owned);
    for (release, protocol, doors) in [
        // HTTP was another transport then, which is deprecated and not offered.
        ("1.2.1", "2024-11-05", &[&program[..]][..]),
        ("1.9.4", "2025-03-26", &[&at_url[..], &program[..]]),
        ("1.12.4", "2025-06-18", &[&at_url[..], &program[..]]),
        ("1.30.0", "2025-11-25", &[&at_url[..], &program[..]]),
    ] {
        for target in doors {
            let mut command = mcp_python_of(release);
            command
                .arg(root().join("tests/mcp/client_v1.py"))
                .args(["--tool", "estimate_cost", "--args", ESTIMATE])
                .args(*target);
            let said: Value = serde_json::from_str(&run(&mut command)).expect("a line of JSON");
            assert_eq!(said["protocol"], protocol, "{release}: {said}");
            assert_eq!(
                said["tools"].as_array().map(Vec::len),
                Some(7),
                "{release}: {said}"
            );
            let text = said["text"][0].as_str().expect("a text");
            assert!(
                text.contains("\"total_cost_usd\":0.0075"),
                "{release}: {text}"
            );
        }
    }
}

#[test]
fn the_inspector_finds_the_schemas_portable() {
    let server = server();
    for era in ["modern", "legacy"] {
        let mut inspector = script("node_modules/.bin/mcp-inspector");
        inspector.args([
            "--cli",
            "--server-url",
            &url(server.address),
            "--transport",
            "http",
        ]);
        inspector.args(["--protocol-era", era, "--method", "tools/list", "--strict"]);
        let said = run(&mut inspector);
        assert!(said.contains("get_telemetry"), "{era}: {said}");
    }
}
