//! `evenkeel run`: the daemon on what the user has.

use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::args::RunArgs;
use super::{BAD_INPUT, log, report_problems};
use crate::app::{self, Setup, Surroundings};
use crate::config::{self, Config};
use crate::definitions;
use crate::model::slo::Slo;

pub fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let Some((config, slos)) = load(args) else { return Ok(ExitCode::from(BAD_INPUT)) };
    log::start(config.log);
    let listener = bind(config.listen)?;
    let setup = Setup::new(config, slos, &surroundings())?;
    in_runtime(async move { Ok(setup) }, listener)
}

/// Configuration and definitions, or every problem of both on standard error.
fn load(args: &RunArgs) -> Option<(Config, Vec<Slo>)> {
    let (config, mut problems) =
        config::load(args.config.as_deref(), &args.settings.overrides, &config::Surroundings::real());
    let mut slos = Vec::new();
    if let Some(config) = &config {
        problems.extend(config.missing_for_run());
        let loaded = definitions::load(&config.definitions);
        if !config.sources.is_empty() {
            let sources: Vec<&str> = config.sources.iter().map(|s| s.name.as_str()).collect();
            problems.extend(loaded.check_sources(&sources));
        }
        problems.extend(loaded.problems);
        slos = loaded.slos;
    }
    let failed = report_problems(&problems);
    config.filter(|_| !failed).map(|config| (config, slos))
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
pub fn surroundings() -> Surroundings {
    Surroundings {
        on_terminal: io::stderr().is_terminal(),
        in_cluster: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        home: std::env::var_os("HOME").map(PathBuf::from),
    }
}

/// Runs the daemon until a signal comes.
pub fn in_runtime(
    setup: impl Future<Output = anyhow::Result<Setup>>,
    listener: TcpListener,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let setup = setup.await?;
        let address = listener.local_addr()?;
        tracing::info!(%address, "listening; open http://{address}");
        let stop = CancellationToken::new();
        let asked = stop.clone();
        let running = app::run(setup, listener, stop);
        tokio::pin!(running);
        tokio::select! {
            outcome = &mut running => outcome?,
            () = signal() => {
                tracing::info!("stopping");
                asked.cancel();
                tokio::select! {
                    outcome = &mut running => outcome?,
                    () = signal() => return Err(anyhow::anyhow!("stopped at once by a second signal")),
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Ends with the first signal that asks a process to stop.
async fn signal() {
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
