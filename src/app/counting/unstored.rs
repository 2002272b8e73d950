//! Counted minutes that the store has not accepted yet. They are stored with the
//! next round, so that a full disk costs nothing that was counted meanwhile.

use super::backfill::Holes;
use super::live::CountedMinute;

/// Tiles that are held at most, about 30 MB; older ones are counted again by the
/// backfill.
const TILES_MAX: usize = 500_000;

#[derive(Default)]
pub struct Unstored(Vec<CountedMinute>);

impl Unstored {
    pub fn add(&mut self, found: &[CountedMinute], holes: &Holes) {
        self.0.extend(found.iter().cloned());
        let mut held: usize = self.0.iter().map(|one| one.tiles.len()).sum();
        let mut dropped = 0;
        for one in &self.0 {
            if held <= TILES_MAX {
                break;
            }
            held -= one.tiles.len();
            dropped += 1;
            holes.push(one.id, one.counted);
        }
        self.0.drain(..dropped);
    }

    pub fn all(&self) -> &[CountedMinute] {
        &self.0
    }

    /// They are stored.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::SliId;
    use crate::model::slo::tile::Tile;
    use crate::model::time::{Millis, Period, Timestamp};

    #[test]
    fn more_than_fits_is_left_to_the_backfill_the_oldest_first() {
        let (mut unstored, holes) = (Unstored::default(), Holes::default());
        let minutes = |first: i64| {
            let start = Timestamp::from_millis(first * 60_000);
            let counted = Period::new(start, start + Millis::from_mins(TILES_MAX as i64 / 2));
            let tile = |n: i64| Tile { start: start + Millis::from_mins(n), ..Tile::default() };
            let tiles = (0..TILES_MAX as i64 / 2).map(tile).collect();
            CountedMinute { id: SliId([1; 16]), tiles, counted, findings: Vec::new() }
        };
        let all = [minutes(0), minutes(1_000_000), minutes(2_000_000)];
        unstored.add(&all[..2], &holes);
        assert_eq!((unstored.all().len(), holes.take_of(|_| true)), (2, Vec::new()));
        unstored.add(&all[2..], &holes);
        assert_eq!(unstored.all().iter().map(|one| one.counted).collect::<Vec<_>>(), [all[1].counted, all[2].counted]);
        assert_eq!(holes.take_of(|_| true), [(SliId([1; 16]), all[0].counted)]);
    }
}
