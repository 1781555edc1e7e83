//! The yardstick: tiny_http as its manual shows it, with replies that are ready beforehand.
//!
//! It checks nothing, counts nothing and cannot be stopped, and takes as long as tiny_http needs.
//! What our server needs on top of that is the price of everything this one lacks.
//!
//! `bare <reply to GET /health> <reply to POST /cost-estimate> <length of that to GET /pricing>`

use std::sync::Arc;
use std::thread;

use tiny_http::{Header, Method, Request, Response, Server};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut replies = std::env::args().skip(1);
    let (Some(health), Some(estimate), Some(length)) =
        (replies.next(), replies.next(), replies.next())
    else {
        return Err(
            "usage: bare <reply to GET /health> <reply to POST /cost-estimate> \
                    <length of that to GET /pricing>"
                .into(),
        );
    };
    // Too long for a command line, and what it says makes no difference.
    let list = " ".repeat(length.parse()?);
    let replies = Arc::new(Replies {
        health,
        estimate,
        list,
    });
    let server = Arc::new(Server::http("127.0.0.1:0")?);
    println!("http://{}", server.server_addr());
    // As many as our express workers.
    let workers: Vec<_> = (0..2 * thread::available_parallelism()?.get())
        .map(|_| {
            let (server, replies) = (Arc::clone(&server), Arc::clone(&replies));
            thread::spawn(move || {
                for request in server.incoming_requests() {
                    answer(request, &replies);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("workers do not panic");
    }
    Ok(())
}

struct Replies {
    health: String,
    estimate: String,
    list: String,
}

fn answer(mut request: Request, replies: &Replies) {
    let reply = match (request.method(), request.url()) {
        (Method::Get, "/health") => &replies.health,
        (Method::Get, "/pricing") => &replies.list,
        (Method::Post, "/cost-estimate") => {
            let mut body = String::new();
            if request.as_reader().read_to_string(&mut body).is_err() {
                return;
            }
            &replies.estimate
        }
        _ => return drop(request.respond(Response::empty(404))),
    };
    let json = Header::from_bytes("Content-Type", "application/json").expect("a valid header");
    // A client that has gone is of no interest.
    let _ = request.respond(Response::from_string(reply.as_str()).with_header(json));
}
