//! Two periods of incidents compared, as a whole and by team, service, severity
//! and cluster. Must not know how incidents were made.

use super::verdict::{self, TestResult, TrendVerdict, verdicts};
use crate::evaluate::incident::detect_split::DetectSplit;
use crate::evaluate::incident::durations::{DurationStat, Durations, durations, observations};
use crate::evaluate::review::deployments::Deployments;
use crate::evaluate::review::recurrence::{Recurrence, recurrences};
use crate::evaluate::review::result::Review;
use crate::evaluate::statistics::counts::{RateRatio, poisson};
use crate::model::operations::incident::Incident;
use crate::model::time::Period;

/// Less of the time before, as a share of the period, says nothing about it.
const BEFORE_MIN_RATIO: f64 = 0.25;

/// What incidents are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupedBy {
    /// All of them, one group without a name.
    All,
    Team,
    Service,
    Severity,
    Cluster,
}

impl GroupedBy {
    pub const ALL: [GroupedBy; 5] =
        [GroupedBy::All, GroupedBy::Team, GroupedBy::Service, GroupedBy::Severity, GroupedBy::Cluster];

    pub fn word(self) -> &'static str {
        match self {
            GroupedBy::All => "all",
            GroupedBy::Team => "team",
            GroupedBy::Service => "service",
            GroupedBy::Severity => "severity",
            GroupedBy::Cluster => "cluster",
        }
    }

    /// The group of an incident; `None` where it names none.
    fn of(self, incident: &Incident) -> Option<&str> {
        match self {
            GroupedBy::All => Some(""),
            GroupedBy::Team => incident.team.as_deref(),
            GroupedBy::Service => Some(&incident.service),
            GroupedBy::Severity => Some(incident.severity.word()),
            GroupedBy::Cluster => incident.cluster.as_deref(),
        }
    }
}

/// A period beside the one before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The parts of both of which anything is known.
    pub period: Period,
    pub before: Period,
    /// The whole first, then by `GroupedBy`, groups in order of name.
    pub groups: Vec<ComparedGroup>,
    pub noise: NoiseChange,
    /// Of all incidents of the period.
    pub split: DetectSplit,
    /// The durations in business hours.
    pub business: Durations,
    pub deployments: Deployments,
}

impl Comparison {
    /// Whether too little is known of the time before to set anything beside it.
    pub fn is_lopsided(&self) -> bool {
        (self.before.length().0 as f64) < BEFORE_MIN_RATIO * self.period.length().0 as f64
    }
}

/// The incidents of one group in both periods.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedGroup {
    pub by: GroupedBy,
    /// Empty for the whole.
    pub name: String,
    pub incidents: CountChange,
    pub detect: DurationChange,
    pub acknowledge: DurationChange,
    pub restore: DurationChange,
    pub resolve: DurationChange,
    /// One for each of `RECURRENCE_WITHIN`.
    pub recurrence: [Recurrence; 3],
}

impl ComparedGroup {
    /// The four durations by name, in order.
    pub fn durations(&self) -> [(&'static str, &DurationChange); 4] {
        [
            ("detect", &self.detect),
            ("acknowledge", &self.acknowledge),
            ("restore", &self.restore),
            ("resolve", &self.resolve),
        ]
    }
}

/// How many incidents began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CountChange {
    pub now: u64,
    pub before: u64,
    /// The 95 % interval of the number expected in such a period.
    pub interval: (f64, f64),
    /// The rate now over the rate before; absent with too few.
    pub ratio: Option<RateRatio>,
    pub verdict: TrendVerdict,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DurationChange {
    pub now: DurationStat,
    pub before: DurationStat,
    pub verdict: TrendVerdict,
}

/// Noisy pages of all judged ones in both periods: those certainly so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseChange {
    pub now: (usize, usize),
    pub before: (usize, usize),
    /// 95 % bounds of the difference of the shares.
    pub difference: Option<(f64, f64)>,
    pub verdict: TrendVerdict,
}

/// Compares the reviews of two periods.
pub fn compare(period: Period, now: &Review, before_period: Period, before: &Review) -> Comparison {
    let (now, before) = (Side::new(period, now), Side::new(before_period, before));
    let mut groups = Vec::new();
    for by in GroupedBy::ALL {
        groups.extend(table(by, &now, &before));
    }
    let shares = (now.noise(), before.noise());
    let (difference, verdict) = verdict::share(shares.0, shares.1);
    let noise = NoiseChange { now: shares.0, before: shares.1, difference, verdict };
    Comparison {
        period: now.period,
        before: before.period,
        groups,
        noise,
        split: now.review.split.clone(),
        business: now.review.business.clone(),
        deployments: now.review.deployments.clone(),
    }
}

/// One of the two periods.
struct Side<'a> {
    review: &'a Review,
    /// The part of it of which anything is known.
    period: Period,
}

impl<'a> Side<'a> {
    fn new(period: Period, review: &'a Review) -> Side<'a> {
        let end = review.as_of.map_or(period.end, |as_of| as_of.min(period.end));
        let start = review.known_since.map_or(end, |since| since.max(period.start));
        Side { review, period: Period::new(start.min(end), end) }
    }

    fn of(&self, by: GroupedBy, name: &'a str) -> impl Iterator<Item = &'a Incident> + Clone {
        let period = self.period;
        let began = move |i: &&Incident| i.start().is_some_and(|at| period.contains(at));
        self.review.incidents.iter().filter(began).filter(move |i| by.of(i) == Some(name))
    }

    fn names(&self, by: GroupedBy) -> impl Iterator<Item = &'a str> {
        self.review.incidents.iter().filter_map(move |i| by.of(i))
    }

    fn durations(&self, by: GroupedBy, name: &'a str) -> Durations {
        durations(self.of(by, name), self.period, self.period.end)
    }

    fn noise(&self) -> (usize, usize) {
        let noise = &self.review.noise;
        let noisy = noise.classes.iter().filter(|(class, _)| class.is_noise()).map(|(_, n)| n).sum();
        (noisy, noise.pages)
    }

    fn recurrence(&self, by: GroupedBy, name: &'a str) -> [Recurrence; 3] {
        recurrences(self.of(by, name), self.period.end)
    }
}

/// All groups of one kind; their verdicts are taken together.
fn table(by: GroupedBy, now: &Side<'_>, before: &Side<'_>) -> Vec<ComparedGroup> {
    let mut names: Vec<&str> = now.names(by).chain(before.names(by)).collect();
    if by == GroupedBy::All {
        names.push("");
    }
    names.sort_unstable();
    names.dedup();
    let mut groups: Vec<ComparedGroup> = names.iter().map(|name| group(by, name, now, before)).collect();
    type Part = fn(&mut ComparedGroup) -> &mut DurationChange;
    let parts: [Part; 4] = [|g| &mut g.detect, |g| &mut g.acknowledge, |g| &mut g.restore, |g| &mut g.resolve];
    for part in parts {
        let findings: Vec<Option<TestResult>> = groups.iter_mut().map(|g| tested(part(g))).collect();
        for (group, verdict) in groups.iter_mut().zip(verdicts(&findings)) {
            part(group).verdict = verdict;
        }
    }
    let lengths = (now.period.length().secs_f64(), before.period.length().secs_f64());
    let counted: Vec<_> =
        groups.iter().map(|g| verdict::events((g.incidents.now, lengths.0), (g.incidents.before, lengths.1))).collect();
    let findings: Vec<Option<TestResult>> = counted.iter().map(|c| c.map(|(_, finding)| finding)).collect();
    for ((group, counted), verdict) in groups.iter_mut().zip(&counted).zip(verdicts(&findings)) {
        group.incidents.ratio = counted.map(|(ratio, _)| ratio);
        group.incidents.verdict = verdict;
    }
    groups
}

/// Without verdicts yet.
fn group(by: GroupedBy, name: &str, now: &Side<'_>, before: &Side<'_>) -> ComparedGroup {
    let counts = (now.of(by, name).count() as u64, before.of(by, name).count() as u64);
    let (after, earlier) = (now.durations(by, name), before.durations(by, name));
    let change = |now, before| DurationChange { now, before, verdict: TrendVerdict::TooFew };
    ComparedGroup {
        by,
        name: name.to_owned(),
        incidents: CountChange {
            now: counts.0,
            before: counts.1,
            interval: poisson(counts.0),
            ratio: None,
            verdict: TrendVerdict::TooFew,
        },
        detect: change(after.detect, earlier.detect),
        acknowledge: change(after.acknowledge, earlier.acknowledge),
        restore: change(after.restore, earlier.restore),
        resolve: change(after.resolve, earlier.resolve),
        recurrence: now.recurrence(by, name),
    }
}

fn tested(change: &DurationChange) -> Option<TestResult> {
    let sample = |stat: &DurationStat| observations(&stat.values, &stat.open);
    verdict::durations(&sample(&change.now), &sample(&change.before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::review::{ReviewInputs, review};
    use crate::evaluate::scenario::{TextScenario, minute};

    /// So many incidents in an hour each, of `length` minutes, in two periods of
    /// the same scenario; the lines are `service: minutes, minutes, … | …`.
    fn compared(lines: &[(&str, &[usize], &[usize])]) -> Comparison {
        let hours = |lengths: &[usize]| lengths.iter().map(|n| format!("....5*{n} .*{} ", 56 - n)).collect::<String>();
        let most = lines.iter().map(|(_, before, now)| before.len().max(now.len())).max().unwrap();
        let padded = |lengths: &[usize]| format!("{}{}", hours(lengths), ".*60 ".repeat(most - lengths.len()));
        let text: String = lines
            .iter()
            .map(|(service, before, now)| format!("slo {service} {} {}\n", padded(before), padded(now)))
            .collect();
        let text = text.replace("....5", ".... 5");
        let scenario = TextScenario::new(&text);
        let half = most as i64 * 60;
        let (before, now) = (Period::new(minute(0), minute(half)), Period::new(minute(half), minute(2 * half)));
        let of =
            |period: Period| review(&ReviewInputs { period, now: period.end, ..scenario.inputs(&scenario.sorted()) });
        compare(now, &of(now), before, &of(before))
    }

    fn group<'a>(comparison: &'a Comparison, by: GroupedBy, name: &str) -> &'a ComparedGroup {
        comparison.groups.iter().find(|g| g.by == by && g.name == name).unwrap()
    }

    #[test]
    fn a_team_that_restores_much_faster_is_better() {
        let c = compared(&[("web", &[25, 30, 28, 35, 31, 29, 33, 27], &[6, 7, 5, 9, 8, 6, 7, 10])]);
        let all = group(&c, GroupedBy::All, "");
        assert_eq!((all.restore.now.n, all.restore.before.n), (8, 8));
        assert_eq!(all.restore.verdict, TrendVerdict::Better);
        assert_eq!(all.incidents.verdict, TrendVerdict::NoEvidence, "as many as before");
        assert_eq!(all.detect.verdict, TrendVerdict::TooFew, "nobody was paged");
        assert_eq!(group(&c, GroupedBy::Service, "web").restore, all.restore);
    }

    #[test]
    fn few_incidents_are_too_few_and_alike_ones_no_evidence() {
        let c = compared(&[
            ("few", &[30, 40], &[5, 5]),
            ("alike", &[10, 14, 12, 9, 20, 11, 13], &[12, 10, 15, 11, 9, 19, 14]),
        ]);
        assert_eq!(group(&c, GroupedBy::Service, "few").restore.verdict, TrendVerdict::TooFew);
        assert_eq!(group(&c, GroupedBy::Service, "alike").restore.verdict, TrendVerdict::NoEvidence);
        assert!(c.groups.iter().all(|g| g.by != GroupedBy::Team), "nobody has a team");
    }

    #[test]
    fn far_fewer_incidents_are_better() {
        let c = compared(&[("web", &[10; 12], &[10])]);
        let all = group(&c, GroupedBy::All, "");
        assert_eq!((all.incidents.now, all.incidents.before, all.incidents.verdict), (1, 12, TrendVerdict::Better));
        assert!(all.incidents.ratio.unwrap().upper < 1.0);
        assert_eq!(all.restore.verdict, TrendVerdict::TooFew);
    }

    #[test]
    fn a_time_of_which_nothing_is_known_had_no_incidents_that_count() {
        let scenario = TextScenario::new("slo web .*60 5*9 .*51 5*9 .*51 5*9 .*51 5*9 .*51 5*9 .*51 5*9 .*51 5*9 .*51");
        let (now, before) = (Period::new(minute(0), minute(480)), Period::new(minute(-90_000), minute(-80_000)));
        let nothing = review(&ReviewInputs {
            period: before,
            now: before.end,
            burns: &[],
            ..scenario.inputs(&scenario.sorted())
        });
        let c = compare(now, &scenario.review(), before, &nothing);
        let all = group(&c, GroupedBy::All, "");
        assert!(c.is_lopsided());
        assert_eq!((all.incidents.now, all.incidents.verdict, all.incidents.ratio), (7, TrendVerdict::TooFew, None));
    }

    #[test]
    fn what_happens_again_within_a_week_recurs() {
        let c = compared(&[("web", &[10; 3], &[10; 4]), ("calm", &[], &[12])]);
        let web = group(&c, GroupedBy::Service, "web").recurrence[0];
        assert_eq!((web.n, web.recurred, web.ratio), (4, 3, Some(1.0)));
        // Watched for less than a week: it is not known to stay away.
        let calm = group(&c, GroupedBy::Service, "calm").recurrence[0];
        assert_eq!((calm.n, calm.recurred, calm.ratio), (1, 0, None));
    }
}
