//! Kubernetes Events to cluster events. The API server keeps one object per
//! event and rewrites it in place when the event repeats, so an occurrence is
//! counted by the largest count that was seen for a uid, whatever was listed,
//! watched, missed or seen twice. Must not know the API, the store or the clock.

use std::collections::HashMap;

use crate::model::operations::change::{ClusterEvent, ObjectRef};
use crate::model::time::Timestamp;

/// Events whose count is remembered; about 150 bytes each. An API server that
/// holds more (over 25 a second at a retention of an hour) costs repeated
/// facts, which change nothing, never a wrong count.
const REMEMBERED_MAX: usize = 100_000;

/// Characters of a message. The API asks for at most 1 kB, but the older form
/// of the API does not insist.
const MESSAGE_CHARS_MAX: usize = 1_024;

/// Characters of a reason, a reporter or a name; the API allows 253 at most.
const NAME_CHARS_MAX: usize = 256;

/// One sight of an Event object, in the words that both forms of the API share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSight {
    pub uid: String,
    pub warning: bool,
    pub reason: String,
    pub object: ObjectRef,
    pub reporter: String,
    pub message: String,
    /// `series.count` of a repeated event of the newer recorders.
    pub series_count: Option<i64>,
    /// `count`, or `deprecatedCount`, of the older recorders.
    pub count: Option<i64>,
    /// `series.lastObservedTime`.
    pub series_last: Option<Timestamp>,
    /// `lastTimestamp`.
    pub last: Option<Timestamp>,
    /// `eventTime`.
    pub event_time: Option<Timestamp>,
    /// `firstTimestamp`.
    pub first: Option<Timestamp>,
    /// When the API server stored the object.
    pub created: Option<Timestamp>,
}

impl EventSight {
    /// How often the event occurred, as far as its object tells.
    fn occurrences(&self) -> i64 {
        self.series_count.or(self.count).unwrap_or(1).max(1)
    }

    /// The latest occurrence that the object tells of.
    fn last_occurrence(&self) -> Option<Timestamp> {
        self.series_last.or(self.last).or(self.event_time).or(self.first).or(self.created)
    }

    fn first_occurrence(&self) -> Option<Timestamp> {
        self.first.or(self.event_time).or(self.created).or(self.last)
    }
}

#[derive(Clone, Copy, Debug)]
struct Remembered {
    count: i64,
    last: Timestamp,
    /// The listing in which the object was last seen.
    listing: u64,
}

/// Turns sights into facts. A fact holds all occurrences of its uid so far and
/// replaces the earlier fact of that uid, so that repeating one changes nothing.
#[derive(Debug, Default)]
pub struct EventCounter {
    remembered: HashMap<String, Remembered>,
    listing: u64,
}

impl EventCounter {
    /// Starts from the facts that are stored already.
    pub fn new<'a>(stored: impl IntoIterator<Item = &'a ClusterEvent>) -> Self {
        let mut counter = EventCounter::default();
        for event in stored {
            counter.remember(&event.uid, event.count, event.last_seen);
        }
        counter
    }

    /// Takes in one sight; the fact to store, if it tells of something new.
    /// `None` also for an object without a uid or without any time.
    pub fn see(&mut self, sight: EventSight, now: Timestamp) -> Option<ClusterEvent> {
        let mut last = sight.last_occurrence()?;
        let first = sight.first_occurrence()?;
        if sight.uid.is_empty() {
            return None;
        }
        let mut count = sight.occurrences();
        if let Some(known) = self.remembered.get_mut(&sight.uid) {
            known.listing = self.listing;
            if count <= known.count && last <= known.last {
                return None;
            }
            // A late sight of an earlier state takes nothing back.
            count = count.max(known.count);
            last = last.max(known.last);
        }
        self.remember(&sight.uid, count, last);
        // Reporters have clocks of their own; what was seen has happened.
        let last = last.min(now);
        Some(ClusterEvent {
            uid: sight.uid,
            warning: sight.warning,
            reason: clip(sight.reason, NAME_CHARS_MAX),
            object: ObjectRef {
                kind: clip(sight.object.kind, NAME_CHARS_MAX),
                namespace: clip(sight.object.namespace, NAME_CHARS_MAX),
                name: clip(sight.object.name, NAME_CHARS_MAX),
            },
            reporter: clip(sight.reporter, NAME_CHARS_MAX),
            message: clip(sight.message, MESSAGE_CHARS_MAX),
            first_seen: first.min(last),
            last_seen: last,
            count,
        })
    }

    /// Takes in the last state of an object that the API server has deleted.
    /// Its uid never comes back, so it is forgotten.
    pub fn see_deleted(&mut self, sight: EventSight, now: Timestamp) -> Option<ClusterEvent> {
        let uid = sight.uid.clone();
        let fact = self.see(sight, now);
        self.remembered.remove(&uid);
        fact
    }

    /// A complete listing begins.
    pub fn begin_listing(&mut self) {
        self.listing += 1;
    }

    /// The listing is complete: what it did not hold was deleted unseen.
    pub fn end_listing(&mut self) {
        let listing = self.listing;
        self.remembered.retain(|_, known| known.listing == listing);
    }

    fn remember(&mut self, uid: &str, count: i64, last: Timestamp) {
        let listing = self.listing;
        if let Some(known) = self.remembered.get_mut(uid) {
            *known = Remembered { count: known.count.max(count), last: known.last.max(last), listing };
        } else if self.remembered.len() < REMEMBERED_MAX {
            self.remembered.insert(uid.to_owned(), Remembered { count, last, listing });
        }
    }
}

fn clip(mut text: String, chars_max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests;
