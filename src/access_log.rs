//! One line of JSON for every request, for machines to read.
//!
//! Whoever answers a request never waits for the log: lines go over a bounded queue to a thread that
//! writes them. When its reader is too slow for them they are dropped, and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::vitals::{count, read};

/// Lines that may wait: a tenth of a second's at full load.
const LINES_MAX: usize = 8_192;

/// Lines are written together until they are as long as this.
const BATCH_BYTES: usize = 8 << 10;

/// How long the end of the process may take for lines that wait.
const FLUSH_PATIENCE: Duration = Duration::from_millis(500);

/// What is said of a request. Neither its query nor its headers, which may hold what is not meant for a
/// log; strings are escaped, so that no client can forge a line.
#[derive(Serialize)]
pub struct Line<'a> {
    pub time: Timestamp,
    /// The client, as far as trusted proxies can be believed.
    pub client: std::net::IpAddr,
    pub method: &'a str,
    pub path: &'a str,
    pub route: &'a str,
    pub status: u16,
    /// Of the body, before a HEAD or a 304 leaves it out.
    pub bytes: usize,
    pub duration_ms: f64,
    /// What the client sent as `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_group: Option<&'a str>,
}

pub struct AccessLog {
    lines: Sender<Message>,
    dropped: Arc<AtomicUsize>,
}

enum Message {
    Line(Vec<u8>),
    /// Everything before this is to be written, and the sender dropped.
    Flush(Sender<()>),
}

impl AccessLog {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(sink: impl Write + Send + 'static) -> io::Result<AccessLog> {
        let (lines, waiting) = bounded(LINES_MAX);
        let dropped = Arc::new(AtomicUsize::new(0));
        let lost = Arc::clone(&dropped);
        thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_all(&waiting, sink, &lost))?;
        Ok(AccessLog { lines, dropped })
    }

    pub fn write(&self, line: &Line) {
        let mut bytes = Vec::with_capacity(256);
        let is_whole = serde_json::to_writer(&mut bytes, line).is_ok();
        bytes.push(b'\n');
        if !is_whole || self.lines.try_send(Message::Line(bytes)).is_err() {
            count(&self.dropped);
        }
    }

    /// Lines that were not written.
    pub fn dropped(&self) -> usize {
        read(&self.dropped)
    }

    /// Waits for the lines so far to be written, as long as that may take.
    pub fn flush(&self) {
        let (answer, answered) = bounded(0);
        let order = Message::Flush(answer);
        if self.lines.send_timeout(order, FLUSH_PATIENCE).is_ok() {
            // Nothing is ever sent: it ends when the other side is dropped, or when patience does.
            let _ = answered.recv_timeout(FLUSH_PATIENCE);
        }
    }
}

/// Writes as much at once as waits. What cannot be written, because the reader has gone, is dropped: every
/// line is lost at most once.
fn write_all(waiting: &Receiver<Message>, mut sink: impl Write, lost: &AtomicUsize) {
    let (mut batch, mut lines) = (Vec::new(), 0);
    while let Ok(message) = waiting.recv() {
        let answer = match message {
            Message::Line(line) => {
                batch.extend_from_slice(&line);
                lines += 1;
                None
            }
            Message::Flush(answer) => Some(answer),
        };
        if answer.is_some() || waiting.is_empty() || batch.len() >= BATCH_BYTES {
            if sink.write_all(&batch).is_err() {
                lost.fetch_add(lines, Ordering::Relaxed);
            }
            batch.clear();
            lines = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::SystemTime;

    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_once() {
        let log = AccessLog::start(Gone).expect("a thread");
        for written in 1..=500 {
            log.write(&Line {
                time: SystemTime::UNIX_EPOCH.into(),
                client: Ipv4Addr::LOCALHOST.into(),
                method: "GET",
                path: "/health",
                route: "/health",
                status: 200,
                bytes: 100,
                duration_ms: 0.1,
                request_id: None,
                deployment_group: None,
            });
            log.flush();
            assert_eq!(log.dropped(), written);
        }
    }
}
