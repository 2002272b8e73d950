//! What was delivered or imported, joined to what is known, and into the store.

use std::collections::BTreeMap;

use crate::app::runtime::facts::{FactStore, fault};
use crate::ingest::alerts::merge_told;
use crate::model::operations::alert::{Alert, AlertId};
use crate::model::operations::record::Record;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::answers::{DeliveryRefused, Received};
use crate::sources::webhooks::{DeliveredFacts, Muted};
use crate::store::{Batch, Reader, StoreError, UsedSignature};

/// An alert that was known when it was told of began at most so long before, or
/// still goes on.
const KNOWN_BEFORE: Millis = Millis::from_days(1);

/// How far apart the clocks of Alertmanager and Prometheus may be when it is
/// asked which alert was held back.
const SLACK: Millis = Millis::from_mins(5);

/// Stores what was told, with the alerts joined to those that are known.
/// Whoever calls it joins no alerts elsewhere meanwhile.
pub async fn store(
    facts: &FactStore,
    source: String,
    told: DeliveredFacts,
    used: Option<UsedSignature>,
    now: Timestamp,
) -> Result<Received, DeliveryRefused> {
    let failed = |error: anyhow::Error| DeliveryRefused::NotStored(fault(&error));
    let compared = facts.read(move |reader| compared(reader, &source, told, used, now)).await;
    let (batch, received) =
        compared.and_then(|compared| Ok(compared?)).map_err(failed)?.ok_or(DeliveryRefused::Duplicate)?;
    if batch != (Batch { recorded_at: now, ..Batch::default() }) {
        facts.write(batch).await.map_err(failed)?;
    }
    Ok(received)
}

/// What is to be stored, and what became of all that was told; `None` where the
/// signature was used before.
fn compared(
    reader: &Reader,
    source: &str,
    told: DeliveredFacts,
    used: Option<UsedSignature>,
    now: Timestamp,
) -> Result<Option<(Batch, Received)>, StoreError> {
    if let Some(used) = &used
        && reader.is_used(used)?
    {
        return Ok(None);
    }
    let DeliveredFacts { records, withdrawn, alerts, muted, silences, ignored, truncated } = told;
    let mut received = Received {
        ignored: ignored.len(),
        facts: alerts.len() + muted.len() + silences.len(),
        truncated,
        ..Received::default()
    };
    let records = news(reader, source, records, &withdrawn, now, &mut received)?;
    let joined = joined(reader, alerts, &muted, now)?;
    let batch = Batch {
        records,
        alerts: joined.0,
        gone_alerts: joined.1,
        silences,
        used_signatures: used.into_iter().collect(),
        recorded_at: now,
        ..Batch::default()
    };
    Ok(Some((batch, received)))
}

/// The records that change what is stored, each key once; counts what becomes of
/// each.
fn news(
    reader: &Reader,
    source: &str,
    records: Vec<Record>,
    withdrawn: &[String],
    now: Timestamp,
    received: &mut Received,
) -> Result<Vec<Record>, StoreError> {
    let mut changed: BTreeMap<String, Record> = BTreeMap::new();
    let known = |changed: &BTreeMap<String, Record>, key: &str| match changed.get(key) {
        Some(record) => Ok(Some(record.clone())),
        None => reader.find_record(source, key),
    };
    for record in records {
        match known(&changed, &record.key)? {
            None => {
                received.accepted += 1;
                changed.insert(record.key.clone(), record);
            }
            Some(before) => match before.replaced_by(&record) {
                None => received.duplicates += 1,
                Some(record) => {
                    *(if record.withdrawn { &mut received.withdrawn } else { &mut received.replaced }) += 1;
                    changed.insert(record.key.clone(), record);
                }
            },
        }
    }
    for key in withdrawn {
        let Some(before) = known(&changed, key)? else {
            received.duplicates += 1;
            continue;
        };
        let later = Record { withdrawn: true, received_at: now, ..before.clone() };
        match before.replaced_by(&later) {
            None => received.duplicates += 1,
            Some(record) => {
                received.withdrawn += 1;
                changed.insert(key.clone(), record);
            }
        }
    }
    Ok(changed.into_values().collect())
}

/// The alerts that change, and those that turn out to be parts of others.
fn joined(
    reader: &Reader,
    told: Vec<Alert>,
    muted: &[Muted],
    now: Timestamp,
) -> Result<(Vec<Alert>, Vec<AlertId>), StoreError> {
    let starts = told.iter().map(Alert::start).chain(muted.iter().map(|m| m.at));
    let Some(since) = starts.min() else { return Ok((Vec::new(), Vec::new())) };
    let known = reader.alerts(Period::new(since - KNOWN_BEFORE, now + KNOWN_BEFORE))?;
    let mut all: BTreeMap<_, Alert> = known.iter().map(|alert| (alert.id(), alert.clone())).collect();
    let merged = merge_told(known, told);
    merged.gone.iter().for_each(|id| drop(all.remove(id)));
    let mut changed: BTreeMap<_, Alert> = merged.changed.into_iter().map(|alert| (alert.id(), alert)).collect();
    all.extend(changed.iter().map(|(id, alert)| (*id, alert.clone())));
    for (id, alert) in all.iter().filter(|(_, alert)| !alert.suppressed) {
        if muted.iter().any(|m| is_held_back(alert, m)) {
            changed.insert(*id, Alert { suppressed: true, ..alert.clone() });
        }
    }
    Ok((changed.into_values().collect(), merged.gone))
}

fn is_held_back(alert: &Alert, muted: &Muted) -> bool {
    let active = alert.start() - SLACK <= muted.at && alert.ended.is_none_or(|end| muted.at <= end.at + SLACK);
    active && alert.labels.agrees_with(&muted.labels)
}
