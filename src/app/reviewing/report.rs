//! The reliability review of a month, from the store: the same for the running
//! daemon and for a store that is read where it lies. Must not know how a report
//! looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono_tz::Tz;

use super::closed_months::ClosedMonths;
use super::restatements::{restatement_of, sentence};
use super::review::Reviewing;
use super::slo_period::slo_period;
use super::trends::Following;
use crate::app::catalog::generations::generations;
use crate::evaluate::kpi::scorecard::{KpiHistory, KpiPeriod, Scorecard};
use crate::evaluate::review::compare::compare;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::trends::{MONTHS_DEFAULT, Trends};
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::slot_history::{Shown, history_slots};
use crate::model::kpi::Kpi;
use crate::model::operations::alert_settings::AlertSettings;
use crate::model::operations::correction::Correction;
use crate::model::operations::on_call::OnCall;
use crate::model::slo::Slo;
use crate::model::time::window::{ComplianceWindow, Month};
use crate::model::time::{Millis, Period, Timestamp, hour_of};
use crate::publish::answers::seam;
use crate::publish::report::{ReportInput, SloReport};
use crate::store::{Definition, Reader, StoreError};

/// The month is shown in days.
const STEP: Millis = Millis::from_days(1);

/// What reports are made from.
pub struct Reporting<'a> {
    pub slos: &'a [Arc<Slo>],
    pub reader: &'a Reader,
    /// Those in force.
    pub corrections: &'a [Arc<Correction>],
    pub on_call: &'a OnCall,
    pub alerting: &'a Arc<AlertSettings>,
    pub closed: &'a ClosedMonths,
    /// Names of the sources whose alerts are read.
    pub sources: &'a [String],
    /// In which the months are civil months.
    pub timezone: Tz,
    pub now: Timestamp,
    /// The newest moment that can be judged.
    pub as_of: Timestamp,
    /// The scorecard as of about `as_of`; absent before one was made.
    pub scorecard: Option<Arc<Scorecard>>,
    /// What a person should mend.
    pub findings: Vec<Finding>,
}

impl<'a> Reporting<'a> {
    /// What reviews are made from.
    pub fn reviewing(&self) -> Reviewing<'a> {
        Reviewing {
            slos: self.slos,
            reader: self.reader,
            corrections: self.corrections,
            on_call: self.on_call,
            alerting: self.alerting,
        }
    }

    /// The month, its SLOs judged at its end, or at `as_of` while it runs; `None`
    /// before it has begun.
    pub fn month(&self, month: Month) -> Result<Option<ReportInput>, StoreError> {
        let period = month.period(self.timezone);
        let judged_at = period.end.min(self.as_of).floor_slot();
        if judged_at <= period.start {
            return Ok(None);
        }
        let reviewing = self.reviewing();
        let slos = self.slos.iter().map(|slo| self.slo(&reviewing, slo, period, judged_at));
        let slos = slos.collect::<Result<Vec<_>, StoreError>>()?;
        // Of an incident that runs across the end of the month its end is known later.
        let known_at = self.as_of.floor_slot();
        let review = reviewing.review(period, known_at)?;
        let before = month.before().period(self.timezone);
        // A running month is compared with as much of the month before.
        let before = Period::new(before.start, before.end.min(before.start + (judged_at - period.start)));
        let comparison = compare(period, &review, before, &reviewing.review(before, known_at)?);
        let restated = restatement_of(reviewing, self.closed, month, self.timezone, self.as_of)?;
        let restated = restated.as_ref().and_then(sentence);
        let following = Following { reviewing, closed: self.closed, sources: self.sources, zone: self.timezone };
        Ok(Some(ReportInput {
            label: month.name(),
            period,
            generated_at: self.now,
            version: env!("CARGO_PKG_VERSION"),
            slos,
            review,
            fixes: reviewing.replay(period, known_at, None)?,
            comparison: Some(comparison).filter(|c| !c.is_lopsided()),
            trends: Some(following.trends(month, MONTHS_DEFAULT, self.as_of)?).filter(Trends::is_told),
            kpis: self.scorecard.as_deref().map_or(Vec::new(), |card| kpis_of(card, period)),
            changes: reviewing.changes(Period::new(period.start, judged_at))?,
            findings: self.findings.clone(),
            notes: notes(period, judged_at).into_iter().chain(restated).chain(self.seams()?).collect(),
        }))
    }

    /// Where what is counted has changed, a sentence for each.
    fn seams(&self) -> Result<Vec<String>, StoreError> {
        let mut noted: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
        for definition in self.reader.definitions()? {
            noted.entry(definition.slo.clone()).or_default().push(definition);
        }
        let promises = self.reader.promises()?;
        let mut sentences = Vec::new();
        for slo in self.slos {
            let of_slo = noted.get(&slo.name).map(Vec::as_slice).unwrap_or_default();
            if let Some(at) = seam(&generations(slo, of_slo, &promises)) {
                let at = at.rfc3339();
                sentences.push(format!(
                    "{}: the SLI definition changed at {at}. Earlier figures were recomputed from the source where it had data.",
                    slo.name
                ));
            }
        }
        Ok(sentences)
    }

    fn slo(
        &self,
        reviewing: &Reviewing<'_>,
        slo: &Arc<Slo>,
        period: Period,
        judged_at: Timestamp,
    ) -> Result<SloReport, StoreError> {
        let window = ComplianceWindow::month(self.timezone);
        let edges = edges(period, judged_at);
        let (status, history) = slo_period(reviewing, slo, window, (period, judged_at), edges)?;
        Ok(SloReport {
            status,
            slots: history_slots(slo, Shown { window, basis: Basis::Historical }, &history, period, STEP, judged_at),
            step: STEP,
        })
    }
}

/// The hours of which minutes are needed: those in which a slot begins or ends,
/// for zones whose days do not begin at whole hours, and the hour before each.
fn edges(period: Period, judged_at: Timestamp) -> BTreeSet<i64> {
    let mut hours = BTreeSet::new();
    let mut edge = period.start;
    while edge < judged_at {
        hours.extend([hour_of(edge) - 1, hour_of(edge)]);
        edge = edge + STEP;
    }
    hours
}

/// The last period of each KPI that ended with the month or in it; for the month that runs
/// the period that does, too.
fn kpis_of(scorecard: &Scorecard, month: Period) -> Vec<(Arc<Kpi>, KpiPeriod)> {
    let of = |one: &KpiHistory| {
        let is_of_month = |period: &&KpiPeriod| {
            let ends_in_it = period.period.end > month.start && period.period.end <= month.end;
            ends_in_it || (!period.is_closed && month.contains(scorecard.as_of))
        };
        Some((Arc::clone(&one.kpi), one.periods.iter().rfind(is_of_month)?.clone()))
    };
    scorecard.kpis.iter().filter_map(of).collect()
}

fn notes(period: Period, judged_at: Timestamp) -> Vec<String> {
    if judged_at >= period.end {
        return Vec::new();
    }
    vec![format!(
        "The month still runs: everything is judged at {}, and may change until its end.",
        judged_at.rfc3339()
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::checkout;
    use crate::model::slo::objectives::Objective;
    use crate::model::slo::objectives::Objectives;
    use crate::model::slo::tile::{EventCounts, PeakRate, Tile};
    use crate::store::{Batch, Store, Writer};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// A hundred events in every minute of a period, of which `bad` were bad.
    fn fill(writer: &mut Writer, slo: &Slo, period: Period, bad: i64) {
        let mut tiles = Vec::new();
        let mut start = period.start;
        while start < period.end {
            let counts = EventCounts { good: 100 - bad, total: 100, uncertain: 0 };
            tiles.push(Tile { start, counts, covered_ms: 60_000, peak: PeakRate(80), ..Tile::default() });
            start = start + Millis::from_mins(1);
        }
        let batch = Batch { tiles: vec![(slo.indicator_id(), tiles)], recorded_at: period.end, ..Batch::default() };
        writer.write(&batch).unwrap();
    }

    #[test]
    fn a_month_that_is_over_is_that_month_and_nothing_of_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, reader) = Store::open(dir.path()).unwrap();
        let slo = checkout("99%", "");
        // Nepal is 5 h 45 min ahead: its months begin within an hour of UTC.
        let timezone = chrono_tz::Asia::Kathmandu;
        let july: Month = "2026-07".parse().unwrap();
        let period = july.period(timezone);
        assert_eq!(period, Period::new(at("2026-06-30T18:15:00Z"), at("2026-07-31T18:15:00Z")));
        fill(&mut writer, &slo, Period::new(period.start - Millis::from_mins(90), period.start), 100);
        fill(&mut writer, &slo, period, 1);
        fill(&mut writer, &slo, Period::new(period.end, period.end + Millis::from_mins(90)), 100);
        let now = at("2026-09-01T00:00:00Z");
        let slos = [slo];
        let reporting = Reporting {
            slos: &slos,
            reader: &reader,
            corrections: &[],
            on_call: &OnCall::new(Tz::UTC),
            alerting: &Arc::default(),
            closed: &ClosedMonths::default(),
            sources: &[],
            timezone,
            now,
            as_of: now,
            scorecard: None,
            findings: Vec::new(),
        };

        let report = reporting.month(july).unwrap().unwrap();
        assert_eq!((report.label.as_str(), report.period, report.notes.len()), ("July 2026", period, 0));
        let status = &report.slos[0].status;
        let minutes = 31 * 1_440;
        assert_eq!((status.period, status.as_of, status.elapsed_ratio), (period, period.end, 1.0));
        assert_eq!((status.counts.total, status.counts.bad()), (minutes * 100, minutes));
        assert_eq!((status.attainment, status.coverage), (Some(0.99), 1.0));
        let slots = &report.slos[0].slots;
        assert_eq!(slots.len(), 31);
        assert!(slots.iter().all(|slot| slot.counts.total == 144_000 && slot.counts.bad() == 1_440), "{slots:?}");
        let remaining = slots.last().and_then(|slot| slot.budget_remaining_ratio).unwrap();
        assert!(remaining.abs() < 1e-9, "all of the month's budget and nothing of the next: {remaining}");

        // The same month, seen from its tenth day.
        let running = Reporting { as_of: period.start + Millis::from_days(10), ..reporting };
        let report = running.month(july).unwrap().unwrap();
        assert_eq!((report.slos[0].slots.len(), report.notes.len()), (10, 1));
        assert_eq!(report.slos[0].status.counts.total, 10 * 144_000);
        assert!((report.slos[0].status.elapsed_ratio - 10.0 / 31.0).abs() < 1e-9);
        assert!(running.month("2026-08".parse().unwrap()).unwrap().is_none());
    }

    #[test]
    fn a_month_is_judged_by_what_was_promised_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, reader) = Store::open(dir.path()).unwrap();
        let april: Month = "2026-04".parse().unwrap();
        let period = april.period(Tz::UTC);
        // 98 % for the first ten days, 99 % since; 1.2 % of all fail.
        let then = [(at("2026-01-01T00:00:00Z"), 0.98), (period.start + Millis::from_days(10), 0.99)];
        let objectives = Objectives::new(then.map(|(at, ratio)| (at, Objective::new(ratio).unwrap())));
        let slo = Arc::new(Slo { objectives, ..Slo::clone(&checkout("99%", "")) });
        for day in 0..30 {
            let start = period.start + Millis::from_days(day);
            let cut = start + Millis::from_mins(1_440 / 5);
            fill(&mut writer, &slo, Period::new(start, cut), 2);
            fill(&mut writer, &slo, Period::new(cut, start + Millis::from_days(1)), 1);
        }
        let now = at("2026-09-01T00:00:00Z");
        let slos = [slo];
        let on_call = OnCall::new(Tz::UTC);
        let reporting = Reporting {
            slos: &slos,
            reader: &reader,
            corrections: &[],
            on_call: &on_call,
            alerting: &Arc::default(),
            closed: &ClosedMonths::default(),
            sources: &[],
            timezone: Tz::UTC,
            now,
            as_of: now,
            scorecard: None,
            findings: Vec::new(),
        };
        let report = reporting.month(april).unwrap().unwrap();
        let (status, slots) = (&report.slos[0].status, &report.slos[0].slots);
        // A third of the events at 2 %, two thirds at 1 %.
        assert!((status.required_ratio() - (1.0 - 4.0 / 300.0)).abs() < 1e-12, "{}", status.required_ratio());
        let budget = status.budget.unwrap();
        assert!((budget.total_events - 57_600.0).abs() < 1e-6, "{budget:?}");
        assert!((budget.remaining_ratio - 0.1).abs() < 1e-9, "overspent by the present objective alone: {budget:?}");
        let shown = |day: usize| slots[day].budget_remaining_ratio.unwrap();
        // After a third of the month 60 % of its budget would be gone by the share of bad
        // events, and a third of that is.
        assert!((shown(9) - 0.8).abs() < 1e-9 && (shown(29) - 0.1).abs() < 1e-9, "{slots:?}");
        let text = crate::publish::report::markdown(&report).replace(char::is_whitespace, " ");
        assert!(text.contains("98 %, then 99 % from 11 Apr 00:00"), "{text}");
    }

    #[test]
    fn a_month_without_data_is_reported_as_not_known() {
        let dir = tempfile::tempdir().unwrap();
        let (_writer, reader) = Store::open(dir.path()).unwrap();
        let (slos, now) = ([checkout("99%", "")], at("2026-09-01T00:00:00Z"));
        let reporting = Reporting {
            slos: &slos,
            reader: &reader,
            corrections: &[],
            on_call: &OnCall::new(Tz::UTC),
            alerting: &Arc::default(),
            closed: &ClosedMonths::default(),
            sources: &[],
            timezone: Tz::UTC,
            now,
            as_of: now,
            scorecard: None,
            findings: Vec::new(),
        };
        let report = reporting.month("2026-07".parse().unwrap()).unwrap().unwrap();
        let status = &report.slos[0].status;
        assert_eq!((status.attainment, status.lo, status.budget, status.coverage), (None, None, None, 0.0));
    }
}
