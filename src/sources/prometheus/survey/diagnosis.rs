//! Why a selector matches nothing.

use super::Survey;
use super::nearest::nearest;
use crate::model::labels::NAME;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::sli_problem::{Side, SliProblem};
use crate::net::HttpError;

impl Survey<'_> {
    /// The first of its matchers that matches nothing. `None` where that is usual: a
    /// service without errors has no series of them.
    pub(super) async fn diagnose(&self, side: Side, selector: &Selector) -> Result<Option<SliProblem>, HttpError> {
        let metric = Selector::new(selector.metric.clone(), Vec::new());
        let labels = self.client.label_names(&metric, self.lately()).await?.data;
        if !labels.iter().any(|label| label == NAME) {
            let nearest = nearest(&selector.metric, self.metrics().await);
            return Ok(Some(SliProblem::MetricNotFound { side, metric: selector.metric.clone(), nearest }));
        }
        for matcher in selector.matchers().iter().filter(|matcher| !matcher.matches_value("")) {
            if let Some(problem) = self.mismatch(side, &metric, &labels, matcher).await? {
                return Ok(Some(problem));
            }
        }
        if let Some(problem) = self.missing_here(side, selector, &metric).await? {
            return Ok(Some(problem));
        }
        let is_usual = side == Side::Bad;
        Ok((!is_usual).then(|| SliProblem::NoSeries { side, selector: selector.to_string() }))
    }

    /// A label that every series of the metric has but those that the other matchers
    /// select: it is not one that only errors carry.
    async fn missing_here(
        &self,
        side: Side,
        selector: &Selector,
        metric: &Selector,
    ) -> Result<Option<SliProblem>, HttpError> {
        for matcher in selector.matchers().iter().filter(|matcher| !matcher.matches_value("")) {
            let others = selector.matchers().iter().filter(|other| *other != matcher);
            let ours = Selector::new(selector.metric.clone(), others.cloned().collect());
            let Ok(without) = Matcher::new(matcher.label.clone(), MatchOp::Equal, "") else { continue };
            let Some(series) = self.number(&format!("count({})", ours.for_source())).await? else { continue };
            let mut bare: Vec<Matcher> = ours.matchers().to_vec();
            bare.push(without.clone());
            let bare = Selector::new(selector.metric.clone(), bare);
            let without = Selector::new(selector.metric.clone(), vec![without]);
            let (bare, without) = (format!("count({})", bare.for_source()), format!("count({without})"));
            let all = format!("count({metric})");
            let (bare, without, all) =
                (self.number(&bare).await?, self.number(&without).await?, self.number(&all).await?);
            if bare == Some(series) && without == bare && all > without {
                let labels = self.client.label_names(&ours, self.lately()).await?.data;
                let (metric, label) = (ours.to_string(), matcher.label.clone());
                let nearest = nearest(&label, &labels);
                let series = Some(series as u64);
                return Ok(Some(SliProblem::LabelNotFound { side, metric, label, series, nearest }));
            }
        }
        Ok(None)
    }

    /// A matcher that leaves out what has a label which no series has. On the total it
    /// is usual: a rule for all clusters names what only some of them have.
    pub(super) async fn excludes_nothing(
        &self,
        side: Side,
        selector: &Selector,
    ) -> Result<Option<SliProblem>, HttpError> {
        let excluding: Vec<&Matcher> =
            selector.matchers().iter().filter(|m| m.matches_value("") && !m.value.is_empty()).collect();
        if excluding.is_empty() || !matches!(side, Side::Good | Side::Bad) {
            return Ok(None);
        }
        let metric = Selector::new(selector.metric.clone(), Vec::new());
        let labels = self.client.label_names(&metric, self.lately()).await?.data;
        let Some(absent) = excluding.into_iter().find(|m| !labels.contains(&m.label)) else { return Ok(None) };
        Ok(Some(SliProblem::LabelOnNone {
            side,
            metric: selector.metric.clone(),
            matcher: format!("`{absent}`"),
            label: absent.label.clone(),
            nearest: nearest(&absent.label, &labels),
        }))
    }

    async fn mismatch(
        &self,
        side: Side,
        metric: &Selector,
        labels: &[String],
        matcher: &Matcher,
    ) -> Result<Option<SliProblem>, HttpError> {
        let (name, label) = (metric.metric.clone(), matcher.label.clone());
        if !labels.contains(&label) {
            let series = self.number(&format!("count({metric})")).await?.map(|n| n as u64);
            let nearest = nearest(&label, labels);
            return Ok(Some(SliProblem::LabelNotFound { side, metric: name, label, series, nearest }));
        }
        let values = self.client.label_values(&label, Some(metric), self.lately()).await?.data;
        if values.iter().any(|value| matcher.matches_value(value)) {
            return Ok(None);
        }
        let can_come = can_come(matcher, &values);
        let nearest = match matcher.op {
            MatchOp::Equal => nearest(&matcher.value, &values),
            _ if can_come => Vec::new(),
            _ => values.iter().take(VALUES_SHOWN).cloned().collect(),
        };
        // No error has this code yet, unless one differs in nothing but its case.
        let is_slip = nearest.iter().any(|value| value.eq_ignore_ascii_case(&matcher.value));
        let is_usual = side == Side::Bad && !is_slip && can_come;
        Ok((!is_usual).then(|| SliProblem::ValueNotFound { side, metric: name, matcher: matcher.to_string(), nearest }))
    }

    /// All metrics of the source; none where it does not list them.
    async fn metrics(&self) -> &[String] {
        let ask = || async {
            let names = self.client.label_values(NAME, None, self.lately()).await;
            names.map(|answer| answer.data).unwrap_or_default()
        };
        self.metrics.get_or_init(ask).await
    }
}

/// Values of a label that are named where none matches.
const VALUES_SHOWN: usize = 3;

/// Codes that are numbers: four digits.
const CODES: u32 = 10_000;

/// Whether a value that nobody saw yet may match. Only where codes are numbers and a
/// class such as `5xx` is asked for, or the reverse, or a code where there are words,
/// none ever comes; any other word may be an error that did not happen yet.
fn can_come(matcher: &Matcher, values: &[String]) -> bool {
    let all = |is: fn(&str) -> bool| values.iter().any(|v| !v.is_empty()) && values.iter().all(|v| is(v));
    let code = || (0..CODES).any(|n| matcher.matches_value(&n.to_string()));
    let class = || (1..6).any(|n| ["xx", "XX"].iter().any(|xx| matcher.matches_value(&format!("{n}{xx}"))));
    let word = || matcher.value.chars().any(|c| c.is_alphabetic() && !matches!(c, 'x' | 'X'));
    if all(|v| v.len() < 5 && v.bytes().all(|b| b.is_ascii_digit())) {
        code() || !class()
    } else if all(|v| v.len() == 3 && v.to_ascii_lowercase().ends_with("xx")) {
        class() || !code()
    } else if all(|v| !v.bytes().any(|b| b.is_ascii_digit())) {
        word() || !(code() || class())
    } else {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_did_not_happen_yet_looks_like_the_codes_that_did() {
        let can = |op, value: &str, seen: &[&str]| {
            let matcher = Matcher::new("code", op, value).unwrap();
            can_come(&matcher, &seen.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(can(MatchOp::Regex, "5..", &["200", "404"]) && can(MatchOp::Equal, "503", &["200"]));
        assert!(!can(MatchOp::Regex, "5xx", &["200", "404"]), "a class where there are codes");
        assert!(can(MatchOp::Regex, "5..", &["2xx", "4xx"]) && can(MatchOp::Equal, "5xx", &["2xx"]));
        assert!(!can(MatchOp::Equal, "503", &["2xx", "4xx"]), "a code where there are classes");
        assert!(can(MatchOp::Equal, "Internal", &["OK", "NotFound"]));
        assert!(!can(MatchOp::Regex, "5..", &["OK", "NotFound"]), "a code where there are words");
        assert!(can(MatchOp::Regex, "Internal|5..", &["OK", "NotFound"]) && can(MatchOp::Equal, "canceled", &["200"]));
        assert!(can(MatchOp::Regex, "E5..", &["OK", "E404"]), "of several kinds");
        assert!(can(MatchOp::Equal, "1042", &["1001"]) && can(MatchOp::Equal, "88001", &["70001"]));
    }
}
