//! `evenkeel run`: the daemon on what the user has.

use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::app::catalog::reload::NoDefinitions;
use crate::app::catalog::settings::ReadConfig;
use crate::app::{Daemon, ProcessContext, Setup};
use crate::cli::args::RunArgs;
use crate::cli::output::log;
use crate::cli::output::terminal::{BAD_INPUT, report_problems};
use crate::config::{self, Config};
use crate::net::Endpoint;

/// How long the last traces and logs may take to a collector that does not answer.
const TELEMETRY_GRACE: Duration = Duration::from_secs(2);

pub fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let Some(config) = load(args) else { return Ok(ExitCode::from(BAD_INPUT)) };
    let listener = bind(config.listen)?;
    let (logging, pushing) = (config.log, config.otlp.clone());
    let (file, flags) = (args.config.clone(), args.settings.overrides.clone());
    let read: ReadConfig = Arc::new(move || config::load(file.as_deref(), &flags, &config::Environment::real()));
    let make = async move || Setup::new(config, read, &surroundings());
    in_runtime(make, listener, logging, pushing)
}

/// The configuration, or every problem of it on standard error. The daemon reads the
/// definitions: it knows the last good ones.
fn load(args: &RunArgs) -> Option<Config> {
    let (config, mut problems) =
        config::load(args.config.as_deref(), &args.settings.overrides, &config::Environment::real());
    if let Some(config) = &config {
        problems.extend(config.missing_for_run());
        problems.extend(
            config.web.config_file.as_deref().and_then(|path| config::read_web_file(path).err()).unwrap_or_default(),
        );
    }
    let failed = report_problems(&problems);
    config.filter(|_| !failed)
}

pub fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}; choose another address with --listen, port 0 picks a free one")
    })?;
    listener.set_nonblocking(true).context("prepare the listener")?;
    Ok(listener)
}

/// What this process can say of its surroundings.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub fn surroundings() -> ProcessContext {
    ProcessContext {
        on_terminal: io::stderr().is_terminal(),
        in_cluster: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        home: std::env::var_os("HOME").map(PathBuf::from),
    }
}

/// Runs the daemon that `make` sets up until a signal comes.
pub fn in_runtime(
    make: impl AsyncFnOnce() -> anyhow::Result<Setup>,
    listener: TcpListener,
    logging: config::Log,
    pushing: Option<Endpoint>,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    let outcome = runtime.block_on(async {
        let telemetry = log::start(logging, pushing.as_ref())?;
        let outcome = until_signal(make, listener).await;
        if let Some(telemetry) = telemetry {
            // What is left of our own traces and logs; the daemon's work is done.
            let ending = tokio::task::spawn_blocking(move || telemetry.shutdown());
            let _ = tokio::time::timeout(TELEMETRY_GRACE, ending).await;
        }
        match outcome {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => match error.downcast::<NoDefinitions>() {
                Ok(NoDefinitions(problems)) => {
                    report_problems(&problems);
                    Ok(ExitCode::from(BAD_INPUT))
                }
                Err(error) => Err(error),
            },
        }
    });
    // What still computes on a blocking thread has nothing to store.
    runtime.shutdown_background();
    outcome
}

async fn until_signal(make: impl AsyncFnOnce() -> anyhow::Result<Setup>, listener: TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening; open http://{address}");
    // From the first moment on: without a handler, SIGHUP ends the process.
    let mut hangups = hangups();
    let starting = async { Daemon::start(make().await?, listener).await };
    let mut running = tokio::select! {
        running = starting => running?,
        () = signal() => return Ok(()),
    };
    loop {
        tokio::select! {
            outcome = running.ended() => return outcome,
            () = signal() => break,
            () = hangups.next() => {
                tracing::info!("SIGHUP: reading the definitions again");
                running.reload().await;
            }
        }
    }
    tracing::info!("stopping");
    tokio::select! {
        outcome = running.stop() => outcome,
        () = signal() => anyhow::bail!("stopped at once by a second signal"),
    }
}

/// The signals that ask for a reload.
struct Hangups(Option<tokio::signal::unix::Signal>);

fn hangups() -> Hangups {
    use tokio::signal::unix::{SignalKind, signal};
    Hangups(signal(SignalKind::hangup()).ok())
}

impl Hangups {
    async fn next(&mut self) {
        if let Some(signals) = &mut self.0
            && signals.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

/// Ends with the first signal that asks a process to stop.
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without the handler the signal ends the process by itself.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
