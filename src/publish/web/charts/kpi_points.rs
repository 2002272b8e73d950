//! A KPI over its periods, as points with their intervals and the target.

use maud::{Markup, html};

use crate::evaluate::kpi::scorecard::{KpiHistory, KpiPeriod};
use crate::evaluate::kpi::targets::KpiStatus;
use crate::publish::kpis;

/// What a drawing measures.
struct Size {
    width: f64,
    height: f64,
    margin: f64,
    radius: f64,
}

const SMALL: Size = Size { width: 180.0, height: 30.0, margin: 5.0, radius: 2.6 };
const LARGE: Size = Size { width: 720.0, height: 170.0, margin: 14.0, radius: 4.5 };

/// A point for each period; one that is not known is a mark below the line.
pub(crate) fn points(one: &KpiHistory) -> Markup {
    drawing(one, &SMALL, "kpi-points", false)
}

/// The same large, with the interval of each value and its target.
pub(crate) fn history(one: &KpiHistory) -> Markup {
    drawing(one, &LARGE, "kpi-history", true)
}

fn drawing(one: &KpiHistory, size: &Size, class: &str, with_intervals: bool) -> Markup {
    let all = &one.periods;
    let numbers = |period: &KpiPeriod| {
        let ends = if with_intervals { [period.value.low, period.value.high, period.target.value] } else { [None; 3] };
        ends.into_iter().chain([period.value.value]).flatten()
    };
    let high = all.iter().flat_map(numbers).fold(0.0_f64, f64::max);
    let floor = size.height - size.margin;
    let y = |v: f64| if high > 0.0 { floor - (v.max(0.0) / high) * (floor - size.margin) } else { floor };
    let step = (size.width - 2.0 * size.margin) / all.len().saturating_sub(1).max(1) as f64;
    let described: Vec<String> = all.iter().map(|period| described(one, period)).collect();
    html! {
        svg class=(class) viewBox={ "0 0 " (size.width) " " (size.height) } role="img" aria-label=(described.join("; ")) {
            path.zero d=(format!("M0 {floor}H{}", size.width)) {}
            @for ((i, period), told) in all.iter().enumerate().zip(&described) {
                @let x = size.margin + i as f64 * step;
                @if with_intervals {
                    @if let Some((low, high)) = period.value.low.zip(period.value.high.or(Some(high))).filter(|_| period.value.value.is_some()) {
                        path.interval d=(format!("M{x:.1} {:.1}V{:.1}", y(low), y(high))) {}
                    }
                    @if let Some(target) = period.target.value {
                        path.target d=(format!("M{:.1} {1:.1}H{2:.1}", (x - step / 2.0).max(0.0), y(target), (x + step / 2.0).min(size.width))) {}
                    }
                }
                @match period.value.value {
                    Some(value) => circle class=(point_class(period)) cx=(px(x)) cy=(px(y(value))) r=(size.radius) { title { (told) } },
                    None => path.unknown d=(format!("M{x:.1} {:.1}v{:.1}", floor + 1.0, size.margin - 1.0)) { title { (told) } },
                }
            }
        }
    }
}

/// The status by colour; a period that runs is hollow.
fn point_class(period: &KpiPeriod) -> String {
    let status = match period.status {
        KpiStatus::OnTarget => "on",
        KpiStatus::OffTarget => "off",
        KpiStatus::TooFew | KpiStatus::Unknown | KpiStatus::NoTarget => "open",
    };
    if period.is_closed { status.to_owned() } else { format!("{status} running") }
}

fn described(one: &KpiHistory, period: &KpiPeriod) -> String {
    let value = period.value.value.map_or("unknown".to_owned(), |value| kpis::value(one.kpi.unit, value));
    format!("{}: {value}, {}", kpis::period(one.kpi.cadence, period.period), kpis::status(period.status))
}

fn px(x: f64) -> String {
    format!("{x:.1}")
}
