//! Tiles of one SLO to burn episodes: the stretches in which its budget burned
//! faster than allowed. Must not know alerts or incidents.

mod evidence;

use std::borrow::Borrow;
use std::convert::Infallible;
use std::ops::Range;

use self::evidence::{Calm, Evidence, Onset, excess, likely, sums};
use super::incidents::place::Place;
use crate::evaluate::incident::episodes::evidence::Run;
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::history::History;
use crate::evaluate::slo::slots::{Slot, Slots};
use crate::model::ids::EpisodeId;
use crate::model::labels::content_hash;
use crate::model::operations::alert_settings::IncidentScope;
use crate::model::operations::incident::Episode;
use crate::model::slo::tile::Tile;
use crate::model::slo::{Budgeting, Slo};
use crate::model::time::{HOUR_MS, Millis, Period, Timestamp};

/// An episode is where the burn rate over this lookback is above 1.
pub const BURN_LOOKBACK_SLOTS: usize = 5;

/// Stretches that are no further apart than this, in slots with events, are one
/// episode: a service that fails again within ten minutes had not recovered.
pub const EPISODE_GAP_SLOTS: usize = 10;

/// Unobserved time and time without events neither start nor end an episode, up
/// to this length: after an hour nobody can say that it was still the same
/// trouble.
pub const BRIDGE_SLOTS: usize = 60;

/// What burned less of the budget is no episode: a thousand of them would be
/// needed to spend it.
pub const EPISODE_BUDGET_MIN: f64 = 0.001;

/// With so few bad requests there is no stretch but chance, as for burn-rate
/// alerts. Does not hold where one bad event is a slot or slice of time.
pub const EPISODE_BAD_EVENTS_MIN: i64 = 5;

/// The onset lies at most this long before the burn rate passed 1: trouble that
/// grows more slowly has no sharp onset.
const ONSET_SLOTS: usize = 60;

/// A bad share this much above the usual one is trouble, not chance.
const BASELINE_FACTOR: f64 = 3.0;

/// What comes after this share of its bad events may be chance.
const END_SHARE: f64 = 0.95;

/// Who is told before this share of an episode's bad events is told early.
const EARLY_SHARE: f64 = 0.1;

/// A log-likelihood ratio that chance reaches about once in 150 times.
const BEYOND_CHANCE: f64 = 5.0;

/// One that chance reaches about once in two weeks of minutes.
const SHOWN: f64 = 10.0;

/// A share just below 1, so that one good event is unlikely but not impossible.
const CERTAIN: f64 = 1.0 - 1e-6;

/// The rate of events is the mean over the elapsed part of the window, and at
/// least over a week, so that it holds every hour and weekday.
const RATE_MIN: Millis = Millis::from_days(7);

/// How much one SLO burned, and where that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SloBurn {
    pub slo: String,
    pub service: String,
    /// Labels of the SLO that say where it counts.
    pub cluster: Option<String>,
    pub namespace: Option<String>,
    /// By start.
    pub episodes: Vec<Episode>,
    /// The stretches that were observed and are not left out, in order.
    pub observed: Vec<Period>,
    /// The stretches with events, in order, to ten minutes.
    pub busy: Vec<Period>,
    /// What corrections leave out: no episodes are looked for there.
    pub left_out: ExcludedTime,
}

impl SloBurn {
    /// The observed share of a period, 0..1; 1 for an empty one.
    pub fn coverage(&self, period: Period) -> f64 {
        share_within(&self.observed, period)
    }

    /// The share of a period with events, to ten minutes; 1 for an empty one.
    pub fn busy_share(&self, period: Period) -> f64 {
        share_within(&self.busy, period)
    }

    /// Whether it may say something of what is in a place.
    pub fn is_at(&self, place: Place<'_>, scope: IncidentScope) -> bool {
        Place::of_names(self.cluster.as_deref(), self.namespace.as_deref(), scope).fits(place)
    }
}

/// How much of a period lies in these, which are in order and apart; 1 for an empty one.
fn share_within(periods: &[Period], period: Period) -> f64 {
    if period.is_empty() {
        return 1.0;
    }
    let first = periods.partition_point(|p| p.end <= period.start);
    let within = periods.iter().skip(first).take_while(|p| p.start < period.end);
    let within: i64 = within.map(|p| p.intersect(period).length().0).sum();
    within as f64 / period.length().0 as f64
}

/// The episodes of an SLO in its tiles, as known at `now`.
///
/// `tiles` come in order of time; a missing one is unknown. They should begin a
/// day before the stretch that matters, so that the usual share of bad events
/// is known there, and never hold minutes that may still change. `history`
/// gives the traffic of the window's whole hours; what it lacks is assumed to
/// have been as busy as the rest. What `history` leaves out by corrections is
/// taken as not observed: planned work is no episode, nor does it end one.
///
/// An episode is a maximal stretch of slots whose burn rate over five minutes
/// is above 1, cut to where the share of bad events most likely changed. Its
/// share of the budget is bad events / (allowed ratio x events of a whole
/// window): the mean rate of events in the window's period that ends with the
/// episode, times the window's length.
pub fn burn(slo: &Slo, tiles: impl IntoIterator<Item = Tile>, history: &History, now: Timestamp) -> SloBurn {
    let known = || Ok::<&History, Infallible>(history);
    let Ok(burn) = burn_with(slo, tiles, history.left_out(), now, known);
    burn
}

/// The same with a history that is read only where anything burned: most SLOs keep
/// within their budget, and a history is a whole window.
pub fn burn_with<H: Borrow<History>, E>(
    slo: &Slo,
    tiles: impl IntoIterator<Item = Tile>,
    left_out: &ExcludedTime,
    now: Timestamp,
    history: impl FnOnce() -> Result<H, E>,
) -> Result<SloBurn, E> {
    let judged = tiles.into_iter().filter(|tile| !left_out.holds(tile.start));
    let slots = Slots::new(slo.budgeting, judged);
    let allowed = slo.objective.allowed_bad_ratio();
    let runs = runs(&slots, allowed, slots.index_of(now));
    let episodes = match runs.as_slice() {
        [] => Vec::new(),
        runs => Context { slo, allowed, slots: &slots, history: history()?.borrow() }.episodes(runs),
    };
    Ok(SloBurn {
        slo: slo.name.clone(),
        service: slo.service.clone(),
        cluster: slo.labels.get("cluster").map(str::to_owned),
        namespace: slo.labels.get("namespace").map(str::to_owned),
        episodes,
        observed: slots.observed(),
        busy: slots.busy(),
        left_out: left_out.clone(),
    })
}

struct Context<'a> {
    slo: &'a Slo,
    allowed: f64,
    slots: &'a Slots,
    history: &'a History,
}

impl Context<'_> {
    fn episodes(&self, runs: &[Run]) -> Vec<Episode> {
        let calm = Calm::new(self.slots, runs);
        let mut episodes = Vec::new();
        let mut after = 0;
        for run in runs {
            episodes.extend(self.episode(run, after, &calm));
            after = run.last + 1;
        }
        episodes
    }

    /// The episode of a run that begins at slot `after` or later; absent if it
    /// is too small to be one.
    fn episode(&self, run: &Run, after: usize, calm: &Calm) -> Option<Episode> {
        let shown = self.shown(run, after, calm)?;
        let Onset { best: first, between } = self.onset(run, shown, after, calm);
        let last = self.end(first, run, calm);
        let burned = self.slots.range(first..last + 1).map(|s| s.bad).sum::<f64>();
        let counts = self.slots.counts(first..last + 1);
        let (start, end) = (self.slots.start_of(first), self.slots.start_of(last + 1));
        let budget_burned_ratio = burned / (self.allowed * self.window_events(end)?);
        let few = self.counts_requests() && counts.bad() < EPISODE_BAD_EVENTS_MIN;
        (budget_burned_ratio >= EPISODE_BUDGET_MIN && !few).then(|| Episode {
            id: EpisodeId(content_hash([self.slo.name.as_bytes(), start.millis().to_le_bytes().as_slice()])),
            slo: self.slo.name.clone(),
            service: self.slo.service.clone(),
            start,
            end: run.over.then_some(end),
            onset_between: Period::new(self.slots.start_of(between.start), self.slots.start_of(between.end)),
            bad: counts.bad(),
            total: counts.total,
            budget_burned_ratio,
            peak_burn_rate: run.peak,
            tenth_burned_at: self.tenth_burned_at(first..last + 1, burned),
        })
    }

    /// The end of the slot in which a tenth of what these slots burned was gone.
    fn tenth_burned_at(&self, slots: Range<usize>, burned: f64) -> Timestamp {
        let mut rest = burned * EARLY_SHARE;
        let is_tenth = |(_, slot): &(usize, &Slot)| {
            rest -= slot.bad;
            rest <= 0.0
        };
        let tenth = slots.clone().zip(self.slots.range(slots.clone())).find(is_tenth);
        self.slots.start_of(tenth.map_or(slots.end, |(i, _)| i + 1))
    }

    /// Whether one event is one request, and not a slot or slice of time.
    fn counts_requests(&self) -> bool {
        self.slo.budgeting == Budgeting::Events && !self.slo.indicator.counts_time()
    }

    /// The slot of a run at which it is beyond chance that more is bad than
    /// usually: a log-likelihood CUSUM passes its limit. Only slots up to there
    /// decide, so the answer is the same whenever it is asked. Absent for a run
    /// that goes on and could still be chance.
    fn shown(&self, run: &Run, after: usize, calm: &Calm) -> Option<usize> {
        let evidence = self.evidence(0.0, calm.ratio_before(run.first));
        let mut sum = 0.0;
        for i in after.max(run.first.saturating_sub(ONSET_SLOTS))..=run.last {
            sum += self.slots.get(i).map_or(0.0, |slot| evidence.of(slot));
            sum = f64::max(sum, 0.0);
            if sum >= SHOWN && i >= run.first {
                return Some(i);
            }
        }
        run.over.then_some(run.first)
    }

    /// Where the trouble of a run that showed at slot `shown` began: the most
    /// likely change from the usual share of bad events to the one that is seen
    /// there. Stray bad events before it do not move it.
    fn onset(&self, run: &Run, shown: usize, after: usize, calm: &Calm) -> Onset {
        let lookback = (shown + 1).saturating_sub(BURN_LOOKBACK_SLOTS)..shown + 1;
        let evidence = self.evidence(self.worst(lookback), calm.ratio_before(run.first));
        let earliest = after.max(run.first.saturating_sub(ONSET_SLOTS));
        let likelihoods = self.likelihoods(&evidence, earliest..shown + 1);
        let better = |best: (f64, usize), one: (f64, usize)| if one.0 > best.0 { one } else { best };
        let best = likelihoods.into_iter().reduce(better).map_or(shown, |(_, i)| i);
        // The worst slot shows what is not chance; how sharp the change is shows
        // against the share that the trouble had on the whole.
        let (bad, total) = sums(self.slots.range(best..shown + 1));
        let seen = if total > 0.0 { bad / total } else { 0.0 };
        let evidence = self.evidence(seen, calm.ratio_before(run.first));
        Onset { best, between: likely(self.likelihoods(&evidence, earliest..shown + 1), best) }
    }

    /// For each slot, the last one first: how likely a change at its beginning is,
    /// as a logarithm.
    fn likelihoods(&self, evidence: &Evidence, slots: Range<usize>) -> Vec<(f64, usize)> {
        let mut sum = 0.0;
        let mut so_far = |i: usize| {
            sum += self.slots.get(i).map_or(0.0, |slot| evidence.of(slot));
            (sum, i)
        };
        slots.rev().map(&mut so_far).collect()
    }

    /// The last slot of the trouble that began at `first`: after most of its bad
    /// events, as far as it most likely went on as before, or as more is bad
    /// than allowed beyond chance. Stray bad events do not prolong it.
    fn end(&self, first: usize, run: &Run, calm: &Calm) -> usize {
        let mut rest = sums(self.slots.range(first..run.last + 1)).0 * (1.0 - END_SHARE);
        let is_most = |i: &usize| {
            rest -= self.slots.get(*i).map_or(0.0, |slot| slot.bad);
            rest < 0.0
        };
        let most = (first..=run.last).rev().find(is_most).unwrap_or(run.last);
        let (bad, total) = sums(self.slots.range(first..most + 1));
        let seen = if total > 0.0 { bad / total } else { 0.0 };
        let evidence = self.evidence(seen, calm.ratio_before(run.first));
        let (mut as_before, mut too_bad) = ((0.0, most), (BEYOND_CHANCE, most));
        let (mut sum, mut bad, mut total) = (0.0, 0.0, 0.0);
        for i in most + 1..=run.last {
            let Some(slot) = self.slots.get(i) else { break };
            sum += evidence.of(slot);
            bad += slot.bad;
            total += slot.total;
            let above_allowed = excess(bad, total, self.allowed);
            if sum > as_before.0 {
                as_before = (sum, i);
            }
            if above_allowed > too_bad.0 {
                too_bad = (above_allowed, i);
            }
        }
        as_before.1.max(too_bad.1)
    }

    /// For a share of bad events that is `seen` against the usual share.
    fn evidence(&self, seen: f64, usual: f64) -> Evidence {
        let p0 = usual.clamp(self.allowed * 1e-3, self.allowed);
        let p1 = (BASELINE_FACTOR * p0).max(seen).max(self.allowed);
        let p1 = p1.min(CERTAIN).max(p0 * (2.0 - CERTAIN));
        Evidence { per_bad: (p1 / p0).ln(), per_good: ((1.0 - p1) / (1.0 - p0)).ln() }
    }

    /// The worst share of bad events in one of the slots. Two good events are
    /// added, so that one bad event alone is not all.
    fn worst(&self, slots: Range<usize>) -> f64 {
        self.slots.range(slots).map(|s| s.bad / (s.total + 2.0)).fold(0.0, f64::max)
    }

    /// The events of a whole window at the rate of its period that ends at
    /// `end`, in the unit of the budget.
    fn window_events(&self, end: Timestamp) -> Option<f64> {
        let window = self.slo.first_window().period_at(end - Millis(1));
        let since = window.start.min(end - RATE_MIN);
        let hour = |at: Timestamp| Timestamp::from_millis(at.millis().div_euclid(HOUR_MS) * HOUR_MS);
        let folded = self.history.fold(Period::new(hour(since), hour(end)));
        let total = match self.slo.budgeting {
            Budgeting::Events => folded.counts.total as f64,
            // In slots, as `Slots` counts them.
            budgeting => folded.slices.total as f64 * Slots::slots_per_slice(budgeting) as f64,
        };
        let (total, covered_ms) = if folded.covered_ms > 0 && total > 0.0 {
            (total, folded.covered_ms as f64)
        } else {
            let seen = self.slots.range(0..self.slots.index_of(end));
            seen.fold((0.0, 0.0), |(total, covered), s| (total + s.total, covered + f64::from(s.covered_ms)))
        };
        (total > 0.0 && covered_ms > 0.0).then(|| total / covered_ms * window.length().0 as f64)
    }
}

/// Runs of burning slots, as far as `now`, the index of the present slot.
fn runs(slots: &Slots, allowed: f64, now: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // Slots with events since the last burning one: a service that nobody
    // asks anything has not recovered.
    let mut quiet = 0;
    let (mut bad, mut total) = (0.0, 0.0);
    for (i, slot) in slots.iter().enumerate() {
        bad += slot.bad;
        total += slot.total;
        if let Some(old) = i.checked_sub(BURN_LOOKBACK_SLOTS).and_then(|i| slots.get(i)) {
            bad -= old.bad;
            total -= old.total;
        }
        let rate = if slot.total > 0.0 { bad / total / allowed } else { 0.0 };
        // A burn of exactly 1 comes out a few ulps above it.
        if rate <= 1.0 + 1e-9 {
            quiet += usize::from(slot.total > 0.0);
            continue;
        }
        match runs.last_mut().filter(|run| goes_on(run.last, i, quiet)) {
            Some(run) => {
                run.last = i;
                run.peak = run.peak.max(rate);
            }
            None => runs.push(Run { first: i, last: i, peak: rate, over: true }),
        }
        quiet = 0;
    }
    if let Some(run) = runs.last_mut() {
        run.over = !goes_on(run.last, now, quiet);
    }
    runs
}

/// Whether a run that last burned at `last` is still the same at `now`, with so
/// many slots with events in between that did not burn.
fn goes_on(last: usize, now: usize, quiet: usize) -> bool {
    quiet <= EPISODE_GAP_SLOTS && now.saturating_sub(last + 1) <= BRIDGE_SLOTS
}

#[cfg(test)]
mod tests;
