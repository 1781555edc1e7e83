//! A switch, the way back and the end of a colour, under load.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::{KINDS, Said, Scene, nobody_noticed, start};
use crate::handover::balancer::{Kind, free_port, own_host};
use crate::handover::load::colour_at;
use crate::handover::stage::switches;
use crate::harness::wait_until;
use crate::mcp::call_text;
use crate::tools::{root, said_by, system_tool};

/// How soon everything has to be as it was.
const ROLLBACK_MAX: Duration = Duration::from_secs(2);

#[test]
fn traffic_moves_and_comes_back_and_nobody_notices() {
    for kind in KINDS {
        let scene = Scene::set(kind);
        let load = scene.load();
        let mut slowest = Duration::ZERO;
        for _ in 0..switches().div_ceil(2) {
            scene
                .run(&["green", "--version", llm_pricing::VERSION])
                .expect(0, "done: green has all traffic");
            scene.assert_traffic("green");
            let said = scene
                .run(&["rollback"])
                .expect(0, "done: blue has all traffic");
            slowest = slowest.max(said.took);
            scene.assert_traffic("blue");
        }
        nobody_noticed(load, "switch and rollback", &scene);
        println!("slowest rollback {} ms", slowest.as_millis());
        assert!(slowest < ROLLBACK_MAX, "{slowest:?}");
    }
}

/// Sends a message of an agent; returns what is found, and which colour found it.
fn tell(scene: &Scene, arguments: &Value) -> (Value, String) {
    let mut curl = system_tool("curl");
    curl.args(["-sS", "-H", "Content-Type: application/json"])
        .args(["-w", "\n%header{x-deployment-group}", "-d"])
        .arg(call_text(1, "search_models", arguments))
        .arg(format!("http://{}/mcp", scene.balancer.address));
    let said = said_by(&mut curl);
    let (body, colour) = said.rsplit_once('\n').expect("two lines");
    let mut answer: Value = serde_json::from_str(body).expect("JSON");
    let found = answer["result"]["structuredContent"].take();
    (found, colour.to_owned())
}

#[test]
fn an_agent_goes_on_with_its_conversation_after_a_switch() {
    for kind in KINDS {
        let scene = Scene::set(kind);
        let mut arguments = json!({"limit": 3});
        let (first, colour) = tell(&scene, &arguments);
        assert_eq!(colour, "blue");
        scene
            .run(&["green"])
            .expect(0, "done: green has all traffic");
        arguments["cursor"] = first["next_cursor"].clone();
        let (next, colour) = tell(&scene, &arguments);
        assert_eq!(colour, "green");
        let (all, _) = tell(&scene, &json!({"limit": 6}));
        let both = [first, next].map(|page| page["models"].as_array().expect("rows").clone());
        assert_eq!(
            json!(both.concat()),
            all["models"],
            "one page after the other"
        );
    }
}

#[test]
fn asking_for_what_is_so_already_changes_nothing() {
    for kind in KINDS {
        let scene = Scene::set(kind);
        scene
            .run(&["blue"])
            .expect(0, "blue has all traffic already");
        scene.assert_traffic("blue");
    }
}

#[test]
fn the_old_colour_stays_until_it_is_told_to_end_and_can_come_back() {
    for kind in KINDS {
        let mut scene = Scene::set(kind);
        let load = scene.load();
        scene.run(&["green"]).expect(0, "blue is left as it is");
        assert_eq!(scene.colour(0).get("/health/ready").status, 200);
        scene
            .run(&["drain", "blue"])
            .expect(0, "done: blue is stopped");
        assert_eq!(scene.colour(0).wait_for_exit().code(), Some(0));
        scene
            .run(&["drain", "blue"])
            .expect(0, "blue is not there any more");
        scene
            .run(&["rollback"])
            .expect(1, "blue is not ready")
            .expect(1, "nothing was changed");
        scene.assert_traffic("green");
        scene.start(0);
        scene.run(&["blue"]).expect(0, "done: blue");
        scene.assert_traffic("blue");
        nobody_noticed(load, "switch, drain, start and switch", &scene);
    }
}

#[test]
fn a_colour_with_requests_under_way_is_not_stopped() {
    let mut scene = Scene::set(Kind::HaProxy);
    let load = scene.load();
    scene.run(&["green"]).expect(0, "done: green");
    // Blue gets requests once more, and they stay where they are.
    scene.colour(0).signal("STOP");
    scene.balancer.admin("set server be/blue state ready");
    wait_until("requests that wait for blue", || {
        let table = scene.balancer.admin("show stat be 4 -1");
        let blue = table.lines().find(|row| row.starts_with("be,blue,"));
        let under_way = blue.and_then(|row| row.split(',').nth(4));
        under_way.is_some_and(|number| number != "0")
    });
    scene.balancer.admin("set server be/blue state drain");
    scene.run(&["drain", "blue", "--timeout", "1"]).expect(
        7,
        "blue has requests under way after 1 s; it was not stopped",
    );
    scene.colour(0).signal("CONT");
    scene
        .run(&["drain", "blue"])
        .expect(0, "done: blue is stopped");
    assert_eq!(scene.colour(0).wait_for_exit().code(), Some(0));
    nobody_noticed(load, "drain with requests under way", &scene);
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    for (kind, to_switch) in [
        (Kind::HaProxy, "would order: set server be/blue state drain"),
        (Kind::NginxByFile, "would run: 'touch'"),
    ] {
        let mut scene = Scene::set(kind);
        scene.run(&["green", "--dry-run"]).expect(0, to_switch);
        scene.assert_traffic("blue");
        scene
            .run(&["drain", "green", "--dry-run"])
            .expect(0, "would POST {} to");
        assert_eq!(scene.colour(1).get("/health/ready").status, 200);
        scene
            .run(&["green", "--dry-run", "--version", "0.0.1"])
            .expect(1, "not 0.0.1");
    }
}

#[test]
fn keys_and_tokens_are_used_and_never_shown() {
    let secrets = [
        ("MCP_API_KEY", "k\"e\\y-1,key-2"),
        ("SHUTDOWN_TOKEN", "a-token"),
    ];
    let mut scene = Scene::with(Kind::HaProxy, &secrets);
    let mut without = scene.tool(&["green"]);
    without.env_remove("MCP_API_KEY");
    Said::by(&mut without).expect(1, "answers 401 to POST /cost-estimate");
    let said = scene.run(&["green"]).expect(0, "done: green");
    let mut without = scene.tool(&["drain", "blue"]);
    without.env_remove("SHUTDOWN_TOKEN");
    Said::by(&mut without).expect(7, "to POST /deployment/shutdown");
    let file = scene.balancer.folder().join("token");
    std::fs::write(&file, "a-token\n").expect("a file of secrets");
    let mut by_file = scene.tool(&["drain", "blue", "--drain-timeout", "5"]);
    by_file
        .env_remove("SHUTDOWN_TOKEN")
        .env("SHUTDOWN_TOKEN_FILE", file);
    let drained = Said::by(&mut by_file).expect(0, "done: blue is stopped");
    assert_eq!(scene.colour(0).wait_for_exit().code(), Some(0));
    for text in [said.text, drained.text] {
        assert!(!text.contains("y-1") && !text.contains("a-token"), "{text}");
    }
}

#[test]
fn a_colour_with_an_admin_port_is_told_there() {
    let mut scene = Scene::set(Kind::NginxByFile);
    let admin = free_port(own_host()).port().to_string();
    scene.colours[1] = None;
    scene.colours[1] = Some(start(1, scene.addresses[1], &[("ADMIN_PORT", &admin)]));
    scene
        .run(&["drain", "green"])
        .expect(7, "answers 403 to POST /deployment/shutdown");
    let place = format!("http://{}:{admin}", scene.addresses[1].ip());
    let mut command = scene.tool(&["drain", "green"]);
    Said::by(command.env("GREEN_ADMIN_URL", place)).expect(0, "done: green is stopped");
    assert_eq!(scene.colour(1).wait_for_exit().code(), Some(0));
}

/// Another HAProxy that is given the state knows what the first one was told.
#[test]
fn what_was_ordered_outlives_a_reload() {
    let scene = Scene::set(Kind::HaProxy);
    let [state, socket] = ["state", "next.sock"].map(|name| scene.balancer.folder().join(name));
    let mut command = scene.tool(&["green"]);
    Said::by(command.env("HAPROXY_STATE_FILE", &state)).expect(0, "done: green");

    let listen = free_port(own_host());
    let mut next = system_tool("haproxy")
        .arg("-db")
        .arg("-f")
        .arg(root().join("deploy/haproxy/haproxy.cfg"))
        .env("LISTEN", listen.to_string())
        .env("BLUE", scene.addresses[0].to_string())
        .env("GREEN", scene.addresses[1].to_string())
        .env("ADMIN_SOCKET", &socket)
        .env("STATE_FILE", &state)
        .env("KEEP_USER", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("HAProxy starts");
    wait_until("an answer through the next HAProxy", || {
        colour_at(listen).is_ok_and(|colour| !colour.is_empty())
    });
    let mut command = scene.tool(&["status"]);
    let said = Said::by(command.env("HAPROXY_SOCKET", &socket));
    next.kill().expect("it is our own child");
    next.wait().expect("it ends");
    said.expect(0, "blue   no traffic ")
        .expect(0, "green  has traffic");
}
