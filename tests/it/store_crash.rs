//! The store is killed at random moments, and refused the right to write: what
//! it acknowledged is there afterwards, and nothing is there by halves.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use evenkeel::model::ids::SliId;
use evenkeel::model::slo::tile::{DayTiles, EventCounts, PeakRate, Tile};
use evenkeel::model::time::{DAY_MS, Millis, Period, SLOTS_PER_DAY, Timestamp};
use evenkeel::store::{Batch, Reader, Store, StoreError, Writer};

/// Names the directory in which a child of these tests works.
const CHILD_DIR: &str = "EVENKEEL_TEST_STORE_DIR";

const KILLS: u32 = 120;
const FIRST_DAY: i64 = 20_000;
const SLOTS_PER_BATCH: i64 = 180;
const BATCHES_PER_DAY: i64 = SLOTS_PER_DAY as i64 / SLOTS_PER_BATCH;
/// Written minute by minute, and sealed when a day is over.
const LIVE: [SliId; 3] = [SliId([1; 16]), SliId([2; 16]), SliId([3; 16])];
/// Written as whole days.
const BACKFILLED: SliId = SliId([4; 16]);

#[expect(clippy::disallowed_methods, reason = "a child of these tests is told its directory this way")]
fn child_dir() -> Option<PathBuf> {
    std::env::var_os(CHILD_DIR).map(PathBuf::from)
}

/// Past the test harness, which would keep the lines of a child to itself.
fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged() {
    if let Some(dir) = child_dir() {
        write_until_killed(&dir);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut acknowledged = 0;
    let mut opened = Vec::new();
    for kill in 0..KILLS {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let last = kill_after(dir.path(), Duration::from_micros(seed % 60_000));
        acknowledged = last.unwrap_or(acknowledged);

        let before = Instant::now();
        let (writer, reader) = Store::open(dir.path()).unwrap();
        let stored = written(&reader);
        opened.push(before.elapsed());
        assert!(
            (acknowledged..=acknowledged + 1).contains(&stored),
            "kill {kill}: {acknowledged} acknowledged, {stored} stored"
        );
        // The last days each time, everything now and then.
        let days = if kill % 20 == 19 { i64::MAX } else { 2 };
        check_content(&reader, stored, days);
        drop(writer);
    }
    opened.sort();
    let (median, slowest) = (opened[opened.len() / 2], opened[opened.len() - 1]);
    say(&format!(
        "{KILLS} kills, {acknowledged} batches acknowledged; open and first query: median {median:?}, slowest {slowest:?}"
    ));
    assert!(acknowledged > i64::from(KILLS), "{acknowledged} batches are too few to say anything");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

/// Starts a child, kills it a while after its first acknowledgement, and gives
/// the last one.
fn kill_after(dir: &Path, pause: Duration) -> Option<i64> {
    let test = "store_crash::a_kill_at_any_moment_loses_nothing_that_was_acknowledged";
    let mut child = child(&std::env::current_exe().unwrap(), test, dir).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut numbers = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("stored ")?.parse().ok());
    let first = numbers.next();
    std::thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    numbers.last().or(first)
}

fn child(program: &Path, test: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(CHILD_DIR, dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn write_until_killed(dir: &Path) -> ! {
    let (mut writer, reader) = Store::open(dir).unwrap();
    let mut next = written(&reader);
    say("");
    loop {
        write_batch(&mut writer, next);
        next += 1;
        say(&format!("stored {next}"));
        if next % BATCHES_PER_DAY == 0 {
            writer.seal(FIRST_DAY + next / BATCHES_PER_DAY - 1).unwrap();
        }
    }
}

fn write_batch(writer: &mut Writer, number: i64) {
    let period = period_of(number);
    let slots = |id| (0..SLOTS_PER_BATCH).map(|i| tile(id, period.start + Millis::from_mins(i))).collect();
    let yesterday = period.start.day() - 1;
    let days = if number % BATCHES_PER_DAY == 2 { vec![(BACKFILLED, whole(yesterday))] } else { Vec::new() };
    let batch = Batch {
        tiles: LIVE.iter().map(|id| (*id, slots(*id))).collect(),
        days,
        ingested: LIVE.iter().map(|id| (*id, period)).collect(),
        state: vec![("written".to_owned(), Some((number + 1).to_string()))],
        recorded_at: period.end,
        ..Batch::default()
    };
    writer.write(&batch).unwrap();
}

fn written(reader: &Reader) -> i64 {
    reader.state("written").unwrap().map_or(0, |text| text.parse().unwrap())
}

fn period_of(number: i64) -> Period {
    let start = Timestamp::day_start(FIRST_DAY) + Millis::from_mins(number * SLOTS_PER_BATCH);
    Period::new(start, start + Millis::from_mins(SLOTS_PER_BATCH))
}

/// A function of indicator and slot alone, as in the daemon.
fn tile(id: SliId, start: Timestamp) -> Tile {
    let minute = start.millis() / 60_000;
    let total = 100 + minute % 37 * i64::from(id.0[0]);
    let counts = EventCounts::new(total - minute % 11 / 10, total);
    Tile { start, counts, covered_ms: 60_000, peak: PeakRate(70 + (minute % 3) as u8), ..Tile::default() }
}

fn whole(day: i64) -> DayTiles {
    let mut tiles = DayTiles::empty(day);
    (0..SLOTS_PER_DAY as i64)
        .for_each(|i| tiles.put(&tile(BACKFILLED, Timestamp::day_start(day) + Millis::from_mins(i))));
    tiles
}

/// The last `days` days hold exactly the tiles of the first `batches` batches.
fn check_content(reader: &Reader, batches: i64, days: i64) {
    let end = period_of(batches).start;
    let start = Timestamp::day_start(FIRST_DAY);
    let from = start.max(end - Millis(days.saturating_mul(DAY_MS)));
    for id in LIVE {
        let fetched = reader.ingested(id).unwrap();
        assert_eq!(fetched, if batches > 0 { vec![Period::new(start, end)] } else { vec![] });
        for day in from.day()..=end.day() {
            let mut expected = DayTiles::empty(day);
            let slots = (0..SLOTS_PER_DAY as i64).map(|i| Timestamp::day_start(day) + Millis::from_mins(i));
            slots.filter(|slot| (start..end).contains(slot)).for_each(|slot| expected.put(&tile(id, slot)));
            let stored = reader.day(id, day).unwrap().unwrap_or_else(|| DayTiles::empty(day));
            assert!(stored == expected, "{id} on day {day} after {batches} batches");
        }
    }
    let backfilled: Vec<i64> =
        (0..batches).filter(|n| n % BATCHES_PER_DAY == 2).map(|n| period_of(n).start.day() - 1).collect();
    for day in backfilled.iter().rev().take(usize::try_from(days).unwrap_or(usize::MAX)) {
        assert_eq!(reader.day(BACKFILLED, *day).unwrap(), Some(whole(*day)));
    }
    assert_eq!(reader.day(BACKFILLED, end.day()).unwrap(), None);
}

#[test]
fn a_directory_that_may_not_be_written_is_named() {
    if let Some(dir) = child_dir() {
        let error = Store::open(&dir).err().unwrap();
        say(&format!("\nanswer {} {error}", matches!(error, StoreError::ReadOnly { .. })));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (writer, _) = Store::open(dir.path()).unwrap();
    writer.close().unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let test = "store_crash::a_directory_that_may_not_be_written_is_named";
    let mut program = std::env::current_exe().unwrap();
    // Root may write everywhere, so the child is somebody else then, who may
    // not look into the directory of the build.
    let is_root = fs::write(dir.path().join("probe"), "").is_ok();
    let open_to_all = tempfile::tempdir().unwrap();
    if is_root {
        fs::set_permissions(open_to_all.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = open_to_all.path().join("it");
        fs::copy(&program, &copy).unwrap();
        program = copy;
    }
    let mut child = child(&program, test, dir.path());
    if is_root {
        child.uid(65_534).gid(65_534);
    }
    let output = child.output().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().find_map(|line| line.strip_prefix("answer true ")).unwrap_or_else(|| panic!("{text}"));
    assert!(answer.contains(&dir.path().display().to_string()), "{answer}");
}
