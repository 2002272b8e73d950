//! Series of months as people read them, the same on pages, in reports and on a
//! terminal. Must not know how trends are found.

use crate::evaluate::review::trends::{FollowedMonth, MonthFigures, Series, SeriesTrend, Trends, Unit};
use crate::evaluate::review::verdict::WRONG_RATIO_MAX;
use crate::evaluate::statistics::trend::TREND_VALUES_MIN;
use crate::model::time::Millis;
use crate::publish::web::parts::text;

pub(crate) fn name(series: Series) -> &'static str {
    match series {
        Series::Incidents => "Incidents",
        Series::Undetected => "Incidents without a page",
        Series::Detect => "Time to detect, median",
        Series::Acknowledge => "Time to acknowledge, median",
        Series::Restore => "Time to restore, median",
        Series::BudgetBurned => "Budget burned by incidents",
        Series::Pages => "Pages",
        Series::NoiseLower => "Noise, at least",
        Series::NoiseUpper => "Noise, at most",
    }
}

pub(crate) fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Count => text::count(value as i64),
        Unit::Seconds => Millis((value as i64) * 1_000).human(),
        Unit::Ratio => text::share(value),
    }
}

/// A slope per month with its sign: `−0.80`, `+2m 5s`, `−1.2 points`.
pub(crate) fn slope(unit: Unit, slope: f64) -> String {
    if slope == 0.0 {
        return "0".to_owned();
    }
    let size = slope.abs();
    let size = match unit {
        Unit::Count => format!("{size:.2}"),
        Unit::Seconds => text::took(Millis((size * 1_000.0) as i64)),
        // Of percent, a word that would be read as relative.
        Unit::Ratio => format!("{:.1} points", size * 100.0),
    };
    format!("{}{size}", if slope < 0.0 { '−' } else { '+' })
}

/// Every month, the oldest first, with a word for one that is not known.
pub(crate) fn values(trend: &SeriesTrend, unknown: &str) -> Vec<String> {
    let told = |v: &Option<f64>| v.map_or(unknown.to_owned(), |v| value(trend.series.unit(), v));
    trend.values.iter().map(told).collect()
}

/// What the months are, and what a verdict over them means.
pub(crate) fn about(trends: &Trends) -> String {
    let (Some(first), Some(last)) = (trends.months.first(), trends.months.last()) else { return String::new() };
    let is_published = |m: &&FollowedMonth| matches!(m.figures, MonthFigures::Published(_));
    let published = match trends.months.iter().filter(is_published).count() {
        0 => String::new(),
        n => format!(", {n} of them as first published, because not all facts are there any more"),
    };
    format!(
        "{} to {}: of {} months {} are known{published}. A series is called better or worse only where chance alone would bring so clear a trend in fewer than {:.0}\u{202f}% of cases (Mann and Kendall), from {TREND_VALUES_MIN} months on; the change is the median one (Theil and Sen).",
        first.month.name(),
        last.month.name(),
        trends.months.len(),
        trends.months_known(),
        WRONG_RATIO_MAX * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_changes_have_their_unit() {
        let plain = |text: String| text.replace('\u{202f}', " ");
        for (unit, number, told) in
            [(Unit::Count, 1_204.0, "1,204"), (Unit::Seconds, 125.5, "2m 5s"), (Unit::Ratio, 0.612, "61.2 %")]
        {
            assert_eq!(plain(value(unit, number)), told);
        }
        for (unit, number, told) in [
            (Unit::Count, -0.8, "−0.80"),
            (Unit::Count, 0.0, "0"),
            (Unit::Seconds, 125.0, "+2m 5s"),
            (Unit::Seconds, -1.25, "−1.2s"),
            (Unit::Ratio, -0.0123, "−1.2 points"),
        ] {
            assert_eq!(slope(unit, number), told);
        }
    }
}
