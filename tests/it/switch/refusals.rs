//! What the tool refuses, before it changes anything.

use super::{KINDS, Said, Scene, tool};
use crate::handover::balancer::Kind;
use crate::harness::wait_until;

/// One thing that is not as it should be, what is asked for, and how it is refused.
struct Refusal {
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    arguments: &'static [&'static str],
    code: i32,
    words: &'static str,
}

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

#[test]
fn nothing_is_changed_unless_everything_is_as_it_should_be() {
    let rows = [
        Refusal {
            name: "the colour is not there",
            settings: &[("GREEN_URL", NOWHERE)],
            arguments: &["green"],
            code: 1,
            words: "green is not ready: http://127.0.0.1:1 does not answer",
        },
        Refusal {
            name: "the colour has another version",
            settings: &[],
            arguments: &["green", "--version", "0.9.0"],
            code: 1,
            words: "and not 0.9.0; nothing was changed",
        },
        Refusal {
            name: "so it has for a rollback",
            settings: &[("SWITCH_VERSION", "0.9.0")],
            arguments: &["rollback"],
            code: 1,
            words: "and not 0.9.0; nothing was changed",
        },
        Refusal {
            name: "it cannot price a call",
            settings: &[("SMOKE_MODEL", "no-such-model")],
            arguments: &["green"],
            code: 1,
            words: "green is not well",
        },
        Refusal {
            name: "the colour that has traffic is not drained",
            settings: &[],
            arguments: &["drain", "blue"],
            code: 1,
            words: "blue has traffic; switch to green first",
        },
        Refusal {
            name: "the balancer does not answer",
            settings: &[("SWITCH_URL", NOWHERE)],
            arguments: &["green"],
            code: 6,
            words: "nothing was changed",
        },
        Refusal {
            name: "the balancer takes no orders",
            settings: &[
                ("HAPROXY_SOCKET", "/nowhere/admin.sock"),
                ("NGINX_SWITCH_DIR", "/nowhere"),
            ],
            arguments: &["green"],
            code: 6,
            words: "nothing was changed",
        },
        Refusal {
            name: "a folder that cannot hold a lock",
            settings: &[("SWITCH_LOCK", "/nowhere/lock")],
            arguments: &["green"],
            code: 2,
            words: "the lock /nowhere/lock cannot be opened",
        },
    ];
    for kind in KINDS {
        let scene = Scene::set(kind);
        for row in &rows {
            let mut command = scene.tool(row.arguments);
            command.envs(row.settings.iter().copied());
            let said = Said::by(&mut command);
            println!("{}, {}: {}", kind.name(), row.name, said.text.trim());
            said.expect(row.code, row.words);
        }
        let mut as_another = scene.tool(&["green"]);
        as_another.env("GREEN_URL", format!("http://{}", scene.addresses[0]));
        Said::by(&mut as_another).expect(1, "answers as blue and not as green");
        scene.assert_traffic("blue");
    }
}

#[test]
fn a_colour_that_is_on_its_way_out_is_refused() {
    for kind in KINDS {
        let mut scene = Scene::with(kind, &[("SHUTDOWN_DELAY_SECONDS", "20")]);
        scene.colour(1).signal("TERM");
        scene.colour(1).wait_for_log("phase lame_duck");
        scene
            .run(&["green"])
            .expect(1, "answers 503 to GET /health/ready")
            .expect(1, "nothing was changed");
        scene.assert_traffic("blue");
    }
}

#[test]
fn a_rollback_needs_one_colour_to_come_from() {
    let scene = Scene::set(Kind::HaProxy);
    for (state, words) in [
        ("ready", "both colours have traffic"),
        ("maint", "nobody has traffic"),
    ] {
        for colour in ["blue", "green"] {
            scene
                .balancer
                .admin(&format!("set server be/{colour} state {state}"));
        }
        // A server that was in maintenance has no traffic before a check has found it up.
        if state == "ready" {
            wait_until("HAProxy sees both up", || {
                let table = scene.balancer.admin("show stat be 4 -1");
                table.lines().filter(|row| row.contains(",UP,")).count() == 2
            });
        }
        scene.run(&["rollback"]).expect(1, words);
    }
}

#[test]
fn a_command_line_that_cannot_be_meant_is_refused() {
    let rows: [(&[&str], &str); 13] = [
        (&[], "which colour?"),
        (
            &["purple"],
            "purple is neither a colour (blue, green) nor a command",
        ),
        (&["green", "blue"], "blue is too much"),
        (&["drain"], "drain takes one colour"),
        (&["drain", "purple"], "purple is not a colour"),
        (&["green", "--fast"], "there is no option --fast"),
        (&["green", "--version"], "--version needs a value"),
        (
            &["green", "--backend", "envoy"],
            "there is no backend envoy",
        ),
        (&["green", "--timeout", "0"], "SWITCH_TIMEOUT_SECONDS is 0"),
        (&["green", "--answers", "many"], "SWITCH_ANSWERS is many"),
        (
            &["green", "--drain-timeout", "-1"],
            "DRAIN_TIMEOUT_SECONDS is -1",
        ),
        (
            &["green", "--url", "localhost:8080"],
            "localhost:8080 is no URL",
        ),
        (&["green", "--backend", "aws"], "SWITCH_URL has to be set"),
    ];
    for (arguments, words) in rows {
        Said::by(tool().args(arguments)).expect(2, words);
    }
}
