//! `llm-pricing mcp`: the Model Context Protocol on standard input and output, for a client that starts
//! the program itself. One message a line, nothing else on standard output, and no port.

use std::io::{self, BufRead, Read, Write};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::api::Book;
use crate::api::mcp::{Desk, Incoming, MESSAGE_BYTES_MAX, answer};
use crate::clock::today;
use crate::exchange::Method;
use crate::exit_code::Exit;
use crate::price_files::PriceFiles;
use crate::router::{ROUTES, Route};
use crate::telemetry::{Record, Telemetry};

pub fn run(files: &PriceFiles) -> Exit {
    let stock = match files.load() {
        Ok(stock) => stock,
        Err(unusable) => return super::fail(unusable),
    };
    let catalog = Arc::new(stock.catalog);
    let telemetry = Telemetry::new(ROUTES.len(), SystemTime::now());
    let started = Instant::now();
    let answer = |line: &[u8]| {
        // Clients run for days, and models retire at midnight. The lists of a book are put together when
        // somebody asks for them, which nobody does here.
        let book = Book::new(Arc::clone(&catalog), today(SystemTime::now()));
        let desk = Desk {
            book: &book,
            telemetry: &telemetry,
            replica: Some("stdio"),
            started,
        };
        let taken = Instant::now();
        let said = answer(&desk, line, &Incoming::Stdio);
        telemetry.record(&Record {
            method: Method::Post as usize,
            endpoint: Route::Mcp as usize,
            status: said.status,
            elapsed: taken.elapsed(),
            at: SystemTime::now(),
            client: Ipv4Addr::LOCALHOST.into(),
            country: None,
            browser: None,
        });
        said.body
    };
    match converse(&answer, &mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => Exit::Ok,
        // The client has gone, which is how a conversation ends.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(cause) => super::fail(cause),
    }
}

fn converse(
    answer: &dyn Fn(&[u8]) -> Option<String>,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        // With the two bytes of a line's end, and one that is too many.
        let limit = MESSAGE_BYTES_MAX as u64 + 3;
        if input.take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == limit && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        if let Some(mut body) = answer(&line) {
            body.push('\n');
            output.write_all(body.as_bytes())?;
            output.flush()?;
        }
    }
}
