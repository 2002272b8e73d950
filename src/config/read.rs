//! The file below flags and variables: each setting is taken from the highest
//! layer that names it and read by the same function, whichever layer that is.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;

use crate::model::labels::Labels;
use crate::model::problem::{Level, Problem, any_error};
use crate::model::time::Millis;
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Node, Span, Value};
use crate::yaml::read::documents;
use crate::yaml::source::Source as Text;
use crate::yaml::words::{Complaint, dns_label, duration, label_name, label_value, one_of, shown, timezone};

use super::endpoint::{Endpoint, Header, endpoint, header, headers, timeout, url};
use super::settings::{ALERTMANAGER, Overrides, PROMETHEUS, Setting, setting};
use super::{
    Config, Kubernetes, Log, LogFormat, LogLevel, Otlp, Source, SourceKind, Surroundings, Toggle,
};

/// Sources of one daemon: one per cluster for the largest fleets.
const SOURCES_MAX: usize = 64;
/// Alertmanagers that each alert goes to.
const ALERTMANAGERS_MAX: usize = 32;
/// Entries of the other lists.
const LIST_MAX: usize = 1_000;
/// Labels on everything that leaves.
const EXTERNAL_LABELS_MAX: usize = 16;

/// The layers, and the problems found in them so far.
pub(super) struct Reading<'a, 't> {
    pub source: Text<'t>,
    pub surroundings: &'a Surroundings<'a>,
    overrides: &'a Overrides,
    /// Where relative paths of the file start.
    directory: PathBuf,
    /// Problems of flags and variables.
    outside: Vec<Problem>,
}

/// Reads everything; a configuration comes only without errors.
pub(super) fn config(
    text: &str,
    file: &str,
    overrides: &Overrides,
    surroundings: &Surroundings<'_>,
) -> (Option<Config>, Vec<Problem>) {
    let directory = Path::new(file).parent().unwrap_or(Path::new("")).to_path_buf();
    let source = Text::new(file, text);
    let mut reading = Reading { source, surroundings, overrides, directory, outside: Vec::new() };
    let documents = documents(text, &mut reading.source);
    if let Some(second) = documents.get(1) {
        let hint = Some("a configuration is one document; remove the line `---`".to_owned());
        reading.source.error(second.span, "", "a second document", hint);
    }
    let nothing = Node { span: Span::default(), value: Value::Map(Vec::new()) };
    let root = At::root(documents.first().unwrap_or(&nothing));
    let config = root.fields(&mut reading.source).and_then(|mut fields| {
        let config = read_config(&mut fields, &mut reading);
        fields.finish(&mut reading.source);
        config
    });
    let mut problems = reading.outside;
    problems.extend(reading.source.into_problems());
    (config.filter(|_| !any_error(&problems)), problems)
}

fn read_config(fields: &mut Fields<'_>, reading: &mut Reading<'_, '_>) -> Option<Config> {
    let sources = sources(fields.optional("sources"), reading);
    let alertmanagers = alertmanagers(fields.optional("alertmanagers"), reading);
    let definitions = reading.paths("definitions", fields.optional("definitions"));
    let data = reading.path("data", fields.optional("data"));
    let listen = reading.scalar("listen", fields.optional("listen"), address);
    let bounded = |min, max| move |text: &str| duration(text, min, max);
    let backfill = reading.scalar("backfill", fields.optional("backfill"), bounded(Millis(0), Millis::from_days(400)));
    let retention =
        reading.scalar("retention", fields.optional("retention"), bounded(Millis::from_days(1), Millis::from_days(3_650)));
    let interval = bounded(Millis::from_secs(5), Millis::from_mins(5));
    let evaluation_interval = reading.scalar("evaluation_interval", fields.optional("evaluation_interval"), interval);
    let external_labels = external_labels(fields.optional("external_labels"), reading);
    let external_url = reading.choice("external_url", fields.optional("external_url"), url);
    let timezone = reading.scalar::<Tz>("timezone", fields.optional("timezone"), timezone);
    let kubernetes = kubernetes(fields.optional("kubernetes"), reading);
    let otlp = otlp(fields.optional("otlp"), reading);
    let log = log(fields.optional("log"), reading);
    let (backfill, retention) = (backfill?, retention?);
    if backfill > retention {
        let message = format!("the backfill of {backfill} is longer than the retention of {retention}");
        reading.outside.push(Problem::of_file(
            Level::Error,
            reading.source.file(),
            message,
            Some("what is read would be dropped at once; shorten `backfill` or lengthen `retention`".to_owned()),
        ));
    }
    Some(Config {
        sources: sources?,
        alertmanagers: alertmanagers?,
        definitions: definitions?,
        data: data?,
        listen: listen?,
        backfill,
        retention,
        evaluation_interval: evaluation_interval?,
        external_labels: external_labels?,
        external_url: external_url?,
        timezone: timezone?,
        kubernetes: kubernetes?,
        otlp: otlp?,
        log: log?,
    })
}

impl Reading<'_, '_> {
    /// A setting with a default, from the highest layer that names it. Each
    /// default is read like anything else; a test reads them all.
    pub fn scalar<T>(
        &mut self,
        key: &str,
        at: Option<At<'_>>,
        read: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<T> {
        if let Some(values) = self.overrides.get(key) {
            return self.outside(key, values.last()?, read);
        }
        match at {
            Some(at) => at.parse(&mut self.source, read),
            None => self.outside(key, setting(key)?.default?, read),
        }
    }

    /// A setting that may be absent: `Some(None)` if no layer names it.
    fn choice<T>(
        &mut self,
        key: &str,
        at: Option<At<'_>>,
        read: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Option<T>> {
        if at.is_none() && self.overrides.get(key).is_none() {
            return Some(None);
        }
        self.scalar(key, at, read).map(Some)
    }

    /// A list, from the highest layer that names it.
    fn list<T>(
        &mut self,
        key: &str,
        at: Option<At<'_>>,
        read: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Option<Vec<T>> {
        if let Some(values) = self.overrides.get(key) {
            let read: Vec<Option<T>> = values.iter().map(|value| self.outside(key, value, &read)).collect();
            return read.into_iter().collect();
        }
        let Some(at) = at else { return Some(Vec::new()) };
        let items = at.items(&mut self.source, LIST_MAX)?;
        let read: Vec<Option<T>> = items.iter().map(|item| item.parse(&mut self.source, &read)).collect();
        read.into_iter().collect()
    }

    /// A value from a flag, a variable or the reference.
    fn outside<T>(&mut self, key: &str, text: &str, read: impl Fn(&str) -> Result<T, Complaint>) -> Option<T> {
        read(text)
            .map_err(|complaint| {
                let mut problem = Problem::of_file(Level::Error, flag_name(key), complaint.message, complaint.hint);
                problem.path = key.to_owned();
                self.outside.push(problem);
            })
            .ok()
    }

    fn path(&mut self, key: &str, at: Option<At<'_>>) -> Option<PathBuf> {
        let directory = self.start(key, at.is_some());
        self.scalar(key, at, |text| path(text).map(|path| directory.join(path)))
    }

    fn paths(&mut self, key: &str, at: Option<At<'_>>) -> Option<Vec<PathBuf>> {
        let directory = self.start(key, at.is_some());
        self.list(key, at, |text| path(text).map(|path| directory.join(path)))
    }

    /// Where relative paths start: at the file for what it names, at the
    /// working directory for flags, variables and defaults.
    fn start(&self, key: &str, in_file: bool) -> PathBuf {
        if in_file && self.overrides.get(key).is_none() { self.directory.clone() } else { PathBuf::new() }
    }

    /// A file that can be read, named in the file.
    pub fn file(&mut self, at: &At<'_>) -> Option<PathBuf> {
        let (directory, readable) = (self.directory.clone(), self.surroundings.readable);
        at.parse(&mut self.source, |text| readable_path(&directory.join(path(text)?), readable))
    }
}

/// A path that is not empty; existence is another matter.
fn path(text: &str) -> Result<PathBuf, Complaint> {
    if text.is_empty() || text.contains('\0') {
        return Err(Complaint::from("the path is empty".to_owned()));
    }
    Ok(PathBuf::from(text))
}

fn readable_path(path: &Path, readable: &dyn Fn(&Path) -> Result<(), String>) -> Result<PathBuf, Complaint> {
    readable(path).map_err(|reason| Complaint::from(format!("{} cannot be read: {}", path.display(), shown(&reason))))?;
    Ok(path.to_path_buf())
}

fn flag_name(key: &str) -> String {
    match setting(key) {
        Some(Setting { flag: Some(flag), variable: Some(variable), .. }) => format!("--{flag} or {variable}"),
        _ => key.to_owned(),
    }
}

fn sources(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<Source>> {
    if reading.overrides.get(PROMETHEUS).is_some() {
        let url = reading.scalar(PROMETHEUS, None, url);
        let timeout = reading.scalar("sources[].timeout", None, timeout);
        let ingest_delay = reading.scalar("sources[].ingest_delay", None, ingest_delay);
        let endpoint = Endpoint::bare(url?, timeout?);
        return Some(vec![Source { name: "main".to_owned(), kind: SourceKind::Prometheus, endpoint, ingest_delay: ingest_delay? }]);
    }
    let Some(at) = at else { return Some(Vec::new()) };
    let items = at.items(&mut reading.source, SOURCES_MAX)?;
    let only = items.len() == 1;
    let mut names = BTreeSet::new();
    let mut sources = Vec::new();
    for item in &items {
        let Some(source) = source(item, only, reading) else { continue };
        if !names.insert(source.name.clone()) {
            let message = format!("two sources are named `{}`", source.name);
            item.error(&mut reading.source, message, Some("each source needs its own name".to_owned()));
        }
        sources.push(source);
    }
    (sources.len() == items.len()).then_some(sources)
}

fn source(at: &At<'_>, only: bool, reading: &mut Reading<'_, '_>) -> Option<Source> {
    let mut fields = at.fields(&mut reading.source)?;
    let name_at = if only {
        fields.optional("name")
    } else {
        fields.required("name", &mut reading.source, "with several sources each needs a name")
    };
    let kind_at = fields.optional("type");
    let delay_at = fields.optional("ingest_delay");
    let endpoint = endpoint(&mut fields, "sources[].timeout", reading);
    fields.finish(&mut reading.source);
    let name = match name_at {
        None if !only => None,
        at => reading.scalar("sources[].name", at, dns_label),
    };
    let kinds = [("prometheus", SourceKind::Prometheus)];
    let kind = reading.scalar("sources[].type", kind_at, |text| one_of(text, &kinds));
    let ingest_delay = reading.scalar("sources[].ingest_delay", delay_at, ingest_delay);
    Some(Source { name: name?, kind: kind?, endpoint: endpoint?, ingest_delay: ingest_delay? })
}

fn ingest_delay(text: &str) -> Result<Millis, Complaint> {
    duration(text, Millis(0), Millis::from_hours(1))
}

fn alertmanagers(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<Endpoint>> {
    const TIMEOUT: &str = "alertmanagers[].timeout";
    let bare = reading.scalar(TIMEOUT, None, timeout);
    if reading.overrides.get(ALERTMANAGER).is_some() {
        let urls = reading.list(ALERTMANAGER, None, url)?;
        return urls.into_iter().map(|url| Some(Endpoint::bare(url, bare?))).collect();
    }
    let Some(at) = at else { return Some(Vec::new()) };
    let items = at.items(&mut reading.source, ALERTMANAGERS_MAX)?;
    let mut endpoints = Vec::new();
    for item in &items {
        // An address alone is short for a mapping with `url`.
        let read = if let Value::Text(_) = item.node.value {
            item.parse(&mut reading.source, url).and_then(|url| Some(Endpoint::bare(url, bare?)))
        } else {
            item.fields(&mut reading.source).and_then(|mut fields| {
                let endpoint = endpoint(&mut fields, TIMEOUT, reading);
                fields.finish(&mut reading.source);
                endpoint
            })
        };
        endpoints.push(read);
    }
    endpoints.into_iter().collect()
}

/// `127.0.0.1:9595`, `[::]:9595`.
fn address(text: &str) -> Result<SocketAddr, Complaint> {
    text.parse().map_err(|_| {
        let hint = match text.strip_prefix(':').or_else(|| text.strip_prefix("localhost:")) {
            Some(port) if text.starts_with(':') => format!("for all interfaces write `0.0.0.0:{}`", shown(port)),
            Some(port) => format!("write the address: `127.0.0.1:{}`", shown(port)),
            None => "an IP address and a port, for example `127.0.0.1:9595` or `0.0.0.0:9595`".to_owned(),
        };
        Complaint::new(format!("`{}` is not an address with a port", shown(text)), hint)
    })
}

fn external_labels(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Labels> {
    const KEY: &str = "external_labels";
    if reading.overrides.get(KEY).is_some() {
        let pairs = reading.list(KEY, None, |text| {
            let wrong = || Complaint::new(format!("`{}` is not NAME=VALUE", shown(text)), "for example cluster=eu-1");
            let (name, value) = text.split_once('=').ok_or_else(wrong)?;
            Ok((external_name(name)?, label_value(value)?))
        });
        return pairs.map(|pairs| pairs.into_iter().collect());
    }
    let Some(at) = at else { return Some(Labels::new()) };
    let before = reading.source.errors();
    let mut labels = Labels::new();
    for entry in at.entries(&mut reading.source, EXTERNAL_LABELS_MAX)? {
        let entry_at = at.entry(entry);
        match external_name(&entry.key) {
            Ok(name) => labels.set(name, entry_at.parse(&mut reading.source, label_value).unwrap_or_default()),
            Err(Complaint { message, hint }) => reading.source.error(entry.key_span, &entry_at.path, message, hint),
        }
    }
    (reading.source.errors() == before).then_some(labels)
}

/// A label's name that neither alerts nor SLOs set themselves.
fn external_name(text: &str) -> Result<String, Complaint> {
    let name = label_name(text)?;
    if ["alertname", "severity", "slo", "service", "tier"].contains(&name.as_str()) {
        return Err(Complaint::new(format!("the label `{name}` is set by each SLO"), "external labels say where, such as `cluster`"));
    }
    Ok(name)
}

fn kubernetes(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Kubernetes> {
    let toggles = [("auto", Toggle::Auto), ("true", Toggle::On), ("false", Toggle::Off)];
    let (directory, readable) = (reading.start("kubernetes.kubeconfig", true), reading.surroundings.readable);
    let [enabled, kubeconfig, namespaces] = section(at, ["enabled", "kubeconfig", "namespaces"], reading)?;
    let enabled = reading.scalar("kubernetes.enabled", enabled, |text| one_of(text, &toggles));
    let file = |text: &str| readable_path(&directory.join(path(text)?), readable);
    let kubeconfig = reading.choice("kubernetes.kubeconfig", kubeconfig, file);
    let namespaces = reading.list("kubernetes.namespaces", namespaces, dns_label);
    Some(Kubernetes { enabled: enabled?, kubeconfig: kubeconfig?, namespaces: namespaces? })
}

fn otlp(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Option<Otlp>> {
    const HEADERS: &str = "otlp.headers";
    let place = at.as_ref().map(|at| at.node.span);
    let [endpoint_at, headers_at] = section(at, ["endpoint", "headers"], reading)?;
    let has_headers = headers_at.is_some() || reading.overrides.get(HEADERS).is_some();
    let endpoint = reading.choice("otlp.endpoint", endpoint_at, url)?;
    let variable = reading.surroundings.variable;
    let headers: Option<Vec<Header>> = match (reading.overrides.get(HEADERS).is_some(), headers_at) {
        (true, _) => reading.list(HEADERS, None, |text| header(text, variable)),
        (false, Some(at)) => headers(&at, reading),
        (false, None) => Some(Vec::new()),
    };
    if endpoint.is_none() && has_headers {
        let hint = Some("name the receiver as `endpoint`, or leave out the headers".to_owned());
        reading.source.error(place.unwrap_or_default(), "otlp", "headers without an endpoint", hint);
        return None;
    }
    let headers = headers?;
    Some(endpoint.map(|endpoint| Otlp { endpoint, headers }))
}

fn log(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Log> {
    let formats = [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)];
    let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace];
    let levels = levels.map(|level| (level.word(), level));
    let [format, level] = section(at, ["format", "level"], reading)?;
    let format = reading.scalar("log.format", format, |text| one_of(text, &formats));
    let level = reading.scalar("log.level", level, |text| one_of(text, &levels));
    Some(Log { format: format?, level: level? })
}

/// The keys of a section that may be absent as a whole.
fn section<'n, const N: usize>(
    at: Option<At<'n>>,
    keys: [&'static str; N],
    reading: &mut Reading<'_, '_>,
) -> Option<[Option<At<'n>>; N]> {
    let Some(at) = at else { return Some(keys.map(|_| None)) };
    let mut fields = at.fields(&mut reading.source)?;
    let found = keys.map(|key| fields.optional(key));
    fields.finish(&mut reading.source);
    Some(found)
}
