//! The configuration, read and checked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;
use url::Url;

use crate::config::sections::web::WebSettings;
use crate::model::kinds::WebhookKind;
use crate::model::labels::Labels;
use crate::model::link::LinkTemplate;
use crate::model::operations::alert_settings::AlertSettings;
use crate::model::operations::on_call::OnCall;
use crate::model::problem::{Level, Problem};
use crate::model::time::Millis;
use crate::net::{Endpoint, Secret};

/// Everything that the daemon is told about how to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where samples are read; may be empty where nothing is run.
    pub sources: Vec<SourceConfig>,
    /// Every one of them is told of every alert.
    pub alertmanagers: Vec<Endpoint>,
    /// Who may push facts.
    pub webhooks: Vec<Webhook>,
    /// Files and directories of definitions.
    pub definitions: Vec<PathBuf>,
    /// The store's directory, made if absent.
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Who may use the listener.
    pub web: WebSettings,
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
    /// Links to other tools, in the order in which pages show them.
    pub links: Vec<LinkTemplate>,
    /// Whether an alert fires as long as SLOs are evaluated.
    pub heartbeat: bool,
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

/// A place that samples are read from: the HTTP API of Prometheus, as Thanos, Mimir
/// and VictoriaMetrics have it.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Unique; a DNS label. Definitions name it.
    pub name: String,
    pub endpoint: Endpoint,
    /// How long a slot is left to late samples before it is counted.
    pub ingest_delay: Millis,
    /// Labels that tell the replicas of an HA pair apart.
    pub replica_labels: Vec<String>,
    /// Where its samples are from, such as `cluster`: for its SLOs and alerts.
    pub labels: Labels,
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
}
