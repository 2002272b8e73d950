//! What the index of a source and the samples of the last hour say of an SLO, before
//! anything is counted for good.

use std::sync::Arc;

use crate::app::catalog::slis::{QueryGroup, Source, group};
use crate::app::counting::problems::problems;
use crate::app::counting::reading::recount;
use crate::model::slo::Slo;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::samples::SampleSource;
use crate::sources::prometheus::survey::Survey;

/// How much is counted, with ten minutes before it.
const COUNTED: Millis = Millis::from_mins(50);

/// An SLO with more series than this shows its problems in the daemon: an hour of them
/// is not read for a look.
const SERIES_MAX: f64 = 3_000.0;

/// What the index says of the series of an SLO, and what the samples of the last hour
/// show.
pub async fn look(
    slo: &Arc<Slo>,
    survey: &Survey<'_>,
    source: &Arc<Source>,
    now: Timestamp,
) -> Result<Vec<SliProblem>, HttpError> {
    let mut found = survey.sli(&slo.indicator).await?;
    if found.iter().any(SliProblem::is_fatal) {
        return Ok(found);
    }
    for one in preview(slo, source, now).await? {
        if !found.iter().any(|known| known.as_str() == one.as_str()) {
            found.push(one);
        }
    }
    Ok(found)
}

/// How many series the requests of a group match at a moment; `None` where the source
/// has no such question.
pub async fn series_of(group: &QueryGroup, at: Timestamp) -> Result<Option<f64>, HttpError> {
    let SampleSource::Prometheus(client) = &group.source.samples else { return Ok(None) };
    let mut series = 0.0;
    for request in &group.batch.requests {
        let count = client.query_vector(&format!("count({})", request.for_source()), at).await?.data;
        series += count.first().map_or(0.0, |(_, sample)| sample.value);
    }
    Ok(Some(series))
}

/// Problems that the samples of the last hour show.
async fn preview(slo: &Arc<Slo>, source: &Arc<Source>, now: Timestamp) -> Result<Vec<SliProblem>, HttpError> {
    let slo = Arc::new(Slo { source: None, ..Slo::clone(slo) });
    let (groups, _) = group(&[slo], &[], &[Arc::clone(source)]);
    let end = (now - source.ingest_delay).floor_slot();
    let mut found = Vec::new();
    for group in &groups {
        if series_of(group, end).await?.is_none_or(|series| series > SERIES_MAX) {
            continue;
        }
        let counted = recount(group, Period::new(end - COUNTED, end), end).await?;
        for (sli, counted) in group.indicators.iter().zip(&counted) {
            found.extend(problems(sli, counted, source.ingest_delay));
        }
    }
    Ok(found)
}
