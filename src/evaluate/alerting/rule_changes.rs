//! What could be changed about alerting, and the alerts that would then have
//! been. Must not know what a page was worth.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::evaluate::slo::compliance::present;
use crate::evaluate::slo::history::History;
use crate::evaluate::slo::tiers::TierVerdict;
use crate::model::asker;
use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, Mark, MarkSource};
use crate::model::operations::rule::LoadedRule;
use crate::model::slo::{Severity, Slo};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Alertmanager waits so long before it tells of a new group, by default: what
/// begins to inhibit an alert meanwhile still does.
const GROUP_WAIT: Millis = Millis::from_secs(30);

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleChange {
    /// Alerts of a rule fire on for so long after the condition has ended
    /// (`keep_firing_for`).
    KeepFiring { rule: String, keep: Millis },
    /// The condition of a rule must hold for so long (`for`).
    Hold { rule: String, hold: Millis },
    /// Alerts of a rule wake nobody while one of another rule fires that has the
    /// same values of some labels.
    Inhibit { rule: String, by: String, equal: Vec<String> },
    /// The burn-rate alerts of an SLO; a rule is taken away for its service.
    BurnRate { slo: String, service: String, instead_of: Option<String> },
    /// The rule is taken away.
    Delete { rule: String },
}

impl RuleChange {
    /// The rule that changes.
    pub fn rule(&self) -> Option<&str> {
        match self {
            RuleChange::KeepFiring { rule, .. } | RuleChange::Hold { rule, .. } | RuleChange::Inhibit { rule, .. } => {
                Some(rule)
            }
            RuleChange::Delete { rule } => Some(rule),
            RuleChange::BurnRate { instead_of, .. } => instead_of.as_deref(),
        }
    }
}

impl fmt::Display for RuleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleChange::KeepFiring { rule, keep } => write!(f, "{rule}: keep_firing_for {keep}"),
            RuleChange::Hold { rule, hold } => write!(f, "{rule}: for {hold}"),
            RuleChange::Inhibit { rule, by, equal } => {
                write!(f, "{rule}: inhibited by {by} with the same {}", equal.join(", "))
            }
            RuleChange::BurnRate { slo, instead_of: Some(rule), .. } => {
                write!(f, "{rule}: the burn-rate alerts of {slo} instead")
            }
            RuleChange::BurnRate { slo, instead_of: None, .. } => {
                write!(f, "the burn-rate alerts of {slo} in addition to all rules")
            }
            RuleChange::Delete { rule } => write!(f, "{rule}: deleted"),
        }
    }
}

/// The alerts as they would have been. `rules` says what is set now; without it
/// a rule is taken to have no `keep_firing_for`. `burning`: what a `BurnRate`
/// would have sent; see `burn_alerts`. `service_of`: the service of an alert.
pub fn pull(
    lever: &RuleChange,
    alerts: &[Alert],
    rules: &[LoadedRule],
    burning: &[Alert],
    now: Timestamp,
    service_of: impl Fn(&Alert) -> Option<String>,
) -> Vec<Alert> {
    match lever {
        RuleChange::Hold { rule, hold } => {
            let keep = keep_now(rule, rules);
            alerts.iter().map(|a| if a.rule == *rule { held(a, *hold, keep, now) } else { a.clone() }).collect()
        }
        RuleChange::KeepFiring { rule, keep } => {
            let (mut changed, mut out): (Vec<Alert>, Vec<Alert>) =
                alerts.iter().cloned().partition(|a| a.rule == *rule);
            changed = kept(changed, *keep, keep_now(rule, rules), now);
            out.extend(changed);
            out
        }
        RuleChange::Inhibit { rule, by, equal } => {
            let sources = Sources::new(alerts.iter().filter(|a| a.rule == *by), equal);
            alerts.iter().map(|a| if a.rule == *rule { sources.inhibit(a) } else { a.clone() }).collect()
        }
        RuleChange::BurnRate { service, instead_of, .. } => {
            let is_replaced = |a: &Alert| instead_of.as_deref() == Some(a.rule.as_str());
            let gone = |a: &Alert| is_replaced(a) && service_of(a).as_deref() == Some(service);
            alerts.iter().filter(|a| !gone(a)).chain(burning).cloned().collect()
        }
        RuleChange::Delete { rule } => alerts.iter().filter(|a| a.rule != *rule).cloned().collect(),
    }
}

/// The shortest of the rules of that name, so that none is taken for longer.
fn keep_now(rule: &str, rules: &[LoadedRule]) -> Millis {
    rules.iter().filter(|r| r.rule.name == rule).map(|r| r.rule.keep_firing_for).min().unwrap_or_default()
}

/// An alert under another `for`. One of which Alertmanager alone told has no
/// condition and stays as it is.
fn held(alert: &Alert, hold: Millis, keep: Millis, now: Timestamp) -> Alert {
    let Some(condition) = alert.condition else { return alert.clone() };
    let due = condition.at + hold;
    // Only what fired was kept on after its condition.
    let kept = if alert.firing.is_some() { keep } else { Millis(0) };
    let until = alert.ended.map_or(now, |e| e.at - kept);
    let resolution = alert.firing.unwrap_or(condition).resolution;
    let firing =
        (due < until).then_some(Mark { at: due, source: MarkSource::AlertsForState, resolution, estimated: true });
    let ended = alert.ended.map(|e| Mark { at: if firing.is_some() { e.at } else { e.at - kept }, ..e });
    Alert { firing, ended, ..alert.clone() }
}

/// Alerts of one rule under another `keep_firing_for`.
fn kept(mut alerts: Vec<Alert>, keep: Millis, now_kept: Millis, now: Timestamp) -> Vec<Alert> {
    let longer = |alert: &Alert| match (alert.firing, alert.ended) {
        (Some(_), Some(ended)) => {
            let at = ended.at - now_kept + keep;
            Some(Mark { at, estimated: true, ..ended }).filter(|m| m.at < now)
        }
        (_, ended) => ended,
    };
    alerts.sort_by(|a, b| (&a.labels, a.start()).cmp(&(&b.labels, b.start())));
    let mut out: Vec<Alert> = Vec::new();
    for alert in alerts {
        let ended = longer(&alert);
        let still = |last: &&mut Alert| {
            last.labels == alert.labels && last.firing.is_some() && last.ended.is_none_or(|e| alert.start() <= e.at)
        };
        match out.last_mut().filter(still) {
            // It fires still: no pending phase, and no new page.
            Some(last) => {
                if alert.firing.is_some() {
                    last.ended = ended.filter(|_| last.ended.is_some());
                }
                last.last_seen = last.last_seen.max(alert.last_seen);
                last.suppressed &= alert.suppressed;
            }
            None => out.push(Alert { ended, ..alert }),
        }
    }
    out
}

/// When the alerts that inhibit others fired, by the labels that must be equal.
struct Sources<'a> {
    equal: &'a [String],
    firing: HashMap<Vec<&'a str>, Vec<Period>>,
}

impl<'a> Sources<'a> {
    fn new(sources: impl Iterator<Item = &'a Alert>, equal: &'a [String]) -> Sources<'a> {
        let mut firing: HashMap<Vec<&str>, Vec<Period>> = HashMap::new();
        for alert in sources.filter(|a| !a.suppressed) {
            if let Some(from) = alert.firing {
                let to = alert.ended.map_or(Timestamp::MAX, |e| e.at);
                firing.entry(key(&alert.labels, equal)).or_default().push(Period::new(from.at, to));
            }
        }
        firing.values_mut().for_each(|of| of.sort_unstable_by_key(|p| p.start));
        Sources { equal, firing }
    }

    /// An alert that fires on after what inhibited it has ended tells then.
    fn inhibit(&self, alert: &Alert) -> Alert {
        let Some(firing) = alert.firing else { return alert.clone() };
        let mut tells = firing.at;
        for source in self.firing.get(&key(&alert.labels, self.equal)).into_iter().flatten() {
            if source.start <= tells + GROUP_WAIT && tells < source.end {
                tells = source.end;
            }
        }
        if tells == firing.at {
            return alert.clone();
        }
        if alert.ended.map_or(tells == Timestamp::MAX, |ended| ended.at <= tells) {
            return Alert { suppressed: true, ..alert.clone() };
        }
        Alert { firing: Some(Mark { at: tells, estimated: true, ..firing }), ..alert.clone() }
    }
}

/// A label that is missing is equal to one that is empty, as for Alertmanager.
fn key<'a>(labels: &'a Labels, equal: &[String]) -> Vec<&'a str> {
    equal.iter().map(|name| labels.get(name).unwrap_or_default()).collect()
}

/// What the tiers of an SLO would have sent in a period, judged at the end of
/// every minute.
pub fn burn_alerts(slo: &Slo, history: &History, period: Period) -> Vec<Alert> {
    let mut open: BTreeMap<String, Alert> = BTreeMap::new();
    let mut out: Vec<Alert> = Vec::new();
    let mut at = period.start.ceil_slot();
    while at <= period.end && !asker::has_left() {
        for status in present(slo, history, at).tiers {
            let name = &status.tier.name;
            let mark = Mark::new(at, MarkSource::Sli, Millis(SLOT_MS));
            match (status.verdict, open.contains_key(name)) {
                (TierVerdict::Firing, false) => {
                    open.insert(name.clone(), burn_alert(slo, name, status.tier.severity, mark));
                }
                (TierVerdict::Quiet | TierVerdict::HeldBack, true) => {
                    out.extend(open.remove(name).map(|alert| Alert { ended: Some(mark), last_seen: at, ..alert }));
                }
                _ => {}
            }
        }
        at = at + Millis(SLOT_MS);
    }
    out.extend(open.into_values().map(|alert| Alert { last_seen: period.end, ..alert }));
    out
}

fn burn_alert(slo: &Slo, tier: &str, severity: Severity, mark: Mark) -> Alert {
    let own = [
        ("alertname", "ErrorBudgetBurn"),
        ("slo", &slo.name),
        ("service", &slo.service),
        ("severity", severity.word()),
        ("tier", tier),
    ];
    let labels: Labels = slo.labels.iter().chain(own).collect();
    Alert {
        rule: "ErrorBudgetBurn".to_owned(),
        severity,
        labels,
        condition: Some(mark),
        firing: Some(mark),
        ended: None,
        last_seen: mark.at,
        suppressed: false,
        receivers: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::evaluate::scenario::{TextScenario, expand, minute, minutes_of, tiles};
    use crate::model::slo::tile::DayTiles;
    use crate::model::testing::slo;

    /// `rule: condition firing-end` of each alert, by time; `S` after those
    /// that wake nobody.
    fn pulled(lever: &RuleChange, text: &str) -> Vec<String> {
        let scenario = TextScenario::new(text);
        let mut alerts = pull(lever, &scenario.alerts, &scenario.rules, &[], minute(scenario.length), |_| None);
        alerts.sort_by_key(|a| (a.start(), a.rule.clone()));
        let shown = |mark: Option<Mark>| mark.map_or("-".to_owned(), |m| minutes_of(m.at).to_string());
        let line = |a: &Alert| {
            let silent = if a.suppressed { " S" } else { "" };
            format!("{}: {} {}-{}{silent}", a.rule, shown(a.condition), shown(a.firing), shown(a.ended))
        };
        alerts.iter().map(line).collect()
    }

    fn hold(minutes: i64) -> RuleChange {
        RuleChange::Hold { rule: "A".to_owned(), hold: Millis::from_mins(minutes) }
    }

    #[test]
    fn a_longer_for_delays_long_alerts_and_drops_short_ones() {
        let text = "page A web ..PPFF ......PP F*20 .*9\npage B web ..FF .*35";
        assert_eq!(pulled(&hold(5), text), ["A: 2 --6", "B: 2 2-4", "A: 12 17-34"]);
        assert_eq!(pulled(&hold(2), text), ["A: 2 4-6", "B: 2 2-4", "A: 12 14-34"], "as it was");
    }

    #[test]
    fn a_shorter_for_brings_what_was_only_pending() {
        assert_eq!(pulled(&hold(1), "page A web ..PPP ..P .*9"), ["A: 2 3-5", "A: 7 --8"]);
        assert_eq!(pulled(&hold(0), "page A web ..PPP"), ["A: 2 2--"], "it goes on");
    }

    #[test]
    fn keep_firing_joins_what_comes_and_goes() {
        let keep = |m| RuleChange::KeepFiring { rule: "A".to_owned(), keep: Millis::from_mins(m) };
        let text = "page A/x web ..FF....FF....FF .*40\npage A/y web ...F .*50";
        assert_eq!(pulled(&keep(5), text), ["A: 2 2-21", "A: 3 3-9"]);
        assert_eq!(pulled(&keep(3), text), ["A: 2 2-7", "A: 3 3-7", "A: 8 8-13", "A: 14 14-19"]);
        assert_eq!(pulled(&keep(60), "page A web ..FF .*9"), ["A: 2 2--"], "it would still fire");
    }

    #[test]
    fn an_inhibited_alert_tells_when_what_inhibits_it_is_over() {
        let by = RuleChange::Inhibit { rule: "A".to_owned(), by: "B".to_owned(), equal: vec!["service".to_owned()] };
        let text = "page B web .. F*10 .*40\npage A web .... F*5 .*40\npage A db .... F*5 .*40";
        assert_eq!(pulled(&by, text), ["B: 2 2-12", "A: 4 4-9 S", "A: 4 4-9"]);
        assert_eq!(pulled(&by, "page B web .. F*10 .*40\npage A web .... F*20 .*40"), ["B: 2 2-12", "A: 4 12-24"]);
        assert_eq!(
            pulled(&by, "page B web .*9 F*10 .*40\npage A web .. F*20 .*40"),
            ["A: 2 2-22", "B: 9 9-19"],
            "too late"
        );
    }

    #[test]
    fn burn_rate_alerts_are_those_of_the_tiers() {
        let slo = Arc::new(slo("web"));
        let timeline = expand(".*3000 5*30 .*600");
        let mut history = History::new(slo.budgeting);
        let mut days: BTreeMap<i64, DayTiles> = BTreeMap::new();
        for tile in tiles(-1440, &timeline) {
            days.entry(tile.start.day()).or_insert_with(|| DayTiles::empty(tile.start.day())).put(&tile);
        }
        for day in days.values() {
            history.load_day(None, day, |_| true);
        }
        let sent = burn_alerts(&slo, &history, Period::new(minute(0), minute(2_000)));
        let line = |a: &Alert| {
            let at = |mark: Option<Mark>| mark.map_or(f64::NAN, |m| minutes_of(m.at));
            format!("{} {}-{}", a.labels.get("tier").unwrap(), at(a.firing), at(a.ended))
        };
        let mut sent: Vec<String> = sent.iter().map(line).collect();
        sent.sort();
        // Half of all fails from minute 1560 to 1590, at 500 times the allowed rate:
        // 2 such minutes in an hour are above 14.4, 5 in six hours above 6, 9 in a
        // day above 3, and 7 in the two days that are known above 1. Each ends
        // with its short lookback.
        assert_eq!(sent, ["creeping 1567-1950", "fast 1562-1595", "medium 1565-1620", "slow 1569-1710"]);
    }

    #[test]
    fn a_rule_can_go() {
        let text = "page A web ..FF .*9\npage B web ..FF .*9";
        assert_eq!(pulled(&RuleChange::Delete { rule: "A".to_owned() }, text), ["B: 2 2-4"]);
    }
}
