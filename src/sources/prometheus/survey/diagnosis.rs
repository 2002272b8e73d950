//! Why a selector matches nothing.

use super::Survey;
use super::nearest::nearest;
use crate::model::labels::NAME;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::sli_problem::{Side, SliProblem};
use crate::net::Error;

impl Survey<'_> {
    /// The first of its matchers that matches nothing. `None` where that is usual: a
    /// service without errors has no series of them.
    pub(super) async fn diagnose(&self, side: Side, selector: &Selector) -> Result<Option<SliProblem>, Error> {
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
        let is_usual = side == Side::Bad;
        Ok((!is_usual).then(|| SliProblem::NoSeries { side, selector: selector.to_string() }))
    }

    /// A matcher that leaves out what has a label which no series has. On the total it
    /// is usual: a rule for all clusters names what only some of them have.
    pub(super) async fn excludes_nothing(&self, side: Side, selector: &Selector) -> Result<Option<SliProblem>, Error> {
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
    ) -> Result<Option<SliProblem>, Error> {
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
        let nearest = if matcher.op == MatchOp::Equal { nearest(&matcher.value, &values) } else { Vec::new() };
        // No error has this code yet, unless one differs in nothing but its case.
        let is_slip = nearest.iter().any(|value| value.eq_ignore_ascii_case(&matcher.value));
        let is_usual = side == Side::Bad && !is_slip;
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
