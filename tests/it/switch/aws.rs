//! A switch at AWS, of which a stand-in (moto) has the control plane and nginx does what the listener says.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use super::{Said, Scene, nobody_noticed};
use crate::handover::balancer::{Kind, free_port, own_host};
use crate::harness::wait_until;
use crate::price_files::folder;
use crate::tools::{python_tool, root};

const ACCOUNT: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_DEFAULT_REGION", "eu-west-1"),
];

/// The real client, after which nginx is told what the listener says.
const CLIENT: &str = r#"#!/usr/bin/env bash
set -euo pipefail
PATH=$TOOLS:$PATH
aws() { "$TOOLS/aws" "$@"; }
aws "$@"
[[ $* == *modify-listener* ]] || exit 0
weight=$(aws elbv2 describe-listeners --listener-arns "$ALB_LISTENER" --output text --query \
    "Listeners[0].DefaultActions[0].ForwardConfig.TargetGroups[?TargetGroupArn=='$ALB_GREEN'].Weight")
if ((weight > 0)); then touch "$NGINX_SWITCH_DIR/green"; else rm "$NGINX_SWITCH_DIR/green"; fi
"#;

/// The stand-in, ended when dropped.
struct Cloud {
    process: Child,
    settings: Vec<(String, String)>,
}

impl Cloud {
    fn start() -> Cloud {
        let address: SocketAddr = free_port(own_host());
        let process = python_tool("moto_server")
            .args([
                "-H",
                &address.ip().to_string(),
                "-p",
                &address.port().to_string(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let mut cloud = Cloud {
            process,
            settings: Vec::new(),
        };
        wait_until("that moto listens", || TcpStream::connect(address).is_ok());
        let account = ACCOUNT.map(|(name, value)| (name.to_owned(), value.to_owned()));
        cloud.settings.extend(account);
        cloud
            .settings
            .push(("AWS_ENDPOINT_URL".to_owned(), format!("http://{address}")));
        let output = python_tool("python")
            .arg(root().join("tests/it/switch/cloud.py"))
            .envs(cloud.settings.iter().cloned())
            .output()
            .expect("python runs");
        let names = String::from_utf8(output.stdout).expect("text");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let names = names.lines().filter_map(|line| line.split_once('='));
        cloud
            .settings
            .extend(names.map(|(name, value)| (name.to_owned(), value.to_owned())));
        cloud
    }

    fn setting(&self, name: &str) -> &str {
        let found = self.settings.iter().find(|(setting, _)| setting == name);
        &found.expect("a setting").1
    }

    /// Asks the stand-in something without the tool.
    fn ask(&self, arguments: &[&str]) -> String {
        let mut command = python_tool("aws");
        command.args(["--output", "text"]).args(arguments);
        Said::by(command.envs(self.settings.iter().cloned()))
            .expect(0, "")
            .text
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_listener_is_told_and_asked_and_put_back() {
    let scene = Scene::set(Kind::NginxByFile);
    let cloud = Cloud::start();
    let folder = folder("cloud");
    let client = folder.join("aws");
    fs::write(&client, CLIENT).expect("a script");
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).expect("a program");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let run = |arguments: &[&str]| {
        let mut command = scene.tool(arguments);
        command
            .envs(cloud.settings.iter().cloned())
            .env("PATH", &path)
            .env("TOOLS", root().join("target/venv/bin"))
            .env("SWITCH_BACKEND", "aws");
        Said::by(&mut command)
    };
    let load = scene.load();

    run(&["green"]).expect(0, "done: green has all traffic");
    run(&["status"]).expect(0, "green  has traffic  AWS: its targets are: healthy");
    run(&["rollback", "--version", llm_pricing::VERSION]).expect(0, "done: blue has all traffic");
    nobody_noticed(load, "switch and rollback at AWS", &scene);

    let listener = cloud.setting("ALB_LISTENER");
    let weights = "Listeners[0].DefaultActions[0].ForwardConfig.TargetGroups[].Weight";
    let weights = [
        "elbv2",
        "describe-listeners",
        "--listener-arns",
        listener,
        "--query",
        weights,
    ];
    let before = cloud.ask(&weights);
    let blue = format!("http://{}", scene.addresses[0]);
    run(&["green", "--url", &blue, "--timeout", "1"])
        .expect(3, "answers as blue and not as green")
        .expect(3, "rolled back: blue has the traffic, as before");
    assert_eq!(cloud.ask(&weights), before);

    run(&["drain", "blue"]).expect(1, "blue has traffic");
    run(&["drain", "green"]).expect(0, "done: green is stopped");
    let tasks = [
        "ecs",
        "describe-services",
        "--services",
        "llm-pricing-green",
    ];
    let tasks = [&tasks[..], &["--query", "services[0].desiredCount"]].concat();
    assert_eq!(cloud.ask(&tasks).trim(), "0");

    let green = cloud.setting("ALB_GREEN");
    let target = ["--targets", "Id=10.0.0.11"];
    let leave = ["elbv2", "deregister-targets", "--target-group-arn", green];
    cloud.ask(&[&leave[..], &target].concat());
    run(&["green"]).expect(1, "its target group has no targets");
    assert_eq!(cloud.ask(&weights), before);
}
