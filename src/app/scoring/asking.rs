//! Asks sources for the hours of PromQL KPIs. Each hour is asked for once and kept, so that
//! no question ever spans more than a day and none evaluates more than an hour per step.

use std::sync::Arc;

use super::hours::{AskedDay, DAY_HOURS, asked_day, day_key};
use crate::app::catalog::slis::Source;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::finding::Finding;
use crate::ingest::counting::Points;
use crate::model::kpi::Kpi;
use crate::model::kpi::source::{KpiSource, PromqlKpi};
use crate::model::time::{HOUR_MS, Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::store::Batch;

/// Days of one KPI that are asked for in a round: a month within the first hour, while a
/// source has little to do with it.
const DAYS_PER_ROUND: usize = 7;
/// An hour is asked for once it has been over for so long: samples and rules may be late.
const SETTLED_AFTER: Millis = Millis::from_mins(5);
/// Days before the retention whose entries are dropped in a round: those that passed since
/// the last rounds, with room for a daemon that was off.
const DROPPED_DAYS: i64 = 40;

/// The task that asks.
pub struct Asking {
    pub daemon: Arc<AppState>,
    pub sources: Vec<Arc<Source>>,
}

impl Round for Asking {
    async fn round(&mut self) -> anyhow::Result<()> {
        let (catalog, mut findings, mut failed) = (self.daemon.catalog(), Vec::new(), None);
        for kpi in &catalog.kpis {
            let KpiSource::Promql(promql) = &kpi.source else { continue };
            match self.source_of(promql) {
                None => findings.push(no_source(kpi, promql)),
                Some(source) => match self.ask(&source, kpi, promql).await {
                    Ok(None) => {}
                    Ok(Some(finding)) => findings.push(finding),
                    // The others may be answered all the same.
                    Err(error) => failed = Some(error.context(format!("ask for the KPI {}", kpi.name))),
                },
            }
        }
        self.daemon.board.note_findings("kpis", findings);
        failed.map_or(Ok(()), Err)
    }
}

impl Asking {
    fn source_of(&self, promql: &PromqlKpi) -> Option<Arc<Source>> {
        match (&promql.source, self.sources.as_slice()) {
            (Some(name), sources) => sources.iter().find(|source| source.name == *name).cloned(),
            (None, [only]) => Some(Arc::clone(only)),
            (None, _) => None,
        }
    }

    /// Asks for the newest days that are not complete.
    async fn ask(&self, source: &Source, kpi: &Kpi, promql: &PromqlKpi) -> anyhow::Result<Option<Finding>> {
        let now = self.daemon.clock.now();
        let until = (now - source.ingest_delay - SETTLED_AFTER).millis().div_euclid(HOUR_MS);
        let since = (now - self.daemon.review_length()).millis().div_euclid(HOUR_MS) + 1;
        let (first, last) = (since.div_euclid(DAY_HOURS), (until - 1).div_euclid(DAY_HOURS));
        let mut state = self.outdated(kpi, promql, now);
        let (mut asked, mut ambiguous) = (0, false);
        for day in (first..=last).rev() {
            let known = asked_day(&self.daemon.facts.reader, kpi, promql, day)?.unwrap_or_default();
            let from = known.until.max(day * DAY_HOURS).max(since);
            let to = until.min((day + 1) * DAY_HOURS);
            if from >= to || asked >= DAYS_PER_ROUND {
                continue;
            }
            asked += 1;
            match answers(source, promql, from, to).await? {
                Some(hours) => {
                    let hours = known.hours.into_iter().chain(hours).collect();
                    let text = serde_json::to_string(&AskedDay { until: to, hours })?;
                    state.push((day_key(kpi, promql, day), Some(text)));
                }
                None => {
                    ambiguous = true;
                    break;
                }
            }
        }
        if !state.is_empty() {
            self.daemon.facts.write(Batch { state, recorded_at: now, ..Batch::default() }).await?;
        }
        Ok(ambiguous.then(|| several(kpi)))
    }

    /// Entries that are older than the retention.
    fn outdated(&self, kpi: &Kpi, promql: &PromqlKpi, now: Timestamp) -> Vec<(String, Option<String>)> {
        let last = (now - self.daemon.retention_length()).day();
        let days = (last - DROPPED_DAYS)..last;
        let reader = &self.daemon.facts.reader;
        let is_there = |day: &i64| matches!(asked_day(reader, kpi, promql, *day), Ok(Some(_)));
        days.filter(is_there).map(|day| (day_key(kpi, promql, day), None)).collect()
    }
}

/// What a source answers for the hours from one to another; `None` where an expression gives
/// several series.
async fn answers(
    source: &Source,
    promql: &PromqlKpi,
    from: i64,
    to: i64,
) -> Result<Option<Vec<(i64, f64, Option<f64>)>>, HttpError> {
    // The hour h is asked for at its end.
    let end = |hour: i64| Timestamp::from_millis((hour + 1) * HOUR_MS);
    let period = Period::new(end(from), end(to - 1) + Millis(1));
    let mut sides: Vec<Points> = Vec::new();
    for expression in promql.question.expressions() {
        let Some(points) = source.samples.hourly(expression, period).await? else { return Ok(None) };
        sides.push(points);
    }
    let at = |side: usize, hour: i64| sides.get(side)?.get(&end(hour)).copied().filter(|v| v.is_finite());
    let both = sides.len() > 1;
    let hour = |hour: i64| {
        let (first, second) = (at(0, hour)?, at(1, hour));
        // A ratio without one of its sides is not known.
        (!both || second.is_some()).then_some((hour, first, second))
    };
    Ok(Some((from..to).filter_map(hour).collect()))
}

fn no_source(kpi: &Kpi, promql: &PromqlKpi) -> Finding {
    let (message, hint) = match &promql.source {
        Some(name) => (
            format!("the source `{name}` is not configured; the KPI stays unknown"),
            "add it to `sources`, or change `source.promql.source` of the definition",
        ),
        None => (
            "the definition names no source, and not exactly one is configured; the KPI stays unknown".to_owned(),
            "write the name of one under `source.promql.source`",
        ),
    };
    Finding::other(kpi.name.clone(), message, hint)
}

fn several(kpi: &Kpi) -> Finding {
    Finding::other(
        kpi.name.clone(),
        "an expression gives several series, and a KPI needs one; it stays unknown",
        "aggregate the expression, for example with `sum(...)`",
    )
}
