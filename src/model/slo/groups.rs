//! One promise for every value of some labels: an SLO to one per group, and one
//! for the rest. Must not know where the values come from.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::labels::selector::{MatchOp, Matcher, Selector, SelectorSum};
use crate::model::labels::{content_hash, hex};
use crate::model::slo::Slo;
use crate::model::slo::family::{FAMILY_LABEL, ROLE_LABEL};
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::sli::{Numerator, Sli};

/// A value for each label of a `GroupBy`; empty for a label that is not there.
pub type GroupValues = Vec<String>;

/// What the rest is called in the name of its SLO and in its labels.
pub const REST: &str = "rest";

/// The longest name, as a DNS label.
const NAME_MAX: usize = 63;

/// Enough to tell the groups of one SLO apart.
const HASH_DIGITS: usize = 8;

/// Bytes of the values of a group of its own; one with longer ones is part of the
/// rest. The pattern of the rest names all of them, and patterns are bounded: the
/// most groups with the longest values must fit.
pub const VALUES_BYTES_MAX: usize = 120;

/// Groups of their own of one SLO at most, as `VALUES_BYTES_MAX` says.
pub const GROUPS_MAX: usize = 100;

/// The longest value in a label that is shown; the selector has it whole.
const SHOWN_MAX: usize = 120;

/// Labels that Evenkeel sets itself: the group's stand beside them.
const TAKEN: [&str; 8] = ["alertname", "severity", "slo", "service", "tier", "cluster", FAMILY_LABEL, ROLE_LABEL];

/// All SLOs, each that is divided by the groups that `of` tells for it: one for
/// each of the first groups, in their order, and that of the rest where there are
/// more than fit.
pub fn expand<'s>(slos: impl Iterator<Item = &'s Slo> + Clone, of: impl Fn(&Slo) -> Vec<GroupValues>) -> Vec<Slo> {
    let mut names: BTreeSet<String> = slos.clone().map(|slo| slo.name.clone()).collect();
    let mut all = Vec::new();
    for slo in slos {
        let Some(by) = &slo.group_by else {
            all.push(slo.clone());
            continue;
        };
        let groups = of(slo);
        let fits = |group: &&GroupValues| group.iter().map(String::len).sum::<usize>() <= VALUES_BYTES_MAX;
        let own: Vec<&GroupValues> = groups.iter().filter(fits).take(by.groups_max).collect();
        // The name of the rest is taken also while there is none.
        let rest = take_name(&slo.name, &[REST.to_owned()], &mut names);
        all.extend(own.iter().filter_map(|group| of_group(slo, by, group, &mut names)));
        if groups.len() > own.len() {
            all.extend(of_rest(slo, by, &own, rest));
        }
    }
    all
}

fn of_group(slo: &Slo, by: &GroupBy, group: &GroupValues, names: &mut BTreeSet<String>) -> Option<Slo> {
    let equal = by.labels.iter().zip(group).map(|(label, value)| Matcher::new(label, MatchOp::Equal, value));
    let matchers = equal.collect::<Result<Vec<_>, _>>().ok()?;
    let indicator = narrow(&slo.indicator, &[matchers])?;
    let mut labels = slo.labels.clone();
    for (label, value) in by.labels.iter().zip(group) {
        labels = labels.with(&shown_label(label), &shown(value));
    }
    let name = take_name(&slo.name, group, names);
    Some(Slo { name, labels, indicator, ..part_of(slo) })
}

/// What all groups of an SLO have in common.
fn part_of(slo: &Slo) -> Slo {
    let whole_sli = Some(slo.indicator_id());
    Slo { group_by: None, group_of: Some(slo.name.clone()), whole_sli, ..slo.clone() }
}

fn of_rest(slo: &Slo, by: &GroupBy, own: &[&GroupValues], name: String) -> Option<Slo> {
    let kept: Vec<&[String]> = own.iter().map(|group| group.as_slice()).collect();
    let indicator = narrow(&slo.indicator, &outside(&by.labels, &kept)?)?;
    let labels = slo.labels.clone().with("group", REST);
    Some(Slo { name, labels, indicator, ..part_of(slo) })
}

/// The label that shows a group's value.
pub fn shown_label(label: &str) -> String {
    if TAKEN.contains(&label) { format!("group_{label}") } else { label.to_owned() }
}

fn shown(value: &str) -> String {
    let tame = |c: char| if c.is_control() { ' ' } else { c };
    match value.char_indices().nth(SHOWN_MAX) {
        _ if value.is_empty() => "(none)".to_owned(),
        Some((end, _)) => value.get(..end).unwrap_or_default().chars().map(tame).chain(['…']).collect(),
        None => value.chars().map(tame).collect(),
    }
}

/// The name of the SLO, and the values as far as a DNS label can hold them; with
/// a hash where they are not told apart by that.
fn take_name(slo: &str, group: &[String], taken: &mut BTreeSet<String>) -> String {
    let mut slug = String::new();
    let mut lossy = group.iter().any(String::is_empty);
    for c in group.join("-").chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => slug.push(c),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    let slug = slug.trim_end_matches('-');
    let plain = format!("{slo}-{slug}");
    lossy |= slug.is_empty() || plain.len() > NAME_MAX || taken.contains(&plain);
    let name = if lossy {
        let parts: Vec<&[u8]> = group.iter().map(|value| value.as_bytes()).collect();
        let hash: String = hex(&content_hash(parts)).chars().take(HASH_DIGITS).collect();
        let start = plain.get(..plain.len().min(NAME_MAX - HASH_DIGITS - 1)).unwrap_or_default();
        format!("{}-{hash}", start.trim_end_matches('-'))
    } else {
        plain
    };
    taken.insert(name.clone());
    name
}

/// Matchers that together, and each series once, select what lies in no group.
/// `None` where a pattern would be too large.
fn outside(labels: &[String], groups: &[&[String]]) -> Option<Vec<Vec<Matcher>>> {
    let (label, others) = labels.split_first()?;
    let mut by_value: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for group in groups {
        let (value, rest) = group.split_first()?;
        by_value.entry(value).or_default().push(rest);
    }
    let values: Vec<String> = by_value.keys().map(|value| regex::escape(value)).collect();
    let mut parts = vec![vec![Matcher::new(label, MatchOp::NotRegex, values.join("|")).ok()?]];
    if others.is_empty() {
        return Some(parts);
    }
    for (value, rest) in by_value {
        let this = Matcher::new(label, MatchOp::Equal, value).ok()?;
        parts.extend(outside(others, &rest)?.into_iter().map(|mut part| {
            part.push(this.clone());
            part
        }));
    }
    Some(parts)
}

/// An indicator of those series that match one of the parts; `None` where it
/// cannot be divided so.
fn narrow(indicator: &Sli, parts: &[Vec<Matcher>]) -> Option<Sli> {
    let of = |selector: &Selector, part: &Vec<Matcher>| selector.derive(selector.metric.clone(), part.iter().cloned());
    let sum = |sum: &SelectorSum| {
        SelectorSum::new(sum.iter().flat_map(|selector| parts.iter().map(move |part| of(selector, part))).collect())
    };
    let only = |selector: &Selector| match parts {
        [part] => Some(of(selector, part)),
        _ => None,
    };
    Some(match indicator {
        Sli::Ratio { numerator, total } => Sli::Ratio {
            numerator: match numerator {
                Numerator::Good(good) => Numerator::Good(sum(good)?),
                Numerator::Bad(bad) => Numerator::Bad(sum(bad)?),
            },
            total: sum(total)?,
        },
        Sli::Latency { histogram, threshold_seconds, unit } => {
            Sli::Latency { histogram: only(histogram)?, threshold_seconds: *threshold_seconds, unit: *unit }
        }
        Sli::Gauge { metric, good } => Sli::Gauge { metric: only(metric)?, good: *good },
        Sli::RawRatio { metric, is_bad, unit } => Sli::RawRatio { metric: only(metric)?, is_bad: *is_bad, unit: *unit },
        Sli::Alert { .. } | Sli::Pushed { .. } | Sli::Composite(_) | Sli::Estimated { .. } => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests;
