//! The whole configuration as YAML that can be read again, with `<secret>` in
//! the place of every secret value. Must not reveal one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::sections::on_call::shown_hours;
use crate::config::contents::{Config, LogFormat, Toggle, Webhook};
use crate::config::sections::web::{WebSettings, WebToken};
use crate::model::labels::Labels;
use crate::model::labels::selector::Matcher;
use crate::model::operations::alert_settings::AlertSettings;
use crate::model::operations::on_call::{OnCall, TeamHours};
use crate::model::operations::subject::rule::MappingRule;
use crate::net::{Auth, Endpoint, Header, REDACTED, Secret};

#[derive(Serialize)]
struct File {
    sources: Vec<SourceKeys>,
    alertmanagers: Vec<EndpointKeys>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    webhooks: Vec<WebhookKeys>,
    definitions: Vec<String>,
    data: String,
    listen: String,
    web: WebKeys,
    #[serde(skip_serializing_if = "Option::is_none")]
    write_token_file: Option<String>,
    backfill: String,
    retention: String,
    evaluation_interval: String,
    external_labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    links: BTreeMap<String, String>,
    heartbeat: bool,
    timezone: String,
    on_call: OnCallKeys,
    alerts: AlertKeys,
    kubernetes: KubernetesKeys,
    #[serde(skip_serializing_if = "Option::is_none")]
    otlp: Option<OtlpKeys>,
    log: LogKeys,
}

#[derive(Serialize)]
struct AlertKeys {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    service: Vec<RuleKeys>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    team: Vec<RuleKeys>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    namespace: Vec<RuleKeys>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cluster: Vec<RuleKeys>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    severity: BTreeMap<String, &'static str>,
    severity_labels: Vec<String>,
    incident_scope: &'static str,
    incident_floor: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paging_receivers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silent_receivers: Vec<String>,
}

#[derive(Serialize)]
struct RuleKeys {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    r#match: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    regex: String,
    replacement: String,
}

impl From<&MappingRule> for RuleKeys {
    fn from(rule: &MappingRule) -> RuleKeys {
        RuleKeys {
            r#match: rule.matchers.iter().map(|m| (m.label.clone(), m.value.clone())).collect(),
            labels: rule.labels.clone(),
            regex: rule.pattern().to_owned(),
            replacement: rule.replacement.clone(),
        }
    }
}

impl From<&AlertSettings> for AlertKeys {
    fn from(settings: &AlertSettings) -> AlertKeys {
        let rules = |rules: &[MappingRule]| rules.iter().map(RuleKeys::from).collect();
        let names = |matchers: &[Matcher]| matchers.iter().map(|m| m.value.clone()).collect();
        let severity = &settings.severity;
        AlertKeys {
            service: rules(&settings.subjects.service),
            team: rules(&settings.subjects.team),
            namespace: rules(&settings.subjects.namespace),
            cluster: rules(&settings.subjects.cluster),
            severity: severity.words().map(|(word, meaning)| (word.to_owned(), meaning.word())).collect(),
            severity_labels: severity.labels.clone(),
            incident_scope: settings.scope.as_str(),
            incident_floor: format!("{}%", settings.floor.budget_ratio * 100.0),
            paging_receivers: names(&settings.receivers.paging),
            silent_receivers: names(&settings.receivers.silent),
        }
    }
}

#[derive(Serialize)]
struct SourceKeys {
    name: String,
    r#type: &'static str,
    #[serde(flatten)]
    endpoint: EndpointKeys,
    ingest_delay: String,
    replica_labels: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct WebhookKeys {
    name: String,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    token_files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secret_files: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    service_names: BTreeMap<String, String>,
}

impl From<&Webhook> for WebhookKeys {
    fn from(webhook: &Webhook) -> WebhookKeys {
        let shown = |secret: &Secret| match secret {
            Secret::Value(_) => REDACTED.to_owned(),
            Secret::File(path) => path.display().to_string(),
        };
        WebhookKeys {
            name: webhook.name.clone(),
            r#type: webhook.kind.word(),
            token_files: webhook.tokens.iter().map(shown).collect(),
            secret_files: webhook.secrets.iter().map(shown).collect(),
            service_names: webhook.service_names.clone(),
        }
    }
}

#[derive(Serialize)]
struct EndpointKeys {
    url: String,
    #[serde(flatten)]
    details: DetailKeys,
}

#[derive(Serialize)]
struct DetailKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<BTreeMap<&'static str, String>>,
    headers: BTreeMap<String, &'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    header_files: BTreeMap<String, String>,
    timeout: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<String>,
}

#[derive(Serialize)]
struct WebKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    config_file: Option<String>,
    anonymous: &'static str,
    hosts: Vec<String>,
    tokens: Vec<TokenKeys>,
    roles: BTreeMap<String, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<ProxyKeys>,
}

#[derive(Serialize)]
struct TokenKeys {
    name: String,
    file: String,
    role: &'static str,
}

#[derive(Serialize)]
struct ProxyKeys {
    addresses: Vec<String>,
    user_header: String,
}

impl From<&WebSettings> for WebKeys {
    fn from(web: &WebSettings) -> WebKeys {
        let file = |secret: &Secret| match secret {
            Secret::File(path) => path.display().to_string(),
            Secret::Value(_) => REDACTED.to_owned(),
        };
        let token = |token: &WebToken| TokenKeys {
            name: token.name.clone(),
            file: file(&token.secret),
            role: token.role.as_str(),
        };
        WebKeys {
            config_file: web.config_file.as_ref().map(|path| path.display().to_string()),
            anonymous: web.anonymous.as_str(),
            hosts: web.hosts.iter().cloned().collect(),
            tokens: web.tokens.iter().map(token).collect(),
            roles: web.roles.iter().map(|(user, role)| (user.clone(), role.as_str())).collect(),
            proxy: web.proxy.as_ref().map(|proxy| ProxyKeys {
                addresses: proxy.addresses.iter().map(ToString::to_string).collect(),
                user_header: proxy.user_header.clone(),
            }),
        }
    }
}

#[derive(Serialize)]
struct OnCallKeys {
    shift: String,
    off_hours: String,
    teams: BTreeMap<String, TeamKeys>,
    automation: Vec<String>,
}

#[derive(Serialize)]
struct TeamKeys {
    timezone: String,
    off_hours: String,
}

impl From<&OnCall> for OnCallKeys {
    fn from(on_call: &OnCall) -> OnCallKeys {
        let keys =
            |hours: &TeamHours| TeamKeys { timezone: hours.zone.to_string(), off_hours: shown_hours(hours.off_hours) };
        OnCallKeys {
            shift: on_call.shift.to_string(),
            off_hours: shown_hours(on_call.usual.off_hours),
            teams: on_call.teams.iter().map(|(team, hours)| (team.clone(), keys(hours))).collect(),
            automation: on_call.automation.iter().map(str::to_owned).collect(),
        }
    }
}

#[derive(Serialize)]
struct KubernetesKeys {
    enabled: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubeconfig: Option<String>,
    namespaces: Vec<String>,
}

#[derive(Serialize)]
struct OtlpKeys {
    endpoint: String,
    #[serde(flatten)]
    details: DetailKeys,
}

#[derive(Serialize)]
struct LogKeys {
    format: &'static str,
    level: &'static str,
}

impl Config {
    /// The whole configuration as YAML, with `<secret>` for what is secret.
    pub fn dump(&self) -> String {
        // Maps of strings always serialise; the fallback keeps this total.
        serde_saphyr::to_string(&self.file()).unwrap_or_else(|error| format!("# cannot be written: {error}\n"))
    }

    /// The names of the settings that differ. Secrets that stand in the configuration
    /// itself are not compared.
    pub fn changed_settings(&self, other: &Config) -> Vec<String> {
        let settings = |config: &Config| match serde_json::to_value(config.file()) {
            Ok(serde_json::Value::Object(settings)) => settings,
            // A struct of strings, lists and maps always becomes an object.
            _ => serde_json::Map::new(),
        };
        let (before, now) = (settings(self), settings(other));
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
    }

    fn file(&self) -> File {
        let text = |path: &std::path::PathBuf| path.display().to_string();
        File {
            sources: self
                .sources
                .iter()
                .map(|source| SourceKeys {
                    name: source.name.clone(),
                    r#type: "prometheus",
                    endpoint: endpoint(&source.endpoint),
                    ingest_delay: source.ingest_delay.to_string(),
                    replica_labels: source.replica_labels.clone(),
                    labels: labels(&source.labels),
                })
                .collect(),
            alertmanagers: self.alertmanagers.iter().map(endpoint).collect(),
            webhooks: self.webhooks.iter().map(WebhookKeys::from).collect(),
            definitions: self.definitions.iter().map(text).collect(),
            data: text(&self.data),
            listen: self.listen.to_string(),
            web: WebKeys::from(&self.web),
            write_token_file: self.write_token.as_ref().and_then(|token| match token {
                Secret::File(path) => Some(text(path)),
                Secret::Value(_) => None,
            }),
            backfill: self.backfill.to_string(),
            retention: self.retention.to_string(),
            evaluation_interval: self.evaluation_interval.to_string(),
            external_labels: labels(&self.external_labels),
            external_url: self.external_url.as_ref().map(ToString::to_string),
            links: self.links.iter().map(|link| (link.name.clone(), link.template.clone())).collect(),
            heartbeat: self.heartbeat,
            timezone: self.timezone.to_string(),
            on_call: OnCallKeys::from(&self.on_call),
            alerts: AlertKeys::from(self.alerts.as_ref()),
            kubernetes: KubernetesKeys {
                enabled: match self.kubernetes.enabled {
                    Toggle::Auto => "auto",
                    Toggle::On => "true",
                    Toggle::Off => "false",
                },
                kubeconfig: self.kubernetes.kubeconfig.as_ref().map(text),
                namespaces: self.kubernetes.namespaces.clone(),
            },
            otlp: self.otlp.as_ref().map(|otlp| OtlpKeys { endpoint: otlp.url.to_string(), details: details(otlp) }),
            log: LogKeys {
                format: match self.log.format {
                    LogFormat::Auto => "auto",
                    LogFormat::Text => "text",
                    LogFormat::Json => "json",
                },
                level: self.log.level.word(),
            },
        }
    }
}

fn endpoint(endpoint: &Endpoint) -> EndpointKeys {
    EndpointKeys { url: endpoint.url.to_string(), details: details(endpoint) }
}

fn details(endpoint: &Endpoint) -> DetailKeys {
    let file = |header: &Header| match &header.value {
        Secret::File(path) => Some((header.name.clone(), path.display().to_string())),
        Secret::Value(_) => None,
    };
    let values = endpoint.headers.iter().filter(|header| file(header).is_none());
    DetailKeys {
        auth: endpoint.auth.as_ref().map(auth),
        headers: values.map(|header| (header.name.clone(), REDACTED)).collect(),
        header_files: endpoint.headers.iter().filter_map(file).collect(),
        timeout: endpoint.timeout.to_string(),
        ca_file: endpoint.ca_file.as_ref().map(|path| path.display().to_string()),
    }
}

fn auth(auth: &Auth) -> BTreeMap<&'static str, String> {
    let secret = |key, file_key, secret: &Secret| match secret {
        Secret::Value(_) => (key, REDACTED.to_owned()),
        Secret::File(path) => (file_key, path.display().to_string()),
    };
    match auth {
        Auth::Basic { username, password } => {
            BTreeMap::from([("username", username.clone()), secret("password", "password_file", password)])
        }
        Auth::Bearer(token) => BTreeMap::from([secret("bearer_token", "bearer_token_file", token)]),
    }
}

fn labels(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
