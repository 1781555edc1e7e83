//! The in-flight gate under every interleaving of its threads, by loom.
//!
//! The file checked is the very file the server runs: it is compiled here a second time, against
//! loom's atomics and locks instead of the standard library's.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

#[expect(
    dead_code,
    reason = "only the gate itself is checked here, not the words for its phases"
)]
#[path = "../../src/deployment/gate.rs"]
mod gate;

mod sync {
    pub use loom::sync::atomic::{AtomicUsize, Ordering};
    pub use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
}

use gate::{Gate, Phase};

fn ready() -> Arc<Gate<()>> {
    let gate = Arc::new(Gate::new(()));
    gate.advance(&mut gate.lock(), Phase::Ready);
    gate
}

/// What the drain does: refuse, then wait until nobody is inside.
fn drain(gate: &Gate<()>) {
    let mut held = gate.lock();
    gate.advance(&mut held, Phase::Draining);
    while gate.in_flight() > 0 {
        held = gate.wait(held, None);
    }
}

#[test]
fn nobody_is_inside_after_the_drain_saw_zero_and_no_wake_up_is_lost() {
    loom::model(|| race_the_drain(1));
    // Two requests have more interleavings than anyone can wait for; those with up to three
    // preemptions are where mistakes of this kind show (loom's own advice).
    let mut bounded = loom::model::Builder::new();
    bounded.preemption_bound = Some(3);
    bounded.check(|| race_the_drain(2));
}

fn race_the_drain(requests: usize) {
    let gate = ready();
    let drained = Arc::new(AtomicBool::new(false));
    let admitted = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..requests)
        .map(|_| {
            let (gate, drained) = (Arc::clone(&gate), Arc::clone(&drained));
            let admitted = Arc::clone(&admitted);
            thread::spawn(move || {
                if let Ok(ticket) = Gate::enter(&gate) {
                    assert!(!drained.load(Ordering::SeqCst), "inside after the drain");
                    admitted.fetch_add(1, Ordering::SeqCst);
                    drop(ticket);
                }
            })
        })
        .collect();
    drain(&gate);
    drained.store(true, Ordering::SeqCst);
    threads
        .into_iter()
        .for_each(|request| request.join().unwrap());
    assert_eq!(gate.in_flight(), 0, "every ticket was given back once");
    let counted = admitted.load(Ordering::SeqCst) + gate.refused();
    assert_eq!(counted, requests, "each is counted once");
}

#[test]
fn a_request_that_was_inside_before_the_drain_is_waited_for() {
    loom::model(|| {
        let gate = ready();
        let ticket = Gate::enter(&gate).expect("ready admits");
        let answered = Arc::new(AtomicBool::new(false));
        let request = {
            let answered = Arc::clone(&answered);
            thread::spawn(move || {
                answered.store(true, Ordering::SeqCst);
                drop(ticket);
            })
        };
        drain(&gate);
        assert!(
            answered.load(Ordering::SeqCst),
            "the drain did not wait for the answer"
        );
        request.join().unwrap();
    });
}

#[test]
fn an_order_given_by_another_thread_is_heard() {
    loom::model(|| {
        let gate = Arc::new(Gate::new(false));
        let signal = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut ordered = gate.lock();
                *ordered = true;
                gate.advance(&mut ordered, Phase::LameDuck);
            })
        };
        let mut ordered = gate.lock();
        while !*ordered {
            ordered = gate.wait(ordered, None);
        }
        assert_eq!(gate.phase(), Phase::LameDuck);
        drop(ordered);
        signal.join().unwrap();
    });
}

#[test]
fn phases_only_move_forward() {
    loom::model(|| {
        let gate = ready();
        let opener = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.advance(&mut gate.lock(), Phase::Ready))
        };
        gate.advance(&mut gate.lock(), Phase::Draining);
        assert_eq!(gate.phase(), Phase::Draining);
        opener.join().unwrap();
        assert_eq!(gate.phase(), Phase::Draining);
    });
}
