//! How urgently a person is wanted, from the words that teams put on their alerts.

use std::collections::BTreeMap;

use crate::model::labels::Labels;
use crate::model::slo::Severity;

/// Labels that hold the word, best first, whatever their case.
const LABELS: [&str; 6] = ["severity", "priority", "level", "urgency", "criticality", "sev"];

/// What stands beside a word and says nothing by itself, or only together with a number.
const NEUTRAL: [&str; 8] = ["severity", "sev", "priority", "prio", "level", "urgency", "importance", "impact"];

/// The usual words, in lower case and without separators: those of Prometheus'
/// mixins, PagerDuty, Opsgenie, syslog, Zabbix, ITU-T X.733 and of incident
/// processes that count from 0 or 1. Numbers alone are none of them: 1 is the
/// most urgent for some and the least for others.
const WORDS: [(Severity, &[&str]); 3] = [
    (
        Severity::Page,
        &[
            "page",
            "pager",
            "paging",
            "critical",
            "crit",
            "emergency",
            "emerg",
            "alert",
            "fatal",
            "panic",
            "disaster",
            "urgent",
            "blocker",
            "outage",
            "high",
            "highest",
            "immediate",
            "major",
            "p0",
            "p1",
            "sev0",
            "sev1",
            "s0",
            "s1",
            "severity0",
            "severity1",
            "priority0",
            "priority1",
        ],
    ),
    (
        Severity::Ticket,
        &[
            "ticket",
            "warning",
            "warn",
            "error",
            "err",
            "medium",
            "moderate",
            "average",
            "indeterminate",
            "minor",
            "normal",
            "p2",
            "p3",
            "sev2",
            "sev3",
            "s2",
            "s3",
            "severity2",
            "severity3",
            "priority2",
            "priority3",
        ],
    ),
    (
        Severity::Info,
        &[
            "info",
            "information",
            "informational",
            "notice",
            "notification",
            "none",
            "debug",
            "trace",
            "ok",
            "low",
            "lowest",
            "trivial",
            "verbose",
            "planning",
            "p4",
            "p5",
            "sev4",
            "sev5",
            "s4",
            "s5",
            "severity4",
            "severity5",
            "priority4",
            "priority5",
        ],
    ),
];

/// The severity of a usual word, or of several side by side such as `P1 - Critical`;
/// `None` if it is none of them.
pub fn usual(word: &str) -> Option<Severity> {
    by_parts(word, usual_plain)
}

fn usual_plain(word: &str) -> Option<Severity> {
    WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(severity, _)| *severity)
}

/// The severity of a text as a whole, else the most urgent of its parts, all of which
/// must be known: `non-critical` is not critical.
fn by_parts(text: &str, known: impl Fn(&str) -> Option<Severity>) -> Option<Severity> {
    if let Some(severity) = known(&plain(text)) {
        return Some(severity);
    }
    let mut most: Option<Severity> = None;
    let mut before = "";
    let lower = text.to_lowercase();
    for part in lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let is_number = part.bytes().all(|b| b.is_ascii_digit());
        let found = if is_number { known(&format!("{before}{part}")) } else { known(part) };
        if found.is_none() && !is_number && !NEUTRAL.contains(&part) {
            return None;
        }
        most = most.max(found);
        before = if NEUTRAL.contains(&part) { part } else { "" };
    }
    most
}

/// The word in the first of the labels that an alert has.
fn word_in(labels: &Labels, names: impl IntoIterator<Item = impl AsRef<str>>) -> Option<&str> {
    let value = |name: &str| labels.iter().find(|(label, _)| label.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    names.into_iter().find_map(|name| value(name.as_ref()))
}

/// By the usual words and labels, for where no settings are at hand: what is stored
/// so is read again by the settings in force.
pub fn usual_of(labels: &Labels) -> Severity {
    word_in(labels, LABELS).and_then(usual).unwrap_or(Severity::Ticket)
}

/// Words and labels of one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityWords {
    /// Labels that hold the word; the first that an alert has is read.
    pub labels: Vec<String>,
    /// Words of the configuration, in their plain form; they go before the usual ones.
    words: BTreeMap<String, Severity>,
}

impl Default for SeverityWords {
    fn default() -> Self {
        SeverityWords { labels: LABELS.map(str::to_owned).to_vec(), words: BTreeMap::new() }
    }
}

impl SeverityWords {
    pub fn with_word(mut self, word: &str, severity: Severity) -> SeverityWords {
        self.words.insert(plain(word), severity);
        self
    }

    /// Words of the configuration in their plain form.
    pub fn words(&self) -> impl Iterator<Item = (&str, Severity)> {
        self.words.iter().map(|(word, severity)| (word.as_str(), *severity))
    }

    /// The word of an alert.
    pub fn word<'a>(&self, labels: &'a Labels) -> Option<&'a str> {
        word_in(labels, &self.labels)
    }

    /// A word that is not known, and no word, is a ticket: somebody should look.
    pub fn severity(&self, labels: &Labels) -> Severity {
        self.word(labels).and_then(|word| self.known(word)).unwrap_or(Severity::Ticket)
    }

    /// The severity of a word; `None` if it is not known.
    pub fn known(&self, word: &str) -> Option<Severity> {
        by_parts(word, |part| self.words.get(part).copied().or_else(|| usual_plain(part)))
    }
}

/// Letters and digits in lower case: `SEV-1` is `sev1`.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_case_and_separators() {
        let words = SeverityWords::default();
        for (word, severity) in [
            ("P0", Some(Severity::Page)),
            ("Sev-0", Some(Severity::Page)),
            ("SEV 1", Some(Severity::Page)),
            ("Disaster", Some(Severity::Page)),
            ("URGENT", Some(Severity::Page)),
            ("p-2", Some(Severity::Ticket)),
            ("sev_3", Some(Severity::Ticket)),
            ("minor", Some(Severity::Ticket)),
            ("P5", Some(Severity::Info)),
            ("none", Some(Severity::Info)),
            ("P1 - Critical", Some(Severity::Page)),
            ("3 - Moderate", Some(Severity::Ticket)),
            ("Severity 3 (low)", Some(Severity::Ticket)),
            ("high-priority", Some(Severity::Page)),
            ("Sev1/Sev2", Some(Severity::Page)),
            ("non-critical", None),
            ("business-critical", None),
            ("severity", None),
            ("1", None),
            ("purple", None),
            ("", None),
        ] {
            assert_eq!(words.known(word), severity, "{word}");
        }
    }

    #[test]
    fn the_first_label_decides_and_an_unknown_word_is_a_ticket() {
        let words = SeverityWords::default().with_word("Tier One", Severity::Page);
        let of = |pairs: &[(&str, &str)]| words.severity(&pairs.iter().copied().collect());
        assert_eq!(of(&[("priority", "P1"), ("level", "info")]), Severity::Page);
        assert_eq!(of(&[("severity", "info"), ("priority", "P1")]), Severity::Info);
        assert_eq!(of(&[("severity", "tier-one")]), Severity::Page);
        assert_eq!(of(&[("severity", "purple")]), Severity::Ticket);
        assert_eq!(of(&[("Severity", "P1")]), Severity::Page, "whatever the case of the label");
        assert_eq!(of(&[("urgency", "high")]), Severity::Page);
        assert_eq!(of(&[("severity", "tier one / minor")]), Severity::Ticket, "a word is one part");
        assert_eq!(of(&[]), Severity::Ticket);
    }
}
