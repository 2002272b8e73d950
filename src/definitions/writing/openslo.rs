//! One SLO as a document of OpenSLO v1, and what of it has no place there.

use super::nodes::{SPAN, word};
use crate::model::labels::selector::{MatchOp, Matcher, Selector, SelectorSum};
use crate::model::operations::comparison::ComparisonOp;
use crate::model::slo::sli::{Expression, Numerator, RatioUnit, Sli};
use crate::model::slo::{AlertPolicy, AlertTier, Budgeting, NoDataPolicy, Slo};
use crate::model::time::Millis;
use crate::model::time::window::{Calendar, CalendarUnit, ComplianceWindow};
use crate::yaml::build::{list, map, text};
use crate::yaml::node::Node;

/// Keys of OpenSLO that are numbers or switches.
pub(super) const PLAIN_KEYS: [&str; 9] = [
    "target",
    "timeSliceTarget",
    "threshold",
    "value",
    "isRolling",
    "counter",
    "alertWhenBreaching",
    "alertWhenNoData",
    "alertWhenResolved",
];

/// What a metric comes to: the SLI, and the condition of a threshold.
struct Metric {
    spec: Node,
    condition: Option<(&'static str, String)>,
}

/// The document, with what it leaves out; the reason where it cannot be written.
pub(super) fn document(slo: &Slo) -> Result<(Node, Vec<String>), String> {
    let mut lost = Vec::new();
    let metric = metric(slo, &mut lost)?;
    let indicator = map(SPAN, vec![("metadata", Some(named(&slo.name))), ("spec", Some(metric.spec))]);
    let mut objective = Vec::new();
    if let Some((operator, value)) = metric.condition {
        objective.extend([("op", word(operator)), ("value", word(value))]);
    }
    objective.push(("target", word(slo.objective.ratio().to_string())));
    let method = match slo.budgeting {
        Budgeting::Events => "Occurrences",
        Budgeting::Timeslices { slice, target } => {
            objective
                .extend([("timeSliceTarget", word(target.to_string())), ("timeSliceWindow", word(shorthand(slice)))]);
            "Timeslices"
        }
        Budgeting::RatioTimeslices { slice } => {
            objective.push(("timeSliceWindow", word(shorthand(slice))));
            "RatioTimeslices"
        }
    };
    let policies: Vec<Node> = slo.alerts.tiers.iter().map(|tier| policy(slo, tier)).collect();
    let spec = vec![
        ("description", word(slo.description.clone()).filter(|_| !slo.description.is_empty())),
        ("service", word(slo.service.clone())),
        ("indicator", Some(indicator)),
        ("timeWindow", Some(list(SPAN, vec![window(slo.first_window())]))),
        ("budgetingMethod", word(method)),
        ("objectives", Some(list(SPAN, vec![map(SPAN, objective)]))),
        ("alertPolicies", Some(list(SPAN, policies))),
    ];
    let labels: Vec<(&str, Option<Node>)> =
        slo.labels.iter().map(|(name, value)| (name, Some(list(SPAN, vec![text(SPAN, value)])))).collect();
    let metadata = vec![("name", word(slo.name.clone())), ("labels", (!labels.is_empty()).then(|| map(SPAN, labels)))];
    lost.extend(without_place(slo));
    let document = vec![
        ("apiVersion", word("openslo/v1")),
        ("kind", word("SLO")),
        ("metadata", Some(map(SPAN, metadata))),
        ("spec", Some(map(SPAN, spec))),
    ];
    Ok((map(SPAN, document), lost))
}

fn named(name: &str) -> Node {
    map(SPAN, vec![("name", word(name))])
}

/// Parts of the definition that OpenSLO has no key for.
fn without_place(slo: &Slo) -> Vec<String> {
    let usual = AlertPolicy::default();
    let carries = |tier: &AlertTier| tier.labels.iter().next().is_some() || tier.annotations.iter().next().is_some();
    let parts = [
        (slo.windows.len() > 1, "windows but the first one"),
        (!slo.depends_on.is_empty(), "dependsOn"),
        (!slo.objectives.is_empty(), "objectiveHistory"),
        (slo.no_data != NoDataPolicy::Ignore, "noData"),
        (slo.group_by.is_some(), "groupBy"),
        (slo.alerts.bad_events_min != usual.bad_events_min, "alerts.minBadEvents"),
        (slo.alerts.coverage_floor != usual.coverage_floor, "alerts.coverageFloor"),
        (slo.alerts.labels.iter().next().is_some(), "alerts.labels"),
        (slo.alerts.annotations.iter().next().is_some(), "alerts.annotations"),
        (slo.alerts.tiers.iter().any(carries), "labels and annotations of tiers"),
        (!slo.budget_policy.is_empty(), "budgetPolicy"),
    ];
    parts.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name.to_owned()).collect()
}

fn metric(slo: &Slo, lost: &mut Vec<String>) -> Result<Metric, String> {
    let source = slo.source.as_deref();
    let one = |key: &str, value: Node| Metric { spec: map(SPAN, vec![(key, Some(value))]), condition: None };
    let ratio = |is_counter: bool, side: &str, part: String, total: String| {
        let counter = is_counter.then(|| text(SPAN, "true"));
        let keys = vec![("counter", counter), (side, Some(query(part, source))), ("total", Some(query(total, source)))];
        one("ratioMetric", map(SPAN, keys))
    };
    Ok(match &slo.indicator {
        Sli::Ratio { numerator, total } => {
            let side = if matches!(numerator, Numerator::Bad(_)) { "bad" } else { "good" };
            match (numerator.sum().only(), total.only()) {
                (Some(part), Some(total)) => ratio(true, side, part.to_string(), total.to_string()),
                _ => ratio(false, side, rates(numerator.sum()), rates(total)),
            }
        }
        Sli::Latency { histogram, threshold_seconds, unit } => {
            lost.push(
                "a threshold between two buckets, and native histograms: the bucket must have this bound".to_owned(),
            );
            let bound = unit.bound(*threshold_seconds).to_string();
            let le = Matcher::new("le", MatchOp::Equal, bound).into_iter();
            let good = histogram.derive(format!("{}_bucket", histogram.metric), le);
            let total = histogram.derive(format!("{}_count", histogram.metric), []);
            ratio(true, "good", good.to_string(), total.to_string())
        }
        Sli::Gauge { metric, good } => threshold(metric, good.op, good.value, source),
        Sli::RawRatio { metric, is_bad, unit } => {
            let written = match unit {
                RatioUnit::Ratio => metric.to_string(),
                RatioUnit::Percent => format!("{metric} / 100"),
            };
            let kind = if *is_bad { "failure" } else { "success" };
            one("ratioMetric", map(SPAN, vec![("rawType", word(kind)), ("raw", Some(query(written, source)))]))
        }
        Sli::Estimated { numerator: Expression { text: part, .. }, is_bad, total } => {
            ratio(false, if *is_bad { "bad" } else { "good" }, part.clone(), total.text.clone())
        }
        Sli::Alert { .. } => return Err("OpenSLO has no SLI of alerts".to_owned()),
        Sli::Pushed { .. } => return Err("OpenSLO has no SLI of pushed counts".to_owned()),
        Sli::Composite(_) => return Err("a composite has no SLI of its own in OpenSLO".to_owned()),
    })
}

fn rates(sum: &SelectorSum) -> String {
    sum.iter().map(|one| format!("sum(rate({one}[5m]))")).collect::<Vec<_>>().join(" + ")
}

/// OpenSLO compares with four operators; other comparisons are part of the query.
fn threshold(metric: &Selector, op: ComparisonOp, value: f64, source: Option<&str>) -> Metric {
    let (written, operator, value) = match op {
        ComparisonOp::LessOrEqual => (metric.to_string(), "lte", value.to_string()),
        ComparisonOp::Less => (metric.to_string(), "lt", value.to_string()),
        ComparisonOp::GreaterOrEqual => (metric.to_string(), "gte", value.to_string()),
        ComparisonOp::Greater => (metric.to_string(), "gt", value.to_string()),
        ComparisonOp::Equal => (format!("{metric} == bool {value}"), "gte", "1".to_owned()),
        ComparisonOp::NotEqual => (format!("{metric} != bool {value}"), "gte", "1".to_owned()),
    };
    let spec = map(SPAN, vec![("thresholdMetric", Some(query(written, source)))]);
    Metric { spec, condition: Some((operator, value)) }
}

fn query(written: String, source: Option<&str>) -> Node {
    let spec = map(SPAN, vec![("query", word(written))]);
    let metric = vec![("metricSourceRef", source.and_then(word)), ("type", word("Prometheus")), ("spec", Some(spec))];
    map(SPAN, vec![("metricSource", Some(map(SPAN, metric)))])
}

/// A length with one unit, as OpenSLO writes it.
fn shorthand(length: Millis) -> String {
    let units = [("d", Millis::from_days(1)), ("h", Millis::from_hours(1)), ("m", Millis::from_mins(1))];
    let fits = units.iter().find(|(_, unit)| length.0 % unit.0 == 0);
    fits.map_or_else(|| length.to_string(), |(letter, unit)| format!("{}{letter}", length.0 / unit.0))
}

fn window(window: &ComplianceWindow) -> Node {
    let (unit, calendar) = match window {
        ComplianceWindow::Rolling { length } => {
            return map(SPAN, vec![("duration", word(shorthand(*length))), ("isRolling", word("true"))]);
        }
        ComplianceWindow::Calendar { unit, calendar } => (*unit, *calendar),
    };
    let duration = match unit {
        CalendarUnit::Week => "1w",
        CalendarUnit::Month => "1M",
        CalendarUnit::Quarter => "1Q",
        CalendarUnit::Year => "1Y",
    };
    let rules = vec![("startTime", word(begin(unit, calendar))), ("timeZone", word(calendar.zone.name()))];
    let keys = vec![("duration", word(duration)), ("isRolling", word("false")), ("calendar", Some(map(SPAN, rules)))];
    map(SPAN, keys)
}

/// A day of 2026 on which a window of the calendar began.
fn begin(unit: CalendarUnit, calendar: Calendar) -> String {
    let (month, day) = match unit {
        // The fifth of January was a Monday.
        CalendarUnit::Week => (1, 5 + calendar.week_start.num_days_from_monday()),
        CalendarUnit::Month => (1, 1),
        CalendarUnit::Quarter | CalendarUnit::Year => (calendar.year_start.number_from_month(), 1),
    };
    format!("2026-{month:02}-{day:02} 00:00:00")
}

/// A tier as a policy of one condition; its short lookback is the time that it must last.
fn policy(slo: &Slo, tier: &AlertTier) -> Node {
    let factor = format!("{:.6}", tier.factor(slo.first_window().nominal_length()));
    let factor = factor.trim_end_matches('0').trim_end_matches('.').to_owned();
    let of_kind = |kind: &str, name: String, spec: Node| {
        map(SPAN, vec![("kind", word(kind)), ("metadata", Some(named(&name))), ("spec", Some(spec))])
    };
    let condition = map(
        SPAN,
        vec![
            ("kind", word("burnrate")),
            ("op", word("gt")),
            ("threshold", word(factor)),
            ("lookbackWindow", word(shorthand(tier.long))),
            ("alertAfter", word(shorthand(tier.short))),
        ],
    );
    let condition = map(SPAN, vec![("severity", word(tier.severity.word())), ("condition", Some(condition))]);
    let condition = of_kind("AlertCondition", tier.name.clone(), condition);
    let target = of_kind(
        "AlertNotificationTarget",
        "alertmanager".to_owned(),
        map(SPAN, vec![("target", word("alertmanager"))]),
    );
    let spec = map(
        SPAN,
        vec![
            ("alertWhenBreaching", word("true")),
            ("alertWhenNoData", slo.alerts.missing_data.is_some().then(|| text(SPAN, "true"))),
            ("conditions", Some(list(SPAN, vec![condition]))),
            ("notificationTargets", Some(list(SPAN, vec![target]))),
        ],
    );
    of_kind("AlertPolicy", format!("{}-{}", slo.name, tier.name), spec)
}
