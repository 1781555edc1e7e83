//! The yardstick: tiny_http as its manual shows it, with two replies that are ready beforehand.
//!
//! It checks nothing, counts nothing and cannot be stopped, and takes as long as tiny_http needs.
//! What our server needs on top of that is the price of everything this one lacks.
//!
//! `bare <reply to GET /health> <reply to POST /cost-estimate>`

use std::sync::Arc;
use std::thread;

use tiny_http::{Header, Method, Request, Response, Server};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut replies = std::env::args().skip(1);
    let (Some(health), Some(estimate)) = (replies.next(), replies.next()) else {
        return Err("usage: bare <reply to GET /health> <reply to POST /cost-estimate>".into());
    };
    let server = Arc::new(Server::http("127.0.0.1:0")?);
    println!("http://{}", server.server_addr());
    // As many as our express workers.
    let workers: Vec<_> = (0..2 * thread::available_parallelism()?.get())
        .map(|_| {
            let (server, health, estimate) =
                (Arc::clone(&server), health.clone(), estimate.clone());
            thread::spawn(move || {
                for request in server.incoming_requests() {
                    answer(request, &health, &estimate);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("workers do not panic");
    }
    Ok(())
}

fn answer(mut request: Request, health: &str, estimate: &str) {
    let reply = match (request.method(), request.url()) {
        (Method::Get, "/health") => health,
        (Method::Post, "/cost-estimate") => {
            let mut body = String::new();
            if request.as_reader().read_to_string(&mut body).is_err() {
                return;
            }
            estimate
        }
        _ => return drop(request.respond(Response::empty(404))),
    };
    let json = Header::from_bytes("Content-Type", "application/json").expect("a valid header");
    // A client that has gone is of no interest.
    let _ = request.respond(Response::from_string(reply).with_header(json));
}
