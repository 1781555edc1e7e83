//! A switch in Kubernetes, by a kubectl that notes what it is asked and answers for two pods.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::{Said, start, tool};
use crate::handover::balancer::{free_port, own_host};
use crate::harness::Instance;
use crate::price_files::folder;
use crate::tools::root;

/// A cluster in which blue has the traffic and green the preview.
struct Cluster {
    folder: PathBuf,
    addresses: [SocketAddr; 2],
    colours: [Instance; 2],
}

impl Cluster {
    fn set(settings: &[(&str, &str)]) -> Cluster {
        let host = own_host();
        let addresses = [free_port(host), free_port(host)];
        let colours = [0, 1].map(|at| start(at, addresses[at], settings));
        let folder = folder(&format!("cluster-{host}"));
        for (file, text) in [
            ("selector-llm-pricing", "blue"),
            ("selector-llm-pricing-preview", "green"),
            ("replicas-blue", "2/2"),
            ("replicas-green", "2/2"),
            ("calls", ""),
        ] {
            fs::write(folder.join(file), text).expect("a file");
        }
        std::os::unix::fs::symlink(
            root().join("tests/it/switch/kubectl"),
            folder.join("kubectl"),
        )
        .expect("a link");
        Cluster {
            folder,
            addresses,
            colours,
        }
    }

    fn tool(&self, arguments: &[&str]) -> Command {
        let path = std::env::var("PATH").expect("there is a path");
        let [blue, green] = self.addresses.map(|address| format!("http://{address}"));
        let mut command = tool();
        command
            .env("PATH", format!("{}:{path}", self.folder.display()))
            .env("CLUSTER", &self.folder)
            .env("BLUE", blue)
            .env("GREEN", green)
            .env("SWITCH_BACKEND", "kubernetes")
            .env("SWITCH_LOCK", self.folder.join("lock"))
            .env("K8S_SETTLE_SECONDS", "0")
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.tool(arguments))
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.join(file), text).expect("a file");
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).expect("a file")
    }

    /// What kubectl was asked to change since this was asked last.
    fn changes(&self) -> Vec<String> {
        let calls = self.read("calls");
        self.write("calls", "");
        let asked = calls
            .lines()
            .map(|call| call.split_once(" 10s ").expect("a call").1);
        let changes =
            asked.filter(|call| !call.starts_with("get ") && !call.starts_with("rollout "));
        changes.map(str::to_owned).collect()
    }
}

fn selecting(service: &str, colour: &str) -> String {
    format!(
        "patch service {service} --type merge --patch \
         {{\"spec\":{{\"selector\":{{\"deployment-group\":\"{colour}\"}}}}}}"
    )
}

#[test]
fn the_selectors_are_all_that_is_changed() {
    let cluster = Cluster::set(&[]);
    cluster
        .run(&["status"])
        .expect(0, "blue   has traffic  Kubernetes: 2/2 pods ready");
    cluster
        .run(&["green", "--dry-run"])
        .expect(0, "would run: 'kubectl'");
    assert!(cluster.changes().is_empty());

    let through = "/api/v1/namespaces/llm-pricing/services/llm-pricing:http/proxy";
    let words = format!("10 answers in a row came from green, through {through}");
    cluster
        .run(&["green", "--version", llm_pricing::VERSION])
        .expect(0, &words);
    let to_green = [
        selecting("llm-pricing", "green"),
        selecting("llm-pricing-preview", "blue"),
    ];
    assert_eq!(cluster.changes(), to_green);

    cluster
        .run(&["rollback"])
        .expect(0, "done: blue has all traffic");
    let to_blue = [
        selecting("llm-pricing", "blue"),
        selecting("llm-pricing-preview", "green"),
    ];
    assert_eq!(cluster.changes(), to_blue);
}

#[test]
fn a_colour_is_stopped_by_scaling_and_never_by_an_order() {
    let cluster = Cluster::set(&[]);
    cluster
        .run(&["drain", "blue"])
        .expect(1, "blue has traffic");
    cluster
        .run(&["drain", "green"])
        .expect(0, "done: green is stopped");
    assert_eq!(
        cluster.changes(),
        ["scale deployment llm-pricing-green --replicas 0"]
    );
    assert_eq!(cluster.colours[1].get("/health/ready").status, 200);
    cluster
        .run(&["green"])
        .expect(1, "kubectl scale deployment llm-pricing-green --replicas 2")
        .expect(1, "nothing was changed");
    assert!(cluster.changes().is_empty());
}

#[test]
fn a_cluster_that_does_not_do_as_it_is_told_is_left_as_it_was() {
    let cluster = Cluster::set(&[]);
    // Orders are taken and come to nothing.
    cluster.write("stuck", "");
    cluster
        .run(&["green", "--timeout", "1"])
        .expect(3, "answers as blue and not as green")
        .expect(3, "rolled back: blue has the traffic, as before");
    assert_eq!(
        cluster.changes().last(),
        Some(&selecting("llm-pricing-preview", "green"))
    );
}

#[test]
fn pods_that_are_not_ready_or_not_right_are_refused() {
    let cluster = Cluster::set(&[("MCP_API_KEY", "a-key")]);
    cluster.run(&["green"]).expect(1, "green is not well");
    let with_key = |arguments: &[&str]| {
        let mut command = cluster.tool(arguments);
        Said::by(command.env("MCP_API_KEY", "a-key"))
    };
    with_key(&["green", "--version", "0.9.0"]).expect(1, "and not 0.9.0");
    cluster.write("replicas-green", "1/2");
    with_key(&["green"]).expect(1, "green is not ready: 1/2 pods are ready");
    cluster.write("replicas-green", "2/2");
    fs::remove_file(cluster.folder.join("selector-llm-pricing")).expect("the Service is there");
    with_key(&["green"]).expect(6, "nothing was changed");
    assert!(cluster.changes().is_empty());
}
