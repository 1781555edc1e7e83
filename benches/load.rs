//! The whole program under load, next to a bare tiny_http server (`bare.rs`) that sends the same
//! bytes: requests per second, processor time per request, start, memory, size.
//!
//! The two are loaded in turns, so that whatever else the machine does befalls both, and each
//! figure is the median of its rounds. Nothing is judged: it fails only when something did not
//! run. It needs `wrk` and what `cargo build --release` builds, and takes about two minutes; a
//! number on the command line changes the count of rounds.

mod server;
mod yardstick;

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use server::{Outcome, Server};

const POST_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/estimate.lua");

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
/// One thread of wrk leaves a two-core machine to the server; 32 clients keep its workers busy.
const THREADS: u32 = 1;
const CLIENTS: u32 = 32;

const STARTS: usize = 15;
/// How long after the start memory counts as idle: the lists are put together by then.
const IDLE_AFTER: Duration = Duration::from_secs(3);

fn main() -> Outcome<()> {
    let rounds = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(ROUNDS);
    if Command::new("wrk").arg("-v").output().is_err() {
        return Err("wrk is missing; on Debian and Ubuntu: apt-get install wrk".into());
    }

    let start_ms = median(
        (0..STARTS)
            .map(|_| {
                let started = Instant::now();
                server::ours(|_| Ok(()))?;
                Ok(started.elapsed().as_secs_f64() * 1e3)
            })
            .collect::<Outcome<_>>()?,
    );
    let size_mb = std::fs::metadata(server::binary("llm-pricing")?)?.len() as f64 / 1e6;
    let ours = server::ours(|_| Ok(()))?;
    sleep(IDLE_AFTER);
    let idle_mib = ours.memory_mib("VmRSS:")?;
    let bare = yardstick::like(&ours, |_| Ok(()))?;

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

/// How a server is measured.
impl Server {
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
