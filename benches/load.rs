//! The whole program under load, next to a bare tiny_http server (`bare.rs`) that sends the same
//! bytes: requests per second, processor time per request, start, memory, size.
//!
//! The two are loaded in turns, so that whatever else the machine does befalls both, and each
//! figure is the median of its rounds. Nothing is judged: it fails only when something did not
//! run. It needs `wrk` and what `cargo build --release` builds, and takes about two minutes; a
//! number on the command line changes the count of rounds.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

const POST_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/estimate.lua");
const POST_BODY: &str = r#"{"model_name": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}"#;

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
/// One thread of wrk leaves a two-core machine to the server; 32 clients keep its workers busy.
const THREADS: u32 = 1;
const CLIENTS: u32 = 32;

const STARTS: usize = 15;
/// How long after the start memory counts as idle: the lists are put together by then.
const IDLE_AFTER: Duration = Duration::from_secs(3);
/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Outcome<()> {
    let rounds = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(ROUNDS);
    if Command::new("wrk").arg("-v").output().is_err() {
        return Err("wrk is missing; on Debian and Ubuntu: apt-get install wrk".into());
    }
    let (ours, bare) = binaries()?;

    let start_ms = median(
        (0..STARTS)
            .map(|_| Ok(Server::ours(&ours)?.started_in.as_secs_f64() * 1e3))
            .collect::<Outcome<_>>()?,
    );
    let size_mb = std::fs::metadata(&ours)?.len() as f64 / 1e6;
    let ours = Server::ours(&ours)?;
    sleep(IDLE_AFTER);
    let idle_mib = ours.memory_mib("VmRSS:")?;

    let health = fetch(ours.address, "GET", "/health", "")?;
    let estimate = fetch(ours.address, "POST", "/cost-estimate", POST_BODY)?;
    let bare = Server::bare(&bare, &health, &estimate)?;

    println!("{rounds} rounds of {SECONDS} s, wrk -t{THREADS} -c{CLIENTS}, medians\n");
    println!("{:<31} {:>9} {:>9} {:>6}", "", "ours", "bare", "ratio");
    for (name, options) in [
        ("GET /health", &["/health"][..]),
        (
            "POST /cost-estimate",
            &["/cost-estimate", "-s", POST_SCRIPT],
        ),
    ] {
        let (mut of_ours, mut of_bare) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            of_ours.push(ours.load(options)?);
            of_bare.push(bare.load(options)?);
        }
        let (of_ours, of_bare) = (Round::median(&of_ours), Round::median(&of_bare));
        let row = |figure: &str, ours: f64, bare: f64, digits: usize| {
            println!(
                "{:<31} {ours:>9.digits$} {bare:>9.digits$} {:>5.0} %",
                format!("{name}, {figure}"),
                100.0 * ours / bare
            );
        };
        row("req/s", of_ours.per_second, of_bare.per_second, 0);
        row("CPU us", of_ours.cpu_us, of_bare.cpu_us, 1);
        row("p99 ms", of_ours.p99_ms, of_bare.p99_ms, 2);
    }
    for (name, options) in [
        (
            "GET /pricing, gzip",
            &["/pricing", "-H", "Accept-Encoding: gzip"][..],
        ),
        (
            "GET /pricing?provider=anthropic",
            &["/pricing?provider=anthropic"],
        ),
    ] {
        let all: Vec<Round> = (0..rounds.min(3))
            .map(|_| ours.load(options))
            .collect::<Outcome<_>>()?;
        println!("{name:<31} {:>9.0} req/s", Round::median(&all).per_second);
    }
    println!("{:<31} {start_ms:>9.1} ms", "start to ready");
    println!("{:<31} {idle_mib:>9.1} MiB", "memory, idle");
    println!(
        "{:<31} {:>9.1} MiB",
        "memory, peak",
        ours.memory_mib("VmHWM:")?
    );
    println!("{:<31} {size_mb:>9.2} MB", "binary");
    Ok(())
}

/// Our release binary and the bare server: cargo puts examples in a folder beside the binaries.
fn binaries() -> Outcome<(PathBuf, PathBuf)> {
    let here = std::env::current_exe()?;
    let examples = here.parent().ok_or("no folder")?;
    let ours = examples.with_file_name("llm-pricing");
    let bare = examples.join("bare");
    for (binary, command) in [
        (&ours, "cargo build --release"),
        (&bare, "cargo build --release --example bare"),
    ] {
        if !binary.exists() {
            let missing = binary.display();
            return Err(format!("{missing} is missing; build it with: {command}").into());
        }
    }
    Ok((ours, bare))
}

/// A server of ours or a bare one, killed when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    /// From the start of the process to its first 200.
    started_in: Duration,
}

impl Server {
    /// Starts the release binary, and times it until it is ready.
    fn ours(binary: &Path) -> Outcome<Server> {
        // Free a moment ago; nobody else asks for ports in that moment.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let started = Instant::now();
        let child = Command::new(binary)
            .env_clear()
            .env("SERVER_HOST", "127.0.0.1")
            .env("SERVER_PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Server {
            child,
            address,
            started_in: Duration::ZERO,
        };
        while fetch(address, "GET", "/health/ready", "").is_err() {
            if started.elapsed() > PATIENCE {
                return Err("our server does not get ready".into());
            }
            sleep(Duration::from_micros(200));
        }
        server.started_in = started.elapsed();
        Ok(server)
    }

    /// Starts the yardstick with the replies it is to send.
    fn bare(binary: &Path, health: &str, estimate: &str) -> Outcome<Server> {
        let mut child = Command::new(binary)
            .args([health, estimate])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("stdout is piped")?).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("http://")
            .ok_or("bare says no address")?;
        Ok(Server {
            child,
            address: address.parse()?,
            started_in: Duration::ZERO,
        })
    }

    /// One round of wrk: the target first, then whatever else wrk should know.
    fn load(&self, options: &[&str]) -> Outcome<Round> {
        let (target, options) = options.split_first().ok_or("no target")?;
        let cpu_before = self.cpu_seconds()?;
        let output = Command::new("wrk")
            .args([format!("-t{THREADS}"), format!("-c{CLIENTS}")])
            .args([&format!("-d{SECONDS}s"), "--latency"])
            .args(options)
            .arg(format!("http://{}{target}", self.address))
            .output()?;
        let cpu = self.cpu_seconds()? - cpu_before;
        let text = String::from_utf8_lossy(&output.stdout);
        let failed = ["Non-2xx", "Socket errors"]
            .iter()
            .any(|sign| text.contains(sign));
        if failed || !output.status.success() {
            return Err(format!("wrk on {target} failed:\n{text}").into());
        }
        Round::parse(&text, cpu).ok_or_else(|| format!("wrk says something new:\n{text}").into())
    }

    /// What the process has used of all processors so far.
    fn cpu_seconds(&self) -> Outcome<f64> {
        /// `USER_HZ`, which is this on every architecture we build for.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // utime and stime are the fields 14 and 15; the second may contain blanks, but ends in ")".
        let (_, rest) = stat.rsplit_once(')').ok_or("no name in /proc stat")?;
        let ticks = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<f64>)
            .sum::<Result<f64, _>>()?;
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// A line of `/proc/<pid>/status` that is an amount of memory.
    fn memory_mib(&self, line: &str) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: f64 = status
            .lines()
            .find_map(|text| text.strip_prefix(line))
            .and_then(|rest| rest.split_whitespace().next())
            .ok_or("no such line")?
            .parse()?;
        Ok(kib / 1_024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one run of wrk says.
struct Round {
    per_second: f64,
    cpu_us: f64,
    p99_ms: f64,
}

impl Round {
    fn parse(text: &str, cpu_seconds: f64) -> Option<Round> {
        let word_after = |sign: &str| text.split_once(sign)?.1.split_whitespace().next();
        let (before, _) = text.split_once(" requests in ")?;
        let requests: f64 = before.split_whitespace().next_back()?.parse().ok()?;
        Some(Round {
            per_second: word_after("Requests/sec:")?.parse().ok()?,
            cpu_us: cpu_seconds * 1e6 / requests,
            p99_ms: milliseconds(word_after(" 99%")?)?,
        })
    }

    fn median(rounds: &[Round]) -> Round {
        let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
        Round {
            per_second: of(|round| round.per_second),
            cpu_us: of(|round| round.cpu_us),
            p99_ms: of(|round| round.p99_ms),
        }
    }
}

/// A duration as wrk writes it: `512.00us`, `1.23ms`, `1.05s`.
fn milliseconds(text: &str) -> Option<f64> {
    let (number, factor) = [("us", 1e-3), ("ms", 1.0), ("s", 1e3)]
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The body of a 200 reply; anything else is an error.
fn fetch(address: SocketAddr, method: &str, path: &str, body: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // In one write: what follows the first would wait for its acknowledgement.
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    match reply.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => Err(format!("{path} said {reply:?}").into()),
    }
}
