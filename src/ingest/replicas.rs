//! Samples that several scrapers of one target wrote (an HA pair of Prometheus),
//! as if one of them had written all. Must not know what is counted.
//!
//! Series that differ in replica labels only are one. The first replica by label
//! value is on duty, all its samples count and no others. Where it did not
//! answer for longer than its reach, the samples of the next one stand in. The
//! union of all samples would be wrong: two scrapers' clocks differ, so that a
//! counter read a moment later may carry the earlier time and seem to fall.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::Baselines;
use super::raw::{RawSeries, Sample, unite};
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
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_millis(1_700_000_040_000 + (seconds * 1e3) as i64)
    }

    fn series(name: &str, replica: &str, samples: &[(f64, f64)]) -> RawSeries {
        let labels = Labels::new().with(NAME, name).with("job", "shop").with("instance", "a").with("replica", replica);
        RawSeries { labels, samples: samples.iter().map(|(s, v)| Sample { at: at(*s), value: *v }).collect() }
    }

    fn both() -> ReplicaLabels {
        ReplicaLabels::new(["prometheus_replica".to_owned(), "replica".to_owned()])
    }

    /// Seconds and values.
    type Shown = Vec<(f64, f64)>;

    /// Merges and gives the samples of the only series, and those of `up`.
    fn merged(mut all: Vec<RawSeries>, mut up: Vec<RawSeries>) -> (Shown, Shown) {
        both().merge(&mut all, &mut up, &mut Vec::new());
        let shown = |list: &[RawSeries]| {
            assert_eq!(list.len(), 1, "{list:?}");
            let samples = list[0].samples.iter();
            samples.map(|s| ((s.at - at(0.0)).secs_f64(), s.value)).collect::<Vec<_>>()
        };
        (shown(&all), shown(&up))
    }

    #[test]
    fn one_replica_counts_while_it_has_no_gap() {
        // The clock of `b` is 3 s behind: at its 14 s it reads what came at 17 s.
        let up = |r: &str, from: f64| series("up", r, &[0.0, 15.0, 30.0, 45.0].map(|s| (s + from, 1.0)));
        let (samples, up) = merged(
            vec![
                series("m", "a", &[(0.0, 1.0), (15.0, 2.0), (30.0, 3.0), (45.0, 4.0)]),
                series("m", "b", &[(14.0, 9.0), (29.0, 9.5), (44.0, 10.0), (59.0, 11.0)]),
            ],
            vec![up("a", 0.0), up("b", 14.0)],
        );
        assert_eq!(samples, [(0.0, 1.0), (15.0, 2.0), (30.0, 3.0), (45.0, 4.0)]);
        assert_eq!(up.len(), 4);
    }

    #[test]
    fn the_other_replica_fills_a_gap_and_its_failures_do_not_count() {
        let up_a = [(0.0, 1.0), (15.0, 1.0), (30.0, 0.0), (45.0, 0.0), (60.0, 0.0), (75.0, 0.0), (90.0, 1.0)];
        let up_b = [7.0, 22.0, 37.0, 52.0, 67.0, 82.0].map(|s| (s, 1.0));
        let (samples, up) = merged(
            vec![
                series("m", "a", &[(0.0, 1.0), (15.0, 2.0), (90.0, 9.0)]),
                series("m", "b", &[(7.0, 1.0), (22.0, 2.0), (37.0, 3.0), (52.0, 5.0), (67.0, 6.0), (82.0, 8.0)]),
            ],
            vec![series("up", "a", &up_a), series("up", "b", &up_b)],
        );
        // 37 s lies within 22.5 s of 15 s, and 82 s within as much of 90 s; 67 s does not.
        assert_eq!(samples, [(0.0, 1.0), (15.0, 2.0), (52.0, 5.0), (67.0, 6.0), (90.0, 9.0)]);
        assert!(up.iter().all(|(_, value)| *value == 1.0), "{up:?}");
    }

    #[test]
    fn a_target_that_is_down_is_down_for_both() {
        let down = |r: &str, from: f64| series("up", r, &[(from, 1.0), (from + 15.0, 0.0), (from + 30.0, 0.0)]);
        let (_, up) = merged(vec![series("m", "a", &[(0.0, 1.0)])], vec![down("a", 0.0), down("b", 7.0)]);
        assert_eq!(up, [(0.0, 1.0), (15.0, 0.0), (30.0, 0.0)]);
    }

    #[test]
    fn a_label_that_up_does_not_carry_belongs_to_the_application() {
        let mut all = vec![series("m", "1", &[(0.0, 1.0)]), series("m", "2", &[(0.0, 1.0)])];
        let mut up = vec![series("up", "", &[(0.0, 1.0)])];
        both().merge(&mut all, &mut up, &mut Vec::new());
        assert_eq!(all.len(), 2);
        let asked = both().not_asked_for(["replica"]);
        let mut up = vec![series("up", "1", &[(0.0, 1.0)]), series("up", "2", &[(0.0, 1.0)])];
        asked.merge(&mut all, &mut up, &mut Vec::new());
        assert_eq!((all.len(), up.len()), (2, 2));
    }

    #[test]
    fn baselines_come_from_the_replica_on_duty() {
        let of = |ups: [(f64, f64); 2]| {
            let mut baselines = Baselines {
                series: vec![series("m", "a", &[(ups[0].0, 5.0)]), series("m", "b", &[(ups[1].0, 7.0)])],
                up: vec![series("up", "a", &[ups[0]]), series("up", "b", &[ups[1]])],
                starts: Vec::new(),
            };
            both().merge_baselines(&mut baselines);
            (baselines.series[0].samples[0].value, baselines.up.len())
        };
        assert_eq!(of([(-10.0, 1.0), (-3.0, 1.0)]), (5.0, 1));
        assert_eq!(of([(-900.0, 1.0), (-3.0, 1.0)]), (7.0, 1));
    }

    #[test]
    fn an_alert_of_two_replicas_is_one() {
        let alert = |name: &str, replica: &str, samples: &[(f64, f64)]| {
            let mut one = series(name, replica, samples);
            one.labels.set("alertname", "Down");
            one
        };
        let mut alerts = vec![
            alert("ALERTS", "a", &[(0.0, 1.0), (30.0, 1.0)]),
            alert("ALERTS", "b", &[(12.0, 1.0), (42.0, 1.0), (72.0, 1.0), (102.0, 1.0)]),
        ];
        let mut states = vec![
            alert("ALERTS_FOR_STATE", "a", &[(0.0, 100.0), (30.0, 100.0)]),
            alert("ALERTS_FOR_STATE", "b", &[(12.0, 112.0), (42.0, 112.0), (72.0, 112.0), (102.0, 112.0)]),
        ];
        both().merge_alerts(&mut alerts, &mut states);
        let times: Vec<f64> = alerts[0].samples.iter().map(|s| (s.at - at(0.0)).secs_f64()).collect();
        assert_eq!((alerts.len(), states.len(), times), (1, 1, vec![0.0, 30.0, 102.0]));
        // A change of duty is no second firing.
        assert!(states[0].samples.iter().all(|s| s.value == 100.0), "{states:?}");
    }
}
