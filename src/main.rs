//! The process: arguments and environment in, logger and signals on, exit code out.

use std::io::{IsTerminal, LineWriter};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use log::{error, info, warn};
use simplelog::{ConfigBuilder, WriteLogger};

use llm_pricing::app::App;
use llm_pricing::cli::{Cli, Command, Settings};
use llm_pricing::commands;
use llm_pricing::config::{Config, Identity};
use llm_pricing::deployment::{DrainSettings, Lifecycle, Order};
use llm_pricing::exit_code::Exit;
use llm_pricing::inherited::Inherited;
use llm_pricing::price_files::Stock;
use llm_pricing::renewal::StopSignalsHeld;

/// How long clients of a listener that a successor will have are told to come back, at least.
const SHARED_LISTENER_DELAY_MIN: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => serve(&cli.settings),
        Some(Command::Serve(settings)) => serve(&settings),
        // Its client going away is no error, and it says so itself.
        Some(command @ Command::Mcp { .. }) => commands::run(command),
        Some(command) => {
            end_with_the_reader();
            commands::run(command)
        }
    }
    .into()
}

/// Whoever stops reading a command's output, such as `head`, has seen enough, and the command ends as
/// others do. Rust's runtime makes an error of it instead, and `println!` a panic.
fn end_with_the_reader() {
    // SAFETY: the call takes two numbers, and there is no other thread yet.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

fn serve(settings: &Settings) -> Exit {
    let environment = |name: &str| std::env::var(name).ok();
    let config = match Config::from_settings(settings, &environment) {
        Ok(config) => config,
        Err(bad) => {
            eprintln!("llm-pricing: {bad}");
            return Exit::Usage;
        }
    };
    // SAFETY: there is no other thread yet, and nobody else knows of these descriptors.
    let inherited = match unsafe { Inherited::take() } {
        Ok(inherited) => inherited,
        Err(unusable) => {
            eprintln!("llm-pricing: {unusable}");
            return Exit::Usage;
        }
    };
    start_logging(&config);
    // Until everything is started, and by the main thread alone: no other can be in the middle of
    // handling one when the program is replaced.
    let signals = StopSignalsHeld::hold();
    // Signal handlers come first: as process 1 of a container, a signal without a handler is
    // ignored, and stopping would take the orchestrator's whole patience.
    let lifecycle = Arc::new(Lifecycle::new(drain_settings(&config, &inherited)));
    if let Err(cause) = handle_signals(Arc::clone(&lifecycle)) {
        error!("cannot handle signals: {cause}");
        return Exit::Failed;
    }
    // Before the socket is bound: nobody ever sees an instance that has nothing to serve.
    let stock = match config.prices.files.load() {
        Ok(stock) => stock,
        Err(unusable) => {
            eprintln!("llm-pricing: {unusable}");
            unusable
                .details()
                .for_each(|line| eprintln!("llm-pricing: {line}"));
            return Exit::Usage;
        }
    };
    introduce(&config.identity, &stock);
    let app = match App::start(&config, lifecycle, inherited, Some(stock)) {
        Ok(app) => app,
        Err(cause) => {
            error!("cannot start: {cause}");
            return Exit::Failed;
        }
    };
    announce(&config, &app);
    drop(signals);
    let exit = app.run();
    info!("exit {}", exit as u8);
    exit
}

/// With a listener that a successor will have, the lame duck is what tells clients with open
/// connections to come back on new ones, and nobody is refused after it.
fn drain_settings(config: &Config, inherited: &Inherited) -> DrainSettings {
    let mut settings = config.drain;
    if inherited.is_shared {
        settings.shutdown_delay = settings.shutdown_delay.max(SHARED_LISTENER_DELAY_MIN);
    }
    settings
}

fn introduce(identity: &Identity, stock: &Stock) {
    let unknown = "-";
    info!(
        "llm-pricing {} (commit {}), {} {} {}",
        llm_pricing::VERSION,
        llm_pricing::COMMIT,
        identity.environment,
        identity.deployment_group.as_deref().unwrap_or(unknown),
        identity.instance_id.as_deref().unwrap_or(unknown),
    );
    info!("{}", stock.summary());
}

fn announce(config: &Config, app: &App) {
    let limits = &config.limits;
    let address = app.local_addr().unwrap_or(config.listen);
    info!(
        "listening on http://{address} with {} express and {} bulk workers",
        limits.express_workers, limits.bulk_workers
    );
    if let Some(admin) = app.admin_addr() {
        info!("admin port on http://{admin}");
    }
}

/// INT, TERM and HUP look alike to ctrlc, so they mean the same: drain. An orchestrator that
/// restarts sends its signal again, which must not cut a request; only somebody at a terminal
/// who repeats it means now.
fn handle_signals(lifecycle: Arc<Lifecycle>) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || {
        let order = Order::default();
        let ordered = lifecycle.order_shutdown(order, Instant::now(), SystemTime::now());
        if ordered.is_first {
            info!("signal: shutting down");
        } else if std::io::stdin().is_terminal() {
            warn!("second signal at a terminal: leaving at once");
            std::process::exit(Exit::Interrupted as i32);
        } else {
            info!("signal again: the shutdown goes on");
        }
    })
}

fn start_logging(config: &Config) {
    let format = ConfigBuilder::new()
        .set_time_format_rfc3339()
        .set_thread_level(log::LevelFilter::Debug)
        .set_target_level(log::LevelFilter::Debug)
        // It reports as an error that its listener was taken away, which is how we stop it.
        .add_filter_ignore_str("tiny_http")
        .build();
    // The logger writes a line in some thirty pieces, each of which would be a system call.
    let by_line = LineWriter::new(std::io::stderr());
    // It fails only when a logger is set already, and none is.
    let _ = WriteLogger::init(config.log_level, format, by_line);
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        match thread.name() {
            Some(name) => error!("thread {name}: {panic}"),
            // tiny_http's own threads, which panic for want of a thread or a descriptor.
            None => warn!("tiny_http: {panic}"),
        }
    }));
}
