//! The burn-rate tiers that another tool gives every SLO, as far as they can fire.

use crate::definitions::format::alerting_policy::{Promise, fitting};
use crate::definitions::format::ratio::objective;
use crate::definitions::format::windows::window;
use crate::definitions::writing::alerts::tier_node;
use crate::model::labels::Labels;
use crate::model::slo::{AlertTier, Budgeting, Severity};
use crate::model::time::window::{Calendar, ComplianceWindow};
use crate::model::time::{Millis, SLOT_MS};
use crate::yaml::build::list;
use crate::yaml::fields::At;
use crate::yaml::node::{Node, Value};
use crate::yaml::source::SourceText;

/// The short lookback of a condition that names none, as a share of the long one.
const SHORT_SHARE: i64 = 12;

/// A tier that waits for a burn rate.
pub(crate) fn of_factor(
    name: &str,
    severity: Severity,
    factor: f64,
    (long, short): (Millis, Millis),
    window: Millis,
) -> AlertTier {
    let budget_ratio = factor * long.0 as f64 / window.0.max(1) as f64;
    let (labels, annotations) = (Labels::new(), Labels::new());
    AlertTier { name: name.to_owned(), severity, budget_ratio, long, short, labels, annotations }
}

/// The delay of a condition where it can be the short lookback, else the usual share.
pub(crate) fn short_of(long: Millis, after: Option<Millis>) -> Millis {
    let usable = after.filter(|after| after.0 >= SLOT_MS && *after < long && after.0 % SLOT_MS == 0);
    let usual = (long.0 / SHORT_SHARE / SLOT_MS).max(1) * SLOT_MS;
    usable.unwrap_or(Millis(usual))
}

/// The length that burn rates of a window are taken of.
pub(crate) fn nominal(windows: &Node) -> Option<Millis> {
    first_window(windows).map(|window| window.nominal_length())
}

fn first_window(windows: &Node) -> Option<ComplianceWindow> {
    let Value::List(items) = &windows.value else { return None };
    let Value::Text(text) = &items.first()?.value else { return None };
    window(text, Calendar::of_zone(chrono_tz::Tz::UTC)).ok()
}

/// The tiers that can fire for this objective and window, as a list of our format; all
/// of them where those are not sound, as that is named anyway.
pub(crate) fn usual(
    at: &At<'_>,
    tiers: Vec<AlertTier>,
    (objective_node, windows): (&Node, &Node),
    source: &mut SourceText<'_>,
) -> Option<Node> {
    let objective = match &objective_node.value {
        Value::Text(text) => objective(text).ok(),
        _ => None,
    };
    let tiers = match (objective, first_window(windows)) {
        (Some(objective), Some(window)) => {
            let promise = Promise { objective, window: &window, budgeting: Budgeting::Events };
            fitting(tiers, "usual tiers", at, &promise, source)?
        }
        _ => tiers,
    };
    Some(list(at.head, tiers.iter().map(|tier| tier_node(at.head, tier)).collect()))
}

/// Texts as the labels or annotations of tiers.
pub(crate) fn as_labels(node: Option<&Node>) -> Labels {
    let mut labels = Labels::new();
    if let Some(Value::Map(entries)) = node.map(|node| &node.value) {
        for entry in entries {
            if let Value::Text(text) = &entry.value.value {
                labels.set(entry.key.clone(), text.clone());
            }
        }
    }
    labels
}
