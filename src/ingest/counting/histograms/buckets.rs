//! What the series of histograms contribute to good, total and uncertain, by the
//! bounds that each scrape has: exact at a bound that equals the threshold, else the
//! interval between the neighbours. Must not know the rules by which counters are
//! counted.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::ingest::counting::counted::Inexact;
use crate::ingest::counting::counters::counter::is_count;
use crate::ingest::counting::state::State;
use crate::ingest::counting::weights::{Weight, Weights, same_bound};
use crate::ingest::raw::RawSeries;
use crate::model::labels::number::number_of;
use crate::model::labels::selector::Selector;
use crate::model::labels::{Labels, NAME};
use crate::model::time::Timestamp;

/// The series of the histograms that an indicator is about.
pub(crate) struct Buckets<'p> {
    pub classic: &'p Selector,
    pub native: &'p Selector,
    /// `_count`, the total where the bucket `+Inf` is missing.
    pub count: &'p Selector,
    pub threshold: f64,
}

/// A series of a histogram.
struct Member<'a> {
    place: usize,
    bound: f64,
    /// A count stands for the bucket `+Inf`.
    is_count: bool,
    series: &'a RawSeries,
}

/// What was known of a histogram before the reading.
#[derive(Default)]
struct Known {
    /// Its last scrape.
    last: Option<Timestamp>,
    native: bool,
}

/// Which weights the members have at one scrape, by their place in the group.
type AtScrape = Vec<(usize, Weight)>;

impl Buckets<'_> {
    /// The weights of all series, in their order, and why they are not exact.
    pub fn weights(&self, series: &[&RawSeries], state: &State) -> (Vec<Weights>, Option<Inexact>) {
        let mut weights = vec![Weights::Always(Weight::default()); series.len()];
        let mut groups: BTreeMap<Labels, Vec<Member<'_>>> = BTreeMap::new();
        for (place, one) in series.iter().enumerate() {
            let is_bucket = self.classic.matches(&one.labels) || self.native.matches(&one.labels);
            let is_count = !is_bucket && self.count.matches(&one.labels);
            let bound = if is_count { Some(f64::INFINITY) } else { bound_of(&one.labels).filter(|_| is_bucket) };
            if let Some(bound) = bound {
                let group = groups.entry(histogram(&one.labels)).or_default();
                group.push(Member { place, bound, is_count, series: one });
            }
        }
        groups.values_mut().for_each(without_needless_count);
        let changing: HashSet<&Labels> =
            groups.iter().filter(|(_, group)| !is_steady(group, state)).map(|(labels, _)| labels).collect();
        let known = self.known(series, state, !changing.is_empty());
        let changing: HashSet<Labels> = changing.into_iter().cloned().collect();
        let mut missing: Option<Vec<f64>> = None;
        let mut bucket = None;
        for (labels, group) in &mut groups {
            // A bucket `+Inf` goes before the count.
            group.sort_by(|a, b| a.bound.total_cmp(&b.bound).then(b.is_count.cmp(&a.is_count)));
            let before = known.get(labels);
            let bounds: Vec<f64> = group.iter().map(|m| m.bound).collect();
            let is_native =
                before.is_some_and(|k| k.native) || group.iter().any(|m| self.native.matches(&m.series.labels));
            if is_native || changing.contains(labels) {
                let each = self.of_each_scrape(group, before.and_then(|k| k.last), state);
                bucket = bucket.or(each.bucket.filter(|_| is_native));
                if !each.exact && !is_native {
                    missing.get_or_insert_default().extend(bounds);
                }
                for (member, weight) in group.iter().zip(each.weights) {
                    set(&mut weights, member.place, Weights::Each(weight));
                }
                continue;
            }
            let (at_scrape, exact) = at_scrape(&bounds, self.threshold);
            for (i, weight) in at_scrape {
                let place = group.get(i).map_or(usize::MAX, |m| m.place);
                set(&mut weights, place, Weights::Always(weight));
            }
            if !exact {
                missing.get_or_insert_default().extend(bounds);
            }
        }
        if let Some(bounds) = &mut missing {
            bounds.sort_by(f64::total_cmp);
            bounds.dedup();
        }
        (weights, missing.map(Inexact::NoBound).or(bucket))
    }

    /// What was known of the histograms of which a native form is or was there, or of
    /// which bounds come and go while the process runs.
    fn known(&self, series: &[&RawSeries], state: &State, changing: bool) -> HashMap<Labels, Known> {
        let mut known: HashMap<Labels, Known> = HashMap::new();
        let is_native = |labels: &Labels| self.native.matches(labels);
        if !changing && !series.iter().map(|s| &s.labels).chain(state.series.keys()).any(is_native) {
            return known;
        }
        for (labels, last) in &state.series {
            if is_native(labels) || self.classic.matches(labels) || self.count.matches(labels) {
                let one = known.entry(histogram(labels)).or_default();
                one.native |= is_native(labels);
                one.last = one.last.max(Some(last.at));
            }
        }
        known
    }

    /// The weights of each member at each scrape.
    ///
    /// A bound counts at a scrape only if the one before had it, too: what is told
    /// from here on did not begin at zero here. So after a change of the schema the
    /// coarser of two applies for one scrape, and where a process changes from the
    /// classic form to the native one, the new form begins with a baseline. Where
    /// both are there, they are one histogram: its total is taken once, and of all
    /// bounds those that are nearest to the threshold.
    fn of_each_scrape(&self, group: &[Member<'_>], before: Option<Timestamp>, state: &State) -> EachScrape {
        let mut scrapes: BTreeMap<Timestamp, Vec<(usize, f64)>> = BTreeMap::new();
        for (i, member) in group.iter().enumerate() {
            let new = |at: Timestamp| before.is_none_or(|before| at > before);
            for sample in member.series.samples.iter().filter(|s| is_count(s) && new(s.at)) {
                scrapes.entry(sample.at).or_default().push((i, sample.value));
            }
        }
        let was_there = |m: &Member<'_>| state.series.get(&m.series.labels).is_some_and(|l| Some(l.at) == before);
        let mut held: Option<Vec<bool>> = before.map(|_| group.iter().map(was_there).collect());
        let mut weights: Vec<Vec<(Timestamp, Weight)>> = vec![Vec::new(); group.len()];
        let (mut bucket, mut is_exact) = (None, true);
        let total = |here: &[(usize, f64)]| {
            let total = here.iter().rev().find(|(i, _)| group.get(*i).is_some_and(|m| m.bound.is_infinite()));
            total.map(|(_, value)| *value)
        };
        let known: Vec<(usize, f64)> = group
            .iter()
            .enumerate()
            .filter_map(|(i, m)| Some((i, state.series.get(&m.series.labels).filter(|l| Some(l.at) == before)?.value)))
            .collect();
        let mut events = total(&known);
        for (at, here) in scrapes {
            // After a reset all bounds begin at zero.
            let now = total(&here);
            if events.zip(now).is_some_and(|(before, now)| now < before) {
                held = None;
            }
            events = now.or(events);
            let held_before = |i: usize| held.as_ref().is_none_or(|h| h.get(i).copied().unwrap_or(false));
            let usable: Vec<(usize, f64, f64)> = here
                .iter()
                .filter(|(i, _)| held_before(*i))
                .filter_map(|(i, value)| group.get(*i).map(|m| (*i, m.bound, *value)))
                .collect();
            let bounds: Vec<f64> = usable.iter().map(|(_, bound, _)| *bound).collect();
            let (at_scrape, exact) = at_scrape(&bounds, self.threshold);
            is_exact = exact;
            bucket = (!exact).then(|| bucket_of(&usable, self.threshold)).flatten();
            for (i, weight) in at_scrape {
                let place = usable.get(i).map_or(usize::MAX, |(place, _, _)| *place);
                if let Some(list) = weights.get_mut(place) {
                    list.push((at, weight));
                }
            }
            let mut there = vec![false; group.len()];
            here.iter().for_each(|(i, _)| set(&mut there, *i, true));
            held = Some(there);
        }
        EachScrape { weights, bucket, exact: is_exact }
    }
}

/// What the scrapes of one histogram say, each by itself.
struct EachScrape {
    /// Of each member.
    weights: Vec<Vec<(Timestamp, Weight)>>,
    /// The bucket that holds the threshold at the last one.
    bucket: Option<Inexact>,
    /// Whether a bound equals the threshold at the last one.
    exact: bool,
}

/// A count is not needed where the bucket `+Inf` is there at all scrapes.
fn without_needless_count(group: &mut Vec<Member<'_>>) {
    let samples = |m: &Member<'_>| m.series.samples.len();
    let count = group.iter().find(|m| m.is_count).map(samples);
    let infinite = group.iter().find(|m| !m.is_count && m.bound.is_infinite()).map(samples);
    if infinite.zip(count).is_some_and(|(infinite, count)| infinite >= count) {
        group.retain(|m| !m.is_count);
    }
}

/// Whether all members of a histogram have samples at the same scrapes, and were
/// all there before or none of them.
fn is_steady(group: &[Member<'_>], state: &State) -> bool {
    let shape = |m: &Member<'_>| {
        let samples = &m.series.samples;
        (samples.len(), samples.first().map(|s| s.at), samples.last().map(|s| s.at))
    };
    let known = |m: &Member<'_>| state.series.get(&m.series.labels).map(|last| last.at);
    let alike = |one: &Member<'_>, other: &Member<'_>| shape(one) == shape(other) && known(one) == known(other);
    group.first().is_none_or(|first| group.iter().all(|m| alike(m, first)))
}

/// The weights of bounds that are there at once, in order of size, and whether
/// one of them is the threshold.
fn at_scrape(bounds: &[f64], threshold: f64) -> (AtScrape, bool) {
    let mut weights: AtScrape = Vec::new();
    let mut add = |i: usize, good: i64, total: i64, uncertain: i64| {
        let weight = match weights.iter_mut().find(|(place, _)| *place == i) {
            Some((_, weight)) => weight,
            None => &mut weights.push_mut((i, Weight::default())).1,
        };
        *weight =
            Weight { good: weight.good + good, total: weight.total + total, uncertain: weight.uncertain + uncertain };
    };
    if let Some(i) = bounds.iter().rposition(|bound| bound.is_infinite()) {
        add(i, 0, 1, 0);
    }
    if let Some(i) = bounds.iter().position(|bound| same_bound(*bound, threshold)) {
        add(i, 1, 0, 0);
        return (weights, true);
    }
    if let Some(i) = bounds.iter().rposition(|bound| *bound < threshold) {
        add(i, 1, 0, -1);
    }
    if let Some(i) = bounds.iter().position(|bound| *bound > threshold) {
        add(i, 0, 0, 1);
    }
    (weights, false)
}

/// The bucket that holds the threshold, if there are events in it.
fn bucket_of(usable: &[(usize, f64, f64)], threshold: f64) -> Option<Inexact> {
    let (_, high, below_high) = usable.iter().find(|(_, bound, _)| *bound > threshold)?;
    let low = usable.iter().rev().find(|(_, bound, _)| *bound < threshold);
    let (low, below_low) = low.map_or((0.0, 0.0), |(_, bound, value)| (*bound, *value));
    (*below_high > below_low).then_some(Inexact::Bucket { low, high: *high })
}

/// What all series of one histogram have in common, in either form.
fn histogram(series: &Labels) -> Labels {
    series.without(&["le", NAME])
}

fn set<T>(list: &mut [T], place: usize, value: T) {
    if let Some(one) = list.get_mut(place) {
        *one = value;
    }
}

/// `le` is compared as a number: `1` and `1.0` are one bound.
fn bound_of(labels: &Labels) -> Option<f64> {
    number_of(labels.get("le")?)
}
