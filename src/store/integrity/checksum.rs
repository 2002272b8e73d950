//! A checksum in every row of a fact. A connection that writes keeps it by
//! triggers, whatever statement wrote the row; a connection that reads sees the
//! tables through views that leave out rows whose checksum is wrong, and notes
//! them. Triggers and views are temporary: the file has only the column `crc`.
//! Must not know what the facts mean.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

use super::damage::{DamagedRow, NotedRows};
use crate::store::engine::error::StoreError;

/// A table whose rows have a checksum.
pub struct FactTable {
    pub name: String,
    /// In quotes; those of the key first.
    columns: Vec<String>,
    keys: usize,
}

impl FactTable {
    /// All of the file. Tiles keep checksums of their own, which the codec knows.
    pub fn all(db: &Connection) -> Result<Vec<FactTable>, StoreError> {
        let mut statement = db.prepare(
            "SELECT s.name, c.name, c.pk FROM main.sqlite_schema s, pragma_table_info(s.name, 'main') c
             WHERE s.type = 'table' ORDER BY s.name, c.pk = 0, c.pk, c.cid",
        )?;
        let mut rows = statement.query([])?;
        let mut tables: Vec<FactTable> = Vec::new();
        while let Some(row) = rows.next()? {
            let (name, column, key): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if tables.last().is_none_or(|table| table.name != name) {
                tables.push(FactTable { name, columns: Vec::new(), keys: 0 });
            }
            if let Some(table) = tables.last_mut() {
                table.columns.push(format!("\"{column}\""));
                table.keys += usize::from(key > 0);
            }
        }
        let has = |table: &FactTable, column: &str| table.columns.iter().any(|known| known == column);
        tables.retain(|table| has(table, "\"crc\"") && !has(table, "\"payload\""));
        tables.iter_mut().for_each(|table| table.columns.retain(|column| column != "\"crc\""));
        Ok(tables)
    }

    /// In quotes; the first `keys` are the key.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn keys(&self) -> usize {
        self.keys
    }

    /// The checksum that a row has to have, as SQL; `of` is empty, `new.` or `old.`.
    pub fn checksum(&self, of: &str) -> String {
        format!("row_checksum('{}', {})", self.name, self.listed(of))
    }

    /// Whether a row has it, as SQL. One that has not is noted.
    pub fn intact(&self) -> String {
        format!("row_intact('{}', {}, crc, {})", self.name, self.keys, self.listed(""))
    }

    fn listed(&self, of: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("{of}{column}")).collect();
        columns.join(", ")
    }

    /// The triggers of a connection that writes. Damage outlasts a change: a row
    /// that was wrong before, and of which a part was replaced, stays wrong.
    fn triggers(&self) -> String {
        let (name, columns) = (&self.name, self.listed(""));
        let keys = self.columns.iter().take(self.keys);
        let this_row = keys.map(|key| format!("{key} = new.{key}")).collect::<Vec<_>>().join(" AND ");
        let (new, old) = (self.checksum("new."), self.checksum("old."));
        format!(
            "CREATE TEMP TRIGGER {name}_written AFTER INSERT ON main.{name} BEGIN
                 UPDATE {name} SET crc = {new} WHERE {this_row};
             END;
             CREATE TEMP TRIGGER {name}_changed AFTER UPDATE OF {columns} ON main.{name} BEGIN
                 UPDATE {name} SET crc = iif(old.crc IS {old}, {new}, -1) WHERE {this_row};
             END;"
        )
    }

    fn view(&self) -> String {
        format!("CREATE TEMP VIEW {0} AS SELECT * FROM main.{0} WHERE {1};", self.name, self.intact())
    }
}

/// Makes the functions known that triggers and views use.
pub fn register(db: &Connection, noted: &NotedRows) -> Result<(), StoreError> {
    let flags = FunctionFlags::SQLITE_UTF8;
    let of_row = |ctx: &mut Context<'_>| Ok(i64::from(checksum(ctx, 1)?));
    db.create_scalar_function("row_checksum", -1, flags | FunctionFlags::SQLITE_DETERMINISTIC, of_row)?;
    let noted = noted.clone();
    db.create_scalar_function("row_intact", -1, flags, move |ctx| {
        let is_intact = ctx.get_raw(2) == ValueRef::Integer(i64::from(checksum(ctx, 3)?));
        if !is_intact {
            let keys = ctx.get::<u32>(1)? as usize;
            let key: Vec<String> = (3..ctx.len()).take(keys).map(|at| shown(ctx.get_raw(at))).collect();
            noted.add(DamagedRow { table: ctx.get(0)?, key: key.join(" ") });
        }
        Ok(is_intact)
    })?;
    Ok(())
}

/// For a connection that writes: every row gets its checksum.
pub fn keep(db: &Connection) -> Result<(), StoreError> {
    let triggers: String = FactTable::all(db)?.iter().map(FactTable::triggers).collect();
    Ok(db.execute_batch(&triggers)?)
}

/// For a connection that reads: it sees no row whose checksum is wrong, by the name
/// of the table; `main.` before it sees all of them.
pub fn hide_damage(db: &Connection) -> Result<(), StoreError> {
    let views: String = FactTable::all(db)?.iter().map(FactTable::view).collect();
    Ok(db.execute_batch(&views)?)
}

/// Of the table's name, the first argument, and those from `first` on.
fn checksum(ctx: &Context<'_>, first: usize) -> rusqlite::Result<u32> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(ctx.get_raw(0).as_str()?.as_bytes());
    for at in first..ctx.len() {
        // The kind and the length keep values apart that follow each other.
        match ctx.get_raw(at) {
            ValueRef::Null => crc.update(&[0]),
            ValueRef::Integer(number) => {
                crc.update(&[1]);
                crc.update(&number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                crc.update(&[2]);
                crc.update(&number.to_bits().to_le_bytes());
            }
            ValueRef::Text(bytes) => {
                crc.update(&[3]);
                crc.update(&(bytes.len() as u64).to_le_bytes());
                crc.update(bytes);
            }
            ValueRef::Blob(bytes) => {
                crc.update(&[4]);
                crc.update(&(bytes.len() as u64).to_le_bytes());
                crc.update(bytes);
            }
        }
    }
    Ok(crc.finalize())
}

/// Characters of a key that are shown.
const SHOWN_MAX: usize = 80;

/// A value of a key for people; it may be damaged itself.
pub fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => {
            String::from_utf8_lossy(bytes).chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect()
        }
        ValueRef::Blob(bytes) => bytes.iter().take(SHOWN_MAX / 2).map(|byte| format!("{byte:02x}")).collect(),
    }
}
