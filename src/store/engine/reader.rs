//! Reading, from any thread, while the writer writes: each call sees the store
//! as one commit left it. Must not know what the facts mean.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::error::StoreError;
use super::layout;
use super::pool::Pool;
use crate::model::asker;
use crate::model::ids::{IncidentId, SliId};
use crate::model::labels::content_hash;
use crate::model::operations::alert::Alert;
use crate::model::operations::change::{Change, ClusterEvent};
use crate::model::operations::incident::PublishedIncident;
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::record::{Record, TimeOverride};
use crate::model::operations::restatement::PublishedMonth;
use crate::model::operations::rule::LoadedRule;
use crate::model::operations::silence::Silence;
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::groups::GroupValues;
use crate::model::slo::tile::DayTiles;
use crate::model::time::{Period, Timestamp};
use crate::store::integrity::damage;
use crate::store::integrity::damage::{DamagedRow, StoreDamage};
use crate::store::tables::corrections;
use crate::store::tables::corrections::TileRevision;
use crate::store::tables::declarations;
use crate::store::tables::declarations::Declaration;
use crate::store::tables::facts;
use crate::store::tables::facts::{Definition, StoredText};
use crate::store::tables::objective_history;
use crate::store::tables::objective_history::ObjectiveChange;
use crate::store::tables::records;
use crate::store::tables::records::UsedSignature;
use crate::store::tables::{
    groups, ingested, inhibitions, opened_incidents, published, published_incidents, rules, silences,
};
use crate::store::tiles;
use crate::store::tiles::late;
use crate::store::tiles::late::Added;
use crate::store::tiles::rows;

/// Reads the store. Clones share their connections.
#[derive(Clone)]
pub struct Reader {
    pool: Arc<Pool>,
}

/// How much is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Size of the files on the disk, the log included.
    pub bytes: u64,
    /// Sealed days of single indicators.
    pub blocks: u64,
    /// Hours of single indicators that are not sealed.
    pub open_hours: u64,
    /// The first and the last UTC day with any tile.
    pub first_day: Option<i64>,
    pub last_day: Option<i64>,
    pub corrections: u64,
    pub alerts: u64,
    pub changes: u64,
    pub cluster_events: u64,
}

impl Reader {
    pub(crate) fn new(pool: Arc<Pool>) -> Reader {
        Reader { pool }
    }

    /// All tiles of one indicator and UTC day; `None` without any.
    pub fn day(&self, indicator: SliId, day: i64) -> Result<Option<DayTiles>, StoreError> {
        self.read(|db| tiles::load_day(db, indicator, day))
    }

    /// The days that the period touches and that have tiles, in order, each of
    /// them whole.
    pub fn days(&self, indicator: SliId, period: Period) -> Result<Vec<DayTiles>, StoreError> {
        self.read(|db| {
            let Some((first, last)) = tiles::day_range(db)? else {
                return Ok(Vec::new());
            };
            let days = period.days();
            let days = (*days.start()).max(first)..=(*days.end()).min(last);
            days.filter_map(|day| tiles::load_day(db, indicator, day).transpose()).collect()
        })
    }

    /// What was fetched for an indicator, in order, without overlaps.
    pub fn ingested(&self, indicator: SliId) -> Result<Vec<Period>, StoreError> {
        self.read(|db| ingested::of(db, indicator))
    }

    /// Tiles of sealed days that changed, whose slot begins in the period; the
    /// oldest change first.
    pub fn corrections(&self, period: Period) -> Result<Vec<TileRevision>, StoreError> {
        self.read(|db| corrections::of(db, period))
    }

    /// Alerts that overlap the period, those that go on included, in the order
    /// of their beginning.
    pub fn alerts(&self, period: Period) -> Result<Vec<Alert>, StoreError> {
        self.read(|db| facts::alerts(db, period))
    }

    /// Silences that overlap the period, in the order of their beginning.
    pub fn silences(&self, period: Period) -> Result<Vec<Silence>, StoreError> {
        self.read(|db| silences::of(db, period))
    }

    /// Which alerts were seen in the period to hold which others back, in the order
    /// of the first sight.
    pub fn inhibitions(&self, period: Period) -> Result<Vec<Inhibition>, StoreError> {
        self.read(|db| inhibitions::of(db, period))
    }

    /// The groups of an SLO that were seen by these labels, in the order in which they
    /// were.
    pub fn groups(&self, slo: &str, by: &GroupBy) -> Result<Vec<GroupValues>, StoreError> {
        self.read(|db| groups::of(db, slo, by))
    }

    /// Alert rules that were loaded at some time of the period, by source, file
    /// and group.
    pub fn alert_rules(&self, period: Period) -> Result<Vec<LoadedRule>, StoreError> {
        self.read(|db| rules::of(db, period))
    }

    /// What outside systems said of the period, in order of time.
    pub fn records(&self, period: Period) -> Result<Vec<Record>, StoreError> {
        self.read(|db| records::of(db, period))
    }

    /// The record of a source with this key.
    pub fn find_record(&self, source: &str, key: &str) -> Result<Option<Record>, StoreError> {
        self.read(|db| records::find(db, source, key))
    }

    /// Whether a signature was used before.
    pub fn is_used(&self, used: &UsedSignature) -> Result<bool, StoreError> {
        self.read(|db| records::is_used(db, used))
    }

    /// How far what is only ever added has come.
    pub fn added(&self) -> Result<Added, StoreError> {
        self.read(late::added)
    }

    /// Whether anything was added since that may change what a period came to.
    pub fn is_touched(&self, period: Period, since: Added) -> Result<bool, StoreError> {
        self.read(|db| late::is_touched(db, period, since))
    }

    /// Ids under which incidents were shown, in no order that means anything.
    pub fn published_incidents(&self) -> Result<Vec<PublishedIncident>, StoreError> {
        self.read(published_incidents::all)
    }

    /// Incidents that were counted as opened, with their services.
    pub fn opened_incidents(&self) -> Result<Vec<(IncidentId, String)>, StoreError> {
        self.read(opened_incidents::all)
    }

    /// Closed months as they were first published, in their order.
    pub fn published_months(&self) -> Result<Vec<PublishedMonth>, StoreError> {
        self.read(published::all)
    }

    /// Times of incidents that people set or took back, oldest first.
    pub fn time_overrides(&self) -> Result<Vec<TimeOverride>, StoreError> {
        self.read(records::overrides)
    }

    /// Changes that overlap the period, those that go on included, in the order
    /// of their beginning.
    pub fn changes(&self, period: Period) -> Result<Vec<Change>, StoreError> {
        self.read(|db| facts::changes(db, period))
    }

    /// Cluster events of which an occurrence may lie in the period, in the
    /// order in which they were first seen.
    pub fn cluster_events(&self, period: Period) -> Result<Vec<ClusterEvent>, StoreError> {
        self.read(|db| facts::cluster_events(db, period))
    }

    /// In the order in which they were first seen.
    pub fn definitions(&self) -> Result<Vec<Definition>, StoreError> {
        self.read(facts::definitions)
    }

    /// What SLOs promised since when, the oldest first.
    pub fn promises(&self) -> Result<Vec<ObjectiveChange>, StoreError> {
        self.read(objective_history::all)
    }

    /// What people declared, the oldest first.
    pub fn declarations(&self) -> Result<Vec<Declaration>, StoreError> {
        self.read(declarations::all)
    }

    /// The state of every burn alert, by key.
    pub fn burn_alerts(&self) -> Result<Vec<StoredText>, StoreError> {
        self.read(facts::burn_alerts)
    }

    pub fn state(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.read(|db| facts::state(db, key))
    }

    /// The texts under all keys that begin alike.
    pub fn states(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.read(|db| facts::states(db, prefix))
    }

    /// The newest UTC day with any tile.
    pub fn newest_day(&self) -> Result<Option<i64>, StoreError> {
        self.read(|db| Ok(tiles::day_range(db)?.map(|(_, newest)| newest)))
    }

    /// The latest end of what was fetched, over all indicators.
    pub fn fetched_until(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(ingested::until)
    }

    pub fn stats(&self) -> Result<Stats, StoreError> {
        self.read(|db| {
            let count = |table: &str| {
                let rows: i64 = db.query_row(&format!("SELECT count(*) FROM main.{table}"), [], |row| row.get(0))?;
                Ok::<_, StoreError>(rows.unsigned_abs())
            };
            let days = tiles::day_range(db)?;
            Ok(Stats {
                bytes: size_of_files(self.pool.path()),
                blocks: count("blocks")?,
                open_hours: count("open_tiles")?,
                first_day: days.map(|d| d.0),
                last_day: days.map(|d| d.1),
                corrections: count("corrections")?,
                alerts: count("alerts")?,
                changes: count("changes")?,
                cluster_events: count("cluster_events")?,
            })
        })
    }

    /// A hash of all tiles that hold something: equal for two stores with the
    /// same content, whatever the order in which it came and the moments of
    /// sealing. Reads and checks every tile.
    pub fn content_hash(&self) -> Result<[u8; 16], StoreError> {
        self.read(|db| {
            let mut hash = [0; 16];
            for (id, day) in tiles::keys(db)? {
                let mut bytes = id.0.to_vec();
                for tile in tiles::load_day(db, id, day)?.iter().flat_map(rows::held_tiles) {
                    for number in [tile.start.millis(), tile.counts.good, tile.counts.total, tile.counts.uncertain] {
                        bytes.extend(number.to_le_bytes());
                    }
                    bytes.extend(tile.covered_ms.to_le_bytes());
                    bytes.extend(tile.unseen_ms.to_le_bytes());
                    bytes.push(tile.peak.0);
                }
                hash = content_hash([hash.as_slice(), bytes.as_slice()]);
            }
            Ok(hash)
        })
    }

    /// Looks through the whole file and all tiles, next to the daily work, as it takes
    /// some seconds per gigabyte.
    pub fn check(&self) -> Result<(), StoreError> {
        self.read(|db| {
            layout::integrity_check(db, None, self.pool.path())?;
            rows::check_all(db)
        })
    }

    /// What was found damaged or missing since, the oldest first.
    pub fn damage(&self, since: Timestamp) -> Result<Vec<StoreDamage>, StoreError> {
        self.read(|db| damage::since(db, since))
    }

    /// Damaged rows that were met and left out of answers since the last call.
    pub fn take_noted(&self) -> BTreeSet<DamagedRow> {
        self.pool.noted.take()
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if asker::has_left() {
            return Err(StoreError::Abandoned);
        }
        self.pool.read(work).map_err(|e| e.at(self.pool.path()))
    }
}

fn size_of_files(path: &Path) -> u64 {
    let log = path.with_extension("db-wal");
    [path, &log].iter().filter_map(|p| std::fs::metadata(p).ok()).map(|m| m.len()).sum()
}
