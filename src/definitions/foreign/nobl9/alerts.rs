//! Alert policies of Nobl9 as burn-rate tiers, where all their conditions are burn rates.

use crate::definitions::foreign::parts::build::dns_name;
use crate::definitions::foreign::parts::severity::severity_of;
use crate::definitions::foreign::parts::shared::Shared;
use crate::definitions::foreign::parts::tiers::{nominal, of_factor, short_of};
use crate::definitions::writing::alerts::tier_node;
use crate::model::slo::AlertTier;
use crate::model::time::Millis;
use crate::yaml::build::{list, map, text};
use crate::yaml::fields::At;
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, shown};

/// What documents of Nobl9 begin with.
pub(crate) const VERSION: &str = "n9/v1alpha";
/// A kind that is used where an SLO names it.
pub(crate) const POLICY: &str = "AlertPolicy";

const POLICIES_MAX: usize = 16;
const CONDITIONS_MAX: usize = 8;

const BURN_RATES: &str = "conditions `averageBurnRate` with `alertingWindow` are read, one or two of the same value; write \
                          others as `tiers` in Evenkeel's format";

/// The `alerts` of our format, for the policies that an SLO names.
pub(super) fn alerts(at: &At<'_>, windows: &Node, shared: &Shared, source: &mut SourceText<'_>) -> Option<Node> {
    let window = nominal(windows)?;
    let before = source.errors();
    let mut tiers = Vec::new();
    for item in at.items(source, POLICIES_MAX)? {
        let Some(found) = shared.find(VERSION, POLICY, &item, source) else { continue };
        let name = item.text(source)?;
        tiers.extend(tier(&found.at(), (&item, name), window, source).map(|tier| tier_node(at.head, &tier)));
    }
    if source.errors() > before {
        return None;
    }
    let tiers = if tiers.is_empty() { text(at.head, "none") } else { list(at.head, tiers) };
    Some(map(at.head, vec![("tiers", Some(tiers))]))
}

fn tier(
    spec: &At<'_>,
    (reference, name): (&At<'_>, &str),
    window: Millis,
    source: &mut SourceText<'_>,
) -> Option<AlertTier> {
    let mut fields = spec.fields(source)?;
    let severity = fields.required("severity", source, "High, Medium or Low");
    let conditions = fields.required("conditions", source, "a list of conditions");
    for key in ["description", "coolDown", "alertMethods"] {
        fields.optional(key);
    }
    fields.finish(source);
    let severity = severity?.parse(source, severity_of)?;
    let items = conditions?.items(source, CONDITIONS_MAX)?;
    let read: Option<Vec<(f64, Millis)>> = items.iter().map(|item| condition(item, source)).collect();
    let read = read.unwrap_or_default();
    let (factor, long, short) = match read.as_slice() {
        [(factor, window)] => (*factor, *window, short_of(*window, None)),
        [(one, a), (other, b)] if one == other && a != b => (*one, (*a).max(*b), (*a).min(*b)),
        _ => {
            let message = format!("the alert policy `{}` is not carried over", shown(name));
            reference.warning(source, message, Some(BURN_RATES.to_owned()));
            return None;
        }
    };
    Some(of_factor(&dns_name(name), severity, factor, (long, short), window))
}

/// Burn rate and lookback of a condition; `None` where it is about something else.
fn condition(at: &At<'_>, source: &mut SourceText<'_>) -> Option<(f64, Millis)> {
    let mut fields = at.fields(source)?;
    let measurement = fields.required("measurement", source, "averageBurnRate");
    let (value, operator) = (fields.optional("value"), fields.optional("op"));
    let (window, lasts) = (fields.optional("alertingWindow"), fields.optional("lastsFor"));
    fields.finish(source);
    let is_burn_rate = measurement?.text(source)? == "averageBurnRate" && lasts.is_none();
    let is_above = operator.is_none_or(|at| matches!(at.text(source), Some("gt" | "gte")));
    let window = window.filter(|_| is_burn_rate && is_above)?;
    let factor = value?.parse(source, |word| {
        let number = word.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
        number.ok_or_else(|| Complaint::new(format!("invalid burn rate `{}`", shown(word)), "for example 14.4"))
    })?;
    let length = window.parse(source, |word| word.parse::<Millis>().map_err(|e| Complaint::from(e.to_string())))?;
    Some((factor, length))
}
