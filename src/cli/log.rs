//! The log of this process, on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging; text with colour on a terminal, JSON where a machine reads.
pub fn start(log: Log) {
    // Our own words at the level that was asked for; of packages only trouble.
    // The Kubernetes client calls every failed request an error; we tell of them.
    let filter = EnvFilter::new(format!("warn,kube_client::client::builder=off,evenkeel={}", log.level.word()));
    let on_terminal = io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(on_terminal);
    match log.format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Auto if !on_terminal => builder.json().init(),
        LogFormat::Auto | LogFormat::Text => builder.init(),
    }
}
