//! The command line: what it teaches, and what it refuses to start with.

use std::net::TcpListener;
use std::process::{Command, Output};

use clap::CommandFactory;
use llm_pricing::cli::Cli;

use crate::harness::{Instance, binary};

pub fn run(command: &mut Command) -> Output {
    command.output().expect("the binary runs")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_teaches_every_setting_and_shows_no_secret() {
    let secrets = [
        ("SHUTDOWN_TOKEN", "hush-token"),
        ("MCP_API_KEY", "hush-key"),
    ];
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["shutdown", "--help"],
        &["-h"],
    ] {
        let output = run(binary().args(arguments).envs(secrets));
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        let help = stdout(&output);
        assert!(
            !help.contains("hush"),
            "{arguments:?} shows a secret:\n{help}"
        );
    }
    let help = stdout(&run(binary().arg("--help")));
    let cli = Cli::command();
    let settings: Vec<_> = cli
        .get_arguments()
        .filter_map(|argument| Some((argument.get_env()?, argument.get_long()?)))
        .collect();
    assert!(settings.len() > 20, "{} settings", settings.len());
    for (variable, flag) in settings {
        let variable = variable.to_str().unwrap();
        assert!(
            help.contains(&format!("--{flag} <")),
            "--{flag} is explained"
        );
        assert!(
            help.contains(&format!("[env: {variable}")),
            "{variable} is named"
        );
    }
    for part in [
        "Examples:",
        "SERVER_PORT=9000 llm-pricing",
        "Exit codes:",
        "llm-pricing estimate gpt-4o",
    ] {
        assert!(help.contains(part), "{part}");
    }
    for command in [
        "serve",
        "healthcheck",
        "shutdown",
        "models",
        "estimate",
        "compare",
        "man",
        "catalog",
    ] {
        assert!(
            help.contains(&format!("  {command} ")),
            "{command} is listed"
        );
        let own = run(binary().args([command, "--help"]));
        assert_eq!(own.status.code(), Some(0), "{command} --help");
    }
}

#[test]
fn the_version_names_the_commit_and_the_day_of_the_prices() {
    let long = stdout(&run(binary().arg("--version")));
    let header = llm_pricing::catalog::Catalog::built_in_header().unwrap();
    for part in [
        &format!(
            "llm-pricing {} (commit {} of",
            llm_pricing::VERSION,
            llm_pricing::COMMIT
        ),
        llm_pricing::COMMIT_DATE,
        &format!("catalogue {} of {}", header.version, header.date),
    ] {
        assert!(long.contains(part), "{part:?} in {long:?}");
    }
    let short = stdout(&run(binary().arg("-V")));
    assert_eq!(
        short.trim(),
        format!("llm-pricing {}", llm_pricing::VERSION)
    );
}

#[test]
fn a_command_line_nobody_can_mean_is_exit_2_with_a_hint() {
    let rows: [(&str, &[&str], &str); 8] = [
        ("flag", &["--server-prot", "1"], "--server-port"),
        ("command", &["healthchek"], "healthcheck"),
        ("no value", &["--server-port"], "--server-port"),
        ("no model", &["estimate"], "<MODEL>"),
        (
            "no input",
            &["estimate", "gpt-4o", "--output", "1"],
            "--input",
        ),
        (
            "format",
            &["catalog", "import", "--from", "csv", "x"],
            "litellm",
        ),
        (
            "setting of another",
            &["healthcheck", "--workers", "2"],
            "--workers",
        ),
        (
            "flag behind a command",
            &["--server-port", "1", "healthcheck"],
            "healthcheck",
        ),
    ];
    for (name, arguments, hint) in rows {
        let output = run(binary().args(arguments));
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let said = stderr(&output);
        assert!(
            said.contains(hint) && said.contains("--help"),
            "{name}: {said}"
        );
        assert_eq!(stdout(&output), "", "{name}");
    }
}

#[test]
fn a_setting_that_cannot_be_used_stops_the_start_and_says_what_can() {
    let long = "x".repeat(257);
    let rows = [
        ("ADMIN_PORT", "65536", "0 to 65535"),
        ("SERVER_HOST", "nowhere.example", "an IP address"),
        ("SERVER_HOST", "", "an IP address"),
        ("SERVER_PORT", "70000", "from 0 to 65535"),
        ("SERVER_PORT", "-1", "from 0 to 65535"),
        ("SERVER_PORT", "http", "from 0 to 65535"),
        ("WORKERS", "0", "from 1 to 256"),
        ("WORKERS", "257", "from 1 to 256"),
        ("BULK_WORKERS", "0", "from 1 to 1024"),
        ("BULK_QUEUE", "65537", "from 0 to 65536"),
        ("MAX_BODY_BYTES", "1023", "from 1024 to"),
        ("MAX_BODY_BYTES", "1e6", "from 1024 to"),
        ("MAX_HEAD_BYTES", "1023", "from 1024 to 1048576"),
        ("MAX_CONNECTIONS", "7", "from 8 to 100000"),
        ("HEAD_TIMEOUT_SECONDS", "0", "from 1 to 3600"),
        ("BODY_TIMEOUT_SECONDS", "0", "from 1 to 3600"),
        ("IDLE_TIMEOUT_SECONDS", "never", "from 1 to 3600"),
        ("WRITE_TIMEOUT_SECONDS", "-1", "from 1 to 3600"),
        ("WATCHDOG_SECONDS", "3601", "from 0 to 3600"),
        ("SHUTDOWN_DELAY_SECONDS", "3601", "from 0 to 3600"),
        ("DRAIN_TIMEOUT_SECONDS", "30s", "from 0 to 3600"),
        ("DRAIN_TIMEOUT_SECONDS", "1.5", "from 0 to 3600"),
        (
            "MCP_API_KEY_HEADER",
            "x api key",
            "the name of an HTTP header",
        ),
        ("MCP_API_KEY_HEADER", "", "the name of an HTTP header"),
        ("MCP_API_KEY_FILE", "/no/such/file", "one a line"),
        (
            "SHUTDOWN_TOKEN_FILE",
            "/no/such/file",
            "a file with a token",
        ),
        ("RATE_LIMIT_PER_MINUTE", "-1", "from 0 to 1000000"),
        ("RATE_LIMIT_PER_MINUTE", "1000001", "from 0 to 1000000"),
        ("RATE_LIMIT_PER_MINUTE", "60/min", "from 0 to 1000000"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "CIDR ranges"),
        ("TRUSTED_PROXIES", "proxy.example", "CIDR ranges"),
        ("MCP_ALLOWED_ORIGINS", "chat.example", "origins with commas"),
        (
            "MCP_ALLOWED_ORIGINS",
            "https://chat.example/page",
            "origins with commas",
        ),
        ("MCP_ALLOWED_ORIGINS", "*", "origins with commas"),
        ("MCP_ALLOWED_ORIGINS", "ftp://a", "origins with commas"),
        ("MCP_ALLOWED_ORIGINS", "http://a:0", "origins with commas"),
        ("MCP_ALLOWED_ORIGINS", "http://[::g]", "origins with commas"),
        (
            "LOG_LEVEL",
            "loud",
            "error, warn, info, debug, trace or off",
        ),
        ("ACCESS_LOG", "maybe", "true or false"),
        ("DEBUG", "2", "true or false"),
        (
            "PRICING_CATALOG",
            "/no/such/file",
            "a file with a catalogue or a LiteLLM price map",
        ),
        ("PRICING_OVERRIDES", "/no/such/file", "a file of overrides"),
        ("PRICING_OVERRIDES", "/", "a file of overrides"),
        ("PRICING_RELOAD_SECONDS", "0.001", "0.01 to 3600, or 0"),
        ("PRICING_RELOAD_SECONDS", "often", "0.01 to 3600, or 0"),
        ("CATALOG_MAX_AGE_DAYS", "0", "from 1 to 36500"),
        ("DEPLOYMENT_GROUP", "blue\nX-Evil: 1", "printable ASCII"),
        ("INSTANCE_ID", &long, "up to 256"),
        ("DEPLOYMENT_TIMESTAMP", "yesterday", "RFC 3339"),
        ("BUILD_TIMESTAMP", "2026-13-01T00:00:00Z", "RFC 3339"),
    ];
    // What is wrong with a secret is said without its value, see secrets.rs.
    let secrets = ["SHUTDOWN_TOKEN", "MCP_API_KEY"];
    let any_text = ["ENV", "REGION", "AVAILABILITY_ZONE"];
    let mut checked: Vec<&str> = rows.iter().map(|(variable, ..)| *variable).collect();
    checked.extend(secrets);
    checked.extend(any_text);
    let cli = Cli::command();
    for variable in cli
        .get_arguments()
        .filter_map(|argument| argument.get_env())
    {
        let variable = variable.to_str().unwrap();
        assert!(checked.contains(&variable), "{variable} is in no row");
    }
    // A setting that is accepted after all must not leave the test with a server that runs.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (variable, value, allowed) in rows {
        let flag = variable.to_ascii_lowercase().replace('_', "-");
        for is_flag in [false, true] {
            let name = format!("{variable}={value:?}, flag: {is_flag}");
            let mut command = binary();
            command.envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", &port)]);
            if is_flag {
                command.arg(format!("--{flag}={value}"));
            } else {
                command.env(variable, value);
            }
            let output = run(&mut command);
            assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
            let said = stderr(&output);
            assert_eq!(said.lines().count(), 1, "{name} is one line: {said}");
            for part in [variable, &format!("{value:?}"), allowed] {
                assert!(said.contains(part), "{name} says {part:?}: {said}");
            }
        }
    }
}

#[test]
fn a_port_in_use_is_exit_1_with_the_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = run(binary()
        .env("SERVER_HOST", "127.0.0.1")
        .env("SERVER_PORT", address.port().to_string()));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains(&address.to_string()),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_flag_beats_its_variable_and_port_0_is_logged() {
    for subcommand in [None, Some("serve")] {
        let mut command = binary();
        command
            .args(subcommand)
            .args(["--server-port", "0", "--server-host", "127.0.0.1"])
            .args(["--deployment-group", "green", "--env", "staging"])
            .envs([("SERVER_PORT", "70000"), ("SERVER_HOST", "nowhere")])
            .envs([
                ("DEPLOYMENT_GROUP", "blue"),
                ("ENV", "production"),
                ("REGION", "r"),
            ]);
        let server = Instance::run(command);
        assert_ne!(server.address.port(), 0);
        let info = server.get("/deployment/info").json();
        assert_eq!(info["deployment_group"], "green", "{subcommand:?}");
        assert_eq!(info["environment"], "staging", "{subcommand:?}");
        assert_eq!(info["region"], "r", "{subcommand:?}");
    }
}
