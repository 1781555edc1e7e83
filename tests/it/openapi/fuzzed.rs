//! schemathesis makes up requests from the description, good ones and bad ones, and holds what comes back
//! against it: a status or a header that is not described, a body that does not fit, something good that is
//! refused, something bad that is not.

use serde_json::Value;

use super::PATH;
use crate::harness::Instance;
use crate::replies::public_routes;
use crate::tools::{all_of, output_of, python_tool, root};

#[test]
fn schemathesis_finds_nothing_with_all_its_checks() {
    // The token is one that no generator guesses, or the first good order would end the test.
    let server = Instance::with(&[
        ("MCP_API_KEY", "key"),
        ("SHUTDOWN_TOKEN", "b1f0a97d-not-to-be-guessed"),
    ]);
    let folder = std::env::temp_dir().join(format!("llm-pricing-fuzzed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let report = folder.join("report.json");
    // From a file: it leaves out the address it gets a description from.
    let described = folder.join("openapi.json");
    std::fs::write(&described, server.get(PATH).body).unwrap();
    let mut command = python_tool("schemathesis");
    command
        .arg("--config-file")
        .arg(root().join("tests/schemathesis.toml"))
        .arg("run")
        .arg(&described)
        .args(["--url", &format!("http://{}", server.address)])
        .args([
            "--checks",
            "all",
            "--header",
            "x-api-key: key",
            "--no-color",
        ])
        .args(["--report", "json", "--report-json-path"])
        .arg(&report)
        // It leaves files where it runs.
        .current_dir(&folder);
    let output = output_of(&mut command);
    assert!(output.status.success(), "{}", all_of(&output));
    let report = std::fs::read(&report).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let operations = &report["operations"]["tested"];
    let cases = &report["test_cases"]["generated"];
    println!("schemathesis: {operations} operations, {cases} cases");
    assert_eq!(operations, public_routes().count(), "operations");
    assert!(cases.as_u64() > Some(2_000), "{cases} cases");
    for phase in ["examples", "coverage", "fuzzing", "stateful"] {
        let status = &report["phases"][phase]["status"];
        assert_eq!(status, "success", "{phase}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
