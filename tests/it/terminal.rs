//! At a terminal a second signal means now.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Client, PATIENCE, wait_until};

#[test]
fn at_a_terminal_a_second_interrupt_leaves_at_once() {
    // `script` gives the server a terminal of its own as standard input, and passes its exit code
    // on; the log comes out of the same terminal.
    let name = format!("terminal-{}", std::process::id());
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--flush", "--command"])
        .arg(format!("exec {}", env!("CARGO_BIN_EXE_llm-pricing")))
        .arg(&log)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([
            ("SERVER_HOST", "127.0.0.1"),
            ("SERVER_PORT", "0"),
            ("SHELL", "/bin/sh"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("script runs");
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    wait_until("ready", || said().contains("phase ready"));
    let text = said();
    let (_, address) = text.split_once("listening on http://").unwrap();
    let address = address.split_whitespace().next().unwrap().parse().unwrap();

    let mut stuck = Client::connect(address);
    stuck.send("POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\n\r\n{");
    wait_until("in flight", || {
        Client::connect(address)
            .get("/deployment/shutdown/status")
            .json()["active_requests"]
            == 1
    });
    // Ctrl-C, as typed: the terminal turns it into a signal.
    let mut keyboard = terminal.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    wait_until("draining", || said().contains("phase draining"));
    keyboard.write_all(b"\x03").unwrap();
    let started = std::time::Instant::now();
    let status = loop {
        if let Some(status) = terminal.try_wait().unwrap() {
            break status;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "it does not leave:\n{}",
            said()
        );
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(130), "{}", said());
    assert!(said().contains("second signal at a terminal"), "{}", said());
    let _ = std::fs::remove_file(&log);
}
