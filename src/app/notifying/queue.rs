//! The alerts that wait for one Alertmanager: of each the newest state, in the
//! order in which they came.

use std::collections::{HashMap, VecDeque};

use crate::evaluate::slo::burn_alerts::RESOLVED_RETENTION;
use crate::model::labels::Labels;
use crate::model::time::Timestamp;
use crate::publish::outbound::alertmanager::OutgoingAlert;

/// Alerts that wait at most, as in Prometheus (`notification-queue-capacity`).
pub const QUEUE_ALERTS_MAX: usize = 10_000;

/// Why alerts were given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The queue was full; the oldest gave way.
    pub full: u64,
    /// They ended so long ago that Alertmanager has resolved them by itself.
    pub expired: u64,
    /// Alertmanager refuses what is in them.
    pub refused: u64,
}

#[derive(Debug, Default)]
pub struct Queue {
    order: VecDeque<Labels>,
    newest: HashMap<Labels, OutgoingAlert>,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    /// Adds alerts. A newer state takes the place of an older one, which nobody
    /// needs any more. Returns how many gave way because the queue was full.
    pub fn push(&mut self, alerts: impl IntoIterator<Item = OutgoingAlert>) -> u64 {
        for alert in alerts {
            if self.newest.insert(alert.labels.clone(), alert.clone()).is_none() {
                self.order.push_back(alert.labels);
            }
        }
        let mut dropped = 0;
        while self.len() > QUEUE_ALERTS_MAX {
            dropped += u64::from(self.pop().is_some());
        }
        dropped
    }

    /// Puts alerts back that could not be sent, before those that came
    /// meanwhile. A newer state that came meanwhile stays.
    pub fn put_back(&mut self, alerts: Vec<OutgoingAlert>) {
        for alert in alerts.into_iter().rev() {
            if !self.newest.contains_key(&alert.labels) {
                self.order.push_front(alert.labels.clone());
                self.newest.insert(alert.labels.clone(), alert);
            }
        }
    }

    /// Takes everything that waits and is still news; how many were not.
    pub fn take(&mut self, now: Timestamp) -> (Vec<OutgoingAlert>, u64) {
        let all: Vec<OutgoingAlert> = std::iter::from_fn(|| self.pop()).collect();
        let (news, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|a| now - a.ends_at <= RESOLVED_RETENTION);
        (news, old.len() as u64)
    }

    fn pop(&mut self) -> Option<OutgoingAlert> {
        let labels = self.order.pop_front()?;
        self.newest.remove(&labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(1_780_000_000_000) + Millis::from_mins(minute)
    }

    fn alert(slo: impl ToString, ends_at: Timestamp) -> OutgoingAlert {
        let labels = Labels::new().with("alertname", "ErrorBudgetBurn").with("slo", &slo.to_string());
        OutgoingAlert { labels, annotations: Labels::new(), starts_at: at(0), ends_at, generator_url: None }
    }

    #[test]
    fn the_newest_state_of_an_alert_waits_in_the_place_of_the_older() {
        let mut queue = Queue::default();
        queue.push([alert("cart", at(4)), alert("pay", at(4))]);
        queue.push([alert("cart", at(1))]);
        assert_eq!(queue.take(at(2)), (vec![alert("cart", at(1)), alert("pay", at(4))], 0));
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn what_could_not_be_sent_comes_first_unless_it_is_outdated() {
        let mut queue = Queue::default();
        queue.push([alert("cart", at(4)), alert("pay", at(4))]);
        let (taken, _) = queue.take(at(0));
        queue.push([alert("pay", at(2)), alert("mail", at(4))]);
        queue.put_back(taken);
        assert_eq!(queue.take(at(2)).0, [alert("cart", at(4)), alert("pay", at(2)), alert("mail", at(4))]);
    }

    #[test]
    fn resolved_alerts_wait_a_quarter_of_an_hour() {
        for (minutes, expired) in [(10, 0), (15, 0), (16, 1)] {
            let mut queue = Queue::default();
            queue.push([alert("cart", at(0))]);
            assert_eq!(queue.take(at(minutes)).1, expired, "{minutes} minutes after its end");
        }
    }

    #[test]
    fn a_full_queue_gives_up_the_oldest() {
        let mut queue = Queue::default();
        let dropped = queue.push((0..QUEUE_ALERTS_MAX + 3).map(|n| alert(n, at(4))));
        assert_eq!((dropped, queue.len()), (3, QUEUE_ALERTS_MAX));
        assert_eq!(queue.take(at(0)).0[0], alert(3, at(4)));
    }
}
