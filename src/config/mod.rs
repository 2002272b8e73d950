//! How to run: one YAML file, flags and `EVENKEEL_...` variables to a validated
//! `Config`, with every problem at once. A flag wins over its variable, that
//! over the file, that over the default. Must not know what is promised, nor
//! how any of it is used.

mod alerts;
mod dump;
mod endpoint;
mod layers;
mod on_call;
mod peers;
mod read;
mod settings;
#[cfg(test)]
mod tests;
mod variables;
mod webhooks;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono_tz::Tz;
use url::Url;

use crate::model::labels::Labels;
use crate::model::operations::alert_settings::AlertSettings;
use crate::model::operations::on_call::OnCall;
use crate::model::problem::{Level, Problem};
use crate::model::time::Millis;
use crate::net::{Endpoint, Secret};
use crate::yaml::read::TEXT_BYTES_MAX;

pub use settings::{Overrides, Setting, reference};

/// Everything that the daemon is told about how to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where samples are read; may be empty where nothing is run.
    pub sources: Vec<Source>,
    /// Every one of them is told of every alert.
    pub alertmanagers: Vec<Endpoint>,
    /// Who may push facts.
    pub webhooks: Vec<Webhook>,
    /// Files and directories of definitions.
    pub definitions: Vec<PathBuf>,
    /// The store's directory, made if absent.
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// What a request must know to change corrections over the API.
    pub write_token: Option<Secret>,
    /// How much history is read at the first start; zero reads none.
    pub backfill: Millis,
    /// How long facts are kept.
    pub retention: Millis,
    pub evaluation_interval: Millis,
    /// On everything that leaves: alerts, metrics, rule files.
    pub external_labels: Labels,
    /// Where people reach this daemon, for links in alerts.
    pub external_url: Option<Url>,
    /// Of reports and calendar months that no definition decides.
    pub timezone: Tz,
    pub on_call: OnCall,
    /// How alerts are read.
    pub alerts: Arc<AlertSettings>,
    pub kubernetes: Kubernetes,
    /// Where own telemetry and results are pushed; `/v1/metrics` and the others
    /// follow its path.
    pub otlp: Option<Endpoint>,
    pub log: Log,
}

/// A place that samples are read from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Unique; a DNS label. Definitions name it.
    pub name: String,
    pub kind: SourceKind,
    pub endpoint: Endpoint,
    /// How long a slot is left to late samples before it is counted.
    pub ingest_delay: Millis,
    /// Labels that tell the replicas of an HA pair apart.
    pub replica_labels: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// The HTTP API of Prometheus, as Thanos, Mimir and VictoriaMetrics have it.
    Prometheus,
}

/// Something that facts are pushed to, at `/in/NAME`.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Unique; a DNS label.
    pub name: String,
    pub kind: WebhookKind,
    /// Each is valid, as bearer token or as password.
    pub tokens: Vec<Secret>,
    /// Each is valid for a signature.
    pub secrets: Vec<Secret>,
    /// What the tool calls a service, to the name of that service here.
    pub service_names: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookKind {
    /// The webhook of Alertmanager.
    Alertmanager,
    /// Alertmanager's event recorder.
    Events,
    PagerDuty,
    /// Grafana OnCall and IRM.
    OnCall,
    /// Records in our own form.
    Records,
}

impl WebhookKind {
    pub fn word(self) -> &'static str {
        webhooks::KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

#[derive(Clone, Debug)]
pub struct Kubernetes {
    pub enabled: Toggle,
    /// Otherwise the service account of the pod, or the user's own file.
    pub kubeconfig: Option<PathBuf>,
    /// Empty means all that may be read.
    pub namespaces: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toggle {
    /// On where it is possible.
    Auto,
    On,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    pub format: LogFormat,
    pub level: LogLevel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub fn word(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// What a setting may refer to outside the file.
pub struct Environment<'s> {
    /// The value of an environment variable.
    pub variable: &'s dyn Fn(&str) -> Option<String>,
    /// Whether a file can be read; the reason if not.
    pub readable: &'s dyn Fn(&Path) -> Result<(), String>,
}

impl Environment<'_> {
    /// This process and this machine.
    #[expect(clippy::disallowed_methods, reason = "settings may name variables that hold their secrets")]
    pub fn real() -> Environment<'static> {
        Environment {
            variable: &|name| std::env::var(name).ok(),
            readable: &|path| fs::File::open(path).map(drop).map_err(|error| error.to_string()),
        }
    }
}

/// Reads the file, if there is one, below flags and variables. `None` if there
/// is an error; warnings come with a configuration.
pub fn load(
    file: Option<&Path>,
    overrides: &Overrides,
    surroundings: &Environment<'_>,
) -> (Option<Config>, Vec<Problem>) {
    let Some(path) = file else {
        return parse("", "configuration", overrides, surroundings);
    };
    let name = path.display().to_string();
    match read_text(path) {
        Ok(text) => parse(&text, &name, overrides, surroundings),
        Err(message) => (None, vec![Problem::of_file(Level::Error, name, message, None)]),
    }
}

/// Reads a text; `file` names it in problems, and relative paths in it start
/// from its directory.
pub fn parse(
    text: &str,
    file: &str,
    overrides: &Overrides,
    surroundings: &Environment<'_>,
) -> (Option<Config>, Vec<Problem>) {
    read::config(text, file, overrides, surroundings)
}

fn read_text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells a full file from a cut one.
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(format!("is larger than {TEXT_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| format!("is not UTF-8 text: {error}"))
}

impl Config {
    /// What `run` needs and `check` does not: something to read and to promise.
    pub fn missing_for_run(&self) -> Vec<Problem> {
        let missing =
            |message: &str, hint: &str| Problem::of_file(Level::Error, "configuration", message, Some(hint.to_owned()));
        let mut problems = Vec::new();
        if self.sources.is_empty() {
            problems.push(missing(
                "no source of samples is configured",
                "give `--prometheus URL`, or `sources:` in the file of `--config`",
            ));
        }
        if self.definitions.is_empty() {
            problems.push(missing(
                "no definitions are configured",
                "give `--definitions DIR`, or `definitions:` in the file of `--config`",
            ));
        }
        problems
    }

    /// The whole configuration as YAML, with `<secret>` for what is secret.
    pub fn dump(&self) -> String {
        dump::yaml(self)
    }
}
