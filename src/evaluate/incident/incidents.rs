//! Pages, episodes and changes to incidents: when a disturbance began, was noticed
//! and was over, and what happened again. The same facts give the same incidents,
//! in whatever order they come. Must not know how noisy a page was.

pub(crate) mod facts;
pub mod linking;
pub mod place;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::linking::{LinkedGroup, groups};
use self::place::{Key, Place, key_of};
use super::nodes::named_nodes;
use crate::evaluate::alerting::alerts::{Alerts, Row};
use crate::evaluate::incident::incidents::facts::{IncidentFacts, Silenced};
use crate::evaluate::incident::incidents::linking::QUIET;
use crate::model::ids::IncidentId;
use crate::model::labels::content_hash;
use crate::model::operations::alert::{Alert, AlertId, Mark, MarkSource};
use crate::model::operations::change::{Change, ChangeKind};
use crate::model::operations::incident::{Episode, Incident, IncidentState, IncidentTimes};
use crate::model::operations::silence::{SENT_AFTER, held_until};
use crate::model::operations::subject::Subject;
use crate::model::slo::{Severity, Slo};
use crate::model::time::{Millis, SLOT_MS, Timestamp};

/// A page this much before the burn still belongs to it: the rule saw it coming.
pub const LEAD: Millis = Millis::from_mins(10);

/// A change this much before an incident may be its cause.
pub const CHANGE_LEAD: Millis = Millis::from_mins(30);

/// A rollback mitigated an incident if users were served again so soon after it
/// began.
pub const ROLLBACK_EFFECT: Millis = Millis::from_mins(30);

/// Someone who silences an alert this long after the incident answers something
/// else.
pub const ANSWER_WITHIN: Millis = Millis::from_mins(60);

/// What the same thing does again within this time was not mended. A day, so that
/// what comes with every night's batch is seen as one story.
pub const REOPEN_WITHIN: Millis = Millis::from_hours(24);

/// The service of alerts that name none; each rule is then taken by itself.
pub const UNASSIGNED: &str = "unassigned";

/// Without page tiers of its own, an SLO pages at the share of the budget that
/// the fast standard tier stands for.
const PAGE_BUDGET_DEFAULT: f64 = 0.02;

/// All incidents in these facts as known at `now`, newest first; see `linking`.
/// Tickets neither open nor prolong an incident; those that began to fire in it
/// are linked.
pub fn incidents(facts: &IncidentFacts<'_>, now: Timestamp) -> Vec<Incident> {
    let context = Context::new(facts, now);
    let mut out: Vec<Incident> =
        groups(facts).into_iter().map(|group| Draft { group, context: &context }.incident()).collect();
    out.sort_by_cached_key(|i| (std::cmp::Reverse(i.start()), i.id));
    mark_reopened(&mut out);
    out
}

/// Notes of each incident which one it follows: the last of the same service and
/// cause, if that had ended a short while before. They stay two, as each hurt
/// users for a time of its own. `incidents`: newest first.
fn mark_reopened(incidents: &mut [Incident]) {
    let mut last: HashMap<_, (IncidentId, Timestamp)> = HashMap::new();
    let mut reopens: Vec<Option<IncidentId>> = vec![None; incidents.len()];
    for (incident, reopens) in incidents.iter().zip(&mut reopens).rev() {
        let Some(start) = incident.start() else { continue };
        let key = (&incident.service, &incident.cause, &incident.cluster, &incident.namespace);
        let before = last.get(&key).filter(|(_, end)| *end <= start && start - *end <= REOPEN_WITHIN);
        *reopens = before.map(|(id, _)| *id);
        // One that goes on is not over yet.
        last.insert(key, (incident.id, incident.end().unwrap_or(Timestamp::MAX)));
    }
    incidents.iter_mut().zip(reopens).for_each(|(incident, reopens)| incident.reopens = reopens);
}

/// The facts, by what they are looked up by.
struct Context<'a> {
    slos: HashMap<&'a str, Vec<&'a Slo>>,
    /// In order of the time at which they fired.
    tickets: HashMap<Key<'a>, Vec<(Timestamp, &'a Row)>>,
    alerts: &'a Alerts,
    changes: HashMap<&'a str, Vec<&'a Change>>,
    /// By node.
    cordons: HashMap<&'a str, Vec<&'a Change>>,
    silences: HashMap<AlertId, Vec<Silenced>>,
    now: Timestamp,
}

impl<'a> Context<'a> {
    fn new(facts: &IncidentFacts<'a>, now: Timestamp) -> Context<'a> {
        let mut slos: HashMap<&str, Vec<&Slo>> = HashMap::new();
        for slo in facts.slos {
            slos.entry(&slo.service).or_default().push(slo);
        }
        let mut changes: HashMap<&str, Vec<&Change>> = HashMap::new();
        let mut cordons: HashMap<&str, Vec<&Change>> = HashMap::new();
        for change in facts.changes {
            let of = match change.kind {
                ChangeKind::Cordon => cordons.entry(change.object.name.as_str()),
                _ => changes.entry(change.service.as_str()),
            };
            of.or_default().push(change);
        }
        let mut silences: HashMap<AlertId, Vec<Silenced>> = HashMap::new();
        for silenced in facts.silenced {
            silences.entry(silenced.alert).or_default().push(*silenced);
        }
        Context { slos, tickets: tickets(facts.alerts), alerts: facts.alerts, changes, cordons, silences, now }
    }
}

/// Tickets that fired, by what they belong to, in order of the time at which they
/// did.
fn tickets(alerts: &Alerts) -> HashMap<Key<'_>, Vec<(Timestamp, &Row)>> {
    let mut tickets: HashMap<Key<'_>, Vec<(Timestamp, &Row)>> = HashMap::new();
    for row in alerts.rows().iter().filter(|row| row.severity == Severity::Ticket) {
        let key = alerts.alert(row).zip(alerts.subject(row)).map(|(alert, subject)| key_of(alert, subject));
        if let Some((firing, key)) = row.firing().zip(key) {
            tickets.entry(key).or_default().push((firing, row));
        }
    }
    tickets.values_mut().for_each(|of| of.sort_by_key(|(at, _)| *at));
    tickets
}

/// One group and what is needed to tell its story.
struct Draft<'a> {
    group: LinkedGroup<'a>,
    context: &'a Context<'a>,
}

impl Draft<'_> {
    fn incident(&self) -> Incident {
        let group = &self.group;
        let closed = group.end + QUIET <= self.context.now;
        let tickets = self.linked_tickets();
        let alerts = || group.pages.iter().chain(&tickets);
        let times = self.times(if group.pages.is_empty() { &tickets } else { &group.pages });
        let silent =
            |alert: &&(AlertId, &Alert)| alert.1.suppressed && self.silenced(alert.0, alert.1, |_| true).is_none();
        Incident {
            id: self.id(),
            service: self.service(),
            services: group.services.iter().map(|service| (*service).to_owned()).collect(),
            cause: alerts()
                .next()
                .map(|(_, a)| &a.rule)
                .or(self.first_burn().map(|b| &b.slo))
                .cloned()
                .unwrap_or_default(),
            reopens: None,
            team: self.stated(|subject| subject.team.as_deref(), "team"),
            cluster: self.stated(|subject| subject.cluster.as_deref(), "cluster"),
            namespace: self.subjects().find_map(|subject| subject.namespace.clone()),
            state: if closed { IncidentState::Closed } else { IncidentState::Open },
            severity: self.severity(),
            detected: group.pages.iter().any(|page| !silent(&page)),
            budget_burned_ratio: self.budget_burned(),
            below_floor: None,
            times,
            alerts: alerts().map(|(id, _)| *id).collect(),
            episodes: group.burns.iter().map(|e| e.id).collect(),
            changes: self.changes().map(|c| c.id).collect(),
            stated: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Made of what came first: the rest of an incident may grow.
    fn id(&self) -> IncidentId {
        let minute = self.group.first_start.floor_slot().millis().to_le_bytes();
        let key = match self.group.key {
            Key::Service(service) => service.to_owned(),
            Key::Node(node) => node_name(node),
            Key::Rule(rule) => format!("{UNASSIGNED}/{rule}"),
        };
        let Place { cluster, namespace } = self.group.first_place;
        let place = [("cluster", cluster), ("namespace", namespace)];
        let place = place.into_iter().filter_map(|(name, value)| Some([name.as_bytes(), value?.as_bytes()])).flatten();
        IncidentId(content_hash([key.as_bytes(), minute.as_slice()].into_iter().chain(place)))
    }

    /// The first service, else the node that it is about.
    fn service(&self) -> String {
        match (self.group.services.first(), self.group.key) {
            (Some(service), _) => (*service).to_owned(),
            (None, Key::Node(node)) => node_name(node),
            (None, Key::Service(_) | Key::Rule(_)) => UNASSIGNED.to_owned(),
        }
    }

    fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.group.pages.iter().filter_map(|(id, _)| self.context.alerts.subject_of(*id))
    }

    /// Their SLOs, by service.
    fn slos(&self) -> impl Iterator<Item = &Slo> {
        self.group.services.iter().filter_map(|service| self.context.slos.get(service)).flatten().copied()
    }

    /// What the first alert says that says it, else a label of an SLO of the services.
    fn stated(&self, part: fn(&Subject) -> Option<&str>, label: &str) -> Option<String> {
        let alerts = self.subjects().filter_map(part);
        alerts.chain(self.slos().filter_map(|slo| slo.labels.get(label))).next().map(str::to_owned)
    }

    /// When a silence that was set after the alert fired began, of those that are
    /// wanted. One from before was a plan.
    fn silenced(&self, id: AlertId, alert: &Alert, wanted: fn(&Silenced) -> bool) -> Option<Timestamp> {
        let firing = alert.firing?.at;
        let until = (self.group.end + ANSWER_WITHIN).min(self.context.now);
        let silences = self.context.silences.get(&id)?;
        let since = silences.iter().filter(|silenced| wanted(silenced)).map(|silenced| silenced.period.start);
        since.filter(|at| firing < *at && *at <= until).min()
    }

    fn linked_tickets(&self) -> Vec<(AlertId, &Alert)> {
        let (from, to) = (self.group.first_start - LEAD, self.group.end.min(self.context.now));
        let keys = self.group.services.iter().map(|service| Key::Service(service));
        // Services are among them already, so only a rule is new.
        let keys = keys.chain(Some(self.group.key).filter(|key| key.service().is_none()));
        let mut linked: Vec<(AlertId, &Alert)> = Vec::new();
        for tickets in keys.filter_map(|key| self.context.tickets.get(&key)) {
            let began = tickets.partition_point(|(at, _)| *at < from)..tickets.partition_point(|(at, _)| *at <= to);
            let began = tickets.get(began).unwrap_or_default().iter().filter(|(_, row)| self.is_here(row));
            linked.extend(
                began.filter_map(|(_, row)| Some((self.context.alerts.id(row)?, self.context.alerts.alert(row)?))),
            );
        }
        linked.sort_by_key(|(id, a)| (a.start(), *id));
        linked
    }

    /// Whether a ticket is about the place of the incident.
    fn is_here(&self, row: &Row) -> bool {
        let scope = self.context.alerts.context().settings.scope;
        let subject = self.context.alerts.subject(row);
        subject.is_some_and(|subject| self.group.place.fits(Place::of_alert(subject, scope)))
    }

    /// That of its pages; a burn that none paged for is a page if it spent what
    /// the SLO's own page tiers stand for.
    fn severity(&self) -> Severity {
        let paged_for = |e: &&Episode| {
            let slo = self.slos().find(|s| s.name == e.slo);
            let tiers = slo.map(|s| s.alerts.tiers.as_slice()).unwrap_or_default();
            let pages = tiers.iter().filter(|t| t.severity == Severity::Page).map(|t| t.budget_ratio);
            e.budget_burned_ratio >= pages.min_by(f64::total_cmp).unwrap_or(PAGE_BUDGET_DEFAULT)
        };
        let page = !self.group.pages.is_empty() || self.group.burns.iter().any(paged_for);
        if page { Severity::Page } else { Severity::Ticket }
    }

    /// The largest share that one SLO lost, over all its episodes.
    fn budget_burned(&self) -> Option<f64> {
        let mut by_slo: BTreeMap<&str, f64> = BTreeMap::new();
        for episode in &self.group.burns {
            *by_slo.entry(&episode.slo).or_default() += episode.budget_burned_ratio;
        }
        by_slo.into_values().max_by(f64::total_cmp)
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        let (from, to) = (self.group.first_start - CHANGE_LEAD, self.group.end.min(self.context.now));
        let overlaps = move |c: &&Change| c.started_at <= to && c.ended_at.is_none_or(|end| end >= from);
        // Most of the time no node is cordoned.
        let pages = self.group.pages.iter().filter(|_| !self.context.cordons.is_empty());
        let nodes: BTreeSet<&str> = pages.flat_map(|(_, alert)| named_nodes(alert)).collect();
        let services = self.group.services.iter().filter_map(|service| self.context.changes.get(service));
        let cordons = nodes.iter().filter_map(|node| self.context.cordons.get(node));
        let mut changes: Vec<&Change> = services.chain(cordons).flatten().copied().filter(overlaps).collect();
        changes.sort_by_key(|c| (c.started_at, c.id));
        changes.into_iter()
    }

    /// `alerts`: the pages, or the tickets where there are none.
    fn times(&self, alerts: &[(AlertId, &Alert)]) -> IncidentTimes {
        let first = |mark: fn(&Alert) -> Option<Mark>| alerts.iter().filter_map(|(_, a)| mark(a)).min_by_key(|m| m.at);
        let condition = first(|a| a.condition);
        let onset = self.onset();
        let ends: Vec<Option<Mark>> = alerts.iter().map(|(_, a)| a.ended).collect();
        let resolved =
            ends.iter().copied().collect::<Option<Vec<Mark>>>().and_then(|e| e.into_iter().max_by_key(|m| m.at));
        // While anything goes on, the end of the alerts so far is no end.
        let resolved = resolved.filter(|_| self.group.end != Timestamp::MAX);
        let restored = self.restored(resolved);
        IncidentTimes {
            onset: onset.or(condition.map(stand_in)),
            onset_between: self.first_burn().map(|burn| burn.onset_between),
            condition,
            firing: self.first_firing(alerts, onset),
            notified: self.sent_late(),
            acknowledged: self.acknowledged(),
            mitigated: self.mitigated(restored),
            restored,
            resolved,
        }
    }

    /// When the first page was sent, where silences held back all of them at first. Else
    /// it depends on the routes of Alertmanager.
    fn sent_late(&self) -> Option<Mark> {
        let sent = self.group.pages.iter().filter(|(_, alert)| !alert.suppressed).filter_map(|(id, alert)| {
            let firing = alert.firing?.at;
            let silences = self.context.silences.get(id).into_iter().flatten().map(|silenced| silenced.period);
            Some((held_until(firing, silences), firing))
        });
        let (first, firing) = sent.min()?;
        (first > firing).then(|| Mark::new(first, MarkSource::Alertmanager, SENT_AFTER))
    }

    fn first_burn(&self) -> Option<&Episode> {
        self.group.burns.iter().copied().min_by_key(|burn| (burn.start, burn.id))
    }

    fn onset(&self) -> Option<Mark> {
        Some(Mark::new(self.first_burn()?.start, MarkSource::Sli, Millis(SLOT_MS)))
    }

    /// The first alert that told of it: one from long before the onset told of
    /// something else, unless there is no other.
    fn first_firing(&self, alerts: &[(AlertId, &Alert)], onset: Option<Mark>) -> Option<Mark> {
        let firing = || alerts.iter().filter_map(|(_, a)| a.firing);
        let told = onset.and_then(|onset| firing().filter(|f| f.at >= onset.at - LEAD).min_by_key(|f| f.at));
        told.or_else(|| firing().min_by_key(|f| f.at))
    }

    fn acknowledged(&self) -> Option<Mark> {
        let at =
            self.group.pages.iter().filter_map(|(id, alert)| self.silenced(*id, alert, Silenced::is_answer)).min()?;
        Some(Mark::new(at, MarkSource::Alertmanager, Millis::from_secs(1)))
    }

    /// The first rollback in the incident after which users were soon served
    /// again.
    fn mitigated(&self, restored: Option<Mark>) -> Option<Mark> {
        let restored = restored.filter(|r| r.source == MarkSource::Sli)?.at;
        let onset = self.onset()?.at;
        let helped = |c: &&Change| {
            c.kind == ChangeKind::Rollback
                && (onset..=restored).contains(&c.started_at)
                && restored - c.started_at <= ROLLBACK_EFFECT
        };
        let at = self.changes().find(helped)?.started_at;
        Some(Mark::new(at, MarkSource::Change, Millis::from_secs(1)))
    }

    /// The end of the last burn; without any, the end of the last alert stands
    /// in for it.
    fn restored(&self, resolved: Option<Mark>) -> Option<Mark> {
        if self.group.burns.is_empty() {
            return resolved.map(stand_in);
        }
        let ends: Option<Vec<Timestamp>> = self.group.burns.iter().map(|e| e.end).collect();
        Some(Mark::new(ends?.into_iter().max()?, MarkSource::Sli, Millis(SLOT_MS)))
    }
}

/// What an incident of a node is called, as no service is named like it.
fn node_name(node: &str) -> String {
    format!("node/{node}")
}

/// A mark in the place of one that nobody could see.
fn stand_in(mark: Mark) -> Mark {
    Mark { estimated: true, ..mark }
}

#[cfg(test)]
mod tests;
