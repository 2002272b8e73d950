//! What a source answered for each hour, as the store keeps it: an entry for each KPI and
//! day, which also says how far the day was asked for.

use serde::{Deserialize, Serialize};

use crate::evaluate::kpi::hours::KpiHour;
use crate::model::kpi::Kpi;
use crate::model::kpi::source::PromqlKpi;
use crate::model::labels::{content_hash, hex};
use crate::store::{Reader, StoreError};

/// Hours of a day, as hours of the epoch.
pub(super) const DAY_HOURS: i64 = 24;

/// The hours of one UTC day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct AskedDay {
    /// The hours of the epoch before this one were asked for.
    pub until: i64,
    /// Hour, numerator and denominator of what was answered.
    pub hours: Vec<(i64, f64, Option<f64>)>,
}

/// The key of a day. Another question has other keys, so that its hours are not mixed.
pub(super) fn day_key(kpi: &Kpi, promql: &PromqlKpi, day: i64) -> String {
    format!("{}{day}", prefix(kpi, promql))
}

fn prefix(kpi: &Kpi, promql: &PromqlKpi) -> String {
    let source = promql.source.as_deref().unwrap_or_default();
    let expressions = promql.question.expressions();
    let parts = expressions.iter().map(|one| one.as_bytes()).chain([source.as_bytes()]);
    let hash: String = hex(&content_hash(parts)).chars().take(16).collect();
    format!("kpi/{}/{hash}/", kpi.name)
}

pub(super) fn asked_day(
    reader: &Reader,
    kpi: &Kpi,
    promql: &PromqlKpi,
    day: i64,
) -> Result<Option<AskedDay>, StoreError> {
    let text = reader.state(&day_key(kpi, promql, day))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// All hours that are known of a KPI.
pub(super) fn hours(reader: &Reader, kpi: &Kpi, promql: &PromqlKpi) -> Result<Vec<KpiHour>, StoreError> {
    let days = reader.states(&prefix(kpi, promql))?;
    let days = days.iter().filter_map(|text| serde_json::from_str::<AskedDay>(text).ok());
    Ok(days.flat_map(|day| day.hours).map(|(hour, first, second)| KpiHour { hour, first, second }).collect())
}
