//! Alerts of an SLO as they are written in a definition.

use crate::definitions::format::ratio::ratio_text;
use crate::model::labels::Labels;
use crate::model::slo::{AlertPolicy, AlertTier};
use crate::yaml::build::{list, map, text};
use crate::yaml::node::{Entry, Node, Span, Value};

/// The mapping below `spec.alerts`.
pub(super) fn alerts_node(alerts: &AlertPolicy) -> Node {
    let span = Span::default();
    let usual = AlertPolicy::default();
    let tiers = match alerts.tiers.as_slice() {
        [] => text(span, "none"),
        tiers if *tiers == AlertTier::standard() => text(span, "standard"),
        tiers => list(span, tiers.iter().map(|tier| tier_node(span, tier)).collect()),
    };
    let floor = (alerts.coverage_floor != usual.coverage_floor).then(|| text(span, ratio_text(alerts.coverage_floor)));
    let guard = (alerts.bad_events_min != usual.bad_events_min).then(|| text(span, alerts.bad_events_min.to_string()));
    map(
        span,
        vec![
            ("tiers", Some(tiers)),
            ("minBadEvents", guard),
            ("coverageFloor", floor),
            ("missingData", alerts.missing_data.map(|severity| text(span, severity.word()))),
            ("labels", labels_node(span, &alerts.labels)),
            ("annotations", labels_node(span, &alerts.annotations)),
        ],
    )
}

/// One tier of a list.
pub(crate) fn tier_node(span: Span, tier: &AlertTier) -> Node {
    let word = |value: String| Some(text(span, value));
    map(
        span,
        vec![
            ("name", word(tier.name.clone())),
            ("severity", word(tier.severity.word().to_owned())),
            ("budget", word(ratio_text(tier.budget_ratio))),
            ("long", word(tier.long.to_string())),
            ("short", word(tier.short.to_string())),
            ("labels", labels_node(span, &tier.labels)),
            ("annotations", labels_node(span, &tier.annotations)),
        ],
    )
}

/// Names and values; `None` without any.
pub(crate) fn labels_node(span: Span, labels: &Labels) -> Option<Node> {
    let entries: Vec<Entry> = labels
        .iter()
        .map(|(name, value)| Entry { key: name.to_owned(), key_span: span, value: text(span, value) })
        .collect();
    (!entries.is_empty()).then_some(Node { span, value: Value::Map(entries) })
}
