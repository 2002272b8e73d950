//! Which pages and burns are one disturbance.
//!
//! Those of one service in one place are, as long as the next begins before the
//! last is over or within `QUIET` after it, and within `SPAN_MAX` of the one
//! before. Two clusters are two places; see `IncidentScope`. Services
//! are joined where something ties what happened to them: an alert that
//! Alertmanager held back because of the other, a dependency that somebody
//! declared, or the node that one is about and the other runs on. Such a tie alone
//! is never enough: both have to be in one namespace, or to begin at about the same
//! time. Must not know what is told of an incident.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::evaluate::alerting::alerts::{Alerts, Row};
use crate::evaluate::incident::incidents::facts::IncidentFacts;
use crate::evaluate::incident::incidents::place::{Key, Place, key_of};
use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, AlertId};
use crate::model::operations::alert_settings::IncidentScope;
use crate::model::operations::incident::Episode;
use crate::model::operations::inhibition::Inhibition;
use crate::model::slo::Slo;
use crate::model::time::{Millis, Timestamp};

/// What is tied to something in another namespace has to begin within this time
/// of it. It is the usual `group_interval` of Alertmanager.
const TOGETHER: Millis = Millis::from_mins(5);

/// Services of one incident at most. More have a cause that is none of them,
/// such as the network; they are easier to work on apart.
const SERVICES_MAX: usize = 20;

/// Pages of one rule that are looked through for the one that an inhibition
/// names, the latest ones.
const LATEST_MAX: usize = 32;

/// An inhibition is seen when Alertmanager is asked, which may be so long before an
/// alert is known, or after it ended. It says nothing of other times, and a month
/// has too many of them to compare each with each.
const SEEN_WITHIN: Millis = Millis::from_mins(5);

/// A page or a burn.
#[derive(Clone, Copy)]
struct Member<'a> {
    what: What<'a>,
    key: Key<'a>,
    start: Timestamp,
    /// The end of time while it goes on.
    end: Timestamp,
    node: Option<&'a str>,
    place: Place<'a>,
    /// As the alert states it, whether or not it makes another place.
    namespace: Option<&'a str>,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Page(AlertId, &'a Alert),
    Burn(&'a Episode),
}

impl<'a> Member<'a> {
    fn page(alerts: &'a Alerts, row: &Row) -> Option<Member<'a>> {
        let (id, alert, subject) = (alerts.id(row)?, alerts.alert(row)?, alerts.subject(row)?);
        Some(Member {
            what: What::Page(id, alert),
            key: key_of(alert, subject),
            start: row.start,
            end: row.end(),
            node: subject.node.as_deref(),
            place: Place::of_alert(subject, alerts.context().settings.scope),
            namespace: subject.namespace.as_deref(),
        })
    }

    /// `slo`: the one that burned, where it is known.
    fn burn(episode: &'a Episode, slo: Option<&'a Slo>, scope: IncidentScope) -> Member<'a> {
        Member {
            what: What::Burn(episode),
            key: Key::Service(&episode.service),
            start: episode.start,
            end: episode.end.unwrap_or(Timestamp::MAX),
            node: None,
            place: slo.map_or(Place::default(), |slo| Place::of_slo(slo, scope)),
            namespace: None,
        }
    }

    /// Decides between members that begin at once.
    fn order(&self) -> (bool, [u8; 16]) {
        match self.what {
            What::Burn(episode) => (false, episode.id.0),
            What::Page(id, _) => (true, id.0),
        }
    }

    fn alert(&self) -> Option<&'a Alert> {
        match self.what {
            What::Page(_, alert) => Some(alert),
            What::Burn(_) => None,
        }
    }

    /// Whether it is about a node as a whole, and not about what runs there.
    fn is_of_node(&self) -> bool {
        matches!(self.key, Key::Node(_))
    }
}

/// Members that are one disturbance.
pub struct LinkedGroup<'a> {
    /// Of the first member: they make the id.
    pub key: Key<'a>,
    pub first_place: Place<'a>,
    /// As far as any member says.
    pub place: Place<'a>,
    /// In the order in which they came to it.
    pub services: Vec<&'a str>,
    pub pages: Vec<(AlertId, &'a Alert)>,
    pub burns: Vec<&'a Episode>,
    pub first_start: Timestamp,
    last_start: Timestamp,
    /// The end of time while anything goes on.
    pub end: Timestamp,
    burns_until: Timestamp,
    /// Until when the service burned as a whole, in no place of its own.
    everywhere_until: Timestamp,
}

impl<'a> LinkedGroup<'a> {
    fn of(member: Member<'a>) -> LinkedGroup<'a> {
        let mut group = LinkedGroup {
            key: member.key,
            first_place: member.place,
            place: member.place,
            services: Vec::new(),
            pages: Vec::new(),
            burns: Vec::new(),
            first_start: member.start,
            last_start: member.start,
            end: Timestamp::MIN,
            burns_until: Timestamp::MIN,
            everywhere_until: Timestamp::MIN,
        };
        group.take(member);
        group
    }

    /// Whether a member comes soon enough to belong to what goes on.
    fn goes_on_at(&self, start: Timestamp) -> bool {
        let near = start <= self.end + QUIET && start - self.last_start <= SPAN_MAX;
        near || start <= self.burns_until + QUIET
    }

    /// Whether a member that starts now is in this place. What burns the budget of
    /// the service as a whole is the same in all places.
    fn is_at(&self, member: &Member<'_>) -> bool {
        self.place.fits(member.place) || member.start <= self.everywhere_until + QUIET
    }

    fn has_room_for(&self, key: Key<'_>) -> bool {
        key.service().is_none_or(|service| self.services.contains(&service) || self.services.len() < SERVICES_MAX)
    }

    fn take(&mut self, member: Member<'a>) {
        if let Some(service) = member.key.service().filter(|service| !self.services.contains(service)) {
            self.services.push(service);
        }
        self.last_start = member.start;
        self.end = self.end.max(member.end);
        self.place = self.place.or(member.place);
        match member.what {
            What::Page(id, alert) => self.pages.push((id, alert)),
            What::Burn(episode) => {
                self.burns.push(episode);
                self.burns_until = self.burns_until.max(member.end);
                if member.place == Place::default() {
                    self.everywhere_until = self.everywhere_until.max(member.end);
                }
            }
        }
    }
}

/// The firing pages and the burns in groups of those that belong together.
pub fn groups<'a>(facts: &IncidentFacts<'a>) -> Vec<LinkedGroup<'a>> {
    let pages = facts.alerts.rows().iter().filter(|row| row.is_firing_page());
    let pages = pages.filter_map(|row| Member::page(facts.alerts, row));
    let slos: HashMap<&str, &Slo> = facts.slos.iter().map(|slo| (slo.name.as_str(), slo.as_ref())).collect();
    let scope = facts.alerts.context().settings.scope;
    let burns = facts.episodes.iter().map(|e| Member::burn(e, slos.get(e.slo.as_str()).copied(), scope));
    let mut members: Vec<Member<'a>> = pages.chain(burns).collect();
    members.sort_by_key(|m| (m.start, m.order()));
    let mut sorting = Sorting::new(facts);
    for member in members {
        sorting.add(member);
    }
    sorting.groups
}

/// A member that was taken in, and the group that it is in.
#[derive(Clone, Copy)]
struct Seen<'a> {
    member: Member<'a>,
    group: usize,
}

/// Members on their way into groups, in order of time. A member joins the group
/// of its own service, else one that it is tied to. Groups that exist are never
/// joined to one another, so an incident keeps its id while it grows.
struct Sorting<'a> {
    groups: Vec<LinkedGroup<'a>>,
    /// The last member of each group that may still take one, by what it is about.
    last_of: HashMap<Key<'a>, Vec<Seen<'a>>>,
    /// By node: the last member about the node itself, and the last about
    /// something on it.
    on_node: HashMap<&'a str, [Option<Seen<'a>>; 2]>,
    /// Only of rules that inhibit or are inhibited.
    of_rule: HashMap<&'a str, Vec<Seen<'a>>>,
    neighbours: BTreeMap<&'a str, Vec<&'a str>>,
    inhibitions: &'a [Inhibition],
    /// Numbers of inhibitions by the rule of either side.
    by_rule: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Sorting<'a> {
    fn new(facts: &IncidentFacts<'a>) -> Sorting<'a> {
        let mut by_rule: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, inhibition) in facts.inhibitions.iter().enumerate() {
            for side in [&inhibition.source, &inhibition.target] {
                by_rule.entry(rule_of(side)).or_default().push(number);
            }
        }
        Sorting {
            groups: Vec::new(),
            last_of: HashMap::new(),
            on_node: HashMap::new(),
            of_rule: HashMap::new(),
            neighbours: neighbours(facts.slos),
            inhibitions: facts.inhibitions,
            by_rule,
        }
    }

    fn add(&mut self, member: Member<'a>) {
        let group = self.own(member).or_else(|| self.tied(member)).unwrap_or(self.groups.len());
        match self.groups.get_mut(group) {
            Some(known) => known.take(member),
            None => self.groups.push(LinkedGroup::of(member)),
        }
        self.note(Seen { member, group });
    }

    /// The group of a member's own service: of several that of exactly its place,
    /// else the one that began last.
    fn own(&mut self, member: Member<'a>) -> Option<usize> {
        let open = self.last_of.get_mut(&member.key)?;
        // Members come in order of time: what is over takes no other one.
        open.retain(|seen| self.groups.get(seen.group).is_some_and(|group| group.goes_on_at(member.start)));
        let numbered = open.iter().filter_map(|seen| Some((seen.group, self.groups.get(seen.group)?)));
        let here = numbered.filter(|(_, group)| group.is_at(&member));
        here.max_by_key(|(number, group)| (group.place == member.place, *number)).map(|(number, _)| number)
    }

    fn note(&mut self, seen: Seen<'a>) {
        let open = self.last_of.entry(seen.member.key).or_default();
        open.retain(|other| other.group != seen.group);
        open.push(seen);
        if let Some(node) = seen.member.node {
            let [whole, part] = self.on_node.entry(node).or_default();
            *(if seen.member.is_of_node() { whole } else { part }) = Some(seen);
        }
        if let Some(alert) = seen.member.alert()
            && self.by_rule.contains_key(alert.rule.as_str())
        {
            let latest = self.of_rule.entry(&alert.rule).or_default();
            if latest.len() >= LATEST_MAX {
                latest.remove(0);
            }
            latest.push(seen);
        }
    }

    /// The group of another service that a member is tied to: of several that of
    /// the member that began closest to it, the older one of those.
    fn tied(&self, member: Member<'a>) -> Option<usize> {
        let candidates = self.inhibiting(member).chain(self.depending(member)).chain(self.on_same_node(member));
        let fitting = candidates.filter(|seen| {
            let fits = |group: &LinkedGroup<'a>| group.goes_on_at(member.start) && group.has_room_for(member.key);
            self.groups.get(seen.group).is_some_and(fits) && are_close(&member, &seen.member)
        });
        fitting.map(|seen| (apart(&member, &seen.member), seen.group)).min().map(|(_, group)| group)
    }

    /// Alerts that Alertmanager held back because of a member, or the other way
    /// round.
    fn inhibiting<'s>(&'s self, member: Member<'a>) -> impl Iterator<Item = Seen<'a>> + 's {
        let alert = member.alert();
        let named = alert.and_then(|alert| self.by_rule.get(alert.rule.as_str())).into_iter().flatten();
        let (since, until) = (member.start - SEEN_WITHIN, member.end + SEEN_WITHIN);
        let held = move |i: &&Inhibition| i.first_seen <= until && since <= i.last_seen;
        let then = named.filter_map(|number| self.inhibitions.get(*number)).filter(held);
        let sides = then.flat_map(move |inhibition| {
            let (source, target) = (&inhibition.source, &inhibition.target);
            let is = move |side| alert.is_some_and(|alert| alert.labels.agrees_with(side));
            [is(source).then_some(target), is(target).then_some(source)].into_iter().flatten()
        });
        let others = sides.flat_map(move |other| {
            let latest = self.of_rule.get(rule_of(other)).map(Vec::as_slice).unwrap_or_default();
            latest.iter().filter(move |seen| seen.member.alert().is_some_and(|alert| alert.labels.agrees_with(other)))
        });
        others.copied()
    }

    fn depending<'s>(&'s self, member: Member<'a>) -> impl Iterator<Item = Seen<'a>> + 's {
        let near = member.key.service().and_then(|service| self.neighbours.get(service));
        near.into_iter().flatten().filter_map(|service| self.last_of.get(&Key::Service(service))).flatten().copied()
    }

    /// The node of what runs on it, and what runs on a node.
    fn on_same_node(&self, member: Member<'a>) -> impl Iterator<Item = Seen<'a>> {
        let [whole, part] = member.node.and_then(|node| self.on_node.get(node)).copied().unwrap_or_default();
        if member.is_of_node() { part } else { whole }.into_iter()
    }
}

/// Whether place or time speaks for a tie. What two clusters have in common
/// happened twice.
fn are_close(a: &Member<'_>, b: &Member<'_>) -> bool {
    let same_namespace = a.namespace.zip(b.namespace).is_some_and(|(a, b)| a == b);
    let same_cluster = a.place.cluster.zip(b.place.cluster).is_none_or(|(a, b)| a == b);
    same_cluster && (same_namespace || apart(a, b) <= TOGETHER)
}

fn apart(a: &Member<'_>, b: &Member<'_>) -> Millis {
    Millis((a.start - b.start).0.abs())
}

fn rule_of(labels: &Labels) -> &str {
    labels.get("alertname").unwrap_or_default()
}

/// Services with those that they need, and those that need them.
fn neighbours(slos: &[Arc<Slo>]) -> BTreeMap<&str, Vec<&str>> {
    let mut neighbours: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for slo in slos {
        for needed in slo.depends_on.iter().filter(|needed| **needed != slo.service) {
            neighbours.entry(&slo.service).or_default().push(needed);
            neighbours.entry(needed).or_default().push(&slo.service);
        }
    }
    neighbours.values_mut().for_each(|services| {
        services.sort_unstable();
        services.dedup();
    });
    neighbours
}

/// What begins within this time after everything else was over is still the
/// same incident, and an incident is closed once it has been quiet for so long.
pub const QUIET: Millis = Millis::from_mins(15);

/// An incident takes no new page once none has come for this long, even while
/// one still fires: an alert that stays on for weeks must not swallow all that
/// happens meanwhile. A burn that goes on keeps it open for the pages about it.
pub const SPAN_MAX: Millis = Millis::from_hours(4);
