//! The scorecard, from the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use super::hours::hours;
use super::kept::{KeptPeriod, KeptScores};
use super::measured::measurements;
use super::periods::followed;
use crate::app::alerting::feed_id::feed_id;
use crate::app::reviewing::closed_months::FactsKnown;
use crate::app::reviewing::review::Reviewing;
use crate::app::reviewing::slo_period::slo_period;
use crate::evaluate::incident::external_records::{all_changes, joined_changes};
use crate::evaluate::kpi::builtin::{PeriodFacts, builtin_value};
use crate::evaluate::kpi::hours::{KpiHour, of_hours};
use crate::evaluate::kpi::recurrence::EarlierIncident;
use crate::evaluate::kpi::rows::of_rows;
use crate::evaluate::kpi::scorecard::{Scorecard, scorecard};
use crate::evaluate::kpi::value::{KpiGap, KpiValue};
use crate::model::kpi::Kpi;
use crate::model::kpi::source::{BuiltinKpi, KpiSource};
use crate::model::time::window::{Calendar, CalendarUnit, ComplianceWindow};
use crate::model::time::{Period, Timestamp};
use crate::store::StoreError;

/// The cadences that a definition can have.
const CADENCES: [CalendarUnit; 3] = [CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter];

/// What a scorecard is made of.
#[derive(Clone, Copy)]
pub struct Scoring<'a> {
    pub reviewing: Reviewing<'a>,
    pub kept: &'a KeptScores,
    /// Names of the sources whose alerts are read.
    pub sources: &'a [String],
    /// In which the periods are civil ones.
    pub zone: Tz,
    /// Whether all history is read; before that nothing is kept of closed periods, as what
    /// is still to come leaves no trace.
    pub has_history: bool,
}

/// The values of one period, and the incidents that later ones look back at.
type MadePeriod = (Vec<(Arc<Kpi>, KpiValue)>, Vec<EarlierIncident>);

impl Scoring<'_> {
    /// All KPIs over their last periods, as known at `as_of`.
    pub fn scorecard(&self, kpis: &[Arc<Kpi>], as_of: Timestamp) -> Result<Scorecard, StoreError> {
        let known_since = self.known_since()?;
        let mut values: BTreeMap<&str, Vec<(Period, KpiValue)>> = BTreeMap::new();
        let mut all_periods = Vec::new();
        for unit in CADENCES {
            let of_unit: Vec<Arc<Kpi>> = kpis.iter().filter(|kpi| kpi.cadence == unit).cloned().collect();
            if of_unit.is_empty() {
                continue;
            }
            let periods = followed(unit, self.zone, as_of);
            let hours = self.hours(&of_unit)?;
            let mut earlier: Vec<EarlierIncident> = Vec::new();
            for period in &periods {
                let first = periods.first().map(|one| one.start);
                let known = Known { known_since, first, earlier: &earlier, hours: &hours };
                let (made, began) = self.period((unit, *period), &of_unit, &known, as_of)?;
                for (kpi, value) in made {
                    let name = kpis.iter().find(|one| one.name == kpi.name).map(|one| one.name.as_str());
                    name.into_iter().for_each(|name| values.entry(name).or_default().push((*period, value.clone())));
                }
                earlier.extend(began);
            }
            all_periods.extend(periods);
        }
        self.kept.retain(|period| all_periods.contains(period));
        let of = |kpi: &Arc<Kpi>| (Arc::clone(kpi), values.remove(kpi.name.as_str()).unwrap_or_default());
        Ok(scorecard(kpis.iter().map(of).collect(), as_of))
    }

    fn period(
        &self,
        (unit, period): (CalendarUnit, Period),
        kpis: &[Arc<Kpi>],
        known: &Known<'_>,
        as_of: Timestamp,
    ) -> Result<MadePeriod, StoreError> {
        let (computed, asked): (Vec<Arc<Kpi>>, Vec<Arc<Kpi>>) =
            kpis.iter().cloned().partition(|kpi| matches!(kpi.source, KpiSource::Builtin(_)));
        let is_over = period.end <= as_of;
        let kept = if is_over { self.kept.find(self.reviewing, period, &computed, as_of)? } else { None };
        let made = match kept {
            Some(kept) => kept,
            None => {
                // Asked first: what comes while it is made is not in it.
                let made_from = FactsKnown::at(self.reviewing, as_of)?;
                let (values, began) = self.computed((unit, period), &computed, known, as_of)?;
                let made = Arc::new(KeptPeriod { made_from, values, began });
                if is_over && self.has_history {
                    self.kept.keep(period, Arc::clone(&made));
                }
                made
            }
        };
        let mut values: Vec<(Arc<Kpi>, KpiValue)> =
            made.values.iter().filter(|(kpi, _)| computed.contains(kpi)).cloned().collect();
        let has_rows = asked.iter().any(|kpi| matches!(kpi.source, KpiSource::Records(_)));
        let records = if has_rows { self.reviewing.reader.records(period)? } else { Vec::new() };
        let hours = known.hours;
        for kpi in asked {
            let value = match &kpi.source {
                KpiSource::Records(definition) => of_rows(*definition, &measurements(&records, &kpi), period),
                KpiSource::Promql(promql) => {
                    let known = hours.get(kpi.name.as_str()).map(Vec::as_slice).unwrap_or_default();
                    of_hours(&promql.question, known, Period::new(period.start, period.end.min(as_of)))
                }
                KpiSource::Builtin(_) => KpiValue::unknown(KpiGap::NotConnected),
            };
            values.push((kpi, value));
        }
        Ok((values, made.began.clone()))
    }

    /// The built-in KPIs, from a review of the period.
    fn computed(
        &self,
        (unit, period): (CalendarUnit, Period),
        kpis: &[Arc<Kpi>],
        known: &Known<'_>,
        as_of: Timestamp,
    ) -> Result<MadePeriod, StoreError> {
        let judged_at = period.end.min(as_of).floor_slot();
        let is_observed = judged_at > period.start && known.known_since.is_some_and(|since| since < judged_at);
        if kpis.is_empty() || !is_observed {
            let unknown =
                |kpi: &Arc<Kpi>| (Arc::clone(kpi), KpiValue::unknown(KpiGap::NotObserved).covering(Some(0.0)));
            return Ok((kpis.iter().map(unknown).collect(), Vec::new()));
        }
        // As the monthly review: the end of an incident that ran on is known later.
        let review = self.reviewing.review(period, as_of.floor_slot())?;
        let window = ComplianceWindow::Calendar { unit, calendar: Calendar::of_zone(self.zone) };
        let wants_slos = kpis.iter().any(|kpi| kpi.source == KpiSource::Builtin(BuiltinKpi::SloAttainment));
        let slos = if wants_slos { self.reviewing.slos } else { &[] };
        let status = |slo| Ok(slo_period(&self.reviewing, slo, window, (period, judged_at), [])?.0);
        let slos = slos.iter().map(status).collect::<Result<Vec<_>, StoreError>>()?;
        let (mut seen, mut records) = self.reviewing.facts_of_changes(Period::new(period.start, judged_at))?;
        // As the review: what came later is no part of the period.
        seen.retain(|change| change.started_at <= judged_at);
        records.retain(|record| record.occurred_at <= judged_at);
        let (own_outcomes, changes) = (joined_changes(seen.clone(), &records), all_changes(seen, &records));
        let facts = PeriodFacts {
            period,
            as_of: judged_at,
            review: &review,
            slos: &slos,
            changes: &changes,
            own_outcomes: &own_outcomes,
            earlier: known.earlier,
            incidents_known_since: known.known_since.max(known.first),
        };
        let value = |kpi: &Arc<Kpi>| match &kpi.source {
            KpiSource::Builtin(builtin) => Some((Arc::clone(kpi), builtin_value(*builtin, kpi, &facts))),
            _ => None,
        };
        let values = kpis.iter().filter_map(value).collect();
        let began = review.incidents.iter().filter_map(EarlierIncident::of).filter(|one| period.contains(one.start));
        Ok((values, began.collect()))
    }

    /// What sources answered to the questions of KPIs.
    fn hours(&self, kpis: &[Arc<Kpi>]) -> Result<BTreeMap<String, Vec<KpiHour>>, StoreError> {
        let mut all = BTreeMap::new();
        for kpi in kpis {
            if let KpiSource::Promql(promql) = &kpi.source {
                all.insert(kpi.name.clone(), hours(self.reviewing.reader, kpi, promql)?);
            }
        }
        Ok(all)
    }

    /// The oldest count or alert that was read.
    fn known_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let read = self.reviewing.slos.iter().map(|slo| slo.indicator_id());
        let mut oldest: Option<Timestamp> = None;
        for id in read.chain(self.sources.iter().map(|name| feed_id(name))) {
            let first = self.reviewing.reader.ingested(id)?.first().map(|one| one.start);
            oldest = [oldest, first].into_iter().flatten().min();
        }
        Ok(oldest)
    }
}

/// What is known from before a period.
struct Known<'a> {
    known_since: Option<Timestamp>,
    /// When the first of the followed periods began.
    first: Option<Timestamp>,
    earlier: &'a [EarlierIncident],
    /// What sources answered, by KPI.
    hours: &'a BTreeMap<String, Vec<KpiHour>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::runtime::facts::FactStore;
    use crate::app::scoring::hours::{AskedDay, day_key};
    use crate::evaluate::kpi::scorecard::KpiHistory;
    use crate::evaluate::kpi::targets::KpiStatus;
    use crate::model::kpi::source::{CombineRows, PromqlKpi, PromqlQuestion, RecordsKpi};
    use crate::model::kpi::target::KpiTarget;
    use crate::model::labels::Labels;
    use crate::model::operations::on_call::OnCall;
    use crate::model::operations::record::{Record, RecordKind};
    use crate::model::testing::{kpi, record};
    use crate::store::Batch;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn row(id: &str, day: &str, numerator: &str) -> Record {
        let labels = Labels::new().with("kpi", "adoption").with("numerator", numerator).with("denominator", "100");
        Record {
            key: format!("measurement/{id}"),
            labels,
            ..record(RecordKind::Measurement, at(&format!("{day}T00:00:00Z")))
        }
    }

    fn scored(facts: &FactStore, kpi: &Kpi, now: &str) -> KpiHistory {
        let (on_call, alerting) = (OnCall::new(Tz::UTC), Arc::default());
        let reviewing =
            Reviewing { slos: &[], reader: &facts.reader, corrections: &[], on_call: &on_call, alerting: &alerting };
        let kept = KeptScores::default();
        let scoring = Scoring { reviewing, kept: &kept, sources: &[], zone: Tz::UTC, has_history: true };
        scoring.scorecard(&[Arc::new(kpi.clone())], at(now)).unwrap().kpis.remove(0)
    }

    #[tokio::test]
    async fn rows_are_corrected_by_sending_them_again_and_withdrawn() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let write = async |records: Vec<Record>| {
            facts.write(Batch { records, ..Batch::default() }).await.unwrap();
        };
        let mut kpi = kpi("adoption");
        kpi.source = KpiSource::Records(RecordsKpi { combine: CombineRows::Ratio, rows_min: 1 });
        kpi.target = Some(KpiTarget { absolute: Some(0.5), trend: None });
        let last = || scored(&facts, &kpi, "2026-08-10T00:00:00Z").last_closed().unwrap().clone();
        assert_eq!((last().value.gap, last().status), (Some(KpiGap::NotConnected), KpiStatus::Unknown));
        write(vec![row("a", "2026-07-10", "80"), row("b", "2026-07-20", "90"), row("c", "2026-08-01", "1")]).await;
        assert_eq!((last().value.value, last().status), (Some(0.85), KpiStatus::OnTarget));
        write(vec![row("b", "2026-07-20", "10")]).await;
        assert_eq!((last().value.value, last().value.n), (Some(0.45), 200), "corrected, not counted twice");
        write(vec![Record { withdrawn: true, ..row("b", "2026-07-20", "10") }]).await;
        assert_eq!((last().value.value, last().value.n), (Some(0.8), 100));
    }

    #[tokio::test]
    async fn hours_of_another_question_are_not_mixed_in() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let (mut kpi, day) = (kpi("availability"), at("2026-07-10T00:00:00Z").day());
        let of = |numerator: &str| PromqlKpi {
            source: None,
            question: PromqlQuestion::Ratio { numerator: numerator.to_owned(), denominator: "all".to_owned() },
        };
        let asked = AskedDay {
            until: (day + 1) * 24,
            hours: vec![(day * 24, 9.0, Some(10.0)), (day * 24 + 5, 1.0, Some(90.0))],
        };
        let text = serde_json::to_string(&asked).unwrap();
        let state = vec![(day_key(&kpi, &of("good"), day), Some(text))];
        facts.write(Batch { state, ..Batch::default() }).await.unwrap();
        kpi.source = KpiSource::Promql(of("good"));
        let last = scored(&facts, &kpi, "2026-08-10T00:00:00Z").last_closed().unwrap().value.clone();
        assert_eq!((last.value, last.n, last.coverage), (Some(0.1), 2, Some(2.0 / 744.0)));
        kpi.source = KpiSource::Promql(of("better"));
        assert_eq!(scored(&facts, &kpi, "2026-08-10T00:00:00Z").last_closed().unwrap().value.value, None);
    }
}
