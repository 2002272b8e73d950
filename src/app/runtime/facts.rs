//! The store as the loops use it: one writer, called on blocking threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::clock_guard::{SET_BACK_MIN, read_again_from};
use crate::model::ids::SliId;
use crate::model::time::Timestamp;
use crate::publish::answers::StoreFault;
use crate::store::{Batch, Reader, Store, StoreDamage, StoreError, Writer};

/// Shared by all loops.
#[derive(Clone)]
pub struct FactStore {
    writer: Arc<Mutex<Option<Writer>>>,
    pub reader: Reader,
    last_error: Arc<Mutex<Option<String>>>,
    /// Why nothing can be written, while it is so.
    unwritable: Arc<Mutex<Option<StoreFault>>>,
}

impl FactStore {
    pub fn open(dir: &Path) -> Result<FactStore, StoreError> {
        let (writer, reader) = Store::open(dir)?;
        let unwritable = writer.unwritable().map(store_fault);
        Ok(FactStore {
            writer: Arc::new(Mutex::new(Some(writer))),
            reader,
            last_error: Arc::new(Mutex::new(unwritable.as_ref().map(ToString::to_string))),
            unwritable: Arc::new(Mutex::new(unwritable)),
        })
    }

    /// Why nothing can be written, while it is so.
    pub fn unwritable(&self) -> Option<StoreFault> {
        self.unwritable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stores a batch. A damaged day in its way is dropped, to be fetched again,
    /// and the batch is tried again.
    pub async fn write(&self, batch: Batch) -> anyhow::Result<()> {
        self.with_writer(move |writer| without_damage(writer, |writer| writer.write(&batch))).await
    }

    pub async fn drop_day(&self, indicator: SliId, day: i64) -> anyhow::Result<()> {
        self.with_writer(move |writer| writer.drop_day(indicator, day)).await
    }

    /// Reads on a thread that may wait.
    pub async fn read<T: Send + 'static>(&self, read: impl FnOnce(&Reader) -> T + Send + 'static) -> anyhow::Result<T> {
        let reader = self.reader.clone();
        Ok(tokio::task::spawn_blocking(move || read(&reader)).await?)
    }

    /// Looks through the whole file for damage, next to the daily work. Damaged days are
    /// dropped, to be fetched again; other damage is repaired by the next start.
    pub async fn check(&self) -> anyhow::Result<()> {
        for _ in 0..DROPPED_DAYS_MAX {
            match self.read(Reader::check).await? {
                Err(StoreError::CorruptTiles { indicator, day, .. }) => self.drop_day(indicator, day).await?,
                Err(error @ StoreError::CorruptStore { .. }) => {
                    self.with_writer(Writer::suspect).await?;
                    return Err(error.into());
                }
                checked => return Ok(checked?),
            }
        }
        anyhow::bail!("more than {DROPPED_DAYS_MAX} days are damaged; the rest is looked at tomorrow")
    }

    /// Packs finished days and forgets what is too old. A damaged day is dropped
    /// as in `write`, so that it does not keep the others from being packed.
    pub async fn tidy(&self, seal_before: i64, expire_before: i64) -> anyhow::Result<()> {
        self.with_writer(move |writer| {
            without_damage(writer, |writer| writer.seal(seal_before))?;
            writer.expire(expire_before)
        })
        .await
    }

    /// The newest UTC day that has any measurement.
    pub async fn newest_day(&self) -> anyhow::Result<Option<i64>> {
        Ok(self.read(Reader::newest_day).await??)
    }

    /// Forgets that anything was fetched which lies ahead of `now`, with all that
    /// may have been noted meanwhile: the clock was ahead and has been set back.
    /// Whether there was any.
    pub async fn forget_fetched_ahead(&self, now: Timestamp) -> anyhow::Result<bool> {
        let found = self.read(|reader| Ok::<_, StoreError>((reader.fetched_until()?, reader.newest_day()?)));
        let (until, newest_day) = found.await??;
        if until.is_none_or(|until| until - now <= SET_BACK_MIN) {
            return Ok(false);
        }
        let from = read_again_from(now, newest_day);
        self.with_writer(move |writer| writer.forget_fetched(from)).await?;
        Ok(true)
    }

    /// Copies the log into the database, as far as readers allow.
    pub async fn checkpoint(&self) -> anyhow::Result<()> {
        // It may have nothing to do, so that its success says nothing of writing.
        self.on_writer(Writer::checkpoint).await
    }

    /// Tries whether anything can be written.
    pub async fn probe(&self) -> anyhow::Result<()> {
        self.with_writer(Writer::probe).await
    }

    /// What was found damaged or missing since.
    pub async fn found(&self, since: Timestamp) -> anyhow::Result<Vec<StoreDamage>> {
        Ok(self.read(move |reader| reader.damage(since)).await??)
    }

    /// Sets aside the damaged rows that readers met, and says of new damage when it
    /// was found. Gives what was found since.
    pub async fn tend(&self, now: Timestamp, since: Timestamp) -> anyhow::Result<Vec<StoreDamage>> {
        let noted = self.reader.take_noted();
        let found = self.found(since).await?;
        if noted.is_empty() && found.iter().all(|one| one.found_at.is_some()) {
            return Ok(found);
        }
        self.with_writer(move |writer| writer.repair(now)).await?;
        self.found(since).await
    }

    /// An orderly end.
    pub async fn close(&self) -> anyhow::Result<()> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        match writer {
            Some(writer) => Ok(tokio::task::spawn_blocking(move || writer.close()).await??),
            None => Ok(()),
        }
    }

    async fn with_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let result = self.on_writer(work).await;
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) =
            result.as_ref().err().map(|e: &anyhow::Error| format!("{e:#}"));
        let store_error = result.as_ref().err().and_then(|error| error.downcast_ref::<StoreError>());
        *self.unwritable.lock().unwrap_or_else(PoisonError::into_inner) = store_error
            .filter(|error| error.may_pass() || matches!(error, StoreError::Replaced { .. }))
            .map(store_fault);
        result
    }

    async fn on_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let writer = Arc::clone(&self.writer);
        tokio::task::spawn_blocking(move || {
            let mut guard = writer.lock().unwrap_or_else(PoisonError::into_inner);
            let writer = guard.as_mut().ok_or_else(|| anyhow::anyhow!("the store is closed"))?;
            work(writer).map_err(anyhow::Error::from)
        })
        .await?
    }
}

/// Why something is not stored, for whoever sent it.
pub fn fault(error: &anyhow::Error) -> StoreFault {
    error
        .downcast_ref::<StoreError>()
        .map_or_else(|| StoreFault { cause: format!("{error:#}"), is_full: false }, store_fault)
}

fn store_fault(error: &StoreError) -> StoreFault {
    StoreFault { cause: error.to_string(), is_full: matches!(error, StoreError::Full { .. }) }
}

/// Days that are dropped in one go. More damage than this is no accident of a
/// few pages, and the error should be seen.
const DROPPED_DAYS_MAX: usize = 100;

/// Works again after each damaged day that was in the way is dropped.
fn without_damage<T>(
    writer: &mut Writer,
    mut work: impl FnMut(&mut Writer) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    for _ in 0..DROPPED_DAYS_MAX {
        match work(writer) {
            Err(StoreError::CorruptTiles { indicator, day, reason }) => {
                tracing::error!(%indicator, day, reason, "stored tiles are damaged; the day is dropped and fetched again");
                writer.drop_day(indicator, day)?;
            }
            other => return other,
        }
    }
    work(writer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::tile::{EventCounts, PeakRate, Tile};
    use crate::model::time::{Millis, Timestamp};

    fn minutes(day: i64) -> Vec<Tile> {
        let tile = |minute| Tile {
            start: Timestamp::day_start(day) + Millis::from_mins(minute),
            counts: EventCounts::new(99, 100),
            covered_ms: 60_000,
            peak: PeakRate(80),
            ..Tile::default()
        };
        (0..180).map(tile).collect()
    }

    /// A day was fetched; then the clock was three days ahead for a while, and an
    /// empty stretch up to then was noted as fetched.
    #[tokio::test]
    async fn what_was_noted_as_fetched_while_the_clock_was_ahead_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let id = SliId([1; 16]);
        let noon = Timestamp::day_start(20_635) + Millis::from_hours(12);
        let fetched = |start, end| vec![(id, crate::model::time::Period::new(start, end))];
        let right = Batch {
            tiles: vec![(id, minutes(20_635))],
            ingested: fetched(Timestamp::day_start(20_630), noon),
            recorded_at: noon,
            ..Batch::default()
        };
        facts.write(right).await.unwrap();
        assert!(!facts.forget_fetched_ahead(noon).await.unwrap());
        assert!(!facts.forget_fetched_ahead(noon - Millis::from_secs(90)).await.unwrap(), "a step of NTP");

        let ahead = Batch { ingested: fetched(noon, noon + Millis::from_days(3)), ..Batch::default() };
        facts.write(ahead).await.unwrap();
        assert!(facts.forget_fetched_ahead(noon + Millis::from_mins(10)).await.unwrap());
        assert_eq!(
            facts.reader.ingested(id).unwrap(),
            [fetched(Timestamp::day_start(20_630), Timestamp::day_start(20_634))[0].1]
        );
        assert_eq!(facts.newest_day().await.unwrap(), Some(20_635), "the tiles stay");
    }

    #[tokio::test]
    async fn after_a_checkpoint_a_lost_log_costs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let id = SliId([1; 16]);
        let tiles = vec![(id, minutes(20_635))];
        facts.write(Batch { tiles, recorded_at: Timestamp::day_start(20_635), ..Batch::default() }).await.unwrap();
        let copy = |name: &str| {
            let other = dir.path().join(name);
            std::fs::create_dir(&other).unwrap();
            std::fs::copy(dir.path().join("evenkeel.db"), other.join("evenkeel.db")).unwrap();
            FactStore::open(&other).unwrap()
        };
        assert_eq!(copy("before").newest_day().await.unwrap(), None, "everything is in the log still");
        facts.checkpoint().await.unwrap();
        assert_eq!(copy("after").newest_day().await.unwrap(), Some(20_635));
    }

    #[tokio::test]
    async fn a_damaged_day_does_not_keep_the_others_from_being_packed() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let ids = [1, 2, 3].map(|n| SliId([n; 16]));
        for id in ids {
            let tiles = vec![(id, minutes(20_635))];
            facts.write(Batch { tiles, recorded_at: Timestamp::day_start(20_635), ..Batch::default() }).await.unwrap();
        }
        let database = rusqlite::Connection::open(dir.path().join("evenkeel.db")).unwrap();
        let damage = "UPDATE open_tiles SET payload = x'00ff' WHERE indicator IN (?1, ?2)";
        assert_eq!(database.execute(damage, [ids[0].0, ids[1].0]).unwrap(), 6);
        facts.tidy(20_636, 0).await.unwrap();
        assert_eq!(facts.reader.stats().unwrap().open_hours, 0);
        let days = ids.map(|id| facts.reader.day(id, 20_635).unwrap());
        assert_eq!(days[0], None);
        assert_eq!(days[1], None);
        let events = |day: &crate::model::slo::tile::DayTiles| day.iter().map(|tile| tile.counts.total).sum::<i64>();
        assert_eq!(days[2].as_ref().map(events), Some(18_000));
        assert_eq!(facts.last_error(), None);
    }
}
