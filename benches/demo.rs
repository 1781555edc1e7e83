//! A release replaced under load, on one machine: two colours, HAProxy as it is shipped, clients that
//! never ask twice, and `deploy/switch`, which moves them to the other colour, back, and there again.
//!
//! It needs `haproxy`, `socat` and what `cargo build --release` builds, and takes about 20 seconds. The
//! exit code is 1 when a request failed.

#[path = "../tests/it/handover/load.rs"]
mod load;
mod server;

use std::env::{join_paths, split_paths, temp_dir, var_os};
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant, SystemTime};

use load::{Group, Load, Tally, colour_at};
use server::{Outcome, Server};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// About 600 requests a second.
const CLIENTS: Group = Group {
    clients: 32,
    pause: Duration::from_millis(50),
};
/// Right answers that take longer are counted as slow.
const SLOW: Duration = Duration::from_millis(250);
/// Between two steps, so that one sees something.
const PACE: Duration = Duration::from_secs(4);
/// Longer than HAProxy takes to start.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Outcome<ExitCode> {
    let (interrupted, interruption) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = interrupted.send(());
    })?;
    let demo = Demo::start()?;
    let load = Load::start(demo.balancer.address, &[CLIENTS], SLOW);
    println!("time        blue  green   requests  failed  slowest so far");
    let played = thread::scope(|scope| {
        let (_done, over) = mpsc::channel::<()>();
        let load = &load;
        scope.spawn(move || print_lines(load, &over));
        demo.play(&interruption)
    });
    let tally = load.end();
    for failure in &tally.failures {
        println!("{failure}");
    }
    let slowest = tally.slowest().as_millis();
    println!(
        "\n{} requests, {} failed, slowest {slowest} ms",
        tally.requests(),
        tally.failed()
    );
    played?;
    Ok(ExitCode::from(u8::from(tally.failed() > 0)))
}

/// A line per second, until it is over.
fn print_lines(load: &Load, over: &Receiver<()>) {
    let mut before = Tally::default();
    while over.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        let now = load.so_far();
        let requests = now.requests() - before.requests();
        let share = |colour| {
            let answered = now.answered_by(colour) - before.answered_by(colour);
            100 * answered / requests.max(1)
        };
        println!(
            "{}  {:>4} % {:>4} % {requests:>10} {:>7} {:>9} ms",
            clock(),
            share("blue"),
            share("green"),
            now.failed() - before.failed(),
            now.slowest().as_millis()
        );
        before = now;
    }
}

/// The time of day, in UTC.
fn clock() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let second = now.unwrap_or_default().as_secs() % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// What runs. All of it ends when this is dropped.
struct Demo {
    balancer: Balancer,
    blue: Server,
    green: Server,
}

/// HAProxy with the shipped configuration.
struct Balancer {
    process: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Demo {
    fn start() -> Outcome<Demo> {
        let colour = |name: &'static str| {
            server::ours(|command| {
                // Ctrl-C at the terminal is for this program, which ends the others.
                command.env("DEPLOYMENT_GROUP", name).process_group(0);
                Ok(())
            })
        };
        let (blue, green) = (colour("blue")?, colour("green")?);
        let balancer = Balancer::start(blue.address, green.address)?;
        for (name, colour) in [("blue", &blue), ("green", &green)] {
            let (pid, address) = (colour.child.id(), colour.address);
            println!("{name:<5} is process {pid}, at http://{address}");
        }
        println!("HAProxy in front of them at http://{}\n", balancer.address);
        let demo = Demo {
            balancer,
            blue,
            green,
        };
        demo.switch(&["blue"])?;
        Ok(demo)
    }

    /// There, back, there again, and an end to the old one; or until somebody has seen enough.
    fn play(&self, interruption: &Receiver<()>) -> Outcome<()> {
        let steps: [&[&str]; 4] = [&["green"], &["rollback"], &["green"], &["drain", "blue"]];
        for step in steps {
            if interruption.recv_timeout(PACE).is_ok() {
                return Ok(());
            }
            self.switch(step)?;
        }
        let _ = interruption.recv_timeout(PACE);
        Ok(())
    }

    /// Runs the tool and shows what it says.
    fn switch(&self, arguments: &[&str]) -> Outcome<()> {
        println!("          $ deploy/switch/switch {}", arguments.join(" "));
        let mut child = Command::new(Path::new(ROOT).join("deploy/switch/switch"))
            .args(arguments)
            .env("SWITCH_URL", format!("http://{}", self.balancer.address))
            .env("BLUE_URL", format!("http://{}", self.blue.address))
            .env("GREEN_URL", format!("http://{}", self.green.address))
            .env("HAPROXY_SOCKET", self.balancer.folder.join("admin.sock"))
            .env("SWITCH_LOCK", self.balancer.folder.join("lock"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        for line in BufReader::new(stdout).lines() {
            println!("          {}", line?);
        }
        let status = child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the switch ended with {status}").into())
        }
    }
}

impl Balancer {
    fn start(blue: SocketAddr, green: SocketAddr) -> Outcome<Balancer> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let folder = temp_dir().join(format!("llm-pricing-demo-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let process = Command::new("haproxy")
            .args(["-db", "-f"])
            .arg(Path::new(ROOT).join("deploy/haproxy/haproxy.cfg"))
            .env("PATH", path_with_sbin()?)
            .env("LISTEN", address.to_string())
            .env("BLUE", blue.to_string())
            .env("GREEN", green.to_string())
            .env("ADMIN_SOCKET", folder.join("admin.sock"))
            .env("KEEP_USER", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|why| format!("haproxy does not start: {why}; on Debian: make tools"))?;
        let balancer = Balancer {
            process,
            address,
            folder,
        };
        let started = Instant::now();
        while !colour_at(address).is_ok_and(|colour| !colour.is_empty()) {
            if started.elapsed() > PATIENCE {
                return Err("nobody answers through HAProxy".into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(balancer)
    }
}

/// Where Debian has HAProxy, and a user's path does not lead.
fn path_with_sbin() -> Outcome<OsString> {
    let path = var_os("PATH").unwrap_or_default();
    let folders = split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    Ok(join_paths(folders)?)
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
