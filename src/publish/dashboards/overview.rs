//! The dashboard of everything: all promises, the worst burn, incidents, alert
//! noise, and whether the sources answer.

use std::collections::BTreeMap;

use super::grafana::{Choice, Dashboard, Organize, PanelThresholds, PropertyValue, SortBy, Transformation, Variable};
use super::grafana::{Color, PanelOptions};
use super::panels::{Draft, Query, bar_gauge, fixed, lay, lines, row, stat, table};
use super::text::select;
use crate::model::slo::Slo;
use crate::publish::dashboards::frame::{BUDGET_STEPS, dashboard, uid, words};
use crate::publish::metrics::{
    ALERT_NOISE_LOWER, ALERT_NOISE_UPPER, ALERT_PAGES, FINDINGS, INCIDENT_DETECT, INCIDENT_RESTORE, INCIDENTS,
    INCIDENTS_OPEN, Metric, SLO_ATTAINMENT, SLO_ATTAINMENT_LOWER, SLO_BUDGET_REMAINING, SLO_BURN_RATE, SLO_COVERAGE,
    SLO_OBJECTIVE, SOURCE_LAST_SUCCESS, SOURCE_UP,
};

/// The lookback that "now" means.
const PRESENT: &str = "1h";
/// Series in a panel of the worst.
const WORST: usize = 10;

/// The title of the dashboard of all services, which no service may have.
pub const TITLE: &str = "Overview";

pub fn of_all(slos: &[&Slo]) -> Dashboard {
    let mut drafts = headline();
    drafts.push(promises());
    drafts.extend(worst());
    drafts.push(row("Incidents".to_owned()));
    drafts.extend(incidents());
    drafts.push(row("Alert noise".to_owned()));
    drafts.extend(noise());
    drafts.push(row("Sources".to_owned()));
    drafts.extend(sources());
    dashboard(
        uid("overview", ""),
        format!("Evenkeel / {TITLE}"),
        "All promises and their error budgets, incidents, alert noise, and the health of what is read.".to_owned(),
        vec![window_variable(slos)],
        lay(drafts),
    )
}

/// The windows of the definitions; the one that most SLOs show first is chosen.
fn window_variable(slos: &[&Slo]) -> Variable {
    let mut shown_first: BTreeMap<String, usize> = BTreeMap::new();
    for slo in slos {
        for (i, window) in slo.windows.iter().enumerate() {
            *shown_first.entry(window.to_string()).or_default() += usize::from(i == 0);
        }
    }
    let usual = shown_first.iter().rev().max_by_key(|(_, n)| **n).map_or("30d".to_owned(), |(word, _)| word.clone());
    let choice = |word: &String| Choice { selected: *word == usual, text: word.clone(), value: word.clone() };
    Variable::Custom {
        name: "window",
        label: "Window",
        query: shown_first.keys().cloned().collect::<Vec<_>>().join(","),
        current: choice(&usual),
        options: shown_first.keys().map(choice).collect(),
        hide: 0,
    }
}

/// A metric over the chosen window.
fn windowed(metric: Metric) -> String {
    select(metric, &[]) + r#"{window="$window"}"#
}

fn present_burn() -> String {
    format!("max by (slo, service) ({})", select(SLO_BURN_RATE, &[("lookback", PRESENT)]))
}

fn budget() -> String {
    format!("max by (slo, service) ({})", windowed(SLO_BUDGET_REMAINING))
}

fn headline() -> Vec<Draft> {
    let good_below_one = || PanelThresholds::new("green", [("red", 1.0)]);
    let known = format!("count(max by (slo) ({}))", windowed(SLO_ATTAINMENT_LOWER));
    vec![
        stat(
            "SLOs",
            "Promises that are judged.",
            "none",
            vec![Query::now(format!("count(max by (slo) ({}))", select(SLO_OBJECTIVE, &[])), "SLOs")],
        ),
        stat(
            "Known",
            "Promises of the chosen window with events; of the others nothing can be said.",
            "none",
            vec![Query::now(known.clone(), "known")],
        ),
        stat(
            "Budget exhausted",
            "SLOs of the chosen window whose error budget is exhausted.",
            "none",
            // Zero only where something is known.
            vec![Query::now(format!("count({} <= 0) or 0 * {known}", budget()), "spent")],
        )
        .thresholds(good_below_one()),
        stat(
            "Burning now",
            "SLOs with a burn rate above 1 over the last hour.",
            "none",
            vec![Query::now(format!("count({0} > 1) or 0 * count({0})", present_burn()), "burning")],
        )
        .thresholds(PanelThresholds::new("green", [("orange", 1.0)])),
        stat(
            "Open incidents",
            "Open incidents of all services.",
            "none",
            vec![Query::now(format!("sum(max by (service) ({}))", select(INCIDENTS_OPEN, &[])), "open")],
        )
        .thresholds(good_below_one()),
        stat(
            "Problems",
            "Configuration and data problems that need attention; the status page lists them with a hint.",
            "none",
            vec![Query::now(format!("sum({})", select(FINDINGS, &[])), "findings")],
        )
        .thresholds(PanelThresholds::new("green", [("orange", 1.0)])),
    ]
}

/// Columns of the table in their order, with the queries they come from.
fn promises() -> Draft {
    let by_slo = |expr: String| format!("max by (slo, service) ({expr})");
    let columns = [
        ("slo", "SLO", None),
        ("service", "Service", None),
        ("Value #A", "Objective", Some(by_slo(select(SLO_OBJECTIVE, &[])))),
        ("Value #B", "Attainment", Some(by_slo(windowed(SLO_ATTAINMENT)))),
        ("Value #C", "Attainment, lower bound", Some(by_slo(windowed(SLO_ATTAINMENT_LOWER)))),
        ("Value #D", "Budget left", Some(budget())),
        ("Value #E", "Burn rate, 1h", Some(present_burn())),
        ("Value #F", "Coverage", Some(by_slo(windowed(SLO_COVERAGE)))),
    ];
    let organize = Organize {
        exclude_by_name: BTreeMap::from([("Time".to_owned(), true)]),
        index_by_name: columns.iter().enumerate().map(|(i, (name, _, _))| ((*name).to_owned(), i)).collect(),
        rename_by_name: columns.iter().map(|(name, shown, _)| ((*name).to_owned(), *shown)).collect(),
    };
    let queries = columns.into_iter().filter_map(|(_, _, expr)| expr).map(Query::rows).collect();
    let percent =
        |decimals| vec![("unit", PropertyValue::Text("percentunit")), ("decimals", PropertyValue::Number(decimals))];
    let colored = |kind, mode| PropertyValue::Cell { r#type: kind, mode };
    let by_value = || ("color", PropertyValue::Color(Color { mode: "thresholds", fixed_color: None }));
    let mut left = percent(1.0);
    left.extend([
        ("min", PropertyValue::Number(0.0)),
        ("max", PropertyValue::Number(1.0)),
        by_value(),
        ("thresholds", PropertyValue::Thresholds(PanelThresholds::new("red", BUDGET_STEPS))),
        ("custom.cellOptions", colored("gauge", "basic")),
    ]);
    let mut coverage = percent(1.0);
    coverage.extend([
        by_value(),
        ("thresholds", PropertyValue::Thresholds(PanelThresholds::new("red", [("orange", 0.9), ("green", 0.99)]))),
        ("custom.cellOptions", colored("color-text", "basic")),
    ]);
    table(
        "All SLOs",
        "Over the chosen window; an SLO without that window has no numbers here. No data is left empty.",
        queries,
    )
    .panel(|p| {
        p.transformations = vec![Transformation::Merge {}, Transformation::Organize(organize)];
        p.options = Some(PanelOptions::Table {
            show_header: true,
            sort_by: vec![SortBy { display_name: "Budget left", desc: false }],
        });
    })
    .field("Objective", percent(3.0))
    .field("Attainment", percent(4.0))
    .field("Attainment, lower bound", percent(4.0))
    .field("Budget left", left)
    .field(
        "Burn rate, 1h",
        vec![
            ("decimals", PropertyValue::Number(2.0)),
            by_value(),
            ("thresholds", PropertyValue::Thresholds(PanelThresholds::new("green", [("orange", 1.0), ("red", 14.4)]))),
            ("custom.cellOptions", colored("color-text", "basic")),
        ],
    )
    .field("Coverage", coverage)
    .sized(24, 12)
}

fn worst() -> Vec<Draft> {
    vec![
        bar_gauge(
            "Fastest burn",
            "The SLOs whose budget burned fastest over the last hour; 1 spends it exactly.",
            "none",
            vec![Query::now(format!("topk({WORST}, {})", present_burn()), "{{slo}}")],
        )
        .thresholds(PanelThresholds::new("green", [("orange", 1.0), ("red", 14.4)]))
        .defaults(|d| (d.min, d.decimals) = (Some(0.0), Some(2))),
        lines(
            "Least budget left",
            "The SLOs with the least budget left over the chosen window. Below zero the SLO is missed.",
            "percentunit",
            vec![Query::over_time(format!("bottomk({WORST}, {})", budget()), "{{slo}}")],
        )
        .marked(PanelThresholds::new("transparent", [("red", 0.0)])),
    ]
}

fn incidents() -> Vec<Draft> {
    let percentile = |p: &str, metric: Metric| format!("max({})", select(metric, &[("percentile", p)]));
    let both = |metric| {
        vec![Query::over_time(percentile("50", metric), "median"), Query::over_time(percentile("90", metric), "90 %")]
    };
    vec![
        lines(
            "Incidents in the review window",
            "Incidents that began in the review window, by whether anybody was paged.",
            "none",
            vec![Query::over_time(
                format!("sum by (detected) (max by (service, severity, detected) ({}))", select(INCIDENTS, &[])),
                "paged: {{detected}}",
            )],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(8, 8),
        lines(
            "Time to detect",
            "From the onset to the first page, over the incidents of the review window; open incidents are censored.",
            "s",
            both(INCIDENT_DETECT),
        )
        .sized(8, 8),
        lines(
            "Time to restore",
            "From the onset until users were served again, over the incidents of the review window; open incidents are censored.",
            "s",
            both(INCIDENT_RESTORE),
        )
        .sized(8, 8),
    ]
}

fn noise() -> Vec<Draft> {
    let one = |metric| format!("max({})", select(metric, &[]));
    vec![
        lines(
            "Share of pages that were noise",
            "The truth lies in the band: its lower edge is noise for certain, its upper edge counts what is not known too.",
            "percentunit",
            vec![
                Query::over_time(one(ALERT_NOISE_UPPER), "at most"),
                Query::over_time(one(ALERT_NOISE_LOWER), "at least"),
            ],
        )
        .defaults(|d| (d.min, d.max) = (Some(0.0), Some(1.0)))
        .field(
            "at most",
            vec![("color", fixed("orange")), ("custom.fillOpacity", PropertyValue::Number(25.0)), ("custom.fillBelowTo", PropertyValue::Text("at least"))],
        )
        .field("at least", vec![("color", fixed("orange")), ("custom.fillOpacity", PropertyValue::Number(0.0))]),
        bar_gauge(
            "Pages by what they were",
            "Incident-level pages of the stored history. Only actionable ones were worth a wake-up for certain.",
            "none",
            vec![Query::now(format!("max by (class) ({})", select(ALERT_PAGES, &[])), "{{class}}")],
        )
        .thresholds(PanelThresholds::new("orange", []))
        .field("actionable", vec![("color", fixed("green"))])
        .field("planned", vec![("color", fixed("blue"))])
        .field("unknown", vec![("color", fixed("#8e8e8e"))])
        .defaults(|d| d.min = Some(0.0)),
    ]
}

fn sources() -> Vec<Draft> {
    vec![
        stat(
            "Sources",
            "Whether the last question to each source was answered.",
            "none",
            vec![Query::now(format!("max by (source) ({})", select(SOURCE_UP, &[])), "{{source}}")],
        )
        .thresholds(PanelThresholds::new("red", [("green", 1.0)]))
        .defaults(|d| d.mappings = vec![words("down", "up", "red", "green")])
        .sized(12, 6),
        lines(
            "Time since the last answer",
            "How old the newest answer of each source is.",
            "s",
            vec![Query::over_time(
                format!("time() - max by (source) ({})", select(SOURCE_LAST_SUCCESS, &[])),
                "{{source}}",
            )],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(12, 6),
    ]
}
