//! Claims about the program, made from outside: the real binary, a real socket, port 0.
//!
//! One binary for all of them, because linking is what takes the time.

mod harness;
mod load;

/// The life of an instance: what each phase answers, and that nothing is lost on the way out.
mod drain;
/// The in-flight gate under every interleaving of its threads.
mod interleavings;
/// More than the pool can do: what is refused, and that probes are answered all the same.
mod overload;
/// What every endpoint answers in every phase.
mod phases;
