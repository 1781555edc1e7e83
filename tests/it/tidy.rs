//! The house's promises about itself: which way the arrows go, and that the documents name
//! everything there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use llm_pricing::cli::Cli;
use llm_pricing::router::ROUTES;

/// A file that grows longer is about two things.
const LINES_MAX: usize = 450;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder whose name ends in `end`, by its path from the root, with its text.
pub fn files(folder: &str, end: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
            if name.ends_with(end) {
                found.push((name.to_owned(), document(name)));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has files in *{end}");
    found.sort();
    found
}

pub fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// The text without comments and without what stands in quotes.
fn code(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines() {
        let mut in_string = false;
        let mut before = ' ';
        for char in line.chars() {
            match char {
                '"' if before != '\\' && before != '\'' => in_string = !in_string,
                '/' if before == '/' && !in_string => break,
                _ if !in_string => code.push(char),
                _ => {}
            }
            before = char;
        }
        code.push('\n');
    }
    code
}

/// The names that follow `prefix` in the code, also those of a group: `crate::{api, server::Server}`.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let is_whole =
            !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let rest = code[at + prefix.len()..].trim_start();
        if !is_whole {
            continue;
        }
        let identifier = |text: &str| -> String {
            text.trim_start()
                .chars()
                .take_while(|char| char.is_alphanumeric() || *char == '_')
                .collect()
        };
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(identifier(rest));
            continue;
        };
        let (mut depth, mut item) = (0, String::new());
        for char in group.chars() {
            match char {
                '}' if depth == 0 => break,
                ',' if depth == 0 => {
                    names.insert(identifier(&item));
                    item.clear();
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => item.push(char),
            }
        }
        names.insert(identifier(&item));
    }
    names.remove("");
    names
}

#[test]
fn the_reader_of_this_test_understands_use_lines() {
    let text = "use crate::{api::{self, Api}, server}; // crate::money\n\
                let x = crate::catalog::find(\"crate::router\"); use mycrate::y;";
    let found: Vec<String> = names_after(&code(text), "crate::").into_iter().collect();
    assert_eq!(found, ["api", "catalog", "server"]);
}

/// Whether a file belongs to a room: a folder with a slash at its end, or a file without `.rs`.
fn is_in(file: &str, rooms: &[&str]) -> bool {
    let path = file.strip_prefix("src/").unwrap_or(file);
    rooms.iter().any(|room| match room.strip_suffix('/') {
        Some(_) => path.starts_with(room),
        None => path == format!("{room}.rs"),
    })
}

const DOMAIN: [&str; 10] = [
    "catalog/",
    "estimate",
    "money",
    "money/",
    "deployment",
    "deployment/",
    "telemetry",
    "telemetry/",
    "use_case",
    "use_case/",
];

#[test]
fn the_arrows_go_one_way() {
    // Who, and which modules of this crate it must not know.
    let rows: [(&str, &[&str], &[&str]); 5] = [
        (
            "domain",
            &DOMAIN,
            &[
                "api", "app", "cli", "config", "exchange", "router", "server",
            ],
        ),
        (
            "server",
            &["server/"],
            &["api", "app", "catalog", "money", "router"],
        ),
        ("api", &["api/"], &["app", "server"]),
        ("router", &["router"], &["api", "app", "catalog", "server"]),
        (
            "exchange",
            &["exchange"],
            &["api", "app", "catalog", "router", "server"],
        ),
    ];
    let files = files("src", ".rs");
    for (name, rooms, forbidden) in rows {
        let mut seen = 0;
        for (file, text) in files.iter().filter(|(file, _)| is_in(file, rooms)) {
            let known = names_after(&code(text), "crate::");
            let wrong: Vec<&&str> = forbidden
                .iter()
                .filter(|room| known.contains(**room))
                .collect();
            assert!(wrong.is_empty(), "{name}: {file} uses {wrong:?}");
            seen += 1;
        }
        assert!(seen > 0, "{name} is somewhere");
    }
}

#[test]
fn each_outside_crate_is_named_where_it_belongs() {
    let rows: [(&str, &[&str]); 8] = [
        ("tiny_http", &["server/"]),
        ("ctrlc", &["main"]),
        ("simplelog", &["main"]),
        ("crossbeam_channel", &["server/", "access_log"]),
        (
            "libc",
            &[
                "server/",
                "keeper",
                "main",
                "memory",
                "clock",
                "inherited",
                "renewal",
                "terminal",
            ],
        ),
        ("clap", &["cli", "cli/", "main"]),
        ("prometheus_client", &["api/metrics/"]),
        ("schemars", &["api/", "exchange"]),
    ];
    for (file, text) in files("src", ".rs") {
        let code = code(&text);
        for (outside, rooms) in rows {
            let is_named = !names_after(&code, &format!("{outside}::")).is_empty()
                || names_after(&code, "use ").contains(outside);
            assert!(!is_named || is_in(&file, rooms), "{file} names {outside}");
        }
        let is_logging = !names_after(&code, "log::").is_empty();
        assert!(
            !is_logging || !is_in(&file, &DOMAIN),
            "{file} writes log lines"
        );
    }
}

#[test]
fn files_are_short_and_finished() {
    let unfinished = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    for (file, text) in files("src", ".rs").into_iter().chain(files("tests", ".rs")) {
        let lines = text.lines().count();
        assert!(lines < LINES_MAX, "{file} has {lines} lines");
        for word in unfinished {
            assert!(!text.contains(word), "{file} has a {word}");
        }
        // A file of unit tests is for the one it belongs to.
        let says_why = text.starts_with("//! ") || file.ends_with("/tests.rs");
        assert!(says_why, "{file} says what it is for");
    }
}

#[test]
fn the_operations_manual_has_a_row_for_every_setting_and_no_other() {
    let manual = document("docs/OPERATIONS.md");
    let section = manual.split_once("\n## Settings\n").expect("a section").1;
    let section = section.split("\n## ").next().unwrap();
    let documented: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|names| names.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    let cli = Cli::command();
    let settings = cli
        .get_arguments()
        .filter_map(|argument| argument.get_env());
    let settings = settings.map(|name| name.to_str().unwrap().to_owned());
    let aliases = ["AWS_REGION", "GCP_REGION", "AZ", "HOSTNAME", "POD_NAME"].map(str::to_owned);
    let known: BTreeSet<String> = settings.chain(aliases).collect();
    assert_eq!(documented, known, "docs/OPERATIONS.md, and the program");
}

#[test]
fn every_exit_code_is_in_the_operations_manual() {
    let manual = document("docs/OPERATIONS.md");
    let source = document("src/exit_code.rs");
    let variants = source.split_once("pub enum Exit {").expect("the enum").1;
    let variants = variants.split_once("\n}").expect("its end").0;
    let codes = variants.lines().filter_map(|line| line.split_once(" = "));
    let codes: Vec<&str> = codes.map(|(_, code)| code.trim_end_matches(',')).collect();
    assert!(codes.len() >= 6, "{codes:?}");
    for code in codes {
        assert!(
            manual.contains(&format!("\n| {code} |")),
            "exit code {code} has a row"
        );
    }
}

#[test]
fn every_route_is_in_the_api_document() {
    let manual = document("docs/API.md");
    for row in ROUTES.iter().filter(|row| row.route.is_public()) {
        let heading = format!("`{} {}`", row.method, row.path);
        assert!(manual.contains(&heading), "{heading} is not in docs/API.md");
    }
}

#[test]
fn the_version_is_in_the_changelog() {
    let changelog = document("docs/CHANGELOG.md");
    let heading = format!("\n## {}", llm_pricing::VERSION);
    assert!(
        changelog.contains(&heading),
        "{heading} is not in docs/CHANGELOG.md"
    );
}
