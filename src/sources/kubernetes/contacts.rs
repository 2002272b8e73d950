//! Up to when the cluster is known, and what was missed: bookkeeping over the
//! signs of life of each kind of object. Must not know the objects.

use crate::model::time::{Millis, Timestamp};

/// How often it is told that nothing is missing: seldom enough that a store
/// need not write at each sign of life, often enough that a restart asks for
/// little more than it missed.
const SYNCED_EVERY: Millis = Millis::from_mins(1);

/// The kinds of objects that are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    CronJob,
    Job,
    Node,
}

/// A sign of life of the objects of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A complete listing begins.
    Begin,
    /// It is complete.
    End,
    /// Everything up to now has been told, unless a listing is under way.
    Alive,
    /// The API server cannot be followed.
    Lost,
}

#[derive(Clone, Copy, Debug)]
struct Contact {
    kind: Kind,
    /// Everything up to here has been told.
    until: Option<Timestamp>,
    /// The beginning of the listing that is due or under way.
    listing: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Contacts {
    contacts: Vec<Contact>,
    event_ttl: Millis,
    synced_until: Option<Timestamp>,
}

/// What a sign of life tells about all of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Events between these two may have come and expired unseen.
    pub(super) gap: Option<(Timestamp, Timestamp)>,
    /// Everything up to here has been told.
    pub(super) synced_until: Option<Timestamp>,
}

impl Contacts {
    /// `events_until`: up to when an earlier process has told all events.
    pub(super) fn new(kinds: &[Kind], event_ttl: Millis, events_until: Option<Timestamp>) -> Self {
        let contact = |kind: &Kind| Contact {
            kind: *kind,
            until: events_until.filter(|_| *kind == Kind::Event),
            listing: Some(Timestamp::MIN),
        };
        Contacts { contacts: kinds.iter().map(contact).collect(), event_ttl, synced_until: None }
    }

    pub(super) fn note(&mut self, kind: Kind, sign: Sign, now: Timestamp) -> News {
        let mut news = News::default();
        let Some(contact) = self.contacts.iter_mut().find(|contact| contact.kind == kind) else {
            return news;
        };
        match (sign, contact.listing) {
            (Sign::Begin, _) => contact.listing = Some(now),
            (Sign::End, Some(began)) => {
                // A listing holds the objects that have not expired by then. Of
                // the other kinds it is the current state that counts.
                let oldest = began - self.event_ttl;
                let is_gap = |until: &Timestamp| kind == Kind::Event && *until < oldest;
                news.gap = contact.until.filter(is_gap).map(|until| (until, oldest));
                (contact.until, contact.listing) = (Some(began), None);
            }
            (Sign::Alive, None) => contact.until = Some(now),
            (Sign::End, None) | (Sign::Alive, Some(_)) | (Sign::Lost, _) => {}
        }
        news.synced_until = self.newly_synced();
        if news.synced_until.is_some() {
            self.synced_until = news.synced_until;
        }
        news
    }

    fn newly_synced(&self) -> Option<Timestamp> {
        let complete = |contact: &Contact| contact.until.filter(|_| contact.listing.is_none());
        let until = self.contacts.iter().map(complete).min()??;
        self.synced_until.is_none_or(|told| until - told >= SYNCED_EVERY).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Millis = Millis::from_hours(1);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    fn gap(contacts: &mut Contacts, began: i64, ended: i64) -> Option<(Timestamp, Timestamp)> {
        contacts.note(Kind::Event, Sign::Begin, at(began));
        contacts.note(Kind::Event, Sign::End, at(ended)).gap
    }

    #[test]
    fn all_kinds_must_be_complete_and_the_earliest_counts() {
        let mut contacts = Contacts::new(&[Kind::Event, Kind::Deployment], TTL, None);
        contacts.note(Kind::Event, Sign::Begin, at(10));
        contacts.note(Kind::Deployment, Sign::Begin, at(11));
        assert_eq!(contacts.note(Kind::Event, Sign::End, at(12)), News::default());
        let news = contacts.note(Kind::Deployment, Sign::End, at(13));
        assert_eq!(news.synced_until, Some(at(10)), "what came after the listing began may be missing");
        assert_eq!(contacts.note(Kind::Event, Sign::Alive, at(14)).synced_until, Some(at(11)));
        assert_eq!(contacts.note(Kind::Event, Sign::Alive, at(20)).synced_until, None, "deployments lag behind");
        assert_eq!(contacts.note(Kind::Deployment, Sign::Alive, at(20)).synced_until, Some(at(20)));
    }

    #[test]
    fn a_sign_of_life_within_a_minute_is_not_told() {
        let mut contacts = Contacts::new(&[Kind::Event], TTL, None);
        gap(&mut contacts, 10, 10);
        assert_eq!(contacts.note(Kind::Event, Sign::Alive, at(11) - Millis(1)), News::default());
        assert_eq!(contacts.note(Kind::Event, Sign::Alive, at(11)).synced_until, Some(at(11)));
    }

    #[test]
    fn a_listing_after_less_than_the_retention_misses_nothing() {
        let mut contacts = Contacts::new(&[Kind::Event], TTL, None);
        assert_eq!(gap(&mut contacts, 10, 11), None, "nothing was promised before the first listing");
        contacts.note(Kind::Event, Sign::Alive, at(20));
        contacts.note(Kind::Event, Sign::Lost, at(21));
        assert_eq!(gap(&mut contacts, 80, 81), None);
    }

    #[test]
    fn what_came_and_expired_in_a_long_outage_is_a_gap() {
        let mut contacts = Contacts::new(&[Kind::Event], TTL, None);
        gap(&mut contacts, 10, 11);
        contacts.note(Kind::Event, Sign::Alive, at(20));
        contacts.note(Kind::Event, Sign::Lost, at(21));
        contacts.note(Kind::Event, Sign::Begin, at(100));
        contacts.note(Kind::Event, Sign::Alive, at(101));
        assert_eq!(gap(&mut contacts, 110, 111), Some((at(20), at(50))), "the listing that was completed counts");
        assert_eq!(gap(&mut contacts, 120, 121), None);
    }

    #[test]
    fn a_restart_after_a_long_time_is_a_gap_too() {
        let mut contacts = Contacts::new(&[Kind::Event], TTL, Some(at(10)));
        assert_eq!(gap(&mut contacts, 500, 501), Some((at(10), at(440))));
        let mut contacts = Contacts::new(&[Kind::Event], TTL, Some(at(460)));
        assert_eq!(gap(&mut contacts, 500, 501), None);
    }
}
