//! One rule of the configuration that takes a name from labels, with the power of
//! relabelling: which alerts it is about, the labels it reads, a pattern and a
//! replacement.

use regex::Regex;

use crate::model::labels::Labels;
use crate::model::labels::selector::Matcher;

/// Between the values of several labels, as in Prometheus' relabelling.
const SEPARATOR: &str = ";";

/// `{match: {job: blackbox}, label: instance, regex: "https?://([^/]+).*", replacement: $1}`.
#[derive(Clone, Debug)]
pub struct MappingRule {
    /// Its place in the configuration, `alerts.service[0]`.
    pub name: String,
    /// All of them must hold.
    pub matchers: Vec<Matcher>,
    /// Their values are joined with `;`. None: the replacement is the name.
    pub labels: Vec<String>,
    /// Anchored at both ends.
    pub regex: Regex,
    pub replacement: String,
}

impl MappingRule {
    /// The name that the labels give; `None` if the rule is not about them, its
    /// pattern does not fit, or nothing is left.
    pub fn apply(&self, labels: &Labels) -> Option<String> {
        let value = |name: &str| labels.get(name).unwrap_or_default();
        if !self.matchers.iter().all(|m| m.matches_value(value(&m.label))) {
            return None;
        }
        let text = self.labels.iter().map(|name| value(name)).collect::<Vec<_>>().join(SEPARATOR);
        let found = self.regex.captures(&text)?;
        let mut name = String::new();
        found.expand(&self.replacement, &mut name);
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// As it is written in the configuration.
    pub fn pattern(&self) -> &str {
        let text = self.regex.as_str();
        text.strip_prefix(ANCHORS.0).and_then(|text| text.strip_suffix(ANCHORS.1)).unwrap_or(text)
    }
}

const ANCHORS: (&str, &str) = ("^(?s:", ")$");

/// A pattern as relabelling takes it: it must fit the whole value.
pub fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("{}{pattern}{}", ANCHORS.0, ANCHORS.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::selector::MatchOp;

    fn rule(matches: &[(&str, &str)], labels: &[&str], regex: &str, replacement: &str) -> MappingRule {
        MappingRule {
            name: "alerts.service[0]".to_owned(),
            matchers: matches.iter().map(|(l, v)| Matcher::new(*l, MatchOp::Regex, *v).unwrap()).collect(),
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            regex: anchored(regex).unwrap(),
            replacement: replacement.to_owned(),
        }
    }

    #[test]
    fn a_rule_reads_labels_as_relabelling_does() {
        let labels: Labels =
            [("job", "probe"), ("instance", "https://pay.example.org/health"), ("env", "prod")].into_iter().collect();
        let host = rule(&[("job", "probe|ping")], &["instance"], "https?://([^/:]+).*", "$1");
        assert_eq!(host.apply(&labels).as_deref(), Some("pay.example.org"));
        let joined = rule(&[], &["env", "job"], "(.+);(.+)", "${2}-${1}");
        assert_eq!(joined.apply(&labels).as_deref(), Some("probe-prod"));
        assert_eq!(rule(&[], &[], "(.*)", "shop").apply(&labels).as_deref(), Some("shop"));
    }

    #[test]
    fn a_rule_that_gives_nothing_leaves_it_to_the_next() {
        let labels: Labels = [("job", "probe")].into_iter().collect();
        assert_eq!(rule(&[("job", "node")], &["job"], "(.*)", "$1").apply(&labels), None);
        assert_eq!(rule(&[], &["job"], "prob", "$0").apply(&labels), None, "patterns are anchored");
        assert_eq!(rule(&[], &["owner"], "(.*)", "$1").apply(&labels), None, "the label is not there");
    }
}
