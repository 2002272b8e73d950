//! Which plans of a batch read a series: looked up, where trying every selector of
//! every plan would cost the square of their number.

use super::counting::{Plan, asked_name};
use super::raw::RawSeries;
use super::requests::created_of;
use crate::model::labels::index::SelectorIndex;
use crate::model::labels::selector::Selector;
use crate::model::labels::{Labels, NAME};

/// Built when the plans change.
pub struct Readers {
    index: SelectorIndex,
    /// Selectors, each with the place of its plan.
    selectors: Vec<(usize, Selector)>,
    plans: usize,
}

impl Readers {
    pub fn new<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Readers {
        let (mut selectors, mut count) = (Vec::new(), 0);
        for (place, plan) in plans.into_iter().enumerate() {
            for selector in plan.selectors() {
                // When a counter was created is told by a series next to it.
                selectors.extend(created_of(selector).map(|created| (place, created)));
                selectors.push((place, selector.clone()));
            }
            count = place + 1;
        }
        Readers { index: SelectorIndex::new(selectors.iter().map(|(_, selector)| selector)), selectors, plans: count }
    }

    /// The series that each plan reads, in the order of the plans.
    pub fn divide<'s>(&self, series: &'s [RawSeries]) -> Vec<Vec<&'s RawSeries>> {
        let mut parts = vec![Vec::new(); self.plans];
        for one in series {
            for plan in self.of(&one.labels) {
                if let Some(part) = parts.get_mut(plan) {
                    part.push(one);
                }
            }
        }
        parts
    }

    /// The plans that read a series, each once.
    fn of(&self, series: &Labels) -> Vec<usize> {
        let metric = series.get(NAME).map(asked_name).unwrap_or_default();
        let candidates = self.index.candidates(metric, |label| series.get(label).unwrap_or(""));
        let reads = |(_, selector): &&(usize, Selector)| selector.matches_labels(series);
        let mut plans: Vec<usize> =
            candidates.filter_map(|c| self.selectors.get(c)).filter(reads).map(|(plan, _)| *plan).collect();
        plans.sort_unstable();
        plans.dedup();
        plans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::selector::{MatchOp, Matcher};
    use crate::model::slo::sli::{HistogramUnit, Numerator, Sli};

    fn ratio(service: &str) -> Plan {
        let matcher = |label, op, value: &str| Matcher::new(label, op, value).unwrap();
        let total = Selector::new("requests_total", vec![matcher("service", MatchOp::Equal, service)]);
        let bad = total.derive("errors_total", [matcher("code", MatchOp::Regex, "5..")]);
        Plan::new(&Sli::Ratio { numerator: Numerator::Bad(bad.into()), total: total.into() })
    }

    fn latency(threshold_seconds: f64) -> Plan {
        let histogram = Selector::new("latency", Vec::new());
        Plan::new(&Sli::Latency { histogram, threshold_seconds, unit: HistogramUnit::Seconds })
    }

    fn series(labels: &[(&str, &str)]) -> RawSeries {
        RawSeries { labels: labels.iter().copied().collect(), samples: Vec::new() }
    }

    #[test]
    fn each_plan_gets_its_series_and_several_may_share_one() {
        let plans = [ratio("shop"), ratio("pay"), latency(0.1), latency(0.5)];
        let all = [
            series(&[(NAME, "requests_total"), ("service", "shop"), ("code", "200")]),
            series(&[(NAME, "requests_created"), ("service", "shop"), ("code", "200")]),
            series(&[(NAME, "errors_total"), ("service", "pay"), ("code", "500")]),
            series(&[(NAME, "errors_total"), ("service", "pay"), ("code", "404")]),
            series(&[(NAME, "latency_bucket"), ("le", "0.1")]),
            series(&[(NAME, "latency_count"), ("service", "mail")]),
            series(&[(NAME, "requests_total"), ("service", "mail")]),
        ];
        let parts = Readers::new(&plans).divide(&all);
        let places = |part: &Vec<&RawSeries>| -> Vec<usize> {
            part.iter().filter_map(|one| all.iter().position(|other| std::ptr::eq(*one, other))).collect()
        };
        assert_eq!(parts.iter().map(places).collect::<Vec<_>>(), [vec![0, 1], vec![2], vec![4, 5], vec![4, 5]]);
    }
}
