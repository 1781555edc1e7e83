//! Where the service runs, under which settings, and how long it is given to leave. Read from the files
//! that are shipped.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::CommandFactory;
use llm_pricing::cli::Cli;
use serde_json::Value;

use super::kubernetes::{RENDERED, all};
use super::yaml;
use crate::harness::binary;
use crate::tools::{root, said_by};

struct Place {
    name: String,
    settings: BTreeMap<String, String>,
    /// Seconds from the order to stop to the kill.
    grace: u64,
    /// Seconds of those that pass before the service learns of it.
    pre_stop: u64,
    /// How long it takes until everybody knows that it is not ready any more, where that is known.
    detection: Option<Duration>,
}

impl Place {
    fn seconds(&self, setting: &str, otherwise: u64) -> u64 {
        let given = self.settings.get(setting);
        given.map_or(otherwise, |text| text.parse().expect("whole seconds"))
    }

    fn delay(&self) -> u64 {
        self.seconds("SHUTDOWN_DELAY_SECONDS", 0)
    }

    fn drain(&self) -> u64 {
        self.seconds("DRAIN_TIMEOUT_SECONDS", 30)
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The value of the only line that begins with `key`.
fn line(text: &str, key: &str) -> String {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(key));
    let value = values.next().unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(values.next(), None, "{key} is there once");
    value.to_owned()
}

fn assignments(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn images() -> Vec<Place> {
    let place = |file: &str| {
        let text = text(&root().join("deploy/docker").join(file));
        let lines = text.lines().filter_map(|line| line.strip_prefix("ENV "));
        Place {
            name: format!("docker/{file}"),
            settings: lines.flat_map(assignments).collect(),
            // What `docker stop` waits unless it is told otherwise.
            grace: 10,
            pre_stop: 0,
            detection: None,
        }
    };
    ["Dockerfile", "Dockerfile.source"].map(place).into()
}

fn units() -> Vec<Place> {
    let place = |(unit, environment, detection): (&str, &str, Option<Duration>)| {
        let folder = root().join("deploy/systemd");
        let unit = text(&folder.join(unit));
        Place {
            name: format!("systemd/{environment}"),
            settings: assignments(&text(&folder.join(environment))),
            grace: line(&unit, "TimeoutStopSec=").parse().expect("seconds"),
            pre_stop: 0,
            detection,
        }
    };
    let balancer = Some(haproxys_detection());
    let rows = [
        ("llm-pricing.service", "llm-pricing.env", None),
        ("llm-pricing@.service", "blue.env", balancer),
        ("llm-pricing@.service", "green.env", balancer),
    ];
    rows.map(place).into()
}

/// Settings as a list of names and values.
fn listed(settings: &Value, name: &str, value: &str) -> BTreeMap<String, String> {
    let settings = settings.as_array().expect("a list");
    let pairs = settings.iter().filter_map(|setting| {
        // What is only known there stays empty.
        let value = setting.get(value).map_or_else(String::new, yaml::scalar);
        Some((setting.get(name)?.as_str()?.to_owned(), value))
    });
    pairs.collect()
}

fn pods() -> Vec<Place> {
    let mut places = Vec::new();
    for (overlay, objects) in RENDERED.iter() {
        for deployment in all(objects, "Deployment") {
            let pod = &deployment["spec"]["template"]["spec"];
            let container = &pod["containers"][0];
            let pre_stop = &container["lifecycle"]["preStop"];
            let pre_stop = match &pre_stop["exec"]["command"] {
                Value::Null => pre_stop["sleep"]["seconds"].as_u64().unwrap_or(0),
                command => command[2].as_str().unwrap().parse().expect("seconds"),
            };
            places.push(Place {
                name: format!("{overlay}: {}", deployment["metadata"]["name"]),
                settings: listed(&container["env"], "name", "value"),
                grace: pod["terminationGracePeriodSeconds"]
                    .as_u64()
                    .expect("a grace"),
                pre_stop,
                // For every node to know it.
                detection: Some(Duration::from_secs(10)),
            });
        }
    }
    places
}

fn tasks() -> Vec<Place> {
    let aws = root().join("deploy/aws");
    let service = yaml::document(&aws.join("service.yaml"));
    let balancer = yaml::document(&aws.join("balancer.yaml"));
    let task = &service["Resources"]["TaskDefinition"]["Properties"];
    let container = &task["ContainerDefinitions"][0];
    let place = |target: &str| {
        let target = &balancer["Resources"][target]["Properties"];
        let number = |name: &str| target[name].as_u64().expect("a number");
        let detection = number("HealthCheckIntervalSeconds") * number("UnhealthyThresholdCount")
            + number("HealthCheckTimeoutSeconds");
        Place {
            name: "aws/service.yaml".into(),
            settings: listed(&container["Environment"], "Name", "Value"),
            grace: container["StopTimeout"].as_u64().expect("seconds"),
            pre_stop: 0,
            detection: Some(Duration::from_secs(detection)),
        }
    };
    ["Blue", "Green"].map(place).into()
}

fn compositions() -> Vec<Place> {
    let mut places = Vec::new();
    for file in ["compose.haproxy.yaml", "compose.nginx.yaml"] {
        let composition = yaml::document(&root().join("deploy/compose").join(file));
        for colour in ["blue", "green"] {
            let service = &composition["services"][colour];
            let settings = service["environment"].as_object().expect("settings");
            let settings = settings
                .iter()
                .map(|(name, value)| (name.clone(), yaml::scalar(value)));
            let grace = service["stop_grace_period"].as_str().expect("a grace");
            places.push(Place {
                name: format!("{file}: {colour}"),
                settings: settings.collect(),
                grace: grace.trim_end_matches('s').parse().expect("seconds"),
                pre_stop: 0,
                detection: Some(haproxys_detection()),
            });
        }
    }
    places
}

/// How long our HAProxy may take: it has just found everything well, asks again, hears nothing for as
/// long as it listens, and asks until it is sure. Our nginx asks nobody, it tries the next.
fn haproxys_detection() -> Duration {
    let text = text(&root().join("deploy/haproxy/haproxy.cfg"));
    let checks = line(&text, "  default-server check ");
    let words: Vec<&str> = checks.split(' ').collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name).expect(name);
        words[at + 1]
            .trim_end_matches("ms")
            .parse::<u64>()
            .expect("a number")
    };
    let listening = after("inter");
    let milliseconds = after("inter") + (after("fall") - 1) * after("fastinter") + listening;
    Duration::from_millis(milliseconds)
}

fn places() -> Vec<Place> {
    let kinds = [images(), units(), pods(), tasks(), compositions()];
    kinds.into_iter().flatten().collect()
}

#[test]
fn every_place_gives_the_service_the_time_it_takes_to_leave() {
    for place in places() {
        let needed = place.pre_stop + place.delay() + place.drain() + 5;
        assert!(
            place.grace >= needed,
            "{} is killed after {} s and needs {needed}",
            place.name,
            place.grace
        );
    }
}

#[test]
fn every_lame_duck_lasts_until_the_last_one_has_noticed() {
    for place in places() {
        let Some(detection) = place.detection else {
            continue;
        };
        assert!(
            Duration::from_secs(place.delay()) >= detection,
            "{} serves on for {} s, and is found out after {detection:?}",
            place.name,
            place.delay()
        );
    }
}

#[test]
fn every_place_has_settings_the_program_takes() {
    for place in places() {
        let mut check = binary();
        check.arg("check").envs(&place.settings);
        // Not there to be read: what CloudFormation would put in place of a parameter's name.
        if place
            .settings
            .get("TRUSTED_PROXIES")
            .is_some_and(|ranges| ranges == "BalancerRange")
        {
            check.env("TRUSTED_PROXIES", "10.0.0.0/20");
        }
        said_by(&mut check);
    }
}

#[test]
fn every_setting_that_is_shipped_is_one() {
    let cli = Cli::command();
    let arguments = cli
        .get_arguments()
        .filter_map(|argument| argument.get_env());
    let mut known: Vec<&str> = arguments.map(|name| name.to_str().unwrap()).collect();
    known.push("POD_NAME");
    for place in places() {
        for name in place.settings.keys() {
            assert!(known.contains(&name.as_str()), "{}: {name}", place.name);
        }
    }
}
