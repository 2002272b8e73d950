//! Tiles to attainment, budget and burn: the arithmetic of the promise.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::figures::{Figures, ratio};
use super::history::History;
use super::likely::Likely;
use super::objectives::{Basis, differed};
use super::status::{Budget, BurnRate, Corrected, HistoricalObjective, Method, SloState, SloStatus};
use super::tiers::{Burns, judge_tiers, longest_lookback};
use crate::evaluate::slo::history::sum::Sum;
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::model::slo::sli::Sli;
use crate::model::slo::tile::EventCounts;
use crate::model::slo::{NoDataPolicy, Slo};
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{DAY_MS, HOUR_MS, Millis, Period, SLOT_MS, Timestamp, hour_of};

/// The lookbacks whose burn rates are published, with those of the tiers.
pub const LOOKBACKS: [Millis; 6] = [
    Millis::from_mins(5),
    Millis::from_mins(30),
    Millis::from_hours(1),
    Millis::from_hours(6),
    Millis::from_days(1),
    Millis::from_days(3),
];

/// The lookback that "now" means in lists and in the time to exhaustion.
pub const PRESENT: Millis = Millis::from_hours(1);

/// All lookbacks of an SLO, shortest first, each once.
pub fn lookbacks(slo: &Slo) -> Vec<Millis> {
    let mut all: Vec<Millis> = LOOKBACKS.to_vec();
    all.extend(slo.alerts.tiers.iter().flat_map(|t| [t.long, t.short]));
    all.sort();
    all.dedup();
    all
}

/// The hours of which minutes are needed to judge an SLO at `as_of`: where a
/// window or lookback begins or ends within an hour, and the hour before each,
/// which gives the rates for what was not seen. So do changes of the objective.
pub fn needed_minutes(slo: &Slo, as_of: Timestamp) -> BTreeSet<i64> {
    let mut edges = vec![as_of];
    edges.extend(slo.windows.iter().map(|w| w.period_at(as_of).start));
    edges.extend(lookbacks(slo).into_iter().map(|l| as_of - l));
    edges.extend(slo.objectives.changes().filter(|at| *at <= as_of));
    edges.iter().flat_map(|e| [hour_of(*e) - 1, hour_of(*e)]).collect()
}

/// The oldest instant that is needed to judge an SLO at `as_of`.
pub fn needed_since(slo: &Slo, as_of: Timestamp) -> Timestamp {
    let windows = slo.windows.iter().map(|w| w.period_at(as_of).start);
    let lookbacks = lookbacks(slo).into_iter().chain(slo.alerts.tiers.iter().map(longest_lookback)).map(|l| as_of - l);
    windows.chain(lookbacks).min().unwrap_or(as_of)
}

/// An SLO at one moment: its burn rates and tiers, which all its windows share.
pub struct Present {
    /// By lookback, shortest first.
    pub burn_rates: Vec<BurnRate>,
    pub tiers: Vec<TierStatus>,
    /// Bad units of the last hour; absent without events.
    spending: Option<Spending>,
    /// The same without what corrections leave out.
    spending_corrected: Option<Spending>,
}

/// Bad events, or slices, of the lookback that "now" means.
struct Spending {
    likely: f64,
    least: f64,
    most: f64,
    /// As many may be bad at a burn rate of 1.
    allowed: f64,
}

/// The burn rates and tiers of an SLO at `as_of`, a whole minute.
pub fn present(slo: &Slo, history: &History, as_of: Timestamp) -> Present {
    let burns = |time| lookbacks(slo).into_iter().map(|l| burn_rate(slo, history, l, as_of, time)).collect();
    let burn_rates: Vec<BurnRate> = burns(Time::All);
    let recent = Period::new(needed_since(slo, as_of), as_of);
    // Planned work wakes nobody: alerts look at what is not left out.
    let tiers = if history.left_out().length_within(recent).0 > 0 {
        judge_tiers(slo, &BurnsAt { slo, history, as_of, own: &burns(Time::Corrected) })
    } else {
        judge_tiers(slo, &BurnsAt { slo, history, as_of, own: &burn_rates })
    };
    Present {
        burn_rates,
        tiers,
        spending: spending(slo, history, as_of, Time::All),
        spending_corrected: spending(slo, history, as_of, Time::Corrected),
    }
}

/// Which time of a period counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Time {
    All,
    /// Without what corrections leave out.
    Corrected,
}

impl Time {
    fn fold(self, history: &History, period: Period) -> Sum {
        match self {
            Time::All => history.fold(period),
            Time::Corrected => history.fold_corrected(period),
        }
    }

    fn length(self, history: &History, period: Period) -> Millis {
        match self {
            Time::All => period.length(),
            Time::Corrected => Millis(period.length().0 - history.left_out().length_within(period).0),
        }
    }

    fn coverage(self, history: &History, period: Period, sum: &Sum) -> f64 {
        ratio(sum.covered_ms as f64, self.length(history, period).0 as f64).unwrap_or(0.0)
    }
}

/// Judges an SLO over one window at `as_of`, a whole minute.
pub fn judge(
    slo: &Arc<Slo>,
    window: ComplianceWindow,
    history: &History,
    as_of: Timestamp,
    now: &Present,
) -> SloStatus {
    judge_over(slo, window, window.period_at(as_of), history, as_of, now)
}

/// Judges an SLO over a period of a window at `as_of`. At its very end a
/// calendar period is no longer the one that runs, so a period that is over is
/// named.
pub fn judge_over(
    slo: &Arc<Slo>,
    window: ComplianceWindow,
    period: Period,
    history: &History,
    as_of: Timestamp,
    now: &Present,
) -> SloStatus {
    let period = slo.budgeting.whole_slices(period);
    let elapsed = slo.budgeting.whole_slices(Period::new(period.start, period.end.min(as_of)));
    let sum = history.fold(elapsed);
    let figures = Figures::new(slo, &sum);
    let whole = whole_window(history, period, as_of);
    let counting = Counting { slo, history, elapsed, whole, now };
    let budget = counting.budget(&figures, Time::All, Basis::Current);
    let corrected = counting.corrected();
    let then = counting.then(&figures);
    let judged_budget = corrected.as_ref().map_or(budget.as_ref(), |corrected| corrected.budget.as_ref());
    let burning = now.tiers.iter().any(|t| t.verdict == TierVerdict::Firing);
    SloStatus {
        slo: Arc::clone(slo),
        window,
        period,
        as_of,
        elapsed_ratio: ratio(elapsed.length().0 as f64, period.length().0 as f64).unwrap_or(1.0),
        counts: figures.counts,
        attainment: figures.attainment,
        lo: figures.lo,
        hi: figures.hi,
        likely: Likely::new(slo.budgeting, &sum, &figures),
        coverage: Time::All.coverage(history, elapsed, &sum),
        idle_ratio: ratio(sum.idle_ms as f64, elapsed.length().0 as f64).unwrap_or(0.0),
        unseen_events: figures.unseen,
        method: method(slo, figures.counts),
        state: state(judged_budget, burning),
        budget,
        corrected,
        then,
        burn_rates: now.burn_rates.clone(),
    }
}

/// An SLO over the elapsed part of a period.
struct Counting<'a> {
    slo: &'a Slo,
    history: &'a History,
    elapsed: Period,
    /// How many times as long as the known part the whole period is.
    whole: f64,
    now: &'a Present,
}

/// How many times as long as its known part a period is that is not over: a
/// budget is that of the whole period, at the traffic so far. A service of four
/// minutes would else have spent the budget of a month with its first errors. A
/// period that is over is judged by what is known of it.
pub(crate) fn whole_window(history: &History, period: Period, as_of: Timestamp) -> f64 {
    let elapsed = Period::new(period.start, period.end.min(as_of));
    if period.end < as_of {
        return 1.0;
    }
    let since = history.known_since(elapsed).unwrap_or(elapsed.start);
    let known = (elapsed.end - since).0.max(SLOT_MS);
    (period.length().0 as f64 / known as f64).max(1.0)
}

impl Counting<'_> {
    /// The figures without what corrections leave out, if they leave out anything.
    fn corrected(&self) -> Option<Corrected> {
        let (history, elapsed) = (self.history, self.elapsed);
        let left_out = history.left_out().length_within(elapsed);
        if left_out.0 == 0 {
            return None;
        }
        let sum = history.fold_corrected(elapsed);
        let figures = Figures::new(self.slo, &sum);
        Some(Corrected {
            left_out,
            counts: figures.counts,
            attainment: figures.attainment,
            lo: figures.lo,
            hi: figures.hi,
            likely: Likely::new(self.slo.budgeting, &sum, &figures),
            coverage: Time::Corrected.coverage(history, elapsed, &sum),
            budget: self.budget(&figures, Time::Corrected, Basis::Current),
            corrections: history.left_out().within(elapsed),
        })
    }

    /// The budgets by the objectives that were in force, if one was another.
    fn then(&self, figures: &Figures) -> Option<HistoricalObjective> {
        if !differed(self.slo, self.elapsed) {
            return None;
        }
        let is_corrected = self.history.left_out().length_within(self.elapsed).0 > 0;
        let corrected = is_corrected.then(|| Figures::new(self.slo, &self.history.fold_corrected(self.elapsed)));
        let promised = |figures: &Figures, time| {
            ratio(self.allowed(figures, time, Basis::Historical), figures.total).map(|allowed| 1.0 - allowed)
        };
        Some(HistoricalObjective {
            objectives: self.slo.objectives.over(self.elapsed, self.slo.objective),
            objective_ratio: promised(figures, Time::All),
            budget: self.budget(figures, Time::All, Basis::Historical),
            corrected_objective_ratio: corrected.as_ref().and_then(|f| promised(f, Time::Corrected)),
            corrected_budget: corrected.as_ref().and_then(|f| self.budget(f, Time::Corrected, Basis::Historical)),
        })
    }

    fn allowed(&self, figures: &Figures, time: Time, basis: Basis) -> f64 {
        basis.allowed_events(self.slo, self.elapsed, figures.total, |part| time.fold(self.history, part))
    }

    fn budget(&self, figures: &Figures, time: Time, basis: Basis) -> Option<Budget> {
        if figures.total <= 0.0 || figures.counts.uncertain > 0 {
            return None;
        }
        let (slo, history, elapsed) = (self.slo, self.history, self.elapsed);
        let spending = match time {
            Time::All => self.now.spending.as_ref(),
            Time::Corrected => self.now.spending_corrected.as_ref(),
        };
        let total_events = self.allowed(figures, time, basis) * self.whole;
        let remaining_events = total_events - figures.bad;
        Some(Budget {
            total_events,
            remaining_events,
            remaining_ratio: remaining_events / total_events,
            exhausted_at: (remaining_events <= 0.0)
                .then(|| exhausted_at(slo, history, elapsed, total_events, time))
                .flatten(),
            time_to_exhaustion: spending.and_then(|s| time_to_exhaustion(remaining_events, s.likely, s.allowed)),
            exhaustion_soonest: spending.and_then(|s| time_to_exhaustion(remaining_events, s.most, s.allowed)),
            exhaustion_latest: spending.and_then(|s| time_to_exhaustion(remaining_events, s.least, s.allowed)),
            slice: slo.budgeting.slice(),
        })
    }
}

fn method(slo: &Slo, counts: EventCounts) -> Method {
    match &slo.indicator {
        Sli::Composite(composite) if composite.components.iter().any(|c| c.is_estimated) => Method::Estimated,
        Sli::Latency { .. } | Sli::Composite(_) if counts.uncertain > 0 => Method::Interval,
        Sli::Estimated { .. } => Method::Estimated,
        _ => Method::Exact,
    }
}

fn state(budget: Option<&Budget>, burning: bool) -> SloState {
    match budget {
        None => SloState::Unknown,
        Some(b) if b.remaining_ratio <= 0.0 => SloState::Exhausted,
        Some(_) if burning => SloState::Burning,
        Some(_) => SloState::Ok,
    }
}

/// Remaining budget over the bad units of the present lookback. A burn rate of at
/// most 1 does not exhaust the budget.
fn time_to_exhaustion(remaining: f64, bad: f64, allowed: f64) -> Option<Millis> {
    (remaining > 0.0 && bad > allowed).then(|| Millis((remaining / bad * PRESENT.0 as f64) as i64))
}

fn spending(slo: &Slo, history: &History, as_of: Timestamp, time: Time) -> Option<Spending> {
    let period = slo.budgeting.whole_slices(Period::new(as_of - PRESENT, as_of));
    let figures = Figures::new(slo, &time.fold(history, period));
    let all = figures.total.max(figures.seen + figures.unseen);
    let (lo, hi) = figures.lo.zip(figures.hi)?;
    figures.attainment?;
    let likely = figures.bad;
    // A policy that counts the unknown as bad or good stays within the bound.
    let (least, most) = (((1.0 - hi) * all).min(likely), ((1.0 - lo) * all).max(likely));
    Some(Spending { likely, least, most, allowed: figures.total * slo.objective.allowed_bad_ratio() })
}

/// The end of the minute in which the bad events of the period passed the budget
/// that it has now; of the hour where its minutes are not held. Looks for the day
/// first.
fn exhausted_at(slo: &Slo, history: &History, elapsed: Period, budget: f64, time: Time) -> Option<Timestamp> {
    let (day, before) = spent(slo, history, elapsed, Sum::default(), (DAY_MS, budget, time))?;
    let (hour, before) = spent(slo, history, day, before, (HOUR_MS, budget, time))?;
    if !history.has_minutes(hour_of(hour.start)) {
        return Some(hour.end);
    }
    // In slices a part of one is none.
    let step = slo.budgeting.slice().map_or(SLOT_MS, |slice| slice.0.min(HOUR_MS));
    let minute = spent(slo, history, hour, before, (step, budget, time));
    Some(minute.map_or(hour.end, |(minute, _)| minute.end))
}

/// The first of the steps of a period in which the bad events pass a budget,
/// and the sum before it.
fn spent(
    slo: &Slo,
    history: &History,
    period: Period,
    mut sum: Sum,
    (step_ms, budget, time): (i64, f64, Time),
) -> Option<(Period, Sum)> {
    let mut at = period.start;
    while at < period.end {
        let next = Timestamp::from_millis((at.millis().div_euclid(step_ms) + 1) * step_ms).min(period.end);
        let before = sum;
        sum += time.fold(history, Period::new(at, next));
        if Figures::new(slo, &sum).bad >= budget {
            return Some((Period::new(at, next), before));
        }
        at = next;
    }
    None
}

/// Burn rates at a moment: the SLO's own, and any other.
struct BurnsAt<'a> {
    slo: &'a Slo,
    history: &'a History,
    as_of: Timestamp,
    own: &'a [BurnRate],
}

impl Burns for BurnsAt<'_> {
    fn of(&self, lookback: Millis) -> Option<&BurnRate> {
        self.own.iter().find(|b| b.lookback == lookback)
    }

    /// Begins with an hour where minutes are not held that far back.
    fn stretched(&self, lookback: Millis) -> BurnRate {
        let start = self.as_of - lookback;
        let hour = hour_of(start);
        let start = if hour >= hour_of(self.as_of) - 1 { start } else { Timestamp::from_millis(hour * HOUR_MS) };
        burn_rate(self.slo, self.history, self.as_of - start, self.as_of, Time::Corrected)
    }
}

/// The burn rate over the lookback that ends at `as_of`.
fn burn_rate(slo: &Slo, history: &History, lookback: Millis, as_of: Timestamp, time: Time) -> BurnRate {
    let period = slo.budgeting.whole_slices(Period::new(as_of - lookback, as_of));
    let sum = time.fold(history, period);
    let figures = Figures::new(slo, &sum);
    let allowed = slo.objective.allowed_bad_ratio();
    let rate = |attainment: Option<f64>| attainment.map(|a| ((1.0 - a) / allowed).max(0.0));
    let counted = figures.attainment.and_then(|_| ratio(figures.bad, figures.total));
    // Without a single event there is no rate to guess by, only the policy.
    let asked = time.length(history, period).0 > 0;
    let blind =
        (asked && sum.covered_ms == 0 && figures.total <= 0.0).then_some(slo.no_data).and_then(|policy| match policy {
            NoDataPolicy::Bad => Some(1.0),
            NoDataPolicy::Good => Some(0.0),
            NoDataPolicy::Ignore | NoDataPolicy::Freeze => None,
        });
    let exact = counted.or(blind).map(|bad| bad / allowed);
    BurnRate {
        lookback,
        rate: exact,
        lo: rate(figures.hi),
        hi: rate(figures.lo),
        coverage: time.coverage(history, period, &sum),
        counts: figures.counts,
    }
}
