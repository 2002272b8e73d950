//! Pages, episodes and changes to incidents: which of them are one disturbance
//! of one service, and when it began, was noticed and was over. The same facts
//! give the same incidents, in whatever order they come. Must not know how
//! noisy a page was.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::nodes::named_nodes;
use crate::model::alert::{Alert, AlertId, Mark, MarkSource};
use crate::model::change::{Change, ChangeKind};
use crate::model::incident::{Episode, Incident, IncidentId, IncidentState, IncidentTimes};
use crate::model::labels::content_hash;
use crate::model::slo::{Severity, Slo};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// What begins within this time after everything else was over is still the
/// same incident, and an incident is closed once it has been quiet for so long.
pub const QUIET: Millis = Millis::from_mins(15);

/// An incident takes no new page once none has come for this long, even while
/// one still fires: an alert that stays on for weeks must not swallow all that
/// happens meanwhile. A burn that goes on keeps it open for the pages about it.
pub const SPAN_MAX: Millis = Millis::from_hours(4);

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

/// The service of alerts that name none; each rule is then taken by itself.
pub const UNASSIGNED: &str = "unassigned";

/// Without page tiers of its own, an SLO pages at the share of the budget that
/// the fast standard tier stands for.
const PAGE_BUDGET_DEFAULT: f64 = 0.02;

/// A silence about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silenced {
    pub alert: AlertId,
    pub period: Period,
    /// It names its alerts by patterns only.
    pub is_broad: bool,
}

/// What incidents are made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub slos: &'a [Arc<Slo>],
    pub alerts: &'a [(AlertId, &'a Alert)],
    pub episodes: &'a [Episode],
    pub changes: &'a [Change],
    pub silenced: &'a [Silenced],
}

/// All incidents in these facts as known at `now`, newest first.
///
/// Firing pages and episodes of one service, in order of their beginning, are
/// one incident as long as the next begins before the last is over or within
/// `QUIET` after it, and within `SPAN_MAX` of the one before. Tickets neither
/// open nor prolong an incident; those that began to fire in it are linked.
pub fn incidents(facts: &Facts<'_>, now: Timestamp) -> Vec<Incident> {
    let mut by_key: BTreeMap<String, Vec<Member<'_>>> = BTreeMap::new();
    for (id, alert) in facts.alerts.iter().filter(|(_, a)| a.severity == Severity::Page && a.firing.is_some()) {
        by_key.entry(key_of(alert)).or_default().push(Member::Page(*id, alert));
    }
    for episode in facts.episodes {
        by_key.entry(episode.service.clone()).or_default().push(Member::Burn(episode));
    }
    let tickets = tickets(facts);
    let mut out: Vec<Incident> = Vec::new();
    for (key, mut members) in by_key {
        members.sort_by_key(|m| (m.start(), m.order()));
        let tickets = tickets.get(&key).map(Vec::as_slice).unwrap_or_default();
        out.extend(group(members).into_iter().map(|group| Draft { key: &key, group, tickets, facts, now }.incident()));
    }
    out.sort_by_key(|i| (std::cmp::Reverse(i.start()), i.id));
    out
}

/// What groups alerts: the service, or the rule where there is none.
fn key_of(alert: &Alert) -> String {
    match alert.service() {
        Some(service) => service.to_owned(),
        None => format!("{UNASSIGNED}/{}", alert.rule),
    }
}

fn tickets<'a>(facts: &Facts<'a>) -> HashMap<String, Vec<(AlertId, &'a Alert)>> {
    let mut tickets: HashMap<String, Vec<(AlertId, &Alert)>> = HashMap::new();
    for (id, alert) in facts.alerts.iter().filter(|(_, a)| a.severity == Severity::Ticket && a.firing.is_some()) {
        tickets.entry(key_of(alert)).or_default().push((*id, alert));
    }
    tickets
}

#[derive(Clone, Copy)]
enum Member<'a> {
    Page(AlertId, &'a Alert),
    Burn(&'a Episode),
}

impl Member<'_> {
    fn start(&self) -> Timestamp {
        match self {
            Member::Page(_, alert) => alert.start(),
            Member::Burn(episode) => episode.start,
        }
    }

    /// The end of time while it goes on.
    fn end(&self) -> Timestamp {
        match self {
            Member::Page(_, alert) => alert.ended.map_or(Timestamp::MAX, |e| e.at),
            Member::Burn(episode) => episode.end.unwrap_or(Timestamp::MAX),
        }
    }

    /// Decides between members that begin at once.
    fn order(&self) -> (bool, [u8; 16]) {
        match self {
            Member::Burn(episode) => (false, episode.id.0),
            Member::Page(id, _) => (true, id.0),
        }
    }
}

#[derive(Default)]
struct Group<'a> {
    pages: Vec<(AlertId, &'a Alert)>,
    burns: Vec<&'a Episode>,
    first_start: Timestamp,
    last_start: Timestamp,
    end: Timestamp,
    burns_until: Timestamp,
}

impl<'a> Group<'a> {
    fn of(member: Member<'a>) -> Group<'a> {
        let mut group =
            Group { first_start: member.start(), end: Timestamp::MIN, burns_until: Timestamp::MIN, ..Group::default() };
        group.take(member);
        group
    }

    fn wants(&self, member: &Member<'_>) -> bool {
        let start = member.start();
        let near = start <= self.end + QUIET && start - self.last_start <= SPAN_MAX;
        near || start <= self.burns_until + QUIET
    }

    fn take(&mut self, member: Member<'a>) {
        self.last_start = member.start();
        self.end = self.end.max(member.end());
        match member {
            Member::Page(id, alert) => self.pages.push((id, alert)),
            Member::Burn(episode) => {
                self.burns.push(episode);
                self.burns_until = self.burns_until.max(member.end());
            }
        }
    }
}

/// Members in order of their beginning to groups of those that belong together.
fn group(members: Vec<Member<'_>>) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for member in members {
        match groups.last_mut().filter(|group| group.wants(&member)) {
            Some(group) => group.take(member),
            None => groups.push(Group::of(member)),
        }
    }
    groups
}

/// One group and what is needed to tell its story.
struct Draft<'a> {
    key: &'a str,
    group: Group<'a>,
    tickets: &'a [(AlertId, &'a Alert)],
    facts: &'a Facts<'a>,
    now: Timestamp,
}

impl Draft<'_> {
    fn incident(&self) -> Incident {
        let group = &self.group;
        let first_minute = group.first_start.floor_slot().millis();
        let closed = group.end + QUIET <= self.now;
        let tickets = self.linked_tickets();
        let alerts = || group.pages.iter().chain(&tickets);
        let times = self.times(if group.pages.is_empty() { &tickets } else { &group.pages });
        let silent = |alert: &&(AlertId, &Alert)| alert.1.suppressed && self.silenced(alert.0).is_none();
        Incident {
            id: IncidentId(content_hash([self.key.as_bytes(), first_minute.to_le_bytes().as_slice()])),
            service: if self.key.starts_with(&format!("{UNASSIGNED}/")) { UNASSIGNED } else { self.key }.to_owned(),
            team: self.label("team"),
            cluster: self.label("cluster"),
            state: if closed { IncidentState::Closed } else { IncidentState::Open },
            severity: self.severity(),
            detected: group.pages.iter().any(|page| !silent(&page)),
            budget_burned_ratio: self.budget_burned(),
            times,
            alerts: alerts().map(|(id, _)| *id).collect(),
            episodes: group.burns.iter().map(|e| e.id).collect(),
            changes: self.changes().map(|c| c.id).collect(),
            stated: Vec::new(),
            told: Vec::new(),
        }
    }

    /// A label of the first alert that has it, else of an SLO of the service.
    fn label(&self, name: &str) -> Option<String> {
        let alerts = self.group.pages.iter().filter_map(|(_, alert)| alert.labels.get(name));
        let slos = self.facts.slos.iter().filter(|slo| slo.service == self.key);
        alerts.chain(slos.filter_map(|slo| slo.labels.get(name))).next().map(str::to_owned)
    }

    /// When a silence that was set after the alert fired began: somebody
    /// answered it. A silence from before is no answer.
    fn silenced(&self, id: AlertId) -> Option<Timestamp> {
        let firing = self.group.pages.iter().find(|(page, _)| *page == id).and_then(|(_, a)| a.firing)?.at;
        let until = self.group.end + ANSWER_WITHIN;
        let since = self.facts.silenced.iter().filter(|s| s.alert == id).map(|s| s.period.start);
        since.filter(|at| firing < *at && *at <= until.min(self.now)).min()
    }

    fn linked_tickets(&self) -> Vec<(AlertId, &Alert)> {
        let (from, to) = (self.group.first_start - LEAD, self.group.end.min(self.now));
        let began = |a: &Alert| a.firing.is_some_and(|f| from <= f.at && f.at <= to);
        let mut linked: Vec<(AlertId, &Alert)> = self.tickets.iter().copied().filter(|(_, a)| began(a)).collect();
        linked.sort_by_key(|(id, a)| (a.start(), *id));
        linked
    }

    /// That of its pages; a burn that none paged for is a page if it spent what
    /// the SLO's own page tiers stand for.
    fn severity(&self) -> Severity {
        let paged_for = |e: &&Episode| {
            let slo = self.facts.slos.iter().find(|s| s.name == e.slo);
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
        let (from, to) = (self.group.first_start - CHANGE_LEAD, self.group.end.min(self.now));
        let overlaps = move |c: &&Change| c.started_at <= to && c.ended_at.is_none_or(|end| end >= from);
        let nodes: BTreeSet<&str> = self.group.pages.iter().flat_map(|(_, alert)| named_nodes(alert)).collect();
        let concerns = |c: &&Change| match c.kind {
            ChangeKind::Cordon => nodes.contains(c.object.name.as_str()),
            _ => c.service == self.key,
        };
        let mut changes: Vec<&Change> = self.facts.changes.iter().filter(overlaps).filter(concerns).collect();
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
        let restored = self.restored(resolved);
        IncidentTimes {
            onset: onset.or(condition.map(stand_in)),
            onset_between: self.first_burn().map(|burn| burn.onset_between),
            condition,
            firing: self.first_firing(alerts, onset),
            // When a receiver was told depends on the routes of Alertmanager.
            notified: None,
            acknowledged: self.acknowledged(),
            mitigated: self.mitigated(restored),
            restored,
            resolved,
        }
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
        let at = self.group.pages.iter().filter_map(|(id, _)| self.silenced(*id)).min()?;
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

/// A mark in the place of one that nobody could see.
fn stand_in(mark: Mark) -> Mark {
    Mark { estimated: true, ..mark }
}

#[cfg(test)]
mod tests;
