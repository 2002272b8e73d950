//! A plain series selector, `http_requests_total{job="checkout",code=~"5.."}`:
//! what it matches and how it is written. Regular expressions are anchored, as
//! in PromQL.

use std::fmt;

use regex::Regex;

use crate::model::labels::number::{self, number_of, same_number, spellings};
use crate::model::labels::{Labels, NAME, quote};

/// How a matcher compares a label's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchOp {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

impl MatchOp {
    pub fn symbol(self) -> &'static str {
        match self {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        }
    }

    pub fn from_symbol(symbol: &str) -> Option<Self> {
        [Self::Equal, Self::NotEqual, Self::Regex, Self::NotRegex].into_iter().find(|op| op.symbol() == symbol)
    }
}

/// One condition on one label. A label that is absent has the empty value.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub label: String,
    pub op: MatchOp,
    pub value: String,
    pattern: Option<Regex>,
}

/// A pattern that is larger than this when compiled is refused: definitions
/// come from files that many people edit.
const PATTERN_SIZE_MAX: usize = 1 << 20;

impl Matcher {
    /// Fails when a regular expression does not compile, with the reason.
    pub fn new(label: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self, String> {
        let (label, value) = (label.into(), value.into());
        let pattern = match op {
            MatchOp::Regex | MatchOp::NotRegex => Some(
                regex::RegexBuilder::new(&format!("^(?s:{value})$"))
                    .size_limit(PATTERN_SIZE_MAX)
                    .build()
                    .map_err(|e| format!("the pattern `{value}` of label `{label}` does not compile: {e}"))?,
            ),
            MatchOp::Equal | MatchOp::NotEqual => None,
        };
        Ok(Matcher { label, op, value, pattern })
    }

    pub fn matches_value(&self, value: &str) -> bool {
        if number::is_number(&self.label)
            && let Some(number) = number_of(value)
        {
            return self.matches_number(value, number);
        }
        let by_pattern = || self.pattern.as_ref().is_some_and(|p| p.is_match(value));
        match self.op {
            MatchOp::Equal => value == self.value,
            MatchOp::NotEqual => value != self.value,
            MatchOp::Regex => by_pattern(),
            MatchOp::NotRegex => !by_pattern(),
        }
    }

    /// A pattern fits a number if it fits one of its spellings.
    fn matches_number(&self, text: &str, number: f64) -> bool {
        let is_equal = || number_of(&self.value).is_some_and(|own| same_number(own, number));
        let by_pattern =
            || self.pattern.as_ref().is_some_and(|p| p.is_match(text) || spellings(text).iter().any(|s| p.is_match(s)));
        match self.op {
            MatchOp::Equal => is_equal(),
            MatchOp::NotEqual => !is_equal(),
            MatchOp::Regex => by_pattern(),
            MatchOp::NotRegex => !by_pattern(),
        }
    }

    /// The same for a source, which compares texts: all spellings of a number.
    pub fn for_a_source(&self) -> Matcher {
        let is_number = number::is_number(&self.label) && self.op == MatchOp::Equal && number_of(&self.value).is_some();
        let pattern = || spellings(&self.value).iter().map(|s| regex::escape(s)).collect::<Vec<_>>().join("|");
        let wider = is_number.then(|| Matcher::new(&self.label, MatchOp::Regex, pattern()).ok()).flatten();
        wider.unwrap_or_else(|| self.clone())
    }

    fn key(&self) -> (&str, MatchOp, &str) {
        (&self.label, self.op, &self.value)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Matcher {}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_label_name(f, &self.label)?;
        f.write_str(self.op.symbol())?;
        quote(f, &self.value)
    }
}

/// A metric name with matchers, sorted so that equal selectors print equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    pub metric: String,
    matchers: Vec<Matcher>,
}

impl Selector {
    pub fn new(metric: impl Into<String>, mut matchers: Vec<Matcher>) -> Self {
        matchers.sort_by(|a, b| a.key().cmp(&b.key()));
        matchers.dedup();
        Selector { metric: metric.into(), matchers }
    }

    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// The same for a source, which compares numbers in labels as texts.
    pub fn for_a_source(&self) -> Selector {
        Selector::new(self.metric.clone(), self.matchers.iter().map(Matcher::for_a_source).collect())
    }

    /// The same matchers on another metric, with one more: a histogram's
    /// buckets from the histogram's name.
    pub fn derive(&self, metric: impl Into<String>, more: impl IntoIterator<Item = Matcher>) -> Selector {
        Selector::new(metric, self.matchers.iter().cloned().chain(more).collect())
    }

    /// Whether a series (with its name in `__name__`) is selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        labels.get(NAME) == Some(self.metric.as_str()) && self.matches_labels(labels)
    }

    /// Whether the labels without the metric's name satisfy all matchers.
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|m| m.matches_value(labels.get(&m.label).unwrap_or("")))
    }

    /// Whether a target with these labels could expose a selected series:
    /// matchers on labels that the target does not carry are left open.
    pub fn admits_target(&self, target: &Labels) -> bool {
        self.matchers.iter().all(|m| target.get(&m.label).is_none_or(|v| m.matches_value(v)))
    }

    /// Whether every series that `self` selects is surely selected by `other`:
    /// the same metric, and each matcher of `other` stands in `self` too.
    pub fn is_within(&self, other: &Selector) -> bool {
        self.metric == other.metric && other.matchers.iter().all(|m| self.matchers.contains(m))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain_name = is_legacy_name(&self.metric);
        if plain_name {
            f.write_str(&self.metric)?;
            if self.matchers.is_empty() {
                return Ok(());
            }
        }
        f.write_str("{")?;
        let mut first = true;
        if !plain_name {
            quote(f, &self.metric)?;
            first = false;
        }
        for matcher in &self.matchers {
            if !first {
                f.write_str(",")?;
            }
            first = false;
            write!(f, "{matcher}")?;
        }
        f.write_str("}")
    }
}

/// Several selectors whose events are added up. A series that several of them
/// select counts once; one that is written twice counts double.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorSum(Vec<Selector>);

impl SelectorSum {
    /// `None` without any selector. Sorted, so that equal sums print equal.
    pub fn new(mut selectors: Vec<Selector>) -> Option<Self> {
        selectors.sort_by_cached_key(ToString::to_string);
        (!selectors.is_empty()).then_some(SelectorSum(selectors))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Selector> {
        self.0.iter()
    }

    /// The selector, if there is just one.
    pub fn only(&self) -> Option<&Selector> {
        self.0.first().filter(|_| self.0.len() == 1)
    }

    /// How often an event of a series counts: as often as a selector that selects it
    /// is written. Different ones that select the same series do not add up.
    pub fn matches(&self, labels: &Labels) -> i64 {
        let written = |s: &Selector| self.0.iter().filter(|other| *other == s).count() as i64;
        self.0.iter().filter(|s| s.matches(labels)).map(written).max().unwrap_or(0)
    }

    /// Those that select a series, each once.
    pub fn distinct_matches(&self, labels: &Labels) -> Vec<&Selector> {
        let mut found: Vec<&Selector> = self.0.iter().filter(|s| s.matches(labels)).collect();
        // Equal ones are written next to each other.
        found.dedup();
        found
    }
}

impl From<Selector> for SelectorSum {
    fn from(selector: Selector) -> Self {
        SelectorSum(vec![selector])
    }
}

impl fmt::Display for SelectorSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, selector) in self.0.iter().enumerate() {
            let plus = if i == 0 { "" } else { " + " };
            write!(f, "{plus}{selector}")?;
        }
        Ok(())
    }
}

/// Whether a name may stand without quotes in PromQL.
fn is_legacy_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == ':')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn write_label_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_legacy_name(name) && !name.contains(':') { f.write_str(name) } else { quote(f, name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(metric: &str, matchers: &[(&str, MatchOp, &str)]) -> Selector {
        Selector::new(metric, matchers.iter().map(|(l, o, v)| Matcher::new(*l, *o, *v).unwrap()).collect())
    }

    #[test]
    fn patterns_are_anchored_and_absent_labels_are_empty() {
        let s = selector("m", &[("code", MatchOp::Regex, "5.."), ("env", MatchOp::NotEqual, "dev")]);
        let series = |code: &str| Labels::new().with(NAME, "m").with("code", code);
        assert!(s.matches(&series("500")));
        assert!(!s.matches(&series("1500")));
        assert!(!s.matches(&series("500").with("env", "dev")));
        assert!(selector("m", &[("x", MatchOp::Regex, "a|b")]).matches_labels(&Labels::new().with("x", "b")));
        assert!(!selector("m", &[("x", MatchOp::Regex, "a|b")]).matches_labels(&Labels::new().with("x", "ab")));
    }

    #[test]
    fn selectors_print_as_promql_and_sorted() {
        let s = selector("m", &[("b", MatchOp::Equal, "q\"\\"), ("a", MatchOp::NotRegex, "x|y")]);
        assert_eq!(s.to_string(), r#"m{a!~"x|y",b="q\"\\"}"#);
        assert_eq!(selector("my.metric", &[]).to_string(), r#"{"my.metric"}"#);
        assert_eq!(selector("m", &[]).to_string(), "m");
    }

    #[test]
    fn a_narrower_selector_lies_within_a_wider_one() {
        let total = selector("m", &[("job", MatchOp::Equal, "a")]);
        let bad = selector("m", &[("job", MatchOp::Equal, "a"), ("code", MatchOp::Regex, "5..")]);
        assert!(bad.is_within(&total));
        assert!(!total.is_within(&bad));
        assert!(bad.admits_target(&Labels::new().with("job", "a").with("instance", "x")));
        assert!(!bad.admits_target(&Labels::new().with("job", "b")));
    }
}
