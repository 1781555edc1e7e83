//! The real binary on a real socket, and a small blocking client that checks every reply's
//! headers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Nothing in these tests takes longer unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until something is so; for what gives no other sign.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never saw: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A running server, killed when dropped.
pub struct Instance {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Log>,
}

/// What the server wrote to standard error so far.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

/// The binary under test, with nothing of this process's environment.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llm-pricing"));
    command.env_clear();
    command
}

impl Instance {
    /// Starts a server with default settings on a free loopback port, and waits until it is ready.
    pub fn start() -> Instance {
        Instance::with(&[])
    }

    /// Starts one with these environment variables.
    pub fn with(environment: &[(&str, &str)]) -> Instance {
        let mut command = binary();
        command
            .envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")])
            .envs(environment.iter().copied());
        Instance::run(command)
    }

    /// Starts one with this command line, which must choose port 0 somehow.
    pub fn run(mut command: Command) -> Instance {
        command.stdout(Stdio::null());
        Instance::run_with_output(command)
    }

    /// The same, with standard output where the command line says.
    pub fn run_with_output(mut command: Command) -> Instance {
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let log = Arc::new(Log::default());
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let writer = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut text = writer.text.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
                writer.grown.notify_all();
            }
        });
        let mut instance = Instance {
            child,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            log,
        };
        let started = instance.wait_for_log("phase ready");
        let (_, rest) = started
            .split_once("listening on http://")
            .expect("the address is logged");
        let address = rest.split_whitespace().next().unwrap();
        instance.address = address.parse().expect("a socket address");
        instance
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        self.log.text.lock().unwrap().clone()
    }

    /// Waits until the log contains `words`, and returns all of it.
    #[track_caller]
    pub fn wait_for_log(&self, words: &str) -> String {
        let mut text = self.log.text.lock().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !text.contains(words) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the log never said {words:?}:\n{text}");
            text = self.log.grown.wait_timeout(text, left).unwrap().0;
        }
        text.clone()
    }

    /// Sends a signal by name, such as "TERM".
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let number = match name {
            "TERM" => libc::SIGTERM,
            "INT" => libc::SIGINT,
            "HUP" => libc::SIGHUP,
            "KILL" => libc::SIGKILL,
            "STOP" => libc::SIGSTOP,
            "CONT" => libc::SIGCONT,
            other => panic!("no test sends {other}"),
        };
        let pid = libc::pid_t::try_from(self.pid()).expect("a process id");
        // SAFETY: kill takes two numbers, and the process is our own child.
        assert_eq!(
            unsafe { libc::kill(pid, number) },
            0,
            "signal {name} is sent"
        );
    }

    /// Waits for the process to end.
    #[track_caller]
    pub fn wait_for_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the process does not end:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether the server has accepted a client's connection. Until then the kernel's table has it
    /// without an inode.
    pub fn has_accepted(&self, client: &Client) -> bool {
        let hex = |address: SocketAddr| format!("0100007F:{:04X}", address.port());
        let ends = (
            hex(self.address),
            hex(client.stream.get_ref().local_addr().unwrap()),
        );
        let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has this table");
        table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .any(|fields| {
                fields.get(1..3) == Some(&[ends.0.as_str(), ends.1.as_str()])
                    && fields.get(9).is_some_and(|inode| *inode != "0")
            })
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Puts an estimate in flight that lacks most of its body, and so stays there for as long as
    /// the connection is kept.
    #[track_caller]
    pub fn hold_a_request(&self) -> Client {
        let mut client = self.connect();
        client.send("POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 9000\r\n\r\n{");
        wait_until("a request in flight", || {
            self.get("/deployment/shutdown/status").json()["active_requests"] == 1
        });
        client
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.connect().get(path)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Response {
        self.connect().post(path, body)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One keep-alive connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// A reply, read to its end.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Everything a reply may carry: a header that is not here leaked.
const KNOWN_HEADERS: [&str; 23] = [
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Allow",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Security-Policy",
    "Content-Type",
    "Date",
    "ETag",
    "Location",
    "Retry-After",
    "Vary",
    "WWW-Authenticate",
    "X-Content-Type-Options",
    "X-Deployment-Group",
    "X-Instance-Id",
    "X-Request-Id",
    "X-Service-Version",
];

impl Client {
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .get_mut()
            .write_all(bytes.as_ref())
            .expect("the server reads");
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Response {
        self.request("GET", path, &[], b"")
    }

    #[track_caller]
    pub fn post(&mut self, path: &str, body: impl AsRef<[u8]>) -> Response {
        self.request("POST", path, &[], body.as_ref())
    }

    #[track_caller]
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n");
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" || !body.is_empty() {
            bytes.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        bytes.push_str("\r\n");
        self.send([bytes.as_bytes(), body].concat());
        self.receive_to(method)
    }

    /// Reads the reply to a request that was sent with [`Client::send`].
    #[track_caller]
    pub fn receive(&mut self) -> Response {
        self.receive_to("GET")
    }

    #[track_caller]
    fn receive_to(&mut self, method: &str) -> Response {
        let status_line = self.line();
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .unwrap_or_else(|| panic!("no status line: {status_line:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").expect("a header line");
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        response.check_headers();
        if method != "HEAD" && status != 304 {
            let length = response
                .header("Content-Length")
                .expect("every reply has a length");
            response.body.resize(length.parse().expect("a number"), 0);
            self.stream
                .read_exact(&mut response.body)
                .expect("the whole body arrives");
        }
        response
    }

    /// Whether the server has closed the connection, with nothing more to read.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        matches!(self.stream.read(&mut byte), Ok(0))
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream
            .read_line(&mut line)
            .expect("a reply arrives in time");
        assert!(
            line.ends_with("\r\n"),
            "the reply was cut off after {line:?}"
        );
        line.trim_end_matches("\r\n").to_owned()
    }
}

impl Response {
    /// The value of a header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {:?}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    fn check_headers(&self) {
        for (name, _) in &self.headers {
            assert!(
                KNOWN_HEADERS.contains(&name.as_str()),
                "header {name} is not expected"
            );
        }
        let date = self.header("Date").expect("every reply is dated");
        httpdate::parse_http_date(date).expect("a valid date");
        assert_eq!(self.header("X-Service-Version"), Some(llm_pricing::VERSION));
        assert_eq!(self.header("X-Content-Type-Options"), Some("nosniff"));
        for about_the_body in ["Content-Length", "Content-Type", "Content-Security-Policy"] {
            let is_there = self.header(about_the_body).is_some();
            assert_eq!(is_there, self.status != 304, "{about_the_body}");
        }
    }
}
