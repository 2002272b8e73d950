//! How incidents and alerting went over months: a point for each month, and a
//! verdict for each series.

use maud::{Markup, html};

use crate::evaluate::review::trends::{FollowedMonth, SeriesTrend, Trends};
use crate::evaluate::review::verdict::TrendVerdict;
use crate::publish::series;
use crate::publish::web::parts::verdicts;

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 30.0;
/// Keeps the outermost points whole.
const MARGIN: f64 = 4.0;

pub(crate) fn table(trends: &Trends) -> Markup {
    let told = trends.series.iter().filter(|followed| followed.n() > 0);
    html! {
        p.muted { (series::about(trends)) }
        div.scroll tabindex="0" role="region" aria-label="Trends by month" { table {
            thead { tr {
                th { "Of each month" } th { "Month by month" } th.num { "Last" } th.num { "Change a month" } th { "Trend" }
            } }
            tbody { @for followed in told { (row(followed, &trends.months)) } }
        } }
    }
}

fn row(followed: &SeriesTrend, months: &[FollowedMonth]) -> Markup {
    let unit = followed.series.unit();
    let known = |told: Option<String>| match told {
        Some(text) => html! { (text) },
        None => html! { span.no-data { "–" } },
    };
    html! {
        tr class=[evidence(followed.verdict)] {
            td.name { (series::name(followed.series)) }
            td { (points(followed, months)) }
            td.num { (known(followed.values.last().copied().flatten().map(|v| series::value(unit, v)))) }
            td.num { (known(followed.trend.map(|t| series::slope(unit, t.slope)))) }
            td { (verdicts::word(followed.verdict)) div.muted { "n = " (followed.n()) } }
        }
    }
}

/// A class that may give points a colour.
fn evidence(verdict: TrendVerdict) -> Option<&'static str> {
    match verdict {
        TrendVerdict::Better => Some("better"),
        TrendVerdict::Worse => Some("worse"),
        TrendVerdict::NoEvidence | TrendVerdict::TooFew => None,
    }
}

/// A point for each month above a line at zero; a month that is not known is a
/// mark below it. No line joins them: between months there is nothing.
fn points(followed: &SeriesTrend, months: &[FollowedMonth]) -> Markup {
    let high = followed.values.iter().flatten().fold(0.0_f64, |high, v| high.max(*v));
    let step = (WIDTH - 2.0 * MARGIN) / months.len().saturating_sub(1).max(1) as f64;
    let floor = HEIGHT - 2.0 * MARGIN;
    let y = |v: f64| MARGIN + if high > 0.0 { (1.0 - v / high) * (floor - MARGIN) } else { floor - MARGIN };
    let told = series::values(followed, "not known");
    html! {
        svg.months viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(told.join(", ")) {
            path.zero d=(format!("M0 {floor}H{WIDTH}")) {}
            @for (((i, value), month), told) in followed.values.iter().enumerate().zip(months).zip(&told) {
                @let x = MARGIN + i as f64 * step;
                @let title = html! { title { (month.month.name()) ": " (told) } };
                @match value {
                    Some(value) => circle cx=(px(x)) cy=(px(y(*value))) r="2.6" { (title) },
                    None => path.unknown d=(format!("M{} {}v{MARGIN}", px(x), px(floor + 2.0))) { (title) },
                }
            }
        }
    }
}

fn px(x: f64) -> String {
    format!("{x:.1}")
}
