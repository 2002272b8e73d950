//! The kinds of systems that facts come from.

/// What a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceKind {
    /// The HTTP API of Prometheus, as Thanos, Mimir and VictoriaMetrics have it.
    #[default]
    Prometheus,
    Alertmanager,
    Kubernetes,
    /// Data that this process holds: the demo, scenarios.
    Demo,
}

impl SourceKind {
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Prometheus => "prometheus",
            SourceKind::Alertmanager => "alertmanager",
            SourceKind::Kubernetes => "kubernetes",
            SourceKind::Demo => "demo",
        }
    }
}

/// What is pushed to a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookKind {
    /// The webhook of Alertmanager.
    #[default]
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
    pub const ALL: [WebhookKind; 5] = [
        WebhookKind::Alertmanager,
        WebhookKind::Events,
        WebhookKind::PagerDuty,
        WebhookKind::OnCall,
        WebhookKind::Records,
    ];

    /// The word for it in a configuration.
    pub fn word(self) -> &'static str {
        match self {
            WebhookKind::Alertmanager => "alertmanager",
            WebhookKind::Events => "events",
            WebhookKind::PagerDuty => "pagerduty",
            WebhookKind::OnCall => "oncall",
            WebhookKind::Records => "records",
        }
    }
}
