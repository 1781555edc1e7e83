//! `llm-pricing mcp`: the Model Context Protocol on standard input and output, for a client that starts
//! the program itself. One message a line, nothing else on standard output, and no port.

use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::api::Book;
use crate::api::mcp::{Desk, Incoming, MESSAGE_BYTES_MAX, answer};
use crate::clock::today;
use crate::exit_code::Exit;
use crate::price_files::PriceFiles;
use crate::router::ROUTES;
use crate::telemetry::Telemetry;

pub fn run(files: &PriceFiles) -> Exit {
    let stock = match files.load() {
        Ok(stock) => stock,
        Err(unusable) => return super::fail(unusable),
    };
    let now = SystemTime::now();
    let book = Book::new(Arc::new(stock.catalog), today(now));
    let telemetry = Telemetry::new(ROUTES.len(), now);
    let desk = Desk {
        book: &book,
        telemetry: &telemetry,
        replica: "stdio",
        started: Instant::now(),
    };
    match converse(&desk, &mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => Exit::Ok,
        // The client has gone, which is how a conversation ends.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(cause) => super::fail(cause),
    }
}

fn converse(desk: &Desk, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = MESSAGE_BYTES_MAX as u64 + 1;
        if input.take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() > MESSAGE_BYTES_MAX && !line.ends_with(b"\n") {
            // What is left of it is no message; this one is answered as what it is, half a message.
            input.skip_until(b'\n')?;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        if let Some(mut body) = answer(desk, &line, &Incoming::Stdio).body {
            body.push('\n');
            output.write_all(body.as_bytes())?;
            output.flush()?;
        }
    }
}
