//! Tiles of several indicators to those of a composite. Must not know how theirs
//! were counted.

use crate::model::slo::composite::{Combination, Component, Composite};
use crate::model::slo::objectives::Objective;
use crate::model::slo::tile::{DayTiles, EventCounts, PeakRate, SlotState, Tile};
use crate::model::time::{Period, SLOT_MS};

/// Counts of one slice of a weighted mean: whole numbers hold it to a millionth.
const MEAN_SCALE: i64 = 1_000_000;

/// The slots of a day that lie in `period`. `days` are those of the components,
/// in their order. A slot of which nothing is known has a tile, too: it takes the
/// place of what was known before.
pub fn combine(composite: &Composite, days: &[DayTiles], period: Period) -> Vec<Tile> {
    let Some(first) = days.first() else { return Vec::new() };
    let slots = first.iter().enumerate().filter(|(_, tile)| period.contains(tile.start));
    let tiles = slots.map(|(slot, _)| days.iter().map(|day| day.get(slot)).collect::<Vec<Tile>>());
    tiles
        .map(|tiles| match composite.combination {
            Combination::AllOf => all_of(&composite.components, &tiles),
            Combination::Weighted => weighted(&composite.components, &tiles),
        })
        .collect()
}

/// What a slot of a component says of the slice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Reached,
    Missed,
    /// Its interval holds the target.
    Either,
    Idle,
    Unknown,
}

fn word(tile: &Tile, target: Option<Objective>) -> Word {
    let target = target.map_or(1.0, Objective::ratio);
    let (least, most) = shares(tile);
    match tile.state() {
        SlotState::Unknown => Word::Unknown,
        SlotState::Idle => Word::Idle,
        SlotState::Measured if least >= target => Word::Reached,
        SlotState::Measured if most < target => Word::Missed,
        SlotState::Measured => Word::Either,
    }
}

/// The least and the greatest share of good events.
fn shares(tile: &Tile) -> (f64, f64) {
    let EventCounts { good, total, uncertain } = tile.counts;
    let share = |good: i64, total: i64| (good as f64 / total.max(1) as f64).clamp(0.0, 1.0);
    let more = tile.possible.good;
    (share(good - tile.possible.bad, total), share(good + uncertain + more, total + more))
}

fn all_of(components: &[Component], tiles: &[Tile]) -> Tile {
    let words: Vec<Word> = components.iter().zip(tiles).map(|(c, tile)| word(tile, c.target)).collect();
    let start = tiles.first().map(|tile| tile.start).unwrap_or_default();
    let covered_ms = tiles.iter().map(|t| t.covered_ms).min().unwrap_or_default();
    let unseen_ms = tiles.iter().map(|t| t.unseen_ms).max().unwrap_or_default().min(SLOT_MS as u32);
    let known = Tile { start, covered_ms, unseen_ms, ..Tile::default() };
    let slice = |counts| Tile { counts, peak: PeakRate::from_per_second(1_000.0 / SLOT_MS as f64), ..known };
    if words.contains(&Word::Missed) {
        // Whatever the others were, the slice is bad.
        return Tile { covered_ms: SLOT_MS as u32, unseen_ms: 0, ..slice(EventCounts::new(0, 1)) };
    }
    if words.contains(&Word::Unknown) {
        // Where all are unknown, nobody was expected either.
        let expected = words.iter().any(|word| *word != Word::Unknown);
        let unseen_ms = if expected { SLOT_MS as u32 } else { unseen_ms };
        return Tile { covered_ms: 0, unseen_ms, ..slice(EventCounts::ZERO) };
    }
    if words.iter().all(|word| *word == Word::Idle) {
        return known;
    }
    slice(match words.contains(&Word::Either) {
        true => EventCounts { good: 0, total: 1, uncertain: 1 },
        false => EventCounts::new(1, 1),
    })
}

fn weighted(components: &[Component], tiles: &[Tile]) -> Tile {
    let all: f64 = components.iter().map(|c| c.weight).sum();
    let (mut weight, mut least, mut most, mut covered, mut unseen) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (component, tile) in components.iter().zip(tiles) {
        let part = component.weight / all;
        covered += part * f64::from(tile.covered_ms);
        unseen += part * f64::from(tile.unseen_ms).min(SLOT_MS as f64);
        if tile.state() == SlotState::Measured {
            let (lo, hi) = shares(tile);
            weight += part;
            least += part * lo;
            most += part * hi;
        }
    }
    let start = tiles.first().map(|tile| tile.start).unwrap_or_default();
    let tile = Tile { start, covered_ms: covered.round() as u32, unseen_ms: unseen.round() as u32, ..Tile::default() };
    if weight == 0.0 {
        return tile;
    }
    let good = (least / weight * MEAN_SCALE as f64).round() as i64;
    let uncertain = (most / weight * MEAN_SCALE as f64).round() as i64 - good;
    let peak = PeakRate::from_per_second(MEAN_SCALE as f64 * 1_000.0 / SLOT_MS as f64);
    Tile { counts: EventCounts { good, total: MEAN_SCALE, uncertain }, peak, ..tile }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::SliId;
    use crate::model::time::Timestamp;

    /// One slot of two components, each `good/total`, `good+uncertain/total`,
    /// `idle` or `?`, as `good/total`, `idle` or `?`, with ` unseen` where some
    /// time of it is.
    fn check(combination: Combination, slots: [&str; 2], expected: &str) {
        let component = |weight| Component {
            slo: "x".to_owned(),
            indicator: SliId([0; 16]),
            is_estimated: false,
            target: Objective::new(0.9),
            weight,
        };
        let composite = Composite { combination, components: vec![component(3.0), component(1.0)] };
        let day = |text: &str| {
            let mut tile = Tile { covered_ms: 60_000, ..Tile::default() };
            match text.split_once('/') {
                Some((good, total)) => {
                    let (good, uncertain) = good.split_once('+').unwrap_or((good, "0"));
                    let number = |text: &str| text.parse::<i64>().unwrap();
                    tile.counts =
                        EventCounts { good: number(good), total: number(total), uncertain: number(uncertain) };
                }
                None => tile.covered_ms = if text == "idle" { 60_000 } else { 0 },
            }
            let mut day = DayTiles::empty(0);
            day.put(&tile);
            day
        };
        let minute = Period::new(Timestamp::from_millis(0), Timestamp::from_millis(60_000));
        let tiles = combine(&composite, &slots.map(day), minute);
        assert_eq!(tiles.len(), 1);
        let tile = tiles[0];
        let EventCounts { good, total, uncertain } = tile.counts;
        let shown = match tile.state() {
            SlotState::Unknown => "?".to_owned(),
            SlotState::Idle => "idle".to_owned(),
            SlotState::Measured if uncertain > 0 => format!("{good}+{uncertain}/{total}"),
            SlotState::Measured => format!("{good}/{total}"),
        };
        let unseen = if tile.unseen_ms > 0 { " unseen" } else { "" };
        let covered = if tile.covered_ms == 60_000 || tile.covered_ms == 0 {
            String::new()
        } else {
            format!(" covered {}", tile.covered_ms)
        };
        assert_eq!(format!("{shown}{unseen}{covered}"), expected, "{combination:?} {slots:?}");
    }

    #[test]
    fn all_of_them_have_to_reach_their_target() {
        let check = |a, b, expected| check(Combination::AllOf, [a, b], expected);
        check("90/100", "10/10", "1/1");
        check("89/100", "10/10", "0/1");
        check("89/100", "?", "0/1");
        check("90/100", "?", "? unseen");
        check("90/100", "idle", "1/1");
        check("89/100", "idle", "0/1");
        check("idle", "idle", "idle");
        check("idle", "?", "? unseen");
        check("?", "?", "?");
        check("80+15/100", "10/10", "0+1/1");
        check("80+5/100", "10/10", "0/1");
        check("80+15/100", "1/10", "0/1");
    }

    #[test]
    fn a_mean_is_of_those_that_had_events() {
        let check = |a, b, expected| check(Combination::Weighted, [a, b], expected);
        check("1/2", "10/10", "625000/1000000");
        check("1/2", "idle", "500000/1000000");
        check("1/2", "?", "500000/1000000 covered 45000");
        check("idle", "idle", "idle");
        check("?", "?", "?");
        check("1+1/2", "10/10", "625000+375000/1000000");
        // Bad and total may be two metrics that a process updates one after the other.
        check("-1/2", "3/2", "250000/1000000");
    }
}
