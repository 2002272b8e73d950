//! How long it took to detect, acknowledge, restore and resolve, with what is
//! still going on counted as such. Must not know how incidents were made.
//!
//! An incident counts in the period in which it began: those that end in a
//! period are on average longer.

use super::incidents::LEAD;
use crate::evaluate::statistics::ranks::quantile_ranks;
use crate::evaluate::statistics::survival::{Observation, SurvivalCurve};
use crate::model::operations::incident::{Incident, IncidentState};
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
    let cohort = || incidents.clone().filter(|i| i.start().is_some_and(|at| period.contains(at)));
    Durations {
        detect: stat(cohort().filter_map(|i| detect(i, now))),
        acknowledge: stat(cohort().filter_map(|i| acknowledge(i, now))),
        restore: stat(cohort().filter_map(|i| {
            let end = i.times.restored.map(|m| m.at);
            from_onset(i, end, now)
        })),
        resolve: stat(cohort().filter_map(|i| {
            let end = i.times.resolved.map(|m| m.at);
            from_onset(i, end, now)
        })),
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

fn detect(incident: &Incident, now: Timestamp) -> Option<Length> {
    let onset = incident.times.onset.filter(|m| !m.estimated)?.at;
    if !incident.detected {
        let end = incident.times.restored.map_or(now, |m| m.at);
        return Some(Length::AtLeast(end - onset));
    }
    time_to_detect(incident).filter(|took| *took >= Millis(0)).map(Length::Ended)
}

fn acknowledge(incident: &Incident, now: Timestamp) -> Option<Length> {
    let times = &incident.times;
    let sharp = [times.notified, times.firing].into_iter().flatten().find(|mark| !mark.estimated);
    let told = sharp.or(times.notified).or(times.firing).filter(|_| incident.detected)?.at;
    match times.acknowledged {
        Some(answer) => Some(Length::Ended(answer.at - told)),
        None => (incident.state == IncidentState::Open).then(|| Length::AtLeast(now - told)),
    }
}

fn from_onset(incident: &Incident, end: Option<Timestamp>, now: Timestamp) -> Option<Length> {
    let onset = incident.times.onset.or(incident.times.firing)?.at;
    match end {
        Some(end) => Some(Length::Ended(end - onset)),
        None => (incident.state == IncidentState::Open).then(|| Length::AtLeast(now - onset)),
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
pub fn observations(ended: &[Millis], open: &[Millis]) -> Vec<Observation> {
    let observation = |value: &Millis, ended| Observation { value: value.0 as f64, ended };
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
mod tests {
    use super::*;
    use crate::evaluate::scenario::{Scenario, minute};
    use crate::model::operations::record::RecordKind;

    fn of(text: &str) -> Durations {
        Scenario::new(text).review().durations
    }

    fn minutes(values: &[Millis]) -> Vec<i64> {
        values.iter().map(|v| v.0 / 60_000).collect()
    }

    #[test]
    fn durations_run_from_what_users_saw() {
        let d = of("
            slo  web    .*10 5*20  .*200 5*30  .*60
            page A web  .*12 F*20  .*198 ....  F*31 .*55
        ");
        assert_eq!(minutes(&d.detect.values), [2, 4]);
        assert_eq!(minutes(&d.restore.values), [20, 30]);
        assert_eq!(minutes(&d.resolve.values), [22, 35]);
        assert_eq!((d.acknowledge.n, d.acknowledge.censored, d.acknowledge.median), (0, 0, None));
        assert_eq!(d.restore.median, Some(Millis::from_mins(20)));
        assert_eq!(d.restore.median_interval, None, "two are too few");
    }

    #[test]
    fn what_goes_on_is_known_to_last_at_least_so_long() {
        let d = of("slo web .*10 5*50\npage A web .*12 F*48");
        assert_eq!((d.detect.n, d.detect.median), (1, Some(Millis::from_mins(2))));
        assert_eq!((d.restore.n, d.restore.censored, d.restore.median), (0, 1, None));
        assert_eq!((d.resolve.n, d.resolve.censored), (0, 1));
        assert_eq!((d.acknowledge.n, d.acknowledge.censored), (0, 1));
        assert_eq!(of("slo web .*60"), Durations::default());
    }

    #[test]
    fn a_burn_without_a_page_was_undetected_as_long_as_it_went_on() {
        let d = of("slo web .*10 5*20 .*60");
        assert_eq!((d.detect.n, d.detect.censored, d.detect.median), (0, 1, None));
        assert_eq!(minutes(&d.restore.values), [20]);
        assert_eq!((d.resolve.n, d.resolve.censored), (0, 0), "there was no alert to resolve");
    }

    #[test]
    fn an_alert_that_stands_in_for_the_onset_detects_nothing() {
        let d = of("page A db .. PPP F*9 .*60");
        assert_eq!((d.detect.n, d.detect.censored), (0, 0));
        assert_eq!(minutes(&d.restore.values), [12]);
        assert_eq!(minutes(&d.resolve.values), [12]);
    }

    #[test]
    fn a_page_before_the_onset_has_no_time_to_detect() {
        let before = of("slo web .*20 5*20 .*60\npage A web .*15 F*30 .*55");
        assert_eq!((before.detect.n, before.detect.censored, before.detect.contradictory), (0, 0, 0));
        let long_before = of("slo web .*60 5*20 .*60\npage A web .*15 F*80 .*45");
        assert_eq!((long_before.detect.n, long_before.detect.censored), (0, 0));
    }

    #[test]
    fn an_acknowledgement_before_the_page_is_unknown_and_counted_as_such() {
        let d = of("page A web .*20 F*20 .*60\nsays web PD1 .*21 I .*60\nsays web X .*15 A .*60");
        assert_eq!((d.acknowledge.n, d.acknowledge.contradictory), (0, 1));
        assert_eq!(d.acknowledge.values, []);
    }

    #[test]
    fn a_sharp_page_goes_before_an_estimated_notification() {
        let mut scenario = Scenario::new("page A web .*20 F*200 .*60\nsays A - .*120 N .*60\nsays web PD1 .*23 A .*60");
        scenario.records.iter_mut().for_each(|r| r.estimated = r.kind == RecordKind::Notification);
        assert_eq!(minutes(&scenario.review().durations.acknowledge.values), [3]);
    }

    #[test]
    fn an_answer_counts_from_the_page() {
        let d = of("slo web .*10 5*20 .*60\npage A web .*12 F*7 !*9 .*60");
        assert_eq!(minutes(&d.acknowledge.values), [7]);
    }

    #[test]
    fn the_month_of_an_incident_is_the_one_in_which_it_began() {
        let scenario = Scenario::new("slo web .*10 5*20 .*30\npage A web .*12 F*20 .*28");
        let all = scenario.review().incidents;
        let in_period = |from, to| durations(all.iter(), Period::new(minute(from), minute(to)), minute(60)).restore.n;
        assert_eq!((in_period(0, 10), in_period(10, 11), in_period(11, 60)), (0, 1, 0));
    }

    #[test]
    fn a_mean_is_told_only_of_durations_that_have_all_ended() {
        let mean = |open: Option<i64>| {
            let ended = [1, 2, 6].map(|m| Length::Ended(Millis::from_mins(m)));
            stat(ended.into_iter().chain(open.map(|m| Length::AtLeast(Millis::from_mins(m))))).mean
        };
        assert_eq!((mean(None), mean(Some(9))), (Some(Millis::from_mins(3)), None));
    }

    #[test]
    fn the_median_has_an_interval_from_six_durations_on() {
        let lengths = |ended: &[i64], open: &[i64]| {
            let ended = ended.iter().map(|m| Length::Ended(Millis::from_mins(*m)));
            stat(ended.chain(open.iter().map(|m| Length::AtLeast(Millis::from_mins(*m))))).median_interval
        };
        let mins = |a, b: Option<i64>| Some((Millis::from_mins(a), b.map(Millis::from_mins)));
        assert_eq!(lengths(&[3, 1, 2, 6, 5], &[]), None);
        assert_eq!(lengths(&[3, 1, 2, 6, 5, 4], &[]), mins(1, Some(6)));
        assert_eq!(lengths(&[3, 1, 2, 6, 5, 4, 7, 8], &[9]), mins(2, Some(8)));
        // The open one may become the eighth or not: then the curve decides.
        assert_eq!(lengths(&[3, 1, 2, 6, 5, 4, 7, 8], &[6]), mins(1, Some(7)));
        assert_eq!(lengths(&[1, 2, 3], &[4, 5, 6]), mins(1, None), "half have not ended");
    }
}
