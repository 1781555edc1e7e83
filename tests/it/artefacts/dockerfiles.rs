//! The two ways to make an image, which make the same one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{all_of, output_of, root};

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("a file that is shipped")
}

/// What makes the image itself, without where its program comes from.
fn last_stage(file: &str) -> String {
    let text = text(file);
    let (_, stage) = text.rsplit_once("\nFROM scratch\n").expect("a stage");
    let lines = stage.lines().filter(|line| !line.starts_with("COPY "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn both_dockerfiles_make_the_same_image() {
    let ready_made = last_stage("deploy/docker/Dockerfile");
    assert!(ready_made.contains("ENTRYPOINT"));
    assert_eq!(ready_made, last_stage("deploy/docker/Dockerfile.source"));
}

#[test]
fn the_compiler_in_the_dockerfile_is_the_one_the_manifest_asks_for() {
    let manifest = text("Cargo.toml");
    let mut lines = manifest.lines();
    let version = lines.find_map(|line| line.strip_prefix("rust-version = \""));
    let version = version
        .and_then(|rest| rest.strip_suffix('"'))
        .expect("a version");
    let from = format!("\nFROM rust:{version}-slim-bookworm AS build\n");
    assert!(text("deploy/docker/Dockerfile.source").contains(&from));
}

#[test]
fn both_programs_are_linked_in_the_same_way() {
    let makefile = text("Makefile");
    let (_, flags) = makefile
        .split_once("RUSTFLAGS=\"-C target-feature=")
        .expect("flags");
    let flags = flags.split('"').next().unwrap();
    let expected = format!("RUSTFLAGS=\"-C target-feature={flags}\"");
    assert!(
        text("deploy/docker/Dockerfile.source").contains(&expected),
        "{expected}"
    );
}

/// Cargo reads the manifest and looks for what it names, before it looks for a program of this name.
#[test]
fn what_docker_is_given_is_what_the_manifest_names() {
    let context = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docker context");
    if context.exists() {
        fs::remove_dir_all(&context).expect("an earlier context can be removed");
    }
    let ignored = text(".dockerignore");
    let let_through = ignored.lines().filter_map(|line| line.strip_prefix('!'));
    let mut paths: Vec<PathBuf> = let_through.map(PathBuf::from).collect();
    assert!(ignored.contains("\n*\n"), "all else stays outside");
    while let Some(path) = paths.pop() {
        let from = root().join(&path);
        if from.is_dir() {
            let entries = fs::read_dir(&from).expect("a folder");
            paths.extend(entries.map(|entry| path.join(entry.expect("an entry").file_name())));
        } else {
            fs::create_dir_all(context.join(&path).parent().unwrap()).expect("a folder");
            fs::copy(&from, context.join(&path)).expect("a file that is shipped");
        }
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--offline", "--bin", "nobody"]);
    let said = all_of(&output_of(cargo.current_dir(context)));
    assert!(said.contains("no bin target named `nobody`"), "{said}");
}
