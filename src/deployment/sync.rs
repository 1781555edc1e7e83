//! The primitives `gate.rs` is built on. `tests/it/interleavings.rs` compiles the same file
//! against loom's, so what is checked there is what runs here.

pub use std::sync::atomic::{AtomicUsize, Ordering};
pub use std::sync::{Arc, Condvar, Mutex, MutexGuard};
