//! Incidents, alerts, and what alert rules were worth.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{Instant, Mark, band, cut, length, many, share, took};

#[derive(Debug, Deserialize)]
pub struct Incidents {
    from: Instant,
    to: Instant,
    matching: usize,
    incidents: Vec<Incident>,
}

#[derive(Debug, Deserialize)]
struct Incident {
    id: String,
    service: String,
    services: Vec<String>,
    state: String,
    severity: String,
    detected: bool,
    budget_burned_ratio: Option<f64>,
    times: Times,
}

#[derive(Debug, Deserialize)]
struct Times {
    onset: Option<Mark>,
    condition: Option<Mark>,
    firing: Option<Mark>,
    restored: Option<Mark>,
    resolved: Option<Mark>,
}

impl Incident {
    fn is_open(&self) -> bool {
        self.state == "open"
    }

    /// The first one, and how many more.
    fn services(&self) -> String {
        match self.services.len() {
            0 | 1 => self.service.clone(),
            n => format!("{} +{}", self.service, n - 1),
        }
    }

    fn start(&self) -> Option<Instant> {
        let times = &self.times;
        [times.onset, times.condition, times.firing].into_iter().flatten().map(|mark| mark.at).min()
    }

    /// How long it took until the service was well again.
    fn restored_in(&self) -> Option<String> {
        let end = self.times.restored.or(self.times.resolved)?;
        Some(length(end.at.0 - self.start()?.0))
    }
}

pub fn incidents(answer: &Incidents, colour: Colour) -> String {
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
    let mut all: Vec<&Incident> = answer.incidents.iter().collect();
    all.sort_by_key(|incident| (!incident.is_open(), Reverse(incident.start())));
    for incident in all {
        let state = Cell::new(&incident.state);
        let open = incident.is_open();
        let paged = if incident.detected { Cell::new("yes") } else { Cell::new("no").tone(Tone::Warning) };
        table.row(vec![
            if open { state.tone(Tone::Bad) } else { state },
            Cell::known(incident.start().map(Instant::moment)),
            Cell::new(&incident.services()),
            Cell::new(&incident.severity),
            paged,
            match incident.restored_in() {
                None if open => Cell::new("not yet"),
                length => Cell::known(length),
            },
            Cell::known(incident.budget_burned_ratio.map(share)),
            Cell::new(&incident.id),
        ]);
    }
    let open = answer.incidents.iter().filter(|incident| incident.is_open()).count();
    let unseen = answer.incidents.iter().filter(|incident| !incident.detected).count();
    format!(
        "{}{}{}, {open} open, {unseen} without a page; {} to {}\n",
        table.render(colour),
        many(answer.matching, "incident", "incidents"),
        cut(answer.incidents.len(), answer.matching),
        answer.from.moment(),
        answer.to.moment()
    )
}

#[derive(Debug, Deserialize)]
pub struct Alerts {
    from: Instant,
    to: Instant,
    matching: usize,
    alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
struct Alert {
    rule: String,
    service: Option<String>,
    service_from: Option<String>,
    team: Option<String>,
    cluster: Option<String>,
    namespace: Option<String>,
    node: Option<String>,
    severity: String,
    suppressed: bool,
    condition: Option<Mark>,
    firing: Option<Mark>,
    ended: Option<Mark>,
    firing_seconds: Option<f64>,
}

impl Alert {
    fn state(&self) -> (&'static str, Tone) {
        match (self.ended, self.firing) {
            (Some(_), _) => ("ended", Tone::Plain),
            (None, Some(_)) => ("firing", Tone::Bad),
            (None, None) => ("pending", Tone::Warning),
        }
    }

    fn start(&self) -> Option<Instant> {
        self.firing.or(self.condition).map(|mark| mark.at)
    }
}

/// What alerts are about, one row for each answer and rule, the most frequent first.
pub fn explained(answer: &Alerts, colour: Colour) -> String {
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
        answer.from.moment(),
        answer.to.moment()
    )
}

pub fn alerts(answer: &Alerts, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("STATE", Align::Left),
        ("BEGAN", Align::Left),
        ("FIRED FOR", Align::Right),
        ("SEVERITY", Align::Left),
        ("RULE", Align::Left),
        ("SERVICE", Align::Left),
        ("SILENCED", Align::Left),
    ]);
    let mut all: Vec<&Alert> = answer.alerts.iter().collect();
    let rank = |alert: &Alert| match alert.state().0 {
        "firing" => 0,
        "pending" => 1,
        _ => 2,
    };
    all.sort_by_key(|alert| (rank(alert), Reverse(alert.start())));
    for alert in all {
        let (word, tone) = alert.state();
        table.row(vec![
            Cell::new(word).tone(tone),
            Cell::known(alert.start().map(Instant::moment)),
            alert.firing_seconds.map_or_else(|| Cell::new("-"), |seconds| Cell::new(&took(seconds))),
            Cell::new(&alert.severity),
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
        answer.from.moment(),
        answer.to.moment()
    )
}

#[derive(Debug, Deserialize)]
pub struct Rules {
    from: Instant,
    to: Instant,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    rule: String,
    pages: usize,
    lower: Option<f64>,
    upper: Option<f64>,
    classes: BTreeMap<String, usize>,
    firing_seconds: Option<f64>,
    score: Option<Score>,
}

#[derive(Debug, Deserialize)]
struct Score {
    precision: Share,
    recall: Share,
}

#[derive(Debug, Deserialize)]
struct Share {
    count: usize,
    of: usize,
}

impl Share {
    fn cell(share: Option<&Share>) -> Cell {
        Cell::known(share.filter(|s| s.of > 0).map(|s| format!("{} of {}", s.count, s.of)))
    }
}

impl Rule {
    /// What its pages were, the most frequent first: `9 duplicate, 2 short`.
    fn classes(&self) -> String {
        let mut classes: Vec<(&String, usize)> = self.classes.iter().map(|(class, n)| (class, *n)).collect();
        classes.retain(|(_, n)| *n > 0);
        classes.sort_by_key(|(class, n)| (Reverse(*n), *class));
        classes.iter().map(|(class, n)| format!("{n} {class}")).collect::<Vec<_>>().join(", ")
    }
}

pub fn rules(answer: &Rules, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("RULE", Align::Left),
        ("PAGES", Align::Right),
        ("NOISE", Align::Right),
        ("MET A BURN", Align::Right),
        ("BURNS DETECTED", Align::Right),
        ("FIRED FOR", Align::Right),
        ("WHAT THE PAGES WERE", Align::Left),
    ]);
    let mut all: Vec<&Rule> = answer.rules.iter().collect();
    let noise = |rule: &Rule| rule.lower.unwrap_or(-1.0);
    all.sort_by(|a, b| noise(b).total_cmp(&noise(a)).then(b.pages.cmp(&a.pages)).then_with(|| a.rule.cmp(&b.rule)));
    for rule in all {
        table.row(vec![
            Cell::new(&rule.rule),
            Cell::new(&rule.pages.to_string()),
            Cell::known(band(rule.lower, rule.upper, share)),
            Share::cell(rule.score.as_ref().map(|s| &s.precision)),
            Share::cell(rule.score.as_ref().map(|s| &s.recall)),
            Cell::known(rule.firing_seconds.map(took)),
            if rule.pages == 0 { Cell::new("never paged") } else { Cell::new(&rule.classes()) },
        ]);
    }
    format!(
        "{}{}, {}; {} to {}\n",
        table.render(colour),
        many(answer.rules.len(), "rule", "rules"),
        many(answer.rules.iter().map(|rule| rule.pages).sum(), "page", "pages"),
        answer.from.moment(),
        answer.to.moment()
    )
}
