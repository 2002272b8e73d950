//! Alerts on budgets over time (burn rates, steps of the policy, missing data):
//! when one begins, is sent again, and ends. The
//! rules are those of Prometheus' alert generator, so that Alertmanager sees
//! nothing unusual.

use std::collections::BTreeMap;

use super::compliance::PRESENT;
use super::status::SloState;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::model::labels::Labels;
use crate::model::slo::{NoDataPolicy, PolicyStep, Severity};
use crate::model::time::{Millis, Timestamp};

/// A firing alert is sent again after this long.
pub const RESEND_DELAY: Millis = Millis::from_mins(1);
/// A resolved alert is sent on for this long: Alertmanager forgets at a restart.
pub const RESOLVED_RETENTION: Millis = Millis::from_mins(15);
/// An alert that is not sent again ends by itself after this many delays.
const ENDS_AFTER_DELAYS: i64 = 4;

/// One alert of one SLO and tier, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnAlert {
    /// When the condition became true; kept over restarts.
    pub starts_at: Timestamp,
    /// When it became false; `None` while it fires.
    pub resolved_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
}

/// All burn alerts by `slo/tier`.
pub type BurnAlerts = BTreeMap<String, BurnAlert>;

/// An alert to be sent now.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    pub key: String,
    /// Constant for the life of the alert.
    pub labels: Labels,
    /// What may change from one sending to the next.
    pub annotations: Labels,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// When alerts are moved on.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The end of the time that was judged: alerts begin and end then.
    pub as_of: Timestamp,
    /// When they are sent.
    pub now: Timestamp,
    /// The usual time between two calls.
    pub interval: Millis,
}

/// Moves the alerts on and says what is to be sent. A more severe tier of an SLO
/// stands for the less severe ones: only it is sent.
pub fn step(alerts: &mut BurnAlerts, slos: &[SloJudgement], external: &Labels, moment: Moment) -> Vec<Due> {
    let Moment { as_of, now, interval } = moment;
    let mut due = Vec::new();
    let mut known = Vec::new();
    for judged in slos {
        for (condition, verdict) in conditions(judged) {
            let key = condition.key(&judged.slo.name);
            known.push(key.clone());
            move_on(alerts, &key, verdict, as_of);
            let Some(alert) = alerts.get_mut(&key) else {
                continue;
            };
            if alert.resolved_at.is_some_and(|at| now - at > RESOLVED_RETENTION) {
                continue;
            }
            if alert.sent_at.is_some_and(|sent| now - sent < RESEND_DELAY) {
                continue;
            }
            alert.sent_at = Some(now);
            let ends_at = alert.resolved_at.unwrap_or(now + Millis(ENDS_AFTER_DELAYS * interval.max(RESEND_DELAY).0));
            let (labels, annotations) = (condition.labels(judged, external), condition.annotations(judged));
            due.push(Due { key, labels, annotations, starts_at: alert.starts_at, ends_at });
        }
    }
    // An SLO, tier or step that is gone leaves an alert that ends by itself.
    alerts
        .retain(|key, alert| known.contains(key) && alert.resolved_at.is_none_or(|at| now - at <= RESOLVED_RETENTION));
    due
}

/// The most severe tier that fires, of equals the fastest.
fn leading_tier(judged: &SloJudgement) -> Option<&TierStatus> {
    let firing = judged.tiers.iter().filter(|t| t.verdict == TierVerdict::Firing);
    firing.max_by(|a, b| a.tier.severity.cmp(&b.tier.severity).then(a.factor.total_cmp(&b.factor)))
}

/// What an alert is about. It is the same for the life of the alert.
enum Condition<'a> {
    Tier(&'a TierStatus),
    Step(&'a PolicyStep),
    MissingData(Severity),
}

/// Every condition of an SLO with its verdict. One more severe tier speaks for
/// the others, and the step for the emptiest budget for the others.
fn conditions(judged: &SloJudgement) -> Vec<(Condition<'_>, TierVerdict)> {
    let firing = |fires: bool| if fires { TierVerdict::Firing } else { TierVerdict::Quiet };
    let leading = leading_tier(judged);
    let tiers = judged.tiers.iter().map(|status| {
        let leads = leading.is_some_and(|l| l.tier.name == status.tier.name);
        let verdict = match status.verdict {
            TierVerdict::Frozen => TierVerdict::Frozen,
            verdict => firing(leads && verdict == TierVerdict::Firing),
        };
        (Condition::Tier(status), verdict)
    });
    let mut all: Vec<_> = tiers.collect();
    let Some(status) = judged.windows.first() else { return all };
    let frozen = judged.slo.no_data == NoDataPolicy::Freeze && status.coverage < judged.slo.alerts.coverage_floor;
    let is_reading = status.state == SloState::Reading;
    let known = !frozen && !is_reading && status.judged_budget().is_some();
    let entered = status.policy_step();
    all.extend(judged.slo.budget_policy.iter().map(|step| {
        let is_entered = entered.is_some_and(|e| e.remaining_ratio == step.remaining_ratio);
        (Condition::Step(step), if known { firing(is_entered) } else { TierVerdict::Frozen })
    }));
    let recent = status.burn_rates.iter().find(|b| b.lookback == PRESENT);
    if let (Some(severity), Some(recent)) = (judged.slo.alerts.missing_data, recent) {
        all.push((Condition::MissingData(severity), firing(recent.coverage < judged.slo.alerts.coverage_floor)));
    }
    all
}

fn move_on(alerts: &mut BurnAlerts, key: &str, verdict: TierVerdict, as_of: Timestamp) {
    let fires = verdict == TierVerdict::Firing;
    match (alerts.get_mut(key), verdict) {
        (_, TierVerdict::Frozen) => {}
        (Some(alert), _) if fires && alert.resolved_at.is_some() => {
            *alert = BurnAlert { starts_at: as_of, resolved_at: None, sent_at: None };
        }
        (Some(alert), _) if !fires && alert.resolved_at.is_none() => {
            alert.resolved_at = Some(as_of);
            alert.sent_at = None;
        }
        (None, _) if fires => {
            alerts.insert(key.to_owned(), BurnAlert { starts_at: as_of, resolved_at: None, sent_at: None });
        }
        _ => {}
    }
}

impl Condition<'_> {
    /// Names of tiers are DNS labels, so the others cannot be mistaken for one.
    fn key(&self, slo: &str) -> String {
        match self {
            Condition::Tier(status) => format!("{slo}/{}", status.tier.name),
            Condition::Step(step) => format!("{slo}/remaining {}", step.name()),
            Condition::MissingData(_) => format!("{slo}/missing data"),
        }
    }

    fn labels(&self, judged: &SloJudgement, external: &Labels) -> Labels {
        let slo = &judged.slo;
        let mut labels = external.clone();
        for (name, value) in slo.labels.iter().filter(|(n, _)| *n == "team").chain(slo.alerts.labels.iter()) {
            labels.set(name, value);
        }
        let (alertname, severity) = match self {
            Condition::Tier(status) => ("ErrorBudgetBurn", status.tier.severity),
            Condition::Step(step) if step.remaining_ratio <= 0.0 => ("ErrorBudgetExhausted", step.severity),
            Condition::Step(step) => ("ErrorBudgetPolicy", step.severity),
            Condition::MissingData(severity) => ("SloDataMissing", *severity),
        };
        let own =
            [("alertname", alertname), ("severity", severity.word()), ("slo", &slo.name), ("service", &slo.service)];
        own.into_iter().for_each(|(name, value)| labels.set(name, value));
        match self {
            Condition::Tier(status) => labels.set("tier", &status.tier.name),
            Condition::Step(step) => labels.set("step", step.name()),
            Condition::MissingData(_) => {}
        }
        labels
    }

    fn annotations(&self, judged: &SloJudgement) -> Labels {
        let slo = &judged.slo;
        let mut all = slo.alerts.annotations.clone();
        let left = left(judged);
        match self {
            Condition::Tier(status) => return annotations(judged, status),
            Condition::Step(step) => {
                all.set("summary", format!("{left} of the error budget of {} are left", slo.name));
                let over = slo.first_window();
                all.set("description", format!("{} ({left} left over {over}, step {})", step.text, step.name()));
                all.set("owner", &step.owner);
            }
            Condition::MissingData(_) => {
                let recent = judged.windows.first().and_then(|w| w.burn_rates.iter().find(|b| b.lookback == PRESENT));
                let seen = recent.map_or(0.0, |b| b.coverage * 100.0);
                all.set("summary", format!("{seen:.0} % of the last hour of {} was observed", slo.name));
                let what = "It is unknown whether the SLO is met until data arrives: check the source and its targets.";
                all.set("description", format!("{what} Unknown time counts as: {}.", slo.no_data.word()));
            }
        }
        all
    }
}

/// How much of the budget is left, in words.
fn left(judged: &SloJudgement) -> String {
    let budget = judged.windows.first().and_then(|w| w.judged_budget());
    budget.map_or_else(|| "unknown".to_owned(), |b| format!("{:.1} %", b.remaining_ratio * 100.0))
}

fn annotations(judged: &SloJudgement, status: &TierStatus) -> Labels {
    let slo = &judged.slo;
    let rate = |r: Option<f64>| r.map_or_else(|| "unknown".to_owned(), |r| format!("{r:.1}x"));
    let left = left(judged);
    let tier = &status.tier;
    let mut all = slo.alerts.annotations.clone();
    all.set("summary", format!("{} burns its error budget {} as fast as allowed", slo.name, rate(status.long_rate)));
    all.set(
        "description",
        format!(
            "{} of {} (objective {}): burn rate {} over {} and {} over {}, above {:.1}x. Budget left over {}: {left}.",
            slo.name,
            slo.service,
            slo.objective,
            rate(status.long_rate),
            tier.long,
            rate(status.short_rate),
            tier.short,
            status.factor,
            slo.first_window(),
        ),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::slo;
    use std::sync::Arc;

    fn judged(verdicts: &[TierVerdict]) -> SloJudgement {
        let slo = Arc::new(slo("checkout"));
        let period = slo.first_window().nominal_length();
        let status = |(tier, verdict): (&crate::model::slo::AlertTier, &TierVerdict)| TierStatus {
            tier: tier.clone(),
            factor: tier.factor(period),
            long_rate: Some(20.0),
            short_rate: Some(30.0),
            verdict: *verdict,
            stretched: None,
            held_back: 0,
        };
        let tiers = slo.alerts.tiers.iter().zip(verdicts).map(status).collect();
        SloJudgement { slo, windows: vec![], good_since_start: 0, bad_since_start: 0, tiers }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000) + Millis::from_mins(minute)
    }

    fn moment(minute: i64) -> Moment {
        Moment { as_of: at(minute), now: at(minute), interval: Millis::from_mins(1) }
    }

    use TierVerdict::{Firing, Frozen, Quiet};

    /// Steps minute by minute; tells what was sent as `tier@start-end`.
    fn run(verdicts: &[[TierVerdict; 2]]) -> Vec<Vec<String>> {
        let mut alerts = BurnAlerts::new();
        let minute = |t: Timestamp| (t - at(0)).0 / 60_000;
        let mut sent = Vec::new();
        for (i, verdict) in verdicts.iter().enumerate() {
            let due = step(&mut alerts, &[judged(verdict)], &Labels::new(), moment(i as i64));
            let show =
                |d: &Due| format!("{}@{}-{}", d.labels.get("tier").unwrap(), minute(d.starts_at), minute(d.ends_at));
            sent.push(due.iter().map(show).collect());
        }
        sent
    }

    #[test]
    fn an_alert_is_sent_every_minute_and_resolved_ones_for_a_while() {
        let mut story = vec![[Quiet, Quiet], [Firing, Quiet], [Firing, Quiet]];
        story.extend(vec![[Quiet, Quiet]; 20]);
        let sent = run(&story);
        assert_eq!(
            sent.iter().take(4).cloned().collect::<Vec<_>>(),
            [vec![], vec!["fast@1-5".to_owned()], vec!["fast@1-6".to_owned()], vec!["fast@1-3".to_owned()]]
        );
        assert_eq!(sent.iter().filter(|s| s.contains(&"fast@1-3".to_owned())).count(), 16);
    }

    #[test]
    fn the_most_severe_tier_speaks_for_the_others() {
        let sent = run(&[[Firing, Firing], [Quiet, Firing]]);
        assert_eq!(sent, [vec!["fast@0-4".to_owned()], vec!["fast@0-1".to_owned(), "medium@1-5".to_owned()]]);
    }

    #[test]
    fn frozen_neither_fires_nor_resolves() {
        let sent = run(&[[Frozen, Quiet], [Firing, Quiet], [Frozen, Quiet]]);
        assert_eq!(sent, [vec![], vec!["fast@1-5".to_owned()], vec!["fast@1-6".to_owned()]]);
    }

    /// A judgement whose budget has so much left, of which so much was seen.
    fn with_budget(remaining_ratio: f64, coverage: f64) -> SloJudgement {
        use crate::evaluate::slo::compliance::{judge, present};
        use crate::evaluate::slo::history::History;
        let step = |remaining_ratio, text: &str| PolicyStep {
            remaining_ratio,
            text: text.to_owned(),
            owner: "payments".to_owned(),
            severity: Severity::Ticket,
        };
        let mut slo = slo("checkout");
        slo.alerts.tiers.clear();
        slo.alerts.missing_data = Some(Severity::Info);
        slo.budget_policy = vec![step(0.5, "Rollouts by day only."), step(0.2, "No rollouts."), step(0.0, "Mend.")];
        let slo = Arc::new(slo);
        let history = History::new(slo.budgeting);
        let now = present(&slo, &history, at(0));
        let mut status = judge(&slo, *slo.first_window(), &history, at(0), &now);
        status.coverage = coverage;
        status.burn_rates.iter_mut().for_each(|b| b.coverage = coverage);
        status.budget = (coverage > 0.0)
            .then(|| super::super::status::Budget { remaining_ratio, ..super::super::status::Budget::default() });
        SloJudgement { slo, windows: vec![status], good_since_start: 0, bad_since_start: 0, tiers: vec![] }
    }

    #[test]
    fn the_step_that_is_entered_speaks_and_the_unknown_moves_none() {
        let mut alerts = BurnAlerts::new();
        let mut sent = Vec::new();
        for (minute, (left, seen)) in
            [(0.6, 1.0), (0.5, 1.0), (0.1, 1.0), (-0.3, 1.0), (0.0, 0.0), (0.7, 1.0)].iter().enumerate()
        {
            let due = step(&mut alerts, &[with_budget(*left, *seen)], &Labels::new(), moment(minute as i64));
            let firing = due.iter().filter(|d| d.ends_at > at(minute as i64));
            let name = |d: &Due| {
                [d.labels.get("alertname"), d.labels.get("step")].map(|l| l.unwrap_or("-").to_owned()).join(" ")
            };
            sent.push(firing.map(name).collect::<Vec<_>>().join(", "));
        }
        let spent = "ErrorBudgetExhausted 0%";
        let blind = "ErrorBudgetExhausted 0%, SloDataMissing -";
        assert_eq!(sent, ["", "ErrorBudgetPolicy 50%", "ErrorBudgetPolicy 20%", spent, blind, ""]);
    }

    #[test]
    fn a_step_says_what_to_do_and_whose_it_is() {
        let due = step(&mut BurnAlerts::new(), &[with_budget(0.123, 1.0)], &Labels::new(), moment(0));
        let [one] = due.as_slice() else { panic!("{due:?}") };
        assert_eq!(
            one.labels.to_string(),
            r#"{alertname="ErrorBudgetPolicy", service="checkout", severity="ticket", slo="checkout", step="20%"}"#
        );
        assert_eq!(one.annotations.get("owner"), Some("payments"));
        assert_eq!(one.annotations.get("description"), Some("No rollouts. (12.3 % left over 30d, step 20%)"));
    }

    #[test]
    fn labels_stay_numbers_go_into_annotations() {
        let mut alerts = BurnAlerts::new();
        let due = step(&mut alerts, &[judged(&[Firing])], &Labels::new().with("cluster", "eu1"), moment(0));
        let one = due.first().unwrap();
        assert_eq!(
            one.labels.to_string(),
            r#"{alertname="ErrorBudgetBurn", cluster="eu1", service="checkout", severity="page", slo="checkout", tier="fast"}"#
        );
        assert!(one.annotations.get("description").unwrap().contains("20.0x over 1h"));
    }
}
