//! What everybody else sees while somebody attacks: a prober, a good client, and the process's own
//! figures.

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
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
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    watchers: Vec<JoinHandle<()>>,
}

impl Watch {
    /// `probe` is the path that is asked for on a new connection every time.
    pub fn start(address: SocketAddr, pid: u32, probe: &'static str) -> Watch {
        let mut watch = Watch {
            address,
            stop: Arc::default(),
            seen: Arc::default(),
            watchers: Vec::new(),
        };
        watch.add(PROBE_PAUSE, move |seen| {
            let asked = Instant::now();
            let is_answered = ask(address, probe).is_ok_and(|status| status == 200);
            let took = asked.elapsed();
            let mut seen = seen.lock().unwrap();
            seen.probes += 1;
            seen.worst = seen.worst.max(took);
            seen.answered += usize::from(is_answered && took < PROBE_MAX);
        });
        watch.add(SAMPLE_PAUSE, move |seen| {
            if let Some(figures) = Figures::of(pid) {
                let mut seen = seen.lock().unwrap();
                seen.rss_mib_max = seen.rss_mib_max.max(figures.rss_mib);
                seen.threads_max = seen.threads_max.max(figures.threads);
            }
        });
        watch.add_client(vec![ESTIMATE.to_owned()]);
        watch
    }

    /// One more good client, which sends these requests again and again, on one connection, which
    /// it gives up only when one of the two sides has said so.
    pub fn add_client(&mut self, requests: Vec<String>) {
        let address = self.address;
        let (mut connection, mut turn) = (None, 0);
        self.add(GOOD_PAUSE, move |seen| {
            let request = &requests[turn % requests.len()];
            turn += 1;
            let outcome = be_good(address, &mut connection, request);
            let mut seen = seen.lock().unwrap();
            seen.good_requests += 1;
            if let Err(why) = outcome {
                let line = request.lines().next().unwrap_or_default();
                seen.failures.push(format!("{line}: {why}"));
            }
        });
    }

    pub fn so_far(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    pub fn end(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        for watcher in self.watchers.drain(..) {
            watcher.join().expect("watchers do not panic");
        }
        self.so_far()
    }

    /// One more thread, which looks once at least.
    fn add(&mut self, pause: Duration, mut look: impl FnMut(&Mutex<Seen>) + Send + 'static) {
        let (stop, seen) = (Arc::clone(&self.stop), Arc::clone(&self.seen));
        self.watchers.push(thread::spawn(move || {
            loop {
                look(&seen);
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                thread::sleep(pause);
            }
        }));
    }
}

/// The status of one request on a connection of its own.
fn ask(address: SocketAddr, path: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PROBE_MAX)?;
    stream.set_read_timeout(Some(PROBE_MAX))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    Ok(read_reply(&mut stream)?.status)
}

const ESTIMATE: &str = "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 63\r\n\r\n\
    {\"model_name\":\"gpt-4o\",\"input_tokens\":1000,\"output_tokens\":500}";

/// One request that must be answered 200, with something in it.
fn be_good(
    address: SocketAddr,
    connection: &mut Option<TcpStream>,
    request: &str,
) -> io::Result<()> {
    let mut stream = match connection.take() {
        Some(stream) => stream,
        None => connect(address)?,
    };
    stream.write_all(request.as_bytes())?;
    let reply = read_reply(&mut stream)?;
    if reply.status != 200 || reply.length == 0 {
        return Err(io::Error::other(reply.head));
    }
    let is_last =
        [request, &reply.head].map(|head| head.to_ascii_lowercase().contains("connection: close"));
    if is_last == [false, false] {
        *connection = Some(stream);
    }
    Ok(())
}
