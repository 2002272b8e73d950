//! Which selectors to ask a source for, so that several indicators that read
//! the same metric cost one request. Must not know how requests are made.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::counting::{Plan, Thresholds, created_name};
use crate::model::labels::NAME;
use crate::model::labels::index::SelectorIndex;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};

/// Values in one alternation of a merged request: enough for a large platform,
/// short enough for every proxy. More values make more requests.
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
    let mut ups: HashSet<Selector> = plans.into_iter().flat_map(Plan::up_selectors).collect();
    loop {
        match common(&ups.iter().collect::<Vec<_>>()) {
            Common::Selector(one) => return Some(one),
            Common::Nothing => return None,
            // One question is asked for all targets, however many are named.
            Common::ManyValues(label) => {
                let others = |up: &Selector| up.matchers().iter().filter(|m| m.label != label).cloned().collect();
                ups = ups.iter().map(|up| Selector::new(up.metric.clone(), others(up))).collect();
            }
        }
    }
}

/// Batches of plans that share requests; every plan is in one.
pub fn batches(plans: &[&Plan]) -> Vec<SourceQuery> {
    let selectors: Vec<Vec<&Selector>> = plans.iter().map(|plan| plan.selectors()).collect();
    let requests: Vec<Selector> = merge(selectors.iter().flatten().copied()).iter().map(Selector::for_source).collect();
    let needed = needed(&selectors, &requests);
    // Two plans that need one request belong together.
    let mut groups = Groups((0..plans.len()).collect());
    let mut first: Vec<Option<usize>> = vec![None; requests.len()];
    for (plan, needed) in needed.iter().enumerate() {
        for request in needed {
            let Some(first) = first.get_mut(*request) else { continue };
            groups.join(*first.get_or_insert(plan), plan);
        }
    }
    let mut by_group: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for plan in 0..plans.len() {
        by_group.entry(groups.of(plan)).or_default().push(plan);
    }
    let batch = |members: Vec<usize>| {
        let mine: Vec<&Plan> = members.iter().filter_map(|m| plans.get(*m)).copied().collect();
        let up = up_of(mine.iter().copied()).unwrap_or_else(|| Selector::new("up", Vec::new()));
        let asked: BTreeSet<usize> = members.iter().filter_map(|m| needed.get(*m)).flatten().copied().collect();
        let requests: Vec<Selector> = asked.iter().filter_map(|r| requests.get(*r)).cloned().collect();
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

/// By plan: which requests give any of its series.
fn needed(selectors: &[Vec<&Selector>], requests: &[Selector]) -> Vec<BTreeSet<usize>> {
    let index = SelectorIndex::new(requests);
    let of = |selector: &&Selector| {
        let covers = |r: &usize| requests.get(*r).is_some_and(|request| covers(request, selector));
        index.wider(selector).into_iter().filter(covers).collect::<Vec<_>>()
    };
    selectors.iter().map(|mine| mine.iter().flat_map(of).collect()).collect()
}

/// Which plans belong together: each knows one that comes before it, or itself.
struct Groups(Vec<usize>);

impl Groups {
    /// The first of a group, by which it is known.
    fn of(&mut self, mut plan: usize) -> usize {
        while let Some(before) = self.0.get(plan).copied().filter(|before| *before != plan) {
            let further = self.0.get(before).copied().unwrap_or(before);
            if let Some(cell) = self.0.get_mut(plan) {
                *cell = further;
            }
            plan = before;
        }
        plan
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        if let Some(later) = self.0.get_mut(a.max(b)) {
            *later = a.min(b);
        }
    }
}

/// The series that tell when the counters of a selector were created.
pub(super) fn created_of(counters: &Selector) -> Option<Selector> {
    let own = counters.matchers().iter().filter(|m| m.label != "le").cloned().collect();
    created_name(&counters.metric).map(|name| Selector::new(name, own))
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
    let mut known: HashSet<&Selector> = HashSet::new();
    for selector in selectors {
        if known.insert(selector) {
            by_metric.entry(&selector.metric).or_default().push(selector);
        }
    }
    by_metric.into_values().flat_map(|group| joined(&widest(&group))).collect()
}

/// Those that lie within no other one; of two that give the same, the first.
fn widest<'a>(group: &[&'a Selector]) -> Vec<&'a Selector> {
    let index = SelectorIndex::new(group.iter().copied());
    let is_within = |(i, one): (usize, &Selector)| {
        let wider = |o: &usize| {
            let other = group.get(*o).filter(|other| *o != i && covers(other, one));
            other.is_some_and(|other| *o < i || !covers(one, other))
        };
        index.wider(one).iter().any(wider)
    };
    group.iter().enumerate().filter(|(i, one)| !is_within((*i, one))).map(|(_, one)| *one).collect()
}

/// One request for all, or as many as the values of a label ask for. Where nothing is
/// shared, those that name the same labels make a request.
fn joined(selectors: &[&Selector]) -> Vec<Selector> {
    match common(selectors) {
        Common::Selector(one) => vec![one],
        Common::ManyValues(label) => by_values(selectors, &label).iter().flat_map(|part| joined(part)).collect(),
        Common::Nothing => {
            let mut by_form: BTreeMap<Vec<String>, Vec<&Selector>> = BTreeMap::new();
            for selector in selectors {
                by_form.entry(form(selector)).or_default().push(selector);
            }
            if by_form.len() < 2 {
                return selectors.iter().copied().cloned().collect();
            }
            by_form.into_values().flat_map(|alike| joined(&alike)).collect()
        }
    }
}

/// Which labels a selector asks for a value of, and its other matchers.
fn form(selector: &Selector) -> Vec<String> {
    let part = |m: &Matcher| if m.op == MatchOp::Equal { m.label.clone() } else { m.to_string() };
    selector.matchers().iter().map(part).collect()
}

/// Parts of which none has more values of a label than one request may name.
fn by_values<'a>(selectors: &[&'a Selector], label: &str) -> Vec<Vec<&'a Selector>> {
    let mut by_value: BTreeMap<&str, Vec<&Selector>> = BTreeMap::new();
    for selector in selectors {
        let value = selector.matchers().iter().find(|m| m.label == label && m.op == MatchOp::Equal);
        by_value.entry(value.map_or("", |m| &m.value)).or_default().push(selector);
    }
    let by_value: Vec<Vec<&Selector>> = by_value.into_values().collect();
    // As large as each other: the requests go out at the same time.
    let size = by_value.len().div_ceil(by_value.len().div_ceil(VALUES_MAX));
    by_value.chunks(size).map(<[Vec<&Selector>]>::concat).collect()
}

/// What selectors have in common.
enum Common {
    /// The narrowest selector of this kind that gives all their series: matchers that
    /// all share, and alternations where all name one value of a label.
    Selector(Selector),
    /// All name a value of this label, of more than one request may name.
    ManyValues(String),
    Nothing,
}

/// Nothing is in common where only the whole metric would do, unless one asks for it.
fn common(selectors: &[&Selector]) -> Common {
    let Some((first, others)) = selectors.split_first() else { return Common::Nothing };
    if others.is_empty() || selectors.iter().any(|s| s.matchers().is_empty()) {
        let whole = selectors.iter().find(|s| s.matchers().is_empty()).unwrap_or(first);
        return Common::Selector((*whole).clone());
    }
    let mut shared: Vec<Matcher> = Vec::new();
    for matcher in first.matchers() {
        if others.iter().all(|other| other.matchers().contains(matcher)) {
            shared.push(matcher.clone());
            continue;
        }
        let Some(values) = values_of(selectors, matcher) else { continue };
        if values.len() > VALUES_MAX {
            return Common::ManyValues(matcher.label.clone());
        }
        let values: Vec<String> = values.into_iter().collect();
        shared.extend(Matcher::new(&matcher.label, MatchOp::Regex, values.join("|")));
    }
    if shared.is_empty() { Common::Nothing } else { Common::Selector(Selector::new(first.metric.clone(), shared)) }
}

/// The patterns of the values that all selectors name of the label of a matcher, if
/// all name one.
fn values_of(selectors: &[&Selector], matcher: &Matcher) -> Option<BTreeSet<String>> {
    if matcher.op != MatchOp::Equal || matcher.label == NAME {
        return None;
    }
    let value_in = |s: &&Selector| {
        s.matchers().iter().find(|x| x.label == matcher.label && x.op == MatchOp::Equal).map(|x| {
            // A bound has several spellings.
            let sent = x.for_source();
            if sent.op == MatchOp::Regex { sent.value } else { regex::escape(&x.value) }
        })
    };
    selectors.iter().map(value_in).collect()
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
    fn many_services_are_asked_for_in_parts() {
        let service = |n: usize| {
            let total = selector("requests_total", &[("service", MatchOp::Equal, &format!("svc{n:04}"))]);
            let bad = total.derive("requests_total", [Matcher::new("code", MatchOp::Regex, "5..").unwrap()]);
            Plan::new(&Sli::Ratio { numerator: Numerator::Bad(bad.into()), total: total.into() })
        };
        let plans: Vec<Plan> = (0..1_001).map(service).collect();
        let batches = batches(&plans.iter().collect::<Vec<_>>());
        assert_eq!(
            batches.iter().map(|b| (b.requests.len(), b.plans.len())).collect::<Vec<_>>(),
            [(1, 167), (1, 167), (1, 167), (1, 167), (1, 167), (1, 166)]
        );
        assert!(batches[5].requests[0].to_string().ends_with(r#"|svc0999|svc1000"}"#), "{}", batches[5].requests[0]);
        let all: BTreeSet<usize> = batches.iter().flat_map(|b| &b.plans).copied().collect();
        assert_eq!(all.len(), plans.len(), "each once");
        // The job is named by each, and does not stand for all of its services.
        let of_job = |n: usize| {
            let service = format!("svc{n:04}");
            selector("m", &[("job", MatchOp::Equal, "shop"), ("service", MatchOp::Equal, &service)])
        };
        let all: Vec<Selector> = (0..300).map(of_job).collect();
        let merged = merge(&all);
        assert_eq!(merged.len(), 2);
        assert!(merged.iter().all(|m| m.to_string().starts_with(r#"m{job="shop",service=~"svc"#)), "{merged:?}");
    }

    #[test]
    fn targets_are_one_question_however_many_are_named() {
        let plan = |n: usize| {
            let instance = format!("10.0.0.{n}");
            let one = selector("m", &[("job", MatchOp::Equal, "node"), ("instance", MatchOp::Equal, &instance)]);
            Plan::new(&Sli::Ratio { numerator: Numerator::Bad(one.clone().into()), total: one.into() })
        };
        let plans: Vec<Plan> = (0..300).map(plan).collect();
        assert_eq!(up_of(&plans).unwrap().to_string(), r#"up{job="node"}"#);
    }

    #[test]
    fn of_two_spellings_of_a_bound_one_is_asked_for() {
        let bound = |le: &str| selector("h_bucket", &[("le", MatchOp::Equal, le)]);
        assert_eq!(merge([&bound("1"), &bound("1.0")]), [bound("1")]);
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
