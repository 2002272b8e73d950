//! Silences as rows and back. Must not know which alerts they are about.

use rusqlite::{Connection, params};
use serde::Deserialize;

use super::facts::{collect, parse};
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::operations::silence::Silence;
use crate::model::time::{Period, Timestamp};
use crate::store::engine::error::StoreError;

/// The last version of a silence replaces those before; the earliest end is kept.
pub fn put(db: &Connection, silence: &Silence) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO silences VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)
         ON CONFLICT DO UPDATE SET matchers = ?2, starts_at_ms = ?3, ends_at_ms = ?4, created_by = ?5, comment = ?6",
    )?
    .execute(params![
        silence.id,
        matchers_json(&silence.matchers),
        silence.period.start.millis(),
        silence.period.end.millis(),
        silence.created_by,
        silence.comment,
    ])?;
    db.prepare_cached(
        "INSERT INTO silence_ends VALUES (?1, ?2, NULL)
         ON CONFLICT DO UPDATE SET earliest_ms = min(earliest_ms, ?2)",
    )?
    .execute(params![silence.id, silence.earliest_end.min(silence.period.end).millis()])?;
    Ok(())
}

/// Silences that overlap the period, in the order of their beginning.
pub fn of(db: &Connection, period: Period) -> Result<Vec<Silence>, StoreError> {
    let sql = "SELECT id, matchers, starts_at_ms, ends_at_ms, created_by, comment, coalesce(earliest_ms, ends_at_ms)
         FROM silences LEFT JOIN silence_ends USING (id)
         WHERE ends_at_ms > ?1 AND starts_at_ms < ?2 ORDER BY starts_at_ms, id";
    collect(db, "silences", sql, period, |row| {
        let time = |column| row.get(column).map(Timestamp::from_millis);
        Ok(Silence {
            id: row.get(0)?,
            matchers: parse(row, 1, matchers_from)?,
            period: Period::new(time(2)?, time(3)?),
            created_by: row.get(4)?,
            comment: row.get(5)?,
            earliest_end: time(6)?,
        })
    })
}

#[derive(Deserialize)]
struct StoredMatcher {
    label: String,
    op: String,
    value: String,
}

fn matchers_json(matchers: &[Matcher]) -> String {
    let stored = |m: &Matcher| serde_json::json!({"label": m.label, "op": m.op.symbol(), "value": m.value});
    matchers.iter().map(stored).collect::<serde_json::Value>().to_string()
}

fn matchers_from(text: &str) -> Option<Vec<Matcher>> {
    let stored: Vec<StoredMatcher> = serde_json::from_str(text).ok()?;
    stored.into_iter().map(|m| Matcher::new(m.label, MatchOp::from_symbol(&m.op)?, m.value).ok()).collect()
}
