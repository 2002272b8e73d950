//! Alert rules as rows and back. Must not know which of them ever fired.

use rusqlite::{Connection, params};

use super::facts::{collect, labels_from, labels_json, parse};
use crate::model::operations::rule::{AlertRule, LoadedRule};
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::engine::error::StoreError;

/// A rule that is known is seen again.
pub fn put(db: &Connection, loaded: &LoadedRule) -> Result<(), StoreError> {
    let rule = &loaded.rule;
    db.prepare_cached(
        "INSERT INTO alert_rules VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL)
         ON CONFLICT DO UPDATE SET first_seen_ms = min(first_seen_ms, ?11), last_seen_ms = max(last_seen_ms, ?12)",
    )?
    .execute(params![
        rule.hash(&loaded.source).as_slice(),
        loaded.source,
        rule.file,
        rule.group,
        rule.name,
        rule.query,
        rule.hold.0,
        rule.keep_firing_for.0,
        labels_json(&rule.labels),
        labels_json(&rule.annotations),
        loaded.first_seen.millis(),
        loaded.last_seen.millis(),
    ])?;
    Ok(())
}

/// Rules that were loaded at some time of the period, by source, file and group.
pub fn of(db: &Connection, period: Period) -> Result<Vec<LoadedRule>, StoreError> {
    let sql = "SELECT source, file, group_name, name, query, hold_ms, keep_firing_for_ms, labels, annotations,
         first_seen_ms, last_seen_ms FROM alert_rules
         WHERE last_seen_ms >= ?1 AND first_seen_ms < ?2 ORDER BY source, file, group_name, name, id";
    collect(db, "alert_rules", sql, period, |row| {
        let time = |column| row.get(column).map(Timestamp::from_millis);
        Ok(LoadedRule {
            source: row.get(0)?,
            rule: AlertRule {
                file: row.get(1)?,
                group: row.get(2)?,
                name: row.get(3)?,
                query: row.get(4)?,
                hold: row.get(5).map(Millis)?,
                keep_firing_for: row.get(6).map(Millis)?,
                labels: parse(row, 7, labels_from)?,
                annotations: parse(row, 8, labels_from)?,
            },
            first_seen: time(9)?,
            last_seen: time(10)?,
        })
    })
}
