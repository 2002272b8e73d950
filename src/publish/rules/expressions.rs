//! Error ratios as PromQL, over any lookback.

use crate::model::labels::selector::{MatchOp, Matcher, Selector, SelectorSum};
use crate::model::slo::sli::{HistogramUnit, Numerator, RatioUnit, Sli};
use crate::model::slo::{Budgeting, Slo};
use crate::model::time::Millis;

/// Steps at which gauges and expressions are looked at: the minutes that the daemon
/// counts.
const STEP: &str = "1m";
/// Tells the parts of a sum apart where their series have the same labels.
const PART_LABEL: &str = "evenkeel_part";

/// The share of bad events over a lookback, one series for each group; the reason where
/// no rule can say it.
pub fn error_ratio(slo: &Slo, lookback: Millis) -> Result<String, String> {
    can_be_said(slo)?;
    let by = grouping(slo);
    let over = format!("[{lookback}]");
    let steps = format!("[{lookback}:{STEP}]");
    Ok(match &slo.indicator {
        Sli::Ratio { numerator, total } => {
            let rates = |sum: &SelectorSum| format!("sum{by}({})", parts(sum, &over));
            let total = rates(total);
            match numerator {
                Numerator::Bad(bad) => share(&rates(bad), &total),
                Numerator::Good(good) => rest(&share(&rates(good), &total)),
            }
        }
        Sli::Latency { histogram, threshold_seconds, unit } => {
            latency(histogram, *threshold_seconds, *unit, &by, &over)
        }
        Sli::Gauge { metric, good } => {
            let (metric, condition) = (metric.for_source(), good.to_string());
            let condition = condition.replacen(' ', " bool ", 1);
            let good = format!("sum{by}(sum_over_time(({metric} {condition}){steps}))");
            rest(&format!("{good} / sum{by}(count_over_time({metric}{steps}))"))
        }
        Sli::RawRatio { metric, is_bad, unit } => {
            let mean = format!("avg{by}(avg_over_time({}{over}))", metric.for_source());
            let mean = if *unit == RatioUnit::Percent { format!("({mean} / 100)") } else { mean };
            if *is_bad { mean } else { rest(&mean) }
        }
        Sli::Alert { alerts } => {
            format!("avg_over_time((count({}) > bool 0 or vector(0)){steps})", alerts.for_source())
        }
        Sli::Estimated { numerator, is_bad, total } => {
            let summed = |text: &str| format!("sum(sum_over_time(({}){steps}))", text.trim());
            let part = share(&summed(&numerator.text), &summed(&total.text));
            if *is_bad { part } else { rest(&part) }
        }
        Sli::Pushed { .. } | Sli::Composite(_) => return Err("it has no series in Prometheus".to_owned()),
    })
}

/// Gives a value where no series of the SLI had a sample in the last hour.
pub fn missing(slo: &Slo) -> Result<String, String> {
    can_be_said(slo)?;
    let seen = |selector: String| format!("count(last_over_time({selector}[1h]))");
    let all = match &slo.indicator {
        Sli::Ratio { total, .. } => total.iter().map(|one| seen(one.for_source().to_string())).collect(),
        Sli::Latency { histogram, .. } => {
            let count = histogram.derive(format!("{}_count", histogram.metric), []);
            vec![seen(count.to_string()), seen(histogram.to_string())]
        }
        Sli::Gauge { metric, .. } | Sli::RawRatio { metric, .. } => vec![seen(metric.for_source().to_string())],
        Sli::Estimated { total, .. } => vec![format!("count({})", total.text.trim())],
        // No firing alert is no missing data.
        Sli::Alert { .. } => return Err("whether the alert rule is evaluated cannot be seen in its alerts".to_owned()),
        Sli::Pushed { .. } | Sli::Composite(_) => return Err("it has no series in Prometheus".to_owned()),
    };
    Ok(format!("absent({})", all.join(" or ")))
}

fn can_be_said(slo: &Slo) -> Result<(), String> {
    match (&slo.indicator, slo.budgeting) {
        (Sli::Composite(_), _) => return Err("a composite combines minutes of other SLOs".to_owned()),
        (Sli::Pushed { .. }, _) => return Err("its counts are pushed to the daemon".to_owned()),
        (Sli::RawRatio { .. }, _) | (_, Budgeting::Events) => {}
        (_, Budgeting::Timeslices { .. } | Budgeting::RatioTimeslices { .. }) => {
            return Err("its budget is made of time slices".to_owned());
        }
    }
    let Sli::Ratio { numerator, total } = &slo.indicator else { return Ok(()) };
    let counts_once = |sum: &SelectorSum| sum.is_union() && sum.overlaps().next().is_some();
    if counts_once(numerator.sum()) || counts_once(total) {
        return Err("its selectors may match the same series, which a sum of rates counts twice".to_owned());
    }
    Ok(())
}

/// ` by (route) ` of an SLO that is divided.
fn grouping(slo: &Slo) -> String {
    let labels = slo.group_by.as_ref().map(|by| by.labels.join(", "));
    labels.map_or_else(String::new, |labels| format!(" by ({labels}) "))
}

/// The rates of all selectors as one vector.
fn parts(sum: &SelectorSum, over: &str) -> String {
    if let Some(only) = sum.only() {
        return format!("rate({}{over})", only.for_source());
    }
    let part = |(i, one): (usize, &Selector)| {
        format!("label_replace(rate({}{over}), \"{PART_LABEL}\", \"{i}\", \"\", \"\")", one.for_source())
    };
    sum.iter().enumerate().map(part).collect::<Vec<_>>().join(" or ")
}

/// A part that has no series is nothing; a whole that is nothing has no share.
fn share(part: &str, whole: &str) -> String {
    format!("({part} or 0 * {whole}) / ({whole} > 0)")
}

fn rest(share: &str) -> String {
    format!("clamp_min(1 - {}, 0)", in_parentheses(share))
}

fn in_parentheses(text: &str) -> String {
    format!("({text})")
}

/// From the bucket with this bound, or from a native histogram.
fn latency(histogram: &Selector, seconds: f64, unit: HistogramUnit, by: &str, over: &str) -> String {
    let bound = unit.bound(seconds);
    let le = Matcher::new("le", MatchOp::Equal, bound.to_string()).into_iter().map(|le| le.for_source());
    let buckets = histogram.derive(format!("{}_bucket", histogram.metric), le);
    let count = histogram.derive(format!("{}_count", histogram.metric), []);
    let all = format!("sum{by}(rate({count}{over}))");
    let classic = format!("sum{by}(rate({buckets}{over})) / ({all} > 0)");
    let native = format!("histogram_fraction(0, {bound}, sum{by}(rate({histogram}{over})))");
    rest(&format!("({classic}) or ({native} >= 0)"))
}
