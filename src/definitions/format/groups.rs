//! By which labels an SLO is divided into one per group. Must not know which
//! groups there are.

use crate::model::labels::NAME;
use crate::model::labels::selector::MatchOp;
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::groups::GROUPS_MAX;
use crate::model::slo::sli::Sli;
use crate::yaml::fields::At;
use crate::yaml::node::Value;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, label_name, shown};

/// More would be told apart by nobody, and each value makes groups of the others.
const LABELS_MAX: usize = 4;
/// Enough for the routes of a service.
const GROUPS_DEFAULT: usize = 50;

const EXAMPLE: &str = "`[route]`, or {labels: [route], max: 50}";

/// Reads `groupBy`; an empty list divides nothing.
pub(crate) fn read_groups(
    at: &At<'_>,
    indicator: Option<&Sli>,
    source: &mut SourceText<'_>,
) -> Option<Option<GroupBy>> {
    let before = source.errors();
    let (labels_at, groups_max) = if matches!(at.node.value, Value::List(_)) {
        (None, Some(GROUPS_DEFAULT))
    } else if let Value::Text(_) = at.node.value {
        at.error(source, "the labels are a list", Some(EXAMPLE.to_owned()));
        return None;
    } else {
        let mut fields = at.fields(source)?;
        let labels = fields.required("labels", source, EXAMPLE);
        let max = fields.optional("max");
        fields.finish(source);
        (Some(labels?), max.map_or(Some(GROUPS_DEFAULT), |at| at.parse(source, groups_max)))
    };
    let labels_at = labels_at.as_ref().unwrap_or(at);
    let mut labels: Vec<String> = Vec::new();
    for item in labels_at.items(source, LABELS_MAX)? {
        let Some(label) = item.parse(source, |text| label(text, indicator)) else { continue };
        if labels.contains(&label) {
            item.error(source, format!("duplicate label `{label}`"), None);
        }
        labels.push(label);
    }
    if let Some(complaint) = indicator.and_then(|indicator| undividable(indicator, labels.len())) {
        labels_at.error(source, complaint.message, complaint.hint);
    }
    if source.errors() > before {
        return None;
    }
    let groups_max = groups_max?;
    let one_selector =
        matches!(indicator, Some(Sli::Latency { .. } | Sli::Gauge { .. } | Sli::RawRatio { .. })) && labels.len() > 1;
    if one_selector {
        let message = format!("groups after the first {groups_max} are not counted: one selector cannot name the rest");
        let hint = "divide by one label, count a `ratio`, or raise `max` in {labels: [...], max: ...}";
        labels_at.warning(source, message, Some(hint.to_owned()));
    }
    Some((!labels.is_empty()).then_some(GroupBy { labels, groups_max }))
}

fn groups_max(text: &str) -> Result<usize, Complaint> {
    let number = text.parse::<usize>().ok().filter(|n| (1..=GROUPS_MAX).contains(n));
    number.ok_or_else(|| {
        Complaint::new(
            format!("invalid number of groups `{}`", shown(text)),
            format!("a number from 1 to {GROUPS_MAX}"),
        )
    })
}

fn label(text: &str, indicator: Option<&Sli>) -> Result<String, Complaint> {
    let label = label_name(text)?;
    if label == NAME || label == "le" {
        return Err(Complaint::from(format!("`{label}` tells series of one group apart, not groups")));
    }
    let selectors = indicator.map(Sli::selectors).unwrap_or_default();
    let fixed = selectors
        .iter()
        .flat_map(|selector| selector.matchers())
        .find(|matcher| matcher.label == label && matcher.op == MatchOp::Equal);
    match fixed {
        Some(matcher) => Err(Complaint::new(
            format!("there is one group only: the indicator selects {}", shown(&matcher.to_string())),
            "leave the matcher out, or the label",
        )),
        None => Ok(label),
    }
}

/// Why an indicator cannot be divided by so many labels.
fn undividable(indicator: &Sli, labels: usize) -> Option<Complaint> {
    match indicator {
        _ if labels == 0 => None,
        Sli::Ratio { .. } | Sli::Latency { .. } | Sli::Gauge { .. } | Sli::RawRatio { .. } => None,
        Sli::Alert { .. } | Sli::Pushed { .. } | Sli::Composite(_) | Sli::Estimated { .. } => Some(Complaint::new(
            "this indicator has no series that could be divided",
            "`ratio`, `latency`, `gauge` and `rawRatio` have; write one definition per group otherwise",
        )),
    }
}
