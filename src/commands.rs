//! Everything the program does besides serving. Results go to standard output, what went wrong
//! to standard error.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use time::Date;
use time::format_description::well_known::Iso8601;

use crate::api::{Naming, TOKENS_MAX, naming_warning};
use crate::catalog::{self, Catalog, Header, file, litellm};
use crate::cli::{CatalogCommand, Command, Target};
use crate::clock::today;
use crate::config::{self, BadSetting};
use crate::estimate::{Terms, Usage, estimate};
use crate::exit_code::Exit;
use crate::local_client::{self, Response};

/// A probe that takes longer has failed.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);

/// A caller who waits for a drain waits for the longest lame duck and the longest drain.
const DRAIN_PATIENCE: Duration = Duration::from_secs(2 * config::DRAIN_TIMEOUT_SECONDS_MAX + 60);

/// Runs a command that is not `serve`.
pub fn run(command: Command) -> Exit {
    match command {
        Command::Serve(_) => unreachable!("main serves"),
        Command::Healthcheck { live, target } => healthcheck(live, &target),
        Command::Shutdown {
            drain_timeout,
            wait,
            shutdown_token,
            target,
        } => shutdown(
            drain_timeout.as_deref(),
            wait,
            shutdown_token.as_deref(),
            &target,
        ),
        Command::Estimate {
            model,
            input,
            output,
        } => price(&model, &input, &output),
        Command::Catalog(CatalogCommand::Check { file }) => check(&file),
        Command::Catalog(CatalogCommand::Import {
            from: _,
            file,
            source,
            date,
            output,
        }) => import(&file, source, date.as_deref(), output),
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
    let body = match drain_timeout.map(config::drain_timeout).transpose() {
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

fn price(name: &str, input: &str, output: &str) -> Exit {
    let tokens = |option, text: &str| match text.parse() {
        Ok(tokens) if tokens <= TOKENS_MAX => Ok(tokens),
        _ => Err(BadSetting {
            name: option,
            value: text.to_owned(),
            allowed: format!("a whole number from 0 to {TOKENS_MAX}"),
        }),
    };
    let usage = match (tokens("--input", input), tokens("--output", output)) {
        (Ok(input_tokens), Ok(output_tokens)) => Usage::text(input_tokens, output_tokens),
        (Err(bad), _) | (_, Err(bad)) => return refuse(&bad),
    };
    let catalog = match Catalog::built_in() {
        Ok(catalog) => catalog,
        Err(problems) => return fail(format_args!("built-in catalogue: {}", problems[0])),
    };
    let resolved = match Naming::default().resolve(&catalog, name) {
        Ok(resolved) => resolved,
        Err(misnomer) => return fail(misnomer),
    };
    let model = resolved.model;
    if let Some(warning) = naming_warning(name, &resolved) {
        eprintln!("llm-pricing: {warning}");
    }
    let provider = catalog.provider(model.provider);
    let terms = Terms::at(SystemTime::now().into());
    match estimate(model, provider, &usage, &terms) {
        Ok(costs) => {
            println!("model   {}", model.id);
            println!(
                "input   {} USD for {} tokens",
                costs.input_cost, usage.input_tokens
            );
            println!(
                "output  {} USD for {} tokens",
                costs.output_cost, usage.output_tokens
            );
            println!("total   {} USD", costs.total_cost);
            println!("prices  of {}", catalog.header().date);
            for warning in &costs.warnings {
                println!("note    {warning}");
            }
            Exit::Ok
        }
        Err(why) => fail(format_args!("{}: {why}", model.id)),
    }
}

fn check(path: &Path) -> Exit {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) => return fail(format_args!("{}: {cause}", path.display())),
    };
    match file::read(&text) {
        Ok(catalog) => {
            println!(
                "{}: catalogue {} with {} models of {} providers",
                path.display(),
                catalog.header().version,
                catalog.models().len(),
                catalog.providers().len()
            );
            Exit::Ok
        }
        Err(problems) => {
            for problem in &problems {
                eprintln!("{}: {problem}", path.display());
            }
            fail(format_args!(
                "{}: {} problems",
                path.display(),
                problems.len()
            ))
        }
    }
}

fn import(
    path: &Path,
    source: Option<String>,
    date: Option<&str>,
    output: Option<PathBuf>,
) -> Exit {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) => return fail(format_args!("{}: {cause}", path.display())),
    };
    // A file that is known already keeps its day and its source: reading it again makes its
    // prices no fresher, and the same file always gives the same catalogue.
    let known = Catalog::built_in_header().ok();
    let known = known.filter(|header| header.source_digest == catalog::digest(&text));
    let date = match date.map(|text| Date::parse(text, &Iso8601::DATE).map_err(|_| text)) {
        Some(Ok(date)) => date,
        Some(Err(text)) => {
            return refuse(&BadSetting {
                name: "--date",
                value: text.to_owned(),
                allowed: "a day as YYYY-MM-DD".into(),
            });
        }
        None => known
            .as_ref()
            .map_or_else(|| today(SystemTime::now()), |header| header.date),
    };
    let source = source
        .or(known.map(|header: Header| header.source))
        .unwrap_or_else(|| "LiteLLM model_prices_and_context_window.json (MIT)".into());
    let import = match litellm::import(&text, litellm::Options { date, source }) {
        Ok(import) => import,
        Err(problems) => {
            for problem in &problems {
                eprintln!("{}: {problem}", path.display());
            }
            return fail(format_args!(
                "{}: {} problems",
                path.display(),
                problems.len()
            ));
        }
    };
    eprint!("{}", import.report);
    let catalogue = match file::write(&import.catalog) {
        Ok(catalogue) => catalogue,
        Err(cause) => return fail(cause),
    };
    let Some(output) = output else {
        print!("{catalogue}");
        return Exit::Ok;
    };
    match fs::write(&output, catalogue) {
        Ok(()) => Exit::Ok,
        Err(cause) => fail(format_args!("{}: {cause}", output.display())),
    }
}
