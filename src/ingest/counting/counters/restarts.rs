//! What the counters of a target say about restarts of its process: they tell
//! of restarts that no start time tells of, and refute a start time that moved
//! with a clock. Must not know what the counters mean.

use std::collections::BTreeMap;

use crate::ingest::counting::counters::counter::is_count;
use crate::ingest::counting::targets::target::Timeline;
use crate::ingest::raw::Sample;
use crate::model::time::Timestamp;

/// One counter of the target.
pub(crate) struct ResetEvidence<'a> {
    pub samples: &'a [Sample],
    /// Its last sample before the reading.
    pub before: Option<Sample>,
}

/// Goes through the scrapes of a target in order of time.
///
/// A scrape at which the counters fall, by more than half of all that they had
/// counted, is a restart. A start time that moved, though not to between the last
/// two scrapes, is a restart only if a counter fell or vanished with it: otherwise
/// the old process lives on, and its clock was set.
pub(crate) fn settle(line: &mut Timeline, witnesses: &[ResetEvidence<'_>]) {
    let doubtful = line.lives.iter().any(|l| l.doubtful);
    if !doubtful && !witnesses.iter().any(falls) {
        return;
    }
    let mut scrapes: BTreeMap<Timestamp, Vec<(usize, f64)>> = BTreeMap::new();
    for (i, witness) in witnesses.iter().enumerate() {
        for sample in witness.samples.iter().filter(|s| is_count(s)) {
            scrapes.entry(sample.at).or_default().push((i, sample.value));
        }
    }
    for life in &line.lives {
        scrapes.entry(life.seen).or_default();
    }
    let mut held: Vec<Option<Sample>> = witnesses.iter().map(|w| w.before).collect();
    for (at, scrape) in scrapes {
        if line.ok.first().is_some_and(|first| at < *first) && scrape.is_empty() {
            continue;
        }
        let fell = |(i, value): &&(usize, f64)| held.get(*i).copied().flatten().is_some_and(|b| *value < b.value);
        let known = line.lives.iter().skip(1).find(|l| l.seen == at).copied();
        let restarted = match known {
            Some(life) if life.doubtful => {
                let confirmed = scrape.iter().any(|s| fell(&s)) || vanished(line, &held, &scrape, at);
                if !confirmed {
                    line.lives.retain(|l| l.seen != at);
                }
                confirmed
            }
            Some(_) => true,
            None => {
                let all: f64 = held.iter().flatten().map(|s| s.value).sum();
                let lost: f64 = scrape
                    .iter()
                    .filter(fell)
                    .filter_map(|(i, _)| held.get(*i).copied().flatten())
                    .map(|s| s.value)
                    .sum();
                let restarted = lost * 2.0 > all;
                if restarted {
                    line.add_restart(at);
                }
                restarted
            }
        };
        if restarted {
            held.fill(None);
        }
        for (i, value) in scrape {
            if let Some(known) = held.get_mut(i) {
                *known = Some(Sample { at, value });
            }
        }
    }
}

fn falls(witness: &ResetEvidence<'_>) -> bool {
    let mut before = witness.before.map(|s| s.value);
    witness.samples.iter().filter(|s| is_count(s)).any(|s| before.replace(s.value).is_some_and(|b| s.value < b))
}

/// Whether a counter that the last scrape still had is missing.
fn vanished(line: &Timeline, held: &[Option<Sample>], scrape: &[(usize, f64)], at: Timestamp) -> bool {
    let Some(last_ok) = line.ok_before(at) else { return false };
    let there = |i: usize| scrape.iter().any(|(j, _)| *j == i);
    held.iter().enumerate().any(|(i, s)| s.is_some_and(|s| s.at >= last_ok) && !there(i))
}
