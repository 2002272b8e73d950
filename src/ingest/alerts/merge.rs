//! What one read says, joined to what is known. Joining is commutative and
//! associative and gives nothing new when repeated, so stretches may be read
//! in any order and again. Must not know where alerts are kept.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::same::SameRule;
use crate::ingest::alerts::spacing::{bridge, interval_of, silence_limit};
use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, AlertId, Mark, MarkSource};
use crate::model::time::{Millis, Period, Timestamp};

/// Prometheus writes the moment of the condition in whole seconds.
const SECOND: Millis = Millis::from_secs(1);

/// How far off the end of an alert can be that only Alertmanager knew: it
/// vanishes from the list, which is asked about that often.
const ALERTMANAGER_RESOLUTION: Millis = Millis::from_mins(1);

/// Alertmanager repeats a notification every four hours unless told otherwise.
const REPEAT_PATIENCE: Millis = Millis::from_hours(5);

/// Up to when everything was heard that could have shown an alert. A source that
/// does not answer ends no alert: the silence may be its own.
#[derive(Clone, Copy, Debug)]
pub struct HeardUntil {
    /// By all whose `ALERTS` are read.
    pub prometheus: Timestamp,
    /// By all Alertmanagers that are asked.
    pub alertmanagers: Timestamp,
}

impl HeardUntil {
    /// All of them answered.
    pub fn all(until: Timestamp) -> HeardUntil {
        HeardUntil { prometheus: until, alertmanagers: until }
    }
}

/// What to change in what is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// Alerts that are new or differ from what was known, by start.
    pub changed: Vec<Alert>,
    /// Ids that were known and are no more: their alert is now part of another.
    pub gone: Vec<AlertId>,
}

/// Joins the alerts of a read of `(read.start, read.end]` to the known ones.
///
/// `known` must hold all alerts that are open and all that were last seen after
/// `read.start - REREAD`; more does no harm. `new` may hold alerts of
/// Prometheus and of Alertmanager; one of Alertmanager lends its start, its
/// suppression and its receivers to the alert of Prometheus that it is a view of
/// (see `same`), and is an alert of its own only where there is none.
pub fn merge(known: Vec<Alert>, new: Vec<Alert>, read: Period, heard: HeardUntil) -> Merged {
    let before: BTreeMap<AlertId, Alert> = known.iter().map(|a| (a.id(), a.clone())).collect();
    let (foreign, own): (Vec<Alert>, Vec<Alert>) = known.into_iter().chain(new).partition(only_alertmanager);
    let mut by_labels: BTreeMap<Labels, Vec<Alert>> = BTreeMap::new();
    for alert in own {
        by_labels.entry(alert.labels.clone()).or_default().push(alert);
    }
    let mut alerts: Vec<Alert> = by_labels.into_values().flat_map(join_own).collect();
    lend(&mut alerts, join_foreign(foreign));

    let mut after: BTreeMap<AlertId, Alert> = BTreeMap::new();
    for mut alert in alerts {
        close_if_silent(&mut alert, read, heard);
        take_back_start(&mut alert);
        after.insert(alert.id(), alert);
    }
    let gone = before.keys().filter(|id| !after.contains_key(id)).copied().collect();
    let mut changed: Vec<Alert> =
        after.into_iter().filter(|(id, alert)| before.get(id) != Some(alert)).map(|(_, alert)| alert).collect();
    changed.sort_by(|a, b| (a.start(), &a.labels).cmp(&(b.start(), &b.labels)));
    Merged { changed, gone }
}

/// Joins alerts that a webhook or the event recorder told of to the known ones.
///
/// `known` must hold what was active since a day before the first of them. Who
/// pushes says nothing about other alerts, so none of them is closed.
pub fn merge_told(known: Vec<Alert>, told: Vec<Alert>) -> Merged {
    merge(known, told, Period::new(Timestamp::MIN, Timestamp::MIN), HeardUntil::all(Timestamp::MIN))
}

/// Nothing of Prometheus is in it.
fn only_alertmanager(alert: &Alert) -> bool {
    alert.condition.is_none() && alert.firing.is_some_and(|f| f.source.is_alertmanager())
}

/// The value of `ALERTS_FOR_STATE`, by which Prometheus itself tells one firing
/// from the next.
fn since(alert: &Alert) -> Option<Timestamp> {
    alert.condition.filter(|c| c.source == MarkSource::AlertsForState).map(|c| c.at)
}

/// The alerts of one label set: those with one `since` are one; those without
/// are one if they touch.
fn join_own(mut group: Vec<Alert>) -> Vec<Alert> {
    group.sort_by_key(|a| (a.start(), a.last_seen, a.ended.map(|e| e.at)));
    let mut identified: BTreeMap<Timestamp, Alert> = BTreeMap::new();
    let mut loose: Vec<Alert> = Vec::new();
    for alert in group {
        if let Some(since) = since(&alert) {
            let joined = match identified.remove(&since) {
                Some(other) => join(other, alert),
                None => alert,
            };
            identified.insert(since, joined);
        } else {
            match loose.pop() {
                Some(last) if alert.start() - last.last_seen <= bridge(interval_of(&last)) => {
                    loose.push(join(last, alert))
                }
                last => loose.extend(last.into_iter().chain([alert])),
            }
        }
    }
    let mut alone = Vec::new();
    for alert in loose {
        // The condition of the later one began after this was last seen: two.
        let touching = identified.range_mut(..=alert.last_seen).next_back().map(|(_, other)| other);
        match touching.filter(|other| alert.start() - other.last_seen <= bridge(interval_of(other))) {
            Some(other) => *other = join(other.clone(), alert),
            None => alone.push(alert),
        }
    }
    identified.into_values().chain(alone).collect()
}

/// Two views of one firing.
fn join(a: Alert, b: Alert) -> Alert {
    let firing = join_firing(&a, &b);
    let condition = [a.condition, b.condition]
        .into_iter()
        .flatten()
        .min_by_key(|c| (c.source != MarkSource::AlertsForState, c.at, c.estimated, c.resolution))
        // Seen pending again after a restart: not when the condition began.
        .filter(|c| c.source == MarkSource::AlertsForState || firing.is_none_or(|f| c.at <= f.at));
    let suppressed = a.suppressed || b.suppressed;
    // The later view decides whether it is over; at the same last sample, the one
    // that saw more of the time after it.
    let life = |alert: &Alert| {
        let sureness = alert.ended.map(|e| (!e.estimated, Reverse(e.resolution)));
        (stated_at(alert), sureness, alert.last_seen)
    };
    let (mut last, other) = if life(&b) > life(&a) { (b, a) } else { (a, b) };
    last.join_receivers(&other.receivers);
    Alert { condition, firing, suppressed, ..last }
}

/// The latest time that a view of an alert states. A webhook states when an alert
/// began and ended; when it was received says nothing, as deliveries are repeated
/// and delayed.
fn stated_at(alert: &Alert) -> Timestamp {
    match (alert.ended, alert.firing) {
        (None, Some(firing)) if firing.source == MarkSource::Webhook && alert.condition.is_none() => firing.at,
        _ => alert.last_seen,
    }
}

/// What decides between two marks of one start, whichever was read first: the
/// earlier, and of two at one instant the one that is known more exactly.
fn earlier_and_sharper(mark: &Mark) -> (Timestamp, bool, Millis, MarkSource) {
    (mark.at, mark.estimated, mark.resolution, mark.source)
}

fn join_firing(a: &Alert, b: &Alert) -> Option<Mark> {
    let since = since(a).or(since(b));
    let mut firing = [a.firing, b.firing]
        .into_iter()
        .flatten()
        .filter(|f| since.is_none_or(|s| f.at >= s - SECOND))
        .min_by_key(earlier_and_sharper)?;
    for view in [a, b] {
        // Still pending when that view ended.
        if view.firing.is_none() && view.last_seen < firing.at {
            let since_then = firing.at - view.last_seen;
            firing.resolution = if firing.estimated { since_then } else { firing.resolution.min(since_then) };
            firing.estimated = false;
        }
    }
    Some(firing)
}

/// Alertmanager keeps the start for as long as an alert fires.
fn join_foreign(foreign: Vec<Alert>) -> Vec<Alert> {
    let mut by_start: BTreeMap<AlertId, Alert> = BTreeMap::new();
    for alert in foreign {
        let id = alert.id();
        let joined = match by_start.remove(&id) {
            Some(other) => join(other, alert),
            None => alert,
        };
        by_start.insert(id, joined);
    }
    by_start.into_values().collect()
}

/// Gives what Alertmanager knows to the alerts of Prometheus; what finds none
/// is added.
fn lend(alerts: &mut Vec<Alert>, foreign: Vec<Alert>) {
    let mut numbers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, alert) in alerts.iter().enumerate() {
        numbers.entry(&alert.rule).or_default().push(number);
    }
    let mut entries: HashMap<&str, Vec<&Alert>> = HashMap::new();
    for entry in &foreign {
        entries.entry(&entry.rule).or_default().push(entry);
    }
    let none = Vec::new();
    let mut matching: Vec<Vec<usize>> = vec![Vec::new(); foreign.len()];
    let mut rules: HashMap<&str, SameRule<'_>> = HashMap::new();
    for (entry, matching) in foreign.iter().zip(&mut matching) {
        let rule = entry.rule.as_str();
        let same = rules.entry(rule).or_insert_with(|| {
            let theirs = entries.get(rule).map(Vec::as_slice).unwrap_or_default();
            SameRule::new(alerts, numbers.get(rule).unwrap_or(&none), theirs)
        });
        *matching = same.of(entry);
    }
    let mut alone = Vec::new();
    for (entry, matching) in foreign.into_iter().zip(matching) {
        let best = |i: &usize| alerts.get(*i).map(|a| (a.labels.len(), a.start()));
        let latest = matching.iter().copied().max_by_key(best);
        for i in &matching {
            if let Some(alert) = alerts.get_mut(*i) {
                lend_start(alert, &entry);
                if Some(*i) == latest {
                    alert.suppressed |= entry.suppressed;
                    alert.join_receivers(&entry.receivers);
                }
            }
        }
        if matching.is_empty() {
            alone.push(entry);
        }
    }
    alerts.extend(alone);
}

fn lend_start(alert: &mut Alert, entry: &Alert) {
    let Some(start) = entry.firing else { return };
    let in_life = start.at >= alert.start() - SECOND && alert.ended.is_none_or(|e| start.at <= e.at);
    let better = match alert.firing {
        None => in_life,
        // What was read began in the middle of it.
        Some(f) if f.estimated => start.at < f.at,
        Some(f) => in_life && earlier_and_sharper(&start) < earlier_and_sharper(&f),
    };
    if better {
        alert.firing = Some(start);
    }
}

/// A start that was lent while the end was not known yet, and lies behind it, is that
/// of the next alert of these labels.
fn take_back_start(alert: &mut Alert) {
    let lent = alert.firing.filter(|start| start.source.is_alertmanager() && alert.condition.is_some());
    if lent.is_some_and(|start| alert.ended.is_some_and(|end| end.at < start.at)) {
        alert.firing = None;
    }
}

/// How long nothing may be heard of an alert. Who pushes says it again only
/// after the repeat interval.
fn patience(alert: &Alert, interval: Millis) -> Millis {
    match alert.firing.map(|f| f.source) {
        Some(MarkSource::Webhook | MarkSource::EventRecorder) if alert.condition.is_none() => REPEAT_PATIENCE,
        _ => silence_limit(interval),
    }
}

/// An alert that nothing has shown for long is over, whoever was to tell us.
fn close_if_silent(alert: &mut Alert, read: Period, heard: HeardUntil) {
    let interval = interval_of(alert);
    let foreign = only_alertmanager(alert);
    let until = if foreign { heard.alertmanagers } else { heard.prometheus };
    if alert.ended.is_some() || until.min(read.end) - alert.last_seen <= patience(alert, interval) {
        return;
    }
    let mark = if foreign {
        let end = alert.last_seen + ALERTMANAGER_RESOLUTION;
        Mark { estimated: true, ..Mark::new(end, MarkSource::Alertmanager, ALERTMANAGER_RESOLUTION) }
    } else {
        // Nobody looked at what came right after its last sample.
        let estimated = read.start > alert.last_seen + interval;
        Mark { estimated, ..Mark::new(alert.last_seen + interval, MarkSource::Alerts, interval) }
    };
    alert.ended = Some(mark);
}
