//! What counting notices in the last hour of an SLO, before anything is counted for
//! good.

use std::sync::Arc;

use crate::app::catalog::slis::{Source, group};
use crate::app::counting::problems::problems;
use crate::app::counting::reading::recount;
use crate::model::slo::Slo;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::samples::SampleSource;

/// How much is counted, with ten minutes before it.
const COUNTED: Millis = Millis::from_mins(50);

/// An SLO with more series than this shows its problems in the daemon: an hour of them
/// is not read for a look.
const SERIES_MAX: f64 = 3_000.0;

/// Problems that the samples of the last hour show.
pub async fn preview(slo: &Arc<Slo>, source: &Arc<Source>, now: Timestamp) -> Result<Vec<SliProblem>, HttpError> {
    let slo = Arc::new(Slo { source: None, ..Slo::clone(slo) });
    let (groups, _) = group(&[slo], &[], &[Arc::clone(source)]);
    let end = (now - source.ingest_delay).floor_slot();
    let mut found = Vec::new();
    for group in &groups {
        let SampleSource::Prometheus(client) = &source.samples else { continue };
        let mut series = 0.0;
        for request in &group.batch.requests {
            let count = client.query_vector(&format!("count({})", request.for_source()), end).await?.data;
            series += count.first().map_or(0.0, |(_, sample)| sample.value);
        }
        if series > SERIES_MAX {
            continue;
        }
        let counted = recount(group, Period::new(end - COUNTED, end), end).await?;
        for (sli, counted) in group.indicators.iter().zip(&counted) {
            found.extend(problems(sli, counted, source.ingest_delay));
        }
    }
    Ok(found)
}
