//! The files of deploy/ that are about balancers, as their own programs judge them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::balancer::{copy_nginx, nginx_in};
use crate::price_files::folder;
use crate::tools::{all_of, output_of, python_tool, root, system_tool};

/// Runs a checker that must have nothing to say against a file.
#[track_caller]
fn passes(name: &str, command: &mut Command) {
    let output = output_of(command.current_dir(root()));
    let said = all_of(&output);
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
    let shipped = "deploy/haproxy/haproxy.cfg";
    let compose = vec![
        ("LISTEN", ":8080"),
        ("BLUE", "172.30.80.11:8000"),
        ("KEEP_USER", "1"),
    ];
    let of_tests = vec![("LISTEN", ":1"), ("BLUE", ":2"), ("GREEN", ":3")];
    let rows = [
        ("on a host", shipped, vec![]),
        ("in a container", shipped, compose),
        (
            "with the state of before",
            shipped,
            vec![("STATE_FILE", state)],
        ),
        ("of the tests", "tests/it/handover/l4.cfg", of_tests),
    ];
    for (name, file, settings) in rows {
        let mut command = system_tool("haproxy");
        command.env_clear();
        // Warnings count.
        command.args(["-c", "-dW", "-f", file]).envs(settings);
        passes(name, &mut command);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn nginx_has_nothing_against_its_configurations() {
    let text = |path: &str| fs::read_to_string(root().join(path)).expect("a text file");
    let shipped = text("deploy/nginx/colours.conf");
    let compose = text("deploy/compose/nginx-colours.conf");
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

/// The schema knows every word compose knows.
fn compose_checker(file: &Path) -> Command {
    let mut command = python_tool("check-jsonschema");
    command
        .args(["--builtin-schema", "vendor.compose-spec"])
        .arg(file);
    command
}

#[test]
fn the_compose_files_say_nothing_that_compose_does_not_know() {
    let folder = folder("compose");
    for name in ["compose.haproxy.yaml", "compose.nginx.yaml"] {
        let file = root().join("deploy/compose").join(name);
        passes(name, &mut compose_checker(&file));
        let text = fs::read_to_string(&file).expect("a text file");
        let wrong = folder.join(name);
        fs::write(
            &wrong,
            text.replace("stop_grace_period", "stop_grace_perod"),
        )
        .expect("a file");
        let output = output_of(&mut compose_checker(&wrong));
        assert!(
            !output.status.success(),
            "{name}: a word that is none passes"
        );
    }
    fs::remove_dir_all(folder).unwrap();
}

/// Where a balancer looks for the colours is where compose puts them.
#[test]
fn the_compose_files_agree_on_addresses() {
    let text = |path: &str| fs::read_to_string(root().join(path)).expect("a text file");
    let colours = text("deploy/compose/nginx-colours.conf");
    for file in ["compose.haproxy.yaml", "compose.nginx.yaml"] {
        let compose = text(&format!("deploy/compose/{file}"));
        for address in ["172.30.80.11", "172.30.80.12"] {
            assert!(
                compose.contains(&format!("ipv4_address: {address} ")),
                "{file}"
            );
            assert!(
                colours.contains(&format!("server {address}:8000 ")),
                "{address}"
            );
        }
        let balancer = "172.30.80.10";
        assert!(
            compose.contains(&format!("ipv4_address: {balancer} ")),
            "{file}"
        );
        assert!(
            compose.contains(&format!("TRUSTED_PROXIES: {balancer}/32")),
            "{file}"
        );
    }
}
