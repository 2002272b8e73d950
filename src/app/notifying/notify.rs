//! Burn alerts out: their state is stored before they are sent, so that a
//! restart neither forgets nor doubles one. Sending itself waits in the outbox.

use std::collections::BTreeMap;

use super::outbox::Outbox;
use crate::app::serving::state::AppState;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::burn_alerts::alert::{BurnAlert, BurnAlerts};
use crate::evaluate::slo::burn_alerts::{Due, Moment, step};
use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};
use crate::publish::outbound::alertmanager::OutgoingAlert;
use crate::store::Batch;

const HEARTBEAT: &str = "EvenkeelHeartbeat";

/// Without another evaluation the heartbeat ends by itself after so long.
const HEARTBEAT_LASTS: Millis = Millis::from_mins(4);

pub struct Notifier {
    alerts: BurnAlerts,
    outbox: Outbox,
    external_labels: Labels,
    external_url: Option<url::Url>,
    interval: Millis,
    /// Since when the heartbeat fires; `None` without one.
    heartbeat: Option<Timestamp>,
    /// As each alert was handed over last, by key.
    sent: BTreeMap<String, OutgoingAlert>,
}

impl Notifier {
    /// Takes up the alerts that an earlier run left.
    pub fn new(
        daemon: &AppState,
        outbox: Outbox,
        external_labels: Labels,
        external_url: Option<url::Url>,
        interval: Millis,
        has_heartbeat: bool,
    ) -> anyhow::Result<Notifier> {
        let mut alerts = BurnAlerts::new();
        for entry in daemon.facts.reader.burn_alerts()? {
            match read(&entry.text) {
                Some(alert) => drop(alerts.insert(entry.key, alert)),
                None => {
                    tracing::error!(key = entry.key, "the stored state of a burn alert is unreadable; it starts again")
                }
            }
        }
        let heartbeat = has_heartbeat.then_some(daemon.started_at);
        Ok(Notifier { alerts, outbox, external_labels, external_url, interval, heartbeat, sent: BTreeMap::new() })
    }

    /// Moves the alerts on and puts what is due into the outbox, also when their state
    /// cannot be stored: an alert that is sent twice after a restart is better than none.
    pub async fn round(&mut self, daemon: &AppState, slos: &[SloJudgement], as_of: Timestamp) -> anyhow::Result<()> {
        let before = self.alerts.clone();
        let now = daemon.clock.now();
        let moment = Moment { as_of, now, interval: self.interval };
        let due = step(&mut self.alerts, slos, &self.external_labels, moment);
        let changes = changes(&before, &self.alerts);
        let mut stored = Ok(());
        if !changes.is_empty() {
            stored = daemon.facts.write(Batch { burn_alerts: changes, recorded_at: now, ..Batch::default() }).await;
        }
        let due: Vec<(String, OutgoingAlert)> =
            due.into_iter().map(|due| (due.key.clone(), self.outgoing(due))).collect();
        let mut outgoing = self.ended(&due, now);
        outgoing.extend(due.iter().map(|(_, alert)| alert.clone()));
        outgoing.extend(self.heartbeat(now));
        self.sent.extend(due);
        self.outbox.push(&outgoing);
        stored
    }

    /// The alert that fires as long as SLOs are evaluated: who receives it notices when
    /// it ends.
    fn heartbeat(&self, now: Timestamp) -> Option<OutgoingAlert> {
        let labels = self.external_labels.clone().with("alertname", HEARTBEAT).with("severity", "info");
        let text = "SLOs are evaluated and alerts sent. When this alert ends, look at Evenkeel.";
        Some(OutgoingAlert {
            labels,
            annotations: Labels::new().with("summary", text),
            starts_at: self.heartbeat?,
            ends_at: now + HEARTBEAT_LASTS.max(Millis(4 * self.interval.0)),
            generator_url: self.external_url.as_ref().map(url::Url::to_string),
        })
    }

    /// What was sent and has no successor: its SLO or condition is gone, or it goes on
    /// under other labels. It is resolved now, instead of by its time-out.
    fn ended(&mut self, due: &[(String, OutgoingAlert)], now: Timestamp) -> Vec<OutgoingAlert> {
        let goes_on_as = |key: &str| due.iter().find(|(of, _)| of == key).map(|(_, alert)| &alert.labels);
        let has_ended = |key: &String, sent: &OutgoingAlert| {
            !self.alerts.contains_key(key) || goes_on_as(key).is_some_and(|labels| *labels != sent.labels)
        };
        let ended: Vec<String> =
            self.sent.iter().filter(|(key, sent)| has_ended(key, sent)).map(|(key, _)| key.clone()).collect();
        let ended = ended.iter().filter_map(|key| self.sent.remove(key));
        ended.filter(|sent| sent.ends_at > now).map(|sent| OutgoingAlert { ends_at: now, ..sent }).collect()
    }

    fn outgoing(&self, due: Due) -> OutgoingAlert {
        let slo = due.labels.get("slo").unwrap_or_default();
        let page = self.external_url.as_ref().and_then(|url| url.join(&format!("slos/{slo}")).ok());
        OutgoingAlert {
            labels: due.labels,
            annotations: due.annotations,
            starts_at: due.starts_at,
            ends_at: due.ends_at,
            generator_url: page.map(String::from),
        }
    }
}

/// When an alert was sent is not worth a write; its beginning and end are.
fn changes(before: &BurnAlerts, after: &BurnAlerts) -> Vec<(String, Option<String>)> {
    let lasting = |a: &BurnAlert| BurnAlert { sent_at: None, ..a.clone() };
    let mut changes: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (key, alert) in after {
        if before.get(key).map(lasting) != Some(lasting(alert)) {
            changes.insert(key.clone(), Some(write(alert)));
        }
    }
    for key in before.keys().filter(|k| !after.contains_key(*k)) {
        changes.insert(key.clone(), None);
    }
    changes.into_iter().collect()
}

fn write(alert: &BurnAlert) -> String {
    let resolved_at = alert.resolved_at.map(Timestamp::rfc3339);
    let state = serde_json::json!({
        "starts_at": alert.starts_at.rfc3339(),
        "resolved_at": resolved_at,
        "held_by": alert.held_by,
        "is_lowered": alert.is_lowered,
    });
    state.to_string()
}

fn read(text: &str) -> Option<BurnAlert> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let time = |key: &str| value.get(key)?.as_str().and_then(|t| Timestamp::parse(t).ok());
    // What an earlier release stored has neither of the last two.
    Some(BurnAlert {
        starts_at: time("starts_at")?,
        resolved_at: time("resolved_at"),
        sent_at: None,
        held_by: value.get("held_by").and_then(|key| key.as_str()).map(str::to_owned),
        is_lowered: value.get("is_lowered").and_then(serde_json::Value::as_bool).unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_an_alert_survives_its_text() {
        let at = |ms: i64| Timestamp::from_millis(1_700_000_000_000 + ms);
        for resolved_at in [None, Some(at(60_000))] {
            for held_by in [None, Some("journey/fast".to_owned())] {
                let is_lowered = held_by.is_none();
                let alert = BurnAlert { starts_at: at(0), resolved_at, sent_at: None, held_by, is_lowered };
                assert_eq!(read(&write(&alert)), Some(alert));
            }
        }
        let earlier = format!(r#"{{"starts_at": "{}", "resolved_at": null}}"#, at(0).rfc3339());
        assert_eq!(read(&earlier), Some(BurnAlert::starting(at(0))));
        assert_eq!(read("{}"), None);
    }

    #[test]
    fn the_heartbeat_ends_by_itself_unless_slos_are_evaluated_again() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut notifier = Notifier {
            alerts: BurnAlerts::new(),
            outbox: Outbox::default(),
            external_labels: Labels::new().with("cluster", "eu-1"),
            external_url: None,
            interval: Millis::from_secs(30),
            heartbeat: Some(now),
            sent: BTreeMap::new(),
        };
        for passed in [0, 10] {
            let beat = notifier.heartbeat(now + Millis::from_mins(passed)).unwrap();
            assert_eq!(beat.labels.to_string(), r#"{alertname="EvenkeelHeartbeat", cluster="eu-1", severity="info"}"#);
            assert_eq!((beat.starts_at, beat.ends_at), (now, now + Millis::from_mins(passed + 4)));
        }
        notifier.interval = Millis::from_mins(5);
        assert_eq!(notifier.heartbeat(now).unwrap().ends_at, now + Millis::from_mins(20));
        notifier.heartbeat = None;
        assert_eq!(notifier.heartbeat(now), None);
    }

    #[test]
    fn what_vanishes_and_what_goes_on_under_other_labels_is_resolved_once() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let alert = |team: &str, ends_at: Timestamp| OutgoingAlert {
            labels: Labels::new().with("slo", "checkout").with("team", team),
            annotations: Labels::new(),
            starts_at: now - Millis::from_mins(10),
            ends_at,
            generator_url: None,
        };
        let later = now + Millis::from_mins(4);
        let fires = BurnAlert::starting(now - Millis::from_mins(10));
        let mut notifier = Notifier {
            alerts: BurnAlerts::from([("checkout/fast".to_owned(), fires)]),
            outbox: Outbox::default(),
            external_labels: Labels::new(),
            external_url: None,
            interval: Millis::from_secs(30),
            heartbeat: None,
            sent: BTreeMap::from([
                ("checkout/fast".to_owned(), alert("shop", later)),
                ("gone/fast".to_owned(), alert("search", later)),
                ("over/fast".to_owned(), alert("basket", now - Millis::from_mins(1))),
            ]),
        };
        let due = [("checkout/fast".to_owned(), alert("web", later))];
        assert_eq!(notifier.ended(&due, now), [alert("shop", now), alert("search", now)]);
        assert_eq!(notifier.ended(&due, now), [], "once is enough");
    }
}
