//! The log of this process: on standard error, and by OTLP where a receiver is
//! configured, together with its traces.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::app::identity;
use crate::cli::output::table::Colour;
use crate::config::{Log, LogFormat, LogLevel};
use crate::net::Endpoint;
use crate::publish::outbound::otlp;
use crate::publish::outbound::otlp::{BoxedLayer, Telemetry};

/// Starts logging; text with colour on a terminal, JSON where a machine reads.
/// To be called within a runtime, which carries what is pushed.
pub fn start(log: Log, pushing: Option<&Endpoint>) -> anyhow::Result<Option<Telemetry>> {
    let (mut layers, telemetry): (Vec<BoxedLayer<Registry>>, _) = match pushing {
        Some(destination) => {
            let runtime = tokio::runtime::Handle::current();
            let (layers, telemetry) = otlp::telemetry(destination, &identity(&[]), level(log.level), runtime)?;
            (layers, Some(telemetry))
        }
        None => (Vec::new(), None),
    };
    // Our own words at the level that was asked for; of packages only trouble.
    // The Kubernetes client calls every failed request an error; we tell of them.
    let filter = EnvFilter::new(format!("warn,kube_client::client::builder=off,evenkeel={}", log.level.word()));
    let on_terminal = io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(Colour::of(&io::stderr()) == Colour::On);
    let as_json = log.format == LogFormat::Json || (log.format == LogFormat::Auto && !on_terminal);
    layers.push(if as_json { lines.json().with_filter(filter).boxed() } else { lines.with_filter(filter).boxed() });
    tracing_subscriber::registry().with(layers).init();
    Ok(telemetry)
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
