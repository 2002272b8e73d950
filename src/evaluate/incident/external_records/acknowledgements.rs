//! Which acknowledgements show that a person took care of an incident.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::automation::NamePatterns;
use crate::model::operations::incident::IgnoredReason;
use crate::model::operations::record::{Record, RecordKind};
use crate::model::time::Millis;

/// Whoever acknowledges more incidents than this within the window clears a list,
/// and takes care of none of them.
pub const AT_ONCE_MAX: usize = 5;
pub const AT_ONCE_WITHIN: Millis = Millis::from_secs(10);

/// A record with the incidents that it is about; none where it matches none.
pub(crate) struct Given<'r> {
    pub(crate) record: &'r Record,
    pub(crate) incidents: Vec<usize>,
}

/// What acknowledges an incident: whoever merges one has seen it.
pub(crate) fn is_acknowledgement(record: &Record) -> bool {
    record.kind == RecordKind::Acknowledge || (record.kind == RecordKind::Merge && record.human == Some(true))
}

/// Acknowledgements that do not count, by source and key.
pub(crate) struct Aside {
    bulk: BTreeSet<(String, String)>,
    taken_back: BTreeSet<(String, String)>,
    automation: NamePatterns,
}

impl Aside {
    /// Several incidents of a tool that are one here count as one: a storm is
    /// acknowledged with one click.
    pub(crate) fn of(given: &[Given<'_>], taken_back: BTreeSet<(String, String)>, automation: &NamePatterns) -> Aside {
        let mut by_actor: BTreeMap<(&str, Option<&str>), Vec<&Given<'_>>> = BTreeMap::new();
        for one in given.iter().filter(|one| one.record.kind == RecordKind::Acknowledge) {
            by_actor.entry((&one.record.source, one.record.actor.as_deref())).or_default().push(one);
        }
        let mut bulk = BTreeSet::new();
        for mut of_actor in by_actor.into_values() {
            of_actor.sort_by_key(|one| (one.record.occurred_at, &one.record.key));
            for (i, first) in of_actor.iter().enumerate() {
                let until = first.record.occurred_at + AT_ONCE_WITHIN;
                let rest = of_actor.get(i..).unwrap_or_default();
                let together: Vec<&&Given<'_>> = rest.iter().take_while(|one| one.record.occurred_at < until).collect();
                let of: BTreeSet<Of<'_>> = together.iter().flat_map(|one| incidents_of(one)).collect();
                if of.len() > AT_ONCE_MAX {
                    bulk.extend(together.iter().map(|one| key_of(one.record)));
                }
            }
        }
        Aside { bulk, taken_back, automation: automation.clone() }
    }

    /// Why a record does not count, if it does not.
    pub(crate) fn reason(&self, record: &Record) -> Option<IgnoredReason> {
        if record.kind != RecordKind::Acknowledge {
            return None;
        }
        let is_automated = record.actor.as_deref().is_some_and(|actor| self.automation.matches(actor));
        if record.human == Some(false) || is_automated {
            return Some(IgnoredReason::Automation);
        }
        if self.taken_back.contains(&key_of(record)) {
            return Some(IgnoredReason::Withdrawn);
        }
        self.bulk.contains(&key_of(record)).then_some(IgnoredReason::Bulk)
    }
}

/// What an acknowledgement is about: an incident here, else one of the tool, else
/// something of its own.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Of<'r> {
    Incident(usize),
    Tool(&'r str),
    Alone(&'r str),
}

fn incidents_of<'r>(given: &Given<'r>) -> Vec<Of<'r>> {
    match (given.incidents.as_slice(), given.record.external_id.as_str()) {
        ([], "") => vec![Of::Alone(&given.record.key)],
        ([], id) => vec![Of::Tool(id)],
        (known, _) => known.iter().copied().map(Of::Incident).collect(),
    }
}

fn key_of(record: &Record) -> (String, String) {
    (record.source.clone(), record.key.clone())
}
