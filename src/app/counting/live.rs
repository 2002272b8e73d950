//! Counting as time goes on: each round reads what came since the last one. A
//! first start, a restart and a pause are the same path; what is too old for it
//! is left to the backfill as a hole.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;

use super::backfill::Holes;
use super::reading::{Samples, count_plan};
use super::sharing::{Apart, SharedQuery};
use crate::app::catalog::slis::{CountedSli, QueryGroup};
use crate::evaluate::review::finding::Finding;
use crate::ingest::counting::counted::{Counted, Inexact};
use crate::ingest::counting::{Reading, State};
use crate::model::ids::SliId;
use crate::model::labels::selector::Selector;
use crate::model::slo::tile::Tile;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::net::Error;

/// Requests to one source at a time: a Prometheus has twenty query slots for
/// everybody.
const READS_IN_FLIGHT: usize = 4;

/// More than this behind, the live path starts anew and leaves a hole: one
/// request must not be larger than a source likes to answer.
const CATCH_UP_MAX: Millis = Millis::from_hours(1);

/// The last minutes that are counted again, for samples that came late.
const RECOUNT_SLOTS: i64 = 2;

/// Gauges look back this far for the value that still stands.
const GAUGE_LOOKBACK: Millis = Millis::from_mins(5);

/// A series that was not seen for this long is forgotten.
const FORGET_AFTER: Millis = Millis::from_days(2);

/// What a round found out about one indicator.
pub struct CountedMinute {
    pub id: SliId,
    pub tiles: Vec<Tile>,
    pub counted: Period,
    pub finding: Option<Finding>,
}

/// One group on its way through time.
pub struct LiveGroup {
    group: QueryGroup,
    states: Vec<State>,
    /// Everything before is counted for good. `None` before the first round.
    committed: Option<Timestamp>,
    /// The end of the last minute that was read.
    read_until: Option<Timestamp>,
    recount_slots: i64,
}

impl LiveGroup {
    /// `counted_until`: up to where the store has tiles of all indicators of
    /// the group.
    pub fn new(group: QueryGroup, counted_until: Option<Timestamp>) -> LiveGroup {
        let states = vec![State::default(); group.indicators.len()];
        let committed = counted_until.map(|at| at - Millis(RECOUNT_SLOTS * SLOT_MS));
        LiveGroup { group, states, committed, read_until: None, recount_slots: RECOUNT_SLOTS }
    }

    /// Whether a minute is over that was not read yet. What comes late for those
    /// that were is read with the next one.
    fn is_due(&self, now: Timestamp) -> bool {
        self.read_until.is_none_or(|until| self.end(now) > until)
    }

    fn end(&self, now: Timestamp) -> Timestamp {
        (now - self.group.source.ingest_delay).floor_slot()
    }

    pub fn source_name(&self) -> &str {
        &self.group.source.name
    }

    /// What the next round reads; where this leaves a hole, that is said.
    fn stretch(&mut self, now: Timestamp, holes: &Holes) -> Stretch {
        let end = self.end(now);
        let begin = self.begin(end, holes);
        let lookback = if self.looks_back() { GAUGE_LOOKBACK } else { Millis(0) };
        Stretch { emit: Period::new(begin, end), read: Period::new(begin - lookback, end) }
    }

    async fn round(
        &mut self,
        stretch: Stretch,
        shared: &SharedQuery,
        holes: &Holes,
    ) -> Result<Vec<CountedMinute>, Error> {
        let Stretch { emit, read } = stretch;
        let Period { start: begin, end } = emit;
        if begin >= end {
            return Ok(Vec::new());
        }
        let mut samples = Samples::read(&self.group, shared, read).await?;
        if self.committed.is_none_or(|_| self.states.iter().all(|s| *s == State::default())) {
            samples.look_back_for_good(&self.group).await?;
        }
        let next = (end - Millis(self.recount_slots * SLOT_MS)).max(begin);
        let settled = samples.until(next);
        let mut found = Vec::new();
        let mut slowest = Millis(0);
        for (indicator, state) in self.group.indicators.iter().zip(&mut self.states) {
            let counted = count_plan(&indicator.plan, &mut state.clone(), &samples, emit);
            if next > begin {
                count_plan(&indicator.plan, state, &settled, Period::new(begin, next));
                state.forget_before(end - FORGET_AFTER);
            }
            if let Some(from) = counted.open.recount_from {
                holes.push(indicator.id, Period::new(from, begin));
            }
            slowest = slowest.max(counted.scrape_interval.unwrap_or_default());
            found.push(CountedMinute {
                id: indicator.id,
                finding: finding(indicator, &counted).or_else(|| spoilt_finding(indicator, &samples)),
                tiles: counted.tiles,
                counted: emit,
            });
        }
        self.committed = Some(next);
        self.read_until = Some(end);
        // Two scrapes must fit into the minutes that are counted again.
        self.recount_slots = RECOUNT_SLOTS.max(1 + (slowest.0 + SLOT_MS - 1) / SLOT_MS);
        Ok(found)
    }

    /// Where this round begins. Where the live path is too far behind, it starts
    /// anew and leaves a hole.
    fn begin(&mut self, end: Timestamp, holes: &Holes) -> Timestamp {
        let fresh = end - Millis((self.recount_slots + 1) * SLOT_MS);
        match self.committed {
            Some(at) if end - at <= CATCH_UP_MAX => at,
            Some(at) => {
                self.states = vec![State::default(); self.group.indicators.len()];
                for indicator in &self.group.indicators {
                    holes.push(indicator.id, Period::new(at, fresh));
                }
                self.committed = None;
                fresh
            }
            None => fresh,
        }
    }

    fn looks_back(&self) -> bool {
        self.group.indicators.iter().any(|i| i.plan.reading().looks_back())
    }
}

/// What one round of a group is about.
#[derive(Clone, Copy)]
struct Stretch {
    emit: Period,
    read: Period,
}

/// The groups of all sources.
pub struct Live {
    groups: Vec<LiveGroup>,
    apart: Arc<Apart>,
}

/// What a round brought, and which sources failed.
#[derive(Default)]
pub struct Round {
    pub found: Vec<CountedMinute>,
    /// Those that were asked, by name; one that answered everything has `None`.
    pub sources: Vec<(String, Option<Error>)>,
}

impl Live {
    pub fn new(groups: Vec<LiveGroup>) -> Live {
        Live { groups, apart: Arc::default() }
    }

    pub async fn round(&mut self, now: Timestamp, holes: &Holes) -> Round {
        let due = self.groups.iter_mut().filter(|group| group.is_due(now));
        let due: Vec<(Stretch, &mut LiveGroup)> = due.map(|group| (group.stretch(now, holes), group)).collect();
        // Those that read the same of one source share what they ask.
        let key = |stretch: &Stretch, group: &LiveGroup| (group.source_name().to_owned(), stretch.read);
        let mut together: BTreeMap<(String, Period), Vec<&QueryGroup>> = BTreeMap::new();
        for (stretch, group) in &due {
            together.entry(key(stretch, group)).or_default().push(&group.group);
        }
        let mut shared: BTreeMap<(String, Period), Arc<SharedQuery>> = BTreeMap::new();
        for (key, groups) in together {
            if let Some(first) = groups.first() {
                let one = SharedQuery::of(&first.source, &groups, &self.apart).await;
                shared.insert(key, Arc::new(one));
            }
        }
        let work: Vec<_> = due
            .into_iter()
            .filter_map(|(stretch, group)| {
                let shared = shared.get(&key(&stretch, group)).map(Arc::clone)?;
                Some(named_round(group, stretch, shared, holes))
            })
            .collect();
        // Each answer goes when the last group that shares it is done.
        drop(shared);
        let results: Vec<_> = futures_util::stream::iter(work).buffer_unordered(READS_IN_FLIGHT).collect().await;
        let mut round = Round::default();
        for (source, result) in results {
            let error = match result {
                Ok(found) => {
                    round.found.extend(found);
                    None
                }
                Err(error) => Some(error),
            };
            match round.sources.iter_mut().find(|(name, _)| *name == source) {
                Some((_, known)) if known.is_none() => *known = error,
                Some(_) => {}
                None => round.sources.push((source, error)),
            }
        }
        round
    }
}

async fn named_round(
    group: &mut LiveGroup,
    stretch: Stretch,
    shared: Arc<SharedQuery>,
    holes: &Holes,
) -> (String, Result<Vec<CountedMinute>, Error>) {
    let result = group.round(stretch, &shared, holes).await;
    (group.source_name().to_owned(), result)
}

fn shown(selectors: &[&Selector]) -> String {
    selectors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

fn inexact_finding(subject: String, inexact: &Inexact) -> Finding {
    match inexact {
        Inexact::NoBound(bounds) => {
            let list: Vec<String> = bounds.iter().filter(|b| b.is_finite()).map(f64::to_string).collect();
            Finding {
                subject,
                message: format!("no histogram bound equals the threshold; there are: {}", list.join(", ")),
                hint: "add a bucket at the threshold to the histogram, or choose a bound as the threshold; until then only bounds of the attainment are known".to_owned(),
            }
        }
        Inexact::Bucket { low, high } => Finding {
            subject,
            message: format!("the threshold lies within a bucket of a native histogram, from {low} to {high}"),
            hint: "choose one of the two as the threshold, or give the histogram narrower buckets; until then only bounds of the attainment are known".to_owned(),
        },
    }
}

/// Values of counters that cannot be used.
fn spoilt_finding(indicator: &CountedSli, samples: &Samples) -> Option<Finding> {
    let spoilt = samples.spoilt.as_ref().filter(|_| indicator.plan.reading().is_counted())?;
    let (series, n) = (&spoilt.example, spoilt.samples);
    let (message, hint) = if spoilt.is_conflict() {
        (
            format!(
                "series {series} has different values at one instant ({n} times in the last minutes); this time is unknown"
            ),
            "look for two exporters, agents or recording rules that write the same series, and give one of them another label",
        )
    } else {
        (
            format!(
                "series {series} has the value {}, which no counter can have ({n} such samples in the last minutes); this time is unknown",
                spoilt.value
            ),
            "repair the exporter, or select the series that count events",
        )
    };
    Some(Finding { subject: indicator.slo.clone(), message, hint: hint.to_owned() })
}

/// What a person should mend about an indicator.
fn finding(indicator: &CountedSli, counted: &Counted) -> Option<Finding> {
    let subject = indicator.slo.clone();
    if !counted.matched
        && let Reading::Estimated { total, .. } = indicator.plan.reading()
    {
        return Some(Finding {
            subject,
            message: format!("the source has no answer to `{}`", total.text),
            hint: "try the expression in Prometheus; a source without a query engine cannot evaluate it".to_owned(),
        });
    }
    if !counted.matched {
        return Some(Finding {
            subject,
            message: format!("nothing matches {}: neither a series nor a target", shown(&indicator.plan.scope())),
            hint: "try the selector in Prometheus; look for a renamed job, metric or label".to_owned(),
        });
    }
    if let Some(inexact) = &counted.inexact {
        return Some(inexact_finding(subject, inexact));
    }
    (counted.without_up > 0).then(|| Finding {
        subject,
        message: format!("{} series have no `up` of the same job and instance", counted.without_up),
        hint: "first increments of new series cannot be proven there and are left out; keep `job` and `instance` on the series".to_owned(),
    })
}
