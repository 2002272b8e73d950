//! Whether the two sides of a ratio can be parts of one count.

use crate::model::labels::selector::{Selector, SelectorSum};
use crate::model::slo::sli::Numerator;
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

/// Whether the two sides can be parts of one count.
pub(crate) fn check_sides(
    at: &At<'_>,
    numerator: &Numerator,
    total: &SelectorSum,
    source: &mut SourceText<'_>,
) -> bool {
    let side = match numerator {
        Numerator::Good(_) => "good",
        Numerator::Bad(_) => "bad",
    };
    if numerator.sum() == total {
        let message = format!("`{side}` and `total` select the same series: every event would be {side}");
        at.error(source, message, Some(format!("add the matcher that makes an event {side}, such as code=~\"5..\"")));
        return false;
    }
    for part in numerator.sum().iter() {
        let mut same = total.iter().filter(|t| t.metric == part.metric).peekable();
        let Some(first) = same.peek().copied() else { continue };
        if same.any(|t| part.is_within(t)) {
            continue;
        }
        let missing: Vec<String> =
            first.matchers().iter().filter(|m| !part.matchers().contains(m)).map(ToString::to_string).collect();
        let message = format!("`{side}` may count events that `total` does not");
        let hint = format!("`total` also has {}; repeat it in `{side}`", shown(&missing.join(", ")));
        at.warning(source, message, Some(hint));
    }
    true
}

/// A recorded series is a sum of counters or a rate: its falls hide who restarted.
pub(crate) fn warn_of_recorded(at: &At<'_>, selector: &Selector, source: &mut SourceText<'_>) {
    if selector.metric.contains(':') {
        let message =
            format!("`{}` is the result of a recording rule, counted as if it were a counter", shown(&selector.metric));
        let hint =
            "select the counters that the rule reads: restarts and new series cannot be seen in a sum of counters";
        at.warning(source, message, Some(hint.to_owned()));
    }
}
