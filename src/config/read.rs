//! Every setting of a configuration, read in the order of the reference. Must
//! not know which layer a value comes from.

use std::net::SocketAddr;
use std::path::Path;

use chrono_tz::Tz;

use super::endpoint::{Details, header, url};
use super::layers::{Reading, path, readable_path, section};
use super::sections::alerts::alerts;
use super::sections::on_call::on_call;
use super::sections::peers::{alertmanagers, sources};
use super::sections::webhooks::webhooks;
use super::settings::Overrides;
use crate::config::contents::{Config, Kubernetes, Log, LogFormat, LogLevel, Toggle};
use crate::config::environment::Environment;
use crate::config::sections::links::links;
use crate::config::sections::place_labels::{place_label_name, place_labels};
use crate::config::sections::web::web;
use crate::model::labels::Labels;
use crate::model::problem::{Level, Problem, any_error};
use crate::model::time::Millis;
use crate::net::{Endpoint, Secret};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Node, Span, Value};
use crate::yaml::read::documents;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, dns_label, duration, label_value, one_of, shown, timezone};

/// Reads everything; a configuration comes only without errors.
pub(super) fn config(
    text: &str,
    file: &str,
    overrides: &Overrides,
    surroundings: &Environment<'_>,
) -> (Option<Config>, Vec<Problem>) {
    let directory = Path::new(file).parent().unwrap_or(Path::new("")).to_path_buf();
    let source = SourceText::new(file, text);
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
    let webhooks = webhooks(fields.optional("webhooks"), reading);
    let definitions = reading.paths("definitions", fields.optional("definitions"));
    let data = reading.path("data", fields.optional("data"));
    let listen = reading.scalar("listen", fields.optional("listen"), address);
    let web = web(fields.optional("web"), reading);
    let token_at = fields.optional("write_token_file");
    let write_token = token_at.map_or(Some(None), |at| reading.file(&at).map(|file| Some(Secret::File(file))));
    let bounded = |min, max| move |text: &str| duration(text, min, max);
    let backfill = reading.scalar("backfill", fields.optional("backfill"), bounded(Millis(0), Millis::from_days(400)));
    let retention = reading.scalar(
        "retention",
        fields.optional("retention"),
        bounded(Millis::from_days(1), Millis::from_days(3_650)),
    );
    let interval = bounded(Millis::from_secs(5), Millis::from_mins(5));
    let evaluation_interval = reading.scalar("evaluation_interval", fields.optional("evaluation_interval"), interval);
    let external_labels = external_labels(fields.optional("external_labels"), reading);
    let external_url = reading.choice("external_url", fields.optional("external_url"), url);
    let links = links(fields.optional("links"), reading);
    let heartbeat = reading.scalar("heartbeat", fields.optional("heartbeat"), yes_or_no);
    let timezone = reading.scalar::<Tz>("timezone", fields.optional("timezone"), timezone);
    let on_call = timezone.and_then(|zone| on_call(fields.optional("on_call"), zone, reading));
    let alerts = alerts(fields.optional("alerts"), reading);
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
        webhooks: webhooks?,
        definitions: definitions?,
        data: data?,
        listen: listen?,
        web: web?,
        write_token: write_token?,
        backfill,
        retention,
        evaluation_interval: evaluation_interval?,
        external_labels: external_labels?,
        external_url: external_url?,
        links: links?,
        heartbeat: heartbeat?,
        timezone: timezone?,
        on_call: on_call?,
        alerts: alerts?,
        kubernetes: kubernetes?,
        otlp: otlp?,
        log: log?,
    })
}

/// `127.0.0.1:9595`, `[::]:9595`.
fn address(text: &str) -> Result<SocketAddr, Complaint> {
    text.parse().map_err(|_| {
        let hint = match text.strip_prefix(':').or_else(|| text.strip_prefix("localhost:")) {
            Some(port) if text.starts_with(':') => {
                format!("for all interfaces write `0.0.0.0:{}`", shown(port))
            }
            Some(port) => format!("write the address: `127.0.0.1:{}`", shown(port)),
            None => "an IP address and a port, for example `127.0.0.1:9595` or `0.0.0.0:9595`".to_owned(),
        };
        Complaint::new(format!("`{}` is not an address with a port", shown(text)), hint)
    })
}

fn yes_or_no(text: &str) -> Result<bool, Complaint> {
    one_of(text, &[("true", true), ("false", false)])
}

fn external_labels(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Labels> {
    const KEY: &str = "external_labels";
    if reading.overrides.get(KEY).is_some() {
        let pairs = reading.list(KEY, None, |text| {
            let wrong = || Complaint::new(format!("`{}` is not NAME=VALUE", shown(text)), "for example cluster=eu-1");
            let (name, value) = text.split_once('=').ok_or_else(wrong)?;
            Ok((place_label_name(name)?, label_value(value)?))
        });
        return pairs.map(|pairs| pairs.into_iter().collect());
    }
    place_labels(at, reading)
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

fn otlp(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Option<Endpoint>> {
    const HEADERS: &str = "otlp.headers";
    let nothing = Node { span: Span::default(), value: Value::Map(Vec::new()) };
    let place = at.as_ref().map(|at| at.node.span);
    let mut fields = at.unwrap_or(At::root(&nothing)).fields(&mut reading.source)?;
    let endpoint_at = fields.optional("endpoint");
    let mut more = Details::of(&mut fields);
    fields.finish(&mut reading.source);
    let variable = reading.surroundings.variable;
    let from_flags = match reading.overrides.get(HEADERS) {
        Some(_) => {
            more.headers = None;
            Some(reading.list(HEADERS, None, |text| header(text, variable))?)
        }
        None => None,
    };
    let Some(endpoint) = reading.choice("otlp.endpoint", endpoint_at, url)? else {
        if from_flags.is_some() || more.first().is_some() {
            let hint = Some("name the receiver as `endpoint`, or remove the other keys".to_owned());
            reading.source.error(place.unwrap_or_default(), "otlp", "settings of OTLP without an endpoint", hint);
            return None;
        }
        return Some(None);
    };
    let mut endpoint = more.read(Some(endpoint), "otlp.timeout", reading)?;
    endpoint.headers.extend(from_flags.unwrap_or_default());
    Some(Some(endpoint))
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
