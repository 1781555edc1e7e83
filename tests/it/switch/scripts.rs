//! The scripts themselves: no doubtful line, and nothing that `--help` does not say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Said, tool};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scripts() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("deploy/switch")).expect("the folder is there");
    let all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(all.len() >= 7, "{all:?}");
    all
}

fn shellcheck(files: &[PathBuf]) -> Said {
    let program = root().join("target/venv/bin/shellcheck");
    assert!(program.exists(), "shellcheck is missing: `make tools`");
    let mut command = Command::new(program);
    command.args(["--external-sources", "--source-path"]);
    Said::by(command.arg(root()).args(files))
}

#[test]
fn no_line_is_doubtful() {
    shellcheck(&scripts()).expect(0, "");
}

#[test]
fn a_doubtful_line_would_be_found() {
    let file = crate::price_files::folder("doubtful").join("script.sh");
    fs::write(&file, "#!/bin/bash\nrm -r $1/*\n").expect("a file");
    shellcheck(&[file]).expect(1, "SC2086");
}

/// Settings are what the scripts give a default to, or do without.
#[test]
fn every_setting_and_exit_code_is_in_the_help() {
    let help = Said::by(tool().arg("--help"))
        .expect(0, "Usage: switch")
        .text;
    let mut settings = BTreeSet::new();
    for script in scripts() {
        let text = fs::read_to_string(script).expect("a text file");
        for (_, rest) in text
            .match_indices("${")
            .map(|(at, _)| text.split_at(at + 2))
        {
            let is_name =
                |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
            let name: String = rest.chars().take_while(|char| is_name(*char)).collect();
            let operator = rest[name.len()..].get(..2).unwrap_or_default();
            if name.contains('_')
                && (operator.starts_with(":=")
                    || operator.starts_with(":-")
                    || operator.starts_with('='))
            {
                settings.insert(name);
            }
        }
    }
    assert!(settings.len() >= 30, "{settings:?}");
    // The help says these once for two or three.
    let told_as = |name: &str| match name {
        "MCP_API_KEY_FILE" | "MCP_API_KEY_HEADER" => "MCP_API_KEY, _FILE, _HEADER".to_owned(),
        "SHUTDOWN_TOKEN_FILE" => "SHUTDOWN_TOKEN, _FILE".to_owned(),
        "GREEN_ADMIN_URL" => "BLUE_ADMIN_URL, GREEN_...".to_owned(),
        _ => name.to_owned(),
    };
    // The system's.
    settings.remove("XDG_RUNTIME_DIR");
    let untold: Vec<&String> = settings
        .iter()
        .filter(|name| !help.contains(&told_as(name)))
        .collect();
    assert!(untold.is_empty(), "{untold:?}");

    let steps = fs::read_to_string(root().join("deploy/switch/steps.sh")).expect("the steps");
    let codes = steps
        .lines()
        .find_map(|line| line.strip_prefix("readonly "))
        .expect("exit codes");
    let told = help
        .split_once("Exit codes: ")
        .expect("exit codes")
        .1
        .replace('\n', " ");
    let told = format!("; {told}");
    for code in codes.split(' ').map(|code| code.split_once('=').unwrap().1) {
        assert!(
            told.contains(&format!("; {code} ")),
            "exit code {code} in {told}"
        );
    }
}
