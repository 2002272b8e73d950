//! Groups of SLOs as rows and back. Must not know which of them have series now.

use rusqlite::{Connection, params};

use super::facts::damaged;
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::groups::GroupValues;
use crate::model::time::Timestamp;
use crate::store::engine::error::StoreError;

/// Groups of an SLO that were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenGroups {
    pub slo: String,
    pub by: GroupBy,
    pub groups: Vec<GroupValues>,
    pub first_seen: Timestamp,
}

/// Those that are known stay as they are.
pub fn put(db: &Connection, seen: &SeenGroups) -> Result<(), StoreError> {
    let mut insert =
        db.prepare_cached("INSERT INTO slo_groups VALUES (?1, ?2, ?3, ?4, NULL) ON CONFLICT DO NOTHING")?;
    for group in &seen.groups {
        insert.execute(params![seen.slo, json(&seen.by.labels), json(group), seen.first_seen.millis()])?;
    }
    Ok(())
}

/// The groups of an SLO, those first that were seen first.
pub fn of(db: &Connection, slo: &str, by: &GroupBy) -> Result<Vec<GroupValues>, StoreError> {
    let sql = "SELECT value FROM slo_groups WHERE slo = ?1 AND labels = ?2 ORDER BY first_seen_ms, value";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![slo, json(&by.labels)], |row| row.get::<_, String>(0))?;
    let group = |row: rusqlite::Result<String>| {
        let text = row.map_err(|e| damaged("slo_groups", e))?;
        serde_json::from_str(&text).map_err(|e| StoreError::CorruptRow { table: "slo_groups", reason: e.to_string() })
    };
    rows.map(group).collect()
}

fn json(values: &[String]) -> String {
    serde_json::Value::from(values).to_string()
}
