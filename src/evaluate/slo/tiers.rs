//! Burn-rate tiers: which of an SLO's alerts hold at a moment. After Google's
//! SRE workbook, chapter 5: a long lookback for weight, a short one for a quick
//! reset. Where traffic is low the lookbacks are stretched until they hold
//! enough to judge by.

use super::status::BurnRate;
use crate::model::slo::{AlertTier, NoDataPolicy, Severity, Slo};
use crate::model::time::Millis;

/// How many times its length a lookback is stretched at most, in these steps. A
/// night is eight times the hour of the fastest tier.
pub const STRETCH: [i64; 3] = [2, 4, 8];

/// Burn rates by lookback; a stretched one may be somewhat longer than asked for.
pub trait Burns {
    /// Over a lookback of the SLO.
    fn of(&self, lookback: Millis) -> Option<&BurnRate>;

    /// Over any other one.
    fn stretched(&self, lookback: Millis) -> BurnRate;
}

/// The longest lookback that judging a tier may need.
pub fn longest_lookback(tier: &AlertTier) -> Millis {
    let most = STRETCH.into_iter().max().unwrap_or(1);
    Millis((if tier.severity == Severity::Page { tier.long.0 } else { 0 }).max(tier.short.0) * most).max(tier.long)
}

/// The verdict of each tier, from the burn rates of its lookbacks.
pub fn judge_tiers(slo: &Slo, burns: &impl Burns) -> Vec<TierStatus> {
    slo.alerts.tiers.iter().map(|tier| judge_tier(slo, tier, burns)).collect()
}

fn judge_tier(slo: &Slo, tier: &AlertTier, burns: &impl Burns) -> TierStatus {
    let factor = tier.factor(slo.first_window().nominal_length());
    let (long, short) = (burns.of(tier.long), burns.of(tier.short));
    let rate = |b: Option<&BurnRate>| b.and_then(|b| b.rate);
    let coverage = |b: Option<&BurnRate>| b.map_or(0.0, |b| b.coverage);
    let frozen = slo.no_data == NoDataPolicy::Freeze && coverage(long).min(coverage(short)) < slo.alerts.coverage_floor;
    let mut stretched = None;
    let over = || {
        rate(long).is_some_and(|r| r > factor)
            && rate(short).or_else(|| recent_rate(tier, short, burns)).is_some_and(|r| r > factor)
    };
    let verdict = if frozen {
        TierVerdict::Frozen
    } else if !over() {
        TierVerdict::Quiet
    } else if tier.severity != Severity::Page || long.is_some_and(|b| is_enough(slo, tier.long, b)) {
        TierVerdict::Firing
    } else {
        let (verdict, over) = stretch(slo, tier, factor, burns);
        stretched = over;
        verdict
    };
    TierStatus {
        tier: tier.clone(),
        factor,
        long_rate: rate(long),
        short_rate: rate(short),
        verdict,
        stretched,
        held_back: 0,
    }
}

/// Whether so much failed that a person may be woken. Time that nobody saw and
/// that counts as bad needs no events.
fn is_enough(slo: &Slo, lookback: Millis, burn: &BurnRate) -> bool {
    let blind = slo.no_data == NoDataPolicy::Bad && burn.counts.total == 0;
    // Where slices are long, a lookback holds few: half of them are enough.
    let slices = slo.budgeting.slice().map_or(i64::MAX, |slice| (lookback.0 / slice.0.max(1) / 2).max(1));
    blind || burn.counts.bad() >= slo.alerts.bad_events_min.min(slices)
}

/// The rate of the short lookback where it was observed and held no event: that
/// of the shortest stretched one that holds any.
fn recent_rate(tier: &AlertTier, short: Option<&BurnRate>, burns: &impl Burns) -> Option<f64> {
    short.filter(|b| b.coverage > 0.0 && b.counts.total == 0)?;
    STRETCH.into_iter().find_map(|times| burns.stretched(Millis(tier.short.0 * times)).rate)
}

/// Looks further back until enough failed, for the same share of the budget: in
/// twice the time half the burn rate spends as much. Where even that is not
/// enough, or the budget lasts, the alert is held back.
fn stretch(slo: &Slo, tier: &AlertTier, factor: f64, burns: &impl Burns) -> (TierVerdict, Option<Millis>) {
    for times in STRETCH {
        let burn = burns.stretched(Millis(tier.long.0 * times));
        let factor = factor * tier.long.0 as f64 / burn.lookback.0 as f64;
        if factor < 1.0 {
            break;
        }
        if is_enough(slo, burn.lookback, &burn) {
            let fires = burn.rate.is_some_and(|rate| rate > factor);
            return (if fires { TierVerdict::Firing } else { TierVerdict::HeldBack }, Some(burn.lookback));
        }
    }
    (TierVerdict::HeldBack, None)
}

/// Whether one burn-rate tier fires.
#[derive(Clone, Debug, PartialEq)]
pub struct TierStatus {
    pub tier: AlertTier,
    /// The burn rate above which it fires.
    pub factor: f64,
    pub long_rate: Option<f64>,
    pub short_rate: Option<f64>,
    pub verdict: TierVerdict,
    /// The longer lookback that the guard for low traffic judged by, if it had
    /// to look further back than the tier says.
    pub stretched: Option<Millis>,
    /// How often the guard has begun to hold this tier back since this process
    /// started.
    pub held_back: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierVerdict {
    Firing,
    Quiet,
    /// Both rates are above the factor, but fewer events failed than the guard
    /// asks for.
    HeldBack,
    /// Too little is known to say either; the alert stays as it is.
    Frozen,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::Budgeting;
    use crate::model::slo::tile::EventCounts;
    use crate::model::testing::slo;

    /// One bad event every so many minutes among all bad, until now.
    struct Outage {
        every_minutes: i64,
        since_minutes: i64,
        coverage: f64,
        own: Vec<BurnRate>,
    }

    impl Outage {
        fn new(slo: &Slo, every_minutes: i64, since_minutes: i64, coverage: f64) -> Outage {
            let mut outage = Outage { every_minutes, since_minutes, coverage, own: Vec::new() };
            let lookbacks = slo.alerts.tiers.iter().flat_map(|t| [t.long, t.short]);
            outage.own = lookbacks.map(|l| outage.stretched(l)).collect();
            outage
        }
    }

    impl Burns for Outage {
        fn of(&self, lookback: Millis) -> Option<&BurnRate> {
            self.own.iter().find(|b| b.lookback == lookback)
        }

        fn stretched(&self, lookback: Millis) -> BurnRate {
            let total = lookback.0 / 60_000 / self.every_minutes;
            let bad = lookback.0.min(self.since_minutes * 60_000) / 60_000 / self.every_minutes;
            let rate = (total > 0).then(|| bad as f64 / total as f64 / 0.001);
            let counts = EventCounts::new(total - bad, total);
            BurnRate { lookback, rate, lo: rate, hi: rate, coverage: self.coverage, counts }
        }
    }

    fn fast(slo: &Slo, every_minutes: i64, since_minutes: i64) -> TierStatus {
        judge_tiers(slo, &Outage::new(slo, every_minutes, since_minutes, 1.0)).remove(0)
    }

    #[test]
    fn one_failure_in_a_quiet_night_wakes_nobody() {
        let slo = slo("night");
        let status = fast(&slo, 30, 30);
        assert_eq!((status.verdict, status.stretched), (TierVerdict::HeldBack, None));
        let mut bold = slo.clone();
        bold.alerts.bad_events_min = 1;
        assert_eq!(fast(&bold, 30, 60).verdict, TierVerdict::Firing);
        // A ticket wakes nobody, so it is not held back.
        let tiers = judge_tiers(&slo, &Outage::new(&slo, 30, 60, 1.0));
        assert_eq!(tiers[2].verdict, TierVerdict::Firing);
    }

    #[test]
    fn a_night_of_failures_does_although_each_hour_has_few() {
        // Three an hour, for as long as anybody looks: five are in two hours.
        let status = fast(&slo("night"), 20, 10_000);
        assert_eq!((status.verdict, status.stretched), (TierVerdict::Firing, Some(Millis::from_hours(2))));
        assert_eq!(status.short_rate, None, "nothing came in five minutes; the last twenty count");
    }

    #[test]
    fn below_the_floor_nothing_moves_and_the_floor_is_the_users() {
        let mut slo = slo("frozen");
        slo.no_data = NoDataPolicy::Freeze;
        let verdict = |slo: &Slo| judge_tiers(slo, &Outage::new(slo, 1, 10_000, 0.8)).remove(0).verdict;
        assert_eq!(verdict(&slo), TierVerdict::Frozen);
        slo.alerts.coverage_floor = 0.8;
        assert_eq!(verdict(&slo), TierVerdict::Firing);
        slo.no_data = NoDataPolicy::Ignore;
        slo.alerts.coverage_floor = 0.9;
        assert_eq!(verdict(&slo), TierVerdict::Firing);
    }

    #[test]
    fn long_slices_can_page_too() {
        let mut slo = slo("slices");
        slo.budgeting = Budgeting::Timeslices { slice: Millis::from_mins(15), target: 0.95 };
        assert_eq!(fast(&slo, 15, 30).verdict, TierVerdict::Firing, "two of the four slices of an hour");
        assert_ne!(fast(&slo, 15, 15).verdict, TierVerdict::Firing);
    }
}
