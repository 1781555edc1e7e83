//! What everybody else sees while somebody attacks: a prober, a good client, and the process's own
//! figures.

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::wire::{connect, read_reply};

/// A probe that takes longer is not answered.
const PROBE_MAX: Duration = Duration::from_secs(1);
const PROBE_PAUSE: Duration = Duration::from_millis(20);
const GOOD_PAUSE: Duration = Duration::from_millis(5);
const SAMPLE_PAUSE: Duration = Duration::from_millis(10);

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub rss_mib: f64,
    pub threads: usize,
    pub descriptors: usize,
}

impl Figures {
    /// Of a process that runs; none of one that has ended.
    pub fn of(pid: u32) -> Option<Figures> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let number = |line: &str| -> Option<usize> {
            let rest = status.lines().find_map(|text| text.strip_prefix(line))?;
            rest.split_whitespace().next()?.parse().ok()
        };
        Some(Figures {
            rss_mib: number("VmRSS:")? as f64 / 1_024.0,
            threads: number("Threads:")?,
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count(),
        })
    }
}

/// Everything seen from the start of a watch to its end.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub probes: usize,
    /// Of these, the ones answered 200 within a second.
    pub answered: usize,
    pub worst: Duration,
    pub good_requests: usize,
    /// What went wrong with good requests, in words.
    pub failures: Vec<String>,
    pub rss_mib_max: f64,
    pub threads_max: usize,
}

impl Seen {
    pub fn availability_percent(&self) -> f64 {
        100.0 * self.answered as f64 / self.probes.max(1) as f64
    }
}

/// Threads that look at a server until they are told to stop.
pub struct Watch {
    stop: Arc<AtomicBool>,
    prober: JoinHandle<Seen>,
    client: JoinHandle<Seen>,
    sampler: JoinHandle<Seen>,
}

impl Watch {
    /// `probe` is the path that is asked for on a new connection every time.
    pub fn start(address: SocketAddr, pid: u32, probe: &'static str) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let spawn = |watch: Box<dyn Fn(&mut Seen) + Send>, pause| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                let mut seen = Seen::default();
                while !stop.load(Ordering::Relaxed) {
                    watch(&mut seen);
                    thread::sleep(pause);
                }
                seen
            })
        };
        Watch {
            prober: spawn(
                Box::new(move |seen| probe_once(address, probe, seen)),
                PROBE_PAUSE,
            ),
            client: thread::spawn({
                let stop = Arc::clone(&stop);
                move || be_good(address, &stop)
            }),
            sampler: spawn(Box::new(move |seen| sample(pid, seen)), SAMPLE_PAUSE),
            stop,
        }
    }

    pub fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let [prober, client, sampler] = [self.prober, self.client, self.sampler]
            .map(|watcher| watcher.join().expect("watchers do not panic"));
        Seen {
            probes: prober.probes,
            answered: prober.answered,
            worst: prober.worst,
            good_requests: client.good_requests,
            failures: client.failures,
            ..sampler
        }
    }
}

fn probe_once(address: SocketAddr, path: &str, seen: &mut Seen) {
    let asked = Instant::now();
    let answer = (|| -> io::Result<u16> {
        let mut stream = TcpStream::connect_timeout(&address, PROBE_MAX)?;
        stream.set_read_timeout(Some(PROBE_MAX))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        )?;
        Ok(read_reply(&mut stream)?.status)
    })();
    let took = asked.elapsed();
    seen.probes += 1;
    seen.worst = seen.worst.max(took);
    seen.answered += usize::from(answer.is_ok_and(|status| status == 200) && took < PROBE_MAX);
}

/// Estimates on one connection, which is given up only when the server says so.
fn be_good(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut connection = None;
    while !stop.load(Ordering::Relaxed) {
        let estimate = |stream: &mut Option<TcpStream>| -> io::Result<()> {
            let mut open = match stream.take() {
                Some(open) => open,
                None => connect(address)?,
            };
            open.write_all(ESTIMATE.as_bytes())?;
            let reply = read_reply(&mut open)?;
            if reply.status != 200 || reply.length == 0 {
                return Err(io::Error::other(reply.head));
            }
            if !reply.head.contains("Connection: close") {
                *stream = Some(open);
            }
            Ok(())
        };
        seen.good_requests += 1;
        if let Err(why) = estimate(&mut connection) {
            seen.failures.push(why.to_string());
        }
        thread::sleep(GOOD_PAUSE);
    }
    seen
}

const ESTIMATE: &str = "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 63\r\n\r\n\
    {\"model_name\":\"gpt-4o\",\"input_tokens\":1000,\"output_tokens\":500}";

fn sample(pid: u32, seen: &mut Seen) {
    if let Some(figures) = Figures::of(pid) {
        seen.rss_mib_max = seen.rss_mib_max.max(figures.rss_mib);
        seen.threads_max = seen.threads_max.max(figures.threads);
    }
}
