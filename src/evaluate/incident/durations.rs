//! How long it took to detect, acknowledge, restore and resolve, with what is
//! still going on counted as such. Must not know how incidents were made.
//!
//! An incident counts in the period in which it began: those that end in a
//! period are on average longer.

use super::incidents::LEAD;
use crate::evaluate::statistics::ranks::quantile_ranks;
use crate::evaluate::statistics::survival::{ObservedDuration, SurvivalCurve};
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::operations::on_call::OnCall;
use crate::model::time::{Millis, Period, Timestamp};

/// The durations of the incidents that began in `period`, as known at `now`.
///
/// - detect: from the onset that the counted events show to the first page. One
///   that nobody was paged for counts as undetected for as long as it went on. An
///   onset that an alert had to stand in for is left out: it would give no more
///   than the `for` of the rule. A page that came before the onset is left out too.
/// - acknowledge: from the first notification to the acknowledgement, or from the
///   first page where the notification is only estimated; unacknowledged ones are
///   left out once closed, as not every acknowledgement leaves a trace.
/// - restore: from the onset until users were served again.
/// - resolve: from the onset until the last alert ended.
pub fn durations<'a>(
    incidents: impl Iterator<Item = &'a Incident> + Clone,
    period: Period,
    now: Timestamp,
) -> Durations {
    measured(incidents, period, now, |_, stretch| stretch.length())
}

/// As `durations`, of which only the time in business hours counts: those of the
/// incident's team.
pub fn business_durations<'a>(
    incidents: impl Iterator<Item = &'a Incident> + Clone,
    period: Period,
    now: Timestamp,
    on_call: &OnCall,
) -> Durations {
    measured(incidents, period, now, |incident, stretch| {
        let hours = on_call.of(incident.team.as_deref());
        // A contradiction stays one.
        stretch.measured(|period| hours.business_time(period))
    })
}

fn measured<'a>(
    incidents: impl Iterator<Item = &'a Incident> + Clone,
    period: Period,
    now: Timestamp,
    length: impl Fn(&Incident, Stretch) -> Length,
) -> Durations {
    let cohort = || incidents.clone().filter(|i| i.start().is_some_and(|at| period.contains(at)));
    let all = |of: &dyn Fn(&Incident) -> Option<Stretch>| stat(cohort().filter_map(|i| Some(length(i, of(i)?))));
    Durations {
        detect: all(&|i| detect(i, now)),
        acknowledge: all(&|i| acknowledge(i, now)),
        restore: all(&|i| from_onset(i, i.times.restored.map(|m| m.at), now)),
        resolve: all(&|i| from_onset(i, i.times.resolved.map(|m| m.at), now)),
    }
}

/// From one time of an incident to another.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    /// Else it lasts at least to `to`.
    has_ended: bool,
}

impl Stretch {
    fn ended(from: Timestamp, to: Timestamp) -> Stretch {
        Stretch { from, to, has_ended: true }
    }

    fn lasting(from: Timestamp, to: Timestamp) -> Stretch {
        Stretch { from, to, has_ended: false }
    }

    fn length(self) -> Length {
        self.measured(Period::length)
    }

    fn measured(self, length: impl Fn(Period) -> Millis) -> Length {
        let length = if self.to < self.from { self.to - self.from } else { length(Period::new(self.from, self.to)) };
        if self.has_ended { Length::Ended(length) } else { Length::AtLeast(length) }
    }
}

/// A duration that has ended, or one that is known to be at least so long.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    Ended(Millis),
    AtLeast(Millis),
}

/// From the onset that counted events show to the first page; negative where the
/// page came first. `None` where nobody was paged, or the onset is not known: an alert
/// that stands in for it would give no more than the `for` of its rule.
pub fn time_to_detect(incident: &Incident) -> Option<Millis> {
    let onset = incident.times.onset.filter(|m| !m.estimated)?.at;
    // A page from long before told of something else.
    let page = incident.times.firing.filter(|page| incident.detected && page.at >= onset - LEAD)?;
    Some(page.at - onset)
}

fn detect(incident: &Incident, now: Timestamp) -> Option<Stretch> {
    let onset = incident.times.onset.filter(|m| !m.estimated)?.at;
    if !incident.detected {
        return Some(Stretch::lasting(onset, incident.times.restored.map_or(now, |m| m.at)));
    }
    time_to_detect(incident).filter(|took| *took >= Millis(0)).map(|took| Stretch::ended(onset, onset + took))
}

fn acknowledge(incident: &Incident, now: Timestamp) -> Option<Stretch> {
    let times = &incident.times;
    let sharp = [times.notified, times.firing].into_iter().flatten().find(|mark| !mark.estimated);
    let told = sharp.or(times.notified).or(times.firing).filter(|_| incident.detected)?.at;
    match times.acknowledged {
        Some(answer) => Some(Stretch::ended(told, answer.at)),
        None => (incident.state == IncidentState::Open).then(|| Stretch::lasting(told, now)),
    }
}

fn from_onset(incident: &Incident, end: Option<Timestamp>, now: Timestamp) -> Option<Stretch> {
    let onset = incident.times.onset.or(incident.times.firing)?.at;
    match end {
        Some(end) => Some(Stretch::ended(onset, end)),
        None => (incident.state == IncidentState::Open).then(|| Stretch::lasting(onset, now)),
    }
}

/// What durations have in common.
pub fn stat(lengths: impl Iterator<Item = Length>) -> DurationStat {
    let mut values = Vec::new();
    let mut open = Vec::new();
    let mut contradictory = 0;
    for length in lengths {
        match length {
            Length::Ended(value) if value < Millis(0) => contradictory += 1,
            Length::Ended(value) => values.push(value),
            Length::AtLeast(value) => open.push(value),
        }
    }
    values.sort_unstable();
    open.sort_unstable();
    let curve = SurvivalCurve::of(&observations(&values, &open));
    let quantile = |q| curve.quantile(q).map(|ms| Millis(ms as i64));
    DurationStat {
        n: values.len(),
        censored: open.len(),
        median: quantile(0.5),
        median_interval: interval(&curve, 0.5, &values, &open),
        p90: quantile(0.9),
        p90_interval: interval(&curve, 0.9, &values, &open),
        mean: mean(&values).filter(|_| open.is_empty()),
        contradictory,
        values,
        open,
    }
}

/// For estimators, in milliseconds.
pub fn observations(ended: &[Millis], open: &[Millis]) -> Vec<ObservedDuration> {
    let observation = |value: &Millis, ended| ObservedDuration { value: value.0 as f64, ended };
    ended.iter().map(|v| observation(v, true)).chain(open.iter().map(|v| observation(v, false))).collect()
}

/// From order statistics where every open duration is longer than the upper
/// one, so that the ranks are known; else from the curve, which may not come
/// down to an upper end.
fn interval(curve: &SurvivalCurve, q: f64, ended: &[Millis], open: &[Millis]) -> Option<(Millis, Option<Millis>)> {
    let (low, high) = quantile_ranks(ended.len() + open.len(), q)?;
    let at = |rank: usize| ended.get(rank.checked_sub(1)?).copied();
    if let (Some(low), Some(high)) = (at(low), at(high))
        && open.iter().all(|o| *o >= high)
    {
        return Some((low, Some(high)));
    }
    let (low, high) = curve.quantile_interval(q);
    let millis = |ms: f64| Millis(ms as i64);
    Some((millis(low?), high.map(millis)))
}

fn mean(values: &[Millis]) -> Option<Millis> {
    let n = i64::try_from(values.len()).ok().filter(|n| *n > 0)?;
    Some(Millis(values.iter().map(|v| v.0).sum::<i64>() / n))
}

/// Time to detect, acknowledge, restore and resolve, over all incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations {
    pub detect: DurationStat,
    pub acknowledge: DurationStat,
    pub restore: DurationStat,
    pub resolve: DurationStat,
}

/// A distribution of durations in which open incidents are censored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DurationStat {
    /// Durations that ended.
    pub n: usize,
    /// Durations that are still open: known to be at least so long.
    pub censored: usize,
    /// Kaplan-Meier median; absent when fewer than half have ended or n is 0.
    pub median: Option<Millis>,
    /// Where the median lies with 95 % confidence; absent below six durations.
    /// The upper end is absent while the open ones leave it unknown.
    pub median_interval: Option<(Millis, Option<Millis>)>,
    /// Kaplan-Meier 90th percentile; absent where fewer have ended.
    pub p90: Option<Millis>,
    /// As for the median; absent below 36 durations.
    pub p90_interval: Option<(Millis, Option<Millis>)>,
    /// The mean, for those who know it from elsewhere; absent while one is open,
    /// when it would be too short. One long incident moves it at will: never
    /// compare it.
    pub mean: Option<Millis>,
    /// Durations whose end lies before their beginning, so that they are unknown.
    pub contradictory: usize,
    /// The ended durations, shortest first.
    pub values: Vec<Millis>,
    /// How long the open ones have been going on, shortest first.
    pub open: Vec<Millis>,
}

#[cfg(test)]
mod tests;
