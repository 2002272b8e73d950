//! Samples that several scrapers of one target wrote (an HA pair of Prometheus),
//! as if one of them had written all. Must not know what is counted.
//!
//! Series that differ in replica labels only are one. The first replica by label
//! value is on duty, all its samples count and no others. Where it did not
//! answer for longer than its reach, the samples of the next one stand in. The
//! union of all samples would be wrong: two scrapers' clocks differ, so that a
//! counter read a moment later may carry the earlier time and seem to fall.

use std::collections::{BTreeMap, BTreeSet};

use super::raw::{RawSeries, Sample, unite};
use crate::ingest::counting::observed::Baselines;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Timestamp};

/// A scraper stands in only where the one before it has no scrape within this
/// many intervals, in halves. One missed scrape is no gap, since counters bridge
/// it; and clocks that differ by less do no harm.
const REACH_HALF_INTERVALS: i64 = 3;

/// The distance of scrapes that is assumed where a replica wrote just one.
const INTERVAL_DEFAULT: Millis = Millis::from_mins(1);

/// The labels of the scraper, which an observation does not depend on.
#[derive(Clone, Debug, Default)]
pub struct ReplicaLabels(BTreeSet<String>);

impl ReplicaLabels {
    pub fn new(names: impl IntoIterator<Item = String>) -> ReplicaLabels {
        ReplicaLabels(names.into_iter().collect())
    }

    /// Less those that somebody asks for by name: to him replicas are not one.
    pub fn not_asked_for<'a>(&self, asked: impl IntoIterator<Item = &'a str>) -> ReplicaLabels {
        let asked: BTreeSet<&str> = asked.into_iter().collect();
        ReplicaLabels(self.0.iter().filter(|name| !asked.contains(name.as_str())).cloned().collect())
    }

    /// Whether `up` tells of several scrapers.
    pub fn are_in(&self, up: &[RawSeries]) -> bool {
        !self.carried_by(up).is_empty()
    }

    /// Those that one of the series carries. A label of the application's own
    /// may have the same name, so the scraper's word is taken from `up`.
    fn carried_by(&self, up: &[RawSeries]) -> Vec<&str> {
        self.0.iter().map(String::as_str).filter(|name| up.iter().any(|s| s.labels.get(name).is_some())).collect()
    }

    /// Makes one of all replicas, for what was read of one period.
    pub fn merge(&self, series: &mut Vec<RawSeries>, up: &mut Vec<RawSeries>, starts: &mut Vec<RawSeries>) {
        unite(series);
        unite(up);
        unite(starts);
        let names = self.carried_by(up);
        if names.is_empty() {
            return;
        }
        let duty = Duty::of_scrapes(up, &names);
        for list in [series, starts] {
            *list = merged(std::mem::take(list), &names, |labels, group| {
                duty.get(labels).map_or_else(|| Duty::of_samples(group, &names), Duty::clone)
            });
        }
        *up = merged_scrapes(std::mem::take(up), &names, &duty);
    }

    /// As `merge`, for the last samples before a period: those of the replica
    /// that scraped last, unless an earlier one did so about as recently.
    pub fn merge_baselines(&self, baselines: &mut Baselines) {
        let Baselines { series, up, starts } = baselines;
        unite(series);
        let names = self.carried_by(up);
        if names.is_empty() {
            return;
        }
        let duty = Duty::of_scrapes(up, &names);
        for list in [series, starts, up] {
            let mut by_labels: BTreeMap<Labels, Vec<RawSeries>> = BTreeMap::new();
            for one in std::mem::take(list) {
                by_labels.entry(one.labels.without(&names)).or_default().push(one);
            }
            for (labels, group) in by_labels {
                let last = |s: &RawSeries| s.samples.last().map(|x| x.at);
                let on_duty =
                    |s: &&RawSeries| duty.get(&labels).is_none_or(|d| d.newest() == Some(&s.labels.only(&names)));
                let newest = group.iter().max_by_key(|s| last(s));
                if let Some(one) = group.iter().find(on_duty).or(newest) {
                    list.push(RawSeries { labels: labels.clone(), samples: one.samples.clone() });
                }
            }
        }
    }

    /// `ALERTS` and `ALERTS_FOR_STATE`: no target, so that the samples of an
    /// alert themselves tell which replica evaluated it.
    pub fn merge_alerts(&self, alerts: &mut Vec<RawSeries>, states: &mut Vec<RawSeries>) {
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let carried = |list: &[RawSeries]| list.iter().any(|s| names.iter().any(|n| s.labels.get(n).is_some()));
        if !carried(alerts) && !carried(states) {
            return;
        }
        let alert = |labels: &Labels| labels.without(&names).without(&["alertstate", NAME]);
        let mut seen: BTreeMap<Labels, BTreeMap<Labels, Tries>> = BTreeMap::new();
        for one in alerts.iter().chain(states.iter()) {
            let tries = seen.entry(alert(&one.labels)).or_default().entry(one.labels.only(&names)).or_default();
            tries.extend(one.samples.iter().map(|s| (s.at, true)));
        }
        let duty: BTreeMap<Labels, Duty> = seen.into_iter().map(|(k, tries)| (k, Duty::new(tries))).collect();
        let duty_of = |labels: &Labels| duty.get(&alert(labels)).cloned().unwrap_or_default();
        *alerts = merged(std::mem::take(alerts), &names, |labels, _| duty_of(labels));
        agree_on_since(states, &names, duty_of);
        *states = merged(std::mem::take(states), &names, |labels, _| duty_of(labels));
    }
}

/// Each replica evaluates at times of its own, so that the condition of one and
/// the same firing began seconds apart: the later word is put in line with the
/// earlier replica's, or a change of duty would look like a second firing.
fn agree_on_since(states: &mut [RawSeries], names: &[&str], duty: impl Fn(&Labels) -> Duty) {
    let mut known: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    states.sort_by_cached_key(|one| one.labels.only(names));
    for one in states {
        let labels = one.labels.without(names);
        let replica = one.labels.only(names);
        let reach = duty(&labels).replicas.iter().find(|r| r.labels == replica).map_or(INTERVAL_DEFAULT, |r| r.reach);
        let earlier = known.entry(labels).or_default();
        let before = earlier.len();
        for sample in &mut one.samples {
            let near = earlier.get(..before).unwrap_or_default().iter();
            match near.copied().find(|v| (v - sample.value).abs() <= reach.secs_f64()) {
                Some(value) => sample.value = value,
                None if earlier.last() != Some(&sample.value) => earlier.push(sample.value),
                None => {}
            }
        }
    }
}

/// When a replica tried to scrape a target, and whether it got an answer.
type Tries = Vec<(Timestamp, bool)>;

/// Which replica's samples count at which time, for one target.
#[derive(Clone, Debug, Default)]
struct Duty {
    /// In order of precedence.
    replicas: Vec<Replica>,
}

#[derive(Clone, Debug)]
struct Replica {
    labels: Labels,
    /// When it answered and was on duty, in order.
    answered: Vec<Timestamp>,
    reach: Millis,
}

impl Replica {
    fn near(&self, at: Timestamp) -> bool {
        let from = self.answered.partition_point(|t| *t < at - self.reach);
        self.answered.get(from).is_some_and(|t| *t <= at + self.reach)
    }
}

/// The duties of all targets, by job and instance.
struct Duties(BTreeMap<(String, String), Vec<(Labels, Duty)>>);

impl Duties {
    /// The target whose labels a series carries.
    fn get(&self, series: &Labels) -> Option<&Duty> {
        let candidates = self.0.get(&key(series))?;
        let carried = candidates.iter().find(|(target, _)| series.contains_all(target));
        carried.or_else(|| candidates.first().filter(|_| candidates.len() == 1)).map(|(_, duty)| duty)
    }
}

fn key(labels: &Labels) -> (String, String) {
    let of = |name: &str| labels.get(name).unwrap_or("").to_owned();
    (of("job"), of("instance"))
}

impl Duty {
    fn new(replicas: BTreeMap<Labels, Tries>) -> Duty {
        let mut duty = Duty::default();
        for (labels, mut tries) in replicas {
            tries.sort_unstable();
            tries.dedup_by_key(|(at, _)| *at);
            let reach = reach(&tries.iter().map(|(at, _)| *at).collect::<Vec<_>>());
            let on_duty = |at: &Timestamp| !duty.replicas.iter().any(|earlier| earlier.near(*at));
            let answered = tries.iter().filter(|(_, ok)| *ok).map(|(at, _)| *at).filter(on_duty).collect();
            duty.replicas.push(Replica { labels, answered, reach });
        }
        duty
    }

    fn of_scrapes(up: &[RawSeries], names: &[&str]) -> Duties {
        let mut targets: BTreeMap<Labels, BTreeMap<Labels, Tries>> = BTreeMap::new();
        for one in up {
            let target = one.labels.without(names).without(&[NAME]);
            let tries = targets.entry(target).or_default().entry(one.labels.only(names)).or_default();
            tries.extend(one.samples.iter().map(|s| (s.at, s.value == 1.0)));
        }
        let mut by_key: BTreeMap<(String, String), Vec<(Labels, Duty)>> = BTreeMap::new();
        for (target, tries) in targets {
            by_key.entry(key(&target)).or_default().push((target, Duty::new(tries)));
        }
        Duties(by_key)
    }

    fn of_samples(group: &[RawSeries], names: &[&str]) -> Duty {
        let tries = |s: &RawSeries| s.samples.iter().map(|x| (x.at, true)).collect();
        Duty::new(group.iter().map(|s| (s.labels.only(names), tries(s))).collect())
    }

    /// Whether a sample of a replica counts.
    fn counts(&self, replica: &Labels, at: Timestamp) -> bool {
        let mut earlier = self.replicas.iter().take_while(|r| r.labels != *replica);
        !earlier.any(|r| r.near(at))
    }

    /// The replica that was on duty last.
    fn newest(&self) -> Option<&Labels> {
        self.replicas.iter().filter(|r| !r.answered.is_empty()).max_by_key(|r| r.answered.last()).map(|r| &r.labels)
    }
}

/// From the median distance, which gaps do not move.
fn reach(tries: &[Timestamp]) -> Millis {
    let mut gaps: Vec<i64> = tries.windows(2).filter_map(|w| Some((*w.get(1)? - *w.first()?).0)).collect();
    let interval = match gaps.len() {
        0 => INTERVAL_DEFAULT,
        n => Millis(*gaps.select_nth_unstable((n - 1) / 2).1),
    };
    Millis(interval.0 * REACH_HALF_INTERVALS / 2)
}

fn merged(list: Vec<RawSeries>, names: &[&str], duty: impl Fn(&Labels, &[RawSeries]) -> Duty) -> Vec<RawSeries> {
    let mut by_labels: BTreeMap<Labels, Vec<RawSeries>> = BTreeMap::new();
    for one in list {
        by_labels.entry(one.labels.without(names)).or_default().push(one);
    }
    let one = |(labels, group): (Labels, Vec<RawSeries>)| {
        let duty = duty(&labels, &group);
        let mut samples: Vec<Sample> = Vec::new();
        for member in &group {
            let replica = member.labels.only(names);
            samples.extend(member.samples.iter().filter(|s| duty.counts(&replica, s.at)));
        }
        super::raw::in_order(&mut samples);
        (!samples.is_empty()).then_some(RawSeries { labels, samples })
    };
    by_labels.into_iter().filter_map(one).collect()
}

/// A scrape that failed tells something only if no other replica got an answer
/// around that time; of several that failed, the first speaks.
fn merged_scrapes(up: Vec<RawSeries>, names: &[&str], duties: &Duties) -> Vec<RawSeries> {
    let mut by_labels: BTreeMap<Labels, Vec<RawSeries>> = BTreeMap::new();
    for one in up {
        by_labels.entry(one.labels.without(names)).or_default().push(one);
    }
    let one = |(labels, group): (Labels, Vec<RawSeries>)| {
        let duty = duties.get(&labels).cloned().unwrap_or_default();
        let mut samples: Vec<Sample> = Vec::new();
        let mut failed = Duty::default();
        for member in &group {
            let replica = member.labels.only(names);
            let mut mine = Vec::new();
            for sample in &member.samples {
                let answered = sample.value == 1.0;
                let others = || duty.replicas.iter().any(|r| r.labels != replica && r.near(sample.at));
                if answered && duty.counts(&replica, sample.at) {
                    samples.push(*sample);
                } else if !answered && !others() && failed.counts(&replica, sample.at) {
                    samples.push(*sample);
                    mine.push(sample.at);
                }
            }
            failed.replicas.push(Replica { labels: replica, reach: reach(&mine), answered: mine });
        }
        super::raw::in_order(&mut samples);
        (!samples.is_empty()).then_some(RawSeries { labels, samples })
    };
    by_labels.into_iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests;
