//! Which tool a body comes from, so that the refusal of a body that was sent to
//! the wrong webhook can name it.

use serde_json::Value;

/// A body as its sender names it; `None` where it could be of anybody.
pub(super) fn sender_of(text: &str) -> Option<&'static str> {
    let body: Value = serde_json::from_str(text).ok()?;
    let first = body.get(0).unwrap_or(&body);
    let has = |names: &[&str]| names.iter().all(|name| first.get(name).is_some());
    let event = first.get("event");
    Some(if event.is_some_and(|event| event.get("event_type").is_some()) {
        "a webhook of PagerDuty, version 3"
    } else if has(&["messages"]) {
        "a webhook of PagerDuty, version 2, which PagerDuty has ended"
    } else if has(&["alert_group"]) {
        "a webhook of Grafana OnCall"
    } else if event.is_some_and(|event| event.as_str().is_some_and(|name| name.starts_with("grafana.incident"))) {
        "a webhook of Grafana Incident"
    } else if has(&["groupKey", "alerts", "orgId"]) {
        "a webhook of Grafana's alerting"
    } else if has(&["groupKey", "alerts"]) {
        "a webhook of Alertmanager"
    } else if has(&["@timestamp", "data"]) {
        "events of Alertmanager's event recorder"
    } else if has(&["ruleName", "evalMatches"]) {
        "a webhook of Grafana's legacy alerting"
    } else if has(&["action", "alert", "source"]) {
        "a webhook of Opsgenie"
    } else if has(&["kind", "occurred_at"]) {
        "records"
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_names_its_sender() {
        for (body, wanted) in [
            (r#"{"event": {"event_type": "incident.triggered"}}"#, Some("a webhook of PagerDuty, version 3")),
            (r#"{"event": {"type": "resolve"}, "alert_group": {}}"#, Some("a webhook of Grafana OnCall")),
            (r#"{"groupKey": "{}", "alerts": [], "orgId": 1}"#, Some("a webhook of Grafana's alerting")),
            (r#"[{"kind": "change", "occurred_at": 7}]"#, Some("records")),
            (r#"{"hello": "world"}"#, None),
            ("no JSON", None),
        ] {
            assert_eq!(sender_of(body), wanted, "{body}");
        }
    }
}
