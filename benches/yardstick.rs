//! A bare tiny_http server (`bare.rs`) that sends what ours does.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::server::{Outcome, Server, binary, fetch};

const POST_BODY: &str = r#"{"model_name": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}"#;

/// Starts one with the replies of a server of ours. `prepare` may change how it is started.
pub fn like(
    ours: &Server,
    prepare: impl FnOnce(&mut Command) -> io::Result<()>,
) -> Outcome<Server> {
    let health = fetch(ours.address, "GET", "/health", "")?;
    let estimate = fetch(ours.address, "POST", "/cost-estimate", POST_BODY)?;
    let list = fetch(ours.address, "GET", "/pricing", "")?;
    let mut command = Command::new(binary("bare")?);
    command
        .args([health, estimate, list.len().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    prepare(&mut command)?;
    let mut child = command.spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("stdout is piped")?).read_line(&mut line)?;
    let address = line
        .trim()
        .strip_prefix("http://")
        .ok_or("bare says no address")?;
    Ok(Server {
        child,
        address: address.parse()?,
    })
}
