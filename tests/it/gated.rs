//! The server with handlers that tests can hold: it says how many requests have been taken up, and
//! answers when it is told to.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use llm_pricing::cli::Settings;
use llm_pricing::config::{Config, Limits};
use llm_pricing::deployment::{DrainSettings, Lifecycle};
use llm_pricing::exchange::{Answer, Endpoint, Reply, Service, Triage, Work};
use llm_pricing::server::{Options, Server};
use llm_pricing::vitals::Vitals;

use crate::harness::Client;

/// `/bulk...` is heavy, `/probe...` a probe, everything else light. A path that ends in `/held` is
/// answered when the gate is open, one that ends in `/panic` panics.
pub struct Gated {
    pub server: Server,
    pub lifecycle: Arc<Lifecycle>,
    pub vitals: Arc<Vitals>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
    }
}

impl Gated {
    /// `limits` changes the defaults.
    pub fn start(limits: impl FnOnce(&mut Limits)) -> Gated {
        let defaults = Config::from_settings(&Settings::default(), &|_| None);
        let mut chosen = defaults.expect("defaults are valid").limits;
        limits(&mut chosen);
        let lifecycle = Arc::new(Lifecycle::new(DrainSettings {
            shutdown_delay: Duration::ZERO,
            drain_timeout: Duration::ZERO,
        }));
        lifecycle.open();
        let vitals = Arc::new(Vitals::default());
        let gate = Arc::new(Gate::default());
        let passed = Arc::clone(&gate);
        let service = Service {
            triage: |_, path, _| Triage {
                endpoint: Endpoint(0),
                work: match path {
                    path if path.starts_with("/bulk") => Work::Heavy,
                    path if path.starts_with("/probe") => Work::Probe,
                    _ => Work::Light,
                },
            },
            answer: Box::new(move |call| match call.path.rsplit_once('/') {
                Some((_, "panic")) => panic!("a handler that fails, on purpose"),
                Some((_, "held")) => {
                    passed.pass();
                    Answer::Now(Reply::detail(200, "held"))
                }
                _ => Answer::Now(Reply::detail(200, "fine")),
            }),
            record: Box::new(|_, _, _| {}),
        };
        let server = Server::start(
            TcpListener::bind("127.0.0.1:0").unwrap(),
            service,
            Arc::clone(&lifecycle),
            Arc::clone(&vitals),
            Options {
                is_listener_shared: false,
                inherited: Vec::new(),
                limits: chosen,
                standing_headers: format!(
                    "X-Content-Type-Options: nosniff\r\nX-Service-Version: {}\r\n",
                    llm_pricing::VERSION
                ),
            },
        )
        .unwrap();
        Gated {
            server,
            lifecycle,
            vitals,
            gate,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.local_addr().unwrap()
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// A client that has asked and waits.
    pub fn ask(&self, path: &str) -> Client {
        let mut client = self.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        client
    }

    /// Lets everybody pass from now on.
    pub fn open(&self) {
        *self.gate.is_open.lock().unwrap() = true;
        self.gate.opened.notify_all();
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        // Nobody is left waiting when a test fails.
        self.open();
    }
}
