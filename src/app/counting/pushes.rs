//! Counts that are pushed, into the store: durable before they are answered, and
//! judged with the next round.

use std::sync::Arc;

use super::backfill::Renewed;
use crate::app::runtime::facts::{FactStore, fault};
use crate::model::slo::Slo;
use crate::model::slo::sli::Sli;
use crate::model::slo::tile::{PeakRate, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::publish::answers::{PushRefused, PushedCounts};
use crate::store::Batch;

/// Stores the counts of an SLO whose indicator is `pushed`.
pub async fn push(
    facts: &FactStore,
    renewed: &Renewed,
    slos: &[Arc<Slo>],
    name: &str,
    counts: &[PushedCounts],
    (now, retention): (Timestamp, Millis),
) -> Result<(), PushRefused> {
    let slo = slos.iter().find(|slo| slo.name == name).ok_or_else(|| PushRefused::Unknown(name.to_owned()))?;
    if !matches!(slo.indicator, Sli::Pushed { .. }) {
        return Err(PushRefused::NotPushed(name.to_owned()));
    }
    let oldest = Timestamp::day_start((now - retention).day() + 1);
    if let Some(old) = counts.iter().find(|count| count.start < oldest) {
        return Err(PushRefused::TooOld(old.start));
    }
    let id = slo.indicator_id();
    let tile = |count: &PushedCounts| Tile {
        start: count.start,
        counts: count.counts,
        covered_ms: SLOT_MS as u32,
        peak: PeakRate::from_per_second(count.counts.total as f64 * 1_000.0 / SLOT_MS as f64),
        ..Tile::default()
    };
    let slots = counts.iter().map(|count| Period::new(count.start, count.start + Millis(SLOT_MS)));
    let batch = Batch {
        tiles: vec![(id, counts.iter().map(tile).collect())],
        ingested: slots.map(|slot| (id, slot)).collect(),
        has_pushed_tiles: true,
        recorded_at: now,
        ..Batch::default()
    };
    facts.write(batch).await.map_err(|error| PushRefused::NotStored(fault(&error)))?;
    counts.iter().for_each(|count| renewed.add(id, count.start.day()));
    Ok(())
}
