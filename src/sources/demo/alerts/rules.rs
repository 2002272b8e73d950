//! The alert rules of the world as data, and as a rule file for a Prometheus.
//! Must not know when they fire.

use std::fmt::Write as _;

use super::script::{Effect, Gauge};
use crate::model::operations::rule::AlertRule;
use crate::model::slo::Severity;
use crate::model::time::Millis;
use crate::sources::demo::serve::page::{DURATION_BUCKET, DURATION_COUNT, REQUESTS};
use crate::sources::demo::world::traffic::Cell;
use crate::sources::demo::world::{DemoPlatform, EVALUATION_INTERVAL};

/// The truth about an alert: why it was, or was not, worth a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertClass {
    /// Users were losing their budget.
    Actionable,
    /// It comes and goes, again and again.
    Flap,
    /// It is over within five minutes.
    Short,
    /// One of many that say what another one says already.
    Duplicate,
    /// It fires for more than half of the time.
    AlwaysOn,
    /// No user noticed anything.
    NoImpact,
}

impl AlertClass {
    pub fn word(self) -> &'static str {
        match self {
            AlertClass::Actionable => "actionable",
            AlertClass::Flap => "flap",
            AlertClass::Short => "short",
            AlertClass::Duplicate => "duplicate",
            AlertClass::AlwaysOn => "always-on",
            AlertClass::NoImpact => "no-impact",
        }
    }

    /// Whether users were hurt when it fired.
    pub(crate) fn is_about_users(self) -> bool {
        matches!(self, AlertClass::Actionable | AlertClass::Duplicate)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub name: &'static str,
    pub severity: Severity,
    /// The `for` of the rule.
    pub hold: Millis,
    /// Whether each pod has an instance of its own, or the service has one.
    pub per_pod: bool,
    pub condition: Condition,
    pub class: AlertClass,
    summary: &'static str,
    runbook: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Condition {
    /// The share of bad requests over the lookback is above a limit, and there
    /// are enough requests to say so.
    Ratio { bad: Bad, job: Option<&'static str>, lookback: Millis, above: f64, above_per_second: f64 },
    /// The gauge shows what it shows when it is strained.
    Gauge { gauge: Gauge, job: &'static str, holds: &'static str },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bad {
    Errors,
    Slow,
}

impl Bad {
    pub fn holds(self, cell: &Cell) -> bool {
        match self {
            Bad::Errors => cell.is_error(),
            Bad::Slow => cell.is_slow(),
        }
    }

    /// The bad share that an effect leads to; absent if it makes no such requests.
    pub fn ratio_of(self, effect: Effect) -> Option<f64> {
        match (self, effect) {
            (Bad::Errors, Effect::Errors(ratio) | Effect::BadRevision(ratio))
            | (Bad::Slow, Effect::Slowness(ratio)) => Some(ratio),
            _ => None,
        }
    }
}

pub(crate) const RULES: [Rule; 9] = [
    Rule {
        name: "HighErrorRate",
        severity: Severity::Page,
        hold: Millis::from_mins(2),
        per_pod: false,
        condition: Condition::Ratio {
            bad: Bad::Errors,
            job: None,
            lookback: Millis::from_mins(5),
            above: 0.02,
            above_per_second: 0.5,
        },
        class: AlertClass::Actionable,
        summary: "Many requests fail.",
        runbook: Some("https://runbooks.example/HighErrorRate"),
    },
    Rule {
        name: "PodErrorRateHigh",
        severity: Severity::Page,
        hold: Millis::from_mins(1),
        per_pod: true,
        condition: Condition::Ratio {
            bad: Bad::Errors,
            job: None,
            lookback: Millis::from_mins(5),
            above: 0.05,
            above_per_second: 0.1,
        },
        class: AlertClass::Duplicate,
        summary: "Many requests to one pod fail.",
        runbook: None,
    },
    Rule {
        name: "ErrorBudgetSlowBurn",
        severity: Severity::Ticket,
        hold: Millis::from_mins(15),
        per_pod: false,
        condition: Condition::Ratio {
            bad: Bad::Errors,
            job: Some("checkout"),
            lookback: Millis::from_hours(1),
            above: 0.0015,
            above_per_second: 1.0,
        },
        class: AlertClass::Actionable,
        summary: "The error budget burns faster than it may.",
        runbook: None,
    },
    Rule {
        name: "SearchLatencyHigh",
        severity: Severity::Page,
        hold: Millis::from_mins(5),
        per_pod: false,
        condition: Condition::Ratio {
            bad: Bad::Slow,
            job: Some("search"),
            lookback: Millis::from_mins(5),
            above: 0.1,
            above_per_second: 1.0,
        },
        class: AlertClass::Actionable,
        summary: "Many searches take longer than 300 ms.",
        runbook: Some("https://runbooks.example/SearchLatencyHigh"),
    },
    Rule {
        name: "PodFlapping",
        severity: Severity::Page,
        hold: Millis(0),
        per_pod: true,
        condition: Condition::Gauge { gauge: Gauge::Ready, job: "notifications", holds: "== 0" },
        class: AlertClass::Flap,
        summary: "A pod is not ready.",
        runbook: None,
    },
    Rule {
        name: "QueueBacklogHigh",
        severity: Severity::Page,
        hold: Millis::from_mins(1),
        per_pod: true,
        condition: Condition::Gauge { gauge: Gauge::QueueDepth, job: "search", holds: "> 1000" },
        class: AlertClass::Short,
        summary: "Many entries wait to be indexed.",
        runbook: None,
    },
    Rule {
        name: "CpuHigh",
        severity: Severity::Page,
        hold: Millis::from_mins(5),
        per_pod: true,
        condition: Condition::Gauge { gauge: Gauge::CpuUsed, job: "storefront", holds: "> 0.9" },
        class: AlertClass::NoImpact,
        summary: "A pod uses most of its CPU limit.",
        runbook: None,
    },
    Rule {
        name: "DiskFilling",
        severity: Severity::Page,
        hold: Millis::from_mins(10),
        per_pod: false,
        condition: Condition::Gauge { gauge: Gauge::DiskUsed, job: "search", holds: "> 0.8" },
        class: AlertClass::AlwaysOn,
        summary: "The index volume is more than 80 % full.",
        runbook: Some("https://runbooks.example/DiskFilling"),
    },
    // Nothing in the world ever makes it fire.
    Rule {
        name: "CertificateExpiresSoon",
        severity: Severity::Page,
        hold: Millis::from_mins(15),
        per_pod: false,
        condition: Condition::Gauge { gauge: Gauge::DiskUsed, job: "gateway", holds: "> 0.99" },
        class: AlertClass::NoImpact,
        summary: "A certificate expires within three days.",
        runbook: None,
    },
];

impl Rule {
    /// The labels by which the expression is grouped.
    fn by(&self) -> &'static str {
        if self.per_pod { "job, namespace, pod" } else { "job" }
    }

    fn annotations(&self) -> Vec<(&'static str, &'static str)> {
        [("summary", self.summary)].into_iter().chain(self.runbook.map(|url| ("runbook_url", url))).collect()
    }

    /// The expression in PromQL.
    fn expression(&self) -> String {
        let by = self.by();
        match self.condition {
            Condition::Gauge { gauge, job, holds } => {
                format!("max by ({by}) ({}{{job=\"{job}\"}}) {holds}", gauge.metric())
            }
            Condition::Ratio { bad, job, lookback, above, above_per_second } => {
                let job = job.map(|job| format!("job=\"{job}\""));
                let rate = |metric: &str, own: Option<&str>| {
                    let matchers: Vec<&str> = own.into_iter().chain(job.as_deref()).collect();
                    format!("sum by ({by}) (rate({metric}{{{}}}[{lookback}]))", matchers.join(","))
                };
                let (bad, total) = match bad {
                    Bad::Errors => (rate(REQUESTS, Some("code=~\"5..\"")), rate(REQUESTS, None)),
                    Bad::Slow => {
                        let total = rate(DURATION_COUNT, None);
                        (format!("({total} - {})", rate(DURATION_BUCKET, Some("le=\"0.3\""))), total)
                    }
                };
                format!("{bad} / {total} > {above} and {total} > {above_per_second}")
            }
        }
    }
}

impl DemoPlatform {
    /// The rules as a Prometheus would tell of them.
    pub fn rules(&self) -> Vec<AlertRule> {
        let rule = |rule: &Rule| AlertRule {
            file: "demo.yaml".to_owned(),
            group: "demo".to_owned(),
            name: rule.name.to_owned(),
            query: rule.expression(),
            hold: rule.hold,
            keep_firing_for: Millis(0),
            labels: [("severity", rule.severity.word()), ("service", "{{ $labels.job }}")].into_iter().collect(),
            annotations: rule.annotations().into_iter().collect(),
        };
        RULES.iter().map(rule).collect()
    }

    /// A Prometheus rule file with the rules of the world. Evaluated on what
    /// `/metrics` serves it gives the alerts of `ALERTS` to within about one
    /// scrape.
    pub fn alert_rules(&self) -> String {
        let mut out = format!("groups:\n  - name: demo\n    interval: {EVALUATION_INTERVAL}\n    rules:\n");
        for rule in &RULES {
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                "      - alert: {}\n        expr: >-\n          {}\n        for: {}\n        labels:\n          \
                 severity: {}\n          service: '{{{{ $labels.job }}}}'\n        annotations:\n",
                rule.name,
                rule.expression(),
                rule.hold,
                rule.severity.word(),
            );
            for (name, value) in rule.annotations() {
                let _ = writeln!(out, "          {name}: {value}");
            }
        }
        out
    }
}

pub(crate) const ALERTS: &str = "ALERTS";

pub(crate) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";
