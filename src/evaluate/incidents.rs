//! Pages, episodes and changes to incidents: which of them are one disturbance
//! of one service, and when it began, was noticed and was over. The same facts
//! give the same incidents, in whatever order they come. Must not know how
//! noisy a page was.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::alert::{Alert, AlertId, Mark, MarkSource};
use crate::model::change::{Change, ChangeKind};
use crate::model::incident::{Episode, Incident, IncidentId, IncidentState, IncidentTimes};
use crate::model::labels::content_hash;
use crate::model::slo::{Severity, Slo};
use crate::model::time::{Millis, SLOT_MS, Timestamp};

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

/// Since when a silence has held an alert back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silenced {
    pub alert: AlertId,
    pub since: Timestamp,
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
        let mut group = Group {
            first_start: member.start(),
            end: Timestamp::MIN,
            burns_until: Timestamp::MIN,
            ..Group::default()
        };
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
            state: if closed { IncidentState::Closed } else { IncidentState::Open },
            severity: self.severity(),
            detected: group.pages.iter().any(|page| !silent(&page)),
            budget_burned_ratio: self.budget_burned(),
            times,
            alerts: alerts().map(|(id, _)| *id).collect(),
            episodes: group.burns.iter().map(|e| e.id).collect(),
            changes: self.changes().map(|c| c.id).collect(),
        }
    }

    /// When a silence that was set after the alert fired began: somebody
    /// answered it. A silence from before is no answer.
    fn silenced(&self, id: AlertId) -> Option<Timestamp> {
        let firing = self.group.pages.iter().find(|(page, _)| *page == id).and_then(|(_, a)| a.firing)?.at;
        let until = self.group.end + ANSWER_WITHIN;
        let since = self.facts.silenced.iter().filter(|s| s.alert == id).map(|s| s.since);
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
        let mut changes: Vec<&Change> =
            self.facts.changes.iter().filter(|c| c.service == self.key).filter(overlaps).collect();
        changes.sort_by_key(|c| (c.started_at, c.id));
        changes.into_iter()
    }

    /// `alerts`: the pages, or the tickets where there are none.
    fn times(&self, alerts: &[(AlertId, &Alert)]) -> IncidentTimes {
        let first = |mark: fn(&Alert) -> Option<Mark>| alerts.iter().filter_map(|(_, a)| mark(a)).min_by_key(|m| m.at);
        let condition = first(|a| a.condition);
        let onset = self.onset();
        let ends: Vec<Option<Mark>> = alerts.iter().map(|(_, a)| a.ended).collect();
        let resolved = ends.iter().copied().collect::<Option<Vec<Mark>>>().and_then(|e| e.into_iter().max_by_key(|m| m.at));
        let restored = self.restored(resolved);
        IncidentTimes {
            onset: onset.or(condition.map(stand_in)),
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

    fn onset(&self) -> Option<Mark> {
        let start = self.group.burns.iter().map(|e| e.start).min()?;
        Some(Mark::new(start, MarkSource::Sli, Millis(SLOT_MS)))
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
mod tests {
    use super::super::scenario::{Scenario, minute, story};
    use super::*;

    fn told(text: &str) -> Vec<String> {
        story(&Scenario::new(text).review())
    }

    #[test]
    fn an_outage_with_its_pages_is_one_incident_with_all_its_times() {
        let lines = told(
            "
            slo      checkout             .*10 5*20            .*60
            page     HighErrors checkout  .*10 PPFF F*20       .*56
            page     PodErrors/a checkout .*11 FFFF F*16       .*59
            rollback checkout             .*10 .*9  RRR        .*68
            ",
        );
        assert_eq!(
            lines,
            ["checkout page closed: onset 10 condition 10 firing 11 mitigated 19 restored 30 resolved 34 burned 23.1%; \
              HighErrors PodErrors +1 changes"]
        );
    }

    #[test]
    fn a_burn_that_nobody_was_paged_for_is_an_incident_too() {
        assert_eq!(
            told("slo checkout .*10 b*60 .*60"),
            ["checkout ticket closed undetected: onset 10 restored 70 burned 0.4%;"]
        );
        // What the fast page tier stands for, 2 % of the budget, should have paged.
        assert_eq!(
            told("slo checkout .*10 5*2 .*60"),
            ["checkout page closed undetected: onset 10 restored 12 burned 2.3%;"]
        );
    }

    #[test]
    fn without_an_slo_the_alerts_stand_in_for_what_users_saw() {
        assert_eq!(
            told("page DbDown db .. PPFFFF .*20"),
            ["db page closed: onset ~2 condition 2 firing 4 restored ~8 resolved 8; DbDown"]
        );
        assert_eq!(told("page DbDown db .. PPPP .*20"), [""; 0], "it never fired");
        assert_eq!(told("ticket DbSlow db .. PPFFFF .*20"), [""; 0], "a ticket opens nothing");
    }

    #[test]
    fn an_incident_is_open_while_anything_goes_on_and_for_a_quarter_of_an_hour_after() {
        let open = "page DbDown db .. F*6 .*14";
        assert_eq!(told(open), ["db page open: onset ~2 condition 2 firing 2 restored ~8 resolved 8; DbDown"]);
        assert!(told(&format!("{open} .")).first().unwrap().starts_with("db page closed"));
        assert_eq!(told("page DbDown db .. F*60"), ["db page open: onset ~2 condition 2 firing 2; DbDown"]);
        // Users are served again, the alert is still on.
        assert_eq!(
            told("slo db .. 5*9 .*40\npage DbDown db .. F*49"),
            ["db page open: onset 2 condition 2 firing 2 restored 11 burned 10.4%; DbDown"]
        );
    }

    #[test]
    fn what_follows_within_a_quarter_of_an_hour_is_the_same_incident() {
        assert_eq!(told("page A db FFF .*20\npage B db ... .*15 FF").len(), 1);
        assert_eq!(told("page A db FFF .*20\npage B db ... .*16 FF").len(), 2);
        assert_eq!(told("page A db FFF .*20\npage A web ... FF").len(), 2, "another service");
    }

    #[test]
    fn an_alert_that_stays_on_does_not_swallow_what_comes_later() {
        let lines = told(
            "
            slo  search               .*600 5*20      .*60
            page DiskFilling search   F*680
            page LatencyHigh search   .*600 .. F*20   .*58
            ",
        );
        assert_eq!(
            lines,
            [
                "search page open: onset ~0 condition 0 firing 0; DiskFilling",
                "search page closed: onset 600 condition 602 firing 602 restored 620 resolved 622 burned 23.1%; LatencyHigh",
            ]
        );
    }

    #[test]
    fn a_long_burn_keeps_its_incident_together() {
        let lines = told(
            "
            slo  checkout             ..  b*700       .*60
            page SlowBurn checkout    ..  .*30 F*9    .*723
            page SlowBurn checkout    ..  .*600 F*99  .*61
            ",
        );
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("onset 2 condition 32 firing 32 restored 702"), "{lines:?}");
    }

    #[test]
    fn a_page_from_long_before_does_not_tell_of_the_burn() {
        let lines = told(
            "
            slo  checkout             .*100 5*20      .*60
            page CpuHigh checkout     .*50  F*70      .*60
            page HighErrors checkout  .*100 .. F*18   .*60
            ",
        );
        assert_eq!(
            lines,
            ["checkout page closed: onset 100 condition 50 firing 102 restored 120 resolved 120 burned 23.1%; \
              CpuHigh HighErrors"]
        );
    }

    #[test]
    fn tickets_that_began_in_an_incident_are_linked_and_change_nothing() {
        let lines = told(
            "
            page   A db    .*40 FFFF         .*20
            ticket B db    .*42 F*22
            ticket C db    F*64
            ",
        );
        assert_eq!(lines, ["db page closed: onset ~40 condition 40 firing 40 restored ~44 resolved 44; A B"]);
    }

    #[test]
    fn a_silence_after_the_page_is_an_answer_and_one_before_is_none() {
        assert_eq!(
            told("page A db .. FFF !FF .*20"),
            ["db page closed: onset ~2 condition 2 firing 2 acknowledged 5 restored ~8 resolved 8; A"]
        );
        assert_eq!(
            told("page A db .. SSSSS .*20"),
            ["db page closed undetected: onset ~2 condition 2 firing 2 restored ~7 resolved 7; A"]
        );
    }

    #[test]
    fn a_rollback_long_before_the_end_did_not_mitigate() {
        let text = |before: &str| format!("slo web .. x*60 .*30\nrollback web .. {before} R .*30");
        assert!(told(&text(".*29"))[0].contains(" restored 62 "));
        assert!(!told(&text(".*29"))[0].contains("mitigated"));
        assert!(told(&text(".*30"))[0].contains("mitigated 32 restored 62"));
    }

    #[test]
    fn changes_from_half_an_hour_before_to_the_end_are_linked() {
        let at = |from: &str| told(&format!("page A web .*60 FFFF .*40\nrollout web {from} RR .*30"))[0].contains("+1");
        assert!(!at(".*27"));
        assert!(at(".*28"));
        assert!(at(".*64"));
        assert!(!at(".*65"));
    }

    #[test]
    fn the_same_facts_give_the_same_incidents_in_any_order() {
        let text = "
            slo  checkout              .*10 5*20       .*90 b*60       .*60
            page HighErrors checkout   .*12 F*20       .*90 .*9 F*20   .*60
            page PodErrors/a checkout  .*12 FFF..FFFF  .*199
            page PodErrors/b checkout  .*12 FFF        .*199
            page CpuHigh checkout      .*60 F*20       .*130
        ";
        let mut scenario = Scenario::new(text);
        let expected = scenario.review();
        assert_eq!(expected.incidents.len(), 3);
        for turn in 0..scenario.alerts.len() {
            scenario.alerts.rotate_left(1);
            if turn % 2 == 0 {
                scenario.alerts.reverse();
                scenario.burns.reverse();
            }
            let review = scenario.review();
            assert_eq!(review.incidents, expected.incidents);
            assert_eq!(review.alerts, expected.alerts);
            assert_eq!(review.noise, expected.noise);
        }
    }

    #[test]
    fn an_id_is_made_of_service_and_first_minute() {
        let id = |text: &str| Scenario::new(text).review().incidents[0].id;
        let one = id("page A db .. FFF .*20");
        assert_eq!(one, id("page B db .. F*9 .*40"), "another end, another rule");
        assert_ne!(one, id("page A db ... FFF .*20"));
        assert_ne!(one, id("page A web .. FFF .*20"));
    }

    #[test]
    fn alerts_without_a_service_are_taken_rule_by_rule() {
        let mut scenario = Scenario::new("page A x FFF .*20\npage B x FFF .*20");
        for alert in &mut scenario.alerts {
            alert.labels.set("service", "");
        }
        let review = scenario.review();
        assert_eq!(review.incidents.iter().map(|i| i.service.as_str()).collect::<Vec<_>>(), [UNASSIGNED; 2]);
        assert_ne!(review.incidents[0].id, review.incidents[1].id);
        assert_eq!(review.noise.page_reasons[0].service, None);
        assert_eq!(review.incidents[0].start(), Some(minute(0)));
    }
}
