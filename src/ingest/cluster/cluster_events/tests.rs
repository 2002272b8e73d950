//! The counting of Kubernetes Events: single cases in words, and a simulated
//! API server that is watched through every kind of interruption.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

fn sight(uid: &str, count: i64, last: i64) -> EventSight {
    EventSight {
        uid: uid.to_owned(),
        warning: true,
        reason: "BackOff".to_owned(),
        object: ObjectRef { kind: "Pod".to_owned(), namespace: "shop".to_owned(), name: "cart-0".to_owned() },
        reporter: "kubelet".to_owned(),
        message: "Back-off restarting failed container".to_owned(),
        count: Some(count),
        first: Some(at(100)),
        last: Some(at(last)),
        created: Some(at(100)),
        ..EventSight::default()
    }
}

const NOW: i64 = 10_000;

#[test]
fn a_repeat_raises_the_count_of_its_uid() {
    let mut counter = EventCounter::default();
    let first = counter.see(sight("a", 1, 100), at(NOW)).unwrap();
    assert_eq!((first.count, first.first_seen, first.last_seen), (1, at(100), at(100)));
    let third = counter.see(sight("a", 3, 160), at(NOW)).unwrap();
    assert_eq!((third.count, third.first_seen, third.last_seen), (3, at(100), at(160)));
}

#[test]
fn the_same_sight_again_tells_nothing() {
    let mut counter = EventCounter::default();
    assert!(counter.see(sight("a", 2, 160), at(NOW)).is_some());
    assert_eq!(counter.see(sight("a", 2, 160), at(NOW)), None);
    assert_eq!(counter.see(sight("a", 1, 100), at(NOW)), None, "an earlier state takes nothing back");
}

#[test]
fn the_series_of_a_newer_recorder_counts() {
    let seen = EventSight {
        uid: "a".to_owned(),
        event_time: Some(at(100)),
        series_count: Some(7),
        series_last: Some(at(220)),
        // The old fields of a new event are empty or zero.
        count: Some(0),
        created: Some(at(101)),
        ..EventSight::default()
    };
    let event = EventCounter::default().see(seen, at(NOW)).unwrap();
    assert_eq!((event.count, event.first_seen, event.last_seen), (7, at(100), at(220)));
}

#[test]
fn an_event_without_a_count_happened_once() {
    let seen = EventSight { uid: "a".to_owned(), created: Some(at(101)), ..EventSight::default() };
    let event = EventCounter::default().see(seen, at(NOW)).unwrap();
    assert_eq!((event.count, event.first_seen, event.last_seen), (1, at(101), at(101)));
}

#[test]
fn an_object_without_uid_or_time_is_no_event() {
    let mut counter = EventCounter::default();
    assert_eq!(counter.see(EventSight { uid: "a".to_owned(), ..EventSight::default() }, at(NOW)), None);
    assert_eq!(counter.see(EventSight { created: Some(at(1)), ..EventSight::default() }, at(NOW)), None);
}

#[test]
fn a_reporter_whose_clock_is_ahead_does_not_reach_into_the_future() {
    let mut counter = EventCounter::default();
    let event = counter.see(sight("a", 2, NOW + 500), at(NOW)).unwrap();
    assert_eq!(event.last_seen, at(NOW));
    assert_eq!(counter.see(sight("a", 2, NOW + 500), at(NOW + 60)), None, "and is not news a minute later");
}

#[test]
fn stored_facts_are_not_told_again_after_a_restart() {
    let stored = EventCounter::default().see(sight("a", 4, 160), at(NOW)).unwrap();
    let mut counter = EventCounter::new([&stored]);
    assert_eq!(counter.see(sight("a", 4, 160), at(NOW)), None);
    assert_eq!(counter.see(sight("a", 5, 200), at(NOW)).unwrap().count, 5);
}

#[test]
fn what_a_listing_lacks_is_forgotten() {
    let mut counter = EventCounter::default();
    counter.see(sight("gone", 1, 100), at(NOW));
    counter.see(sight("kept", 1, 100), at(NOW));
    counter.begin_listing();
    counter.see(sight("kept", 1, 100), at(NOW));
    counter.end_listing();
    assert_eq!(counter.remembered.keys().collect::<Vec<_>>(), ["kept"]);
    counter.see_deleted(sight("kept", 1, 100), at(NOW));
    assert!(counter.remembered.is_empty());
}

#[test]
fn long_texts_are_cut_between_characters() {
    let long = EventSight { message: "ä".repeat(5_000), reason: "R".repeat(5_000), ..sight("a", 1, 100) };
    let event = EventCounter::default().see(long, at(NOW)).unwrap();
    assert_eq!(event.message.chars().count(), MESSAGE_CHARS_MAX);
    assert_eq!(event.reason.len(), NAME_CHARS_MAX);
}

#[test]
fn a_full_memory_repeats_facts_but_counts_right() {
    let mut counter = EventCounter::default();
    for i in 0..REMEMBERED_MAX + 10 {
        counter.see(sight(&i.to_string(), 1, 100), at(NOW));
    }
    assert_eq!(counter.remembered.len(), REMEMBERED_MAX);
    let beyond = (REMEMBERED_MAX + 5).to_string();
    assert_eq!(counter.see(sight(&beyond, 1, 100), at(NOW)).unwrap().count, 1);
    assert_eq!(counter.see(sight(&beyond, 2, 110), at(NOW)).unwrap().count, 2);
}

/// What happens to the cluster and to the one that watches it.
#[derive(Clone, Debug)]
enum Step {
    /// The event of this number occurs, with the recorder of its parity.
    Occur(u8),
    /// The API server deletes the event after its time.
    Expire(u8),
    /// The watch delivers up to this many changes.
    Deliver(u8),
    /// The stream drops and resumes a few changes earlier, so some come twice.
    Resume(u8),
    /// The resource version has expired: everything is listed anew.
    Relist,
    /// The process restarts with what it stored, and lists.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u8..6).prop_map(Step::Occur),
        1 => (0u8..6).prop_map(Step::Expire),
        4 => (0u8..8).prop_map(Step::Deliver),
        1 => (0u8..5).prop_map(Step::Resume),
        1 => Just(Step::Relist),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..120)
}

#[derive(Clone, Debug)]
enum Log {
    Put(EventSight),
    Delete(EventSight),
}

/// An API server with a log of its changes, and a watcher of it.
#[derive(Default)]
struct World {
    clock: i64,
    /// The objects that exist, by the number of the event.
    objects: BTreeMap<u8, EventSight>,
    log: Vec<Log>,
    /// How much of the log the watch has delivered.
    delivered: usize,
    uids: u32,
    counter: EventCounter,
    stored: BTreeMap<String, ClusterEvent>,
    /// All occurrences so far by uid: the truth.
    truth: BTreeMap<String, i64>,
    /// Occurrences as told by the growth of the facts.
    told: i64,
}

impl World {
    fn step(&mut self, step: Step) {
        self.clock += 7;
        match step {
            Step::Occur(n) => self.occur(n),
            Step::Expire(n) => {
                // Only after it was seen: an outage shorter than the retention.
                self.deliver(usize::MAX);
                if let Some(object) = self.objects.remove(&n) {
                    self.log.push(Log::Delete(object));
                }
            }
            Step::Deliver(n) => self.deliver(n.into()),
            Step::Resume(n) => self.delivered = self.delivered.saturating_sub(n.into()),
            Step::Relist => self.list(),
            Step::Restart => {
                self.counter = EventCounter::new(self.stored.values());
                self.list();
            }
        }
    }

    fn occur(&mut self, n: u8) {
        let now = at(self.clock);
        let object = self.objects.entry(n).or_insert_with(|| {
            self.uids += 1;
            let new_recorder = n.is_multiple_of(2);
            EventSight {
                uid: format!("uid-{}", self.uids),
                created: Some(now),
                event_time: new_recorder.then_some(now),
                first: (!new_recorder).then_some(now),
                count: (!new_recorder).then_some(0),
                ..EventSight::default()
            }
        });
        let total = self.truth.entry(object.uid.clone()).or_default();
        *total += 1;
        if object.event_time.is_none() {
            (object.count, object.last) = (Some(*total), Some(now));
        } else if *total > 1 {
            (object.series_count, object.series_last) = (Some(*total), Some(now));
        }
        self.log.push(Log::Put(object.clone()));
    }

    fn deliver(&mut self, changes: usize) {
        let end = self.delivered.saturating_add(changes).min(self.log.len());
        let changes: Vec<Log> = self.log[self.delivered..end].to_vec();
        for change in changes {
            let fact = match change {
                Log::Put(object) => self.counter.see(object, at(self.clock)),
                Log::Delete(object) => self.counter.see_deleted(object, at(self.clock)),
            };
            self.store(fact);
        }
        self.delivered = end;
    }

    fn list(&mut self) {
        self.counter.begin_listing();
        for object in self.objects.values().cloned().collect::<Vec<_>>() {
            let fact = self.counter.see(object, at(self.clock));
            self.store(fact);
        }
        self.counter.end_listing();
        self.delivered = self.log.len();
    }

    fn store(&mut self, fact: Option<ClusterEvent>) {
        let Some(fact) = fact else { return };
        let before = self.stored.get(&fact.uid).map_or(0, |f| f.count);
        // After a deletion a replayed change may tell an earlier state of the
        // uid; the store keeps the larger count.
        if fact.count > before {
            self.told += fact.count - before;
            self.stored.insert(fact.uid.clone(), fact);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_occurrence_is_counted_once_over_any_schedule(steps in steps()) {
        let mut world = World::default();
        for step in steps {
            world.step(step);
        }
        world.deliver(usize::MAX);
        let counted: BTreeMap<String, i64> =
            world.stored.iter().map(|(uid, fact)| (uid.clone(), fact.count)).collect();
        prop_assert_eq!(&counted, &world.truth);
        prop_assert_eq!(world.told, world.truth.values().sum::<i64>());
        for fact in world.stored.values() {
            prop_assert!(fact.first_seen <= fact.last_seen);
        }
    }
}
