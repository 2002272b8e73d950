//! Patterns in the text of an expression, kept away from the parser, which would
//! read them as Rust does, and bounds in it, which a source compares as text.

use super::tokens::{Kind, Token, tokens};
use crate::model::labels::selector::{MatchOp, Matcher};

/// The placeholder of a pattern while the text is parsed.
const SHELTER: &str = "evenkeel pattern ";

/// A text whose patterns are replaced by their numbers.
pub(crate) struct Sheltered {
    pub text: String,
    patterns: Vec<String>,
}

impl Sheltered {
    pub fn new(text: &str) -> Sheltered {
        let mut patterns = Vec::new();
        let text = replace_values(text, |_, sign, value| {
            sign.ends_with('~').then(|| {
                patterns.push(value.unquoted());
                format!("\"{SHELTER}{}\"", patterns.len() - 1)
            })
        });
        Sheltered { text, patterns }
    }

    /// A value as it was written.
    pub fn value<'v>(&'v self, value: &'v str) -> &'v str {
        let number = value.strip_prefix(SHELTER).and_then(|number| number.parse::<usize>().ok());
        number.and_then(|number| self.patterns.get(number)).map_or(value, String::as_str)
    }
}

/// The text with every bound, such as `le=\"1\"`, as a pattern of its spellings.
pub(crate) fn with_spelled_bounds(text: &str) -> String {
    replace_values(text, |label, sign, value| {
        let op = MatchOp::from_symbol(sign)?;
        let matcher = Matcher::new(label, op, value.unquoted()).ok()?;
        let sent = matcher.for_source();
        (sent != matcher).then(|| sent.to_string().trim_start_matches(label).to_owned())
    })
}

/// Replaces what `change` gives for a label, a sign and a value; without the sign
/// where only a value is given back.
fn replace_values<'t>(text: &'t str, mut change: impl FnMut(&'t str, &'t str, &Token<'t>) -> Option<String>) -> String {
    let tokens = tokens(text);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for three in tokens.windows(3) {
        let [label, sign, value] = three else { continue };
        let is_matcher = sign.kind == Kind::Sign && MatchOp::from_symbol(sign.text).is_some();
        if !is_matcher || value.kind != Kind::Text {
            continue;
        }
        let Some(new) = change(label.text, sign.text, value) else { continue };
        let from = if new.starts_with('\"') { value.start } else { sign.start };
        out.push_str(text.get(done..from).unwrap_or_default());
        out.push_str(&new);
        done = value.end();
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_come_back_as_they_were() {
        let sheltered = Sheltered::new("m{a=~\"x{y}\",b!~`\\d`,c=\"=~\"}");
        assert_eq!(sheltered.text, "m{a=~\"evenkeel pattern 0\",b!~\"evenkeel pattern 1\",c=\"=~\"}");
        assert_eq!(sheltered.value("evenkeel pattern 0"), "x{y}");
        assert_eq!(sheltered.value("evenkeel pattern 1"), "\\d");
        assert_eq!(sheltered.value("evenkeel pattern 7"), "evenkeel pattern 7");
    }

    #[test]
    fn bounds_are_sent_in_all_spellings() {
        let sent = with_spelled_bounds("h{le=\"2\",job=\"1\"}");
        assert!(sent.starts_with("h{le=~\"2|2\\\\.0") && sent.ends_with(",job=\"1\"}"), "{sent}");
        let sent = with_spelled_bounds("h{le!=\"2.5\"}[5m]");
        assert!(sent.starts_with("h{le!~\"2\\\\.5") && sent.ends_with("}[5m]"), "{sent}");
        assert_eq!(with_spelled_bounds("h{code=\"2\"} > 1"), "h{code=\"2\"} > 1");
    }
}
