//! The tiles of all SLOs as far as the evaluation needs them, kept in step with
//! the store, and judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::app::counting::live::CountedMinute;
use crate::app::runtime::facts::FactStore;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::compliance::{Present, judge, needed_minutes, needed_since, present};
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::exhaustion::exhaustion_hours;
use crate::evaluate::slo::history::History;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::model::ids::SliId;
use crate::model::operations::correction::Correction;
use crate::model::slo::Slo;
use crate::model::slo::tile::{DayTiles, Tile};
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{HOUR_MS, Millis, Period, SLOT_MS, Timestamp, hour_of};
use crate::store::{Reader, StoreError};

/// What is held of one SLO.
struct JudgedWindow {
    slo: Arc<Slo>,
    id: SliId,
    history: History,
    loaded: BTreeSet<i64>,
    /// Hours in which a budget was exhausted, whose minutes are held.
    wanted: BTreeSet<i64>,
    /// The hour for which everything is loaded; `None` when something is not.
    prepared: Option<i64>,
    good_since_start: u64,
    bad_since_start: u64,
    /// By tier: whether the guard held it back when last judged, and how often
    /// that began.
    held_back: BTreeMap<String, (bool, u64)>,
    /// The corrections and the hour that `history` leaves time out by.
    left_out_by: Option<(Arc<Vec<Arc<Correction>>>, i64)>,
    /// Slots before this are in the two counters above.
    counted_until: Timestamp,
}

/// All SLOs.
pub struct Ledger {
    held: Vec<JudgedWindow>,
    facts: FactStore,
}

impl Ledger {
    /// Events are counted from `started_at` for the counters in `/metrics`.
    pub fn new(slos: &[Arc<Slo>], facts: FactStore, started_at: Timestamp) -> Ledger {
        Ledger { held: slos.iter().map(|slo| JudgedWindow::new(slo, started_at)).collect(), facts }
    }

    /// Takes over the SLOs of another generation. One that counts the same keeps what
    /// is held of it; the others are read from the store when they are judged.
    pub fn adopt(&mut self, slos: &[Arc<Slo>], now: Timestamp) {
        let mut known: BTreeMap<String, JudgedWindow> =
            self.held.drain(..).map(|held| (held.slo.name.clone(), held)).collect();
        let hold = |slo: &Arc<Slo>| match known.remove(&slo.name) {
            Some(held) if held.slo == *slo => held,
            Some(held) if held.id == slo.indicator_id() && held.slo.budgeting == slo.budgeting => {
                JudgedWindow { slo: Arc::clone(slo), prepared: None, left_out_by: None, ..held }
            }
            _ => JudgedWindow::new(slo, now),
        };
        self.held = slos.iter().map(hold).collect();
    }

    /// Takes in tiles that have been stored.
    pub fn apply(&mut self, found: &[CountedMinute]) {
        let by_id: BTreeMap<SliId, &CountedMinute> = found.iter().map(|f| (f.id, f)).collect();
        for held in &mut self.held {
            let Some(found) = by_id.get(&held.id) else { continue };
            for tile in &found.tiles {
                let day = tile.start.day();
                if held.loaded.contains(&day) && !held.history.has_minutes(hour_of(tile.start)) {
                    held.unload(day);
                }
            }
            let loaded = |t: &&crate::model::slo::tile::Tile| held.loaded.contains(&t.start.day());
            let tiles: Vec<_> = found.tiles.iter().filter(loaded).copied().collect();
            held.history.put(&tiles);
        }
    }

    /// Forgets days that were stored anew; they are read again when needed.
    pub fn renew(&mut self, days: &BTreeSet<(SliId, i64)>) {
        for held in &mut self.held {
            for (_, day) in days.range((held.id, i64::MIN)..=(held.id, i64::MAX)) {
                held.unload(*day);
                // Its first hour is judged by the rates of the hour before.
                held.unload(*day + 1);
            }
        }
    }

    /// Judges all SLOs at `as_of`. `settled`: slots before it do not change any
    /// more, and may be added to counters.
    pub fn judge(
        &mut self,
        as_of: Timestamp,
        settled: Timestamp,
        corrections: &Arc<Vec<Arc<Correction>>>,
    ) -> Result<Vec<SloJudgement>, StoreError> {
        let mut judged = Vec::with_capacity(self.held.len());
        for held in &mut self.held {
            held.leave_out(corrections, as_of);
            held.load(&self.facts.reader, as_of)?;
            held.add_to_counters(settled);
            let mut now = present(&held.slo, &held.history, as_of);
            held.note_held_back(&mut now.tiers);
            let mut windows = held.judge_windows(as_of, &now);
            if held.want(exhaustion_hours(&windows, &held.history)) {
                held.load(&self.facts.reader, as_of)?;
                windows = held.judge_windows(as_of, &now);
            }
            judged.push(SloJudgement {
                slo: Arc::clone(&held.slo),
                windows,
                good_since_start: held.good_since_start,
                bad_since_start: held.bad_since_start,
                tiers: now.tiers,
            });
        }
        Ok(judged)
    }
}

impl JudgedWindow {
    fn new(slo: &Arc<Slo>, started_at: Timestamp) -> JudgedWindow {
        JudgedWindow {
            slo: Arc::clone(slo),
            id: slo.indicator_id(),
            history: History::new(slo.budgeting),
            loaded: BTreeSet::new(),
            wanted: BTreeSet::new(),
            prepared: None,
            good_since_start: 0,
            bad_since_start: 0,
            held_back: BTreeMap::new(),
            left_out_by: None,
            counted_until: started_at.ceil_slot(),
        }
    }

    fn judge_windows(&self, as_of: Timestamp, now: &Present) -> Vec<SloStatus> {
        self.slo.windows.iter().map(|window| judge(&self.slo, *window, &self.history, as_of, now)).collect()
    }

    /// Wants the minutes of more hours; whether any has to be read.
    fn want(&mut self, hours: BTreeSet<i64>) -> bool {
        if hours.is_empty() {
            return false;
        }
        self.wanted = hours;
        self.prepared = None;
        true
    }

    fn unload(&mut self, day: i64) {
        self.prepared = None;
        if self.loaded.remove(&day) {
            self.history.unload_day(day);
        }
    }

    /// Says anew what is left out, where the corrections or the hour are new.
    fn leave_out(&mut self, corrections: &Arc<Vec<Arc<Correction>>>, as_of: Timestamp) {
        let hour = hour_of(as_of);
        if self.left_out_by.as_ref().is_some_and(|(by, at)| Arc::ptr_eq(by, corrections) && *at == hour) {
            return;
        }
        // Calendar periods run ahead of now, and this stands for an hour.
        let within = Period::new(needed_since(&self.slo, as_of), as_of + Millis::from_hours(2));
        self.history.leave_out(ExcludedTime::of(&self.slo, corrections, within));
        self.prepared = None;
        self.left_out_by = Some((Arc::clone(corrections), hour));
    }

    /// Reads what is needed to judge at `as_of` and is not there. Once an hour:
    /// what the rest of it needs is read then, too.
    fn load(&mut self, reader: &Reader, as_of: Timestamp) -> Result<(), StoreError> {
        let hour = hour_of(as_of);
        if self.prepared == Some(hour) {
            return Ok(());
        }
        let mut needed = needed_minutes(&self.slo, as_of);
        needed.extend(needed_minutes(&self.slo, Timestamp::from_millis((hour + 1) * HOUR_MS - SLOT_MS)));
        needed.extend(&self.wanted);
        let since = needed_since(&self.slo, as_of);
        let edges = self.history.left_out().needed_minutes(since);
        needed.extend(edges.into_iter().filter(|hour| *hour <= hour_of(as_of)));
        for hour in needed.iter().filter(|h| !self.history.has_minutes(**h)) {
            self.loaded.remove(&hour.div_euclid(24));
        }
        let missing: Vec<i64> = (since.day() - 1..=as_of.day()).filter(|day| !self.loaded.contains(day)).collect();
        for run in missing.chunk_by(|a, b| a + 1 == *b) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let mut stored = StoredDays::read(reader, self.id, *first..=*last)?;
            run.iter().for_each(|day| stored.load(&mut self.history, *day, |hour| needed.contains(&hour)));
            self.loaded.extend(run);
        }
        self.history.settle(as_of);
        let oldest = since.day() - 1;
        self.history.trim(|hour| needed.contains(&hour), oldest * 24);
        self.loaded = self.loaded.split_off(&oldest);
        self.prepared = Some(hour);
        Ok(())
    }

    fn note_held_back(&mut self, tiers: &mut [TierStatus]) {
        for status in tiers {
            let (was, times) = self.held_back.entry(status.tier.name.clone()).or_default();
            let is = status.verdict == TierVerdict::HeldBack;
            *times += u64::from(is && !*was);
            *was = is;
            status.held_back = *times;
        }
    }

    fn add_to_counters(&mut self, settled: Timestamp) {
        if settled <= self.counted_until {
            return;
        }
        let sum = self.history.fold(Period::new(self.counted_until, settled));
        self.good_since_start += sum.counts.good.max(0) as u64;
        self.bad_since_start += sum.counts.bad() as u64;
        self.counted_until = settled;
    }
}

/// The history of an SLO over a period, minutes and all, for questions about
/// the past.
pub fn history_of(
    slo: &Slo,
    reader: &Reader,
    period: Period,
    keep: impl Fn(i64) -> bool,
) -> Result<History, StoreError> {
    let id = slo.indicator_id();
    let mut history = History::new(slo.budgeting);
    let first = period.start.day() - 1;
    let mut stored = StoredDays::read(reader, id, first..=period.end.day())?;
    (first..=period.end.day()).for_each(|day| stored.load(&mut history, day, &keep));
    Ok(history)
}

/// Days of an SLI as the store has them, with the one before the first.
struct StoredDays {
    days: std::iter::Peekable<std::vec::IntoIter<DayTiles>>,
    before: Option<DayTiles>,
}

impl StoredDays {
    fn read(reader: &Reader, id: SliId, days: RangeInclusive<i64>) -> Result<StoredDays, StoreError> {
        let period = Period::new(Timestamp::day_start(days.start() - 1), Timestamp::day_start(days.end() + 1));
        let mut days = reader.days(id, period)?.into_iter().peekable();
        let before = days.next_if(|first| Timestamp::day_start(first.day) == period.start);
        Ok(StoredDays { days, before })
    }

    /// Loads the next day, of those that were read in order.
    fn load(&mut self, history: &mut History, day: i64, keep: impl Fn(i64) -> bool) {
        match self.days.next_if(|tiles| tiles.day == day) {
            Some(tiles) => {
                history.load_day(self.before.as_ref(), &tiles, keep);
                self.before = Some(tiles);
            }
            None => history.load_unknown_day(self.before.as_ref(), day, keep),
        }
    }
}

/// Judges one SLO at any past moment from the store alone.
pub fn judge_at(
    slo: &Arc<Slo>,
    window: ComplianceWindow,
    reader: &Reader,
    corrections: &[Arc<Correction>],
    as_of: Timestamp,
) -> Result<SloStatus, StoreError> {
    let mut needed = needed_minutes(slo, as_of);
    let since = needed_since(slo, as_of).min(window.period_at(as_of).start);
    let read = Period::new(since, as_of);
    let left_out = ExcludedTime::of(slo, corrections, read);
    needed.extend(left_out.needed_minutes(since));
    loop {
        let mut history = history_of(slo, reader, read, |hour| needed.contains(&hour))?;
        history.leave_out(left_out.clone());
        let now = present(slo, &history, as_of);
        let status = judge(slo, window, &history, as_of, &now);
        // At most once more: then their minutes are held.
        let hours = exhaustion_hours(std::slice::from_ref(&status), &history);
        if hours.iter().all(|hour| needed.contains(hour)) {
            return Ok(status);
        }
        needed.extend(hours);
    }
}

/// Judges one SLO at any moment from tiles that are not in the store.
pub fn judge_tiles<'t>(
    slo: &Arc<Slo>,
    window: ComplianceWindow,
    tiles: impl IntoIterator<Item = &'t Tile>,
    corrections: &[Arc<Correction>],
    as_of: Timestamp,
) -> (SloStatus, Vec<TierStatus>) {
    let mut days: BTreeMap<i64, DayTiles> = BTreeMap::new();
    for tile in tiles {
        let day = tile.start.day();
        days.entry(day).or_insert_with(|| DayTiles::empty(day)).put(tile);
    }
    let since = needed_since(slo, as_of).min(window.period_at(as_of).start);
    let left_out = ExcludedTime::of(slo, corrections, Period::new(since, as_of));
    let mut needed = needed_minutes(slo, as_of);
    needed.extend(left_out.needed_minutes(since));
    let mut history = History::new(slo.budgeting);
    history.leave_out(left_out);
    let mut before: Option<&DayTiles> = None;
    for day in days.values() {
        history.load_day(before, day, |hour| needed.contains(&hour));
        before = Some(day);
    }
    let now = present(slo, &history, as_of);
    (judge(slo, window, &history, as_of, &now), now.tiers)
}

#[cfg(test)]
mod tests;
