//! The one list of settings: from it come the flags, the variables, their help
//! and the reference table. Values from flags and variables travel as text, so
//! that their problems are found together with those of the file.

mod overrides;
mod setting;

pub use overrides::Overrides;
pub use setting::Setting;
use setting::{flag, key, many};

/// The key of the one source that a flag can name.
pub const PROMETHEUS: &str = "sources[].url";
/// The key of Alertmanagers named by flags.
pub(super) const ALERTMANAGER: &str = "alertmanagers[].url";

const SETTINGS: [Setting; 69] = [
    key(
        "sources[].name",
        "NAME",
        Some("main"),
        "Name of the source, which definitions refer to. Required if there are several.",
    ),
    key("sources[].type", "prometheus", Some("prometheus"), "Protocol of the source."),
    flag(
        PROMETHEUS,
        "prometheus",
        "EVENKEEL_PROMETHEUS",
        "URL",
        None,
        "Prometheus (or Thanos, Mimir, VictoriaMetrics) that samples are read from. As a flag: the one source, named `main`.",
    ),
    key("sources[].auth.username", "TEXT", None, "User of basic authentication."),
    key("sources[].auth.password", "${VARIABLE}", None, "Password, from a variable; or `password_file`."),
    key(
        "sources[].auth.password_file",
        "FILE",
        None,
        "File with the password. Read again for each request, so it can be rotated.",
    ),
    key("sources[].auth.bearer_token", "${VARIABLE}", None, "Bearer token, from a variable; or `bearer_token_file`."),
    key(
        "sources[].auth.bearer_token_file",
        "FILE",
        None,
        "File with the bearer token. Read again for each request, so it can be rotated.",
    ),
    key(
        "sources[].headers",
        "{NAME: VALUE}",
        None,
        "Headers of each request, such as `X-Scope-OrgID`. Values may hold `${VARIABLE}`.",
    ),
    key(
        "sources[].header_files",
        "{NAME: FILE}",
        None,
        "Headers whose values are in files. Read again for each request, so they can be rotated.",
    ),
    key("sources[].timeout", "DURATION", Some("30s"), "Longest wait for an answer, 1s to 10m."),
    key(
        "sources[].ca_file",
        "FILE",
        None,
        "Certificate authorities (PEM) that are trusted in addition to the system's. Read again when the file changes.",
    ),
    key(
        "sources[].ingest_delay",
        "DURATION",
        Some("60s"),
        "Delay before a minute is counted, so that late samples can arrive, 0s to 1h.",
    ),
    key(
        "sources[].replica_labels",
        "[NAME]",
        Some("[prometheus_replica, replica]"),
        "Labels that distinguish the replicas of an HA pair. Series that differ only in these are counted once; `[]` counts each.",
    ),
    key(
        "sources[].labels",
        "{NAME: VALUE}",
        None,
        "Labels of the SLOs that are read from this source, and of its alerts, where they have none of that name. For several clusters: `cluster: eu-1`.",
    ),
    many(flag(
        ALERTMANAGER,
        "alertmanager",
        "EVENKEEL_ALERTMANAGERS",
        "URL",
        None,
        "Alertmanager that alerts are sent to. Name every replica, never a load balancer.",
    )),
    key("alertmanagers[].auth", "{...}", None, "As `sources[].auth`."),
    key("alertmanagers[].headers", "{NAME: VALUE}", None, "As `sources[].headers`."),
    key("alertmanagers[].header_files", "{NAME: FILE}", None, "As `sources[].header_files`."),
    key("alertmanagers[].ca_file", "FILE", None, "As `sources[].ca_file`."),
    key("alertmanagers[].timeout", "DURATION", Some("10s"), "Longest wait for an answer, 1s to 10m."),
    key("webhooks[].name", "NAME", None, "Name of a webhook that tools push to, at `POST /in/NAME`. Required."),
    key(
        "webhooks[].type",
        "alertmanager|events|pagerduty|oncall|records",
        None,
        "What is pushed: Alertmanager's webhook, its event recorder, the webhooks of PagerDuty and Grafana OnCall, or records in JSON and CSV. Required.",
    ),
    key(
        "webhooks[].token_files",
        "[FILE]",
        None,
        "Files with tokens, sent as bearer token or as password. Each of them is valid, so that a token can be rotated without a gap; read again for each delivery.",
    ),
    key(
        "webhooks[].secret_files",
        "[FILE]",
        None,
        "Files with the secrets of signatures: those of PagerDuty's webhook, or for `records` of `X-Evenkeel-Signature`.",
    ),
    key(
        "webhooks[].service_names",
        "{NAME: SERVICE}",
        None,
        "Names that the tool uses for services, each with the name of the service in the definitions.",
    ),
    many(flag(
        "definitions",
        "definitions",
        "EVENKEEL_DEFINITIONS",
        "PATH",
        None,
        "File or directory of SLO definitions (*.yaml, *.yml).",
    )),
    flag("data", "data", "EVENKEEL_DATA", "DIR", Some("evenkeel-data"), "Directory of the store, made if absent."),
    flag(
        "listen",
        "listen",
        "EVENKEEL_LISTEN",
        "ADDR:PORT",
        Some("127.0.0.1:9595"),
        "Address of the API, the metrics and the pages. Port 0 picks a free one.",
    ),
    key(
        "write_token_file",
        "FILE",
        None,
        "File with a token of the role `admin`. Without any credential only clients of this machine may write, and only on a loopback listener.",
    ),
    flag(
        "web.config_file",
        "web-config-file",
        "EVENKEEL_WEB_CONFIG_FILE",
        "FILE",
        None,
        "Web configuration of Prometheus: TLS (`tls_server_config`) and users (`basic_auth_users`). Read again when it or a certificate changes.",
    ),
    flag(
        "web.anonymous",
        "web-anonymous",
        "EVENKEEL_WEB_ANONYMOUS",
        "auto|read|none",
        Some("auto"),
        "What requests without a credential may do; auto: read on a loopback listener (and write, if no credential is configured), nothing elsewhere.",
    ),
    key(
        "web.hosts",
        "[NAME]",
        None,
        "Host names that requests may be sent to. A loopback listener always serves loopback names and that of `external_url`; another serves all names unless some are listed.",
    ),
    key(
        "web.tokens",
        "[{name, file, role}]",
        None,
        "Bearer tokens with the role `read`, `annotate` or `admin`. Each file is read again for each request.",
    ),
    key("web.roles", "{USER: ROLE}", None, "Roles of users; others have `read`."),
    key(
        "web.proxy",
        "{addresses, user_header}",
        None,
        "Proxy that authenticates people: its addresses or networks, and the header with the user's name.",
    ),
    flag(
        "backfill",
        "backfill",
        "EVENKEEL_BACKFILL",
        "DURATION",
        Some("30d"),
        "History that is read from the sources at the first start, 0s to 400d.",
    ),
    flag(
        "retention",
        "retention",
        "EVENKEEL_RETENTION",
        "DURATION",
        Some("400d"),
        "How long facts are kept, 1d to 3650d.",
    ),
    flag(
        "evaluation_interval",
        "evaluation-interval",
        "EVENKEEL_EVALUATION_INTERVAL",
        "DURATION",
        Some("30s"),
        "Interval between evaluations, 5s to 5m.",
    ),
    many(flag(
        "external_labels",
        "external-label",
        "EVENKEEL_EXTERNAL_LABELS",
        "NAME=VALUE",
        None,
        "Label added to all exported alerts and metrics, such as cluster=eu-1.",
    )),
    flag(
        "external_url",
        "external-url",
        "EVENKEEL_EXTERNAL_URL",
        "URL",
        None,
        "URL at which people reach this daemon, for links in alerts and reports.",
    ),
    key(
        "links",
        "{NAME: URL}",
        None,
        "Links to other tools on the pages of SLOs, services, incidents and alerts, `http` or `https`. Placeholders in the path and the query: `{service}`, `{slo}`, `{team}`, `{cluster}`, `{namespace}`, `{alert}`, `{incident}`, and the time that is shown as `{from}` and `{to}` (RFC 3339), `{from_s}`, `{to_s}`, `{from_ms}`, `{to_ms}`. A link is shown where all its placeholders are known.",
    ),
    flag(
        "heartbeat",
        "heartbeat",
        "EVENKEEL_HEARTBEAT",
        "true|false",
        Some("false"),
        "Whether an alert `EvenkeelHeartbeat` fires as long as SLOs are evaluated, for a receiver that notices when it ends.",
    ),
    flag(
        "timezone",
        "timezone",
        "EVENKEEL_TIMEZONE",
        "ZONE",
        Some("UTC"),
        "IANA time zone of reports, such as Europe/Berlin.",
    ),
    key("on_call.shift", "DURATION", Some("12h"), "Shift over which interruptions are counted, 1h to 7d."),
    key(
        "on_call.off_hours",
        "HH:MM-HH:MM",
        Some("22:00-07:00"),
        "Off-hours, in `timezone`. Pages in this range count as off-hours pages.",
    ),
    key(
        "on_call.teams",
        "{TEAM: {timezone, off_hours}}",
        None,
        "Time zone and off-hours of single teams, by the label `team` of their alerts or SLOs.",
    ),
    key(
        "alerts.service",
        "[{match, label, regex, replacement}]",
        None,
        "Rules that name the service of an alert, before the built-in ones. Of each, `match` holds patterns by label, `label` or `labels` (joined with `;`) is what is read, `regex` and `replacement` work as in relabelling. The first rule that gives a name decides.",
    ),
    key("alerts.team", "[{...}]", None, "As `alerts.service`, for the team. Without a rule the label `team`."),
    key(
        "alerts.namespace",
        "[{...}]",
        None,
        "As `alerts.service`, for the namespace. Without a rule the label `namespace`.",
    ),
    key("alerts.cluster", "[{...}]", None, "As `alerts.service`, for the cluster. Without a rule the label `cluster`."),
    key(
        "alerts.severity",
        "{WORD: page|ticket|info}",
        None,
        "Severity of words on alerts, in addition to the usual words. Case and separators do not matter. An unknown word is a ticket, and a finding.",
    ),
    key(
        "alerts.severity_labels",
        "[NAME]",
        Some("[severity, priority, level, urgency, criticality, sev]"),
        "Labels that hold that word, whatever their case; the first that an alert has is read.",
    ),
    key(
        "alerts.incident_scope",
        "auto|namespace|cluster|service",
        Some("auto"),
        "What tells two installations of a service apart, so that each has its own incidents. auto: the cluster, and the namespace where a Kubernetes object names the service; service: nothing.",
    ),
    key(
        "alerts.incident_floor",
        "PERCENT",
        Some("1%"),
        "Share of the error budget below which a burn without a page is not an incident; with 0% each is.",
    ),
    key(
        "alerts.paging_receivers",
        "[PATTERN]",
        None,
        "Receivers of Alertmanager that interrupt somebody. Without them all that have an integration, except `silent_receivers`.",
    ),
    key(
        "alerts.silent_receivers",
        "[PATTERN]",
        None,
        "Receivers of Alertmanager that notify nobody, such as a dead man's switch.",
    ),
    key(
        "on_call.automation",
        "[PATTERN]",
        None,
        "Names of programs, `*` for any text: their silences and acknowledgements are not those of people. Unset: usual names, such as `*-bot`, `kthxbye`, `svc-*`.",
    ),
    flag(
        "kubernetes.enabled",
        "kubernetes",
        "EVENKEEL_KUBERNETES",
        "auto|true|false",
        Some("auto"),
        "Read events, rollouts and manual changes from Kubernetes; auto: if an API server is reachable.",
    ),
    flag(
        "kubernetes.kubeconfig",
        "kubeconfig",
        "EVENKEEL_KUBECONFIG",
        "FILE",
        None,
        "Kubeconfig; without it the pod's service account, then the user's own file.",
    ),
    many(flag(
        "kubernetes.namespaces",
        "namespace",
        "EVENKEEL_NAMESPACES",
        "NAME",
        None,
        "Namespace that is watched; all without it.",
    )),
    flag(
        "otlp.endpoint",
        "otlp-endpoint",
        "EVENKEEL_OTLP_ENDPOINT",
        "URL",
        None,
        "OTLP/HTTP receiver that results, traces and logs are pushed to, such as http://collector:4318.",
    ),
    many(flag(
        "otlp.headers",
        "otlp-header",
        "EVENKEEL_OTLP_HEADERS",
        "NAME=VALUE",
        None,
        "Header of each push. Values may hold `${VARIABLE}`.",
    )),
    key("otlp.header_files", "{NAME: FILE}", None, "As `sources[].header_files`."),
    key("otlp.auth", "{...}", None, "As `sources[].auth`."),
    key("otlp.ca_file", "FILE", None, "As `sources[].ca_file`."),
    key("otlp.timeout", "DURATION", Some("10s"), "Longest wait for an answer, 1s to 10m."),
    flag(
        "log.format",
        "log-format",
        "EVENKEEL_LOG_FORMAT",
        "auto|text|json",
        Some("auto"),
        "Format of the log; auto: text on a terminal, JSON elsewhere.",
    ),
    flag(
        "log.level",
        "log-level",
        "EVENKEEL_LOG_LEVEL",
        "error|warn|info|debug|trace",
        Some("info"),
        "Least level that is logged.",
    ),
];

/// All settings, in the order of the reference.
pub fn reference() -> &'static [Setting] {
    &SETTINGS
}

/// The setting of a key.
pub(super) fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}
