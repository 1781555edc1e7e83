//! The image, on a real Docker engine: the machine's, or one that is started for as long as these tests
//! take. It takes the program `make static` made.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Client, wait_until};
use crate::tools::{output_of, root, said_by, system_tool};

const IMAGE: &str = "llm-pricing-test";

/// Nothing of a container's that it does not need.
const CONFINED: [&str; 5] = [
    "--read-only",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
];

/// Who uses the engine at the moment, and the engine if it had to be started.
struct Engines {
    users: usize,
    own: Option<Daemon>,
}

static ENGINES: Mutex<Engines> = Mutex::new(Engines {
    users: 0,
    own: None,
});

struct Daemon {
    process: Child,
    folder: PathBuf,
}

impl Daemon {
    /// Starts an engine that shares nothing with the machine's and leaves its networks alone.
    fn start() -> Daemon {
        // Not below target/: the path of a socket may have 107 bytes.
        let folder =
            std::env::temp_dir().join(format!("llm-pricing-docker-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the engine");
        let log = File::create(folder.join("log")).expect("a log for the engine");
        // In a namespace of its own, so that what it mounts goes with it.
        let process = system_tool("unshare")
            .arg("--mount")
            .arg(system_tool("dockerd").get_program())
            .args(["--bridge=none", "--iptables=false", "--ip-forward=false"])
            .arg("--data-root")
            .arg(root().join("target/docker"))
            .arg("--exec-root")
            .arg(folder.join("run"))
            .arg("--pidfile")
            .arg(folder.join("pid"))
            .arg("--host")
            .arg(format!("unix://{}/socket", folder.display()))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("dockerd starts");
        let mut daemon = Daemon { process, folder };
        wait_until("a Docker engine that answers", || {
            let log = || fs::read_to_string(daemon.folder.join("log")).unwrap_or_default();
            let ended = daemon.process.try_wait().expect("it is our child");
            assert!(
                ended.is_none(),
                "dockerd, which needs root, ends:\n{}",
                log()
            );
            answers(Some(&daemon))
        });
        daemon
    }

    fn stop(mut self) {
        let pid = libc::pid_t::try_from(self.process.id()).expect("a process id");
        // SAFETY: kill takes two numbers, and the process is our own child.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        self.process.wait().expect("it is our child");
        fs::remove_dir_all(&self.folder).expect("the engine's folder can be removed");
    }
}

fn client(own: Option<&Daemon>) -> Command {
    let mut docker = system_tool("docker");
    // The classic builder is the one that Debian's engine has.
    docker.env("DOCKER_BUILDKIT", "0");
    if let Some(daemon) = own {
        docker.env(
            "DOCKER_HOST",
            format!("unix://{}/socket", daemon.folder.display()),
        );
    }
    docker
}

fn answers(own: Option<&Daemon>) -> bool {
    let output = output_of(client(own).args(["version", "--format", "{{.Server.Version}}"]));
    output.status.success()
}

/// The right to use an engine that has the image.
struct Engine;

impl Engine {
    fn get() -> Engine {
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        if engines.users == 0 {
            engines.own = (!answers(None)).then(Daemon::start);
            build(client(engines.own.as_ref()));
        }
        engines.users += 1;
        Engine
    }

    fn docker(&self, arguments: &[&str]) -> Command {
        let engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut docker = client(engines.own.as_ref());
        docker.args(arguments);
        docker
    }

    fn inspect(&self, name: &str) -> Value {
        let text = said_by(&mut self.docker(&["inspect", "--format", "{{json .}}", name]));
        serde_json::from_str(&text).expect("JSON")
    }

    /// Runs the image with these options.
    fn run(&self, name: &str, options: &[&str]) -> Container<'_> {
        let name = format!("llm-pricing-test-{}-{name}", std::process::id());
        let mut docker = self.docker(&["run", "--detach", "--name", &name]);
        said_by(docker.args(CONFINED).args(options).arg(IMAGE));
        Container { engine: self, name }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        engines.users -= 1;
        if engines.users == 0
            && let Some(daemon) = engines.own.take()
        {
            daemon.stop();
        }
    }
}

fn build(mut docker: Command) {
    let context = root().join("target/static");
    assert!(context.join("llm-pricing").exists(), "run `make static`");
    let version = format!("VERSION={}", llm_pricing::VERSION);
    docker.args([
        "build",
        "--quiet",
        "--tag",
        IMAGE,
        "--build-arg",
        &version,
        "--file",
    ]);
    said_by(
        docker
            .arg(root().join("deploy/docker/Dockerfile"))
            .arg(context),
    );
}

struct Container<'a> {
    engine: &'a Engine,
    name: String,
}

impl Container<'_> {
    #[track_caller]
    fn wait_until_healthy(&self) {
        wait_until("a healthy container", || {
            let state = self.engine.inspect(&self.name)["State"].clone();
            assert_eq!(state["Running"], true, "{state}\n{}", self.log());
            state["Health"]["Status"] == "healthy"
        });
    }

    fn exec(&self, arguments: &[&str]) -> Command {
        let mut docker = self.engine.docker(&["exec", &self.name]);
        docker.args(arguments);
        docker
    }

    fn log(&self) -> String {
        let output = output_of(&mut self.engine.docker(&["logs", &self.name]));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Stops it as an operator would, with nothing said about how long that may take.
    fn stop(&self) -> Duration {
        let start = Instant::now();
        said_by(&mut self.engine.docker(&["stop", &self.name]));
        start.elapsed()
    }

    #[track_caller]
    fn has_left_with(&self, code: i64) {
        wait_until("the container's end", || {
            self.engine.inspect(&self.name)["State"]["Running"] == false
        });
        let state = &self.engine.inspect(&self.name)["State"];
        assert_eq!(state["ExitCode"], code, "{state}\n{}", self.log());
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.engine.docker(&["rm", "--force", &self.name]).output();
    }
}

/// A container on the host's network, at a port nobody else has.
fn on_the_hosts_network<'a>(engine: &'a Engine, name: &str) -> (Container<'a>, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let port = format!("SERVER_PORT={}", address.port());
    let options = [
        "--network",
        "host",
        "--env",
        &port,
        "--env",
        "SERVER_HOST=127.0.0.1",
    ];
    let container = engine.run(name, &options);
    container.wait_until_healthy();
    (container, address)
}

#[test]
fn the_image_is_one_file_in_one_layer_that_runs_as_nobody() {
    let engine = Engine::get();
    let image = engine.inspect(IMAGE);
    assert_eq!(image["RootFS"]["Layers"].as_array().map(Vec::len), Some(1));
    let size = image["Size"].as_u64().expect("a size");
    assert!(size < 10_000_000, "{size} bytes");
    let config = &image["Config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["StopSignal"], "SIGTERM");
    assert_eq!(config["Entrypoint"], json!(["/llm-pricing"]));
    assert_eq!(config["Cmd"], Value::Null);
    let check = &config["Healthcheck"]["Test"];
    assert_eq!(*check, json!(["CMD", "/llm-pricing", "healthcheck"]));
    let version = &config["Labels"]["org.opencontainers.image.version"];
    assert_eq!(*version, llm_pricing::VERSION);

    let container = engine.run("files", &["--network", "none"]);
    let archive = engine
        .docker(&["export", &container.name])
        .stdout(Stdio::piped())
        .spawn();
    let archive = archive.expect("docker starts").stdout.expect("it is piped");
    let names = said_by(system_tool("tar").arg("--list").stdin(archive));
    // The others are the engine's: mount points, and files it puts into every container.
    let ours = |name: &&str| {
        let top = name.split('/').next().unwrap();
        !["dev", "etc", "proc", "sys", ".dockerenv"].contains(&top)
    };
    let ours: Vec<&str> = names.lines().filter(ours).collect();
    assert_eq!(ours, ["llm-pricing"]);
}

#[test]
fn without_rights_a_network_or_a_disk_it_gets_healthy_and_leaves_when_told() {
    let engine = Engine::get();
    let container = engine.run("alone", &["--network", "none"]);
    container.wait_until_healthy();
    said_by(&mut container.exec(&["/llm-pricing", "healthcheck"]));
    said_by(&mut container.exec(&["/llm-pricing", "healthcheck", "--live"]));
    let shell = output_of(&mut container.exec(&["/bin/sh", "-c", "true"]));
    assert!(!shell.status.success(), "there is a shell");
    let took = container.stop();
    container.has_left_with(0);
    assert!(took < Duration::from_secs(3), "it took {took:?} to stop");
}

#[test]
fn an_order_from_inside_ends_the_container_with_0() {
    let engine = Engine::get();
    let container = engine.run("ordered", &["--network", "none"]);
    container.wait_until_healthy();
    said_by(&mut container.exec(&["/llm-pricing", "shutdown"]));
    container.has_left_with(0);
}

#[test]
fn a_request_in_flight_survives_docker_stop() {
    let engine = Engine::get();
    let (container, address) = on_the_hosts_network(&engine, "stopped");
    let body = r#"{"model_name": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}"#;
    let (first, second) = body.split_at(20);
    let mut client = Client::connect(address);
    let head = format!("Host: test\r\nContent-Length: {}", body.len());
    client.send(format!(
        "POST /cost-estimate HTTP/1.1\r\n{head}\r\n\r\n{first}"
    ));
    let status = || {
        Client::connect(address)
            .get("/deployment/shutdown/status")
            .json()
    };
    wait_until("a request in flight", || status()["active_requests"] == 1);
    thread::scope(|scope| {
        let stop = scope.spawn(|| container.stop());
        wait_until("a shutdown", || status()["shutting_down"] == true);
        client.send(second);
        assert_eq!(client.receive().status, 200);
        stop.join().expect("docker stops it");
    });
    container.has_left_with(0);
}
