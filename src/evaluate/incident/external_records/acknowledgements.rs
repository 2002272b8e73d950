//! Which acknowledgements show that a person took an incident.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::operations::record::{Record, RecordKind};
use crate::model::time::Millis;

/// Whoever takes more incidents than this within the window clears a list, and
/// takes none of them.
const AT_ONCE_MAX: usize = 5;
const AT_ONCE_WITHIN: Millis = Millis::from_secs(10);

/// Acknowledgements that were given in bulk.
pub struct Bulk {
    keys: BTreeSet<(String, String)>,
}

impl Bulk {
    /// `records` in order of time.
    pub fn of(records: &[Record]) -> Bulk {
        let mut by_actor: BTreeMap<(&str, Option<&str>), Vec<&Record>> = BTreeMap::new();
        for record in records.iter().filter(|r| r.kind == RecordKind::Acknowledge) {
            by_actor.entry((&record.source, record.actor.as_deref())).or_default().push(record);
        }
        let mut keys = BTreeSet::new();
        for given in by_actor.values() {
            for (i, first) in given.iter().enumerate() {
                let until = first.occurred_at + AT_ONCE_WITHIN;
                let rest = given.get(i..).unwrap_or_default();
                let together: Vec<&&Record> = rest.iter().take_while(|r| r.occurred_at < until).collect();
                let of: BTreeSet<(&str, &str)> = together.iter().map(|r| incident_of(r)).collect();
                if of.len() > AT_ONCE_MAX {
                    keys.extend(together.iter().map(|r| (r.source.clone(), r.key.clone())));
                }
            }
        }
        Bulk { keys }
    }

    /// Why a record does not count, if it does not.
    pub fn set_aside(&self, record: &Record) -> Option<&'static str> {
        if record.kind != RecordKind::Acknowledge {
            return None;
        }
        if record.human == Some(false) {
            return Some("given by a service, not by a person");
        }
        let key = (record.source.clone(), record.key.clone());
        self.keys.contains(&key).then_some("bulk acknowledgement (more than 5 within 10 s)")
    }
}

/// What was taken; an answer without an incident is one of its own.
fn incident_of(record: &Record) -> (&str, &str) {
    if record.external_id.is_empty() { ("", &record.key) } else { (&record.external_id, "") }
}
