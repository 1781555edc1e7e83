//! The wiring: from a checked configuration to a running service, and from a stop order to an
//! exit code. `main` and the tests start the same thing.

mod renewal;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use log::{info, warn};

use crate::access_log::AccessLog;
use crate::api::{self, Api, Entrance, Shelf};
use crate::config::{Config, Identity, Limits, Prices};
use crate::deployment::{Drain, Lifecycle, Next, Phase};
use crate::exchange::{Endpoint, Service};
use crate::exit_code::Exit;
use crate::inherited::Inherited;
use crate::keeper::Keeper;
use crate::price_files::Stock;
use crate::rate_limiter::RateLimiter;
use crate::renewal::Program;
use crate::router::{self, ROUTES, Route};
use crate::server::{Options, Server};
use crate::service_manager::ServiceManager;
use crate::supply::Supply;
use crate::telemetry::Telemetry;
use crate::vitals::Vitals;

/// How often the drain looks after clients it holds a place for.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// How often the drain says how far it is.
const DRAIN_LOG: Duration = Duration::from_secs(5);

/// The service manager waits for this much longer than the drain takes at most.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// The admin port is for a few probes and one operator.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// A service whose socket answers.
pub struct App {
    lifecycle: Arc<Lifecycle>,
    api: Arc<Api>,
    prices: Prices,
    server: Server,
    admin: Option<Server>,
    program: Program,
    manager: ServiceManager,
    is_listener_shared: bool,
    renewals: u64,
}

impl App {
    /// Binds the sockets that are not inherited and starts the threads. With something in stock the
    /// service is Ready from the first request on; without, it is Starting until [`App::open`].
    ///
    /// # Errors
    /// When an address cannot be bound or a thread cannot be started.
    pub fn start(
        config: &Config,
        lifecycle: Arc<Lifecycle>,
        inherited: Inherited,
        stock: Option<Stock>,
    ) -> io::Result<App> {
        let program = Program::of_this_process()?;
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
            access_log: config.access_log.then(access_log).transpose()?,
            catalog_age_days_max: config.catalog_age_days_max,
            watchdog: config.limits.watchdog,
            renewals: inherited.renewals,
            has_admin_port: config.admin.is_some(),
            started: Instant::now(),
            started_at,
        });
        if let Some(stock) = stock {
            open(&api, &config.prices, stock)?;
        }
        let options = Options {
            limits: config.limits,
            standing_headers: standing_headers(&config.identity),
            is_listener_shared: inherited.is_shared,
            inherited: Vec::new(),
        };
        let admin = config.admin.map(|address| {
            let listener = listener(inherited.admin, address)?;
            let limits = Limits {
                express_workers: 1,
                bulk_workers: 1,
                connections_max: ADMIN_CONNECTIONS_MAX,
                ..config.limits
            };
            let options = Options {
                limits,
                standing_headers: options.standing_headers.clone(),
                inherited: inherited.admin_connections,
                ..options
            };
            let service = service(&api, Entrance::Admin);
            let lifecycle = Arc::clone(&lifecycle);
            Server::start(listener, service, lifecycle, Arc::default(), options)
        });
        let admin = admin.transpose()?;
        let listener = listener(inherited.main, config.listen)?;
        let options = Options {
            inherited: inherited.connections,
            ..options
        };
        let service = service(&api, Entrance::Main);
        let server = Server::start(listener, service, Arc::clone(&lifecycle), vitals, options)?;
        let app = App {
            lifecycle,
            api,
            prices: config.prices.clone(),
            server,
            admin,
            program,
            manager: ServiceManager::from_environment(),
            is_listener_shared: inherited.is_shared,
            renewals: inherited.renewals,
        };
        app.say_ready();
        Ok(app)
    }

    /// The bound address, with the port the kernel chose.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.server.local_addr()
    }

    /// The same of the admin port; `None` when there is none.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.local_addr().ok()
    }

    /// Puts the catalogue in place: Starting becomes Ready.
    ///
    /// # Errors
    /// When the keeper's thread cannot be started.
    pub fn open(&self, stock: Stock) -> io::Result<()> {
        open(&self.api, &self.prices, stock)?;
        self.say_ready();
        Ok(())
    }

    fn say_ready(&self) {
        if self.lifecycle.phase() == Phase::Ready {
            self.manager.say(&["READY=1", "STATUS=ready"]);
        }
    }

    /// Serves until a shutdown is ordered, drains, and leaves.
    pub fn run(self) -> Exit {
        self.serve();
        let status = self.lifecycle.status(Instant::now());
        info!(
            "phase {}: {} in flight, drain timeout {} s",
            Phase::LameDuck.as_str(),
            status.active_requests,
            status.drain_timeout.as_secs()
        );
        self.say_stopping("STATUS=lame duck");
        let look = self.manager.sign_of_life_interval().unwrap_or(DRAIN_LOG);
        while !self.lifecycle.wait_out_lame_duck(Instant::now() + look) {
            self.give_sign_of_life();
        }
        if self.is_listener_shared {
            // Nobody who comes from now on is refused: a successor serves them.
            self.server.leave_backlog();
        }
        self.server.hold_unanswered();
        self.lifecycle.start_draining(Instant::now());
        info!(
            "phase {}: {} in flight",
            Phase::Draining.as_str(),
            self.lifecycle.in_flight()
        );
        self.say_stopping("STATUS=draining");
        let drain = self.drain();
        self.lifecycle.stop();
        let refused = self.lifecycle.status(Instant::now()).refused_requests;
        info!(
            "phase {}: {refused} requests were refused",
            Phase::Stopped.as_str()
        );
        let exit = match drain {
            _ if self.servers().any(Server::is_lost) => Exit::ServerLost,
            Drain::TimedOut { in_flight } => {
                warn!(
                    "the drain timed out with {in_flight} requests in flight: {}",
                    routes(self.server.unfinished())
                );
                Exit::DrainTimedOut
            }
            Drain::Drained | Drain::StillBusy => Exit::Ok,
        };
        self.server.stop();
        if let Some(admin) = self.admin {
            admin.stop();
        }
        flush(&self.api);
        exit
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        [Some(&self.server), self.admin.as_ref()]
            .into_iter()
            .flatten()
    }

    fn serve(&self) {
        info!("phase {}", self.lifecycle.phase().as_str());
        loop {
            let interval = self.manager.sign_of_life_interval();
            let look_up = interval.map(|interval| Instant::now() + interval);
            match self.lifecycle.wait_for_order(look_up) {
                Next::Shutdown => return,
                Next::Renewal => self.renew(),
                Next::Nothing => self.give_sign_of_life(),
            }
        }
    }

    /// Tells the service manager that all is well, if it is.
    fn give_sign_of_life(&self) {
        if self.api.is_alive() && self.manager.sign_of_life_interval().is_some() {
            self.manager.say(&["WATCHDOG=1"]);
        }
    }

    /// The same when it is time, which it is at `next`.
    fn give_sign_of_life_at(&self, next: &mut Instant) {
        if let Some(interval) = self.manager.sign_of_life_interval()
            && Instant::now() >= *next
        {
            self.give_sign_of_life();
            *next = Instant::now() + interval;
        }
    }

    fn say_stopping(&self, status: &str) {
        let remaining = self.lifecycle.status(Instant::now()).remaining;
        let patience = remaining.unwrap_or_default() + STOP_MARGIN;
        let patience = format!("EXTEND_TIMEOUT_USEC={}", patience.as_micros());
        self.manager.say(&["STOPPING=1", status, &patience]);
    }

    fn drain(&self) -> Drain {
        let mut next_log = Instant::now() + DRAIN_LOG;
        let mut next_sign = Instant::now();
        loop {
            let drain = self
                .lifecycle
                .wait_until_drained(Instant::now() + DRAIN_LOOK);
            if drain != Drain::StillBusy {
                return drain;
            }
            self.server.release_answered();
            self.give_sign_of_life_at(&mut next_sign);
            if Instant::now() >= next_log {
                let status = self.lifecycle.status(Instant::now());
                self.say_stopping("STATUS=draining");
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

/// Puts the catalogue in place. The lists come after it, and whatever the keeper finds in the price
/// files from then on.
fn open(api: &Arc<Api>, prices: &Prices, stock: Stock) -> io::Result<()> {
    let keeper = Keeper {
        api: Arc::clone(api),
        files: prices.files.clone(),
        interval: prices.reload_interval,
    };
    keeper.start(stock)?;
    api.lifecycle.open();
    Ok(())
}

/// The socket that was inherited, or one that is bound.
fn listener(inherited: Option<TcpListener>, address: SocketAddr) -> io::Result<TcpListener> {
    match inherited {
        Some(listener) => Ok(listener),
        None => TcpListener::bind(address)
            .map_err(|cause| io::Error::new(cause.kind(), format!("{address}: {cause}"))),
    }
}

/// To standard output, which serving has no other use for. Not through Rust's own, which would write
/// every line by itself.
fn access_log() -> io::Result<AccessLog> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    AccessLog::start(File::from(output))
}

/// What waits to be logged is lost with the process.
fn flush(api: &Api) {
    if let Some(log) = &api.access_log {
        log.flush();
    }
}

fn service(api: &Arc<Api>, entrance: Entrance) -> Service {
    let (answering, recording) = (Arc::clone(api), Arc::clone(api));
    Service {
        triage: match entrance {
            Entrance::Main => router::triage,
            Entrance::Admin => router::triage_for_admins,
        },
        answer: Box::new(move |call| api::answer(&answering, entrance, call)),
        record: Box::new(move |call, reply, elapsed| {
            api::record(&recording, call, reply, elapsed);
        }),
    }
}

/// Which routes requests are for, and how many: `/cost-estimate: 2`. A request of which not
/// everything is here has no route.
fn routes(endpoints: Vec<Endpoint>) -> String {
    let mut routes: BTreeMap<&str, usize> = BTreeMap::new();
    for endpoint in endpoints {
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
