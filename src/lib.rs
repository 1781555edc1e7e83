//! What an LLM call costs: a small synchronous server that can be replaced under full load.
//!
//! ```text
//! socket -> server (tiny_http, workers) -> router -> api (handlers) -> domain -> Reply -> socket
//!                   \-> deployment (ticket taken, ticket given back)
//!                   \-> telemetry (one record per reply)
//! ```
//!
//! In reading order:
//!
//! - [`app`]: the wiring, from a checked configuration to an exit code
//! - [`server`]: tiny_http, sockets and threads; nothing of prices
//! - [`exchange`]: a request and its reply as plain data, the seam between server and api
//! - [`router`]: method and path to a route
//! - [`api`]: JSON and status codes; nothing of sockets
//! - [`deployment`]: the phases of an instance's life and the count of requests in flight
//! - [`catalog`]: models, their prices and names
//! - [`money`]: 1e-18 USD, exactly
//! - [`price_files`], [`keeper`], [`supply`]: the operator's own prices, read, watched, and what came of it
//! - [`text_file`]: files that an operator may replace while the service runs
//! - [`estimate`]: what a usage costs
//! - [`use_case`]: from a model's facts to words
//! - [`inherited`], [`renewal`], [`service_manager`]: sockets from whoever started us, a new program in
//!   the same process, and what the service manager is told
//! - [`rate_limiter`]: how often each client may ask
//! - [`telemetry`], [`vitals`]: what was asked, and what the machinery is doing
//! - [`access_log`]: a line of JSON for every request
//! - [`cli`], [`config`], [`exit_code`]: what the operator typed, checked, and what comes back
//! - [`commands`], [`local_client`]: everything the program does besides serving
//! - [`terminal`]: whether somebody watches, and how wide the window is
//! - [`memory`]: back to the system, after a burst
//! - [`clock`]: timestamps and days in UTC

pub mod access_log;
pub mod api;
pub mod app;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod deployment;
pub mod estimate;
pub mod exchange;
pub mod exit_code;
pub mod inherited;
pub mod keeper;
pub mod local_client;
pub mod memory;
pub mod money;
pub mod price_files;
pub mod rate_limiter;
pub mod renewal;
pub mod router;
pub mod server;
pub mod service_manager;
pub mod supply;
pub mod telemetry;
pub mod terminal;
pub mod text_file;
pub mod use_case;
pub mod vitals;

/// The version of the service, as in `Cargo.toml`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit the binary was built from; "unknown" outside a repository.
pub const COMMIT: &str = env!("LLM_PRICING_COMMIT");
/// When that commit was made, RFC 3339 in UTC; "unknown" outside a repository.
pub const COMMIT_DATE: &str = env!("LLM_PRICING_COMMIT_DATE");
