//! The dashboard about Evenkeel itself: whether it evaluates, reads, stores and
//! sends, and what needs attention.

use super::frame::{dashboard, uid, words};
use super::grafana::{Dashboard, PanelThresholds};
use super::panels::{Draft, Query, bar_gauge, lay, lines, row, stat};
use super::text::select;
use crate::publish::metrics::{
    ALERTMANAGER_DROPPED, ALERTMANAGER_ERRORS, ALERTMANAGER_QUEUE, BACKFILL_PROGRESS, CONFIG_SUCCESSFUL, EVALUATED,
    FINDINGS, LOOP_FAILURES, LOOP_LAST_DURATION, SOURCE_UP, STORE_SIZE, WEBHOOK_DELIVERIES,
};

/// Which no service may have.
pub const TITLE: &str = "Evenkeel itself";

pub fn of_daemon() -> Dashboard {
    let mut drafts = headline();
    drafts.push(row("Findings and sources".to_owned()));
    drafts.extend(findings());
    drafts.push(row("Work".to_owned()));
    drafts.extend(work());
    drafts.push(row("Alerts out and deliveries in".to_owned()));
    drafts.extend(traffic());
    dashboard(
        uid("evenkeel", ""),
        format!("Evenkeel / {TITLE}"),
        "Whether Evenkeel evaluates, reads, stores and sends, and what needs attention.".to_owned(),
        Vec::new(),
        lay(drafts),
    )
}

fn headline() -> Vec<Draft> {
    let none_wanted = || PanelThresholds::new("green", [("red", 1.0)]);
    vec![
        stat(
            "Age of the evaluation",
            "Time since the last complete evaluation; about two minutes, since the newest minute is left to late samples.",
            "s",
            vec![Query::now(format!("time() - max({})", select(EVALUATED, &[])), "age")],
        )
        .thresholds(PanelThresholds::new("green", [("orange", 180.0), ("red", 300.0)])),
        stat(
            "Errors",
            "Findings because of which figures are unknown or something does not work.",
            "none",
            vec![Query::now(format!("sum({}) or vector(0)", select(FINDINGS, &[("severity", "error")])), "errors")],
        )
        .thresholds(none_wanted()),
        stat(
            "Definitions",
            "Whether the last reload of the definitions succeeded.",
            "none",
            vec![Query::now(format!("min({})", select(CONFIG_SUCCESSFUL, &[])), "reload")],
        )
        .thresholds(PanelThresholds::new("red", [("green", 1.0)]))
        .defaults(|d| d.mappings = vec![words("last good ones", "in force", "red", "green")]),
        stat(
            "History",
            "Share of the configured history that is read.",
            "percentunit",
            vec![Query::now(format!("min({})", select(BACKFILL_PROGRESS, &[])), "history")],
        ),
    ]
}

fn findings() -> Vec<Draft> {
    vec![
        bar_gauge(
            "Findings by kind",
            "What needs attention; the status page of Evenkeel lists each with what to do.",
            "none",
            vec![Query::now(format!("sum by (kind) ({})", select(FINDINGS, &[])), "{{kind}}")],
        )
        .thresholds(PanelThresholds::new("orange", []))
        .defaults(|d| d.min = Some(0.0)),
        lines(
            "Sources that answer",
            "Whether each source, Alertmanager and cluster answered its last query.",
            "none",
            vec![Query::over_time(format!("min by (source) ({})", select(SOURCE_UP, &[])), "{{source}}")],
        )
        .defaults(|d| (d.min, d.max) = (Some(0.0), Some(1.0))),
    ]
}

fn work() -> Vec<Draft> {
    vec![
        lines(
            "Duration of rounds",
            "How long the last round of each task took.",
            "s",
            vec![Query::over_time(format!("max by (loop) ({})", select(LOOP_LAST_DURATION, &[])), "{{loop}}")],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(8, 8),
        lines(
            "Rounds that failed",
            "Rounds of each task that failed, at each step of the graph; they are tried again.",
            "none",
            vec![Query::over_time(
                format!("sum by (loop) (increase({}[$__rate_interval])) > 0", select(LOOP_FAILURES, &[])),
                "{{loop}}",
            )],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(8, 8),
        lines(
            "Store in MB",
            "Size of the store on disk, in megabytes.",
            "none",
            vec![Query::over_time(format!("max({}) / 1e6", select(STORE_SIZE, &[])), "store")],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(8, 8),
    ]
}

fn traffic() -> Vec<Draft> {
    let of = |metric, by: &str| format!("sum by ({by}) (increase({}[$__rate_interval]))", select(metric, &[]));
    vec![
        lines(
            "Alerts that wait",
            "Alerts in the queue of each Alertmanager.",
            "none",
            vec![Query::over_time(
                format!("max by (alertmanager) ({})", select(ALERTMANAGER_QUEUE, &[])),
                "{{alertmanager}}",
            )],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(8, 8),
        lines(
            "Failed attempts and dropped alerts",
            "Attempts to send that failed, and alerts that were given up, at each step of the graph.",
            "none",
            vec![
                Query::over_time(of(ALERTMANAGER_ERRORS, "alertmanager"), "failed: {{alertmanager}}"),
                Query::over_time(of(ALERTMANAGER_DROPPED, "alertmanager"), "dropped: {{alertmanager}}"),
            ],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(8, 8),
        lines(
            "Deliveries to webhooks",
            "Deliveries at each step of the graph, by webhook and outcome.",
            "none",
            vec![Query::over_time(of(WEBHOOK_DELIVERIES, "webhook, outcome"), "{{webhook}} {{outcome}}")],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(8, 8),
    ]
}
