//! Which selectors to ask a source for, so that several indicators that read
//! the same metric cost one request. Must not know how requests are made.

use std::collections::BTreeMap;

use super::counting::{Plan, Thresholds, created_name};
use crate::model::labels::NAME;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};

/// Values in one alternation of a merged request: enough for a large platform,
/// short enough for every proxy.
const VALUES_MAX: usize = 200;

/// Indicators that are read together.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceQuery {
    /// Places in the list of plans.
    pub plans: Vec<usize>,
    /// Together they give every series that the plans need.
    pub requests: Vec<Selector>,
    /// `up` of the targets concerned; the same matchers select their
    /// `process_start_time_seconds`.
    pub up: Selector,
    /// `_created` of the counters, asked for where start times are missing.
    pub created: Vec<Selector>,
    /// What is asked of native histograms.
    pub thresholds: Thresholds,
}

impl SourceQuery {
    pub fn starts(&self) -> Selector {
        self.up.derive("process_start_time_seconds", [])
    }
}

/// One `up` for the targets of several plans, if they have anything in common.
pub fn up_of<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Option<Selector> {
    let ups: Vec<Selector> = plans.into_iter().flat_map(Plan::up_selectors).collect();
    common(&ups.iter().collect::<Vec<_>>())
}

/// Batches of plans that share requests; every plan is in one.
pub fn batches(plans: &[&Plan]) -> Vec<SourceQuery> {
    let requests: Vec<Selector> =
        merge(plans.iter().flat_map(|p| p.selectors())).iter().map(Selector::for_source).collect();
    // Two plans that need one request belong together.
    let mut group: Vec<usize> = (0..plans.len()).collect();
    for request in &requests {
        let members: Vec<usize> =
            (0..plans.len()).filter(|i| plans.get(*i).is_some_and(|p| needs(p, request))).collect();
        let lowest = members.iter().filter_map(|m| group.get(*m)).min().copied().unwrap_or(0);
        let joined: Vec<usize> = members.iter().filter_map(|m| group.get(*m)).copied().collect();
        for g in group.iter_mut().filter(|g| joined.contains(g)) {
            *g = lowest;
        }
    }
    let mut by_group: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (plan, g) in group.iter().enumerate() {
        by_group.entry(*g).or_default().push(plan);
    }
    let batch = |members: Vec<usize>| {
        let mine: Vec<&Plan> = members.iter().filter_map(|m| plans.get(*m)).copied().collect();
        let up = up_of(mine.iter().copied()).unwrap_or_else(|| Selector::new("up", Vec::new()));
        let requests: Vec<Selector> = requests.iter().filter(|r| mine.iter().any(|p| needs(p, r))).cloned().collect();
        let mut created: Vec<Selector> = Vec::new();
        for one in requests.iter().filter_map(created_of) {
            if !created.contains(&one) {
                created.push(one);
            }
        }
        let mut thresholds = Thresholds::default();
        mine.iter().for_each(|plan| plan.add_threshold(&mut thresholds));
        SourceQuery { plans: members, requests, up, created, thresholds }
    };
    by_group.into_values().map(batch).collect()
}

/// The series that tell when the counters of a selector were created.
fn created_of(counters: &Selector) -> Option<Selector> {
    let own = counters.matchers().iter().filter(|m| m.label != "le").cloned().collect();
    created_name(&counters.metric).map(|name| Selector::new(name, own))
}

fn needs(plan: &Plan, request: &Selector) -> bool {
    plan.selectors().iter().any(|s| covers(request, s))
}

/// Whether every series of `narrow` is surely among those of `wide`.
fn covers(wide: &Selector, narrow: &Selector) -> bool {
    let held = |w: &Matcher| {
        narrow
            .matchers()
            .iter()
            .any(|n| n == w || (n.label == w.label && n.op == MatchOp::Equal && w.matches_value(&n.value)))
    };
    wide.metric == narrow.metric && wide.matchers().iter().all(held)
}

/// As few selectors as give all series of the ones given, without asking for a
/// whole metric that nobody wants whole.
fn merge<'a>(selectors: impl IntoIterator<Item = &'a Selector>) -> Vec<Selector> {
    let mut by_metric: BTreeMap<&str, Vec<&Selector>> = BTreeMap::new();
    for selector in selectors {
        let group = by_metric.entry(&selector.metric).or_default();
        if !group.contains(&selector) {
            group.push(selector);
        }
    }
    let mut merged = Vec::new();
    for group in by_metric.into_values() {
        let widest: Vec<&Selector> =
            group.iter().filter(|s| !group.iter().any(|o| o != *s && covers(o, s))).copied().collect();
        match common(&widest) {
            Some(one) => merged.push(one),
            None => merged.extend(widest.into_iter().cloned()),
        }
    }
    merged
}

/// The narrowest selector of this kind that gives all series of the ones given:
/// matchers that all share, and alternations where all name one value of a
/// label. `None` where nothing is shared, unless one asks for the whole metric.
fn common(selectors: &[&Selector]) -> Option<Selector> {
    let (first, others) = selectors.split_first()?;
    if others.is_empty() || selectors.iter().any(|s| s.matchers().is_empty()) {
        let whole = selectors.iter().find(|s| s.matchers().is_empty()).unwrap_or(first);
        return Some((*whole).clone());
    }
    let shared = first.matchers().iter().filter_map(|m| {
        if others.iter().all(|o| o.matchers().contains(m)) {
            return Some(m.clone());
        }
        if m.op != MatchOp::Equal || m.label == NAME {
            return None;
        }
        let value_in = |s: &&Selector| {
            s.matchers().iter().find(|x| x.label == m.label && x.op == MatchOp::Equal).map(|x| {
                // A bound has several spellings.
                let sent = x.for_source();
                if sent.op == MatchOp::Regex { sent.value } else { regex::escape(&x.value) }
            })
        };
        let mut values = selectors.iter().map(value_in).collect::<Option<Vec<String>>>()?;
        values.sort();
        values.dedup();
        (values.len() <= VALUES_MAX).then(|| Matcher::new(&m.label, MatchOp::Regex, values.join("|")).ok()).flatten()
    });
    let shared: Vec<Matcher> = shared.collect();
    (!shared.is_empty()).then(|| Selector::new(first.metric.clone(), shared))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::sli::{Numerator, Sli};

    fn selector(metric: &str, matchers: &[(&str, MatchOp, &str)]) -> Selector {
        Selector::new(metric, matchers.iter().map(|(l, o, v)| Matcher::new(*l, *o, *v).unwrap()).collect())
    }

    fn plan(job: &str, metric: &str) -> Plan {
        let total = selector(metric, &[("job", MatchOp::Equal, job)]);
        let bad = selector(metric, &[("job", MatchOp::Equal, job), ("code", MatchOp::Regex, "5..")]);
        Plan::new(&Sli::Ratio { numerator: Numerator::Bad(bad.into()), total: total.into() })
    }

    #[test]
    fn slos_that_share_a_metric_share_a_request() {
        let plans = [plan("shop", "requests_total"), plan("pay.v2", "requests_total"), plan("shop", "jobs_total")];
        let batches = batches(&plans.iter().collect::<Vec<_>>());
        let asked: Vec<String> = batches.iter().flat_map(|b| &b.requests).map(ToString::to_string).collect();
        assert_eq!(asked, [r#"requests_total{job=~"pay\\.v2|shop"}"#, r#"jobs_total{job="shop"}"#]);
        assert_eq!(batches.iter().map(|b| b.plans.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![2]]);
        assert_eq!(batches.first().unwrap().up.to_string(), r#"up{job=~"pay\\.v2|shop"}"#);
    }

    #[test]
    fn nothing_in_common_means_two_requests() {
        let a = selector("m", &[("job", MatchOp::Equal, "a")]);
        let b = selector("m", &[("team", MatchOp::Equal, "b")]);
        assert_eq!(merge([&a, &b]).len(), 2);
        let whole = selector("m", &[]);
        assert_eq!(merge([&a, &whole]), vec![whole]);
    }
}
