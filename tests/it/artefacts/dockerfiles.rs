//! The two ways to make an image, which make the same one.

use std::fs;

use crate::tools::root;

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
