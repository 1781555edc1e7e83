//! What the operator typed. Nothing is checked here but the shape of the command line; the
//! settings become a checked `Config` in `config.rs`.

mod generated;
mod prices;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use generated::{completions, man};
pub use prices::{Compare, Estimate, Models, Prices, Workload};

/// What an LLM call costs: a small server that can be replaced under full load.
///
/// Without a command it serves. Every setting is an environment variable and a flag of the same
/// name; the flag wins.
#[derive(Parser)]
#[command(
    name = "llm-pricing",
    version = crate::VERSION,
    long_version = long_version(),
    args_conflicts_with_subcommands = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub settings: Settings,
}

const AFTER_HELP: &str = "\
Examples:
  llm-pricing                                        serve on 0.0.0.0:8000
  SERVER_PORT=9000 llm-pricing                       the same on another port
  llm-pricing estimate gpt-4o --input 1000 --output 500
  llm-pricing compare gpt-4o claude-sonnet-4-5 --input 1000 --output 500
  llm-pricing healthcheck                            exit 0 when the server here is ready
  llm-pricing shutdown --drain-timeout 30 --wait     drain the server here
  llm-pricing renew                                  replace its program under load

Exit codes: 0 done or drained, 1 failed, 2 bad setting or command line,
3 drain timeout with requests in flight, 70 server lost, 130 interrupted.";

#[derive(Subcommand)]
pub enum Command {
    /// Serve over HTTP (the default)
    Serve(Box<Settings>),
    /// Ask the server on this host whether it is ready; exit 0 if so, 1 if not
    Healthcheck {
        /// Ask whether the process is alive, not whether it is ready
        #[arg(long)]
        live: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Tell the server on this host to drain and exit
    Shutdown {
        /// Seconds to wait for requests in flight [default: the server's own]
        #[arg(long, value_name = "SECONDS")]
        drain_timeout: Option<String>,
        /// Return when the drain is over: exit 0 if drained, 3 if it timed out
        #[arg(long)]
        wait: bool,
        /// The server's SHUTDOWN_TOKEN, if it has one
        #[arg(
            long,
            env = "SHUTDOWN_TOKEN",
            hide_env_values = true,
            value_name = "TOKEN"
        )]
        shutdown_token: Option<String>,
        /// File that holds it
        #[arg(long, env = "SHUTDOWN_TOKEN_FILE", value_name = "FILE")]
        shutdown_token_file: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Replace the running server's program by the one that is now in its file, under load
    ///
    /// Same process, same socket, same connections: no request fails. The new program is asked first
    /// whether it could serve; if it could not, the old one stays, and the exit code is 1.
    Renew {
        /// The server's SHUTDOWN_TOKEN, if it has one
        #[arg(
            long,
            env = "SHUTDOWN_TOKEN",
            hide_env_values = true,
            value_name = "TOKEN"
        )]
        shutdown_token: Option<String>,
        /// File that holds it
        #[arg(long, env = "SHUTDOWN_TOKEN_FILE", value_name = "FILE")]
        shutdown_token_file: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Say whether a server could start with these settings; exit 0 if so, 1 or 2 if not
    ///
    /// Reads the settings, the secrets and the catalogue, and binds nothing.
    Check(Box<Settings>),
    /// Do nothing for a while, for a container's preStop hook where there is no shell
    Sleep {
        /// How long, up to 3600
        seconds: String,
    },
    /// List models and their prices, as GET /pricing of the API does
    ///
    /// At a terminal the table is as wide as that; elsewhere nothing is cut off.
    Models(Box<Models>),
    /// Price one call, as POST /cost-estimate of the API does
    Estimate(Box<Estimate>),
    /// Price the same call on several models, the cheapest first, as GET /compare of the API does
    Compare(Box<Compare>),
    /// Print what makes a shell complete the command line
    Completions { shell: Shell },
    /// Print a manual page, for man to show or a folder of its pages
    Man {
        /// Of this command [default: of the program]
        command: Vec<String>,
    },
    /// Speak the Model Context Protocol on standard input and output, for an AI agent's configuration
    Mcp {
        /// As for the server: file that replaces the built-in catalogue
        #[arg(long, env, value_name = "FILE")]
        pricing_catalog: Option<String>,
        /// As for the server: file of prices on top of the catalogue
        #[arg(long, env, value_name = "FILE")]
        pricing_overrides: Option<String>,
    },
    /// Make, check or compare price catalogues
    #[command(subcommand)]
    Catalog(CatalogCommand),
}

#[derive(Subcommand)]
pub enum CatalogCommand {
    /// Turn a price map into a catalogue, on standard output; the report goes to standard error
    Import {
        /// Format of FILE
        #[arg(long, value_parser = ["litellm"], value_name = "FORMAT")]
        from: String,
        /// The price map (LiteLLM: model_prices_and_context_window.json)
        file: PathBuf,
        /// Where the prices come from, for people
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
        /// The day the prices were taken, YYYY-MM-DD [default: today, or the day already known
        /// for this very file]
        #[arg(long, value_name = "DATE")]
        date: Option<String>,
        /// Write here instead of to standard output
        #[arg(long, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Name every entry with a fault in the report, not the first few
        #[arg(long)]
        all: bool,
    },
    /// Say everything that is wrong with a catalogue, a price map or overrides; exit 1 if anything is
    Check {
        file: PathBuf,
        /// The catalogue that overrides come on top of [default: the built-in one]
        #[arg(long, env = "PRICING_CATALOG", value_name = "FILE")]
        on: Option<PathBuf>,
        /// Name every entry with a fault in the report on a price map, not the first few
        #[arg(long)]
        all: bool,
    },
    /// Show how prices differ between two catalogues or price maps
    Diff {
        /// A file, or built-in
        before: PathBuf,
        /// A file, or built-in
        after: PathBuf,
    },
}

/// Where the server on this host listens.
#[derive(Args)]
pub struct Target {
    /// Address the server was told to bind
    #[arg(long, env, value_name = "ADDRESS")]
    pub server_host: Option<String>,
    /// Port the server was told to bind [default: 8000]
    #[arg(long, env, value_name = "PORT")]
    pub server_port: Option<String>,
    /// Its admin port, if it has one, which is asked instead then
    #[arg(long, env, value_name = "PORT")]
    pub admin_port: Option<String>,
}

/// The settings of the server as text.
#[derive(Args, Clone, Default)]
pub struct Settings {
    /// Address to bind [default: 0.0.0.0]
    #[arg(long, env, value_name = "ADDRESS")]
    pub server_host: Option<String>,
    /// Port to bind, 0 for any free one [default: 8000]
    #[arg(long, env, value_name = "PORT")]
    pub server_port: Option<String>,
    /// Port for health and deployment only; the shutdown can be ordered only there then [default: none]
    #[arg(long, env, value_name = "PORT")]
    pub admin_port: Option<String>,

    /// Workers that take requests and answer what cannot block [default: 2 per core]
    #[arg(long, env, value_name = "COUNT", help_heading = "Limits")]
    pub workers: Option<String>,
    /// Workers for large bodies, large replies and filtered lists [default: 16]
    #[arg(long, env, value_name = "COUNT", help_heading = "Limits")]
    pub bulk_workers: Option<String>,
    /// Requests that may wait for a bulk worker; more get 503 [default: 64]
    #[arg(long, env, value_name = "COUNT", help_heading = "Limits")]
    pub bulk_queue: Option<String>,
    /// Largest request body; larger ones get 413 [default: 1000000]
    #[arg(long, env, value_name = "BYTES", help_heading = "Limits")]
    pub max_body_bytes: Option<String>,
    /// Largest request head; larger ones get 431 [default: 16384]
    #[arg(long, env, value_name = "BYTES", help_heading = "Limits")]
    pub max_head_bytes: Option<String>,
    /// Open connections; the longest idle makes room for another [default: 1000]
    #[arg(long, env, value_name = "COUNT", help_heading = "Limits")]
    pub max_connections: Option<String>,
    /// How long a request head may take to come in; then 408 [default: 10]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Limits")]
    pub head_timeout_seconds: Option<String>,
    /// How long the body behind it may take; then 408 [default: 30]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Limits")]
    pub body_timeout_seconds: Option<String>,
    /// How long a connection may stay idle [default: 75]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Limits")]
    pub idle_timeout_seconds: Option<String>,
    /// How long a client may take for each 64 KiB of a reply [default: 10]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Limits")]
    pub write_timeout_seconds: Option<String>,
    /// Liveness fails when no worker has got anything done for this long; 0 is never [default: 60]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Limits")]
    pub watchdog_seconds: Option<String>,

    /// Go on serving this long after readiness has failed [default: 0]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Shutdown")]
    pub shutdown_delay_seconds: Option<String>,
    /// Then wait this long for requests in flight [default: 30]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Shutdown")]
    pub drain_timeout_seconds: Option<String>,
    /// Who sends this may shut the server down; without it, direct loopback peers may
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = "Shutdown"
    )]
    pub shutdown_token: Option<String>,
    /// File that holds the token
    #[arg(long, env, value_name = "FILE", help_heading = "Shutdown")]
    pub shutdown_token_file: Option<String>,

    /// Keys, with commas, of which business requests must carry one [default: none needed]
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "KEYS",
        help_heading = "Access"
    )]
    pub mcp_api_key: Option<String>,
    /// File that holds the keys, one a line
    #[arg(long, env, value_name = "FILE", help_heading = "Access")]
    pub mcp_api_key_file: Option<String>,
    /// Header that carries the key [default: x-api-key]
    #[arg(long, env, value_name = "NAME", help_heading = "Access")]
    pub mcp_api_key_header: Option<String>,
    /// Business and documentation requests of one client per minute; more get 429, 0 is no limit [default: 0]
    #[arg(long, env, value_name = "COUNT", help_heading = "Access")]
    pub rate_limit_per_minute: Option<String>,
    /// Proxies whose forwarding and country headers are believed, as CIDR ranges with commas
    #[arg(long, env, value_name = "RANGES", help_heading = "Access")]
    pub trusted_proxies: Option<String>,
    /// Sites whose pages may call /mcp, with commas; pages on the reader's own machine always may
    #[arg(long, env, value_name = "ORIGINS", help_heading = "Access")]
    pub mcp_allowed_origins: Option<String>,

    /// error, warn, info, debug, trace or off [default: info]
    #[arg(long, env, value_name = "LEVEL", help_heading = "Logging")]
    pub log_level: Option<String>,
    /// Write a line of JSON to standard output for every request: true or false [default: false]
    #[arg(long, env, value_name = "BOOL", help_heading = "Logging")]
    pub access_log: Option<String>,
    /// true is the same as LOG_LEVEL=debug [default: false]
    #[arg(long, env, value_name = "BOOL", help_heading = "Logging")]
    pub debug: Option<String>,

    /// File that replaces the built-in catalogue: this program's format or a LiteLLM price map
    #[arg(long, env, value_name = "FILE", help_heading = "Catalogue")]
    pub pricing_catalog: Option<String>,
    /// File of negotiated prices, private models and measured figures, on top of the catalogue
    #[arg(long, env, value_name = "FILE", help_heading = "Catalogue")]
    pub pricing_overrides: Option<String>,
    /// How often to look whether these files, or those of secrets, have changed; 0 is never [default: 1]
    #[arg(long, env, value_name = "SECONDS", help_heading = "Catalogue")]
    pub pricing_reload_seconds: Option<String>,
    /// Catalogue age beyond which /health/detailed says degraded [default: 180]
    #[arg(long, env, value_name = "DAYS", help_heading = "Catalogue")]
    pub catalog_max_age_days: Option<String>,

    /// Deployment environment [default: production]
    #[arg(
        long = "env",
        env = "ENV",
        value_name = "NAME",
        help_heading = "Identity"
    )]
    pub environment: Option<String>,
    /// Colour of a blue-green pair
    #[arg(long, env, value_name = "NAME", help_heading = "Identity")]
    pub deployment_group: Option<String>,
    /// Region [also: AWS_REGION, GCP_REGION, which win]
    #[arg(long, env, value_name = "NAME", help_heading = "Identity")]
    pub region: Option<String>,
    /// Availability zone [also: AZ]
    #[arg(long, env, value_name = "NAME", help_heading = "Identity")]
    pub availability_zone: Option<String>,
    /// Name of this instance [also: HOSTNAME, POD_NAME]
    #[arg(long, env, value_name = "NAME", help_heading = "Identity")]
    pub instance_id: Option<String>,
    /// When this was deployed, RFC 3339
    #[arg(long, env, value_name = "TIME", help_heading = "Identity")]
    pub deployment_timestamp: Option<String>,
    /// When this was built, RFC 3339 [default: the date of the commit]
    #[arg(long, env, value_name = "TIME", help_heading = "Identity")]
    pub build_timestamp: Option<String>,
}

fn long_version() -> String {
    let catalogue = crate::catalog::Catalog::built_in_header().map_or_else(
        |_| "unreadable".to_owned(),
        |header| format!("{} of {}", header.version, header.date),
    );
    format!(
        "{} (commit {} of {})\ncatalogue {catalogue}",
        crate::VERSION,
        crate::COMMIT,
        crate::COMMIT_DATE,
    )
}
