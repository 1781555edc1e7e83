//! A long time under good load, attacks and catalogue swaps at once: whether anybody's request
//! fails, and whether memory, threads and descriptors stay what they were.
//!
//! It exits with 1 when one of these claims does not hold. `SOAK_SECONDS` (600) is how long it
//! attacks, `SOAK_SEED` repeats the random bytes of an earlier run. It needs what
//! `cargo build --release` builds.

#[path = "../tests/it/attacks/mod.rs"]
mod attacks;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use attacks::watch::{Figures, Seen, Watch};
use attacks::wire::raise_descriptor_limit;
use attacks::{Confinement, Dice, FAMILIES, Plan};
use serde_json::{Value, json};
use server::{Outcome, fetch};

const MAP: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/litellm_model_prices.json"
);
const SECONDS: u64 = 600;
/// How long to keep up an attack that takes time, and how long to leave the server alone after it.
const HOLD: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(500);
const SWAP_EVERY: Duration = Duration::from_secs(4);
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// Good load alone, before the first figures are taken.
const WARM_UP: Duration = Duration::from_secs(10);
/// How soon after the last attack the figures are to be as before: tiny_http keeps a thread for five
/// seconds after its connection.
const RECOVERY: Duration = Duration::from_secs(8);
/// The drain's own limit, and some more.
const EXIT_WITHIN: Duration = Duration::from_secs(35);

const AVAILABILITY_PERCENT_MIN: f64 = 99.0;
const RSS_MIB_MAX: f64 = 200.0;
/// What the allocator may keep of the worst moment. That it does not grow from round to round shows
/// in the second half, where memory may differ by less.
const RSS_MIB_SLACK: f64 = 80.0;
const HALVES_MIB_SLACK: f64 = 16.0;
/// With traffic going on, so many idle threads are not worth another pool.
const IDLE_THREADS_MAX: usize = 64;
const THREADS_SLACK: usize = 8;
const DESCRIPTORS_SLACK: usize = 8;

fn main() -> Outcome<ExitCode> {
    let setting = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seconds = Duration::from_secs(setting("SOAK_SECONDS").unwrap_or(SECONDS));
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let seed = setting("SOAK_SEED").unwrap_or(now.as_secs());
    println!("SOAK_SECONDS={} SOAK_SEED={seed}", seconds.as_secs());
    raise_descriptor_limit();

    let map = PriceMap::new()?;
    map.swap(0)?;
    let mut server = server::ours(|command| {
        command.env("PRICING_CATALOG", &map.path);
        Ok(())
    })?;
    let mut watch = Watch::start(server.address, server.child.id(), "/health/live");
    good_load()
        .into_iter()
        .for_each(|requests| watch.add_client(requests));
    sleep(WARM_UP);
    let figures = || Figures::of(server.child.id()).ok_or("the server has gone");
    let before = figures()?;

    let soak = Soak {
        started: Instant::now(),
        seconds,
        seed,
        over: AtomicBool::new(false),
        attack: Mutex::default(),
    };
    let (swaps, memory) = thread::scope(|scope| {
        let attacker = scope.spawn(|| soak.attack(server.address));
        let swapper = scope.spawn(|| soak.swap(&map));
        let memory = soak.report(server.child.id(), &watch);
        attacker.join().expect("attackers do not panic");
        soak.over.store(true, Ordering::Relaxed);
        (swapper.join().expect("swappers do not panic"), memory)
    });
    sleep(RECOVERY);
    let after = figures()?;
    let metrics: Value =
        serde_json::from_str(&fetch(server.address, "GET", "/health/detailed", "")?)?;
    let metrics = &metrics["metrics"];
    let seen = watch.end();
    let exit = stop(&mut server.child)?;

    println!("refused: {}", metrics["refused"]);
    println!(
        "catalogue swaps: {swaps}, taken: {}",
        metrics["catalog_reloads"]
    );
    println!(
        "{} good requests, {} failed",
        seen.good_requests,
        seen.failures.len()
    );
    println!(
        "{} probes, {:.2} % answered, the worst after {:.0} ms",
        seen.probes,
        seen.availability_percent(),
        seen.worst.as_secs_f64() * 1e3
    );
    println!(
        "before: {before:.1?}\nafter: {after:.1?}\npeak: {:.1} MiB, {} threads",
        seen.rss_mib_max, seen.threads_max
    );
    for failure in seen.failures.iter().take(20) {
        println!("failed: {failure}");
    }
    let claims = claims(&before, &after, &seen, &memory);
    let mut broken: Vec<&str> = claims
        .iter()
        .filter(|(_, holds)| !holds)
        .map(|(claim, _)| *claim)
        .collect();
    if metrics["catalog_reloads"].as_u64() < Some(swaps / 2) {
        broken.push("the catalogue was swapped");
    }
    if metrics["panics"] != 0 {
        broken.push("nothing panicked");
    }
    if exit.is_none_or(|status| status.code() != Some(0)) {
        broken.push("it ended with 0 when it was told to");
    }
    for claim in &broken {
        println!("does not hold: {claim}");
    }
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn claims(
    before: &Figures,
    after: &Figures,
    seen: &Seen,
    memory: &[f64],
) -> [(&'static str, bool); 7] {
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    // The first quarter is where the allocator learns what it is going to need.
    let (middle, end) = (memory.len() / 4, memory.len() * 5 / 8);
    let growth = mean(&memory[end..]) - mean(&memory[middle..end]);
    println!("memory from the middle to the end: {growth:+.1} MiB");
    [
        ("no good request failed", seen.failures.is_empty()),
        (
            "99 of 100 probes were answered within a second",
            seen.availability_percent() >= AVAILABILITY_PERCENT_MIN,
        ),
        (
            "memory stayed below 200 MiB",
            seen.rss_mib_max < RSS_MIB_MAX,
        ),
        (
            "memory came back",
            after.rss_mib <= before.rss_mib + RSS_MIB_SLACK,
        ),
        ("memory is flat", growth <= HALVES_MIB_SLACK),
        (
            "threads came back",
            after.threads <= before.threads + IDLE_THREADS_MAX + THREADS_SLACK,
        ),
        (
            "descriptors came back",
            after.descriptors <= before.descriptors + DESCRIPTORS_SLACK,
        ),
    ]
}

/// What everything that goes on at the same time looks at.
struct Soak {
    started: Instant,
    seconds: Duration,
    seed: u64,
    /// The attacks have ended.
    over: AtomicBool,
    /// Which one is under way.
    attack: Mutex<&'static str>,
}

impl Soak {
    /// One family after the other in an order that the dice choose, all of them before any comes
    /// again.
    fn attack(&self, address: std::net::SocketAddr) {
        let mut dice = Dice::new(self.seed);
        let hold = HOLD.min(self.seconds / 40);
        let mut left = Vec::new();
        while self.started.elapsed() < self.seconds {
            if left.is_empty() {
                left.extend(
                    FAMILIES
                        .iter()
                        .filter(|family| family.confinement == Confinement::None),
                );
            }
            let family = left.swap_remove(dice.below(left.len()));
            *self.attack.lock().unwrap() = family.name;
            (family.attack)(&Plan {
                address,
                hold,
                seed: dice.next(),
            });
            sleep(PAUSE);
        }
        *self.attack.lock().unwrap() = "none";
        self.over.store(true, Ordering::Relaxed);
    }

    fn swap(&self, map: &PriceMap) -> u64 {
        let mut swaps = 0;
        while !self.over.load(Ordering::Relaxed) {
            sleep(SWAP_EVERY);
            swaps += 1;
            map.swap(swaps).expect("the map can be replaced");
        }
        swaps
    }

    /// A line now and then until the attacks are over; what the memory was every second.
    fn report(&self, pid: u32, watch: &Watch) -> Vec<f64> {
        let mut memory = Vec::new();
        let mut next = REPORT_EVERY;
        while !self.over.load(Ordering::Relaxed) {
            sleep(Duration::from_secs(1));
            let Some(now) = Figures::of(pid) else { break };
            memory.push(now.rss_mib);
            let elapsed = self.started.elapsed();
            if elapsed < next {
                continue;
            }
            next += REPORT_EVERY;
            let seen = watch.so_far();
            println!(
                "{:>5} s  {:>7} requests  {} failed  {:>6.2} % of probes  {:>5.1} MiB  {:>4} descriptors  \
                 {:>4} threads  {}",
                elapsed.as_secs(),
                seen.good_requests,
                seen.failures.len(),
                seen.availability_percent(),
                now.rss_mib,
                now.descriptors,
                now.threads,
                self.attack.lock().unwrap()
            );
        }
        memory
    }
}

/// A price map that is replaced while it is in use.
struct PriceMap {
    folder: PathBuf,
    path: PathBuf,
    prices: Value,
}

impl PriceMap {
    fn new() -> Outcome<PriceMap> {
        let folder = std::env::temp_dir().join(format!("llm-pricing-soak-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(PriceMap {
            path: folder.join("prices.json"),
            folder,
            prices: serde_json::from_str(&fs::read_to_string(Path::new(MAP))?)?,
        })
    }

    /// Writes the map with another price, beside the one in use, and renames it.
    fn swap(&self, turn: u64) -> Outcome<()> {
        let mut prices = self.prices.clone();
        prices["gpt-4o"]["input_cost_per_token"] = json!(2.5e-6 + turn as f64 * 1e-8);
        let beside = self.folder.join("prices.new");
        fs::write(&beside, prices.to_string())?;
        fs::rename(&beside, &self.path)?;
        Ok(())
    }
}

impl Drop for PriceMap {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What good clients ask for, one list of requests for each: two keep their connections, one takes a
/// new one each time.
fn good_load() -> [Vec<String>; 3] {
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: test\r\n{more}\r\n");
    let post = |path: &str, body: &str| {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let batch = post(
        "/cost-estimate/batch",
        r#"{"model_names":["gpt-4o","claude-sonnet-4-5","nobody/knows"],"input_tokens":1000,"output_tokens":500}"#,
    );
    let close = "Connection: close\r\n";
    [
        vec![
            get("/pricing", "Accept-Encoding: gzip\r\n"),
            batch.clone(),
            get("/models", ""),
            get("/telemetry", ""),
            get("/use-cases?provider=anthropic", ""),
        ],
        vec![
            batch,
            post(
                "/cost-estimate",
                &format!(
                    "{:9000}{}",
                    "", r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#
                ),
            ),
            get("/performance?sort_by=cost", "Accept-Encoding: gzip\r\n"),
            get("/health/detailed", ""),
        ],
        vec![
            get("/health/ready", close),
            get("/pricing?provider=openai", close),
            get("/pricing", close),
            get("/api/versions", close),
        ],
    ]
}

/// Tells the server to end; none when it does not.
fn stop(child: &mut Child) -> Outcome<Option<ExitStatus>> {
    let pid = libc::pid_t::try_from(child.id())?;
    // SAFETY: kill takes two numbers, and the process is our own child.
    unsafe { libc::kill(pid, libc::SIGTERM) };
    let told = Instant::now();
    while told.elapsed() < EXIT_WITHIN {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(Duration::from_millis(50));
    }
    Ok(None)
}
