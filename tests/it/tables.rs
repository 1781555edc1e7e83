//! Prices at the command line: tables for people, the documents of the API for programs.

use std::path::Path;
use std::process::Command;

use crate::cli::{run, stderr, stdout};
use crate::harness::{Instance, binary};
use crate::tools::{said_by, system_tool};

/// What the program shows at a terminal that is so wide, line by line.
fn at_a_terminal(columns: usize, arguments: &str) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_llm-pricing");
    let mut terminal = system_tool("script");
    terminal
        .args(["--quiet", "--return", "--command"])
        .arg(format!("stty cols {columns}; exec {program} {arguments}"))
        .arg("/dev/null")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("SHELL", "/bin/sh");
    let said = said_by(&mut terminal);
    said.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// A document without the moment it was made.
fn timeless(document: &str) -> String {
    let (before, rest) = document.split_once("\"timestamp\":\"").expect("a moment");
    let (_, after) = rest.split_once('"').expect("its end");
    format!("{before}{after}")
}

#[test]
fn with_json_the_document_is_the_one_of_the_api() {
    let server = Instance::start();
    let body = r#"{"model_name": "gpt-4o", "input_tokens": 1000, "output_tokens": 10,
        "cache_read_input_tokens": 500, "service_tier": "batch", "requests": 3}"#;
    let rows: [(&str, &str, String); 5] = [
        ("all models", "models", server.get("/pricing").text()),
        (
            "every filter",
            "models sonnet --provider anthropic --mode chat --supports vision,pdf_input \
             --min-context 100000 --max-input-price 10 --max-output-price 50 --include-retired \
             --sort-by context_window --order asc --limit 3 --offset 1",
            server
                .get(
                    "/pricing?search=sonnet&provider=anthropic&mode=chat&supports=vision,pdf_input\
                     &min_context=100000&max_input_price=10&max_output_price=50&include_retired=true\
                     &sort_by=context_window&order=asc&limit=3&offset=1",
                )
                .text(),
        ),
        (
            "estimate",
            "estimate gpt-4o --input 1000 --output 10 --cache-read 500 --service-tier batch \
             --requests 3",
            server.post("/cost-estimate", body).text(),
        ),
        (
            "estimate of a share",
            "estimate gpt-4o --input 1000 --output 10 --cache-read-percent 50 \
             --service-tier batch --requests 3",
            server.post("/cost-estimate", body).text(),
        ),
        (
            "compare",
            "compare gpt-4o claude-sonnet-4-5 --input 1000 --output 10 --requests 2",
            server
                .get(
                    "/compare?models=gpt-4o,claude-sonnet-4-5&input_tokens=1000&output_tokens=10\
                     &requests=2",
                )
                .text(),
        ),
    ];
    for (name, arguments, document) in rows {
        let output = run(binary().args(arguments.split_whitespace()).arg("--json"));
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        let said = stdout(&output);
        let said = said.strip_suffix('\n').expect("a line");
        assert!(
            document.contains("\"gpt-4o\"") || document.contains("sonnet"),
            "{name}"
        );
        assert!(timeless(said) == timeless(&document), "{name}: {said}");
    }
}

#[test]
fn a_table_is_as_wide_as_the_terminal_and_whole_elsewhere() {
    let longest = "openai/gpt-4o-mini-audio-preview-2024-12-17";
    for (columns, is_whole) in [(60, false), (80, false), (200, true)] {
        let lines = at_a_terminal(columns, "models gpt-4o-mini --provider openai");
        assert!(lines.len() > 3, "{columns}: {lines:#?}");
        let widest = lines.iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns), "{columns}: {lines:#?}");
        let text = lines.join("\n");
        assert_eq!(text.contains(longest), is_whole, "{columns}: {text}");
        assert_eq!(text.contains('…'), !is_whole, "{columns}: {text}");
        assert!(!text.contains('\x1b'), "{columns}: no colours: {text}");
    }
    let mut elsewhere = binary();
    elsewhere.args(["models", "gpt-4o-mini", "--provider", "openai"]);
    let said = stdout(&run(elsewhere.env("COLUMNS", "40")));
    assert!(said.contains(longest), "{said}");
    // The decimal points of a column stand under each other.
    let price = |line: &str| line.split_whitespace().rev().nth(3).map(str::to_owned);
    let mut points = said.lines().skip(1).filter_map(|line| {
        let price = price(line)?;
        Some(line.find(&price)? + price.find('.')?)
    });
    let first = points.next().expect("a price");
    assert!(points.all(|point| point == first), "{said}");
}

#[test]
fn columns_says_how_wide_a_terminal_is() {
    let program = env!("CARGO_BIN_EXE_llm-pricing");
    let mut terminal = system_tool("script");
    terminal
        .args(["--quiet", "--return", "--command"])
        .arg(format!("stty cols 300; exec {program} models gpt-4o-mini"))
        .arg("/dev/null")
        .env("SHELL", "/bin/sh")
        .env("COLUMNS", "58");
    let said = said_by(&mut terminal);
    let widest = said
        .lines()
        .map(|line| line.trim_end().chars().count())
        .max();
    assert!(widest <= Some(58), "{said}");
}

#[test]
fn estimate_shows_what_the_cost_is_made_of_at_a_terminal() {
    let arguments = "estimate gpt-4o --input 1000 --output 500 --cache-read 400 --requests 10";
    let lines = at_a_terminal(100, arguments);
    let words: Vec<Vec<&str>> = lines
        .iter()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for (name, row) in [
        (
            "heading",
            &["openai/gpt-4o", "COUNT", "$/1M", "COST", "$"][..],
        ),
        ("output", &["output", "500", "10", "0.005"]),
        ("total", &["total", "0.007"]),
        ("calls", &["all", "calls", "10", "0.07"]),
    ] {
        assert!(words.iter().any(|line| line == row), "{name}: {lines:#?}");
    }
    // Scripts read this since before there were tables.
    let lines = stdout(&run(
        binary().args("estimate gpt-4o --input 1000 --output 500".split(' '))
    ));
    let header = llm_pricing::catalog::Catalog::built_in_header().unwrap();
    let expected = format!(
        "model   openai/gpt-4o\ninput   0.0025 USD for 1000 tokens\noutput  0.005 USD for 500 tokens\n\
         total   0.0075 USD\nprices  of {}\n",
        header.date
    );
    assert_eq!(lines, expected);
}

#[test]
fn compare_puts_the_cheapest_first_and_says_how_much_more_others_cost() {
    let arguments = "compare gpt-4o gpt-4o-mini gpt-4p --input 1000 --output 500";
    let output = run(binary().args(arguments.split(' ')));
    assert_eq!(output.status.code(), Some(1), "one has no price");
    assert!(
        stderr(&output).contains("'gpt-4p' not found; closest: "),
        "{output:?}"
    );
    let said = stdout(&output);
    let rows: Vec<Vec<&str>> = said
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let expected = [
        &["openai/gpt-4o-mini", "0.00015", "0.0003", "0.00045", "0"][..],
        &["openai/gpt-4o", "0.0025", "0.005", "0.0075", "+0.00705"],
    ];
    assert_eq!(rows[1..], expected, "{said}");
    let json = run(binary().args(arguments.split(' ')).arg("--json"));
    assert_eq!(json.status.code(), Some(1), "the document says so as well");
    assert!(stdout(&json).contains("\"is_available\":false"), "{json:?}");
}

#[test]
fn what_cannot_be_asked_is_said_of_the_option_and_nothing_is_printed() {
    let rows: [(&str, &str, i32, &str); 11] = [
        (
            "price",
            "models --max-input-price much",
            2,
            "--max-input-price: \"much\"",
        ),
        ("count", "models --limit -1", 2, "--limit: \"-1\""),
        ("capability", "models --supports magic", 2, "vision"),
        ("sort", "models --sort-by colour", 2, "context_window"),
        ("no model", "compare --input 1 --output 1", 2, "<MODEL>"),
        (
            "share",
            "compare o3 --input 1 --output 1 --cache-read-percent 101",
            2,
            "0 to 100",
        ),
        (
            "two shares",
            "compare o3 --input 1 --output 1 --cache-read-percent 1 --cache-read 1",
            2,
            "cannot be used with",
        ),
        (
            "part",
            "estimate o3 --input 1 --output 1 --cache-read 5",
            2,
            "their sum 5 is more",
        ),
        (
            "moment",
            "estimate o3 --input 1 --output 1 --as-of noon",
            2,
            "--as-of: \"noon\"",
        ),
        (
            "provider",
            "estimate o3 --input 1 --output 1 --provider nix",
            2,
            "--provider: \"nix\"",
        ),
        (
            "file",
            "models --pricing-catalog /no/such/file",
            1,
            "/no/such/file",
        ),
    ];
    for (name, arguments, code, part) in rows {
        let output = run(binary().args(arguments.split(' ')));
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
        let said = stderr(&output);
        assert!(said.contains(part), "{name}: {said}");
        assert_eq!(stdout(&output), "", "{name}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_command_quietly_and_a_full_disk_does_not() {
    let program = env!("CARGO_BIN_EXE_llm-pricing");
    let mut shell = Command::new("/bin/sh");
    let output = run(shell.args(["-c", &format!("{program} models | head -n 1")]));
    assert_eq!(stdout(&output).lines().count(), 1);
    assert_eq!(stderr(&output), "");
    let full = Path::new("/dev/full");
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open(full)
        .expect("it is there");
    let output = run(binary().arg("models").stdout(full));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("llm-pricing: standard output: "),
        "{output:?}"
    );
}
