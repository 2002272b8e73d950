//! Incidents, durations and noise of a period, from the store.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::app::alerting::{silent_receivers, watched_services};
use crate::app::judging::ledger::history_of;
use crate::evaluate::alerting::alerts::Alerts;
use crate::evaluate::alerting::replay::{Replay, fixes, replay};
use crate::evaluate::alerting::rule_changes::{RuleChange, burn_alerts};
use crate::evaluate::incident::episodes::{SloBurn, burn_with};
use crate::evaluate::incident::external_records::{ExternalRecords, REVERTED_WITHIN, all_changes};
use crate::evaluate::review::compare::{Comparison, compare};
use crate::evaluate::review::result::Review;
use crate::evaluate::review::{REVIEW_LEAD_IN, ReviewInputs, extent, review};
use crate::evaluate::slo::compliance::needed_since;
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::model::operations::alert::Alert;
use crate::model::operations::alert_settings::{AlertContext, AlertSettings};
use crate::model::operations::change::{Change, ClusterEvent, EventOfService};
use crate::model::operations::correction::Correction;
use crate::model::operations::incident::PublishedIncident;
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::on_call::OnCall;
use crate::model::operations::record::{Record, TimeOverride};
use crate::model::operations::rule::LoadedRule;
use crate::model::operations::silence::Silence;
use crate::model::operations::subject::known::KnownServices;
use crate::model::slo::Slo;
use crate::model::time::periods::rest_of;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};
use crate::store::{Reader, StoreError};

/// Minutes before the period that say what is usual.
const BASELINE: Millis = Millis::from_days(1);

/// Changes that say which service a workload of the cluster is: the longest time that
/// facts are usually kept.
const WORKLOADS_KNOWN: Millis = Millis::from_days(400);

/// Of an incident that reaches further beyond the period, the first or the last part is
/// not seen. Reading more for one alert that nobody mends would make every review slow.
const BEYOND_MAX: Millis = Millis::from_days(30);

/// What came after a period that is over: most incidents that ran across its end are
/// closed by then.
const AFTERWARDS: Millis = Millis::from_days(1);

/// What reviews are made from.
#[derive(Clone, Copy)]
pub struct Reviewing<'a> {
    pub slos: &'a [Arc<Slo>],
    pub reader: &'a Reader,
    /// Those in force.
    pub corrections: &'a [Arc<Correction>],
    pub on_call: &'a OnCall,
    /// How alerts are read.
    pub alerting: &'a Arc<AlertSettings>,
}

/// What is known of a period, from the store.
struct Known {
    period: Period,
    now: Timestamp,
    burns: Vec<SloBurn>,
    alerts: Alerts,
    changes: Vec<Change>,
    silences: Vec<Silence>,
    inhibitions: Vec<Inhibition>,
    rules: Vec<LoadedRule>,
    records: Vec<Record>,
    overrides: Vec<TimeOverride>,
    published: Vec<PublishedIncident>,
}

impl Reviewing<'_> {
    /// The review of a period as known at `as_of`.
    pub fn review(&self, period: Period, as_of: Timestamp) -> Result<Review, StoreError> {
        Ok(review(&self.inputs(&self.known(period, as_of)?)))
    }

    /// A period with one change of alerting; without one, those that would have
    /// saved most.
    pub fn replay(
        &self,
        period: Period,
        as_of: Timestamp,
        lever: Option<RuleChange>,
    ) -> Result<Vec<Replay>, StoreError> {
        let known = self.known(period, as_of)?;
        let inputs = self.inputs(&known);
        let made: RefCell<HashMap<String, Arc<Vec<Alert>>>> = RefCell::default();
        // What cannot be read is told at the end.
        let failed: RefCell<Option<StoreError>> = RefCell::default();
        let burning = |slo: &Slo| {
            let make = || {
                self.burning(slo, known.period).unwrap_or_else(|error| {
                    failed.replace(Some(error));
                    Arc::default()
                })
            };
            Arc::clone(made.borrow_mut().entry(slo.name.clone()).or_insert_with(make))
        };
        let replays = match lever {
            Some(lever) => {
                let slo = match &lever {
                    RuleChange::BurnRate { slo, .. } => self.slos.iter().find(|s| s.name == *slo),
                    _ => None,
                };
                let burning = slo.map(|slo| burning(slo)).unwrap_or_default();
                vec![replay(&inputs, lever, &burning)]
            }
            None => fixes(&inputs, burning),
        };
        match failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(replays),
        }
    }

    /// What the burn-rate alerts of an SLO would have sent.
    fn burning(&self, slo: &Slo, period: Period) -> Result<Arc<Vec<Alert>>, StoreError> {
        let read = Period::new(needed_since(slo, period.start), period.end);
        let mut history = history_of(slo, self.reader, read, |_| true)?;
        history.leave_out(ExcludedTime::of(slo, self.corrections, read));
        Ok(Arc::new(burn_alerts(slo, &history, period)))
    }

    /// The facts of a period, and so much from before and after it that every incident
    /// which overlaps it is seen whole: its onset, its end, its budget and its id are
    /// then those that any other period gives.
    fn known(&self, period: Period, as_of: Timestamp) -> Result<Known, StoreError> {
        let (mut lead, mut after) = (Millis(REVIEW_LEAD_IN.0 * 2), AFTERWARDS);
        loop {
            let now = (period.end + after).min(as_of);
            let known = self.known_of(period, Period::new(period.start - lead, now.max(period.start)))?;
            let extent = extent(&self.inputs(&known));
            let begins_early = extent.first_start.is_some_and(|first| first < period.start - lead + REVIEW_LEAD_IN);
            let (is_early, is_late) =
                (begins_early && lead < BEYOND_MAX, extent.is_open && now < as_of && after < BEYOND_MAX);
            if !is_early && !is_late {
                return Ok(known);
            }
            lead = Millis(lead.0 * if is_early { 4 } else { 1 });
            after = Millis(after.0 * if is_late { 4 } else { 1 });
        }
    }

    /// The changes of a period, those that were seen in the cluster and those that
    /// outside systems report, in the order of their beginning. A rollback may come
    /// after the period, or take back a change from before it.
    pub fn changes(&self, period: Period) -> Result<Vec<Change>, StoreError> {
        let (seen, records) = self.facts_of_changes(period)?;
        let mut changes = all_changes(seen, &records);
        changes.retain(|c| c.started_at < period.end && c.ended_at.is_none_or(|end| end >= period.start));
        Ok(changes)
    }

    /// What the cluster showed and outside systems reported around a period, not joined yet.
    pub fn facts_of_changes(&self, period: Period) -> Result<(Vec<Change>, Vec<Record>), StoreError> {
        let wide = Period::new(period.start - REVERTED_WITHIN, period.end + REVERTED_WITHIN);
        let context = self.alert_context(period.end)?;
        Ok((context.changes_of(self.reader.changes(wide)?), self.reader.records(wide)?))
    }

    /// Cluster events last seen in a period, newest first.
    pub fn cluster_events(&self, period: Period) -> Result<Vec<EventOfService>, StoreError> {
        let context = self.alert_context(period.end)?;
        let mut events = self.reader.cluster_events(period)?;
        events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        let of_service = |event: ClusterEvent| EventOfService { service: context.service_of(&event.object), event };
        Ok(events.into_iter().map(of_service).collect())
    }

    /// What was read of a wider stretch, known at its end.
    fn known_of(&self, period: Period, read: Period) -> Result<Known, StoreError> {
        let now = read.end;
        let period = Period::new(period.start, period.end.min(now));
        let burns = self.slos.iter().map(|slo| burn_of(slo, self.reader, self.corrections, read));
        let burns = burns.collect::<Result<Vec<SloBurn>, StoreError>>()?;
        let context = self.alert_context(now)?;
        Ok(Known {
            period,
            now,
            burns,
            changes: context.changes_of(self.reader.changes(read)?),
            alerts: Alerts::read(self.reader.alerts(read)?, context),
            silences: self.reader.silences(read)?,
            inhibitions: self.reader.inhibitions(read)?,
            rules: self.reader.alert_rules(read)?,
            records: self.reader.records(read)?.into_iter().filter(Record::is_of_operations).collect(),
            overrides: self.reader.time_overrides()?,
            published: self.reader.published_incidents()?,
        })
    }

    /// The settings, with the names that are known from definitions, clusters and
    /// Alertmanagers.
    fn alert_context(&self, now: Timestamp) -> Result<AlertContext, StoreError> {
        let services = self.slos.iter().map(|slo| slo.service.clone()).collect();
        let silent_receivers = silent_receivers::stored(self.reader)?;
        let mut known = KnownServices { services, silent_receivers, ..KnownServices::default() };
        // The watch of a cluster reads the service of a workload from its labels.
        let changes = self.reader.changes(Period::new(now - WORKLOADS_KNOWN, now))?;
        let named = changes.into_iter().filter(|c| !c.service.is_empty() && c.service != c.object.name);
        named.for_each(|c| known.add_workload(c.object.namespace, c.object.name, &[c.service]));
        watched_services::add_stored(&mut known, self.reader)?;
        Ok(AlertContext { settings: Arc::clone(self.alerting), known: Arc::new(known) })
    }

    fn inputs<'a>(&'a self, known: &'a Known) -> ReviewInputs<'a> {
        ReviewInputs {
            period: known.period,
            now: known.now,
            slos: self.slos,
            alerts: &known.alerts,
            burns: &known.burns,
            changes: &known.changes,
            silences: &known.silences,
            inhibitions: &known.inhibitions,
            rules: &known.rules,
            on_call: self.on_call,
            said: ExternalRecords { records: &known.records, overrides: &known.overrides, published: &known.published },
        }
    }

    /// Whether the counts of every SLO that is read are there for all of a period.
    pub fn has_counts(&self, period: Period) -> Result<bool, StoreError> {
        for slo in self.slos.iter().filter(|slo| slo.indicator.is_read()) {
            if !rest_of(period, &self.reader.ingested(slo.indicator_id())?).is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A period beside the one of the same length before it.
    pub fn compare(&self, period: Period, before: Period, as_of: Timestamp) -> Result<Comparison, StoreError> {
        Ok(compare(period, &self.review(period, as_of)?, before, &self.review(before, as_of)?))
    }
}

/// When and how much an SLO burned in a period, from the store.
pub fn burn_of(
    slo: &Slo,
    reader: &Reader,
    corrections: &[Arc<Correction>],
    period: Period,
) -> Result<SloBurn, StoreError> {
    // A calendar month may be longer than it is nominally, and the rate of events
    // is that of a week at least.
    let window = Millis(slo.first_window().nominal_length().0 + DAY_MS).max(Millis::from_days(8));
    let read = Period::new(period.start - BASELINE, period.end);
    let days = reader.days(slo.indicator_id(), read)?;
    let left_out = ExcludedTime::of(slo, corrections, read);
    let tiles = days.iter().flat_map(|day| day.iter()).filter(|tile| read.contains(tile.start));
    burn_with(slo, tiles, &left_out, period.end, || {
        // Hours are enough to know how many events a window has.
        let window = Period::new(period.start - window, period.end);
        let mut history = history_of(slo, reader, window, |_| false)?;
        history.leave_out(left_out.clone());
        Ok(history)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::checkout;
    use crate::definitions;
    use crate::model::slo::tile::{EventCounts, Tile};
    use crate::store::{Batch, Store};

    const CORRECTION: &str = r#"
apiVersion: evenkeel/v1
kind: Correction
metadata: {name: upgrade}
spec: {slos: [checkout], from: "2026-07-03T12:00:00Z", to: "2026-07-03T13:00:00Z", author: ops, reason: database upgrade}
"#;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// Three days of an SLO, half of which fails from 12:10 to 12:30 of the last one, and
    /// again from 15:10 to 15:30.
    fn three_days(dir: &std::path::Path, slo: &Slo) -> (Reader, Timestamp) {
        let (mut writer, reader) = Store::open(dir).unwrap();
        let (first, last) = (at("2026-07-01T00:00:00Z"), at("2026-07-04T00:00:00Z"));
        let fails = [at("2026-07-03T12:10:00Z"), at("2026-07-03T15:10:00Z")];
        let tile = |n: i64| {
            let start = first + Millis::from_mins(n);
            let failing = fails.iter().any(|from| start >= *from && start < *from + Millis::from_mins(20));
            let counts = EventCounts::new(if failing { 50 } else { 100 }, 100);
            Tile { start, counts, covered_ms: 60_000, ..Tile::default() }
        };
        let tiles = (0..(last - first).0 / 60_000).map(tile).collect();
        writer
            .write(&Batch { tiles: vec![(slo.indicator_id(), tiles)], recorded_at: last, ..Batch::default() })
            .unwrap();
        (reader, last)
    }

    #[test]
    fn what_a_correction_leaves_out_is_no_episode_and_no_incident() {
        let slo = checkout("99.9%", "");
        let dir = tempfile::tempdir().unwrap();
        let (reader, last) = three_days(dir.path(), &slo);
        let fails = [at("2026-07-03T12:10:00Z"), at("2026-07-03T15:10:00Z")];
        let on_call = OnCall::new(chrono_tz::Tz::UTC);
        let slos = [slo];
        let starts = |corrections: &[Arc<Correction>]| {
            let alerting = Arc::default();
            let reviewing =
                Reviewing { slos: &slos, reader: &reader, corrections, on_call: &on_call, alerting: &alerting };
            let review = reviewing.review(Period::new(at("2026-07-03T00:00:00Z"), last), last).unwrap();
            assert_eq!(review.incidents.len(), review.episodes.len());
            review.episodes.iter().map(|e| e.start).collect::<Vec<_>>()
        };
        assert_eq!(starts(&[]), [fails[1], fails[0]], "the newest first");
        let correction = Arc::new(definitions::parse_correction(CORRECTION).unwrap());
        assert_eq!(starts(&[correction]), [fails[1]]);
    }

    #[test]
    fn an_incident_across_the_end_of_a_period_is_the_one_that_any_other_period_has() {
        let slo = checkout("99.9%", "");
        let dir = tempfile::tempdir().unwrap();
        let (reader, last) = three_days(dir.path(), &slo);
        let (slos, alerting, on_call) = ([slo], Arc::default(), OnCall::new(chrono_tz::Tz::UTC));
        let reviewing =
            Reviewing { slos: &slos, reader: &reader, corrections: &[], on_call: &on_call, alerting: &alerting };
        let start = at("2026-07-03T14:00:00Z");
        let whole = reviewing.review(Period::new(start, last), last).unwrap();
        let cut = reviewing.review(Period::new(start, at("2026-07-03T15:20:00Z")), last).unwrap();
        assert_eq!((cut.incidents.len(), &cut.incidents), (1, &whole.incidents));
        assert_eq!(cut.incidents[0].times.restored.map(|mark| mark.at), Some(at("2026-07-03T15:30:00Z")));
        // While it goes on, nobody knows its end.
        let then = at("2026-07-03T15:20:00Z");
        let open = reviewing.review(Period::new(start, then), then).unwrap();
        assert_eq!((open.incidents.len(), open.incidents[0].times.restored), (1, None));
        // What begins later is of another period.
        let before = reviewing.review(Period::new(start, at("2026-07-03T15:00:00Z")), last).unwrap();
        assert_eq!(before.incidents, []);
    }
}
