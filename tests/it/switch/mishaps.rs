//! What goes wrong in the middle of a switch, and that nobody's request pays for it.

use std::process::{Child, Stdio};
use std::time::Instant;

use super::{KINDS, Said, Scene, start};
use crate::handover::balancer::{Kind, free_port, own_host};
use crate::handover::load::colour_at;
use crate::harness::wait_until;

/// A switch that verifies for as long as one wants to look at it, when green has answered.
fn begin(scene: &Scene) -> Child {
    let mut command = scene.tool(&["green", "--answers", "1000", "--timeout", "1"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the tool runs");
    wait_until("an answer by green", || {
        colour_at(scene.balancer.address).is_ok_and(|colour| colour == "green")
    });
    child
}

fn end(child: Child) -> Said {
    let started = Instant::now();
    Said::of(child.wait_with_output().expect("the tool ends"), started)
}

/// Asked directly green is well, but the balancer has another address for it, where nobody listens.
#[test]
fn a_colour_that_only_the_balancer_cannot_reach_is_taken_back() {
    for kind in KINDS {
        let mut scene = Scene::set(kind);
        let elsewhere = free_port(own_host());
        let _green = start(1, elsewhere, &[]);
        scene.colours[1] = None;
        let load = scene.load();
        wait_until("requests", || load.so_far().requests() > 50);
        let mut command = scene.tool(&["green", "--timeout", "1"]);
        command.env("GREEN_URL", format!("http://{elsewhere}"));
        Said::by(&mut command)
            .expect(3, "rolled back: blue has the traffic, as before")
            .expect(3, "switch: ");
        scene.assert_traffic("blue");
        wait_until("more requests", || load.so_far().requests() > 100);
        let tally = load.end();
        assert_eq!(tally.failed(), 0, "{:?}", tally.failures);
    }
}

#[test]
fn a_colour_that_hangs_can_be_left_and_is_not_waited_for() {
    for (kind, words) in [
        (Kind::HaProxy, "blue has requests under way after 1 s"),
        (Kind::NginxByFile, "it hangs, and can only be killed"),
    ] {
        let mut scene = Scene::set(kind);
        scene.colour(0).signal("STOP");
        scene.run(&["green"]).expect(0, "done: green");
        scene
            .run(&["drain", "blue", "--timeout", "1"])
            .expect(7, words);
        scene.colour(0).signal("CONT");
        scene.assert_traffic("green");
    }
}

/// All is well but the answers: who asks somewhere else than where the traffic was moved never hears green.
#[test]
fn a_switch_that_is_not_seen_from_outside_is_taken_back() {
    for kind in KINDS {
        let scene = Scene::set(kind);
        let blue = format!("http://{}", scene.addresses[0]);
        scene
            .run(&["green", "--timeout", "1", "--url", &blue])
            .expect(3, "answers as blue and not as green")
            .expect(3, "rolled back: blue has the traffic, as before");
        scene.assert_traffic("blue");
    }
}

#[test]
fn a_second_switch_waits_for_nobody_and_an_interrupted_one_is_put_back() {
    for kind in KINDS {
        let scene = Scene::set(kind);
        let load = scene.load();
        let first = begin(&scene);
        let words = format!("green by process {} since", first.id());
        scene.run(&["rollback"]).expect(5, &words);
        scene
            .run(&["drain", "blue"])
            .expect(5, "another switch is at work");
        let pid = libc::pid_t::try_from(first.id()).expect("a process id");
        // SAFETY: kill takes two numbers, and the process is our own child.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0);
        end(first).expect(143, "rolled back: blue has the traffic, as before");
        scene.assert_traffic("blue");
        scene.run(&["green"]).expect(0, "done: green");
        super::nobody_noticed(load, "interrupted switch", &scene);
    }
}

#[test]
fn a_rollback_that_fails_is_no_rollback() {
    for kind in KINDS {
        let scene = Scene::set(kind);
        let child = begin(&scene);
        let pid = libc::pid_t::try_from(scene.balancer.pid()).expect("a process id");
        // SAFETY: kill takes two numbers, and the process is our own child, not waited for yet.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0);
        end(child).expect(4, "the rollback FAILED");
    }
}
