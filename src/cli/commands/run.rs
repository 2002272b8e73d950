//! `evenkeel run`: the daemon on what the user has.

use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::app::{self, Ended, ProcessContext, Setup};
use crate::cli::args::RunArgs;
use crate::cli::output::log;
use crate::cli::output::terminal::{BAD_INPUT, report_problems};
use crate::config::{self, Config};
use crate::definitions;
use crate::model::operations::correction::Correction;
use crate::model::slo::Slo;
use crate::net::Endpoint;

/// How long the last traces and logs may take to a collector that does not answer.
const TELEMETRY_GRACE: Duration = Duration::from_secs(2);

pub fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let Some((config, slos, corrections)) = load(args) else { return Ok(ExitCode::from(BAD_INPUT)) };
    let listener = bind(config.listen)?;
    let (logging, pushing) = (config.log, config.otlp.clone());
    let make = async move || {
        let setup = Setup::new(config.clone(), slos.clone(), &surroundings())?;
        Ok(setup.with_corrections(corrections.clone()))
    };
    in_runtime(make, listener, logging, pushing)
}

/// Configuration and definitions, or every problem of both on standard error.
fn load(args: &RunArgs) -> Option<(Config, Vec<Slo>, Vec<Correction>)> {
    let (config, mut problems) =
        config::load(args.config.as_deref(), &args.settings.overrides, &config::Environment::real());
    let (mut slos, mut corrections) = (Vec::new(), Vec::new());
    if let Some(config) = &config {
        problems.extend(config.missing_for_run());
        problems.extend(
            config.web.config_file.as_deref().and_then(|path| config::read_web_file(path).err()).unwrap_or_default(),
        );
        let loaded = definitions::load(&config.definitions);
        if !config.sources.is_empty() {
            let sources: Vec<&str> = config.sources.iter().map(|s| s.name.as_str()).collect();
            problems.extend(loaded.check_sources(&sources));
        }
        problems.extend(loaded.problems);
        (slos, corrections) = (loaded.slos, loaded.corrections);
    }
    let failed = report_problems(&problems);
    config.filter(|_| !failed).map(|config| (config, slos, corrections))
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

/// Runs the daemon until a signal comes; `make` is asked again for each start
/// anew.
pub fn in_runtime(
    make: impl AsyncFn() -> anyhow::Result<Setup>,
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
        outcome.map(|()| ExitCode::SUCCESS)
    });
    // What still computes on a blocking thread has nothing to store.
    runtime.shutdown_background();
    outcome
}

async fn until_signal(make: impl AsyncFn() -> anyhow::Result<Setup>, listener: TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening; open http://{address}");
    let stop = CancellationToken::new();
    let running = async {
        // Who connects meanwhile waits in the queue of the listener.
        while app::run(make().await?, listener.try_clone()?, stop.clone()).await? == Ended::GroupsAppeared {}
        anyhow::Ok(())
    };
    tokio::pin!(running);
    tokio::select! {
        outcome = &mut running => return outcome,
        () = signal() => {}
    }
    tracing::info!("stopping");
    stop.cancel();
    tokio::select! {
        outcome = &mut running => outcome,
        () = signal() => anyhow::bail!("stopped at once by a second signal"),
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
