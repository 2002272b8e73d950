//! Whether anybody acted on a page, from what they left behind: answers,
//! silences, tickets, rollbacks, rollouts and what they did by hand. Must not
//! know what a page is called in the end.
//!
//! A team that deploys every hour has a rollout beside each of its pages. What a
//! rollout says is therefore compared with how often the service rolls out at
//! the same hour of the same weekday without a page of that rule: only a rule
//! whose pages are followed by more rollouts than that is believed to cause them.

mod by_hand;
pub(crate) mod window;

use std::collections::{BTreeMap, HashMap};

use self::by_hand::ByHand;
use super::pages::Page;
use crate::evaluate::alerting::action::window::{ActionWindow, CONTROL_WEEKS, WEEK};
use crate::evaluate::alerting::evidence::{Evidence, EvidenceKind};
use crate::evaluate::incident::external_records::is_acknowledgement;
use crate::evaluate::incident::incidents::facts::{IncidentFacts, Silenced};
use crate::evaluate::statistics::shares::quotient;
use crate::model::operations::alert::AlertId;
use crate::model::operations::change::{Change, ChangeKind};
use crate::model::operations::incident::Incident;
use crate::model::operations::record::RecordKind;
use crate::model::time::{Millis, Period, Timestamp};

/// From this score on somebody acted.
pub const ACTED_MIN: f64 = 0.6;
/// Up to this score nobody did, as far as can be seen.
pub const IDLE_MAX: f64 = 0.2;

/// Pages of one rule that are compared with other weeks, the latest ones.
const COMPARED_MAX: usize = 500;

/// All traces of actions.
pub struct Actions<'a> {
    silences: HashMap<AlertId, Vec<&'a Silenced>>,
    changes: HashMap<&'a str, Vec<&'a Change>>,
    by_hand: ByHand<'a>,
    /// Reported by tools and people of the incident that an alert belongs to.
    said: HashMap<AlertId, Vec<Evidence>>,
    /// Rules whose pages are followed by more rollouts than the same hours
    /// without one.
    lifted: BTreeMap<String, bool>,
}

impl<'a> Actions<'a> {
    /// `pages`: all of them, whatever they were worth. `known`: where changes
    /// would have been seen.
    pub fn new(facts: &IncidentFacts<'a>, pages: &[ActionWindow<'_>], known: Period) -> Actions<'a> {
        let mut silences: HashMap<AlertId, Vec<&Silenced>> = HashMap::new();
        for silenced in facts.silenced {
            silences.entry(silenced.alert).or_default().push(silenced);
        }
        let mut changes: HashMap<&str, Vec<&Change>> = HashMap::new();
        for change in facts.changes {
            changes.entry(&change.service).or_default().push(change);
        }
        changes.values_mut().for_each(|of| of.sort_by_key(|c| (c.started_at, c.id)));
        let by_hand = ByHand::new(facts, pages);
        let mut actions = Actions { silences, changes, by_hand, said: HashMap::new(), lifted: BTreeMap::new() };
        actions.lifted = actions.lifts(pages, known);
        actions
    }

    /// With what was said of incidents: who took one acted on all of its pages.
    pub fn with_said<'i>(mut self, incidents: impl Iterator<Item = &'i Incident>) -> Actions<'a> {
        for incident in incidents.filter(|i| !i.told.is_empty()) {
            let counted = incident.told.iter().filter(|told| told.ignored.is_none()).map(|told| &told.record);
            let said = counted.filter_map(|record| {
                let (kind, weight) = match record.kind {
                    _ if is_acknowledgement(record) => (EvidenceKind::Acknowledgement, 1.0),
                    RecordKind::Ticket => (EvidenceKind::Ticket, 0.9),
                    _ => return None,
                };
                Some(Evidence { kind, at: record.occurred_at, weight })
            });
            let said: Vec<Evidence> = said.collect();
            self.said.extend(incident.alerts.iter().map(|id| (*id, said.clone())));
        }
        self
    }

    /// The traces that a page left, by time.
    pub fn of(&self, page: &Page<'_>, now: Timestamp) -> Vec<Evidence> {
        let told = ActionWindow::of(page, now);
        let mut evidence: Vec<Evidence> = Vec::new();
        for silenced in page.alerts.iter().filter_map(|id| self.silences.get(id)).flatten() {
            let period = silenced.period;
            if period.start > page.at && period.start <= told.window.end {
                let weight = silenced.weight();
                evidence.push(Evidence { kind: EvidenceKind::Silence, at: period.start, weight });
            }
        }
        // One silence is one action, for however many alerts it holds.
        evidence.sort_by_key(|e| e.at);
        evidence.dedup_by_key(|e| e.at);
        // The alerts of a page are of one incident.
        let said = page.alerts.first().and_then(|id| self.said.get(id)).into_iter().flatten();
        evidence.extend(said.filter(|e| e.at >= told.window.start && e.at <= told.window.end));
        let believed = self.lifted.get(page.rule).copied().unwrap_or(false);
        let cordons = self.by_hand.cordons(page, told.window);
        for change in self.changes_in(told.service, told.window).iter().copied().chain(cordons) {
            let by_hand = || self.by_hand.weight(change, page);
            let (kind, weight) = match change.kind {
                ChangeKind::Rollback => (EvidenceKind::Rollback, 1.0),
                ChangeKind::Rollout => (EvidenceKind::Rollout, if believed { 0.7 } else { 0.0 }),
                ChangeKind::Restart => (EvidenceKind::Restart, by_hand()),
                ChangeKind::Scale => (EvidenceKind::Scale, by_hand()),
                ChangeKind::Cordon => (EvidenceKind::Cordon, by_hand()),
                ChangeKind::Config | ChangeKind::Other => continue,
            };
            evidence.push(Evidence { kind, at: change.started_at, weight });
        }
        evidence.sort_by_key(|e| (e.at, e.kind));
        evidence
    }

    fn changes_in(&self, service: Option<&str>, window: Period) -> &[&'a Change] {
        let changes = service.and_then(|service| self.changes.get(service)).map(Vec::as_slice).unwrap_or_default();
        let from = changes.partition_point(|c| c.started_at < window.start);
        let to = changes.partition_point(|c| c.started_at < window.end);
        changes.get(from..to).unwrap_or_default()
    }

    fn lifts(&self, pages: &[ActionWindow<'_>], known: Period) -> BTreeMap<String, bool> {
        if self.changes.is_empty() {
            return BTreeMap::new();
        }
        let mut by_rule: BTreeMap<&str, Vec<&ActionWindow<'_>>> = BTreeMap::new();
        for page in pages {
            by_rule.entry(page.rule).or_default().push(page);
        }
        for of_rule in by_rule.values_mut() {
            of_rule.sort_by_key(|page| std::cmp::Reverse(page.window.start));
            of_rule.truncate(COMPARED_MAX);
        }
        let lifted = |of_rule: Vec<&ActionWindow<'_>>| self.is_lifted(&of_rule, known);
        by_rule.into_iter().map(|(rule, of_rule)| (rule.to_owned(), lifted(of_rule))).collect()
    }

    /// Whether the 95 % interval of P(rollout | page) / P(rollout | same hour
    /// without one) lies above 1.
    fn is_lifted(&self, pages: &[&ActionWindow<'_>], known: Period) -> bool {
        let rolled_out =
            |service, window| self.changes_in(service, window).iter().any(|c| c.kind == ChangeKind::Rollout);
        let mut control = (0, 0);
        for page in pages {
            for week in (-CONTROL_WEEKS..=CONTROL_WEEKS).filter(|week| *week != 0) {
                let shift = Millis(WEEK.0 * week);
                let window = Period::new(page.window.start + shift, page.window.end + shift);
                let paged = |other: &&ActionWindow<'_>| other.service == page.service && overlap(other.window, window);
                if window.start < known.start || window.end > known.end || pages.iter().any(paged) {
                    continue;
                }
                control.0 += usize::from(rolled_out(page.service, window));
                control.1 += 1;
            }
        }
        let followed = pages.iter().filter(|p| rolled_out(p.service, p.window)).count();
        quotient((followed, pages.len()), control).is_some_and(|(lower, _)| lower > 1.0)
    }
}

fn overlap(a: Period, b: Period) -> bool {
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use crate::evaluate::scenario::{TextScenario, verdicts};

    fn judged(text: &str) -> Vec<String> {
        verdicts(&TextScenario::new(text).review())
    }

    #[test]
    fn a_rollback_or_a_short_silence_is_an_answer() {
        let page = "slo web .*200\npage A web .*20 F*30 .*150";
        assert_eq!(judged(page), ["20 A no-impact"]);
        assert_eq!(judged(&format!("{page}\nrollback web .*35 R*3 .*162")), ["20 A actionable"]);
        assert_eq!(judged("slo web .*200\npage A web .*20 F*10 !*20 .*150"), ["20 A actionable"]);
        // Too late, or for another service.
        assert_eq!(judged(&format!("{page}\nrollback web .*111 R*3 .*86")), ["20 A no-impact"]);
        assert_eq!(judged(&format!("{page}\nrollback db .*35 R*3 .*162")), ["20 A no-impact"]);
    }

    #[test]
    fn rollouts_of_a_team_that_rolls_out_all_day_say_nothing() {
        let page = "slo web .*2000\npage A web .*20 F*30 .*1950";
        let hourly: String = (0..30).map(|h| format!("rollout web .*{} R*5\n", h * 60 + 35)).collect();
        assert_eq!(judged(&format!("{page}\n{hourly}")), ["20 A no-impact"]);
    }
}
