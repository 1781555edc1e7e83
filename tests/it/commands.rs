//! The commands besides serving, and the exit codes scripts go by.

use std::process::Command;

use crate::cli::{run, stderr, stdout};
use crate::harness::{Instance, binary};
use crate::price_files::folder;

/// A command for the server of this instance.
pub fn command_for(server: &Instance, arguments: &[&str]) -> Command {
    let mut command = binary();
    command
        .args(arguments)
        .env("SERVER_HOST", "127.0.0.1")
        .env("SERVER_PORT", server.address.port().to_string());
    command
}

#[test]
fn healthcheck_says_ready_or_alive_by_its_exit_code() {
    let server = Instance::start();
    let check = |arguments: &[&str]| {
        let output = run(&mut command_for(
            &server,
            &[&["healthcheck"], arguments].concat(),
        ));
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, said, _) = check(&[]);
    assert_eq!(code, Some(0));
    assert!(said.contains(r#""ready":true"#), "{said}");
    assert_eq!(check(&["--live"]).0, Some(0));

    let _held = server.hold_a_request();
    server.post("/deployment/shutdown", "");
    server.wait_for_log("phase draining");
    let (code, _, complaint) = check(&[]);
    assert_eq!(code, Some(1), "draining is not ready");
    assert!(complaint.contains("503"), "{complaint}");
    assert_eq!(check(&["--live"]).0, Some(0), "draining is alive");

    let port = server.address.port().to_string();
    drop(server);
    for arguments in [&["healthcheck"][..], &["healthcheck", "--live"]] {
        let output = run(binary().args(arguments).args(["--server-port", &port]));
        assert_eq!(output.status.code(), Some(1), "nobody listens");
        assert!(stderr(&output).contains(&port), "{}", stderr(&output));
    }
}

#[test]
fn shutdown_drains_the_server_here() {
    let mut server = Instance::start();
    let output = run(&mut command_for(
        &server,
        &["shutdown", "--drain-timeout", "9"],
    ));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(stdout(&output).contains(r#""drain_timeout_seconds":9"#));
    assert_eq!(server.wait_for_exit().code(), Some(0));
    let again = run(&mut command_for(&server, &["shutdown"]));
    assert_eq!(again.status.code(), Some(1), "it is gone");
    let wrong = run(&mut command_for(
        &server,
        &["shutdown", "--drain-timeout", "3601"],
    ));
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stderr(&wrong).contains("--drain-timeout"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn shutdown_waits_when_asked_to() {
    let mut idle = Instance::start();
    let output = run(&mut command_for(&idle, &["shutdown", "--wait"]));
    assert_eq!(output.status.code(), Some(0), "drained: {output:?}");
    assert_eq!(idle.wait_for_exit().code(), Some(0));

    let mut busy = Instance::start();
    let _held = busy.hold_a_request();
    let arguments = ["shutdown", "--wait", "--drain-timeout", "0"];
    let output = run(&mut command_for(&busy, &arguments));
    assert_eq!(output.status.code(), Some(3), "timed out: {output:?}");
    assert_eq!(busy.wait_for_exit().code(), Some(3));
}

#[test]
fn shutdown_sends_the_token() {
    let mut server = Instance::with(&[("SHUTDOWN_TOKEN", "sesame")]);
    let without = run(&mut command_for(&server, &["shutdown"]));
    assert_eq!(without.status.code(), Some(1));
    assert!(stderr(&without).contains("401"), "{}", stderr(&without));
    let wrong = run(command_for(&server, &["shutdown"]).env("SHUTDOWN_TOKEN", "salami"));
    assert_eq!(wrong.status.code(), Some(1));
    let right = run(command_for(&server, &["shutdown"]).env("SHUTDOWN_TOKEN", "sesame"));
    assert_eq!(right.status.code(), Some(0), "{right:?}");
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn estimate_prices_a_call_without_a_server() {
    let estimate = |model: &str, input: &str, output: &str| {
        run(binary().args(["estimate", model, "--input", input, "--output", output]))
    };
    let good = estimate("GPT-4o", "1000", "500");
    assert_eq!(good.status.code(), Some(0));
    let said = stdout(&good);
    for part in ["openai/gpt-4o", "0.0025 USD", "0.005 USD", "0.0075 USD"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let overrides = folder("estimate").join("overrides.json");
    let text = r#"{"format": "llm-pricing overrides", "source": "test",
        "models": {"openai/gpt-4o": {"rates": {"input": 1}}}}"#;
    std::fs::write(&overrides, text).unwrap();
    let mut negotiated = binary();
    negotiated.args(["estimate", "gpt-4o", "--input", "1000", "--output", "0"]);
    negotiated.env("PRICING_OVERRIDES", &overrides);
    negotiated.env("PRICING_CATALOG", "");
    let said = stdout(&run(&mut negotiated));
    assert!(said.contains("total   0.001 USD"), "{said}");
    let rows = [
        (
            "unknown model",
            estimate("gpt-4p", "1", "1"),
            1,
            "closest: ",
        ),
        (
            "no price",
            estimate("twelvelabs.pegasus-1-2-v1:0", "1", "1"),
            1,
            "no price per input token",
        ),
        ("negative", estimate("gpt-4o", "-1", "1"), 2, "--input"),
        ("word", estimate("gpt-4o", "1", "many"), 2, "--output"),
        (
            "too many",
            estimate("gpt-4o", "1000000000000001", "1"),
            2,
            "1000000000000000",
        ),
    ];
    for (name, output, code, part) in rows {
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
        assert!(
            stderr(&output).contains(part),
            "{name}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{name}");
    }
}
