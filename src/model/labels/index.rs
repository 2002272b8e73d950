//! Finds the selectors that may select a series by its labels, without trying each
//! of thousands.

use std::collections::{BTreeSet, HashMap};

use super::number;
use super::selector::{MatchOp, Matcher, Selector};

/// Selectors by their metric, and there by a label value that they ask for. Built
/// when the selectors change; a look costs a few table accesses, however many
/// selectors there are.
#[derive(Clone, Debug, Default)]
pub struct SelectorIndex {
    by_metric: HashMap<String, MetricIndex>,
}

#[derive(Clone, Debug, Default)]
struct MetricIndex {
    /// Labels that some selector is filed under, each with the selectors by value.
    by_label: Vec<(String, HashMap<String, Vec<usize>>)>,
    /// Selectors that ask for no plain value of any label.
    open: Vec<usize>,
}

impl SelectorIndex {
    /// Of selectors, each known by its place in the order in which they come.
    pub fn new<'s>(selectors: impl IntoIterator<Item = &'s Selector>) -> SelectorIndex {
        let selectors: Vec<&Selector> = selectors.into_iter().collect();
        let mut times: HashMap<(&str, &str, &str), usize> = HashMap::new();
        for selector in &selectors {
            for matcher in plain(selector) {
                *times.entry((&selector.metric, &matcher.label, &matcher.value)).or_default() += 1;
            }
        }
        let mut index = SelectorIndex::default();
        for (place, selector) in selectors.iter().enumerate() {
            // Filed under what fewest others ask for, so that few are found with it.
            let times = |m: &&Matcher| times.get(&(selector.metric.as_str(), &m.label, &m.value)).copied();
            index.add(selector, plain(selector).min_by_key(times), place);
        }
        index
    }

    fn add(&mut self, selector: &Selector, under: Option<&Matcher>, place: usize) {
        let metric = self.by_metric.entry(selector.metric.clone()).or_default();
        let Some(Matcher { label, value, .. }) = under else {
            return metric.open.push(place);
        };
        let known = metric.by_label.iter().position(|(name, _)| name == label);
        let at = known.unwrap_or_else(|| {
            metric.by_label.push((label.clone(), HashMap::new()));
            metric.by_label.len() - 1
        });
        if let Some((_, by_value)) = metric.by_label.get_mut(at) {
            by_value.entry(value.clone()).or_default().push(place);
        }
    }

    /// Places of selectors that may select a series of a metric with these label
    /// values, in no order, each once. Who asks tries them. An absent label has the
    /// empty value.
    pub fn candidates<'l>(&self, metric: &str, value_of: impl Fn(&str) -> &'l str) -> impl Iterator<Item = usize> {
        let metric = self.by_metric.get(metric);
        let filed = metric.into_iter().flat_map(|metric| &metric.by_label);
        let filed = filed.filter_map(move |(label, by_value)| by_value.get(value_of(label))).flatten();
        metric.into_iter().flat_map(|metric| &metric.open).chain(filed).copied()
    }

    /// Places of selectors that may cover another one, in order: what they ask for
    /// as a plain value, the other one asks for, too.
    pub fn wider(&self, narrow: &Selector) -> BTreeSet<usize> {
        let asked: HashMap<&str, Vec<&str>> = plain(narrow).fold(HashMap::new(), |mut asked, matcher| {
            asked.entry(&matcher.label).or_default().push(&matcher.value);
            asked
        });
        let Some(metric) = self.by_metric.get(&narrow.metric) else { return BTreeSet::new() };
        let filed = metric.by_label.iter().flat_map(|(label, by_value)| {
            let values = asked.get(label.as_str()).into_iter().flatten();
            values.filter_map(|value| by_value.get(*value)).flatten()
        });
        metric.open.iter().chain(filed).copied().collect()
    }
}

/// Matchers for one plain value. A number has several spellings.
fn plain(selector: &Selector) -> impl Iterator<Item = &Matcher> {
    selector.matchers().iter().filter(|m| m.op == MatchOp::Equal && !number::is_number(&m.label))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::labels::{Labels, NAME};

    fn any_matcher() -> impl Strategy<Value = Matcher> {
        let op = prop_oneof![
            4 => Just(MatchOp::Equal),
            1 => Just(MatchOp::NotEqual),
            1 => Just(MatchOp::Regex),
            1 => Just(MatchOp::NotRegex)
        ];
        ("[ab]|le", op, "|1|1\\.0|x|y").prop_map(|(label, op, value)| Matcher::new(label, op, value).unwrap())
    }

    fn any_selector() -> impl Strategy<Value = Selector> {
        ("[mn]", proptest::collection::vec(any_matcher(), 0..4)).prop_map(|(metric, all)| Selector::new(metric, all))
    }

    proptest! {
        #[test]
        fn every_selector_that_selects_a_series_is_found_once(
            selectors in proptest::collection::vec(any_selector(), 0..12),
            labels in proptest::collection::vec(("[ab]|le", "1|1\\.0|x|y"), 0..4),
        ) {
            let series: Labels = labels.into_iter().chain([(NAME.to_owned(), "m".to_owned())]).collect();
            let index = SelectorIndex::new(&selectors);
            let mut found: Vec<usize> = index.candidates("m", |label| series.get(label).unwrap_or("")).collect();
            found.sort();
            let once = found.len();
            found.dedup();
            prop_assert_eq!(found.len(), once);
            for (place, selector) in selectors.iter().enumerate() {
                prop_assert!(!selector.matches(&series) || found.contains(&place), "{} {}", selector, series);
            }
        }

        #[test]
        fn every_selector_that_another_one_lies_within_is_found(
            selectors in proptest::collection::vec(any_selector(), 0..12),
            narrow in any_selector(),
        ) {
            let wider = SelectorIndex::new(&selectors).wider(&narrow);
            for (place, selector) in selectors.iter().enumerate() {
                prop_assert!(!narrow.is_within(selector) || wider.contains(&place), "{} {}", selector, narrow);
            }
        }
    }

    #[test]
    fn of_a_thousand_services_one_is_found() {
        let service = |n: usize| Matcher::new("service", MatchOp::Equal, format!("svc{n}")).unwrap();
        let job = || Matcher::new("job", MatchOp::Equal, "shop").unwrap();
        let selectors: Vec<Selector> = (0..1_000).map(|n| Selector::new("m", vec![job(), service(n)])).collect();
        let index = SelectorIndex::new(&selectors);
        let series = Labels::new().with("service", "svc7").with("job", "shop");
        let found: Vec<usize> = index.candidates("m", |label| series.get(label).unwrap_or("")).collect();
        assert_eq!(found, [7]);
        assert_eq!(index.wider(&selectors[8]), BTreeSet::from([8]));
    }
}
