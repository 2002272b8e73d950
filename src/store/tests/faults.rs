//! What happens when the disk, the file or another process misbehaves.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::store::StoreError;

#[test]
fn every_flipped_bit_of_a_payload_is_found_and_the_day_can_be_fetched_again() {
    for sealed in [true, false] {
        let (dir, mut writer, reader) = store();
        let mut part = DayTiles::empty(DAY);
        (0..60).for_each(|minute| part.put(&tile(DAY, minute, minute % 9 / 8)));
        let fetched = Batch { days: vec![(id(1), part.clone()), (id(2), part.clone())], ..batch(DAY) };
        writer.write(&fetched).unwrap();
        if sealed {
            writer.seal(DAY + 1).unwrap();
        }
        let hash = reader.content_hash().unwrap();
        let table = if sealed { "blocks" } else { "open_tiles" };
        let db = database(&dir);
        let select = format!("SELECT payload FROM {table} WHERE indicator = ?1");
        let update = format!("UPDATE {table} SET payload = ?2 WHERE indicator = ?1");
        let good: Vec<u8> = db.query_row(&select, [id(1).0], |row| row.get(0)).unwrap();
        let check = |damaged: &[u8]| {
            db.execute(&update, rusqlite::params![id(1).0, damaged]).unwrap();
            let error = reader.day(id(1), DAY).unwrap_err();
            assert!(
                matches!(error, StoreError::CorruptTiles { indicator, day: DAY, .. } if indicator == id(1)),
                "{error}"
            );
        };
        for bit in 0..good.len() * 8 {
            let mut damaged = good.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            check(&damaged);
        }
        check(&good[..good.len() - 1]);
        check(&[]);

        // The others are fine; a new tile for the damaged day says what to do.
        assert_eq!(reader.day(id(2), DAY).unwrap(), Some(part));
        let one = tiles(1, DAY, vec![tile(DAY, 3, 0)]);
        assert!(matches!(writer.write(&one), Err(StoreError::CorruptTiles { .. })));
        writer.drop_day(id(1), DAY).unwrap();
        assert_eq!(reader.day(id(1), DAY).unwrap(), None);
        writer.write(&fetched).unwrap();
        assert_eq!(reader.content_hash().unwrap(), hash);
    }
}

#[test]
fn a_row_under_the_wrong_key_is_found() {
    let (dir, mut writer, reader) = store();
    writer.write(&Batch { days: vec![(id(1), whole(DAY))], ..batch(DAY + 1) }).unwrap();
    for change in ["day = day + 1", "indicator = zeroblob(16)", "codec = 2", "crc = crc + 1"] {
        database(&dir).execute(&format!("UPDATE blocks SET {change}"), []).unwrap();
        assert!(matches!(reader.content_hash(), Err(StoreError::CorruptTiles { .. })), "{change}");
    }
}

#[test]
fn a_second_evenkeel_is_turned_away_by_name() {
    let (dir, writer, _reader) = store();
    let Err(StoreError::Locked { dir: named, pid }) = Store::open(dir.path()) else { panic!("opened twice") };
    assert_eq!((named.as_path(), pid), (dir.path(), Some(std::process::id())));
    drop(writer);
    Store::open(dir.path()).unwrap();
}

#[test]
fn a_store_of_a_later_release_is_left_alone() {
    let (dir, writer, _reader) = store();
    writer.close().unwrap();
    database(&dir).execute("UPDATE meta SET value = 99 WHERE key = 'format'", []).unwrap();
    let before = fs::read(dir.path().join("evenkeel.db")).unwrap();
    let error = Store::open(dir.path()).err().unwrap();
    assert!(matches!(&error, StoreError::WrongFormat { found, known: 3, .. } if found == "99"), "{error}");
    assert!(error.to_string().contains("--data"), "{error}");
    assert_eq!(fs::read(dir.path().join("evenkeel.db")).unwrap(), before);
}

#[test]
fn what_is_no_store_is_said() {
    let dir = tempfile::tempdir().unwrap();
    database(&dir).execute("CREATE TABLE recipes (name TEXT)", []).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Foreign { .. })));

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("evenkeel.db"), "no database at all".repeat(100)).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::CorruptStore { .. })));

    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("evenkeel.db")).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Io { .. })));

    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(matches!(Store::open(file.path()), Err(StoreError::Io { .. })));
}

#[test]
fn an_empty_file_becomes_a_store() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("evenkeel.db"), "").unwrap();
    let (_writer, reader) = Store::open(dir.path()).unwrap();
    assert_eq!(reader.stats().unwrap().blocks, 0);
}

#[test]
fn a_full_disk_is_named_and_writing_goes_on_afterwards() {
    let (_dir, mut writer, reader) = store();
    writer.write(&tiles(1, DAY, vec![tile(DAY, 1, 0)])).unwrap();
    // SQLite gives the same answer when the file may not grow as when the disk is full.
    writer.database().unwrap().pragma_update_and_check(None, "max_page_count", 1, |_| Ok(())).unwrap();
    let large = Batch {
        days: vec![(id(1), whole(DAY - 1))],
        state: vec![("large".to_owned(), Some("x".repeat(1 << 20)))],
        ..batch(DAY)
    };
    let error = writer.write(&large).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(reader.stats().unwrap().blocks, 0, "nothing of the batch is stored");
    assert_eq!(reader.day(id(1), DAY).unwrap().unwrap().get(1), tile(DAY, 1, 0));

    writer.write(&large).unwrap();
    assert_eq!(reader.stats().unwrap().blocks, 1);
}

#[test]
fn a_file_that_may_not_be_written_is_named() {
    let (_dir, mut writer, reader) = store();
    writer.database().unwrap().pragma_update(None, "query_only", true).unwrap();
    let error = writer.write(&tiles(1, DAY, vec![tile(DAY, 1, 0)])).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert_eq!(reader.day(id(1), DAY).unwrap(), None);
}

#[test]
fn many_threads_read_whole_commits_while_one_writes() {
    let (_dir, mut writer, reader) = store();
    writer.write(&Batch { tiles: vec![(id(1), vec![tile(DAY, 0, 0), tile(DAY + 1, 0, 0)])], ..batch(DAY) }).unwrap();
    let stop = AtomicBool::new(false);
    let reads: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|_| {
                let (reader, stop) = (reader.clone(), &stop);
                scope.spawn(move || {
                    let mut reads = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let days = reader.days(id(1), Period::new(slot(DAY, 0), slot(DAY + 2, 0))).unwrap();
                        let bad: Vec<i64> = days.iter().map(|d| d.get(0).counts.bad()).collect();
                        assert!(bad.len() == 2 && bad[0] == bad[1], "half a commit: {bad:?}");
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        for bad in 1..60 {
            writer.write(&tiles(1, DAY, vec![tile(DAY, 0, bad), tile(DAY + 1, 0, bad)])).unwrap();
            if bad == 30 {
                writer.seal(DAY + 1).unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert!(reads > 20, "{reads} reads");
}
