//! What a change of alerting would have done to a past period: the same review
//! over the alerts that would then have been, and a list of the changes that
//! would have helped most. Must not know how an alert changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::alerts::Alerts;
use super::load::Load;
use super::rules::RuleScore;
use crate::evaluate::alerting::noise::result::Noise;
use crate::evaluate::alerting::page_class::PageClass;
use crate::evaluate::alerting::rule_changes::{RuleChange, pull};
use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::incident::episodes::SloBurn;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::{ReviewInputs, review};
use crate::evaluate::statistics::shares::Share;
use crate::model::asker;
use crate::model::operations::alert::Alert;
use crate::model::operations::rule::AlertRule;
use crate::model::slo::Slo;
use crate::model::time::Millis;

/// Rules for which changes are tried, those whose noise cost most.
const RULES_TRIED_MAX: usize = 12;
/// Alerts that are reviewed for all changes of all rules together. A review of a
/// thousand takes about 8 ms, so a flood of alerts costs a second, and changes are
/// found for the rules whose noise costs most.
const ALERTS_REVIEWED_MAX: usize = 150_000;
/// Rules that may inhibit one, those that paged in the same incidents most often.
const INHIBITORS_MAX: usize = 3;

/// Other values of `for` and `keep_firing_for` that people choose.
const HOLDS: [Millis; 7] = [
    Millis::from_mins(1),
    Millis::from_mins(2),
    Millis::from_mins(5),
    Millis::from_mins(10),
    Millis::from_mins(15),
    Millis::from_mins(30),
    Millis::from_hours(1),
];
const KEEPS: [Millis; 4] = [Millis::from_mins(5), Millis::from_mins(15), Millis::from_mins(30), Millis::from_hours(1)];

/// A gentler change that saves this share of what the best one saves is better.
const NEARLY: f64 = 0.9;

/// SLOs of a service whose burn-rate alerts are tried in the place of a rule.
const SLOS_TRIED_MAX: usize = 2;

/// A page that comes this much later for a burn is no longer the same page.
const LATER_MAX: Millis = Millis::from_mins(5);

/// What alerting came to in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Incident-level pages that were judged.
    pub pages: usize,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: Vec<(PageClass, usize)>,
    /// What the noisy pages cost, in pages by day.
    pub noise_cost: f64,
    pub load: Load,
    pub precision: Share,
    pub recall: Share,
    pub recall_budget_ratio: Option<f64>,
    pub early_detection: Share,
    pub detection: DurationStat,
}

impl Outcome {
    fn of(review: &Review) -> Outcome {
        let Noise { pages, lower, upper, classes, load, rules, .. } = &review.noise;
        let RuleScore { precision, recall, recall_budget_ratio, early_detection, detection, .. } = &review.rules.all;
        Outcome {
            pages: *pages,
            lower: *lower,
            upper: *upper,
            classes: classes.clone(),
            noise_cost: rules.iter().map(|r| r.noise_cost).sum(),
            load: *load,
            precision: *precision,
            recall: *recall,
            recall_budget_ratio: *recall_budget_ratio,
            early_detection: *early_detection,
            detection: detection.clone(),
        }
    }
}

/// A change, and what came and would have come of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub lever: RuleChange,
    pub before: Outcome,
    pub after: Outcome,
}

impl Replay {
    /// Cost that the change saves, in pages by day.
    pub fn saved(&self) -> f64 {
        self.before.noise_cost - self.after.noise_cost
    }

    /// How much later the median burn is told of.
    fn later(&self) -> Option<Millis> {
        Some(Millis(self.after.detection.median?.0 - self.before.detection.median?.0))
    }

    /// Whether as many burns are told of, none of them much later.
    pub fn recall_unchanged(&self) -> bool {
        let budget = |o: &Outcome| o.recall_budget_ratio.unwrap_or(0.0);
        self.after.recall.k >= self.before.recall.k
            && budget(&self.after) >= budget(&self.before) - 1e-9
            && self.later().is_none_or(|later| later <= LATER_MAX)
    }
}

/// The period with one change. `burning`: what a `BurnRate` would have sent.
pub fn replay(inputs: &ReviewInputs<'_>, lever: RuleChange, burning: &[Alert]) -> Replay {
    let after = review_with(inputs, &lever, burning);
    Replay { lever, before: Outcome::of(&review(inputs)), after: Outcome::of(&after) }
}

fn review_with(inputs: &ReviewInputs<'_>, lever: &RuleChange, burning: &[Alert]) -> Review {
    let all: Vec<Alert> = inputs.alerts.iter().cloned().collect();
    let service = |alert: &Alert| inputs.alerts.context().subject(&alert.labels).service;
    let pulled = pull(lever, &all, inputs.rules, burning, inputs.now, service);
    let alerts = inputs.alerts.reread(pulled);
    review(&ReviewInputs { alerts: &alerts, ..*inputs })
}

/// For each rule whose pages were noise, the gentlest of the changes that would
/// have saved nearly most without losing a burn; those that save most first.
/// `burning` gives what the burn-rate alerts of an SLO would have sent.
pub fn fixes(inputs: &ReviewInputs<'_>, burning: impl Fn(&Slo) -> Arc<Vec<Alert>>) -> Vec<Replay> {
    let whole = review(inputs);
    let costly = whole.noise.rules.iter().filter(|rule| rule.noise_cost > 0.0);
    let mut costly: Vec<_> = costly.collect();
    costly.sort_by(|a, b| b.noise_cost.total_cmp(&a.noise_cost).then_with(|| a.rule.cmp(&b.rule)));
    let mut fixes: Vec<Replay> = Vec::new();
    let mut left = ALERTS_REVIEWED_MAX;
    for rule in costly.into_iter().take(RULES_TRIED_MAX) {
        // The first rule is always tried: it costs most.
        if left == 0 || asker::has_left() {
            break;
        }
        let scope = Scope::of(inputs, &rule.rule);
        let inputs = scope.inputs(inputs);
        let before = review(&inputs);
        left = left.saturating_sub(inputs.alerts.len());
        let mut trial = |lever: RuleChange| {
            left = left.saturating_sub(inputs.alerts.len());
            let slo = match &lever {
                RuleChange::BurnRate { slo, .. } => inputs.slos.iter().find(|s| s.name == *slo),
                _ => None,
            };
            let burning = slo.map(|slo| burning(slo)).unwrap_or_default();
            let after = review_with(&inputs, &lever, &burning);
            Replay { lever, before: Outcome::of(&before), after: Outcome::of(&after) }
        };
        fixes.extend(gentlest(candidates(&inputs, &before, &rule.rule), &mut trial));
    }
    fixes.sort_by(|a, b| b.saved().total_cmp(&a.saved()).then_with(|| a.lever.cmp(&b.lever)));
    fixes
}

/// The gentlest of some changes, of which the gentlest come first, that saves nearly
/// as much as the best one without losing a burn.
fn gentlest(mut candidates: Vec<RuleChange>, trial: &mut impl FnMut(RuleChange) -> Replay) -> Option<Replay> {
    let helps = |replay: &Replay| replay.saved() > 0.0 && replay.recall_unchanged();
    // The last one is to delete the rule. Nothing about a rule saves more, so where
    // that loses no burn, the first change that saves nearly as much is the one.
    let last = candidates.pop().map(&mut *trial).filter(helps);
    let enough = last.as_ref().map(|last| last.saved() * NEARLY);
    let mut tried: Vec<Replay> = Vec::new();
    for lever in candidates {
        if asker::has_left() {
            return None;
        }
        let replay = trial(lever);
        if helps(&replay) {
            tried.push(replay);
        }
        if let (Some(enough), Some(newest)) = (enough, tried.last())
            && newest.saved() >= enough
        {
            break;
        }
    }
    tried.extend(last);
    let most = tried.iter().map(Replay::saved).fold(0.0, f64::max);
    tried.into_iter().find(|replay| replay.saved() >= most * NEARLY)
}

/// The services for which a rule fires, with all that is known of them: what
/// the rule does cannot change anything else.
struct Scope {
    alerts: Alerts,
    burns: Vec<SloBurn>,
    slos: Vec<Arc<Slo>>,
}

impl Scope {
    fn of(inputs: &ReviewInputs<'_>, rule: &str) -> Scope {
        let of_rule = inputs.alerts.with_subjects().filter(|(alert, _)| alert.rule == rule);
        let services: BTreeSet<Option<&str>> = of_rule.map(|(_, subject)| subject.service.as_deref()).collect();
        let ours = |service: &str| services.contains(&Some(service));
        let near = inputs.alerts.with_subjects().filter(|(alert, subject)| match subject.service.as_deref() {
            Some(service) => ours(service),
            None => alert.rule == rule,
        });
        Scope {
            alerts: inputs.alerts.reread(near.map(|(alert, _)| alert.clone()).collect()),
            burns: inputs.burns.iter().filter(|b| ours(&b.service)).cloned().collect(),
            slos: inputs.slos.iter().filter(|s| ours(&s.service)).cloned().collect(),
        }
    }

    fn inputs<'a>(&'a self, whole: &ReviewInputs<'a>) -> ReviewInputs<'a> {
        ReviewInputs { alerts: &self.alerts, burns: &self.burns, slos: &self.slos, ..*whole }
    }
}

/// What may help a rule, the gentlest first.
fn candidates(inputs: &ReviewInputs<'_>, before: &Review, rule: &str) -> Vec<RuleChange> {
    let named = || rule.to_owned();
    let loaded = inputs.rules.iter().filter(|r| r.rule.name == rule);
    let longest = |part: fn(&AlertRule) -> Millis| loaded.clone().map(|r| part(&r.rule)).max().unwrap_or_default();
    let (hold, keep) = (longest(|r| r.hold), longest(|r| r.keep_firing_for));
    let keeps = KEEPS.into_iter().filter(|k| *k > keep).map(|keep| RuleChange::KeepFiring { rule: named(), keep });
    let holds = HOLDS.into_iter().filter(|h| *h > hold).map(|hold| RuleChange::Hold { rule: named(), hold });
    let inhibits = inhibitors(before, rule).into_iter().map(|by| RuleChange::Inhibit {
        rule: named(),
        by,
        equal: vec!["service".to_owned()],
    });
    let slos = inputs.slos.iter().filter(|slo| !slo.alerts.tiers.is_empty());
    let burns = slos.take(SLOS_TRIED_MAX).map(|slo| RuleChange::BurnRate {
        slo: slo.name.clone(),
        service: slo.service.clone(),
        instead_of: Some(named()),
    });
    // Where duplicate of another page, that one should keep this one quiet.
    let (first, last): (Vec<RuleChange>, Vec<RuleChange>) =
        if is_duplicate(before, rule) { (inhibits.collect(), Vec::new()) } else { (Vec::new(), inhibits.collect()) };
    first
        .into_iter()
        .chain(keeps)
        .chain(holds)
        .chain(last)
        .chain(burns)
        .chain([RuleChange::Delete { rule: named() }])
        .collect()
}

/// Whether most of the pages of a rule told what another one had told.
fn is_duplicate(review: &Review, rule: &str) -> bool {
    let of_rule = review.noise.rules.iter().find(|r| r.rule == rule);
    let most = of_rule.and_then(|r| r.classes.iter().max_by_key(|(_, n)| *n));
    most.is_some_and(|(class, _)| *class == PageClass::Duplicate)
}

/// Rules that paged in the same incidents, most often first.
fn inhibitors(review: &Review, rule: &str) -> Vec<String> {
    let mut together: BTreeMap<&str, usize> = BTreeMap::new();
    for incident in &review.incidents {
        let mut of: Vec<&str> =
            incident.alerts.iter().filter_map(|id| review.alerts.find(*id)).map(|a| a.rule.as_str()).collect();
        of.sort_unstable();
        of.dedup();
        if of.contains(&rule) {
            of.into_iter().filter(|other| *other != rule).for_each(|other| *together.entry(other).or_default() += 1);
        }
    }
    let mut together: Vec<(&str, usize)> = together.into_iter().collect();
    together.sort_by_key(|(other, n)| (std::cmp::Reverse(*n), *other));
    together.into_iter().take(INHIBITORS_MAX).map(|(other, _)| other.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::scenario::TextScenario;

    fn best(text: &str) -> Vec<String> {
        let scenario = TextScenario::new(text);
        let line = |r: &Replay| {
            format!(
                "{}; {} -> {} pages, {} -> {} burns",
                r.lever, r.before.pages, r.after.pages, r.before.recall.k, r.after.recall.k
            )
        };
        fixes(&scenario.inputs(&scenario.sorted()), |_| Arc::default()).iter().map(line).collect()
    }

    #[test]
    fn an_alert_that_comes_and_goes_is_kept_on_or_waits() {
        let flaps = "FF .*8 ".repeat(12);
        let text = format!("slo web .*300\npage A web .*60 {flaps} .*120");
        assert_eq!(best(&text), ["A: for 2m; 1 -> 0 pages, 0 -> 0 burns"]);
    }

    #[test]
    fn a_longer_for_is_not_advised_where_it_loses_a_burn() {
        let shorts = "FFF .*97 ".repeat(3);
        let text = format!("slo web .*60 5*9 .*400\npage A web .*60 F*9 .*31 {shorts} .*100");
        let fixes = best(&text);
        assert_eq!(fixes, ["A: for 5m; 4 -> 1 pages, 1 -> 1 burns"]);
        let scenario = TextScenario::new(&text);
        let lever = RuleChange::Hold { rule: "A".to_owned(), hold: Millis::from_mins(30) };
        let longer = replay(&scenario.inputs(&scenario.sorted()), lever, &[]);
        assert!(!longer.recall_unchanged() && longer.after.pages == 0);
    }

    #[test]
    fn a_page_per_pod_is_inhibited_by_the_one_for_the_service() {
        let text = "
            slo  web      .*60 5*30 .*200
            page Pod/a web .*62 F*28 .*200
            page Pod/b web .*62 F*28 .*200
            page All web   .*62 F*28 .*200
        ";
        assert_eq!(best(text), ["Pod: inhibited by All with the same service; 2 -> 1 pages, 1 -> 1 burns"]);
    }

    #[test]
    fn no_more_changes_are_tried_once_one_saves_as_much_as_no_rule_at_all() {
        let flaps = "FF .*8 ".repeat(12);
        let scenario = TextScenario::new(&format!("slo web .*300\npage A web .*60 {flaps} .*120"));
        let (alerts, mut tried) = (scenario.sorted(), Vec::new());
        let inputs = scenario.inputs(&alerts);
        let before = review(&inputs);
        let candidates = candidates(&inputs, &before, "A");
        let best = gentlest(candidates.clone(), &mut |lever| {
            tried.push(lever.clone());
            replay(&inputs, lever, &[])
        });
        assert_eq!(best.map(|best| best.lever.to_string()).as_deref(), Some("A: for 2m"));
        assert_eq!(tried.first(), candidates.last(), "to delete it says how much can be saved");
        assert!(tried.len() < candidates.len(), "{tried:?}");
        // As it would be with all of them.
        let all = candidates.into_iter().map(|lever| replay(&inputs, lever, &[]));
        let all: Vec<Replay> = all.filter(|r| r.saved() > 0.0 && r.recall_unchanged()).collect();
        let most = all.iter().map(Replay::saved).fold(0.0, f64::max);
        let found = all.into_iter().find(|r| r.saved() >= most * NEARLY);
        assert_eq!(found.map(|found| found.lever.to_string()).as_deref(), Some("A: for 2m"));
    }

    #[test]
    fn what_never_met_a_burn_can_go() {
        let text = format!("slo web .*900\npage Cpu web .*60 {}", "F*120 .*80 ".repeat(4));
        assert_eq!(best(&text), ["Cpu: the burn-rate alerts of web instead; 4 -> 0 pages, 0 -> 0 burns"]);
        assert_eq!(best("slo web .*60 5*30 .*200\npage A web .*62 F*28 .*200"), [""; 0], "nothing to mend");
    }
}
