//! Tiles are replaced by key, in any order, sealed or not.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[test]
fn open_tiles_read_back_and_stay_when_sealed() {
    let (_dir, mut writer, reader) = store();
    writer
        .write(&tiles(1, DAY, vec![tile(DAY, 0, 0), tile(DAY, 59, 1), tile(DAY, 60, 2), tile(DAY, 1_439, 3)]))
        .unwrap();
    let open = reader.day(id(1), DAY).unwrap().unwrap();
    assert_eq!(open.get(59), tile(DAY, 59, 1));
    assert_eq!(open.known_slots(), 4);
    assert_eq!(reader.stats().unwrap().open_hours, 3);

    assert_eq!(writer.seal(DAY).unwrap(), 0, "the day itself is not before the day");
    assert_eq!(writer.seal(DAY + 1).unwrap(), 1);
    assert_eq!(reader.day(id(1), DAY).unwrap().unwrap(), open);
    let stats = reader.stats().unwrap();
    assert_eq!((stats.open_hours, stats.blocks, stats.first_day, stats.last_day), (0, 1, Some(DAY), Some(DAY)));
    assert_eq!(reader.day(id(1), DAY + 1).unwrap(), None);
    assert_eq!(reader.day(id(2), DAY).unwrap(), None);
}

#[test]
fn days_gives_those_that_the_period_touches() {
    let (_dir, mut writer, reader) = store();
    let days = (0..4).map(|i| (id(1), whole(DAY + i))).collect();
    writer.write(&Batch { days, ..batch(DAY + 4) }).unwrap();
    writer.write(&tiles(1, DAY + 4, vec![tile(DAY + 4, 10, 0)])).unwrap();
    let numbers = |period| reader.days(id(1), period).unwrap().iter().map(|d| d.day).collect::<Vec<_>>();
    assert_eq!(numbers(Period::new(slot(DAY + 1, 1_439), slot(DAY + 3, 0))), [DAY + 1, DAY + 2]);
    assert_eq!(numbers(Period::new(Timestamp::MIN, Timestamp::MAX)), [DAY, DAY + 1, DAY + 2, DAY + 3, DAY + 4]);
    assert_eq!(numbers(minutes(DAY, 5, 5)), [0_i64; 0]);
    assert_eq!(reader.days(id(1), minutes(DAY, 0, 1)).unwrap(), [whole(DAY)]);
}

#[test]
fn a_whole_day_leaves_slots_that_it_never_wrote() {
    let (_dir, mut writer, reader) = store();
    writer.write(&tiles(1, DAY, vec![tile(DAY, 5, 3)])).unwrap();
    let mut part = DayTiles::empty(DAY);
    part.put(&tile(DAY, 6, 0));
    for now in [DAY, DAY + 1, DAY + 1] {
        writer.write(&Batch { days: vec![(id(1), part.clone())], ..batch(now) }).unwrap();
        let day = reader.day(id(1), DAY).unwrap().unwrap();
        assert_eq!((day.get(5), day.get(6), day.known_slots()), (tile(DAY, 5, 3), tile(DAY, 6, 0), 2));
    }
    assert_eq!(reader.stats().unwrap().blocks, 1, "once the day is over, it is a block");
    assert_eq!(reader.stats().unwrap().open_hours, 0);
}

#[test]
fn an_unknown_tile_replaces_a_known_one() {
    let (_dir, mut writer, reader) = store();
    let unknown = Tile { start: slot(DAY, 5), ..Tile::default() };
    writer.write(&tiles(1, DAY, vec![tile(DAY, 5, 3)])).unwrap();
    writer.write(&tiles(1, DAY, vec![unknown])).unwrap();
    assert_eq!(reader.day(id(1), DAY).unwrap(), None);
    assert_eq!(reader.stats().unwrap().open_hours, 0, "an empty hour is not kept");

    writer.write(&Batch { days: vec![(id(1), whole(DAY))], ..batch(DAY + 1) }).unwrap();
    let all = (0..1_440).map(|minute| Tile { start: slot(DAY, minute), ..Tile::default() }).collect();
    writer.write(&tiles(1, DAY + 1, all)).unwrap();
    assert_eq!(reader.stats().unwrap().blocks, 0, "an empty block is not kept");
    assert_eq!(reader.content_hash().unwrap(), [0; 16]);
}

#[test]
fn a_changed_tile_of_a_sealed_day_is_a_correction() {
    let (dir, mut writer, reader) = store();
    let mut day = whole(DAY);
    day.put(&Tile { start: slot(DAY, 9), ..Tile::default() });
    writer.write(&Batch { days: vec![(id(1), day.clone())], ..batch(DAY + 1) }).unwrap();
    let hash = reader.content_hash().unwrap();

    // The same again, as a day and as tiles, is nothing.
    writer.write(&Batch { days: vec![(id(1), day.clone())], ..batch(DAY + 2) }).unwrap();
    writer.write(&tiles(1, DAY + 2, day.iter().collect())).unwrap();
    assert_eq!(reader.content_hash().unwrap(), hash);
    assert!(reader.corrections(minutes(DAY, 0, 1_440)).unwrap().is_empty());

    // A slot that was unknown is filled; one that was known is corrected.
    let (filled, corrected) = (tile(DAY, 9, 1), tile(DAY, 10, 5));
    let added = reader.added().unwrap();
    writer.write(&tiles(1, DAY + 2, vec![filled, corrected])).unwrap();
    let old = day.get(10);
    assert_eq!(
        reader.corrections(minutes(DAY, 0, 1_440)).unwrap(),
        [crate::store::TileRevision { indicator: id(1), recorded_at: slot(DAY + 2, 720), old, new: corrected }]
    );
    let touched =
        [(0, 10), (10, 11), (11, 20)].map(|(from, to)| reader.is_touched(minutes(DAY, from, to), added).unwrap());
    assert_eq!(touched, [false, true, false]);
    let stored = reader.day(id(1), DAY).unwrap().unwrap();
    assert_eq!((stored.get(9), stored.get(10), stored.get(11)), (filled, corrected, day.get(11)));
    let version: i64 = database(&dir).query_row("SELECT version FROM blocks", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
}

#[test]
fn the_trail_of_corrections_is_bounded() {
    let (_dir, mut writer, reader) = store();
    writer.write(&Batch { days: vec![(id(1), whole(DAY))], ..batch(DAY + 1) }).unwrap();
    writer
        .database()
        .unwrap()
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
             INSERT INTO corrections SELECT i, 0, zeroblob(16), 60000 * i, '[0,0,0,0,0,0]', '[1,1,0,0,0,0]', NULL FROM n",
            [],
        )
        .unwrap();
    writer.write(&tiles(1, DAY + 1, vec![tile(DAY, 1, 500), tile(DAY, 2, 500)])).unwrap();
    assert_eq!(reader.stats().unwrap().corrections, 100_000);
    let oldest = reader.corrections(Period::new(Timestamp::MIN, slot(DAY, 0))).unwrap();
    assert_eq!(oldest[0].new.start.millis(), 3 * 60_000);
    assert_eq!(reader.corrections(minutes(DAY, 0, 1_440)).unwrap().len(), 2);
}

#[test]
fn periods_that_touch_become_one() {
    let (_dir, mut writer, reader) = store();
    let mut add = |from, to| {
        writer.write(&Batch { ingested: vec![(id(1), minutes(DAY, from, to))], ..batch(DAY) }).unwrap();
        reader.ingested(id(1)).unwrap()
    };
    assert_eq!(add(10, 20), [minutes(DAY, 10, 20)]);
    assert_eq!(add(12, 18), [minutes(DAY, 10, 20)]);
    assert_eq!(add(30, 40), [minutes(DAY, 10, 20), minutes(DAY, 30, 40)]);
    assert_eq!(add(20, 25), [minutes(DAY, 10, 25), minutes(DAY, 30, 40)]);
    assert_eq!(add(7, 7), [minutes(DAY, 10, 25), minutes(DAY, 30, 40)]);
    assert_eq!(add(5, 30), [minutes(DAY, 5, 40)]);
    assert!(reader.ingested(id(2)).unwrap().is_empty());

    // A day that is dropped is fetched again.
    writer
        .write(&Batch { ingested: vec![(id(1), Period::new(slot(DAY - 1, 100), slot(DAY + 2, 0)))], ..batch(DAY) })
        .unwrap();
    writer.drop_day(id(1), DAY).unwrap();
    assert_eq!(
        reader.ingested(id(1)).unwrap(),
        [Period::new(slot(DAY - 1, 100), slot(DAY, 0)), Period::new(slot(DAY + 1, 0), slot(DAY + 2, 0))]
    );
}

#[test]
fn what_is_over_expires() {
    let (_dir, mut writer, reader) = store();
    let days = (0..3).map(|i| (id(1), whole(DAY + i))).collect();
    let fetched = Period::new(slot(DAY, 0), slot(DAY + 3, 0));
    writer.write(&Batch { days, ingested: vec![(id(1), fetched)], ..batch(DAY + 3) }).unwrap();
    writer.write(&tiles(1, DAY + 3, vec![tile(DAY + 3, 1, 0)])).unwrap();
    writer.write(&tiles(2, DAY, vec![tile(DAY, 1, 0)])).unwrap();
    writer.expire(DAY + 2).unwrap();
    assert_eq!(reader.days(id(1), Period::new(Timestamp::MIN, Timestamp::MAX)).unwrap().len(), 2);
    assert_eq!(reader.day(id(2), DAY).unwrap(), None);
    assert_eq!(reader.ingested(id(1)).unwrap(), [Period::new(slot(DAY + 2, 0), slot(DAY + 3, 0))]);
    assert_eq!(reader.stats().unwrap().first_day, Some(DAY + 2));
}

/// One thing that may happen to the store; the tiles of a slot are always the
/// same, as they are a function of what was observed.
#[derive(Clone, Debug)]
enum Step {
    Minutes(u8, i64, i64, i64),
    Day(u8, i64),
    Seal(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_u8, 0..3_i64, 0..1_440_i64, 1..200_i64).prop_map(|(i, day, from, n)| Step::Minutes(i, day, from, n)),
        2 => (0..3_u8, 0..3_i64).prop_map(|(i, day)| Step::Day(i, day)),
        1 => (0..4_i64).prop_map(Step::Seal),
    ]
}

fn observed(number: u8, day: i64, minute: i64) -> Tile {
    Tile { peak: PeakRate(number), ..tile(DAY + day, minute, i64::from(number)) }
}

fn apply(writer: &mut Writer, step: &Step, now: i64) {
    match *step {
        Step::Minutes(number, day, from, n) => {
            let slots = (from..(from + n).min(1_440)).map(|minute| observed(number, day, minute)).collect();
            writer.write(&tiles(number, now, slots)).unwrap();
        }
        Step::Day(number, day) => {
            let mut whole = DayTiles::empty(DAY + day);
            (0..1_440).for_each(|minute| whole.put(&observed(number, day, minute)));
            writer.write(&Batch { days: vec![(id(number), whole)], ..batch(now) }).unwrap();
        }
        Step::Seal(day) => drop(writer.seal(DAY + day).unwrap()),
    }
}

/// The plainest store there is.
fn expected(steps: &[Step]) -> BTreeMap<(u8, i64), Vec<Tile>> {
    let mut all: BTreeMap<(u8, i64), BTreeMap<i64, Tile>> = BTreeMap::new();
    for step in steps {
        let (number, day, slots) = match *step {
            Step::Minutes(number, day, from, n) => (number, day, from..(from + n).min(1_440)),
            Step::Day(number, day) => (number, day, 0..1_440),
            Step::Seal(_) => continue,
        };
        all.entry((number, day)).or_default().extend(slots.map(|m| (m, observed(number, day, m))));
    }
    all.into_iter().map(|(key, tiles)| (key, tiles.into_values().collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_order_any_repetition_and_any_sealing_give_the_same_content(
        steps in proptest::collection::vec(step(), 1..12),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..24),
    ) {
        let (_dir, mut writer, reader) = store();
        steps.iter().for_each(|s| apply(&mut writer, s, DAY + 1));
        // All of them once more in another order, some twice, seen a day later.
        let (_dir, mut other, other_reader) = store();
        order.iter().for_each(|i| apply(&mut other, i.get(&steps), DAY));
        steps.iter().rev().for_each(|s| apply(&mut other, s, DAY + 2));

        prop_assert_eq!(reader.content_hash().unwrap(), other_reader.content_hash().unwrap());
        prop_assert_eq!(reader.stats().unwrap().corrections + other_reader.stats().unwrap().corrections, 0);
        let expected = expected(&steps);
        for (number, day) in (0..3).flat_map(|i| (0..3).map(move |d| (i, d))) {
            let stored = other_reader.day(id(number), DAY + day).unwrap();
            let held: Vec<Tile> = stored.iter().flat_map(|d| d.iter().filter(|t| t.covered_ms > 0)).collect();
            prop_assert_eq!(held, expected.get(&(number, day)).cloned().unwrap_or_default());
        }
        other.seal(DAY + 9).unwrap();
        prop_assert_eq!(reader.content_hash().unwrap(), other_reader.content_hash().unwrap());
    }
}
