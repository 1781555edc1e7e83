//! Load through a balancer: clients that keep their connections, never ask twice for the same thing, and
//! tell apart every way a request can end.
//!
//! The tests and the demo share it, so it knows neither: it gets an address, and says what it saw.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Who has no answer by then gets none.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many failures are described; all of them are counted.
const DESCRIBED_MAX: usize = 10;

/// Clients of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    pub clients: usize,
    /// Between an answer and the next request.
    pub pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The right answer, in time.
    Ok,
    /// The right answer, too late.
    Slow,
    /// Nobody took the connection.
    Refused,
    /// Sent, and the connection ended before the answer did.
    Cut,
    /// Sent, and no answer came.
    Silence,
    /// Answered with 500 or more.
    ServerError,
    /// Another status, or not the answer to what was asked.
    Wrong,
}

impl Outcome {
    pub fn is_failure(self) -> bool {
        !matches!(self, Outcome::Ok | Outcome::Slow)
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub requests: usize,
    pub slowest: Duration,
}

/// Everything seen so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By the colour that answered, which is empty where none did, and by how it ended.
    pub counts: BTreeMap<(String, Outcome), Count>,
    /// The first failures, in words.
    pub failures: Vec<String>,
}

impl Tally {
    pub fn requests(&self) -> usize {
        self.counts.values().map(|count| count.requests).sum()
    }

    pub fn failed(&self) -> usize {
        let failures = self
            .counts
            .iter()
            .filter(|((_, outcome), _)| outcome.is_failure());
        failures.map(|(_, count)| count.requests).sum()
    }

    /// Requests this colour answered well.
    pub fn answered_by(&self, colour: &str) -> usize {
        let good = self
            .counts
            .iter()
            .filter(|((by, outcome), _)| by == colour && !outcome.is_failure());
        good.map(|(_, count)| count.requests).sum()
    }

    /// The longest that anybody waited, for whatever it was.
    pub fn slowest(&self) -> Duration {
        let slowest = self.counts.values().map(|count| count.slowest).max();
        slowest.unwrap_or_default()
    }

    fn note(&mut self, ending: &Ending, took: Duration) {
        let key = (ending.colour.clone(), ending.outcome);
        let count = self.counts.entry(key).or_default();
        count.requests += 1;
        count.slowest = count.slowest.max(took);
        if ending.outcome.is_failure() && self.failures.len() < DESCRIBED_MAX {
            let outcome = ending.outcome;
            let what = format!("{outcome:?} after {took:?}: {}", ending.words);
            self.failures.push(what);
        }
    }
}

/// Clients at work until they are told to stop.
pub struct Load {
    tally: Arc<Mutex<Tally>>,
    /// Dropped, it stops them.
    running: Vec<Sender<()>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Half of the requests are `POST`. Right answers count as slow after `slow`.
    pub fn start(address: SocketAddr, groups: &[Group], slow: Duration) -> Load {
        let mut load = Load {
            tally: Arc::default(),
            running: Vec::new(),
            clients: Vec::new(),
        };
        for group in groups {
            for number in 0..group.clients {
                let (running, stop) = mpsc::channel();
                let mut client = Client {
                    address,
                    connection: None,
                    slow,
                    turn: number,
                };
                let tally = Arc::clone(&load.tally);
                // Not all at the same moment.
                let first = group.pause.mul_f64(number as f64 / group.clients as f64);
                let pause = group.pause;
                load.running.push(running);
                load.clients.push(thread::spawn(move || {
                    if is_over(&stop, first) {
                        return;
                    }
                    loop {
                        let asked = Instant::now();
                        let ending = client.ask();
                        tally.lock().unwrap().note(&ending, asked.elapsed());
                        if is_over(&stop, pause) {
                            return;
                        }
                    }
                }));
            }
        }
        load
    }

    pub fn so_far(&self) -> Tally {
        self.tally.lock().unwrap().clone()
    }

    /// Waits for the answers that are still to come.
    pub fn end(mut self) -> Tally {
        self.running.clear();
        for client in self.clients.drain(..) {
            client.join().expect("clients do not panic");
        }
        self.so_far()
    }
}

/// Who answers a new connection.
pub fn colour_at(address: SocketAddr) -> io::Result<String> {
    let mut stream = connect(address)?;
    stream.write_all(request(0).0.as_bytes())?;
    Ok(Reply::read(&mut stream)?.colour)
}

/// Waits for the time of a pause, or for the end of it all.
fn is_over(stop: &Receiver<()>, pause: Duration) -> bool {
    stop.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected)
}

struct Client {
    address: SocketAddr,
    connection: Option<TcpStream>,
    slow: Duration,
    turn: usize,
}

/// How one request ended.
struct Ending {
    outcome: Outcome,
    colour: String,
    words: String,
}

impl Client {
    fn ask(&mut self) -> Ending {
        self.turn += 1;
        let (request, expected) = request(self.turn);
        let asked = Instant::now();
        let is_fresh = !self.connection.as_ref().is_some_and(is_open);
        if is_fresh {
            self.connection = None;
        }
        let stream = match self.connection.take() {
            Some(stream) => Ok(stream),
            None => connect(self.address),
        };
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(why) => return Ending::without_answer(Outcome::Refused, &why, is_fresh),
        };
        let reply = stream
            .write_all(request.as_bytes())
            .and_then(|()| Reply::read(&mut stream));
        let reply = match reply {
            Ok(reply) => reply,
            Err(why) => {
                let is_silence = matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                let outcome = if is_silence {
                    Outcome::Silence
                } else {
                    Outcome::Cut
                };
                return Ending::without_answer(outcome, &why, is_fresh);
            }
        };
        if !reply.closes {
            self.connection = Some(stream);
        }
        let outcome = match reply.status {
            200 if !reply.body.contains(&expected) => Outcome::Wrong,
            200 if asked.elapsed() > self.slow => Outcome::Slow,
            200 => Outcome::Ok,
            500.. => Outcome::ServerError,
            _ => Outcome::Wrong,
        };
        Ending {
            outcome,
            colour: reply.colour,
            words: format!("{} {}", reply.status, reply.body),
        }
    }
}

impl Ending {
    fn without_answer(outcome: Outcome, why: &io::Error, is_fresh: bool) -> Ending {
        let connection = if is_fresh { "new" } else { "kept" };
        Ending {
            outcome,
            colour: String::new(),
            words: format!("{why}, on a {connection} connection"),
        }
    }
}

/// A request, and what only the answer to it contains.
fn request(turn: usize) -> (String, String) {
    if turn.is_multiple_of(2) {
        let request = "GET /models/gpt-4o HTTP/1.1\r\nHost: load\r\n\r\n";
        return (request.to_owned(), "\"id\":\"openai/gpt-4o\"".to_owned());
    }
    let body = format!("{{\"model_name\":\"gpt-4o\",\"input_tokens\":{turn},\"output_tokens\":0}}");
    let length = body.len();
    let request = format!(
        "POST /cost-estimate HTTP/1.1\r\nHost: load\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    (request, format!("\"input_tokens\":{turn},"))
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether a connection that nothing was asked on is still there: who finds that it is not has lost
/// nothing by that.
fn is_open(stream: &TcpStream) -> bool {
    let look = || {
        stream.set_nonblocking(true)?;
        let seen = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        seen
    };
    look().is_err_and(|why| why.kind() == ErrorKind::WouldBlock)
}

struct Reply {
    status: u16,
    colour: String,
    closes: bool,
    body: String,
}

impl Reply {
    fn read(stream: &mut TcpStream) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        let mut piece = [0; 8_192];
        let mut more = |bytes: &mut Vec<u8>| match stream.read(&mut piece)? {
            0 => Err(io::Error::from(ErrorKind::UnexpectedEof)),
            length => {
                bytes.extend_from_slice(&piece[..length]);
                Ok(())
            }
        };
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            more(&mut bytes)?;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(": "));
            let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
            found.map_or("", |(_, value)| value)
        };
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let length: usize = field("Content-Length").parse().unwrap_or(0);
        while bytes.len() < end + length {
            more(&mut bytes)?;
        }
        Ok(Reply {
            status: status.ok_or(ErrorKind::InvalidData)?,
            colour: field("X-Deployment-Group").to_owned(),
            closes: field("Connection").eq_ignore_ascii_case("close"),
            body: String::from_utf8_lossy(&bytes[end..]).into_owned(),
        })
    }
}
