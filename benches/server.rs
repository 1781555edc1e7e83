//! A server that runs while it is measured.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server of ours or a bare one, killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a release binary is: cargo puts examples in a folder beside the others.
///
/// # Errors
///
/// It is not built; the message says how.
pub fn binary(name: &str) -> Outcome<PathBuf> {
    let here = std::env::current_exe()?;
    let examples = here.parent().ok_or("no folder")?;
    let (path, command) = match name {
        "llm-pricing" => (examples.with_file_name(name), "cargo build --release"),
        _ => (examples.join(name), "cargo build --release --example"),
    };
    if !path.exists() {
        let missing = path.display();
        return Err(format!("{missing} is missing; build it with: {command}").into());
    }
    Ok(path)
}

/// Starts our release binary and waits until it is ready. `prepare` may change how it is started.
pub fn ours(prepare: impl FnOnce(&mut Command) -> io::Result<()>) -> Outcome<Server> {
    // Free a moment ago; nobody else asks for ports in that moment.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut command = Command::new(binary("llm-pricing")?);
    command
        .env_clear()
        .env("SERVER_HOST", "127.0.0.1")
        .env("SERVER_PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    prepare(&mut command)?;
    let started = Instant::now();
    let server = Server {
        child: command.spawn()?,
        address,
    };
    while fetch(address, "GET", "/health/ready", "").is_err() {
        if started.elapsed() > PATIENCE {
            return Err("our server does not get ready".into());
        }
        sleep(Duration::from_micros(200));
    }
    Ok(server)
}

/// The body of a 200 reply; anything else is an error.
pub fn fetch(address: SocketAddr, method: &str, path: &str, body: &str) -> Outcome<String> {
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
