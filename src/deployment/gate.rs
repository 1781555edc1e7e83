//! The door every business request goes through, and the count of those inside.
//!
//! The promise, which `tests/it/interleavings.rs` checks with loom: once [`Gate::wait`] has seen
//! nobody inside while draining, nobody gets in; nobody leaves without the waiter being told; and
//! whoever entered is counted exactly once until its [`Ticket`] is dropped.

use std::time::Instant;

use super::sync::{Arc, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};

/// Where an instance is in its life. It only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The socket is open, the catalogue is not loaded yet: business gets 503.
    Starting,
    /// Everything is served.
    Ready,
    /// Told to stop: readiness fails, everything is still served, every reply says `close`.
    LameDuck,
    /// New business gets 503; what was admitted finishes.
    Draining,
    /// Drained or out of time: the process is about to leave.
    Stopped,
}

impl Phase {
    pub const ALL: [Phase; 5] = [
        Phase::Starting,
        Phase::Ready,
        Phase::LameDuck,
        Phase::Draining,
        Phase::Stopped,
    ];

    /// Whether business requests may enter.
    pub fn admits(self) -> bool {
        matches!(self, Phase::Ready | Phase::LameDuck)
    }

    /// Whether the instance was told to stop.
    pub fn is_shutting_down(self) -> bool {
        self >= Phase::LameDuck
    }

    /// The word used in replies and log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Ready => "ready",
            Phase::LameDuck => "lame_duck",
            Phase::Draining => "draining",
            Phase::Stopped => "stopped",
        }
    }
}

/// The phase lives in the top bits of the in-flight counter, so that counting a request and
/// looking whether it may enter are one step.
const PHASE_SHIFT: u32 = usize::BITS - 3;

/// Phase and in-flight count, changed without a lock on the request path, and a lock-guarded
/// `T` for whatever is decided together with a change of phase.
pub struct Gate<T> {
    state: AtomicUsize,
    refused: AtomicUsize,
    guarded: Mutex<T>,
    changed: Condvar,
}

/// The counter taken apart.
struct State {
    phase: Phase,
    in_flight: usize,
}

impl State {
    fn of(bits: usize) -> State {
        State {
            phase: Phase::ALL[bits >> PHASE_SHIFT],
            in_flight: bits & ((1 << PHASE_SHIFT) - 1),
        }
    }
}

/// The right to be inside. Dropping it, after the reply or in a panic, gives it back.
pub struct Ticket<T> {
    gate: Arc<Gate<T>>,
}

impl<T> Gate<T> {
    pub fn new(guarded: T) -> Gate<T> {
        Gate {
            state: AtomicUsize::new((Phase::Starting as usize) << PHASE_SHIFT),
            refused: AtomicUsize::new(0),
            guarded: Mutex::new(guarded),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> State {
        State::of(self.state.load(Ordering::Acquire))
    }

    pub fn phase(&self) -> Phase {
        self.state().phase
    }

    /// Requests inside: admitted, and not yet answered to the last byte.
    pub fn in_flight(&self) -> usize {
        self.state().in_flight
    }

    /// Requests that were not let in.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// Asks to come in.
    ///
    /// # Errors
    /// The phase, when it does not admit.
    pub fn enter(gate: &Arc<Gate<T>>) -> Result<Ticket<T>, Phase> {
        let found = State::of(gate.state.fetch_add(1, Ordering::AcqRel));
        let ticket = Ticket {
            gate: Arc::clone(gate),
        };
        if found.phase.admits() {
            return Ok(ticket);
        }
        gate.refused.fetch_add(1, Ordering::Relaxed);
        Err(found.phase)
    }

    /// Locks what is decided together with the phase.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        // A poisoned lock is taken all the same: a drain must go on after somebody's panic.
        self.guarded
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Moves forward to `phase`, and tells whoever waits. The guard shows that the lock is held:
    /// without it two threads could move at once, and a waiter could miss it between looking and
    /// sleeping.
    pub fn advance(&self, _held: &mut MutexGuard<'_, T>, phase: Phase) {
        let steps = (phase as usize).saturating_sub(self.phase() as usize);
        self.state.fetch_add(steps << PHASE_SHIFT, Ordering::AcqRel);
        self.changed.notify_all();
    }

    /// Sleeps until something changed, or until `deadline`, whichever is first. It may also wake
    /// for nothing, so the caller looks again.
    pub fn wait<'a>(
        &'a self,
        held: MutexGuard<'a, T>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        let Some(deadline) = deadline else {
            return self
                .changed
                .wait(held)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        };
        let left = deadline.saturating_duration_since(Instant::now());
        match self.changed.wait_timeout(held, left) {
            Ok((held, _)) => held,
            Err(poisoned) => poisoned.into_inner().0,
        }
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        let left = State::of(self.gate.state.fetch_sub(1, Ordering::AcqRel));
        if left.in_flight == 1 && left.phase >= Phase::Draining {
            // The waiter looks at the count with the lock held: taking it here means that the
            // waiter either has yet to look, or already sleeps and hears the bell.
            let _held = self.gate.lock();
            self.gate.changed.notify_all();
        }
    }
}
