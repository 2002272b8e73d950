//! Incidents, alerts, and what alert rules were worth.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::api::alerts::rules::{RuleJson, RuleListJson};
use crate::api::alerts::{AlertJson, AlertListJson};
use crate::api::incidents::{IncidentJson, IncidentListJson, IncidentStateJson};
use crate::api::shares::PageClassJson;
use crate::api::time::Instant;
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{band, counts, cut, length, many, moment, share, took};

fn is_open(incident: &IncidentJson) -> bool {
    incident.state == IncidentStateJson::Open
}

/// The first one, and how many more.
fn services(incident: &IncidentJson) -> String {
    match incident.services.len() {
        0 | 1 => incident.service.clone(),
        n => format!("{} +{}", incident.service, n - 1),
    }
}

fn began(incident: &IncidentJson) -> Option<Instant> {
    let times = &incident.times;
    [&times.onset, &times.condition, &times.firing].into_iter().flatten().map(|mark| mark.at).min()
}

/// How long it took until the service was well again.
fn restored_in(incident: &IncidentJson) -> Option<String> {
    let end = incident.times.restored.or(incident.times.resolved)?;
    Some(length(end.at.0 - began(incident)?.0))
}

pub fn incidents(answer: &IncidentListJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("STATE", Align::Left),
        ("BEGAN", Align::Left),
        ("SERVICE", Align::Left),
        ("SEVERITY", Align::Left),
        ("PAGED", Align::Left),
        ("RESTORED IN", Align::Right),
        ("BUDGET BURNED", Align::Right),
        ("ID", Align::Left),
    ]);
    let mut all: Vec<&IncidentJson> = answer.incidents.iter().collect();
    all.sort_by_key(|incident| (!is_open(incident), Reverse(began(incident))));
    for incident in all {
        let state = Cell::new(incident.state.as_str());
        let open = is_open(incident);
        let paged = if incident.detected { Cell::new("yes") } else { Cell::new("no").tone(Tone::Warning) };
        table.row(vec![
            if open { state.tone(Tone::Bad) } else { state },
            Cell::known(began(incident).map(moment)),
            Cell::new(&services(incident)),
            Cell::new(incident.severity.as_str()),
            paged,
            match restored_in(incident) {
                None if open => Cell::new("not yet"),
                length => Cell::known(length),
            },
            Cell::known(incident.budget_burned_ratio.map(share)),
            Cell::new(&incident.id),
        ]);
    }
    let open = answer.incidents.iter().filter(|incident| is_open(incident)).count();
    let unseen = answer.incidents.iter().filter(|incident| !incident.detected).count();
    format!(
        "{}{}{}, {open} open, {unseen} without a page; {} to {}\n",
        table.render(colour),
        many(answer.matching, "incident", "incidents"),
        cut(answer.incidents.len(), answer.matching),
        moment(answer.from),
        moment(answer.to)
    )
}

fn alert_state(alert: &AlertJson) -> (&'static str, Tone) {
    match (alert.ended, alert.firing) {
        (Some(_), _) => ("ended", Tone::Plain),
        (None, Some(_)) => ("firing", Tone::Bad),
        (None, None) => ("pending", Tone::Warning),
    }
}

fn alert_start(alert: &AlertJson) -> Option<Instant> {
    alert.firing.or(alert.condition).map(|mark| mark.at)
}

/// What alerts are about, one row for each answer and rule, the most frequent first.
pub fn explained(answer: &AlertListJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("ALERTS", Align::Right),
        ("RULE", Align::Left),
        ("SERVICE", Align::Left),
        ("BY", Align::Left),
        ("NODE", Align::Left),
        ("NAMESPACE", Align::Left),
        ("CLUSTER", Align::Left),
        ("TEAM", Align::Left),
    ]);
    let mut counts: BTreeMap<[Option<&str>; 7], usize> = BTreeMap::new();
    for alert in &answer.alerts {
        let (service, by) = (alert.service.as_deref(), alert.service_from.as_deref());
        let place = [&alert.node, &alert.namespace, &alert.cluster, &alert.team].map(Option::as_deref);
        let [node, namespace, cluster, team] = place;
        *counts.entry([Some(&alert.rule), service, by, node, namespace, cluster, team]).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(about, count)| (Reverse(*count), *about));
    for (about, count) in rows {
        let cells = about.map(|part| part.map_or_else(|| Cell::new("-"), Cell::new));
        table.row(std::iter::once(Cell::new(&count.to_string())).chain(cells).collect());
    }
    format!(
        "{}{}; {} to {}; rules under `alerts.service` go before the built-in ones\n",
        table.render(colour),
        many(answer.matching, "alert", "alerts"),
        moment(answer.from),
        moment(answer.to)
    )
}

pub fn alerts(answer: &AlertListJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("STATE", Align::Left),
        ("BEGAN", Align::Left),
        ("FIRED FOR", Align::Right),
        ("SEVERITY", Align::Left),
        ("RULE", Align::Left),
        ("SERVICE", Align::Left),
        ("SILENCED", Align::Left),
    ]);
    let mut all: Vec<&AlertJson> = answer.alerts.iter().collect();
    let rank = |alert: &AlertJson| match alert_state(alert).0 {
        "firing" => 0,
        "pending" => 1,
        _ => 2,
    };
    all.sort_by_key(|alert| (rank(alert), Reverse(alert_start(alert))));
    for alert in all {
        let (word, tone) = alert_state(alert);
        table.row(vec![
            Cell::new(word).tone(tone),
            Cell::known(alert_start(alert).map(moment)),
            alert.firing_seconds.map_or_else(|| Cell::new("-"), |seconds| Cell::new(&took(seconds))),
            Cell::new(alert.severity.as_str()),
            Cell::new(&alert.rule),
            alert.service.as_deref().map_or_else(|| Cell::new("-"), Cell::new),
            Cell::new(if alert.suppressed { "yes" } else { "no" }),
        ]);
    }
    let firing = answer.alerts.iter().filter(|alert| rank(alert) == 0).count();
    format!(
        "{}{}{}, {firing} firing; {} to {}\n",
        table.render(colour),
        many(answer.matching, "alert", "alerts"),
        cut(answer.alerts.len(), answer.matching),
        moment(answer.from),
        moment(answer.to)
    )
}

/// What its pages were, the most frequent first: `9 duplicate, 2 short`.
fn classes(rule: &RuleJson) -> String {
    let mut classes: Vec<(PageClassJson, usize)> = rule.classes.iter().map(|(class, n)| (*class, *n)).collect();
    classes.retain(|(_, n)| *n > 0);
    classes.sort_by_key(|(class, n)| (Reverse(*n), *class));
    classes.iter().map(|(class, n)| format!("{n} {class}")).collect::<Vec<_>>().join(", ")
}

pub fn rules(answer: &RuleListJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("RULE", Align::Left),
        ("PAGES", Align::Right),
        ("NOISE", Align::Right),
        ("MET A BURN", Align::Right),
        ("BURNS DETECTED", Align::Right),
        ("FIRED FOR", Align::Right),
        ("WHAT THE PAGES WERE", Align::Left),
    ]);
    let mut all: Vec<&RuleJson> = answer.rules.iter().collect();
    let noise = |rule: &RuleJson| rule.lower.unwrap_or(-1.0);
    all.sort_by(|a, b| noise(b).total_cmp(&noise(a)).then(b.pages.cmp(&a.pages)).then_with(|| a.rule.cmp(&b.rule)));
    for rule in all {
        table.row(vec![
            Cell::new(&rule.rule),
            Cell::new(&rule.pages.to_string()),
            Cell::known(band(rule.lower, rule.upper, share)),
            Cell::known(rule.score.as_ref().and_then(|s| counts(&s.precision))),
            Cell::known(rule.score.as_ref().and_then(|s| counts(&s.recall))),
            Cell::known(rule.firing_seconds.map(took)),
            if rule.pages == 0 { Cell::new("never paged") } else { Cell::new(&classes(rule)) },
        ]);
    }
    format!(
        "{}{}, {}; {} to {}\n",
        table.render(colour),
        many(answer.rules.len(), "rule", "rules"),
        many(answer.rules.iter().map(|rule| rule.pages).sum(), "page", "pages"),
        moment(answer.from),
        moment(answer.to)
    )
}
