//! `deploy/switch`, run for real: behind HAProxy and nginx with traffic, on a cluster's and a cloud's stand-ins.

mod aws;
mod hosts;
mod kubernetes;
mod mishaps;
mod refusals;
mod scripts;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::handover::balancer::{Balancer, Kind, free_port, own_host};
use crate::handover::load::Load;
use crate::handover::stage::BUSY;
use crate::harness::{Instance, binary};
use crate::tools::root;

const KINDS: [Kind; 2] = [Kind::HaProxy, Kind::NginxByFile];

/// An answer that takes longer is one that waited for something.
const SLOWEST_MAX: Duration = Duration::from_secs(1);

/// The tool, with nothing of this process's environment but where programs are.
fn tool() -> Command {
    let mut command = Command::new(root().join("deploy/switch/switch"));
    command.env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").expect("there is a path"));
    command
}

/// What the tool said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    text: String,
    took: Duration,
}

impl Said {
    fn by(command: &mut Command) -> Said {
        let started = Instant::now();
        Said::of(command.output().expect("the tool runs"), started)
    }

    fn of(output: Output, started: Instant) -> Said {
        let text = [output.stdout, output.stderr].concat();
        Said {
            code: output.status.code(),
            text: String::from_utf8(text).expect("text"),
            took: started.elapsed(),
        }
    }

    /// Claims that it ended with this code and said this.
    #[track_caller]
    fn expect(self, code: i32, words: &str) -> Said {
        assert_eq!(self.code, Some(code), "{}", self.text);
        assert!(self.text.contains(words), "{words:?} in:\n{}", self.text);
        self
    }
}

/// Two colours behind a balancer, of which blue has all traffic.
struct Scene {
    kind: Kind,
    addresses: [SocketAddr; 2],
    colours: [Option<Instance>; 2],
    settings: Vec<(&'static str, &'static str)>,
    balancer: Balancer,
}

impl Scene {
    fn set(kind: Kind) -> Scene {
        Scene::with(kind, &[])
    }

    /// With these settings of both colours.
    fn with(kind: Kind, settings: &[(&'static str, &'static str)]) -> Scene {
        let host: Ipv4Addr = own_host();
        let addresses = [free_port(host), free_port(host)];
        let blue = start(0, addresses[0], settings);
        let mut scene = Scene {
            kind,
            addresses,
            colours: [Some(blue), None],
            settings: settings.to_vec(),
            balancer: Balancer::start(kind, host, addresses),
        };
        scene.start(1);
        scene.run(&["blue"]).expect(0, "done: blue");
        scene
    }

    /// Starts a colour again where it was.
    fn start(&mut self, at: usize) {
        self.colours[at] = Some(start(at, self.addresses[at], &self.settings));
    }

    fn colour(&mut self, at: usize) -> &mut Instance {
        self.colours[at].as_mut().expect("the colour runs")
    }

    /// The tool, told where everything is.
    fn tool(&self, arguments: &[&str]) -> Command {
        let folder = self.balancer.folder();
        let [blue, green] = self.addresses.map(|address| format!("http://{address}"));
        let backend = match self.kind {
            Kind::HaProxy => "haproxy",
            _ => "nginx",
        };
        let mut command = tool();
        command
            .env("SWITCH_BACKEND", backend)
            .env("SWITCH_URL", format!("http://{}", self.balancer.address))
            .env("BLUE_URL", blue)
            .env("GREEN_URL", green)
            .env("SWITCH_LOCK", folder.join("lock"))
            .env("HAPROXY_SOCKET", folder.join("admin.sock"))
            .env("NGINX_SWITCH_DIR", folder)
            .envs(self.settings.iter().copied())
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.tool(arguments))
    }

    /// Claims that this colour has all traffic, by what the tool says and by who answers.
    #[track_caller]
    fn assert_traffic(&self, colour: &str) {
        let said = self.run(&["status"]).expect(0, "");
        for name in ["blue", "green"] {
            let has = ["no traffic", "has traffic"][usize::from(name == colour)];
            let line = format!("{name:<6} {has}");
            assert!(said.text.contains(&line), "{line:?} in:\n{}", said.text);
        }
        let line = format!("answer {colour}, version {}", llm_pricing::VERSION);
        assert!(said.text.contains(&line), "{line:?} in:\n{}", said.text);
    }

    fn load(&self) -> Load {
        Load::start(self.balancer.address, &[BUSY], SLOWEST_MAX)
    }
}

fn start(at: usize, address: SocketAddr, settings: &[(&str, &str)]) -> Instance {
    let mut command = binary();
    command
        .env("SERVER_HOST", address.ip().to_string())
        .env("SERVER_PORT", address.port().to_string())
        .env("DEPLOYMENT_GROUP", ["blue", "green"][at])
        .envs(settings.iter().copied());
    Instance::run(command)
}

/// Ends the load, prints what came of it, and claims that nobody's request failed.
#[track_caller]
fn nobody_noticed(load: Load, what: &str, scene: &Scene) {
    let tally = load.end();
    let slowest = tally.slowest();
    println!(
        "{what:<36} {:<15} {:>6} requests {:>3} failed, slowest {:>4} ms",
        scene.kind.name(),
        tally.requests(),
        tally.failed(),
        slowest.as_millis(),
    );
    assert_eq!(
        tally.failed(),
        0,
        "{:?}\n{:?}",
        tally.failures,
        tally.counts
    );
    for colour in ["blue", "green"] {
        assert!(
            tally.answered_by(colour) > 0,
            "{colour}: {:?}",
            tally.counts
        );
    }
}
