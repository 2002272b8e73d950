//! Burn alerts out: their state is stored before they are sent, so that a
//! restart neither forgets nor doubles one. Sending itself waits in the outbox.

use std::collections::BTreeMap;

use super::outbox::Outbox;
use crate::app::serving::answers::AppState;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::burn_alerts::{BurnAlert, BurnAlerts, Due, Moment, step};
use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};
use crate::publish::outbound::alertmanager::OutgoingAlert;
use crate::store::Batch;

pub struct Notifier {
    alerts: BurnAlerts,
    outbox: Outbox,
    external_labels: Labels,
    external_url: Option<url::Url>,
    interval: Millis,
}

impl Notifier {
    /// Takes up the alerts that an earlier run left.
    pub fn new(
        daemon: &AppState,
        outbox: Outbox,
        external_labels: Labels,
        external_url: Option<url::Url>,
        interval: Millis,
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
        Ok(Notifier { alerts, outbox, external_labels, external_url, interval })
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
        let outgoing: Vec<OutgoingAlert> = due.into_iter().map(|due| self.outgoing(due)).collect();
        self.outbox.push(&outgoing);
        stored
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
    let lasting = |a: &BurnAlert| (a.starts_at, a.resolved_at);
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
    serde_json::json!({"starts_at": alert.starts_at.rfc3339(), "resolved_at": resolved_at}).to_string()
}

fn read(text: &str) -> Option<BurnAlert> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let time = |key: &str| value.get(key)?.as_str().and_then(|t| Timestamp::parse(t).ok());
    Some(BurnAlert { starts_at: time("starts_at")?, resolved_at: time("resolved_at"), sent_at: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_an_alert_survives_its_text() {
        let at = |ms: i64| Timestamp::from_millis(1_700_000_000_000 + ms);
        for resolved_at in [None, Some(at(60_000))] {
            let alert = BurnAlert { starts_at: at(0), resolved_at, sent_at: None };
            assert_eq!(read(&write(&alert)), Some(alert));
        }
        assert_eq!(read("{}"), None);
    }
}
