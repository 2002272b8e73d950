//! Whether a latency SLI has its histogram, and a bucket at its threshold.

use super::{Newest, Survey};
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::sli_problem::{NotHistogram, Side, SliProblem};
use crate::net::HttpError;

impl Survey<'_> {
    pub(super) async fn histogram(&self, histogram: &Selector, threshold: f64) -> Result<Vec<SliProblem>, HttpError> {
        let name = &histogram.metric;
        let buckets = histogram.derive(format!("{name}_bucket"), []);
        if matches!(self.newest(&buckets).await?, Newest::Absent) {
            return self.without_buckets(histogram, &buckets).await;
        }
        let mut problems = self.operand(Side::Histogram, &buckets).await?;
        let written = self.client.label_values("le", Some(&buckets), self.lately()).await?.data;
        let mut bounds: Vec<f64> = written.iter().filter_map(|bound| bound.parse().ok()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        if bounds.is_empty() {
            let ranges = self.client.label_values("vmrange", Some(&buckets), self.lately()).await?.data;
            let form = if ranges.is_empty() { NotHistogram::Values } else { NotHistogram::VmRange };
            return Ok(vec![SliProblem::NotHistogram { metric: name.clone(), form }]);
        }
        if !bounds.contains(&f64::INFINITY) {
            let count = histogram.derive(format!("{name}_count"), []);
            let has_count = matches!(self.newest(&count).await?, Newest::Fresh | Newest::Late(_));
            problems.push(SliProblem::MissingInfBucket { has_count });
        }
        if !bounds.iter().any(|bound| *bound as f32 == threshold as f32) {
            problems.push(SliProblem::MissingBucket { bounds });
        }
        Ok(problems)
    }

    /// A native histogram, or something that is none.
    async fn without_buckets(&self, histogram: &Selector, buckets: &Selector) -> Result<Vec<SliProblem>, HttpError> {
        let name = &histogram.metric;
        let not = |form| Ok(vec![SliProblem::NotHistogram { metric: name.clone(), form }]);
        if !matches!(self.newest(histogram).await?, Newest::Absent) {
            if self.number(&format!("count(histogram_count({}))", histogram.for_source())).await?.is_some() {
                return self.operand(Side::Histogram, histogram).await;
            }
            let quantiles = Matcher::new("quantile", MatchOp::NotEqual, "").into_iter();
            let summary = histogram.derive(name.clone(), quantiles);
            let is_summary = self.number(&format!("count({summary})")).await?.is_some();
            return not(if is_summary { NotHistogram::Summary } else { NotHistogram::Values });
        }
        let count = histogram.derive(format!("{name}_count"), []);
        if !matches!(self.newest(&count).await?, Newest::Absent) {
            return not(NotHistogram::CountOnly);
        }
        Ok(self.diagnose(Side::Histogram, buckets).await?.into_iter().collect())
    }
}
