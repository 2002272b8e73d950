//! How urgently a person is wanted, from the words that teams put on their alerts.

use std::collections::BTreeMap;

use crate::model::labels::Labels;
use crate::model::slo::Severity;

/// Labels that hold the word, best first.
const LABELS: [&str; 3] = ["severity", "priority", "level"];

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

/// The severity of a usual word; `None` if it is not one of them.
pub fn usual(word: &str) -> Option<Severity> {
    let word = plain(word);
    WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(severity, _)| *severity)
}

/// By the usual words and labels, for where no settings are at hand: what is stored
/// so is read again by the settings in force.
pub fn usual_of(labels: &Labels) -> Severity {
    let word = LABELS.iter().find_map(|label| labels.get(label));
    word.and_then(usual).unwrap_or(Severity::Ticket)
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
        self.labels.iter().find_map(|label| labels.get(label))
    }

    /// A word that is not known, and no word, is a ticket: somebody should look.
    pub fn severity(&self, labels: &Labels) -> Severity {
        self.word(labels).and_then(|word| self.known(word)).unwrap_or(Severity::Ticket)
    }

    /// The severity of a word; `None` if it is not known.
    pub fn known(&self, word: &str) -> Option<Severity> {
        self.words.get(&plain(word)).copied().or_else(|| usual(word))
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
        assert_eq!(of(&[]), Severity::Ticket);
    }
}
