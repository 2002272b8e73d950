//! Alerts of Pyrra: its four pairs of lookbacks, which grow with the window, and the
//! alert on missing series.

use crate::definitions::foreign::parts::build::{NotCarried, switch};
use crate::definitions::foreign::parts::severity::severity_of;
use crate::definitions::foreign::parts::tiers::{nominal, of_factor, usual};
use crate::model::slo::{AlertTier, Severity};
use crate::model::time::{Millis, SLOT_MS};
use crate::yaml::build::{map, text};
use crate::yaml::fields::At;
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;

/// The window that the lookbacks are written for.
const WRITTEN_FOR: Millis = Millis::from_days(28);

/// Name, key of its severity, factor, long and short lookback in minutes of 28 days.
const TIERS: [(&str, &str, f64, i64, i64); 4] = [
    ("fast", "fastBurn", 14.0, 60, 5),
    ("medium", "mediumBurn", 7.0, 360, 30),
    ("slow", "slowBurn", 2.0, 1_440, 120),
    ("creeping", "longTermBurn", 1.0, 5_760, 360),
];

const NAMES: &str = "alerts are named ErrorBudgetBurn and SloDataMissing; the labels `slo`, `service` and `tier` say which \
                     one it is";

/// The `alerts` of our format; `name` is where it is shown that a tier cannot fire.
pub(super) fn alerts(
    at: Option<&At<'_>>,
    name: &At<'_>,
    annotations: Option<Node>,
    promise: (&Node, &Node),
    source: &mut SourceText<'_>,
) -> Option<Node> {
    let wanted = at.map_or(Some(Wanted::default()), |at| Wanted::read(at, source))?;
    let at = at.unwrap_or(name);
    let window = nominal(promise.1).unwrap_or(WRITTEN_FOR);
    let tiers = if wanted.burn_rates {
        let of_window = TIERS.iter().zip(wanted.severities).map(|(row, severity)| tier(row, severity, window));
        usual(at, of_window.collect(), promise, source)?
    } else {
        text(at.head, "none")
    };
    let missing = wanted.absent.map(|severity| text(at.head, severity.word()));
    Some(map(at.head, vec![("tiers", Some(tiers)), ("annotations", annotations), ("missingData", missing)]))
}

fn tier((name, _, factor, long, short): &(&str, &str, f64, i64, i64), severity: Severity, window: Millis) -> AlertTier {
    // As Pyrra does: in whole minutes, half a minute being rounded up.
    let scaled = |minutes: i64| {
        let exact = i128::from(minutes) * i128::from(window.0) / i128::from(WRITTEN_FOR.0 / SLOT_MS);
        let whole = (exact + i128::from(SLOT_MS / 2)) / i128::from(SLOT_MS);
        Millis(i64::try_from(whole.max(1)).unwrap_or(minutes).saturating_mul(SLOT_MS))
    };
    let (long, short) = (scaled(*long), scaled(*short));
    of_factor(name, severity, *factor, (long.max(Millis(2 * SLOT_MS)), short), window)
}

/// What the resource asks for.
struct Wanted {
    burn_rates: bool,
    severities: [Severity; 4],
    absent: Option<Severity>,
}

impl Default for Wanted {
    fn default() -> Self {
        let severities = [Severity::Page, Severity::Page, Severity::Ticket, Severity::Ticket];
        Wanted { burn_rates: true, severities, absent: Some(Severity::Page) }
    }
}

impl Wanted {
    fn read(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Wanted> {
        let mut wanted = Wanted::default();
        let mut fields = at.fields(source)?;
        let disabled = switch(fields.optional("disabled"), false, source);
        wanted.burn_rates = switch(fields.optional("burnrates"), true, source) && !disabled;
        let absent = switch(fields.optional("absent"), true, source) && !disabled;
        let mut not_carried = NotCarried::default();
        for (key, ours) in [("name", "ErrorBudgetBurn"), ("absentName", "SloDataMissing")] {
            let other = fields.optional(key).filter(|at| at.text(source) != Some(ours));
            not_carried.note(other);
        }
        let severities = fields.optional("severities");
        fields.finish(source);
        not_carried.warn(NAMES, source);
        let mut severity_of_absent = Severity::Page;
        if let Some(at) = severities {
            let mut fields = at.fields(source)?;
            let named = TIERS.map(|(_, key, ..)| fields.optional(key));
            let of_absent = fields.optional("absent");
            fields.finish(source);
            for (severity, at) in wanted.severities.iter_mut().zip(named) {
                if let Some(at) = at {
                    *severity = at.parse(source, severity_of)?;
                }
            }
            if let Some(at) = of_absent {
                severity_of_absent = at.parse(source, severity_of)?;
            }
        }
        wanted.absent = absent.then_some(severity_of_absent);
        Some(wanted)
    }
}
