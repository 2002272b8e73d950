//! Layers, defaults, secrets and mistakes of the configuration.

use std::path::Path;

use chrono_tz::Tz;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::model::kinds::WebhookKind;
use crate::model::time::Millis;
use crate::net::{Auth, Secret};

const FULL: &str = r#"
sources:
  - name: main
    type: prometheus
    url: https://prometheus.example/prefix
    auth: {username: evenkeel, password: "${PASSWORD}"}
    headers: {X-Scope-OrgID: team-a}
    timeout: 20s
    ca_file: certs/ca.pem
    ingest_delay: 90s
    replica_labels: [ha]
    labels: {cluster: eu-1}
  - name: edge
    url: http://edge:9090
    auth: {bearer_token_file: /run/secrets/token}
alertmanagers:
  - http://alertmanager-0:9093
  - url: http://alertmanager-1:9093
    auth: {bearer_token: "${PASSWORD}"}
webhooks:
  - {name: pager, type: pagerduty, secret_files: [old, /run/secrets/new], service_names: {Web Shop: shop}}
  - {name: am, type: alertmanager, token_files: [am-token]}
definitions: [slos, /etc/slos]
data: store
listen: 0.0.0.0:9000
backfill: 60d
retention: 500d
evaluation_interval: 1m
external_labels: {cluster: eu-1}
external_url: https://evenkeel.example/
links: {Grafana: 'https://grafana.example/d/slo?var-slo={slo}&from={from_ms}'}
timezone: Europe/Berlin
kubernetes: {enabled: true, kubeconfig: kube.yaml, namespaces: [shop, payments]}
otlp:
  endpoint: "http://collector:4318"
  headers: {Authorization: "Bearer ${PASSWORD}"}
  header_files: {X-Api-Key: key}
  ca_file: certs/ca.pem
log: {format: json, level: debug}
"#;

fn variable(name: &str) -> Option<String> {
    (name == "PASSWORD").then(|| "hunter2".to_owned())
}

fn surroundings() -> Environment<'static> {
    Environment {
        variable: &variable,
        readable: &|path: &Path| {
            if path.ends_with("none") { Err("no such file".to_owned()) } else { Ok(()) }
        },
    }
}

fn read(text: &str, flags: &[(&'static str, &str)]) -> (Option<Config>, Vec<Problem>) {
    let mut overrides = Overrides::default();
    for (key, value) in flags {
        overrides.set(key, value.split(',').map(str::to_owned).collect());
    }
    parse(text, "etc/evenkeel.yaml", &overrides, &surroundings())
}

fn sound(text: &str, flags: &[(&'static str, &str)]) -> Config {
    let (config, problems) = read(text, flags);
    assert_eq!(problems, []);
    config.unwrap()
}

/// `line:column path: message | hint`, or the flag instead of the place.
fn told(text: &str, flags: &[(&'static str, &str)]) -> Vec<String> {
    let (config, problems) = read(text, flags);
    assert!(config.is_none(), "{text}");
    let line = |p: &Problem| {
        let place = if p.line == 0 { p.file.clone() } else { format!("{}:{}", p.line, p.column) };
        format!("{place} {}: {} | {}", p.path, p.message, p.hint.as_deref().unwrap_or("-"))
    };
    problems.iter().map(line).collect()
}

#[test]
fn nothing_but_defaults() {
    let config = sound("", &[]);
    assert_eq!(config.listen.to_string(), "127.0.0.1:9595");
    assert_eq!((config.backfill, config.retention), (Millis::from_days(30), Millis::from_days(400)));
    assert_eq!(config.timezone, Tz::UTC);
    assert_eq!(config.kubernetes.enabled, Toggle::Auto);
    assert!(config.otlp.is_none() && config.sources.is_empty());
    assert_eq!(config.missing_for_run().len(), 2);
}

#[test]
fn every_default_reads_as_it_is_documented() {
    let defaults = sound("", &[]).dump();
    for setting in reference().iter().filter(|setting| setting.flag.is_some()) {
        let Some(default) = setting.default else {
            continue;
        };
        assert_eq!(sound("", &[(setting.key, default)]).dump(), defaults, "{}", setting.key);
    }
    let mut keys: Vec<&str> = reference().iter().map(|setting| setting.key).collect();
    keys.dedup();
    assert_eq!(keys.len(), reference().len());
}

#[test]
fn a_full_file_is_read_and_paths_start_at_it() {
    let config = sound(FULL, &[]);
    let [main, edge] = config.sources.as_slice() else { panic!("two sources") };
    assert_eq!(main.endpoint.url.as_str(), "https://prometheus.example/prefix");
    assert_eq!(main.endpoint.ca_file.as_deref(), Some(Path::new("etc/certs/ca.pem")));
    assert_eq!((main.ingest_delay, edge.ingest_delay), (Millis::from_secs(90), Millis::from_secs(60)));
    assert_eq!(
        (main.replica_labels.join(","), edge.replica_labels.join(",")),
        ("ha".into(), "prometheus_replica,replica".into())
    );
    assert_eq!((main.labels.to_string(), edge.labels.is_empty()), (r#"{cluster="eu-1"}"#.to_owned(), true));
    let Some(Auth::Basic { username, password }) = &main.endpoint.auth else { panic!("basic") };
    assert_eq!((username.as_str(), password.reveal().unwrap().expose_secret()), ("evenkeel", "hunter2"));
    assert!(
        matches!(&edge.endpoint.auth, Some(Auth::Bearer(Secret::File(path))) if path == Path::new("/run/secrets/token"))
    );
    assert_eq!(config.definitions, [Path::new("etc/slos"), Path::new("/etc/slos")]);
    assert_eq!(config.data, Path::new("etc/store"));
    assert_eq!(config.external_labels.get("cluster"), Some("eu-1"));
    assert_eq!(config.kubernetes.namespaces, ["shop", "payments"]);
    let otlp = config.otlp.unwrap();
    assert_eq!(otlp.headers[0].value.reveal().unwrap().expose_secret(), "Bearer hunter2");
    assert!(matches!(&otlp.headers[1].value, Secret::File(path) if path == Path::new("etc/key")));
    assert_eq!((otlp.timeout, otlp.ca_file.as_deref()), (Millis::from_secs(10), Some(Path::new("etc/certs/ca.pem"))));
    assert_eq!(config.log, Log { format: LogFormat::Json, level: LogLevel::Debug });
}

#[test]
fn a_flag_wins_over_the_file() {
    let flags = [
        ("listen", "[::1]:1"),
        ("definitions", "mine"),
        ("data", "elsewhere"),
        ("sources[].url", "http://localhost:9090"),
        ("alertmanagers[].url", "http://a:1,http://b:2"),
        ("external_labels", "cluster=us-1,region=us"),
        ("kubernetes.enabled", "false"),
        ("kubernetes.namespaces", "one"),
        ("otlp.headers", "Authorization=Bearer x"),
    ];
    let config = sound(FULL, &flags);
    assert_eq!(config.listen.to_string(), "[::1]:1");
    assert_eq!((config.definitions, config.data), (vec!["mine".into()], "elsewhere".into()));
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.alertmanagers.len(), 2);
    assert_eq!(config.external_labels.to_string(), r#"{cluster="us-1", region="us"}"#);
    assert_eq!((config.kubernetes.enabled, config.kubernetes.namespaces), (Toggle::Off, vec!["one".to_owned()]));
    assert_eq!(config.otlp.unwrap().headers.len(), 2, "those of the file's `headers` give way, `header_files` stay");
}

#[test]
fn no_secret_is_shown_anywhere() {
    let config = sound(FULL, &[("otlp.headers", "Authorization=hunter2")]);
    let shown = format!("{config:?}{}", config.dump());
    assert!(!shown.contains("hunter2") && shown.contains("<secret>"));
    let wrong = "sources:\n- url: http://u:hunter2@p\n  auth: {username: a, password: hunter2}\n  headers: {Authorization: hunter2}\n";
    let (_, problems) = read(wrong, &[]);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
    for mistake in [
        "auth: {pasword: hunter2}",
        "auth: {pasword: hunter2, username: a}",
        "auth:\n    username: a\n    password: |\n      hunter2",
        "auth:\n    username: a\n    password: [hunter2]",
        "auth: me:hunter2",
        "auth: {bearer_token: \"hunter2}",
        "headers:\n    Authorization: >\n      hunter2",
        "headers: {X-Api-Key: hunter2}",
        "url: me:hunter2@host",
        "url: http://host/?key=hunter2",
        "url: http://host#hunter2@",
    ] {
        let (config, problems) =
            read(&format!("sources:\n  - name: x\n    {}\n", mistake.replace("    ", "      ")), &[]);
        assert!(config.is_none());
        assert!(!format!("{problems:?}").contains("hunter2"), "{mistake}: {problems:?}");
    }
}

#[test]
fn the_dump_reads_back_as_the_same() {
    let plain = "sources: [{url: http://p:9090, auth: {bearer_token_file: /t}, header_files: {X-K: /k}}]\nexternal_labels: {zone: \"on\"}\nlog: {level: warn}\n";
    let dump = sound(plain, &[]).dump();
    let (config, problems) = parse(&dump, "evenkeel.yaml", &Overrides::default(), &surroundings());
    assert_eq!(problems, []);
    assert_eq!(config.unwrap().dump(), dump);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "\
sources:
  - url: prometheus:9090
    tiemout: 5s
  - {name: B, url: http://b/?x=1, timeout: 5, type: prom}
alertmanagers: [ftp://a]
lisen: 127.0.0.1:1
listen: localhost:9595
backfill: 500d
timezone: Berlin
external_labels: {slo: x}
kubernetes: {enabled: yes, kubeconfig: none}
log: loud
";
    assert_eq!(
        told(text, &[("retention", "1h"), ("external_labels", "cluster")]),
        [
            "--retention or EVENKEEL_RETENTION retention: `1h` is out of range | write 1d to 3650d, with a unit of s, m, h, d or w",
            "--external-label or EVENKEEL_EXTERNAL_LABELS external_labels: `cluster` is not NAME=VALUE | for example cluster=eu-1",
            "2:5 sources[0].name: `name` is missing | with several sources each needs a name",
            "2:10 sources[0].url: `prometheus` is not the start of an http address | it starts with http:// or https://, for example http://prometheus:9090 or https://host/prefix",
            "3:5 sources[0].tiemout: unknown key `tiemout` in `sources[0]` | did you mean `timeout`?",
            "4:12 sources[1].name: `B` is not a DNS label | for example `b`: lower-case letters, digits and hyphens between them, at most 63 characters",
            "4:20 sources[1].url: the address has a query or a fragment | leave out what starts with `?` or `#`",
            "4:44 sources[1].timeout: `5` is not a duration | a number needs a unit: `5s` or `5m`; write 1s to 10m, with a unit of s, m, h, d or w",
            "4:53 sources[1].type: `prom` is not one of prometheus | -",
            "5:17 alertmanagers[0]: `ftp` is not the start of an http address | for example http://prometheus:9090 or https://host/prefix",
            "6:1 lisen: unknown key `lisen` | did you mean `listen`?",
            "7:9 listen: `localhost:9595` is not an address with a port | write the address: `127.0.0.1:9595`",
            "8:11 backfill: `500d` is out of range | write 0s to 400d, with a unit of s, m, h, d or w",
            "9:11 timezone: `Berlin` is not a time zone | did you mean `Europe/Berlin`?",
            "11:23 kubernetes.enabled: `yes` is not one of auto, true, false | -",
            "11:40 kubernetes.kubeconfig: etc/none cannot be read: no such file | -",
            "12:6 log: log must be a mapping, but is a single value | -",
        ]
    );
}

#[test]
fn credentials_come_whole_and_from_outside() {
    let told_of = |auth: &str| told(&format!("sources: [{{url: http://p, auth: {auth}}}]\n"), &[]).join("; ");
    for (auth, part) in [
        ("{username: a}", "incomplete"),
        ("{password: \"${PASSWORD}\"}", "incomplete"),
        ("{username: a, password_file: /x, bearer_token_file: /y}", "two kinds"),
        ("{username: a, password: \"${PASSWORD}\", password_file: /x}", "both named"),
        (
            "{bearer_token: abc}",
            "is written in the configuration itself | such files end up where others read them; write `bearer_token: ${VARIABLE}`",
        ),
        ("{bearer_token: \"${NONE}\"}", "`NONE` is not set"),
        ("{bearer_token_file: /run/none}", "cannot be read"),
        ("{bearer_token_file: /x}, header_files: {X-K: /run/none}", "cannot be read"),
        ("{}", "incomplete"),
    ] {
        assert!(told_of(auth).contains(part), "{auth}: {}", told_of(auth));
    }
    let breaks = Environment { variable: &|_| Some("a\r\nX-Evil: 1".to_owned()), readable: &|_| Ok(()) };
    let text = "sources: [{url: http://p, headers: {X-A: \"${A}\"}}]\n";
    let (config, problems) = parse(text, "f", &Overrides::default(), &breaks);
    assert!(config.is_none() && problems[0].message.contains("line break"), "{problems:?}");
}

#[test]
fn a_file_is_one_mapping() {
    assert_eq!(told("- 1\n", &[]), ["1:1 : the document must be a mapping, but is a list | -"]);
    assert_eq!(
        told("{}\n---\n{}\n", &[]),
        ["3:1 : a second document | a configuration is one document; remove the line `---`"]
    );
    assert!(told("otlp: {headers: {A: b}}\n", &[])[0].contains("settings of OTLP without an endpoint"));
    assert!(told("backfill: 30d\nretention: 7d\n", &[])[0].contains("longer than the retention"));
    assert!(load(Some(Path::new("/none/evenkeel.yaml")), &Overrides::default(), &surroundings()).0.is_none());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", at in 0..FULL.len(), cut in 0usize..40) {
        let _ = read(&text, &[("listen", &text), ("otlp.headers", &text)]);
        let mutated: String = FULL.chars().take(at).chain(text.chars()).chain(FULL.chars().skip(at + cut)).collect();
        let _ = read(&mutated, &[]);
    }
}

#[test]
fn a_receiver_proves_its_sender_as_its_tool_can() {
    let config = sound(FULL, &[]);
    let pager = &config.webhooks[0];
    assert_eq!((pager.name.as_str(), pager.kind, pager.secrets.len()), ("pager", WebhookKind::PagerDuty, 2));
    assert_eq!(pager.service_names["Web Shop"], "shop");
    let one = |rest: &str| told(&format!("webhooks: [{{name: a, {rest}}}]"), &[]);
    for wrong in [
        "type: pagerduty",
        "type: pagerduty, token_files: [t]",
        "type: alertmanager",
        "type: events, secret_files: [s]",
        "type: records",
        "type: records, token_files: [none]",
        "type: carrier-pigeon, token_files: [t]",
        "type: oncall, token: abc",
    ] {
        assert!(!one(wrong).is_empty(), "{wrong}");
    }
    let twice = "webhooks: [{name: a, type: records, token_files: [t]}, {name: a, type: records, token_files: [t]}]";
    assert!(told(twice, &[])[0].contains("two webhooks are named `a`"));
}

#[test]
fn links_are_addresses_with_known_placeholders() {
    let links = sound("links: {Grafana: 'https://g.example/?slo={slo}', Wiki: 'http://w.example/{team}'}", &[]).links;
    assert_eq!(links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(), ["Grafana", "Wiki"]);
    let wrong =
        told("links:\n  Shell: javascript:alert(1)\n  Pod: https://g.example/{pod}\n  '': https://g.example/\n", &[]);
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(wrong[0].starts_with("2:10 links.Shell: a link needs the scheme `http` or `https`"), "{}", wrong[0]);
    assert!(wrong[1].starts_with("3:8 links.Pod: unknown placeholder `{pod}` | use {service}, {slo}"), "{}", wrong[1]);
    assert!(wrong[2].contains("is not a name for a link"), "{}", wrong[2]);
}
