//! The units, run by a real systemd: one that is started for each test in a container which has this
//! machine's programs and network, and nothing else of it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, PATIENCE, wait_until};
use crate::tools::{all_of, output_of, root, said_by, system_tool};

/// Two machines would share control groups, in which each stops the services of the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A machine on which the service is installed as deploy/README.md says.
struct Machine {
    _turn: MutexGuard<'static, ()>,
    container: Child,
    /// Its first process, as this machine counts.
    leader: u32,
    folder: PathBuf,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_llm-pricing");

fn copy(from: impl AsRef<Path>, to: &Path) {
    let from = from.as_ref();
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder can be made");
    fs::copy(from, to).unwrap_or_else(|why| panic!("{}: {why}", from.display()));
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

impl Machine {
    fn boot(name: &str) -> Machine {
        let turn = ONE_AT_A_TIME.lock();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("machine-{name}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an earlier machine can be removed");
        }
        for inside in [
            "usr", "var", "run", "tmp", "root", "proc", "sys", "dev", "programs",
        ] {
            fs::create_dir_all(folder.join(inside)).expect("a folder can be made");
        }
        for link in ["bin", "sbin", "lib", "lib64"] {
            symlink(format!("usr/{link}"), folder.join(link)).expect("a link can be made");
        }
        copy("/etc/os-release", &folder.join("etc/os-release"));
        // A machine without one is new, and starts every unit there is.
        let id = folder.join("etc/machine-id");
        fs::write(id, format!("{:032x}\n", std::process::id())).expect("a file can be written");
        copy(PROGRAM, &folder.join("programs/llm-pricing"));
        for colour in ["blue", "green"] {
            let program = format!("opt/llm-pricing/{colour}/llm-pricing");
            copy(PROGRAM, &folder.join(program));
        }
        let ours = root().join("deploy/systemd");
        for unit in [
            "llm-pricing.service",
            "llm-pricing.socket",
            "llm-pricing@.service",
        ] {
            copy(
                ours.join(unit),
                &folder.join("etc/systemd/system").join(unit),
            );
        }
        let who = folder.join("etc/sysusers.d/llm-pricing.conf");
        copy(ours.join("llm-pricing.sysusers"), &who);
        for settings in ["llm-pricing.env", "blue.env", "green.env"] {
            copy(
                ours.join(settings),
                &folder.join("etc/llm-pricing").join(settings),
            );
        }

        let programs = folder.join("programs");
        let container = system_tool("systemd-nspawn")
            .args([
                "--quiet",
                "--register=no",
                "--keep-unit",
                "--link-journal=no",
            ])
            .args([
                "--console=pipe",
                "--kill-signal=SIGRTMIN+3",
                "--bind-ro=/usr",
            ])
            .arg(format!("--bind={}:/usr/local/bin", programs.display()))
            .arg(format!(
                "--machine=llm-pricing-{}-{name}",
                std::process::id()
            ))
            .arg("--directory")
            .arg(&folder)
            .args(["--boot", "--", "systemd.unit=multi-user.target"])
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("console")).expect("a file"))
            .stderr(File::create(folder.join("nspawn")).expect("a file"))
            .spawn()
            .expect("systemd-nspawn starts");
        let mut machine = Machine {
            _turn: turn.unwrap_or_else(PoisonError::into_inner),
            container,
            leader: 0,
            folder,
        };
        wait_until("a machine that has booted", || machine.is_up());
        machine
    }

    fn is_up(&mut self) -> bool {
        let id = self.container.id();
        let ended = self.container.try_wait().expect("it is our child");
        let log = || fs::read_to_string(self.folder.join("nspawn")).unwrap_or_default();
        assert!(
            ended.is_none(),
            "systemd-nspawn, which needs root, ends:\n{}",
            log()
        );
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        let Some(leader) = children.split_whitespace().next() else {
            return false;
        };
        self.leader = leader.parse().expect("a process id");
        let state = self.run(&["systemctl", "is-system-running"]);
        let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
        // Degraded is a machine on which a unit of Debian's has failed.
        ["running", "degraded"].contains(&state.as_str())
    }

    fn inside(&self, arguments: &[&str]) -> Command {
        let mut nsenter = system_tool("nsenter");
        nsenter.args(["--target", &self.leader.to_string()]);
        nsenter.args([
            "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd",
        ]);
        nsenter.arg("--").args(arguments);
        nsenter
    }

    fn run(&self, arguments: &[&str]) -> Output {
        output_of(&mut self.inside(arguments))
    }

    #[track_caller]
    fn systemctl(&self, arguments: &[&str]) {
        let output = self.run(&[&["systemctl"], arguments].concat());
        let log = || all_of(&self.run(&["journalctl", "--no-pager", "--lines=50"]));
        let said = all_of(&output);
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", log());
    }

    /// A property of a unit.
    fn property(&self, unit: &str, name: &str) -> String {
        let mut show = self.inside(&["systemctl", "show", "--value", "--property", name, unit]);
        said_by(&mut show).trim().to_owned()
    }

    /// Changes one line in a file of settings.
    fn set(&self, file: &str, name: &str, value: &str) {
        let path = self.folder.join("etc/llm-pricing").join(file);
        let text = fs::read_to_string(&path).expect("a file that is shipped");
        let is_it = |line: &&str| line.starts_with(&format!("{name}="));
        let line = text.lines().find(is_it).expect("a setting that is shipped");
        fs::write(&path, text.replace(line, &format!("{name}={value}"))).expect("it is written");
    }

    /// Adds lines to a unit, or lets them take the place of others.
    fn add_to(&self, unit: &str, lines: &str) {
        let folder = self.folder.join(format!("etc/systemd/system/{unit}.d"));
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join("test.conf"), lines).expect("a file can be written");
    }

    /// Starts the one service on systemd's socket, at a port nobody else has.
    #[track_caller]
    fn start_one(&self) -> SocketAddr {
        let port = free_port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let lines = format!("[Socket]\nListenStream=\nListenStream={address}\n");
        self.add_to("llm-pricing.socket", &lines);
        self.set("llm-pricing.env", "SERVER_PORT", &port.to_string());
        self.systemctl(&["daemon-reload"]);
        self.systemctl(&["enable", "--now", "llm-pricing.service"]);
        address
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let pid = libc::pid_t::try_from(self.container.id()).expect("a process id");
        // SAFETY: kill takes two numbers, and the process is our own child.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.container.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.container.kill();
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

const SERVICE: &str = "llm-pricing.service";

/// How many seconds ago the program started that serves there.
fn uptime(address: SocketAddr) -> f64 {
    let info = Client::connect(address).get("/deployment/info").json();
    info["service_uptime_seconds"].as_f64().expect("seconds")
}

#[test]
fn the_service_runs_as_nobody_with_no_rights_and_leaves_with_0() {
    let machine = Machine::boot("confined");
    let address = machine.start_one();
    assert_eq!(Client::connect(address).get("/health/ready").status, 200);
    let pid = machine.property(SERVICE, "MainPID");
    let status = said_by(&mut machine.inside(&["cat", &format!("/proc/{pid}/status")]));
    let field = |name: &str| {
        let mut lines = status.lines().filter_map(|line| line.strip_prefix(name));
        lines.next().expect("the kernel says so").trim().to_owned()
    };
    assert!(!field("Uid:").split_whitespace().any(|id| id == "0"));
    for rights in ["CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(field(rights), "0000000000000000", "{rights}");
    }
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2");
    machine.systemctl(&["stop", "llm-pricing.socket", SERVICE]);
    assert_eq!(machine.property(SERVICE, "Result"), "success");
    assert_eq!(machine.property(SERVICE, "ExecMainStatus"), "0");
}

#[test]
fn whoever_comes_while_it_restarts_waits_and_is_served() {
    let machine = Machine::boot("restarted");
    let address = machine.start_one();
    let pid = machine.property(SERVICE, "MainPID");
    let mut restart = machine.inside(&["systemctl", "restart", SERVICE]);
    let mut restart = restart.spawn().expect("nsenter starts");
    let mut requests = 0;
    while restart.try_wait().expect("it is our child").is_none() || requests < 100 {
        let response = Client::connect(address).get("/models");
        assert_eq!(response.status, 200, "{}", response.text());
        requests += 1;
    }
    assert!(restart.wait().expect("it is our child").success());
    let second = machine.property(SERVICE, "MainPID");
    assert_ne!(second, pid);

    said_by(&mut machine.inside(&["systemctl", "kill", "--signal=KILL", SERVICE]));
    let is_dead = || machine.property(SERVICE, "MainPID") != second;
    wait_until("the end of a service that is killed", is_dead);
    let response = Client::connect(address).get("/models");
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(machine.property(SERVICE, "NRestarts"), "1");
}

#[test]
fn a_reload_is_an_upgrade_in_place() {
    let machine = Machine::boot("reloaded");
    let address = machine.start_one();
    let pid = machine.property(SERVICE, "MainPID");
    wait_until("a second to tell the two apart", || uptime(address) >= 1.0);
    machine.systemctl(&["reload", SERVICE]);
    assert!(uptime(address) < 1.0, "the program is a new one");
    assert_eq!(machine.property(SERVICE, "MainPID"), pid);

    let program = machine.folder.join("programs/llm-pricing");
    let broken = machine.folder.join("programs/broken");
    copy("/bin/false", &broken);
    fs::rename(&broken, &program).expect("the program can be replaced");
    let output = machine.run(&["systemctl", "reload", SERVICE]);
    assert!(
        !output.status.success(),
        "a program that cannot serve is refused"
    );
    assert_eq!(Client::connect(address).get("/health/ready").status, 200);
    assert_eq!(machine.property(SERVICE, "MainPID"), pid);
    assert_eq!(machine.property(SERVICE, "ActiveState"), "active");
}

#[test]
fn a_service_that_gives_no_sign_of_life_is_replaced() {
    let machine = Machine::boot("watched");
    machine.add_to(SERVICE, "[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\n");
    let address = machine.start_one();
    let pid = machine.property(SERVICE, "MainPID");
    wait_until("twice the time a sign may take", || uptime(address) > 2.0);
    assert_eq!(machine.property(SERVICE, "MainPID"), pid, "it gives signs");
    machine.systemctl(&["kill", "--kill-whom=main", "--signal=STOP", SERVICE]);
    wait_until("another in its place", || {
        let now = machine.property(SERVICE, "MainPID");
        now != pid && now != "0"
    });
    assert_eq!(Client::connect(address).get("/health/ready").status, 200);
}

#[test]
fn wrong_settings_are_not_tried_again() {
    let machine = Machine::boot("misled");
    machine.set("blue.env", "SERVER_PORT", "eight thousand");
    let output = machine.run(&["systemctl", "start", "llm-pricing@blue"]);
    assert!(!output.status.success());
    let property = |name| machine.property("llm-pricing@blue.service", name);
    wait_until("it gives up", || property("ActiveState") == "failed");
    assert_eq!(property("ExecMainStatus"), "2");
    assert_eq!(property("NRestarts"), "0");
}

#[test]
fn two_colours_run_side_by_side_and_say_which_they_are() {
    let machine = Machine::boot("colours");
    machine.set("blue.env", "SHUTDOWN_DELAY_SECONDS", "0");
    for colour in ["blue", "green"] {
        let port = free_port();
        machine.set(&format!("{colour}.env"), "SERVER_PORT", &port.to_string());
        machine.systemctl(&["start", &format!("llm-pricing@{colour}")]);
        let mut client = Client::connect((Ipv4Addr::LOCALHOST, port).into());
        let response = client.get("/health/ready");
        assert_eq!(response.status, 200);
        assert_eq!(response.header("X-Deployment-Group"), Some(colour));
    }
    machine.systemctl(&["stop", "llm-pricing@blue"]);
    let property = |name| machine.property("llm-pricing@blue.service", name);
    assert_eq!(property("ExecMainStatus"), "0");
    let other = machine.property("llm-pricing@green.service", "ActiveState");
    assert_eq!(other, "active", "the other colour is left alone");
}
