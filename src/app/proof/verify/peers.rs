//! What the recording rules of two other tools come to, asked of a Prometheus
//! that holds the history. Must not know how Evenkeel counts.

use crate::model::labels::selector::Selector;
use crate::model::slo::Slo;
use crate::model::slo::sli::Sli;
use crate::model::time::{DAY_MS, Millis, Period};
use crate::net::HttpError;
use crate::sources::prometheus::Prometheus;

/// A tool's word on the share of the budget that was used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PeerFigure {
    /// 1 is all of it.
    Used(f64),
    /// A division by zero in the rules.
    NotANumber,
    /// No series.
    NoData,
}

impl PeerFigure {
    fn new(error_ratio: Option<f64>, slo: &Slo) -> PeerFigure {
        match error_ratio {
            None => PeerFigure::NoData,
            Some(ratio) if ratio.is_finite() => PeerFigure::Used(ratio / slo.objective.allowed_bad_ratio()),
            Some(_) => PeerFigure::NotANumber,
        }
    }

    pub fn used_ratio(self) -> Option<f64> {
        match self {
            PeerFigure::Used(ratio) => Some(ratio),
            PeerFigure::NotANumber | PeerFigure::NoData => None,
        }
    }
}

/// Rules are evaluated this often.
const RULE_INTERVAL: Millis = Millis::from_secs(30);

/// The 5-minute error ratio at every evaluation of the window, and their mean:
/// what `sum_over_time / count_over_time` over the recorded series comes to. It
/// is asked for day by day, and the mean taken here: in one subquery Prometheus
/// would go through all series of the window for every step.
pub async fn sloth(client: &Prometheus, window: Period, slo: &Slo) -> Result<PeerFigure, HttpError> {
    let Some((bad, total)) = selectors(slo) else { return Ok(PeerFigure::NoData) };
    let query = format!("sum(rate({bad}[5m])) / sum(rate({total}[5m]))");
    let (mut sum, mut count) = (0.0, 0_u32);
    let mut start = window.start;
    while start < window.end {
        let end = (start + Millis(DAY_MS)).min(window.end);
        let evaluations = Period::new(start + RULE_INTERVAL, end + Millis(1));
        let answer = client.query_range_matrix(&query, evaluations, RULE_INTERVAL).await?;
        for sample in answer.data.iter().flat_map(|series| &series.samples) {
            sum += sample.value;
            count += 1;
        }
        start = end;
    }
    Ok(PeerFigure::new((count > 0).then(|| sum / f64::from(count)), slo))
}

/// The increase of errors over that of all requests, over the whole window.
pub async fn pyrra(client: &Prometheus, window: Period, slo: &Slo) -> Result<PeerFigure, HttpError> {
    let Some((bad, total)) = selectors(slo) else { return Ok(PeerFigure::NoData) };
    let length = window.length().compact();
    let query = format!("(sum(increase({bad}[{length}])) or vector(0)) / sum(increase({total}[{length}]))");
    let answer = client.query_vector(&query, window.end).await?;
    Ok(PeerFigure::new(answer.data.first().map(|(_, sample)| sample.value), slo))
}

fn selectors(slo: &Slo) -> Option<(&Selector, &Selector)> {
    match &slo.indicator {
        Sli::Ratio { numerator, total } => numerator.sum().only().zip(total.only()),
        _ => None,
    }
}
