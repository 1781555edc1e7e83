//! How the process ends, for orchestrators and scripts. `docs/OPERATIONS.md` has the table.

use std::process::ExitCode;

/// The exit codes; the numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or drained: nothing was lost.
    Ok = 0,
    /// Could not start, or a command did not succeed.
    Failed = 1,
    /// A setting or the command line cannot be used.
    Usage = 2,
    /// The drain timeout passed with requests in flight.
    DrainTimedOut = 3,
    /// The server could not be kept alive.
    ServerLost = 70,
    /// Forced by a second signal at a terminal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
