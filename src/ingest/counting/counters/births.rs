//! First values of counters, and where each counter belongs: which are events, and
//! which are only something to count from.

use std::collections::HashMap;

use super::counter::{Counter, is_count, whole};
use super::judge::{Held, Scrape};
use super::rates::{Busy, busiest, busiest_around, seconds};
use super::renames::Ends;
use super::stretch::Stretch;
use super::{Counting, Spread, Verdict};
use crate::ingest::counting::notices::{NoticeKind, SignOfLife};
use crate::ingest::counting::state::{Last, State};
use crate::ingest::counting::targets::succession::labels_before;
use crate::ingest::counting::targets::target::Timeline;
use crate::ingest::raw::Sample;
use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};

/// So long after a fall nobody knows whose values these are.
const UNSETTLED: Millis = Millis::from_mins(1);

/// A process this young may be busier than anything known.
const YOUNG: Millis = Millis::from_mins(3);

impl Counting<'_> {
    pub(super) fn count_series(&mut self, state: &mut State) {
        let counters = std::mem::take(&mut self.counters);
        let mut timelines = std::mem::take(&mut self.timelines);
        let mut members: Vec<Vec<&Counter<'_>>> = timelines.iter().map(|_| Vec::new()).collect();
        for counter in &counters {
            members.get_mut(counter.target).into_iter().for_each(|list| list.push(counter));
        }
        self.busy = timelines.iter().zip(&members).map(|(line, list)| rates(line, list, state)).collect();
        let mut renamed = renamed(&counters, &timelines, &self.busy, state);
        for (t, (line, list)) in timelines.iter_mut().zip(&members).enumerate() {
            let mut held = Vec::with_capacity(list.len());
            for counter in list {
                let labels = &counter.series.labels;
                let last = state.series.get(labels).cloned().or_else(|| renamed.remove(labels));
                held.push(Held { counter, last });
            }
            self.count_target(t, line, &mut held);
            for one in held {
                self.note_falls(&one);
                let Some(last) = one.last else { continue };
                match state.series.get_mut(&one.counter.series.labels) {
                    Some(known) => *known = last,
                    None => drop(state.series.insert(one.counter.series.labels.clone(), last)),
                }
            }
        }
        self.timelines = timelines;
        self.counters = counters;
    }

    /// How busy a process was that is known to be new now: what hides the next restart
    /// may be as much.
    pub(super) fn note_restart(&mut self, t: usize, held: &[Held<'_, '_>], scrape: Scrape, values: &[(usize, f64)]) {
        let is_total = |i: &usize| held.get(*i).is_some_and(|one| one.counter.weights.has_total());
        let counted: f64 = values.iter().filter(|(i, _)| is_total(i)).map(|(_, value)| value).sum();
        let Some(busy) = self.busy.get_mut(t) else { return };
        if scrape.busiest.can_be_fresh(counted, scrape.stretch) {
            let place = busy.partition_point(|(at, _)| *at <= scrape.at);
            busy.insert(place, (scrape.at, counted / seconds(scrape.stretch)));
        }
    }

    /// Counters that a scrape has for the first time. They are believed together: a
    /// target that hands on old counters hands on all of them.
    pub(super) fn count_births(
        &mut self,
        line: &Timeline,
        held: &[Held<'_, '_>],
        scrape: Scrape,
        births: &[(usize, f64)],
    ) {
        let all: f64 = births.iter().map(|(_, value)| value).sum();
        let Some(begin) = line.lives.get(line.life_at(scrape.at)).copied() else { return };
        let rates = self.busy.iter().map(|rates| busiest_around(rates, scrape.at));
        let busiest = Busy { per_second: rates.fold(0.0, f64::max) };
        let is_new = begin.seen == scrape.at && (begin.from_zero || scrape.verdict == Verdict::Restart);
        let (from, believed) = match scrape.ok_before {
            _ if is_new => {
                let earliest = begin.started.unwrap_or(begin.seen - line.interval);
                let from = scrape.ok_before.map_or(earliest, |ok| ok.max(earliest)).min(scrape.at);
                (from, busiest.can_be_fresh(all, scrape.at - from))
            }
            Some(ok) => {
                // Scraped before without the series: born since, unless it was known
                // in a time that nobody looked up.
                self.open.before |= !self.complete;
                let is_young = scrape.begun.is_some_and(|begun| scrape.at - begun <= YOUNG);
                let fits = busiest.can_have_done(all, scrape.stretch)
                    || (is_young && busiest.can_be_fresh(all, scrape.stretch));
                (ok, fits && line.sign == SignOfLife::Up)
            }
            None => {
                // First contact with what ran before.
                self.open.before |= !self.complete;
                return;
            }
        };
        for (i, value) in births {
            let Some(Held { counter, .. }) = held.get(*i) else { continue };
            if believed {
                self.add(counter, line, Spread { from, to: scrape.at, events: whole(*value) });
                continue;
            }
            let events = scrape.busy.possible(*value, scrape.stretch);
            self.add_possible(counter, scrape.at, events);
            if *value > 0.0 {
                self.notices.add(NoticeKind::UnprovenBirths { events }, Some(&counter.series.labels));
            }
        }
    }
}

/// For each counter that was not seen before: what it held under other labels.
fn renamed(
    counters: &[Counter<'_>],
    timelines: &[Timeline],
    busy: &[Vec<(Timestamp, f64)>],
    state: &State,
) -> HashMap<Labels, Last> {
    let is_new = |c: &&Counter<'_>| !state.series.contains_key(&c.series.labels);
    if !counters.iter().any(|c| is_new(&c)) {
        return HashMap::new();
    }
    let known = state.series.iter().map(|(labels, l)| (labels, Sample { at: l.at, value: l.value }));
    let here = counters.iter().filter_map(|c| Some((&c.series.labels, *c.series.samples.last()?)));
    let ends = Ends::new(known.chain(here));
    let before = |counter: &Counter<'_>| {
        let labels = &counter.series.labels;
        let first = *counter.series.samples.iter().find(|s| is_count(s))?;
        let line = timelines.get(counter.target)?;
        if let Some(old) = line.succeeds {
            let before = labels_before(labels, &timelines.get(old)?.labels, &line.labels);
            let held = ends.of(&before).filter(|held| held.at < first.at)?;
            // Another child of an exporter may have come in its place.
            let (rise, stretch) = (first.value - held.value, first.at - held.at);
            let busy = Busy { per_second: busiest(busy.get(old)?, held.at) };
            return Some((labels.clone(), Last::new(if busy.can_have_done(rise, stretch) { held } else { first })));
        }
        let held = ends.before(labels, first, line.ok_before(first.at)?)?;
        Some((labels.clone(), Last::new(held)))
    };
    counters.iter().filter(is_new).filter_map(before).collect()
}

/// Whether more of a counter is gone than a server loses that restores it.
fn is_gone(before: f64, now: f64) -> bool {
    (before - now) * 100.0 > before
}

/// How busy a target was at each of its scrapes, by what its counters rose, with
/// what is known of the time before.
fn rates(line: &Timeline, counters: &[&Counter<'_>], state: &State) -> Vec<(Timestamp, f64)> {
    let mut risen = vec![0.0; line.ok.len()];
    let counts_all = counters.iter().any(|c| c.weights.has_total());
    for counter in counters.iter().filter(|c| !counts_all || c.weights.has_total()) {
        let known = state.series.get(&counter.series.labels);
        let mut before = known.map(|l| Sample { at: l.at, value: l.value });
        // What rises soon after a fall may be another process, or a reading that failed.
        let mut fell = known.and_then(Last::fell);
        let mut samples = counter.series.samples.iter().filter(|s| is_count(s)).copied().peekable();
        while let Some(sample) = samples.next() {
            if before.is_some_and(|l| l.at >= sample.at) {
                continue;
            }
            let i = line.scrape_index(sample.at);
            let Some(stretch) = Stretch::of(line, i) else {
                before = Some(sample);
                continue;
            };
            let claim = line.claim(sample.at);
            let is_new = claim.map_or(line.is_begin(sample.at), |life| !life.doubtful);
            let is_after_fall = fell.is_some_and(|fall| sample.at - fall <= UNSETTLED);
            if !is_new && before.is_some_and(|l| sample.value < l.value) {
                fell = Some(sample.at);
            }
            let rise = match before.replace(sample) {
                _ if claim.is_some_and(|life| life.doubtful) => 0.0,
                Some(last) if sample.value >= last.value => {
                    // A rise that is taken back was that of another process.
                    let is_back =
                        samples.peek().is_some_and(|next| next.value < sample.value && next.value >= last.value);
                    let rise = (sample.value - last.value) * stretch.share_of(sample.at - last.at);
                    if is_back || is_after_fall { 0.0 } else { rise }
                }
                Some(last) if is_new && stretch.can_be_fresh(sample.value) && is_gone(last.value, sample.value) => {
                    sample.value
                }
                None if is_new && stretch.can_be_fresh(sample.value) => sample.value,
                _ => 0.0,
            };
            risen.get_mut(i).into_iter().for_each(|sum| *sum += rise);
        }
    }
    let here = risen.iter().enumerate().filter(|(_, risen)| **risen > 0.0);
    let here = here.filter_map(|(i, risen)| Some((*line.ok.get(i)?, Stretch::of(line, i)?.per_second(*risen))));
    line.rates.iter().chain(here).collect()
}
