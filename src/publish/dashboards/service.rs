//! The dashboard of one service: each of its SLOs, and its incidents.

use super::grafana::{Dashboard, PanelThresholds, PropertyValue, ThresholdStep};
use super::panels::{Draft, Query, bars, fixed, lay, lines, row, stat};
use super::text::{plain, select, select_groups};
use crate::model::slo::{Severity, Slo};
use crate::publish::dashboards::frame::{BUDGET_STEPS, dashboard, uid};
use crate::publish::metrics::{
    INCIDENTS, INCIDENTS_OPEN, SLO_ALERT_FIRING, SLO_ATTAINMENT, SLO_ATTAINMENT_LOWER, SLO_ATTAINMENT_UPPER,
    SLO_BUDGET_REMAINING, SLO_BURN_RATE, SLO_COVERAGE, SLO_EVENTS,
};

/// `title`: the name as it is shown, which no other dashboard has.
pub fn of_service(service: &str, title: &str, slos: &[&Slo]) -> Dashboard {
    let mut drafts: Vec<Draft> =
        slos.iter().flat_map(|slo| if slo.group_by.is_some() { of_groups(slo) } else { of_slo(slo) }).collect();
    drafts.push(row("Incidents".to_owned()));
    drafts.extend(incidents(service));
    let count = match slos.len() {
        1 => "the SLO".to_owned(),
        n => format!("the {n} SLOs"),
    };
    dashboard(
        uid("service", service),
        format!("Evenkeel / {title}"),
        format!("Objective, attainment and budget of {count} of {}.", plain(service)),
        Vec::new(),
        lay(drafts),
    )
}

fn of_slo(slo: &Slo) -> Vec<Draft> {
    let name = [("slo", slo.name.as_str())];
    let window = slo.first_window().to_string();
    let in_window = [("slo", slo.name.as_str()), ("window", window.as_str())];
    let about = plain(&slo.description);
    let by_window = |metric| format!("max by (window) ({})", select(metric, &name));
    let one = |metric| format!("max({})", select(metric, &in_window));
    let window_word = plain(&window);
    vec![
        row(format!("{}, {} over {window_word}", plain(&slo.name), slo.objective)),
        stat(
            "Attainment",
            &join(&about, &format!("Good events of all events. The objective is {}.", slo.objective)),
            "percentunit",
            vec![Query::now(by_window(SLO_ATTAINMENT), "{{window}}")],
        )
        .thresholds(PanelThresholds::new("red", [("green", slo.objective.ratio())]))
        .defaults(|d| d.decimals = Some(decimals(slo)))
        .sized(6, 4),
        stat(
            "Error budget left",
            "Share of the budget of the period that is left. Negative: the budget is overspent.",
            "percentunit",
            vec![Query::now(by_window(SLO_BUDGET_REMAINING), "{{window}}")],
        )
        .thresholds(PanelThresholds::new("red", BUDGET_STEPS))
        .defaults(|d| d.decimals = Some(1))
        .sized(6, 4),
        stat(
            "Coverage",
            "Share of the elapsed period that was observed. What was not seen widens the bounds of the attainment.",
            "percentunit",
            vec![Query::now(by_window(SLO_COVERAGE), "{{window}}")],
        )
        .thresholds(PanelThresholds::new("red", [("orange", 0.9), ("green", 0.99)]))
        .sized(6, 4),
        firing(slo),
        lines(
            "Attainment with its bounds",
            &format!(
                "Over {window_word}. The bounds hold if every unobserved event was bad, or every one was good; the line marks the objective."
            ),
            "percentunit",
            vec![
                Query::over_time(one(SLO_ATTAINMENT_UPPER), "at best"),
                Query::over_time(one(SLO_ATTAINMENT), "attainment"),
                Query::over_time(one(SLO_ATTAINMENT_LOWER), "at worst"),
            ],
        )
        .marked(PanelThresholds::new("transparent", [("red", slo.objective.ratio())]))
        .defaults(|d| d.max = Some(1.0))
        .field("attainment", vec![("color", fixed("blue"))])
        .field("at worst", vec![("color", fixed("#8e8e8e")), ("custom.fillOpacity", PropertyValue::Number(0.0))])
        .field(
            "at best",
            vec![("color", fixed("#8e8e8e")), ("custom.fillOpacity", PropertyValue::Number(15.0)), ("custom.fillBelowTo", PropertyValue::Text("at worst"))],
        ),
        lines(
            "Error budget over time",
            "Share of the budget that is left, for each window. Below zero the SLO is missed.",
            "percentunit",
            vec![Query::over_time(by_window(SLO_BUDGET_REMAINING), "{{window}}")],
        )
        .marked(PanelThresholds::new("transparent", [("red", 0.0)]))
        .defaults(|d| d.max = Some(1.0)),
        burn_rates(slo),
        bars(
            "Events",
            "Good and bad events per second, as counted.",
            "eps",
            vec![Query::over_time(
                // Replicas count the same events, so the largest is the number.
                format!("max by (result) (rate({}[$__rate_interval]))", select(SLO_EVENTS, &name)),
                "{{result}}",
            )],
        )
        .field("good", vec![("color", fixed("green"))])
        .field("bad", vec![("color", fixed("red"))]),
    ]
}

/// A divided SLO: its groups beside each other. Which there are shows in the source.
fn of_groups(slo: &Slo) -> Vec<Draft> {
    let window = slo.first_window().to_string();
    let window_word = plain(&window);
    let by = slo.group_by.as_ref().map(|by| by.labels.join(", ")).unwrap_or_default();
    let by_group = |metric| format!("max by (slo) ({})", select_groups(metric, &slo.name, &window));
    vec![
        row(format!("{} by {}, {} over {window_word}", plain(&slo.name), plain(&by), slo.objective)),
        lines(
            "Attainment of each group",
            &join(&plain(&slo.description), &format!("Over {window_word}; the line marks the objective.")),
            "percentunit",
            vec![Query::over_time(by_group(SLO_ATTAINMENT), "{{slo}}")],
        )
        .marked(PanelThresholds::new("transparent", [("red", slo.objective.ratio())]))
        .defaults(|d| d.max = Some(1.0)),
        lines(
            "Error budget of each group",
            "Share of the budget that is left. Below zero the SLO is missed.",
            "percentunit",
            vec![Query::over_time(by_group(SLO_BUDGET_REMAINING), "{{slo}}")],
        )
        .marked(PanelThresholds::new("transparent", [("red", 0.0)]))
        .defaults(|d| d.max = Some(1.0)),
    ]
}

fn firing(slo: &Slo) -> Draft {
    stat(
        "Burn-rate alerts",
        "Tiers whose lookbacks both burn faster than their factor. No data: too little is known to say.",
        "none",
        vec![Query::now(
            format!("max by (tier) ({})", select(SLO_ALERT_FIRING, &[("slo", slo.name.as_str())])),
            "{{tier}}",
        )],
    )
    .thresholds(PanelThresholds::new("green", [("red", 1.0)]))
    .defaults(|d| d.mappings = vec![crate::publish::dashboards::frame::words("quiet", "firing", "green", "red")])
    .sized(6, 4)
}

/// The lines are the factors of the tiers: red for a page, orange for a ticket.
fn burn_rates(slo: &Slo) -> Draft {
    let window = slo.first_window().nominal_length();
    let mut steps: Vec<ThresholdStep> = slo
        .alerts
        .tiers
        .iter()
        .map(|tier| ThresholdStep {
            color: if tier.severity == Severity::Page { "red" } else { "orange" },
            value: Some(tier.factor(window)),
        })
        .collect();
    // Grafana wants them in order.
    steps.sort_by(|a, b| a.value.partial_cmp(&b.value).unwrap_or(std::cmp::Ordering::Equal));
    let tiers: Vec<String> = slo
        .alerts
        .tiers
        .iter()
        .map(|tier| format!("{}: {} and {} above {:.2}", plain(&tier.name), tier.long, tier.short, tier.factor(window)))
        .collect();
    let tiers = if tiers.is_empty() { String::new() } else { format!(" Tiers: {}.", tiers.join("; ")) };
    let mut thresholds = PanelThresholds::new("transparent", []);
    thresholds.steps.extend(steps);
    lines(
        "Burn rates",
        &format!("How fast the budget burns over each lookback; 1 spends it exactly.{tiers}"),
        "none",
        vec![Query::over_time(
            format!("max by (lookback) ({})", select(SLO_BURN_RATE, &[("slo", slo.name.as_str())])),
            "{{lookback}}",
        )],
    )
    .marked(thresholds)
    .defaults(|d| d.min = Some(0.0))
}

fn incidents(service: &str) -> Vec<Draft> {
    let label = [("service", service)];
    vec![
        stat(
            "Open incidents",
            "Open incidents of this service.",
            "none",
            vec![Query::now(format!("max({})", select(INCIDENTS_OPEN, &label)), "open")],
        )
        .thresholds(PanelThresholds::new("green", [("red", 1.0)]))
        .sized(6, 8),
        lines(
            "Incidents in the review window",
            "Incidents of this service, by severity and whether anybody was paged.",
            "none",
            vec![Query::over_time(
                format!("max by (severity, detected) ({})", select(INCIDENTS, &label)),
                "{{severity}}, paged: {{detected}}",
            )],
        )
        .defaults(|d| d.min = Some(0.0))
        .sized(18, 8),
    ]
}

/// As many as tell the objective from 100 %, and one more.
fn decimals(slo: &Slo) -> u8 {
    (-(slo.objective.allowed_bad_ratio() * 100.0).log10()).ceil().clamp(0.0, 6.0) as u8 + 1
}

fn join(first: &str, second: &str) -> String {
    if first.is_empty() { second.to_owned() } else { format!("{first} {second}") }
}
