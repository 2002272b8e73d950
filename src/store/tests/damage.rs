//! Damage of the files, and what is done to them while they are open: an answer
//! that differs is never given in silence.

use std::fs;
use std::path::PathBuf;

use super::every_kind::{answers, corrected, everything, fill};
use super::*;
use crate::store::{DamageKind, StoreError};

/// What is reported of damage in a store that was opened.
fn damage(reader: &Reader) -> Vec<DamageKind> {
    reader.damage(Timestamp::MIN).unwrap_or_default().into_iter().map(|one| one.kind).collect()
}

/// Whether a store says that something is wrong, by its list or by a look at the
/// whole file.
fn says_so(reader: &Reader) -> bool {
    !damage(reader).is_empty() || !reader.take_noted().is_empty() || reader.check().is_err()
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("evenkeel.db")
}

fn copy(files: &[(String, Vec<u8>)], change: impl Fn(&str, &mut Vec<u8>)) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let mut bytes = bytes.clone();
        change(name, &mut bytes);
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn files(dir: &TempDir) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap());
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let kept = names.filter(|name| !name.ends_with("-shm") && name != "lock");
    kept.map(|name| (name.clone(), fs::read(dir.path().join(name)).unwrap())).collect()
}

#[test]
fn every_fact_has_a_checksum() {
    let (dir, mut writer, _reader) = store();
    fill(&mut writer);
    let db = database(&dir);
    let tables: Vec<String> = {
        let mut statement = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for table in tables.iter().filter(|table| *table != "meta") {
        let count = |filter: &str| -> i64 {
            db.query_row(&format!("SELECT count(*) FROM {table} WHERE {filter}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!(count("crc IS NULL"), 0, "{table}");
        assert!(count("1") > 0 || table == "damage", "{table} is empty: fill it in `every_kind`");
    }
}

#[test]
fn no_flipped_bit_of_the_file_gives_another_answer_in_silence() {
    let (dir, mut writer, reader) = store();
    fill(&mut writer);
    let whole = answers(&reader);
    drop(reader);
    writer.close().unwrap();
    let files = files(&dir);
    let good = &files.iter().find(|(name, _)| name == "evenkeel.db").unwrap().1;
    // Most of the file is room for more; a flip there is as good as none.
    let used: Vec<usize> = (0..good.len()).filter(|at| good[*at] != 0).collect();
    let (mut same, mut reported, mut refused) = (0, 0, 0);
    for (n, at) in used.iter().enumerate().step_by(used.len() / 250) {
        let dir = copy(&files, |name, bytes| {
            if name == "evenkeel.db" {
                bytes[*at] ^= 1 << (n % 8);
            }
        });
        match Store::open(dir.path()) {
            Err(_) => refused += 1,
            Ok((_writer, reader)) => match answers(&reader) == whole {
                true => same += 1,
                false => {
                    assert!(says_so(&reader), "byte {at}, bit {}: another answer in silence", n % 8);
                    reported += 1;
                }
            },
        }
    }
    assert!(same > 15 && reported > 50 && refused < 120, "{same} same, {reported} reported, {refused} refused");
}

#[test]
fn no_flipped_bit_of_the_log_loses_a_commit_in_silence() {
    let (dir, mut writer, reader) = store();
    // The log has everything but what was pushed.
    let all = everything();
    writer.write(&all).unwrap();
    for n in 0..20 {
        writer.write(&tiles(1, DAY, vec![tile(DAY, 100 + n, 1)])).unwrap();
    }
    let whole = answers(&reader);
    // As after a kill: copied while it is open.
    let files = files(&dir);
    let log = &files.iter().find(|(name, _)| name == "evenkeel.db-wal").unwrap().1;
    let mut reported = 0;
    for at in (0..log.len()).step_by(log.len() / 150) {
        let dir = copy(&files, |name, bytes| {
            if name == "evenkeel.db-wal" {
                bytes[at] ^= 0x10;
            }
        });
        let (_writer, reader) = Store::open(dir.path()).unwrap();
        if answers(&reader) != whole {
            assert!(damage(&reader).iter().any(|one| matches!(one, DamageKind::LostCommits { .. })), "byte {at}");
            reported += 1;
        }
        assert_eq!(reader.records(minutes(DAY, 0, 1_440)).unwrap().len(), all.records.len(), "byte {at}");
    }
    assert!(reported > 20, "{reported} reported");
}

#[test]
fn a_damaged_fact_is_set_aside_and_the_rest_answers() {
    let (dir, mut writer, reader) = store();
    fill(&mut writer);
    assert_eq!(damage(&reader), []);
    database(&dir).execute("UPDATE alerts SET labels = '{' WHERE id = (SELECT min(id) FROM alerts)", []).unwrap();
    database(&dir).execute("UPDATE records SET until_ms = until_ms + 1 WHERE key = 'incident/INC-3'", []).unwrap();
    // A running store leaves it out at once, and names it.
    assert_eq!(reader.alerts(minutes(DAY, 0, 1_440)).unwrap().len(), 7);
    assert_eq!(reader.records(minutes(DAY, 0, 1_440)).unwrap().len(), 7);
    assert_eq!(reader.find_record("records", "incident/INC-3").unwrap(), None);
    let noted: Vec<String> = reader.take_noted().into_iter().map(|row| row.table).collect();
    assert_eq!(noted, ["alerts", "records"]);
    writer.repair(slot(DAY, 720)).unwrap();
    let found = reader.damage(slot(DAY, 720)).unwrap();
    assert!(found.iter().all(|one| one.found_at == Some(slot(DAY, 720))), "{found:?}");
    let keys: Vec<String> = found
        .into_iter()
        .filter_map(|one| match one.kind {
            DamageKind::Row(row) if row.table == "records" => Some(row.key),
            _ => None,
        })
        .collect();
    assert_eq!(keys, ["records incident/INC-3"]);
    assert!(reader.take_noted().is_empty() && reader.check().is_ok());
    // It is stored again as if it had never been there.
    writer.write(&everything()).unwrap();
    assert_eq!(reader.records(minutes(DAY, 0, 1_440)).unwrap().len(), 8);
}

#[test]
fn a_part_of_a_damaged_row_that_is_replaced_does_not_heal_it() {
    let (dir, mut writer, reader) = store();
    fill(&mut writer);
    database(&dir).execute("UPDATE cluster_events SET message = 'another' WHERE uid = '0b6a-1'", []).unwrap();
    writer.write(&everything()).unwrap();
    assert_eq!(reader.cluster_events(minutes(DAY, 0, 1_440)).unwrap().len(), 3);
    database(&dir).execute("UPDATE ingested SET end_ms = end_ms + 60000 WHERE indicator = ?1", [id(1).0]).unwrap();
    writer.write(&Batch { ingested: vec![(id(1), minutes(DAY, 91, 92))], ..batch(DAY) }).unwrap();
    assert_eq!(reader.ingested(id(1)).unwrap(), [minutes(DAY, 91, 92)], "nothing is built on a damaged row");
}

#[test]
fn what_can_be_read_of_a_store_with_a_damaged_page_is_copied() {
    let (dir, mut writer, reader) = store();
    fill(&mut writer);
    let state = (0..400).map(|i| (format!("key {i}"), Some("x".repeat(100)))).collect();
    writer.write(&Batch { state, ..batch(DAY) }).unwrap();
    let records = reader.records(minutes(DAY, 0, 1_440)).unwrap();
    drop(reader);
    writer.close().unwrap();
    let page: u32 = database(&dir)
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'state'", [], |row| row.get(0))
        .unwrap();
    let mut bytes = fs::read(path(&dir)).unwrap();
    // The array of cell offsets in the page's head.
    bytes[(page as usize - 1) * 16_384 + 12..][..64].fill(0xff);
    fs::write(path(&dir), bytes).unwrap();

    let (writer, reader) = Store::open(dir.path()).unwrap();
    assert!(damage(&reader).iter().any(|one| matches!(one, DamageKind::File { .. })), "{:?}", damage(&reader));
    assert_eq!(reader.records(minutes(DAY, 0, 1_440)).unwrap(), records);
    assert_eq!(reader.ingested(id(1)).unwrap(), [], "the sources fill what is missing");
    assert!(reader.check().is_ok() && dir.path().join("evenkeel.db-damaged").exists());
    drop((writer, reader));
    let (_writer, reader) = Store::open(dir.path()).unwrap();
    assert_eq!(reader.records(minutes(DAY, 0, 1_440)).unwrap(), records, "once more, without damage");
}

#[test]
fn files_that_are_removed_while_they_are_open_lose_nothing_that_is_acknowledged() {
    for removed in [&["evenkeel.db-wal"][..], &["evenkeel.db"], &["evenkeel.db", "evenkeel.db-wal", "evenkeel.db-shm"]]
    {
        let (dir, mut writer, reader) = store();
        fill(&mut writer);
        for name in removed {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        writer.write(&tiles(1, DAY, vec![tile(DAY, 200, 1)])).unwrap();
        assert_eq!(reader.day(id(1), DAY).unwrap().unwrap().get(200), tile(DAY, 200, 1), "{removed:?}");
        let whole = answers(&reader);
        drop((writer, reader));
        let (_writer, reader) = Store::open(dir.path()).unwrap();
        assert_eq!(answers(&reader), whole, "{removed:?}");
        assert_eq!(damage(&reader), [], "{removed:?}");
    }
}

#[test]
fn a_file_that_takes_the_place_of_the_store_is_noticed_before_anything_is_acknowledged() {
    let (dir, mut writer, reader) = store();
    (0..5).for_each(|_| fill(&mut writer));
    let (other, mut second, _) = store();
    second.write(&batch(DAY)).unwrap();
    second.close().unwrap();
    fs::rename(path(&other), path(&dir)).unwrap();
    let error = writer.write(&batch(DAY)).unwrap_err();
    assert!(matches!(error, StoreError::Replaced { .. }), "{error}");
    assert!(error.to_string().contains("restart"), "{error}");
    drop((writer, reader));
    let (_writer, reader) = Store::open(dir.path()).unwrap();
    assert!(matches!(damage(&reader)[..], [DamageKind::LostCommits { .. }]), "{:?}", damage(&reader));
}

#[test]
fn a_log_that_is_cut_is_reported() {
    let (dir, mut writer, reader) = store();
    writer.write(&everything()).unwrap();
    writer.write(&tiles(1, DAY, vec![tile(DAY, 300, 1)])).unwrap();
    fs::OpenOptions::new().write(true).open(dir.path().join("evenkeel.db-wal")).unwrap().set_len(0).unwrap();
    writer.write(&tiles(1, DAY, vec![tile(DAY, 301, 1)])).unwrap();
    assert!(matches!(damage(&reader)[..], [DamageKind::LostCommits { commits: 1, .. }]), "{:?}", damage(&reader));
    assert_eq!(reader.day(id(1), DAY).unwrap().unwrap().get(301), tile(DAY, 301, 1));
    assert!(reader.check().is_ok());
}

/// A store as the first layout had it, without checksums.
const FORMAT_1: &[u8] = include_bytes!("../../../tests/it/stores/format-1.db.gz");
/// With checksums, without the unseen ends of processes.
const FORMAT_2: &[u8] = include_bytes!("../../../tests/it/stores/format-2.db.gz");

#[test]
fn stores_of_earlier_releases_answer_as_they_did() {
    let (_dir, mut writer, reader) = store();
    // Made before there was this table.
    writer.write(&Batch { opened_incidents: Vec::new(), ..everything() }).unwrap();
    writer.write(&corrected()).unwrap();
    let (expected, hash) = (answers(&reader), reader.content_hash().unwrap());
    for compressed in [FORMAT_1, FORMAT_2] {
        let mut bytes = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(compressed), &mut bytes).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(path(&dir), bytes).unwrap();
        for _ in 0..2 {
            let (writer, reader) = Store::open(dir.path()).unwrap();
            assert_eq!(answers(&reader), expected);
            assert_eq!(reader.content_hash().unwrap(), hash);
            assert_eq!(damage(&reader), []);
            writer.close().unwrap();
        }
        database(&dir).execute("UPDATE silences SET comment = 'other'", []).unwrap();
        let (_writer, reader) = Store::open(dir.path()).unwrap();
        assert_eq!(damage(&reader).len(), 3, "the rows have checksums now");
    }
}

/// As this layout has it.
const FORMAT_3: &[u8] = include_bytes!("../../../tests/it/stores/format-3.db.gz");

/// All that a store may hold today.
fn fill_with_everything(writer: &mut Writer) {
    writer.write(&everything()).unwrap();
    writer.write(&corrected()).unwrap();
    let tail = Tail { ms: 15_000, most_milli: 9_000, events_milli: 4_500, bad_milli: 50 };
    let ended = |minute| Tile { unseen_ms: 15_000, tail, ..tile(DAY + 2, minute, 7) };
    writer.write(&tiles(1, DAY + 2, vec![ended(300), ended(301)])).unwrap();
}

#[test]
fn a_store_of_this_release_answers_as_it_did() {
    let (_dir, mut writer, reader) = store();
    fill_with_everything(&mut writer);
    let mut bytes = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(FORMAT_3), &mut bytes).unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::write(path(&dir), bytes).unwrap();
    let (_writer, kept) = Store::open(dir.path()).unwrap();
    assert_eq!(answers(&kept), answers(&reader));
    assert_eq!(kept.content_hash().unwrap(), reader.content_hash().unwrap());
    assert_eq!(kept.day(id(1), DAY + 2).unwrap(), reader.day(id(1), DAY + 2).unwrap());
    assert_eq!(damage(&kept), []);
}

#[test]
fn a_backup_under_load_is_one_moment_of_the_store() {
    let (dir, mut writer, reader) = store();
    fill(&mut writer);
    let target = tempfile::tempdir().unwrap();
    let mut pairs = 0;
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let load = scope.spawn({
            let stop = &stop;
            move || {
                let mut n = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let some = |key: &str| (key.to_owned(), Some(n.to_string()));
                    writer.write(&Batch { state: vec![some("first"), some("second")], ..batch(DAY) }).unwrap();
                    n += 1;
                }
                writer
            }
        });
        for n in 0..5 {
            let to = target.path().join(format!("{n}.db"));
            Store::back_up(dir.path(), &to).unwrap();
            let restored = tempfile::tempdir().unwrap();
            fs::rename(&to, path(&restored)).unwrap();
            let (_writer, copy) = Store::open(restored.path()).unwrap();
            assert_eq!(copy.state("first").unwrap(), copy.state("second").unwrap(), "half a commit");
            assert_eq!(copy.content_hash().unwrap(), reader.content_hash().unwrap());
            assert_eq!(answers(&copy), answers(&reader), "what did not change");
            pairs += usize::from(copy.state("first").unwrap().is_some());
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        load.join().unwrap().close().unwrap();
    });
    assert!(pairs > 0, "nothing was written meanwhile");
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0, "nothing but the copies was made");
}

#[test]
fn a_damaged_store_gives_no_backup() {
    let (dir, mut writer, _reader) = store();
    fill(&mut writer);
    database(&dir).execute("UPDATE declarations SET author = 'eve'", []).unwrap();
    let to = dir.path().join("backup");
    let error = Store::back_up(dir.path(), &to).unwrap_err();
    assert!(error.to_string().contains("declarations"), "{error}");
    assert!(!to.exists());
}
