//! One SLO as a document of our format.

use super::alerts::{alerts_node, labels_node};
use super::nodes::{SPAN, word};
use super::sli::sli_node;
use crate::definitions::format::ratio::ratio_text;
use crate::model::slo::{Budgeting, NoDataPolicy, PolicyStep, Severity, Slo};
use crate::model::time::window::{Calendar, ComplianceWindow};
use crate::yaml::build::{list, map, text};
use crate::yaml::node::Node;

/// The document.
pub(super) fn document(slo: &Slo) -> Node {
    let depends = slo.depends_on.iter().map(|service| text(SPAN, service.clone())).collect::<Vec<_>>();
    let metadata = vec![
        ("name", word(slo.name.clone())),
        ("service", word(slo.service.clone())),
        ("dependsOn", (!depends.is_empty()).then(|| list(SPAN, depends))),
        ("labels", labels_node(SPAN, &slo.labels)),
    ];
    let windows = slo.windows.iter().map(|window| text(SPAN, window.to_string())).collect();
    let (zone, rules) = calendar(slo);
    let spec = vec![
        ("description", word(slo.description.clone()).filter(|_| !slo.description.is_empty())),
        ("objective", word(ratio_text(slo.objective.ratio()))),
        ("objectiveHistory", history(slo)),
        ("windows", Some(list(SPAN, windows))),
        ("timezone", zone),
        ("calendar", rules),
        ("source", slo.source.clone().and_then(word)),
        ("indicator", Some(sli_node(&slo.indicator))),
        ("budgeting", budgeting(slo)),
        ("noData", (slo.no_data != NoDataPolicy::Ignore).then(|| text(SPAN, slo.no_data.word()))),
        ("groupBy", groups(slo)),
        ("alerts", Some(alerts_node(&slo.alerts))),
        ("budgetPolicy", policy(&slo.budget_policy)),
    ];
    map(
        SPAN,
        vec![
            ("apiVersion", word("evenkeel/v1")),
            ("kind", word("SLO")),
            ("metadata", Some(map(SPAN, metadata))),
            ("spec", Some(map(SPAN, spec))),
        ],
    )
}

/// Time zone and calendar, where a window needs them.
fn calendar(slo: &Slo) -> (Option<Node>, Option<Node>) {
    let of_windows = slo.windows.iter().find_map(|window| match window {
        ComplianceWindow::Calendar { calendar, .. } => Some(*calendar),
        ComplianceWindow::Rolling { .. } => None,
    });
    let Some(calendar) = of_windows else { return (None, None) };
    let usual = Calendar::of_zone(calendar.zone);
    let week = format!("{:?}", calendar.week_start);
    let week = WEEKDAYS.iter().find(|(short, _)| *short == week).map(|(_, long)| *long);
    let rules = vec![
        ("weekStart", week.filter(|_| calendar.week_start != usual.week_start).and_then(word)),
        (
            "fiscalYearStart",
            (calendar.year_start != usual.year_start).then(|| text(SPAN, calendar.year_start.name().to_lowercase())),
        ),
    ];
    let has_rules = calendar != usual;
    (word(calendar.zone.name()), has_rules.then(|| map(SPAN, rules)))
}

const WEEKDAYS: [(&str, &str); 7] = [
    ("Mon", "monday"),
    ("Tue", "tuesday"),
    ("Wed", "wednesday"),
    ("Thu", "thursday"),
    ("Fri", "friday"),
    ("Sat", "saturday"),
    ("Sun", "sunday"),
];

fn history(slo: &Slo) -> Option<Node> {
    let one = |(from, objective): (crate::model::time::Timestamp, crate::model::slo::objectives::Objective)| {
        map(SPAN, vec![("from", word(from.to_string())), ("objective", word(ratio_text(objective.ratio())))])
    };
    let entries: Vec<Node> = slo.objectives.entries().map(one).collect();
    (!entries.is_empty()).then(|| list(SPAN, entries))
}

fn budgeting(slo: &Slo) -> Option<Node> {
    let of = |kind: &str, keys: Vec<(&str, Option<Node>)>| Some(map(SPAN, vec![(kind, Some(map(SPAN, keys)))]));
    match slo.budgeting {
        Budgeting::Events => None,
        Budgeting::Timeslices { slice, target } => {
            of("timeslices", vec![("slice", word(slice.to_string())), ("target", word(ratio_text(target)))])
        }
        Budgeting::RatioTimeslices { slice } => of("ratio-timeslices", vec![("slice", word(slice.to_string()))]),
    }
}

fn groups(slo: &Slo) -> Option<Node> {
    let by = slo.group_by.as_ref()?;
    let labels = list(SPAN, by.labels.iter().map(|label| text(SPAN, label.clone())).collect());
    Some(map(SPAN, vec![("labels", Some(labels)), ("max", word(by.groups_max.to_string()))]))
}

fn policy(steps: &[PolicyStep]) -> Option<Node> {
    let one = |step: &PolicyStep| {
        let severity = (step.severity != Severity::Ticket).then(|| text(SPAN, step.severity.word()));
        map(
            SPAN,
            vec![
                ("remaining", word(ratio_text(step.remaining_ratio))),
                ("text", word(step.text.clone())),
                ("owner", word(step.owner.clone())),
                ("severity", severity),
            ],
        )
    };
    (!steps.is_empty()).then(|| list(SPAN, steps.iter().map(one).collect()))
}
