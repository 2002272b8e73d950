//! The one writer: every call is one transaction, or several that each leave
//! the store whole. What returned `Ok` survives a kill and a loss of power.
//! Must not know what the facts mean.

use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::backup;
use super::error::StoreError;
use super::layout::{self, WAL_BYTES_MAX};
use super::lock::DirLock;
use super::open::open_writer;
use super::pool::Pool;
use crate::model::ids::{IncidentId, SliId};
use crate::model::operations::alert::{Alert, AlertId};
use crate::model::operations::change::{Change, ClusterEvent};
use crate::model::operations::incident::PublishedIncident;
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::record::{Record, TimeOverride};
use crate::model::operations::restatement::PublishedMonth;
use crate::model::operations::rule::LoadedRule;
use crate::model::operations::silence::Silence;
use crate::model::slo::tile::{DayTiles, Tile};
use crate::model::time::{Period, Timestamp};
use crate::store::integrity::commits::{CommitFile, Commits};
use crate::store::integrity::damage::{self, DamageKind, DamagedRow};
use crate::store::integrity::files::{OpenFiles, Tampering};
use crate::store::integrity::repair;
use crate::store::tables::declarations;
use crate::store::tables::declarations::Declaration;
use crate::store::tables::facts;
use crate::store::tables::facts::Definition;
use crate::store::tables::groups;
use crate::store::tables::groups::SeenGroups;
use crate::store::tables::objective_history;
use crate::store::tables::objective_history::ObjectiveChange;
use crate::store::tables::records;
use crate::store::tables::records::UsedSignature;
use crate::store::tables::{ingested, inhibitions, opened_incidents, published, published_incidents, rules, silences};
use crate::store::tiles;
use crate::store::tiles::TileWriter;
use crate::store::tiles::rows;

/// Indicators that are sealed, and blocks that are expired, in one transaction:
/// a few megabytes of log, and a commit that does not keep a batch waiting.
const SEAL_CHUNK: usize = 500;
const EXPIRE_CHUNK: usize = 5_000;

/// Facts that belong together: all of them are stored, or none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Single tiles; each replaces the stored one, also by an unknown one.
    pub tiles: Vec<(SliId, Vec<Tile>)>,
    /// Whole days, the cheap way to backfill. A slot that was never written in
    /// one leaves the stored tile as it is.
    pub days: Vec<(SliId, DayTiles)>,
    /// What was fetched; with tiles of the same batch or without any.
    pub ingested: Vec<(SliId, Period)>,
    /// The last version of an alert stands.
    pub alerts: Vec<Alert>,
    /// Alerts that turned out to be parts of others; removed after `alerts` are
    /// stored.
    pub gone_alerts: Vec<AlertId>,
    /// The last version of a silence stands.
    pub silences: Vec<Silence>,
    /// One that is seen again lasts longer.
    pub inhibitions: Vec<Inhibition>,
    /// What was told first stands.
    pub records: Vec<Record>,
    /// Signatures that must not be used again.
    pub used_signatures: Vec<UsedSignature>,
    /// Added to the trail of the times that people set.
    pub time_overrides: Vec<TimeOverride>,
    /// Ids under which incidents were shown.
    pub published_incidents: Vec<PublishedIncident>,
    /// Incidents that are counted as opened from now on, with their services.
    pub opened_incidents: Vec<(IncidentId, String)>,
    /// What was said of a month first stands.
    pub published_months: Vec<PublishedMonth>,
    /// Groups that are known stay as they are.
    pub groups: Vec<SeenGroups>,
    /// A rule that is known is seen again.
    pub alert_rules: Vec<LoadedRule>,
    /// The last version of a change stands.
    pub changes: Vec<Change>,
    /// The largest count of a uid stands.
    pub cluster_events: Vec<ClusterEvent>,
    /// State of burn alerts by key, as JSON; `None` forgets it.
    pub burn_alerts: Vec<(String, Option<String>)>,
    /// The first sight of a definition stands.
    pub definitions: Vec<Definition>,
    /// What SLOs promise; one that promised the same before is not noted again.
    pub promises: Vec<ObjectiveChange>,
    /// Small texts by key; `None` forgets one.
    pub state: Vec<(String, Option<String>)>,
    /// Added to the trail of what people declared.
    pub declarations: Vec<Declaration>,
    /// Whether the tiles were pushed.
    pub has_pushed_tiles: bool,
    /// When this was learned: stands beside corrections and states, and whole
    /// days before it go straight to their blocks.
    pub recorded_at: Timestamp,
}

impl Batch {
    /// Whether it holds what people or tools sent: no source can give it again.
    fn is_pushed(&self) -> bool {
        self.has_pushed_tiles
            || !self.records.is_empty()
            || !self.time_overrides.is_empty()
            || !self.declarations.is_empty()
    }
}

/// How tiles are named in the list of damage.
const TILES: &str = "tiles";

/// Writes to the store; there is one for a data directory.
pub struct Writer {
    /// `None` after a failure, until the next call opens a new one.
    db: Option<Connection>,
    /// Why it cannot be opened for writing.
    unwritable: Option<StoreError>,
    commits: Commits,
    commit_file: CommitFile,
    files: OpenFiles,
    pool: Arc<Pool>,
    _lock: DirLock,
}

impl Writer {
    /// A writer of a store that is open, or that could not be opened for the reason
    /// given.
    pub(crate) fn new(opened: Result<(Connection, Commits), StoreError>, pool: Arc<Pool>, lock: DirLock) -> Writer {
        let (db, commits, unwritable) = match opened {
            Ok((db, commits)) => (Some(db), commits, None),
            Err(error) => (None, Commits::default(), Some(error)),
        };
        let commit_file = CommitFile::open(pool.path().parent().unwrap_or(Path::new(".")));
        let files = OpenFiles::now(pool.path());
        Writer { db, unwritable, commits, commit_file, files, pool, _lock: lock }
    }

    /// Why nothing can be written since the start.
    pub fn unwritable(&self) -> Option<&StoreError> {
        self.unwritable.as_ref()
    }

    /// Stores a batch in one transaction. After an error nothing of it is
    /// stored, and the same batch can be written again.
    ///
    /// `CorruptTiles` names a day that has to be dropped first; `Full`,
    /// `ReadOnly` and `Io` may pass, and writing goes on when they have.
    pub fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.commits.recorded_at = self.commits.recorded_at.max(batch.recorded_at);
        self.store(batch)?;
        if batch.is_pushed() {
            // No source has it again if the log is damaged.
            self.checkpoint()?;
        }
        Ok(())
    }

    fn store(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.transact(|db| {
            let mut tiles = TileWriter::new(db, batch.recorded_at);
            batch.days.iter().try_for_each(|(id, day)| tiles.put_day(*id, day))?;
            batch.tiles.iter().try_for_each(|(id, of)| tiles.put(*id, of))?;
            tiles.finish()?;
            batch.ingested.iter().try_for_each(|(id, period)| ingested::add(db, *id, *period))?;
            batch.alerts.iter().try_for_each(|alert| facts::put_alert(db, alert))?;
            batch.gone_alerts.iter().try_for_each(|id| facts::remove_alert(db, *id))?;
            batch.records.iter().try_for_each(|record| records::put(db, record))?;
            let used = &batch.used_signatures;
            used.iter().try_for_each(|used| records::use_signature(db, used, batch.recorded_at))?;
            batch.time_overrides.iter().try_for_each(|set| records::add_override(db, set))?;
            batch.published_incidents.iter().try_for_each(|incident| published_incidents::put(db, incident))?;
            let opened = &batch.opened_incidents;
            opened.iter().try_for_each(|(id, service)| opened_incidents::put(db, *id, service))?;
            batch.published_months.iter().try_for_each(|month| published::put(db, month))?;
            batch.groups.iter().try_for_each(|seen| groups::put(db, seen))?;
            batch.alert_rules.iter().try_for_each(|rule| rules::put(db, rule))?;
            batch.silences.iter().try_for_each(|silence| silences::put(db, silence))?;
            batch.inhibitions.iter().try_for_each(|inhibition| inhibitions::put(db, inhibition))?;
            batch.changes.iter().try_for_each(|change| facts::put_change(db, change))?;
            batch.cluster_events.iter().try_for_each(|event| facts::put_cluster_event(db, event))?;
            batch.definitions.iter().try_for_each(|definition| facts::put_definition(db, definition))?;
            batch.promises.iter().try_for_each(|promise| objective_history::put(db, promise))?;
            batch.declarations.iter().try_for_each(|declaration| declarations::add(db, declaration))?;
            for (key, json) in &batch.burn_alerts {
                facts::put_burn_alert(db, key, json.as_deref(), batch.recorded_at)?;
            }
            for (key, value) in &batch.state {
                facts::put_state(db, key, value.as_deref(), batch.recorded_at)?;
            }
            Ok(())
        })
    }

    /// Packs the open tiles of all days before `before_day` into blocks; how
    /// many days of single indicators were packed. Tiles that come for such a
    /// day later are corrections. A call that fails half way can be repeated.
    pub fn seal(&mut self, before_day: i64) -> Result<usize, StoreError> {
        let mut sealed = 0;
        loop {
            match self.transact(|db| tiles::seal(db, before_day, SEAL_CHUNK))? {
                0 => return Ok(sealed),
                some => sealed += some,
            }
        }
    }

    /// Forgets tiles of days before `before_day`, and what else was over before
    /// that day began. Definitions and states stay.
    pub fn expire(&mut self, before_day: i64) -> Result<(), StoreError> {
        while self.transact(|db| tiles::expire_blocks(db, before_day, EXPIRE_CHUNK))? > 0 {}
        self.transact(|db| {
            let cut = Timestamp::day_start(before_day);
            tiles::expire_open(db, before_day)?;
            ingested::expire(db, cut)?;
            records::expire(db, cut)?;
            facts::expire(db, cut)
        })
    }

    /// Forgets that anything was fetched from `from` on, of all indicators; the
    /// tiles stay until they are read again.
    pub fn forget_fetched(&mut self, from: Timestamp) -> Result<(), StoreError> {
        self.transact(|db| ingested::forget_from(db, from))
    }

    /// Copies the log into the database, as far as no reader holds it back.
    /// Damage of the log then costs only what was written since.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        let Some(db) = &self.db else { return Ok(()) };
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(|e| StoreError::from(e).at(self.pool.path()))
    }

    /// Writes as little as can be, to learn whether anything can be written.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        self.transact(|_| Ok(()))
    }

    /// Sets damaged rows aside, and says when damage was found.
    pub fn repair(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let path = self.pool.path().to_owned();
        self.transact(|db| {
            repair::rows(db, &path)?;
            damage::date(db, now)
        })
    }

    /// Has the next start look through the whole file and repair it.
    pub fn suspect(&mut self) -> Result<(), StoreError> {
        self.transact(|db| layout::set_meta(db, layout::SUSPECT, 1))
    }

    /// Removes the tiles of one indicator and day, which are damaged, and forgets
    /// that the day was fetched.
    pub fn drop_day(&mut self, indicator: SliId, day: i64) -> Result<(), StoreError> {
        self.transact(|db| {
            rows::drop_day(db, indicator, day)?;
            let key = format!("{indicator} {day}");
            damage::add(db, &DamageKind::Row(DamagedRow { table: TILES.to_owned(), key }), "")?;
            // What is damaged may be the name of the indicator.
            let period = Period::new(Timestamp::day_start(day), Timestamp::day_start(day + 1));
            ingested::remove_of_all(db, period)
        })
    }

    /// Copies the log into the database, and the files are as one.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.probe()?;
        let Some(db) = &self.db else { return Ok(()) };
        // A reader may hold the log back; then the next start copies it.
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|e| StoreError::from(e).at(self.pool.path()))
    }

    #[cfg(test)]
    pub(crate) fn database(&self) -> Option<&Connection> {
        self.db.as_ref()
    }

    fn transact<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.look()?;
        let mut db = self.connection()?;
        let path = self.pool.path().to_owned();
        let commits = Commits { number: self.commits.number + 1, ..self.commits };
        let result = in_transaction(&mut db, |db| {
            let value = work(db)?;
            layout::set_meta(db, layout::COMMITS, commits.number as i64)?;
            layout::set_meta(db, layout::RECORDED_AT, commits.recorded_at.millis())?;
            Ok(value)
        })
        .map_err(|e| e.at(&path));
        if !result.as_ref().is_err_and(StoreError::spoils_connection) {
            self.db = Some(db);
        }
        let value = result?;
        self.commits = commits;
        // Nothing is acknowledged that went into a file without a name.
        self.look()?;
        if let Err(error) = self.commit_file.write(commits) {
            tracing::warn!(%error, "the number of commits could not be noted: a loss would not be noticed");
        }
        Ok(value)
    }

    fn connection(&mut self) -> Result<Connection, StoreError> {
        if let Some(db) = self.db.take() {
            return Ok(db);
        }
        let path = self.pool.path().to_owned();
        let opened = match self.unwritable {
            // Readers use the file as it is; they must be gone before it changes.
            Some(_) => self.pool.exclusively(|| open_writer(&path)),
            None => open_writer(&path),
        };
        let (db, commits) = opened?;
        self.unwritable = None;
        self.commits = Commits { recorded_at: self.commits.recorded_at.max(commits.recorded_at), ..commits };
        self.files = OpenFiles::now(&path);
        Ok(db)
    }

    /// Whether the files are those that were opened; puts right what can be.
    fn look(&mut self) -> Result<(), StoreError> {
        let path = self.pool.path().to_owned();
        if self.db.is_none() {
            return Ok(());
        }
        match self.files.look(&path, u64::from(WAL_BYTES_MAX)) {
            None => Ok(()),
            Some(Tampering::StoreReplaced) => {
                self.files.leave_log(&path);
                Err(StoreError::Replaced { path })
            }
            Some(Tampering::LogGone) => {
                tracing::error!("the log of the store was removed while it was open; its content is written again");
                self.open_again(|_| Ok(()))
            }
            Some(Tampering::StoreGone) => {
                tracing::error!("the store was removed while it was open; it is written again");
                self.open_again(|db| {
                    let dir = path.parent().unwrap_or(Path::new("."));
                    std::fs::create_dir_all(dir).map_err(|error| StoreError::io(dir, &error))?;
                    backup::copy(db, &path)
                })
            }
            Some(Tampering::LogCut) => {
                tracing::error!("the log of the store was cut while it was open");
                // What is left must not be copied: its place holds nothing now.
                let Some(db) = self.db.take() else { return Ok(()) };
                db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
                let (db, commits) = self.pool.exclusively(|| {
                    drop(db);
                    open_writer(&path)
                })?;
                (self.db, self.commits, self.files) = (Some(db), commits, OpenFiles::now(&path));
                Ok(())
            }
        }
    }

    /// Closes all connections, whose files have lost their names, and opens those
    /// that have them now. Everything is in the open database file before.
    fn open_again(&mut self, rescue: impl FnOnce(&Connection) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let Some(old) = self.db.take() else { return Ok(()) };
        let path = self.pool.path().to_owned();
        let (db, commits) = self.pool.exclusively(|| {
            old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            rescue(&old)?;
            drop(old);
            open_writer(&path)
        })?;
        (self.db, self.commits, self.files) = (Some(db), commits, OpenFiles::now(&path));
        Ok(())
    }
}

fn in_transaction<T>(
    db: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&tx)?;
    tx.commit()?;
    Ok(value)
}
