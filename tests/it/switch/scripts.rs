//! The scripts themselves: no doubtful line, and nothing that `--help` does not say.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{Said, tool};
use crate::tools::{python_tool, root};

fn scripts() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("deploy/switch")).expect("the folder is there");
    let all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(all.len() >= 7, "{all:?}");
    all
}

fn shellcheck(files: &[PathBuf]) -> Said {
    let mut command = python_tool("shellcheck");
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

/// Who runs what is shipped needs no setting but the addresses.
#[test]
fn what_is_not_said_is_as_in_the_files_that_are_shipped() {
    let rows = [
        (
            "haproxy.sh",
            "HAPROXY_SOCKET:=/run/haproxy/admin.sock",
            "haproxy/haproxy.cfg",
            "ADMIN_SOCKET /run/haproxy/admin.sock",
        ),
        (
            "haproxy.sh",
            "HAPROXY_BACKEND:=be",
            "haproxy/haproxy.cfg",
            "\nbackend be\n",
        ),
        (
            "haproxy.sh",
            "BLUE_URL:=http://127.0.0.1:8001",
            "haproxy/haproxy.cfg",
            "BLUE 127.0.0.1:8001",
        ),
        (
            "haproxy.sh",
            "GREEN_URL:=http://127.0.0.1:8002",
            "haproxy/haproxy.cfg",
            "GREEN 127.0.0.1:8002",
        ),
        (
            "nginx.sh",
            "NGINX_SWITCH_DIR:=/run/llm-pricing/switch",
            "nginx/file-switch.conf",
            "-f /run/llm-pricing/switch/green",
        ),
        (
            "nginx.sh",
            "BLUE_URL:=http://127.0.0.1:8001",
            "nginx/colours.conf",
            "server 127.0.0.1:8001 ",
        ),
        (
            "nginx.sh",
            "GREEN_URL:=http://127.0.0.1:8002",
            "nginx/colours.conf",
            "server 127.0.0.1:8002 ",
        ),
        (
            "kubernetes.sh",
            "K8S_NAMESPACE:=llm-pricing",
            "kubernetes/shared/namespace.yaml",
            "name: llm-pricing\n",
        ),
        (
            "kubernetes.sh",
            "K8S_SERVICE:=llm-pricing",
            "kubernetes/shared/service.yaml",
            "name: llm-pricing\n",
        ),
        (
            "kubernetes.sh",
            "$K8S_SERVICE:http/proxy",
            "kubernetes/shared/service.yaml",
            "- name: http\n",
        ),
        (
            "kubernetes.sh",
            "K8S_PREVIEW_SERVICE=llm-pricing-preview",
            "kubernetes/preview/service.yaml",
            "name: llm-pricing-preview\n",
        ),
        (
            "kubernetes.sh",
            "K8S_DEPLOYMENT:=llm-pricing",
            "kubernetes/instance/deployment.yaml",
            "name: llm-pricing\n",
        ),
        (
            "kubernetes.sh",
            "app.kubernetes.io/name=$K8S_DEPLOYMENT",
            "kubernetes/instance/deployment.yaml",
            "app.kubernetes.io/name: llm-pricing\n",
        ),
        (
            "kubernetes.sh",
            "$K8S_DEPLOYMENT-$1",
            "kubernetes/base/green/kustomization.yaml",
            "nameSuffix: -green\n",
        ),
        (
            "kubernetes.sh",
            "K8S_LABEL:=deployment-group",
            "kubernetes/base/green/kustomization.yaml",
            "deployment-group: green\n",
        ),
        (
            "aws.sh",
            "ECS_SERVICE:=llm-pricing",
            "aws/service.yaml",
            "ServiceName: !Sub llm-pricing-${Colour}",
        ),
    ];
    for (script, default, file, shipped) in rows {
        for (name, words) in [
            (format!("switch/{script}"), default),
            (file.to_owned(), shipped),
        ] {
            let text = fs::read_to_string(root().join("deploy").join(&name)).expect("a text file");
            assert!(text.contains(words), "{name} says {words:?}");
        }
    }
}
