//! The files of deploy/ that are about balancers, as their own programs judge them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::balancer::{copy_nginx, nginx_in, tool};
use crate::price_files::folder;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a checker that must have nothing to say against a file.
#[track_caller]
fn passes(name: &str, command: &mut Command) {
    let output = command
        .current_dir(ROOT)
        .output()
        .expect("the checker runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{name}: {said}");
    // This one is about who the tests are run by.
    let warnings = said.lines().filter(|line| line.contains("[warn]"));
    let warnings = warnings.filter(|line| !line.contains("\"user\" directive"));
    assert_eq!(warnings.count(), 0, "{name}: {said}");
}

#[test]
fn haproxy_has_nothing_against_its_configuration() {
    let folder = folder("haproxy");
    let state = folder.join("state");
    // The format's version, and nothing that was ordered.
    fs::write(&state, "1\n").expect("a file");
    let state = state.to_str().expect("a path");
    let compose: &[(&str, &str)] = &[
        ("LISTEN", ":8080"),
        ("BLUE", "172.30.80.11:8000"),
        ("KEEP_USER", "1"),
    ];
    let rows: [(&str, &str, &[(&str, &str)]); 4] = [
        ("on a host", "deploy/haproxy/haproxy.cfg", &[]),
        ("in a container", "deploy/haproxy/haproxy.cfg", compose),
        (
            "with the state of before",
            "deploy/haproxy/haproxy.cfg",
            &[("STATE_FILE", state)],
        ),
        (
            "of the tests",
            "tests/it/handover/l4.cfg",
            &[("LISTEN", ":1"), ("BLUE", ":2"), ("GREEN", ":3")],
        ),
    ];
    for (name, file, settings) in rows {
        let mut command = tool("haproxy");
        // Warnings count.
        command
            .args(["-c", "-dW", "-f", file])
            .envs(settings.iter().copied());
        passes(name, &mut command);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn nginx_has_nothing_against_its_configurations() {
    let compose = format!("{ROOT}/deploy/compose/nginx-colours.conf");
    let compose = fs::read_to_string(compose).expect("the colours of compose");
    let shipped =
        fs::read_to_string(format!("{ROOT}/deploy/nginx/colours.conf")).expect("the others");
    let rows = [
        ("both colours", "nginx.conf", None),
        ("by file", "file-switch.conf", None),
        ("in compose", "nginx.conf", Some(compose)),
    ];
    for (name, main, colours) in rows {
        let folder = folder(&format!("nginx-{}", name.replace(' ', "-")));
        let colours = colours.map(|own| ("colours.conf", shipped.as_str(), own));
        copy_nginx(&folder, colours.as_slice());
        passes(name, nginx_in(&folder, main).arg("-t"));
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn the_compose_files_say_nothing_that_compose_does_not_know() {
    for file in ["compose.haproxy.yaml", "compose.nginx.yaml"] {
        let checker = Path::new(ROOT).join("target/venv/bin/check-jsonschema");
        assert!(checker.exists(), "{checker:?} is missing: `make tools`");
        let mut command = Command::new(checker);
        command.args(["--builtin-schema", "vendor.compose-spec"]);
        command.arg(format!("deploy/compose/{file}"));
        passes(file, &mut command);
    }
}
