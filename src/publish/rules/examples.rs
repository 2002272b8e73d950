//! Labels that a selector matches, and another one does not: the series of unit tests.

use crate::model::labels::selector::{MatchOp, Matcher, Selector, SelectorSum};
use crate::model::labels::{Labels, NAME};

/// Values that are tried where a matcher names none.
const VALUES: [&str; 16] = [
    "500", "503", "200", "404", "429", "error", "failed", "success", "ok", "yes", "no", "true", "false", "GET", "POST",
    "a",
];

/// Tries of one series.
const TRIES_MAX: usize = 4_096;

/// Labels of a series that is wanted and not unwanted; `None` where none was found.
pub fn example(wanted: &Selector, unwanted: Option<&SelectorSum>, within: Option<&SelectorSum>) -> Option<Labels> {
    let mut free: Vec<(String, Vec<String>)> = Vec::new();
    let others = unwanted.into_iter().chain(within).flat_map(SelectorSum::iter);
    let of_others = others.flat_map(Selector::matchers).filter(|m| m.label != NAME);
    for matcher in wanted.matchers().iter().chain(of_others).filter(|m| m.label != NAME) {
        if !free.iter().any(|(label, _)| *label == matcher.label) {
            let own: Vec<&Matcher> = wanted.matchers().iter().filter(|m| m.label == matcher.label).collect();
            free.push((matcher.label.clone(), candidates(&own, matcher)));
        }
    }
    let base = Labels::new().with(NAME, &wanted.metric);
    let mut tries = 0;
    search(&free, base, &mut tries, &|labels| {
        wanted.matches(labels)
            && within.is_none_or(|sum| sum.matches(labels) > 0)
            && unwanted.is_none_or(|sum| sum.matches(labels) == 0)
    })
}

/// Values for a label that its own matchers take; without one it may be absent.
fn candidates(own: &[&Matcher], first: &Matcher) -> Vec<String> {
    let parts = own.iter().copied().chain([first]).flat_map(|m| m.value.split('|').map(literal_of).collect::<Vec<_>>());
    let mut values: Vec<String> = parts.chain(VALUES.map(str::to_owned)).filter(|v| !v.is_empty()).collect();
    values.retain(|value| own.iter().all(|matcher| matcher.matches_value(value)));
    values.dedup();
    if own.iter().all(|matcher| matcher.matches_value("")) && !own.iter().any(|m| m.op == MatchOp::Equal) {
        values.push(String::new());
    }
    values
}

/// A part of a pattern with its signs replaced by something that they may stand for.
fn literal_of(part: &str) -> String {
    let plain = part.replace(".*", "x").replace(".+", "x").replace('.', "0");
    plain.chars().filter(|c| !"()[]^$?*+\\".contains(*c)).collect()
}

fn search(
    free: &[(String, Vec<String>)],
    labels: Labels,
    tries: &mut usize,
    fits: &impl Fn(&Labels) -> bool,
) -> Option<Labels> {
    let Some(((label, values), rest)) = free.split_first() else {
        *tries += 1;
        return fits(&labels).then_some(labels);
    };
    for value in values {
        if *tries > TRIES_MAX {
            return None;
        }
        let next = if value.is_empty() { labels.clone() } else { labels.clone().with(label, value) };
        if let Some(found) = search(rest, next, tries, fits) {
            return Some(found);
        }
    }
    None
}

/// As it is written in a test: `http_requests_total{code="500"}`.
pub fn series(labels: &Labels) -> String {
    let equal = labels.iter().filter(|(name, _)| *name != NAME);
    let matchers = equal.filter_map(|(name, value)| Matcher::new(name, MatchOp::Equal, value).ok()).collect();
    Selector::new(labels.get(NAME).unwrap_or_default(), matchers).to_string()
}
