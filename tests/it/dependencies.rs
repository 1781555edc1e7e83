//! What the service is made of: under which licences, from where, and each of it once. Read from the
//! lock file and the packages on this machine; known vulnerabilities need `make audit`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use spdx::{Expression, ParseMode};

fn document(name: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).expect("it is part of the repository")
}

/// The packages that others wrote, as `name version`, and the licence of each, along such edges of
/// the graph of dependencies.
fn packages(edges: &str) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(["--edges", edges, "--format", "{p};{l}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).expect("cargo writes text");
    let mut packages = BTreeMap::new();
    for line in lines.lines().skip(1) {
        let (package, licence) = line.split_once(';').expect("the format");
        let package: Vec<&str> = package.split(' ').take(2).collect();
        // A package that was there before ends in a star.
        let licence = licence.trim_end_matches(" (*)");
        packages.insert(package.join(" "), licence.to_owned());
    }
    assert!(packages.len() > 20, "{packages:?}");
    packages
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let config = document(".deny.toml");
    let (_, allowed) = config.split_once("\nallow = [").expect("a list");
    let (allowed, _) = allowed.split_once(']').expect("its end");
    let allowed: BTreeSet<&str> = allowed.split('"').skip(1).step_by(2).collect();
    for (package, licence) in packages("normal,build") {
        let expression = Expression::parse_mode(&licence, ParseMode::LAX)
            .unwrap_or_else(|why| panic!("{package}: {why}"));
        let is_allowed = expression.evaluate(|asked| {
            let id = asked.license.id();
            id.is_some_and(|id| allowed.contains(id.name))
        });
        assert!(is_allowed, "{package} is under {licence}");
    }
}

#[test]
fn every_package_is_from_the_registry() {
    let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let lock = document("Cargo.lock");
    let packages = lock.split("[[package]]\n").skip(1);
    for package in packages.filter(|package| !package.starts_with("name = \"llm-pricing\"")) {
        assert!(package.lines().any(|line| line == registry), "{package}");
        assert!(package.contains("\nchecksum = "), "{package}");
    }
}

#[test]
fn nothing_is_in_the_binary_in_two_versions() {
    // Macros and what they need stay behind when the binary is built.
    let packages = packages("normal,no-proc-macro");
    let mut names = BTreeSet::new();
    for package in packages.keys() {
        let (name, _) = package.split_once(' ').expect("a version");
        assert!(names.insert(name), "{package} is not the only {name}");
    }
}
