//! The life of an instance: which phase it is in, who is inside, and how it ends.
//!
//! | phase | business requests | readiness | left when |
//! | --- | --- | --- | --- |
//! | Starting | 503 | fails | the catalogue is loaded |
//! | Ready | served | passes | somebody orders the shutdown |
//! | LameDuck | served, with `Connection: close` | fails | the delay is over, or the order is repeated |
//! | Draining | 503 | fails | nobody is inside, or the drain timeout is over |
//! | Stopped | 503 | fails | the process exits |

mod gate;
mod renewal;
mod sync;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use gate::Gate;
pub use gate::Phase;
use renewal::Renewal;
pub use renewal::{RenewalState, RenewalStatus};

/// How long a shutdown may take, when the order does not say.
#[derive(Clone, Copy, Debug)]
pub struct DrainSettings {
    /// How long to go on serving after readiness has failed.
    pub shutdown_delay: Duration,
    /// How long, after that, to wait for requests in flight.
    pub drain_timeout: Duration,
}

/// What one shutdown order asks for; `None` is the configured default, or what is already running.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order {
    pub shutdown_delay: Option<Duration>,
    pub drain_timeout: Option<Duration>,
}

/// The shutdown under way, as the gate keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Shutdown {
    started_at: SystemTime,
    drain_timeout: Duration,
    lame_duck_until: Instant,
    /// Known from the moment the lame duck is over.
    drain_deadline: Option<Instant>,
}

/// What can be said about the shutdown at one moment.
#[derive(Clone, Copy, Debug)]
pub struct ShutdownStatus {
    pub phase: Phase,
    pub active_requests: usize,
    pub refused_requests: usize,
    /// The timeout of the shutdown under way, or the configured one.
    pub drain_timeout: Duration,
    pub started_at: Option<SystemTime>,
    /// Until the latest moment at which the process leaves; `None` while nobody asked it to.
    pub remaining: Option<Duration>,
}

/// What became of an order.
#[derive(Clone, Copy, Debug)]
pub struct Ordered {
    /// Whether it started the shutdown.
    pub is_first: bool,
    /// The shutdown as the order left it, before anybody has acted on it.
    pub status: ShutdownStatus,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    Drained,
    TimedOut {
        in_flight: usize,
    },
    /// Neither yet: the caller wanted to look around.
    StillBusy,
}

/// A business request that is inside. Whoever holds it is counted; dropping it is leaving.
pub type Ticket = gate::Ticket<Orders>;

/// What this instance was told to do.
#[derive(Default)]
pub struct Orders {
    shutdown: Option<Shutdown>,
    renewal: Renewal,
}

/// What the main thread has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Shutdown,
    Renewal,
    /// Neither yet: it wanted to look around.
    Nothing,
}

/// The instance's life, shared by everybody who may ask, enter or end it.
pub struct Lifecycle {
    gate: Arc<Gate<Orders>>,
    settings: DrainSettings,
}

impl Lifecycle {
    pub fn new(settings: DrainSettings) -> Lifecycle {
        Lifecycle {
            gate: Arc::new(Gate::new(Orders::default())),
            settings,
        }
    }

    pub fn phase(&self) -> Phase {
        self.gate.phase()
    }

    /// Requests that are inside.
    pub fn in_flight(&self) -> usize {
        self.gate.in_flight()
    }

    /// Lets a business request in.
    ///
    /// # Errors
    /// The phase, when it does not admit business.
    pub fn enter(&self) -> Result<Ticket, Phase> {
        Gate::enter(&self.gate)
    }

    /// Everything is loaded: Starting becomes Ready, unless a stop was ordered meanwhile.
    pub fn open(&self) {
        let mut orders = self.gate.lock();
        if orders.shutdown.is_none() {
            self.gate.advance(&mut orders, Phase::Ready);
        }
    }

    /// Orders the shutdown. The first order starts the clock; a later one ends the lame duck and
    /// may shorten the drain, never lengthen it.
    pub fn order_shutdown(&self, order: Order, now: Instant, wall_clock: SystemTime) -> Ordered {
        let mut orders = self.gate.lock();
        let is_first = match orders.shutdown.as_mut() {
            None => {
                let delay = order.shutdown_delay.unwrap_or(self.settings.shutdown_delay);
                orders.shutdown = Some(Shutdown {
                    started_at: wall_clock,
                    drain_timeout: order.drain_timeout.unwrap_or(self.settings.drain_timeout),
                    lame_duck_until: now + delay,
                    drain_deadline: None,
                });
                true
            }
            Some(running) => {
                running.lame_duck_until = running.lame_duck_until.min(now);
                if let Some(timeout) = order.drain_timeout {
                    running.drain_timeout = running.drain_timeout.min(timeout);
                    running.drain_deadline = running
                        .drain_deadline
                        .map(|deadline| deadline.min(now + timeout));
                }
                false
            }
        };
        self.gate.advance(&mut orders, Phase::LameDuck);
        Ordered {
            is_first,
            status: self.status_of(orders.shutdown, now),
        }
    }

    /// Sleeps until something was ordered, or `look_up` came, if it ever does.
    pub fn wait_for_order(&self, look_up: Option<Instant>) -> Next {
        let mut orders = self.gate.lock();
        loop {
            if orders.shutdown.is_some() {
                return Next::Shutdown;
            }
            if orders.renewal.is_wanted() {
                return Next::Renewal;
            }
            if look_up.is_some_and(|look_up| look_up <= Instant::now()) {
                return Next::Nothing;
            }
            orders = self.gate.wait(orders, look_up);
        }
    }

    /// Sleeps until the lame duck is over, because its delay passed or the order was repeated, or until
    /// `look_up` came. Returns whether it is over.
    pub fn wait_out_lame_duck(&self, look_up: Instant) -> bool {
        let mut orders = self.gate.lock();
        while let Some(until) = orders.shutdown.map(|running| running.lame_duck_until) {
            let now = Instant::now();
            if until <= now {
                return true;
            }
            if look_up <= now {
                return false;
            }
            orders = self.gate.wait(orders, Some(until.min(look_up)));
        }
        true
    }

    /// Ends the lame duck: from here on business is refused, and the drain's clock runs.
    pub fn start_draining(&self, now: Instant) {
        let mut orders = self.gate.lock();
        if let Some(running) = orders.shutdown.as_mut() {
            running.drain_deadline = Some(now + running.drain_timeout);
        }
        self.gate.advance(&mut orders, Phase::Draining);
    }

    /// Sleeps until nobody is inside, the drain's deadline passed, or `look_up` came.
    pub fn wait_until_drained(&self, look_up: Instant) -> Drain {
        let mut orders = self.gate.lock();
        loop {
            let in_flight = self.gate.in_flight();
            if in_flight == 0 {
                return Drain::Drained;
            }
            let now = Instant::now();
            let deadline = orders.shutdown.and_then(|running| running.drain_deadline);
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Drain::TimedOut { in_flight };
            }
            if look_up <= now {
                return Drain::StillBusy;
            }
            let wake = deadline.map_or(look_up, |deadline| deadline.min(look_up));
            orders = self.gate.wait(orders, Some(wake));
        }
    }

    /// The drain is over, one way or the other.
    pub fn stop(&self) {
        self.gate.advance(&mut self.gate.lock(), Phase::Stopped);
    }

    /// The shutdown as it stands at `now`.
    pub fn status(&self, now: Instant) -> ShutdownStatus {
        self.status_of(self.gate.lock().shutdown, now)
    }

    fn status_of(&self, shutdown: Option<Shutdown>, now: Instant) -> ShutdownStatus {
        ShutdownStatus {
            phase: self.gate.phase(),
            active_requests: self.gate.in_flight(),
            refused_requests: self.gate.refused(),
            drain_timeout: shutdown.map_or(self.settings.drain_timeout, |s| s.drain_timeout),
            started_at: shutdown.map(|running| running.started_at),
            remaining: shutdown.map(|running| {
                let deadline = running
                    .drain_deadline
                    .unwrap_or(running.lame_duck_until.max(now) + running.drain_timeout);
                deadline.saturating_duration_since(now)
            }),
        }
    }
}
