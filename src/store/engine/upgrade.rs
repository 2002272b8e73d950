//! From the layout of an earlier release to this one, in the transaction that opens
//! the store. Must not know what the facts mean.

use rusqlite::Connection;

use super::error::StoreError;
use super::schema::SMALL_TABLES;
use crate::store::integrity::checksum::FactTable;

/// Tables whose rows have checksums of another kind, or none.
const WITHOUT_ROW_CHECKSUM: [&str; 2] = ["meta", "open_tiles"];

pub fn upgrade(db: &Connection, from: u32) -> Result<(), StoreError> {
    if from < 2 {
        add_checksums(db)?;
    }
    // Format 3: tiles may hold the unseen ends of processes. Nothing of format 2
    // changes; the number keeps an earlier release from taking them for damage.
    Ok(())
}

/// Format 2: every row of a fact has a checksum.
fn add_checksums(db: &Connection) -> Result<(), StoreError> {
    for table in SMALL_TABLES.iter().filter(|table| !WITHOUT_ROW_CHECKSUM.contains(table)) {
        let columns: i64 =
            db.query_row("SELECT count(*) FROM pragma_table_info(?1, 'main') WHERE name <> 'crc'", [table], |row| {
                row.get(0)
            })?;
        // A table that the earlier release did not have yet is made afterwards.
        if columns > 0 {
            db.execute_batch(&format!("ALTER TABLE main.{table} ADD COLUMN crc INTEGER"))?;
        }
    }
    for table in FactTable::all(db)? {
        db.execute_batch(&format!("UPDATE main.{} SET crc = {}", table.name, table.checksum("")))?;
    }
    db.execute("DELETE FROM meta WHERE key = 'clean'", [])?;
    Ok(())
}
