//! Burn-rate tiers: which of an SLO's alerts hold at a moment. After Google's
//! SRE workbook, chapter 5: a long lookback for weight, a short one for a quick
//! reset.

use super::snapshot::{TierStatus, TierVerdict};
use super::status::BurnRate;
use crate::model::slo::{AlertTier, NoDataPolicy, Severity, Slo};
use crate::model::time::Millis;

/// Failed events in the long lookback below which nobody is paged: one failure
/// in a quiet night is no reason to wake anyone.
pub const BAD_EVENTS_MIN: i64 = 5;

/// Coverage of the long lookback below which `noData: freeze` holds an alert as
/// it is.
pub const COVERAGE_FLOOR: f64 = 0.9;

/// The verdict of each tier, from the burn rates of its lookbacks.
pub fn judge_tiers(slo: &Slo, burn_rates: &[BurnRate]) -> Vec<TierStatus> {
    let of = |lookback: Millis| burn_rates.iter().find(|b| b.lookback == lookback);
    let judge_tier = |tier: &AlertTier| {
        let factor = tier.factor(slo.first_window().nominal_length());
        let (long, short) = (of(tier.long), of(tier.short));
        let rate = |b: Option<&BurnRate>| b.and_then(|b| b.rate);
        let over = |b: Option<&BurnRate>| rate(b).is_some_and(|r| r > factor);
        let coverage = |b: Option<&BurnRate>| b.map_or(0.0, |b| b.coverage);
        let frozen = slo.no_data == NoDataPolicy::Freeze && coverage(long).min(coverage(short)) < COVERAGE_FLOOR;
        let few = tier.severity == Severity::Page && long.is_some_and(|b| b.counts.bad() < BAD_EVENTS_MIN);
        let verdict = match (frozen, over(long) && over(short), few) {
            (true, _, _) => TierVerdict::Frozen,
            (false, true, true) => TierVerdict::HeldBack,
            (false, true, false) => TierVerdict::Firing,
            (false, false, _) => TierVerdict::Quiet,
        };
        TierStatus { tier: tier.clone(), factor, long_rate: rate(long), short_rate: rate(short), verdict }
    };
    slo.alerts.tiers.iter().map(judge_tier).collect()
}
