//! The pages of an incident, and when alerts of one kind fired. Must not know
//! what a page is worth.

use std::collections::{BTreeMap, HashMap};

use super::alerts::Alerts;
use crate::evaluate::alerting::evidence::Evidence;
use crate::evaluate::alerting::page_class::{PageClass, PageReason};
use crate::evaluate::incident::episodes::SloBurn;
use crate::evaluate::incident::incidents::facts::IncidentFacts;
use crate::evaluate::incident::incidents::place::Place;
use crate::model::operations::alert::{Alert, AlertId, Mark};
use crate::model::operations::alert_settings::IncidentScope;
use crate::model::operations::incident::Incident;
use crate::model::operations::record::RecordKind;
use crate::model::operations::silence::held_until;
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};

/// One rule in one incident.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The first alert of the rule.
    pub id: AlertId,
    pub alert: &'a Alert,
    pub rule: &'a str,
    /// The number of the alert's kind.
    pub kind: u32,
    /// That of the alert; where it names none, the first of the incident.
    pub service: Option<&'a str>,
    /// All of the incident.
    pub services: &'a [String],
    pub team: Option<&'a str>,
    pub place: Place<'a>,
    /// When it fired, or when the silences ended that held it back at first.
    pub at: Timestamp,
    /// How long the rule fired at a time in the incident without a gap, at most;
    /// absent while it fires. Instances that take turns are one firing, such as those
    /// of a rule that has its value in a label.
    pub longest: Option<Millis>,
    /// When the last alert of the rule in the incident ended; absent while one
    /// fires.
    pub end: Option<Timestamp>,
    /// All alerts of the rule in the incident, the first one first.
    pub alerts: Vec<AlertId>,
    /// Why all alerts of the rule were planned: Alertmanager held them back before
    /// a receiver was told, by silences that were there when they fired, or
    /// corrections leave out the time at which they did. `None` where one was not.
    pub planned: Option<String>,
}

impl Page<'_> {
    pub fn reason(self, class: PageClass, reason: String, evidence: Vec<Evidence>) -> PageReason {
        let (service, team) = (self.service.map(str::to_owned), self.team.map(str::to_owned));
        PageReason { alert: self.id, rule: self.rule.to_owned(), service, team, at: self.at, class, reason, evidence }
    }
}

/// Alerts by id, since when silences held them back, and what corrections leave
/// out of each service.
pub struct Index<'a> {
    alerts: &'a Alerts,
    silenced: HashMap<AlertId, Vec<Period>>,
    burns: HashMap<&'a str, Vec<&'a SloBurn>>,
    scope: IncidentScope,
}

impl<'a> Index<'a> {
    pub fn new(facts: &IncidentFacts<'a>, burns: &'a [SloBurn]) -> Index<'a> {
        let mut silenced: HashMap<AlertId, Vec<Period>> = HashMap::new();
        for s in facts.silenced {
            silenced.entry(s.alert).or_default().push(s.period);
        }
        let mut by_service: HashMap<&str, Vec<&SloBurn>> = HashMap::new();
        for burn in burns {
            by_service.entry(&burn.service).or_default().push(burn);
        }
        let scope = facts.alerts.context().settings.scope;
        Index { alerts: facts.alerts, silenced, burns: by_service, scope }
    }

    /// The pages of an incident in order of time.
    pub fn pages(&self, incident: &'a Incident) -> Vec<Page<'a>> {
        let alerts = incident.alerts.iter().filter_map(|id| Some((*id, self.alerts.find(*id)?)));
        // Tickets come behind all pages.
        let pages = alerts.take_while(|(_, alert)| alert.severity == Severity::Page);
        let mut by_rule: BTreeMap<&str, Vec<(Timestamp, AlertId, &'a Alert)>> = BTreeMap::new();
        for (id, alert) in pages {
            if let Some(firing) = alert.firing {
                by_rule.entry(&alert.rule).or_default().push((firing.at, id, alert));
            }
        }
        let mut pages: Vec<Page<'a>> =
            by_rule.into_iter().filter_map(|(rule, alerts)| self.page(incident, rule, alerts)).collect();
        pages.sort_by_key(|p| (p.at, p.rule));
        pages
    }

    fn page(
        &self,
        incident: &'a Incident,
        rule: &'a str,
        mut alerts: Vec<(Timestamp, AlertId, &'a Alert)>,
    ) -> Option<Page<'a>> {
        alerts.sort_by_key(|(at, id, _)| (*at, *id));
        let (fired, id, alert) = alerts.first().copied()?;
        let ends = alerts.iter().map(|(_, _, a)| a.ended.map(|e| e.at));
        let lengths = without_gaps(alerts.iter().map(|(at, _, a)| (*at, a.ended))).into_iter();
        let lengths = lengths.map(|(start, end)| end.map(|end| end - start));
        let row = self.alerts.numbers(id)?;
        let sent = alerts.iter().filter(|(_, _, alert)| !alert.suppressed).map(|(at, id, _)| self.sent_at(*id, *at));
        let at = sent.min().unwrap_or(fired);
        let service = self.alerts.service(row).or(incident.services.first().map(String::as_str));
        Some(Page {
            id,
            alert,
            rule,
            kind: row.kind,
            service,
            services: &incident.services,
            team: incident.team.as_deref(),
            place: self.alerts.subject(row).map_or(Place::default(), |subject| Place::of_alert(subject, self.scope)),
            at,
            end: ends.collect::<Option<Vec<Timestamp>>>().and_then(|ends| ends.into_iter().max()),
            alerts: alerts.iter().map(|(_, id, _)| *id).collect(),
            longest: lengths.collect::<Option<Vec<Millis>>>().and_then(|l| l.into_iter().max()),
            planned: self.planned(incident, service.unwrap_or_default(), &alerts),
        })
    }

    fn planned(&self, incident: &Incident, service: &str, alerts: &[(Timestamp, AlertId, &Alert)]) -> Option<String> {
        let why = |(at, id, alert): &(Timestamp, AlertId, &Alert)| {
            let held = alert.suppressed && !self.answered(*id, *at) && !was_told(incident, alert);
            let silenced = || held.then(|| "Alertmanager held it back from the start".to_owned());
            self.corrected(service, alert, *at).or_else(silenced)
        };
        let reasons: Option<Vec<String>> = alerts.iter().map(why).collect();
        reasons?.into_iter().next()
    }

    /// Why an instant does not count for what an alert is about: every SLO of the
    /// service is corrected there, or the one that the alert names.
    fn corrected(&self, service: &str, alert: &Alert, at: Timestamp) -> Option<String> {
        let named = alert.labels.get("slo");
        let about = self.burns.get(service)?.iter().filter(|burn| named.is_none_or(|name| burn.slo == name));
        let corrections: Option<Vec<_>> = about.map(|burn| burn.left_out.correction_at(at)).collect();
        let correction = corrections?.into_iter().next()?;
        Some(format!("the correction {} leaves that time out: {}", correction.name, correction.reason))
    }

    /// When an alert that fired was sent: once no silence held it back any more.
    fn sent_at(&self, id: AlertId, fired: Timestamp) -> Timestamp {
        held_until(fired, self.silenced.get(&id).into_iter().flatten().copied())
    }

    /// Whether the silence came after the page: an answer, and no plan.
    fn answered(&self, id: AlertId, fired: Timestamp) -> bool {
        self.silenced.get(&id).is_some_and(|periods| periods.iter().all(|period| period.start > fired))
    }
}

/// Whether a receiver was told of an alert: if it was held back, then only later.
fn was_told(incident: &Incident, alert: &Alert) -> bool {
    let end = alert.ended.map_or(Timestamp::MAX, |end| end.at);
    let notifications = incident.told.iter().map(|told| &told.record).filter(|r| r.kind == RecordKind::Notification);
    notifications
        .filter(|record| (alert.start()..=end).contains(&record.occurred_at))
        .any(|record| !record.labels.is_empty() && record.labels.agrees_with(&alert.labels))
}

/// A shorter time between two instances of one rule is no gap: the next evaluation
/// made the next instance.
const GAP_MIN: Millis = Millis::from_mins(1);

/// Firings of one rule with their ends, in order of their starts, joined to the
/// times in which it fired without a gap; the last end is absent while one fires.
pub fn without_gaps(firings: impl Iterator<Item = (Timestamp, Option<Mark>)>) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut joined: Vec<(Timestamp, Option<Mark>)> = Vec::new();
    for (start, end) in firings {
        match joined.last_mut() {
            Some((_, last)) if last.is_none_or(|last| start <= last.at + gap(last)) => {
                *last = last.zip(end).map(|(last, end)| if end.at > last.at { end } else { last });
            }
            _ => joined.push((start, end)),
        }
    }
    joined.into_iter().map(|(start, end)| (start, end.map(|end| end.at))).collect()
}

/// Twice the interval of the evaluations.
fn gap(end: Mark) -> Millis {
    Millis(end.resolution.0 * 2).max(GAP_MIN)
}

/// When alerts of each kind fired, replicas taken together.
pub struct Spells {
    by_kind: Vec<Vec<Period>>,
}

impl Spells {
    pub fn new(alerts: &Alerts) -> Spells {
        let mut by_kind: Vec<Vec<Period>> = vec![Vec::new(); alerts.kinds()];
        for row in alerts.rows().iter().filter(|row| row.severity == Severity::Page) {
            if let Some((firing, spells)) = row.firing_period(Timestamp::MAX).zip(by_kind.get_mut(row.kind as usize)) {
                spells.push(firing);
            }
        }
        for spells in &mut by_kind {
            spells.sort_unstable();
            spells.dedup_by(|later, kept| {
                let touch = later.start <= kept.end;
                if touch {
                    kept.end = kept.end.max(later.end);
                }
                touch
            });
        }
        Spells { by_kind }
    }

    fn of(&self, kind: u32) -> &[Period] {
        self.by_kind.get(kind as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// How long at least one alert of a kind fired in a period.
    pub fn firing(&self, kind: u32, period: Period) -> Millis {
        Millis(self.of(kind).iter().map(|spell| spell.intersect(period).length().0).sum())
    }

    /// The most changes between firing and not firing in a period that lie less
    /// than `within` apart.
    pub fn most_changes(&self, kind: u32, period: Period, within: Millis) -> usize {
        let changes = self.of(kind).iter().flat_map(|spell| [spell.start, spell.end]);
        let changes: Vec<Timestamp> = changes.filter(|at| period.contains(*at)).collect();
        let from =
            |(i, first): (usize, &Timestamp)| changes.iter().skip(i).take_while(|at| **at - *first < within).count();
        changes.iter().enumerate().map(from).max().unwrap_or(0)
    }

    /// When the last alert of a kind ended before an instant.
    pub fn last_end_before(&self, kind: u32, at: Timestamp) -> Option<Timestamp> {
        self.of(kind).iter().map(|spell| spell.end).filter(|end| *end < at).max()
    }
}
