//! The shop's SLOs, judged from its traffic.

use std::sync::Arc;

use evenkeel::evaluate::review::snapshot::SloJudgement;
use evenkeel::evaluate::slo::likely::Likely;
use evenkeel::evaluate::slo::status::{Budget, BurnRate, Corrected, Method, SloState, SloStatus};
use evenkeel::evaluate::slo::tiers::{TierStatus, TierVerdict};
use evenkeel::model::slo::Slo;
use evenkeel::model::slo::tile::EventCounts;
use evenkeel::model::time::window::ComplianceWindow;
use evenkeel::model::time::{Millis, Period, Timestamp};

use super::super::world::Traffic;
use super::at;
use super::planned::planned;

/// The figures of the one SLO that a correction is about: its blind hours are
/// left out.
fn corrected(slo: &Slo, traffic: &Traffic, passed: Period) -> Option<Corrected> {
    let [once, _] = planned();
    let out = once.periods(passed).first().copied()?.intersect(passed);
    if !once.scope.holds(slo) || out.is_empty() {
        return None;
    }
    let before = Period::new(passed.start, out.start);
    let after = Period::new(out.end, passed.end);
    let counts = traffic.counts(before) + traffic.counts(after);
    let share = |p: Period| traffic.coverage(p) * p.length().0 as f64;
    let attainment = counts.attainment();
    let total_events = slo.objective.allowed_bad_ratio() * counts.total as f64;
    let remaining_events = total_events - counts.bad() as f64;
    Some(Corrected {
        left_out: out.length(),
        counts,
        attainment,
        lo: attainment,
        hi: attainment,
        likely: attainment.map(|ratio| Likely { lo: ratio, hi: ratio }),
        coverage: (share(before) + share(after)) / (before.length().0 + after.length().0) as f64,
        budget: Some(Budget {
            total_events,
            remaining_events,
            remaining_ratio: remaining_events / total_events,
            ..Budget::default()
        }),
        corrections: vec![once],
    })
}

pub fn judge(slo: &Arc<Slo>, traffic: &Traffic, now: Timestamp) -> SloJudgement {
    let windows: Vec<SloStatus> = slo.windows.iter().map(|window| status_at(slo, traffic, *window, now)).collect();
    let since_start = traffic.counts(Period::new(at("2026-11-20T07:00:00Z"), now));
    let rate = |lookback: Millis| {
        let counts = traffic.counts(Period::new(now - lookback, now));
        burn(slo, counts, 0.0).0
    };
    let length = slo.first_window().nominal_length();
    let tiers = slo.alerts.tiers.iter().map(|tier| {
        let (long_rate, short_rate) = (rate(tier.long), rate(tier.short));
        let factor = tier.factor(length);
        let over = |rate: Option<f64>| rate.is_some_and(|rate| rate > factor);
        let verdict = match (over(long_rate), over(short_rate)) {
            _ if traffic.coverage(Period::new(now - tier.long, now)) < 0.5 => TierVerdict::Frozen,
            (true, true) => TierVerdict::Firing,
            _ => TierVerdict::Quiet,
        };
        TierStatus { tier: tier.clone(), factor, long_rate, short_rate, verdict, stretched: None, held_back: 0 }
    });
    let tiers: Vec<TierStatus> = tiers.collect();
    let firing = tiers.iter().any(|tier| tier.verdict == TierVerdict::Firing);
    let windows = windows.into_iter().map(|mut status| {
        if firing && status.state == SloState::Ok {
            status.state = SloState::Burning;
        }
        status
    });
    SloJudgement {
        slo: Arc::clone(slo),
        windows: windows.collect(),
        good_since_start: since_start.good.unsigned_abs(),
        bad_since_start: since_start.bad().unsigned_abs(),
        tiers,
    }
}

pub fn status_at(slo: &Arc<Slo>, traffic: &Traffic, window: ComplianceWindow, now: Timestamp) -> SloStatus {
    let period = window.period_at(now);
    let passed = Period::new(period.start, period.end.min(now));
    let counts = traffic.counts(passed);
    let coverage = traffic.coverage(passed);
    let unseen_events = (counts.total as f64 * (1.0 - coverage) * 2.0 * 1.3).round();
    let bound = |good: i64| (counts.total > 0).then(|| good as f64 / (counts.total as f64 + unseen_events));
    let allowed = slo.objective.allowed_bad_ratio();
    let total_events = allowed * counts.total as f64;
    let remaining_events = total_events - counts.bad() as f64;
    let remaining_ratio = remaining_events / total_events;
    let hour = burn(slo, traffic.counts(Period::new(now - Millis::from_hours(1), now)), 0.0).0;
    let budget = (counts.total > 0 && counts.uncertain == 0).then(|| Budget {
        total_events,
        remaining_events,
        remaining_ratio,
        exhausted_at: (remaining_ratio < 0.0).then(|| at("2026-11-18T10:05:00Z")),
        time_to_exhaustion: hour.filter(|rate| *rate > 1.0 && remaining_ratio > 0.0).map(|rate| {
            Millis((window.nominal_length().0 as f64 * remaining_ratio / rate / 60_000.0).round() as i64 * 60_000)
        }),
        slice: slo.budgeting.slice(),
        ..Budget::default()
    });
    let state = match &budget {
        _ if counts.total == 0 => SloState::Unknown,
        Some(budget) if budget.remaining_ratio < 0.0 => SloState::Exhausted,
        _ => SloState::Ok,
    };
    let lookbacks = [5, 30, 60, 120, 360, 1_440, 4_320].map(Millis::from_mins);
    let burn_rates = lookbacks.map(|lookback| {
        let span = Period::new(now - lookback, now);
        let counts = traffic.counts(span);
        let coverage = traffic.coverage(span);
        let (rate, lo, hi) = burn(slo, counts, counts.total as f64 * (1.0 - coverage) * 2.0);
        BurnRate { lookback, rate, lo, hi, coverage, counts }
    });
    let (lo, hi) = (bound(counts.good), bound(counts.good + counts.uncertain + unseen_events as i64));
    SloStatus {
        slo: Arc::clone(slo),
        window,
        period,
        as_of: now,
        elapsed_ratio: (passed.length().0 as f64 / period.length().0 as f64).min(1.0),
        counts,
        attainment: counts.attainment(),
        lo,
        hi,
        likely: likely(lo.zip(hi), counts.attainment()),
        coverage,
        idle_ratio: 0.0,
        unseen_events,
        method: if counts.uncertain > 0 { Method::Interval } else { Method::Exact },
        budget,
        burn_rates: burn_rates.to_vec(),
        corrected: corrected(slo, traffic, passed),
        then: None,
        state,
    }
}

/// A tenth of the way from the attainment to its bounds; they themselves without it.
fn likely(bounds: Option<(f64, f64)>, attainment: Option<f64>) -> Option<Likely> {
    let (lo, hi) = bounds?;
    let to = |end: f64| attainment.map_or(end, |ratio| ratio + (end - ratio) / 10.0);
    Some(Likely { lo: to(lo), hi: to(hi) })
}

/// Burn rate with its bound.
fn burn(slo: &Slo, counts: EventCounts, unseen: f64) -> (Option<f64>, Option<f64>, Option<f64>) {
    let allowed = slo.objective.allowed_bad_ratio();
    let rate = |bad: f64, total: f64| (counts.total > 0).then(|| bad / total / allowed);
    let (bad, total) = (counts.bad() as f64, counts.total as f64);
    let point = rate(bad, total).filter(|_| counts.uncertain == 0);
    (point, rate(bad, total + unseen), rate(bad + unseen + counts.uncertain as f64, total + unseen))
}
