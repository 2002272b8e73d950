//! The one writer: every call is one transaction, or several that each leave
//! the store whole. What returned `Ok` survives a kill and a loss of power.
//! Must not know what the facts mean.

use std::path::PathBuf;

use rusqlite::{Connection, TransactionBehavior};

use super::error::Error;
use super::layout;
use super::lock::DirLock;
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
    /// When this was learned: stands beside corrections and states, and whole
    /// days before it go straight to their blocks.
    pub recorded_at: Timestamp,
}

/// Writes to the store; there is one for a data directory.
pub struct Writer {
    /// `None` after a failure, until the next call opens a new one.
    db: Option<Connection>,
    /// Whether the file says that somebody writes. The first transaction says
    /// it, so that a store on a full disk can still be opened and read.
    is_marked: bool,
    was_clean: bool,
    path: PathBuf,
    _lock: DirLock,
}

impl Writer {
    pub(crate) fn new(db: Connection, was_clean: bool, path: PathBuf, lock: DirLock) -> Writer {
        Writer { db: Some(db), is_marked: false, was_clean, path, _lock: lock }
    }

    /// Whether the last writer closed the store. After a crash it did not, and
    /// `Reader::check` should run once, beside the daily work.
    pub fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// Stores a batch in one transaction. After an error nothing of it is
    /// stored, and the same batch can be written again.
    ///
    /// `CorruptTiles` names a day that has to be dropped first; `Full`,
    /// `ReadOnly` and `Io` may pass, and writing goes on when they have.
    pub fn write(&mut self, batch: &Batch) -> Result<(), Error> {
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
    pub fn seal(&mut self, before_day: i64) -> Result<usize, Error> {
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
    pub fn expire(&mut self, before_day: i64) -> Result<(), Error> {
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
    pub fn forget_fetched(&mut self, from: Timestamp) -> Result<(), Error> {
        self.transact(|db| ingested::forget_from(db, from))
    }

    /// Copies the log into the database, as far as no reader holds it back.
    /// Damage of the log then costs only what was written since.
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        let Some(db) = &self.db else { return Ok(()) };
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(|e| Error::from(e).at(&self.path))
    }

    /// Removes the tiles of one indicator and day, readable or not, and forgets
    /// that they were fetched.
    pub fn drop_day(&mut self, indicator: SliId, day: i64) -> Result<(), Error> {
        self.transact(|db| {
            rows::drop_day(db, indicator, day)?;
            let period = Period::new(Timestamp::day_start(day), Timestamp::day_start(day + 1));
            ingested::remove(db, indicator, period)
        })
    }

    /// Says that this stop is orderly, so the next start need not check the
    /// file, and copies the log into the database.
    pub fn close(mut self) -> Result<(), Error> {
        self.is_marked = true;
        self.transact(|db| layout::set_meta(db, "clean", 1))?;
        let Some(db) = &self.db else { return Ok(()) };
        // A reader may hold the log back; then the next start copies it.
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|e| Error::from(e).at(&self.path))
    }

    #[cfg(test)]
    pub(crate) fn database(&self) -> Option<&Connection> {
        self.db.as_ref()
    }

    fn transact<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let mut db = match self.db.take() {
            Some(db) => db,
            None => layout::open_writer(&self.path)?,
        };
        let is_marked = self.is_marked;
        let result = in_transaction(&mut db, |db| {
            if !is_marked {
                layout::set_meta(db, "clean", 0)?;
            }
            work(db)
        })
        .map_err(|e| e.at(&self.path));
        self.is_marked |= result.is_ok();
        if !result.as_ref().is_err_and(Error::spoils_connection) {
            self.db = Some(db);
        }
        result
    }
}

fn in_transaction<T>(db: &mut Connection, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&tx)?;
    tx.commit()?;
    Ok(value)
}
