//! Which samples of targets may come late: those with times of their own, and those
//! that nobody scrapes. Must not know what is counted from them.

use std::cmp::Ordering;

use super::target::{INTERVAL_DEFAULT, Timeline, usual_interval};
use crate::ingest::counting::counters::counter::Counter;
use crate::ingest::counting::late::Newest;
use crate::ingest::raw::Sample;
use crate::model::time::Timestamp;

/// The newest of the samples that may come late, of the targets of an SLI; notes for
/// each target which of its samples have times of their own.
pub(crate) fn newest(lines: &mut [Timeline], counters: &[Counter<'_>], relevant: &[bool]) -> Option<Newest> {
    let mut found: Vec<Option<Option<Newest>>> = vec![None; lines.len()];
    for counter in counters {
        let (Some(line), Some(found)) = (lines.get(counter.target), found.get_mut(counter.target)) else { continue };
        let scrapes = Scrapes { ok: &line.ok, was_asked: &|at| line.was_asked(at) };
        let own = own_times(&counter.series.samples, scrapes, line.own_times);
        *found = Some(later(found.flatten(), own));
    }
    for (line, found) in lines.iter_mut().zip(found) {
        line.own_times = found.unwrap_or(line.own_times);
    }
    let of_target = |line: &Timeline| {
        if line.is_scraped() {
            return line.own_times;
        }
        let at = line.ok.last().copied()?;
        Some(Newest { at, distance: line.interval, is_covered: false })
    };
    let ours = lines.iter().zip(relevant).filter(|(_, relevant)| **relevant);
    ours.filter_map(|(line, _)| of_target(line)).fold(None, |newest, one| later(newest, Some(one)))
}

/// The scrapes of a target.
#[derive(Clone, Copy)]
pub(crate) struct Scrapes<'s> {
    /// Those that succeeded, in order.
    pub ok: &'s [Timestamp],
    pub was_asked: &'s dyn Fn(Timestamp) -> bool,
}

/// The last sample of a series whose samples have times of their own: not that of a
/// scrape, or those of so few scrapes that most between two samples lack it. What was
/// known `before` holds where the samples do not say.
pub(crate) fn own_times(samples: &[Sample], scrapes: Scrapes<'_>, before: Option<Newest>) -> Option<Newest> {
    let at = samples.last()?.at;
    let (mut skipping, mut adjacent) = (0, 0);
    for pair in samples.windows(2) {
        let [a, b] = pair else { continue };
        let next = scrapes.ok.partition_point(|ok| *ok <= a.at);
        let is_skipping = scrapes.ok.get(next).is_some_and(|ok| *ok < b.at);
        *(if is_skipping { &mut skipping } else { &mut adjacent }) += 1;
    }
    let is_own = match skipping.cmp(&adjacent) {
        _ if !(scrapes.was_asked)(at) => true,
        Ordering::Greater => true,
        Ordering::Equal => before.is_some(),
        Ordering::Less => false,
    };
    let times: Vec<Timestamp> = samples.iter().map(|s| s.at).collect();
    let distance = usual_interval(&times).or(before.map(|b| b.distance)).unwrap_or(INTERVAL_DEFAULT);
    is_own.then_some(Newest { at, distance, is_covered: true })
}

pub(crate) fn later(a: Option<Newest>, b: Option<Newest>) -> Option<Newest> {
    a.into_iter().chain(b).max_by_key(|newest| newest.at)
}
