//! Which connections are held, and which one has to go when all places are in
//! use: the one that has waited longest for a request, a body or the reading of
//! its answer. A new one is refused only where all others are at work.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many connections are held at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub general: usize,
    /// Of them, from one address.
    pub per_address: usize,
    /// In addition, for health and metrics.
    pub reserved: usize,
}

/// A connection that does not wait.
const AT_WORK: u64 = u64::MAX;

/// All connections of a server.
#[derive(Debug)]
pub(crate) struct Connections {
    places: Places,
    began: Instant,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    by_id: BTreeMap<u64, Arc<Connection>>,
}

/// One connection, known to the socket and to the handlers of its requests.
#[derive(Debug)]
pub(crate) struct Connection {
    id: u64,
    network: IpAddr,
    /// Admitted to a reserved place: only health and metrics are answered.
    pub is_reserved: bool,
    began: Instant,
    /// Milliseconds since `began`, or `AT_WORK`.
    waits_since: AtomicU64,
    /// Requests that were handed to the service.
    requests: AtomicU64,
    /// The first request whose length is stated twice.
    pub(super) ambiguous: AtomicU64,
    /// Cancelled when the place is given to another connection.
    pub(super) evicted: CancellationToken,
}

impl Connections {
    pub fn new(places: Places) -> Connections {
        Connections { places, began: Instant::now(), held: Mutex::default() }
    }

    /// A place for a connection from this address, if need be that of another one;
    /// `None` where all are at work.
    pub fn admit(&self, address: IpAddr) -> Option<Arc<Connection>> {
        let network = network_of(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_reserved = !held.make_room(self.places, network);
        if is_reserved && !held.make_reserved_room(self.places.reserved) {
            return None;
        }
        let id = held.next;
        held.next += 1;
        let connection = Arc::new(Connection {
            id,
            network,
            is_reserved,
            began: self.began,
            waits_since: AtomicU64::new(millis(self.began.elapsed())),
            requests: AtomicU64::default(),
            ambiguous: AtomicU64::new(u64::MAX),
            evicted: CancellationToken::new(),
        });
        held.by_id.insert(id, Arc::clone(&connection));
        Some(connection)
    }

    /// Gives the place back.
    pub fn end(&self, connection: &Connection) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).by_id.remove(&connection.id);
    }
}

impl Held {
    /// Whether there is a general place now.
    fn make_room(&mut self, places: Places, network: IpAddr) -> bool {
        let mut by_network: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for one in self.by_id.values().filter(|one| !one.is_reserved) {
            *by_network.entry(one.network).or_default() += 1;
        }
        let from_here = by_network.get(&network).copied().unwrap_or_default();
        if from_here >= places.per_address {
            return self.evict(|one| (!one.is_reserved && one.network == network).then_some(0));
        }
        if by_network.values().sum::<usize>() < places.general {
            return true;
        }
        // Of the address that holds most: a flood must not cost others their places.
        self.evict(|one| (!one.is_reserved).then(|| usize::MAX - by_network.get(&one.network).copied().unwrap_or(0)))
    }

    fn make_reserved_room(&mut self, places: usize) -> bool {
        self.by_id.values().filter(|one| one.is_reserved).count() < places
            || self.evict(|one| one.is_reserved.then_some(0))
    }

    /// Closes the connection of the lowest rank that has waited longest; whether
    /// there was one that waits.
    fn evict(&mut self, rank: impl Fn(&Connection) -> Option<usize>) -> bool {
        let waiting = self.by_id.values().filter_map(|one| {
            let since = one.waits_since.load(Ordering::Relaxed);
            (since != AT_WORK).then_some(())?;
            Some((rank(one)?, since, one.id))
        });
        let Some((_, _, id)) = waiting.min() else { return false };
        if let Some(one) = self.by_id.remove(&id) {
            one.evicted.cancel();
        }
        true
    }
}

impl Connection {
    /// It has nothing to do: it may have to leave from now on.
    pub fn waits(&self) {
        self.waits_since.store(millis(self.began.elapsed()), Ordering::Relaxed);
    }

    pub fn is_at_work(&self) {
        self.waits_since.store(AT_WORK, Ordering::Relaxed);
    }

    /// Some of its answer was read.
    pub(super) fn progresses(&self) {
        if self.waits_since.load(Ordering::Relaxed) != AT_WORK {
            self.waits();
        }
    }

    /// The head of a request has arrived.
    pub(super) fn begins_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.is_at_work();
    }

    /// Whether the request under way, or one before it, states its length twice:
    /// another server on the way may have seen other requests in the same bytes.
    pub fn is_ambiguous(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > self.ambiguous.load(Ordering::Relaxed)
    }
}

fn millis(since: Duration) -> u64 {
    u64::try_from(since.as_millis()).unwrap_or(AT_WORK - 1)
}

/// One subscriber: a whole address of IPv4, the upper half of one of IPv6.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((u128::from(six) >> 64 << 64).into()),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places = Places { general: 4, per_address: 3, reserved: 1 };

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Connections from these addresses, each of which began to wait later than
    /// the one before it.
    fn held(connections: &Connections, from: &[&str]) -> Vec<Arc<Connection>> {
        let admit = |(i, from): (usize, &&str)| {
            let one = connections.admit(address(from)).unwrap();
            one.waits_since.store(i as u64, Ordering::Relaxed);
            one
        };
        from.iter().enumerate().map(admit).collect()
    }

    fn evicted(held: &[Arc<Connection>]) -> Vec<usize> {
        held.iter().enumerate().filter(|(_, one)| one.evicted.is_cancelled()).map(|(i, _)| i).collect()
    }

    #[test]
    fn an_address_that_has_its_share_loses_the_one_that_waited_longest() {
        let connections = Connections::new(PLACES);
        let held = held(&connections, &["10.0.0.9", "10.0.0.1", "10.0.0.1", "10.0.0.1"]);
        held[1].begins_request();
        assert!(!connections.admit(address("10.0.0.1")).unwrap().is_reserved);
        assert_eq!(evicted(&held), [2], "the first of the address is at work, the other address has no part in it");
    }

    #[test]
    fn a_full_house_makes_room_at_the_cost_of_who_holds_most() {
        let connections = Connections::new(PLACES);
        let held = held(&connections, &["10.0.0.9", "10.0.0.1", "10.0.0.1", "10.0.0.1"]);
        assert!(!connections.admit(address("10.0.0.7")).unwrap().is_reserved);
        assert_eq!(evicted(&held), [1]);
    }

    #[test]
    fn health_has_a_place_where_all_others_are_at_work() {
        let connections = Connections::new(PLACES);
        let held = held(&connections, &["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
        held.iter().for_each(|one| one.begins_request());
        let reserved = connections.admit(address("10.0.0.5")).unwrap();
        assert!(reserved.is_reserved && evicted(&held).is_empty());
        assert!(connections.admit(address("10.0.0.6")).unwrap().is_reserved, "in the place of the one that waits");
        assert!(reserved.evicted.is_cancelled());
        connections.end(&held[0]);
        assert!(!connections.admit(address("10.0.0.6")).unwrap().is_reserved, "a place is free again");
    }

    #[test]
    fn nobody_is_turned_out_at_work() {
        let connections = Connections::new(Places { reserved: 0, ..PLACES });
        let held = held(&connections, &["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
        held.iter().for_each(|one| one.begins_request());
        assert!(connections.admit(address("10.0.0.5")).is_none());
        held[2].waits();
        assert!(connections.admit(address("10.0.0.5")).is_some());
        assert_eq!(evicted(&held), [2]);
    }

    #[test]
    fn a_subscriber_of_ipv6_has_many_addresses() {
        assert_eq!(network_of(address("2001:db8::1")), network_of(address("2001:db8::ffff:1")));
        assert_ne!(network_of(address("2001:db8::1")), network_of(address("2001:db8:0:1::1")));
        assert_eq!(network_of(address("::ffff:10.0.0.1")), address("10.0.0.1"));
    }
}
