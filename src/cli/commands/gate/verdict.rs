//! Whether one SLO lets a change through. Must not know how it was asked for.

use std::fmt;

use serde::Serialize;

use super::overrides::GateOverride;
use crate::api::slos::{SloJson, SloStateJson};
use crate::cli::args::{GateArgs, GatePolicy};
use crate::cli::output::tables::cells::{band, length, percent};
use crate::model::time::{Millis, Timestamp};

/// The lookback that says whether samples still arrive.
const PRESENT: &str = "1h";

/// What an SLO must have.
pub(super) struct GateRule {
    min: f64,
    unknown: GatePolicy,
    while_burning: GatePolicy,
    max_age: Millis,
    now: Timestamp,
}

impl GateRule {
    pub fn of(args: &GateArgs, now: Timestamp) -> GateRule {
        let GateArgs { min, unknown, while_burning, max_age, .. } = *args;
        GateRule { min, unknown, while_burning, max_age, now }
    }

    /// The verdict on an SLO whose budget is not known.
    pub fn unknown(&self, slo: &str, reason: String) -> GateVerdict {
        GateVerdict {
            slo: slo.to_owned(),
            passes: self.unknown == GatePolicy::Pass,
            budget_remaining_ratio: None,
            coverage: None,
            as_of: None,
            reason: format!("not known: {reason}"),
            override_by: None,
        }
    }
}

/// What became of one SLO.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct GateVerdict {
    pub slo: String,
    pub passes: bool,
    /// Share of the error budget of the first window that is left.
    pub budget_remaining_ratio: Option<f64>,
    pub coverage: Option<f64>,
    pub as_of: Option<String>,
    pub reason: String,
    /// Who let it through although it does not pass.
    pub override_by: Option<String>,
}

impl fmt::Display for GateVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.passes { "pass" } else { "FAIL" };
        write!(f, "{word}  {}: {}", self.slo, self.reason)
    }
}

/// Judges an SLO; `as_of` is the moment that its figures are of.
pub(super) fn decide(slo: &SloJson, as_of: Timestamp, rule: &GateRule) -> GateVerdict {
    let age = rule.now - as_of;
    if age > rule.max_age {
        return rule.unknown(&slo.slo, format!("the figures are {} old", length(age)));
    }
    let corrected = slo.corrected.as_ref().map(|corrected| corrected.budget.as_ref());
    let budget = match slo.state {
        SloStateJson::Reading => return rule.unknown(&slo.slo, "its history is still being read".to_owned()),
        SloStateJson::Unknown => None,
        _ => corrected.unwrap_or(slo.budget.as_ref()),
    };
    let Some(budget) = budget else {
        let interval = band(slo.lo, slo.hi, percent).map(|known| format!("the attainment lies anywhere in {known}"));
        let why = slo.findings.first().map(|finding| finding.message.clone()).or(interval);
        return rule.unknown(&slo.slo, why.unwrap_or_else(|| "nothing was observed".to_owned()));
    };
    let left = budget.remaining_ratio;
    let present = slo.burn_rates.iter().find(|burn| burn.lookback == PRESENT);
    if let Some(burn) = present.filter(|burn| left >= rule.min && burn.coverage < slo.coverage_floor) {
        return rule.unknown(&slo.slo, format!("only {} of the last hour was observed", percent(burn.coverage)));
    }
    let burns = slo.state == SloStateJson::Burning && rule.while_burning == GatePolicy::Fail;
    let figures = format!(
        "{} of the error budget of {} left, at least {} wanted, {} of the time observed, as of {} ago",
        rounded_down(left),
        slo.window,
        rounded_down(rule.min),
        percent(slo.coverage),
        length(age)
    );
    GateVerdict {
        slo: slo.slo.clone(),
        // A spent budget lets nothing through, also where nothing is wanted to be left.
        passes: left > 0.0 && left >= rule.min && !burns,
        budget_remaining_ratio: Some(left),
        coverage: Some(slo.coverage),
        as_of: Some(as_of.to_string()),
        reason: if burns { format!("a burn-rate alert fires; {figures}") } else { figures },
        override_by: None,
    }
}

/// To one decimal: 19.96 % must not read as 20 %.
fn rounded_down(ratio: f64) -> String {
    format!("{:.1}%", (ratio * 1_000.0 + 1e-9).floor() / 10.0)
}

/// The verdict after the overrides that hold at `now`.
pub(super) fn overridden(verdict: GateVerdict, overrides: &[GateOverride], now: Timestamp) -> GateVerdict {
    let holds = |one: &&GateOverride| one.slo == verdict.slo && now < one.until;
    let Some(by) = overrides.iter().find(holds).filter(|_| !verdict.passes) else {
        return verdict;
    };
    let GateOverride { author, reason, until, .. } = by;
    let reason = format!("{}; overridden by {author} until {until}: {reason}", verdict.reason);
    GateVerdict { passes: true, reason, override_by: Some(author.clone()), ..verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-07-01T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn rule(min: f64) -> GateRule {
        let (unknown, while_burning) = (GatePolicy::Fail, GatePolicy::Pass);
        GateRule { min, unknown, while_burning, max_age: Millis::from_mins(10), now: at(NOW) }
    }

    /// The answer of a daemon, with this budget and state.
    fn slo(left: Option<f64>, state: &str) -> SloJson {
        let budget = left.map(|left| {
            serde_json::json!({"total_events": 100.0, "remaining_events": left * 100.0, "remaining_ratio": left,
                "exhausted_at": null, "time_to_exhaustion_seconds": null, "time_to_exhaustion_soonest_seconds": null,
                "time_to_exhaustion_latest_seconds": null, "total_minutes": null, "remaining_minutes": null})
        });
        let golden = include_str!("../../../../tests/it/golden/slo.json");
        let mut answer: serde_json::Value = serde_json::from_str(golden).unwrap();
        answer["budget"] = budget.unwrap_or_default();
        answer["corrected"] = serde_json::Value::Null;
        answer["state"] = state.into();
        answer["findings"] = serde_json::json!([]);
        serde_json::from_value(answer).unwrap()
    }

    fn passes(left: Option<f64>, state: &str, rule: &GateRule) -> bool {
        decide(&slo(left, state), at("2026-07-01T11:59:00Z"), rule).passes
    }

    #[test]
    fn enough_passes_and_a_spent_budget_never_does() {
        assert!(passes(Some(0.2), "ok", &rule(0.2)) && !passes(Some(0.19), "ok", &rule(0.2)));
        assert!(passes(Some(0.01), "ok", &rule(0.0)) && !passes(Some(0.0), "exhausted", &rule(0.0)));
        assert!(passes(Some(0.5), "burning", &rule(0.2)));
        assert!(!passes(Some(0.5), "burning", &GateRule { while_burning: GatePolicy::Fail, ..rule(0.2) }));
    }

    #[test]
    fn a_budget_that_nobody_watches_any_more_is_not_known_and_a_spent_one_is() {
        let unseen = |left: f64| {
            let mut slo = slo(Some(left), "ok");
            slo.burn_rates.iter_mut().for_each(|burn| burn.coverage = 0.2);
            decide(&slo, at(NOW), &rule(0.2))
        };
        assert_eq!(unseen(0.9).reason, "not known: only 20.0% of the last hour was observed");
        let (spent, reason) = (unseen(0.1999), "19.9% of the error budget of month left, at least 20.0% wanted");
        assert!(!spent.passes && spent.reason.starts_with(reason), "{}", spent.reason);
    }

    #[test]
    fn what_is_not_known_follows_the_policy() {
        let lenient = || GateRule { unknown: GatePolicy::Pass, ..rule(0.2) };
        for (left, state) in [(None, "unknown"), (Some(0.9), "reading")] {
            assert!(!passes(left, state, &rule(0.2)) && passes(left, state, &lenient()), "{state}");
        }
        let old = decide(&slo(Some(0.9), "ok"), at("2026-07-01T11:30:00Z"), &rule(0.2));
        assert_eq!((old.passes, old.reason.as_str()), (false, "not known: the figures are 30m old"));
    }

    #[test]
    fn an_override_holds_until_it_expires_and_names_its_author() {
        let failed = || decide(&slo(Some(-1.0), "exhausted"), at(NOW), &rule(0.2));
        let by = |name: &str, until: &str| GateOverride {
            slo: name.to_owned(),
            author: "anna".to_owned(),
            reason: "fix of the outage".to_owned(),
            until: at(until),
        };
        let name = failed().slo;
        let passed = overridden(failed(), &[by(&name, "2026-07-01T12:00:01Z")], at(NOW));
        assert!(passed.passes && passed.reason.ends_with("by anna until 2026-07-01T12:00:01.000Z: fix of the outage"));
        assert!(!overridden(failed(), &[by(&name, NOW), by("other", "2027-01-01T00:00:00Z")], at(NOW)).passes);
    }
}
