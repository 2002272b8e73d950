//! Times of incidents that people set over the API. What is set is stored
//! before it is used, and what is taken back stays in the trail.

use crate::app::runtime::facts::{FactStore, fault};
use crate::model::operations::record::TimeOverride;
use crate::publish::answers::TimeRefused;
use crate::store::Batch;

/// Entries of the trail at most: ten a day for years. It is never shortened, so
/// it must not fill the disk either.
const TRAIL_MAX: usize = 20_000;

/// Sets a time of an incident, or takes it back. `is_known`: whether there is such an
/// incident.
pub async fn set(facts: &FactStore, is_known: bool, set: TimeOverride) -> Result<(), TimeRefused> {
    let failed = |error: anyhow::Error| TimeRefused::NotStored(fault(&error));
    let trail = facts.read(|reader| reader.time_overrides()).await.and_then(|trail| Ok(trail?)).map_err(failed)?;
    let last = trail.iter().rfind(|one| one.incident == set.incident && one.time == set.time);
    let in_force = last.is_some_and(|one| one.at.is_some());
    match set.at {
        // What is in force can always be taken back.
        None if !in_force => return Err(TimeRefused::NotSet),
        Some(_) if !is_known => return Err(TimeRefused::UnknownIncident),
        Some(_) if trail.len() >= TRAIL_MAX => return Err(TimeRefused::TrailFull(TRAIL_MAX)),
        _ => {}
    }
    let batch = Batch { recorded_at: set.recorded_at, time_overrides: vec![set], ..Batch::default() };
    facts.write(batch).await.map_err(failed)
}
