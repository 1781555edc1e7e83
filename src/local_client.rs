//! A small blocking HTTP client for the server on this host, so that a scratch image needs no
//! curl for health checks and shutdowns.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What the server said.
pub struct Response {
    pub status: u16,
    pub body: String,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// No answer of the endpoints asked here comes near it.
const RESPONSE_BYTES_MAX: u64 = 1 << 20;

/// Sends one request and reads the response to its end.
///
/// # Errors
/// When the server cannot be reached, does not answer within `patience`, or does not speak HTTP.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &str,
    patience: Duration,
) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let authorization = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{authorization}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    stream.take(RESPONSE_BYTES_MAX).read_to_end(&mut response)?;
    parse(&response)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP response"))
}

fn parse(response: &[u8]) -> Option<Response> {
    let text = String::from_utf8_lossy(response);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Response {
        status,
        body: body.to_owned(),
    })
}
