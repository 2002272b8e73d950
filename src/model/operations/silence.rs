//! A silence of Alertmanager: a person's word that certain alerts shall wake
//! nobody for a while. Set before an alert it is a plan, set after it an answer.

use super::alert::Alert;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::time::{Millis, Period, Timestamp};

/// Labels that say where something is, or whose, and not what it is.
const SCOPES: [&str; 19] = [
    "cluster",
    "region",
    "zone",
    "availability_zone",
    "datacenter",
    "dc",
    "site",
    "env",
    "environment",
    "stage",
    "tier",
    "tenant",
    "namespace",
    "severity",
    "priority",
    "team",
    "prometheus",
    "replica",
    "receiver",
];

/// An alert that nothing holds back for so long was sent: usual times of `group_wait`
/// and `group_interval` are not longer.
pub const SENT_AFTER: Millis = Millis::from_mins(5);

/// Whether a pattern stands for a few names, as `A|B` does.
fn is_list_of_names(pattern: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | ' ' | '|' | '(' | ')' | '^' | '$');
    !pattern.is_empty() && pattern.chars().all(plain)
}

/// One silence. A silence whose matchers are changed ends, and a new one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Unique; given by Alertmanager.
    pub id: String,
    /// All of them must hold.
    pub matchers: Vec<Matcher>,
    /// From its beginning to its end, which may be to come.
    pub period: Period,
    /// The earliest end that it was seen with, which is what its author chose:
    /// daemons that renew silences move `period`.
    pub earliest_end: Timestamp,
    pub created_by: String,
    pub comment: String,
}

impl Silence {
    /// Whether the silence is about an alert. A matcher on a label that the alert
    /// lacks is left open only if Alertmanager itself said that it holds the
    /// alert back: external labels are added on the way there.
    pub fn is_about(&self, alert: &Alert) -> bool {
        let value = |m: &Matcher| alert.labels.get(&m.label);
        let holds = |m: &Matcher| match value(m) {
            Some(value) => m.matches_value(value),
            None => alert.suppressed || m.matches_value(""),
        };
        let names_one = |m: &Matcher| matches!(m.op, MatchOp::Equal | MatchOp::Regex) && value(m).is_some();
        self.matchers.iter().any(names_one) && self.matchers.iter().all(holds)
    }

    /// Whether no matcher names an alert, a service or an object: such a silence
    /// is about everything in a place, or of a team.
    pub fn is_broad(&self) -> bool {
        let names_one = |m: &Matcher| match m.op {
            MatchOp::Equal => !m.value.is_empty(),
            MatchOp::Regex => is_list_of_names(&m.value),
            MatchOp::NotEqual | MatchOp::NotRegex => false,
        };
        !self.matchers.iter().any(|m| names_one(m) && !SCOPES.contains(&m.label.as_str()))
    }

    /// How long its author wanted it to hold.
    pub fn chosen_length(&self) -> Millis {
        self.period.length().min(self.earliest_end - self.period.start)
    }

    /// Whether it held at an instant.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.period.contains(at)
    }
}

/// Until when silences hold back an alert that began to fire at `firing` without a gap:
/// `firing` itself where none of them held then.
pub fn held_until(firing: Timestamp, silences: impl IntoIterator<Item = Period>) -> Timestamp {
    let mut periods: Vec<Period> = silences.into_iter().collect();
    periods.sort_unstable();
    let reach = |until: Timestamp, period: Period| if period.start <= until { until.max(period.end) } else { until };
    periods.into_iter().fold(firing, reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::Labels;
    use crate::model::slo::Severity;

    fn alert(suppressed: bool) -> Alert {
        let labels: Labels = [("alertname", "HighErrors"), ("service", "checkout")].into_iter().collect();
        let last_seen = Timestamp::from_millis(0);
        let (condition, firing, ended) = (None, None, None);
        Alert {
            rule: "HighErrors".to_owned(),
            labels,
            severity: Severity::Page,
            condition,
            firing,
            ended,
            last_seen,
            suppressed,
            receivers: Default::default(),
        }
    }

    fn is_about(matchers: &[(&str, MatchOp, &str)], suppressed: bool) -> bool {
        let matchers = matchers.iter().map(|(l, op, v)| Matcher::new(*l, *op, *v).unwrap()).collect();
        let period = Period::new(Timestamp::from_millis(0), Timestamp::from_millis(1));
        let (id, created_by, comment) = (String::new(), String::new(), String::new());
        Silence { id, matchers, period, earliest_end: period.end, created_by, comment }.is_about(&alert(suppressed))
    }

    #[test]
    fn a_silence_is_about_what_all_its_matchers_hold_for() {
        use MatchOp::{Equal, NotEqual, Regex};
        assert!(is_about(&[("service", Equal, "checkout")], false));
        assert!(is_about(&[("service", Regex, "check.*"), ("alertname", NotEqual, "CpuHigh")], false));
        assert!(!is_about(&[("service", Equal, "search")], true));
        assert!(!is_about(&[("service", Equal, "checkout"), ("alertname", Equal, "CpuHigh")], true));
    }

    #[test]
    fn silences_that_follow_each_other_hold_as_one() {
        let at = Timestamp::from_millis;
        let held = |firing: i64, periods: &[(i64, i64)]| {
            held_until(at(firing), periods.iter().map(|(from, to)| Period::new(at(*from), at(*to)))).millis()
        };
        assert_eq!(held(5, &[(20, 30), (0, 10), (10, 15)]), 15);
        assert_eq!((held(5, &[(6, 9)]), held(5, &[])), (5, 5), "set afterwards");
    }

    #[test]
    fn external_labels_are_believed_where_alertmanager_says_that_it_held_the_alert_back() {
        use MatchOp::{Equal, NotEqual};
        let elsewhere = [("service", Equal, "checkout"), ("cluster", Equal, "eu")];
        assert!(is_about(&elsewhere, true) && !is_about(&elsewhere, false));
        assert!(!is_about(&[("cluster", Equal, "eu")], true), "nothing ties it to this alert");
        assert!(!is_about(&[("cluster", NotEqual, "us")], false), "nor does what it excludes");
    }
}
