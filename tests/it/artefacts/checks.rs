//! Every file through the checker of the place it is for. Each row also has a defect, which the
//! checker must find: a check that says yes to everything is none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use super::kubernetes::OVERLAYS;
use crate::tools::{all_of, kubectl, output_of, python_tool, root, system_tool};

struct Check {
    name: &'static str,
    /// What is run in a copy of `deploy/`, one after the other.
    commands: fn(&Path) -> Vec<Command>,
    /// A file, what is changed in it, and into what.
    defect: [&'static str; 3],
}

const CHECKS: [Check; 10] = [
    Check {
        name: "hadolint",
        commands: |_| {
            vec![with(
                python_tool("hadolint"),
                &["docker/Dockerfile", "docker/Dockerfile.source"],
            )]
        },
        defect: [
            "docker/Dockerfile.source",
            "rust:1.95-slim-bookworm",
            "rust",
        ],
    },
    Check {
        name: "checkov for images",
        commands: |_| vec![checkov("dockerfile", "docker")],
        defect: ["docker/Dockerfile", "USER 65532:65532", "USER root"],
    },
    Check {
        name: "Kubernetes 1.30 to 1.37",
        commands: |_| {
            let mut commands = renderings(&OVERLAYS);
            for version in 30..=37 {
                commands.push(kubernetes_validate(&format!("1.{version}"), &OVERLAYS));
            }
            commands
        },
        defect: [
            "kubernetes/instance/deployment.yaml",
            "readinessProbe",
            "readynessProbe",
        ],
    },
    Check {
        name: "Kubernetes 1.28",
        commands: |_| {
            let overlays = OVERLAYS.into_iter().filter(|overlay| *overlay != "single");
            let overlays: Vec<&str> = overlays.collect();
            let mut commands = renderings(&overlays);
            commands.push(kubernetes_validate("1.28", &overlays));
            commands
        },
        defect: [
            "kubernetes/overlays/single-before-1.30/kustomization.yaml",
            "exec:\n              command: [\"/llm-pricing\", \"sleep\", \"10\"]",
            "sleep:\n              seconds: 10",
        ],
    },
    Check {
        name: "checkov for Kubernetes",
        commands: |_| {
            let mut commands = renderings(&OVERLAYS);
            commands.push(checkov("kubernetes", "rendered"));
            commands
        },
        defect: [
            "kubernetes/instance/deployment.yaml",
            "readOnlyRootFilesystem: true",
            "readOnlyRootFilesystem: false",
        ],
    },
    Check {
        name: "cfn-lint",
        commands: |_| {
            let templates = ["aws/balancer.yaml", "aws/service.yaml"];
            vec![with(python_tool("cfn-lint"), &templates)]
        },
        defect: ["aws/balancer.yaml", "HealthCheckPath:", "HealthCheckPaths:"],
    },
    Check {
        name: "systemd-analyze verify",
        commands: |_| {
            let mut verify = with(
                system_tool("systemd-analyze"),
                &["verify", "--man=no", "systemd/llm-pricing.socket"],
            );
            verify.args(UNITS);
            vec![our_program(), verify]
        },
        defect: [
            "systemd/llm-pricing@.service",
            "WatchdogSec=",
            "WatchDogSec=",
        ],
    },
    Check {
        name: "systemd-analyze security, one service",
        commands: |_| vec![exposure(UNITS[0])],
        defect: [
            "systemd/llm-pricing.service",
            "CapabilityBoundingSet=\n",
            "",
        ],
    },
    Check {
        name: "systemd-analyze security, two colours",
        commands: |_| vec![exposure(UNITS[1])],
        defect: [
            "systemd/llm-pricing@.service",
            "CapabilityBoundingSet=\n",
            "",
        ],
    },
    Check {
        name: "systemd-sysusers",
        commands: |copy| {
            let mut sysusers = with(system_tool("systemd-sysusers"), &["--dry-run"]);
            sysusers.arg(copy.join("systemd/llm-pricing.sysusers"));
            vec![sysusers]
        },
        defect: [
            "systemd/llm-pricing.sysusers",
            "u llm-pricing",
            "who llm-pricing",
        ],
    },
];

const UNITS: [&str; 2] = [
    "systemd/llm-pricing.service",
    "systemd/llm-pricing@.service",
];

fn with(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments);
    command
}

fn checkov(framework: &str, folder: &str) -> Command {
    // What it would download are its vendor's remarks.
    let mut checkov = with(python_tool("checkov"), &["--skip-download", "--quiet"]);
    checkov.args(["--compact", "--framework", framework, "--directory", folder]);
    checkov
}

fn renderings(overlays: &[&str]) -> Vec<Command> {
    let render = |overlay| {
        let mut render = with(kubectl(), &["kustomize", "--output"]);
        render.arg(format!("rendered/{overlay}.yaml"));
        render.arg(format!("kubernetes/overlays/{overlay}"));
        render
    };
    overlays.iter().map(render).collect()
}

fn kubernetes_validate(version: &str, overlays: &[&str]) -> Command {
    let mut validate = with(python_tool("kubernetes-validate"), &["--strict", "--quiet"]);
    // There is no schema for what is Argo's.
    validate.args(["--no-warn", "--kubernetes-version", version]);
    validate.args(
        overlays
            .iter()
            .map(|overlay| format!("rendered/{overlay}.yaml")),
    );
    validate
}

/// Puts a program into the units that is there.
fn our_program() -> Command {
    let program = env!("CARGO_BIN_EXE_llm-pricing");
    let mut sed = with(system_tool("sed"), &["--in-place", "--expression"]);
    sed.arg(format!(r"s#^\(Exec[A-Z][a-z]*\)=[^ ]*#\1={program}#"));
    sed.args(UNITS);
    sed
}

/// 20 is two of ten points.
fn exposure(unit: &str) -> Command {
    let security = ["security", "--offline=true", "--threshold=20", unit];
    with(system_tool("systemd-analyze"), &security)
}

/// A copy of what is shipped, for one row.
fn copy(name: &str) -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy {name}"));
    if copy.exists() {
        fs::remove_dir_all(&copy).expect("a copy of an earlier run can be removed");
    }
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(copy.join(&folder)).expect("a folder can be made");
        for entry in fs::read_dir(root().join("deploy").join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let inside = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(inside);
            } else {
                fs::copy(entry.path(), copy.join(inside)).expect("a file can be copied");
            }
        }
    }
    fs::create_dir(copy.join("rendered")).expect("a folder can be made");
    copy
}

/// What the checker has against a copy, if anything.
fn objection(check: &Check, copy: &Path) -> Option<String> {
    let commands = (check.commands)(copy);
    commands.into_iter().find_map(|mut command| {
        let output = output_of(command.current_dir(copy));
        // systemd only warns of what it does not know.
        let is_fine = output.status.success()
            && (check.name != "systemd-analyze verify" || output.stderr.is_empty());
        (!is_fine).then(|| format!("{command:?}: {}\n{}", output.status, all_of(&output)))
    })
}

#[test]
fn every_checker_is_content_and_would_notice_a_defect() {
    let judge = |check: &Check| {
        let name = check.name;
        let copy = copy(name);
        if let Some(objection) = objection(check, &copy) {
            return Err(format!("{name} objects: {objection}"));
        }
        let [file, right, wrong] = check.defect;
        let text = fs::read_to_string(copy.join(file)).expect("a file that is shipped");
        if !text.contains(right) {
            return Err(format!("{name}: {file} has no {right:?} to spoil"));
        }
        fs::write(copy.join(file), text.replacen(right, wrong, 1)).expect("it can be written");
        match objection(check, &copy) {
            Some(_) => Ok(()),
            None => Err(format!("{name} does not notice {wrong:?} in {file}")),
        }
    };
    let problems: Vec<String> = thread::scope(|scope| {
        let judges: Vec<_> = CHECKS
            .iter()
            .map(|check| scope.spawn(move || judge(check)))
            .collect();
        judges
            .into_iter()
            .filter_map(|judge| judge.join().expect("a verdict").err())
            .collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
