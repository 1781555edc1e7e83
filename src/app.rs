//! The wiring: from a checked configuration to a running service, and from a stop order to an
//! exit code. `main` and the tests start the same thing.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use log::{info, warn};

use crate::api::{self, Api, Shelf};
use crate::config::{Config, Identity, Prices};
use crate::deployment::{Drain, Lifecycle, Phase};
use crate::exchange::Service;
use crate::exit_code::Exit;
use crate::keeper::Keeper;
use crate::price_files::Stock;
use crate::rate_limiter::RateLimiter;
use crate::router::{self, ROUTES, Route};
use crate::server::{Options, Server};
use crate::supply::Supply;
use crate::telemetry::Telemetry;
use crate::vitals::Vitals;

/// How often the drain looks after clients it holds a place for.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// How often the drain says how far it is.
const DRAIN_LOG: Duration = Duration::from_secs(5);

/// A service whose socket answers. It is Starting until [`App::open`].
pub struct App {
    lifecycle: Arc<Lifecycle>,
    api: Arc<Api>,
    prices: Prices,
    server: Server,
}

impl App {
    /// Binds the socket and starts the threads: probes are answered, business is not yet.
    ///
    /// # Errors
    /// When the address cannot be bound or a thread cannot be started.
    pub fn start(config: &Config, lifecycle: Arc<Lifecycle>) -> io::Result<App> {
        let listener = TcpListener::bind(config.listen)?;
        let vitals = Arc::new(Vitals::default());
        let started_at = SystemTime::now();
        let api = Arc::new(Api {
            lifecycle: Arc::clone(&lifecycle),
            telemetry: Telemetry::new(ROUTES.len(), started_at),
            vitals: Arc::clone(&vitals),
            shelf: Shelf::default(),
            supply: Supply::new(&config.prices.files),
            rate_limiter: config
                .access
                .requests_per_minute_max
                .map(RateLimiter::per_minute),
            access: config.access.clone(),
            identity: config.identity.clone(),
            catalog_age_days_max: config.catalog_age_days_max,
            watchdog: config.limits.watchdog,
            started: Instant::now(),
            started_at,
        });
        let (answering, recording) = (Arc::clone(&api), Arc::clone(&api));
        let service = Service {
            triage: router::triage,
            answer: Box::new(move |call| api::answer(&answering, call)),
            record: Box::new(move |call, status, elapsed| {
                api::record(&recording, call, status, elapsed);
            }),
        };
        let options = Options {
            limits: config.limits,
            standing_headers: standing_headers(&config.identity),
            access_log: config.access_log,
        };
        let server = Server::start(listener, service, Arc::clone(&lifecycle), vitals, options)?;
        Ok(App {
            lifecycle,
            api,
            prices: config.prices.clone(),
            server,
        })
    }

    /// The bound address, with the port the kernel chose.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.server.local_addr()
    }

    /// Puts the catalogue in place: Starting becomes Ready. The lists come after it, and whatever the
    /// keeper finds in the price files from then on.
    ///
    /// # Errors
    /// When the keeper's thread cannot be started.
    pub fn open(&self, stock: Stock) -> io::Result<()> {
        let keeper = Keeper {
            api: Arc::clone(&self.api),
            files: self.prices.files.clone(),
            interval: self.prices.reload_interval,
        };
        keeper.start(stock)?;
        self.lifecycle.open();
        info!("phase {}", self.lifecycle.phase().as_str());
        Ok(())
    }

    /// Serves until a shutdown is ordered, drains, and leaves.
    pub fn run(self) -> Exit {
        self.lifecycle.wait_for_order();
        let status = self.lifecycle.status(Instant::now());
        info!(
            "phase {}: {} in flight, drain timeout {} s",
            Phase::LameDuck.as_str(),
            status.active_requests,
            status.drain_timeout.as_secs()
        );
        self.lifecycle.wait_out_lame_duck();
        self.server.hold_unanswered();
        self.lifecycle.start_draining(Instant::now());
        info!(
            "phase {}: {} in flight",
            Phase::Draining.as_str(),
            self.lifecycle.in_flight()
        );
        let drain = self.drain();
        self.lifecycle.stop();
        let refused = self.lifecycle.status(Instant::now()).refused_requests;
        info!(
            "phase {}: {refused} requests were refused",
            Phase::Stopped.as_str()
        );
        let exit = match drain {
            _ if self.server.is_lost() => Exit::ServerLost,
            Drain::TimedOut { in_flight } => {
                warn!(
                    "the drain timed out with {in_flight} requests in flight: {}",
                    self.unfinished()
                );
                Exit::DrainTimedOut
            }
            Drain::Drained | Drain::StillBusy => Exit::Ok,
        };
        self.server.stop();
        exit
    }

    /// Which routes still have requests, and how many: `/cost-estimate: 2`. A request of
    /// which tiny_http has not read everything yet has no route.
    fn unfinished(&self) -> String {
        let mut routes: BTreeMap<&str, usize> = BTreeMap::new();
        for endpoint in self.server.unfinished() {
            *routes.entry(Route::of(endpoint).info().path).or_default() += 1;
        }
        let routes: Vec<String> = routes
            .iter()
            .map(|(path, count)| format!("{path}: {count}"))
            .collect();
        if routes.is_empty() {
            "not read yet".into()
        } else {
            routes.join(", ")
        }
    }

    fn drain(&self) -> Drain {
        let mut next_log = Instant::now() + DRAIN_LOG;
        loop {
            let drain = self
                .lifecycle
                .wait_until_drained(Instant::now() + DRAIN_LOOK);
            if drain != Drain::StillBusy {
                return drain;
            }
            self.server.release_answered();
            if Instant::now() >= next_log {
                let status = self.lifecycle.status(Instant::now());
                info!(
                    "draining: {} in flight, {:.0} s left",
                    status.active_requests,
                    status.remaining.unwrap_or_default().as_secs_f64()
                );
                next_log += DRAIN_LOG;
            }
        }
    }
}

/// What is on every reply: that it is of the type it says and of no other, and who answered, so that
/// an operator can watch traffic move from one colour to the other.
fn standing_headers(identity: &Identity) -> String {
    let mut lines = format!(
        "X-Content-Type-Options: nosniff\r\nX-Service-Version: {}\r\n",
        crate::VERSION
    );
    for (name, value) in [
        ("X-Deployment-Group", &identity.deployment_group),
        ("X-Instance-Id", &identity.instance_id),
    ] {
        if let Some(value) = value {
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    lines
}
