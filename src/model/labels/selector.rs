//! A plain series selector, `http_requests_total{job="checkout",code=~"5.."}`:
//! what it matches and how it is written. Regular expressions are anchored, as
//! in PromQL.

use std::fmt;
use std::hash::{Hash, Hasher};

use regex::Regex;

use super::patterns::from_go;
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
                regex::RegexBuilder::new(&format!("^(?s:{})$", from_go(&value)))
                    .size_limit(PATTERN_SIZE_MAX)
                    .build()
                    .map_err(|error| format!("invalid pattern `{value}` for label `{label}`: {}", reason(&error)))?,
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

    /// The only values that it can match, where it says so: one, or an alternation
    /// of plain words.
    fn values(&self) -> Option<Vec<&str>> {
        let plain = |word: &str| word.chars().all(|c| c.is_alphanumeric() || "_-/: ".contains(c));
        match self.op {
            MatchOp::Equal => Some(vec![&self.value]),
            MatchOp::Regex if self.value.split('|').all(plain) => Some(self.value.split('|').collect()),
            _ => None,
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
    pub fn for_source(&self) -> Matcher {
        let op = match self.op {
            MatchOp::Equal => MatchOp::Regex,
            MatchOp::NotEqual => MatchOp::NotRegex,
            MatchOp::Regex | MatchOp::NotRegex => return self.clone(),
        };
        let is_number = number::is_number(&self.label) && number_of(&self.value).is_some();
        let pattern = || spellings(&self.value).iter().map(|s| regex::escape(s)).collect::<Vec<_>>().join("|");
        let wider = is_number.then(|| Matcher::new(&self.label, op, pattern()).ok()).flatten();
        wider.unwrap_or_else(|| self.clone())
    }

    fn key(&self) -> (&str, MatchOp, &str) {
        (&self.label, self.op, &self.value)
    }
}

/// The last line of what the library says: the lines before draw the pattern.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().next_back().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Matcher {}

impl Hash for Matcher {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_label_name(f, &self.label)?;
        f.write_str(self.op.symbol())?;
        quote(f, &self.value)
    }
}

/// A metric name with matchers, sorted so that equal selectors print equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    pub fn for_source(&self) -> Selector {
        Selector::new(self.metric.clone(), self.matchers.iter().map(Matcher::for_source).collect())
    }

    /// The same matchers on another metric, with one more: a histogram's
    /// buckets from the histogram's name.
    pub fn derive(&self, metric: impl Into<String>, more: impl IntoIterator<Item = Matcher>) -> Selector {
        Selector::new(metric, self.matchers.iter().cloned().chain(more).collect())
    }

    /// Whether one series may be selected by both, as far as the matchers say.
    pub fn may_overlap(&self, other: &Selector) -> bool {
        let apart = |a: &Matcher, b: &Matcher| {
            a.label == b.label
                && (a.values().is_some_and(|values| !values.iter().any(|value| b.matches_value(value)))
                    || b.values().is_some_and(|values| !values.iter().any(|value| a.matches_value(value))))
        };
        self.metric == other.metric && !self.matchers.iter().any(|a| other.matchers.iter().any(|b| apart(a, b)))
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

/// Several selectors whose events are added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorSum {
    selectors: Vec<Selector>,
    /// A series that several select counts once.
    is_union: bool,
}

impl SelectorSum {
    /// A series that several of them select counts once for each, as the operator
    /// `+` does. `None` without any selector. Sorted, so that equal sums print equal.
    pub fn new(mut selectors: Vec<Selector>) -> Option<Self> {
        selectors.sort_by_cached_key(ToString::to_string);
        (!selectors.is_empty()).then_some(SelectorSum { selectors, is_union: false })
    }

    /// A list of which a series counts once, however many of them select it.
    pub fn union(selectors: Vec<Selector>) -> Option<Self> {
        Some(SelectorSum { is_union: true, ..SelectorSum::new(selectors)? })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Selector> {
        self.selectors.iter()
    }

    /// Whether a series that several select counts once.
    pub fn is_union(&self) -> bool {
        self.is_union
    }

    /// The selector, if there is just one.
    pub fn only(&self) -> Option<&Selector> {
        self.selectors.first().filter(|_| self.selectors.len() == 1)
    }

    /// Those that select a series, each once.
    pub fn distinct_matches(&self, labels: &Labels) -> Vec<&Selector> {
        let mut found: Vec<&Selector> = self.iter().filter(|s| s.matches(labels)).collect();
        // Equal ones are written next to each other.
        found.dedup();
        found
    }

    /// How often an event of a series counts.
    pub fn matches(&self, labels: &Labels) -> i64 {
        let count = self.iter().filter(|s| s.matches(labels)).count() as i64;
        if self.is_union { count.min(1) } else { count }
    }

    /// Pairs of selectors that may select one and the same series.
    pub fn overlaps(&self) -> impl Iterator<Item = (&Selector, &Selector)> {
        let later = |i: usize| self.selectors.iter().skip(i + 1);
        self.iter().enumerate().flat_map(move |(i, one)| {
            later(i).filter(move |other| one.may_overlap(other)).map(move |other| (one, other))
        })
    }
}

impl From<Selector> for SelectorSum {
    fn from(selector: Selector) -> Self {
        SelectorSum { selectors: vec![selector], is_union: false }
    }
}

impl fmt::Display for SelectorSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = if self.is_union { " or " } else { " + " };
        for (i, selector) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(operator)?;
            }
            write!(f, "{selector}")?;
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
    fn bounds_are_numbers() {
        let series = |le: &str| Labels::new().with(NAME, "h_bucket").with("le", le);
        let bound = |le: &str| selector("h_bucket", &[("le", MatchOp::Equal, le)]);
        for (asked, spelled) in [("2", "2.0"), ("2.0", "2"), ("1000000", "1e+06"), ("0.1", "0.10000000149011612")] {
            assert!(bound(asked).matches(&series(spelled)), "{asked} {spelled}");
            let sent = bound(asked).for_source();
            let pattern = sent.matchers().first().unwrap();
            assert!(pattern.op == MatchOp::Regex && pattern.matches_value(spelled), "{sent} {spelled}");
        }
        assert!(!bound("2").matches(&series("2.5")) && !bound("0.1").matches(&series("0.11")));
        let last = bound("+Inf").for_source();
        assert!(bound("+Inf").matches(&series("+Inf")) && last.matchers()[0].matches_value("+Inf"), "{last}");
        let other = selector("m", &[("code", MatchOp::Equal, "2")]);
        assert!(other.for_source() == other && !other.matches(&Labels::new().with(NAME, "m").with("code", "2.0")));
    }

    #[test]
    fn selectors_that_may_meet_are_known() {
        let flags = selector("m", &[("flags", MatchOp::Regex, "UF|UO")]);
        let codes = selector("m", &[("code", MatchOp::Regex, "5..")]);
        let late = selector("m", &[("code", MatchOp::Equal, "408")]);
        assert!(flags.may_overlap(&codes) && flags.may_overlap(&late));
        assert!(!codes.may_overlap(&late) && !flags.may_overlap(&selector("m", &[("flags", MatchOp::Equal, "")])));
        assert!(!codes.may_overlap(&selector("n", &[])));
        let list = SelectorSum::union(vec![flags.clone(), codes.clone(), late]).unwrap();
        assert_eq!(list.overlaps().count(), 2);
        let both = Labels::new().with(NAME, "m").with("flags", "UF").with("code", "503");
        assert_eq!((list.matches(&both), SelectorSum::new(vec![flags, codes]).unwrap().matches(&both)), (1, 2));
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
