//! Everything the program does besides serving. Results go to standard output, what went wrong
//! to standard error.

mod catalog;
mod mcp;
mod prices;
mod table;

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::cli::{self, Command, Settings, Target};
use crate::config::{self, BadSetting, Config};
use crate::exit_code::Exit;
use crate::local_client::{self, Response};
use crate::price_files::PriceFiles;

/// A probe that takes longer has failed.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);

/// A caller who waits for a drain waits for the longest lame duck and the longest drain.
const DRAIN_PATIENCE: Duration = Duration::from_secs(2 * config::DRAIN_TIMEOUT_SECONDS_MAX + 60);

/// The new program's check, what is in work, and the new program's start, with time to spare.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(60);

const RENEWAL_LOOK: Duration = Duration::from_millis(20);

/// Of a file with many faults, the first ones say enough.
const DETAILS_SHOWN: usize = 20;

/// Runs a command that is not `serve`.
pub fn run(command: Command) -> Exit {
    match command {
        Command::Serve(_) => unreachable!("main serves"),
        Command::Healthcheck { live, target } => healthcheck(live, &target),
        Command::Shutdown {
            drain_timeout,
            wait,
            shutdown_token,
            shutdown_token_file,
            target,
        } => match config::shutdown_token(&shutdown_token, &shutdown_token_file) {
            Ok(token) => shutdown(drain_timeout.as_deref(), wait, token.as_deref(), &target),
            Err(bad) => refuse(&bad),
        },
        Command::Renew {
            shutdown_token,
            shutdown_token_file,
            target,
        } => match config::shutdown_token(&shutdown_token, &shutdown_token_file) {
            Ok(token) => renew(token.as_deref(), &target),
            Err(bad) => refuse(&bad),
        },
        Command::Check(settings) => check(&settings),
        Command::Sleep { seconds } => match config::whole_seconds("sleep", &seconds) {
            Ok(seconds) => {
                thread::sleep(Duration::from_secs(seconds));
                Exit::Ok
            }
            Err(bad) => refuse(&bad),
        },
        Command::Models(asked) => prices::models(&asked),
        Command::Estimate(asked) => prices::estimate(&asked),
        Command::Compare(asked) => prices::compare(&asked),
        Command::Completions { shell } => print(&cli::completions(shell)),
        Command::Mcp {
            pricing_catalog,
            pricing_overrides,
        } => mcp::run(&PriceFiles::new(
            pricing_catalog.as_deref(),
            pricing_overrides.as_deref(),
        )),
        Command::Man { command } => man(&command),
        Command::Catalog(command) => catalog::run(command),
    }
}

fn refuse(bad: &BadSetting) -> Exit {
    eprintln!("llm-pricing: {bad}");
    Exit::Usage
}

fn fail(what: impl std::fmt::Display) -> Exit {
    eprintln!("llm-pricing: {what}");
    Exit::Failed
}

fn healthcheck(live: bool, target: &Target) -> Exit {
    let address = match config::local_address(target) {
        Ok(address) => address,
        Err(bad) => return refuse(&bad),
    };
    let path = if live {
        "/health/live"
    } else {
        "/health/ready"
    };
    match local_client::request(address, "GET", path, None, "", PROBE_PATIENCE) {
        Ok(Response { status: 200, body }) => {
            println!("{body}");
            Exit::Ok
        }
        Ok(Response { status, body }) => fail(format_args!("{path} answers {status}: {body}")),
        Err(cause) => fail(format_args!("no server at {address}: {cause}")),
    }
}

fn shutdown(drain_timeout: Option<&str>, wait: bool, token: Option<&str>, target: &Target) -> Exit {
    let address = match config::local_address(target) {
        Ok(address) => address,
        Err(bad) => return refuse(&bad),
    };
    let body = match drain_timeout
        .map(|text| config::whole_seconds("--drain-timeout", text))
        .transpose()
    {
        Ok(Some(seconds)) => format!("{{\"drain_timeout_seconds\": {seconds}}}"),
        Ok(None) => String::new(),
        Err(bad) => return refuse(&bad),
    };
    let (path, patience) = if wait {
        ("/deployment/shutdown?wait=true", DRAIN_PATIENCE)
    } else {
        ("/deployment/shutdown", PROBE_PATIENCE)
    };
    match local_client::request(address, "POST", path, token, &body, patience) {
        Ok(Response { status: 200, body }) => {
            println!("{body}");
            let active = serde_json::from_str::<serde_json::Value>(&body)
                .ok()
                .and_then(|status| status["active_requests"].as_u64());
            if wait && active != Some(0) {
                Exit::DrainTimedOut
            } else {
                Exit::Ok
            }
        }
        Ok(Response { status, body }) => fail(format_args!("{path} answers {status}: {body}")),
        Err(cause) => fail(format_args!("no answer from {address}: {cause}")),
    }
}

/// What `/deployment/renew` says of a renewal.
#[derive(Deserialize)]
struct Renewal {
    state: String,
    error: Option<String>,
    renewals: u64,
    version: String,
    commit: String,
}

fn renew(token: Option<&str>, target: &Target) -> Exit {
    let address = match config::local_address(target) {
        Ok(address) => address,
        Err(bad) => return refuse(&bad),
    };
    let ask = |method, path| match local_client::request(
        address,
        method,
        path,
        token,
        "",
        PROBE_PATIENCE,
    ) {
        Ok(Response {
            status: 200 | 202,
            body,
        }) => serde_json::from_str::<Renewal>(&body)
            .map_err(|_| format!("{path} answers something else: {body}")),
        Ok(Response { status, body }) => Err(format!("{path} answers {status}: {body}")),
        Err(cause) => Err(format!("no answer from {address}: {cause}")),
    };
    let before = match ask("POST", "/deployment/renew") {
        Ok(before) => before,
        Err(why) => return fail(why),
    };
    let deadline = Instant::now() + RENEWAL_PATIENCE;
    loop {
        thread::sleep(RENEWAL_LOOK);
        let now = ask("GET", "/deployment/renew/status");
        match now {
            Ok(now) if now.renewals > before.renewals => {
                println!(
                    "renewed: {} (commit {}) has taken over from {} (commit {})",
                    now.version, now.commit, before.version, before.commit
                );
                return Exit::Ok;
            }
            Ok(now) if now.state == "failed" => {
                let error = now.error.unwrap_or_default();
                return fail(format_args!("not renewed, the old program stays: {error}"));
            }
            // While one takes over from the other, a connection may fail.
            _ if Instant::now() < deadline => {}
            Ok(now) => return fail(format_args!("the renewal is still {}", now.state)),
            Err(why) => return fail(why),
        }
    }
}

/// Prints what would serve.
fn check(settings: &Settings) -> Exit {
    let environment = |name: &str| std::env::var(name).ok();
    let config = match Config::from_settings(settings, &environment) {
        Ok(config) => config,
        Err(bad) => return refuse(&bad),
    };
    match config.prices.files.load() {
        Ok(stock) => {
            println!(
                "llm-pricing {} (commit {}): {}",
                crate::VERSION,
                crate::COMMIT,
                stock.summary()
            );
            Exit::Ok
        }
        Err(unusable) => {
            eprintln!("llm-pricing: {unusable}");
            unusable
                .details()
                .take(DETAILS_SHOWN)
                .for_each(|line| eprintln!("llm-pricing: {line}"));
            Exit::Usage
        }
    }
}

fn man(command: &[String]) -> Exit {
    let mut page = Vec::new();
    match cli::man(command, &mut page) {
        Ok(Some(())) => print(&page),
        Ok(None) => refuse(&config::bad("man", &command.join(" "), "a command")),
        Err(cause) => fail(cause),
    }
}

/// Writes a result to its end, or says that it could not be.
fn print(result: &[u8]) -> Exit {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(result).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Ok,
        Err(cause) => fail(format_args!("standard output: {cause}")),
    }
}
