//! A month at a glance: one field for each slot, the fuller the more of the
//! whole budget was burned in it. Must not know formats beside SVG.

use maud::{Markup, html};

use crate::evaluate::slo::status::HistorySlot;
use crate::model::time::Millis;
use crate::publish::report::input::SloReport;
use crate::publish::web::parts::text;

const WIDTH: f64 = 1_120.0;
/// Under the axis of the chart above it, so that days lie under days.
const LEFT: f64 = 65.0;
const RIGHT: f64 = 12.0;
const HEIGHT: f64 = 34.0;
const GAP: f64 = 2.0;
/// A slot that burned this share of the whole budget is full.
const FULL: f64 = 0.25;

pub(super) fn strip(report: &SloReport) -> Markup {
    let fields = report.slots.len().max(1) as f64;
    let width = (WIDTH - LEFT - RIGHT) / fields;
    html! {
        svg.strip viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + 6.0)) role="img" aria-label="Budget burned in each slot" {
            text x="2" y=(format!("{:.1}", HEIGHT / 2.0 + 4.0)) { "per " (step(report)) }
            @for (i, slot) in report.slots.iter().enumerate() {
                @let x = LEFT + i as f64 * width;
                @let share = share_of(report, slot).filter(|_| slot.counts.total > 0);
                @let class = match share {
                    _ if slot.coverage <= 0.0 => "unseen",
                    Some(_) => "met",
                    None => "none",
                };
                g {
                    title { (told(share, slot.coverage, &date_of(report, slot))) }
                    rect class=(class) x=(px(x + GAP / 2.0)) y="1" width=(px(width - GAP)) height=(px(HEIGHT)) rx="3" {}
                    @if let Some(share) = share.filter(|s| *s > 0.0) {
                        @let tall = HEIGHT * (share / FULL).clamp(0.04, 1.0);
                        rect.spent x=(px(x + GAP / 2.0)) y=(px(1.0 + HEIGHT - tall)) width=(px(width - GAP)) height=(px(tall)) rx="3" {}
                    }
                }
            }
        }
    }
}

fn step(report: &SloReport) -> String {
    if report.step == Millis::from_days(1) { "day".to_owned() } else { report.step.compact() }
}

fn told(share: Option<f64>, coverage: f64, day: &str) -> String {
    let seen = if coverage < 1.0 { format!(", coverage {}", text::percent(coverage)) } else { String::new() };
    match share {
        _ if coverage <= 0.0 => format!("{day}: not observed"),
        Some(share) => format!("{day}: {} of the whole budget{seen}", text::share(share)),
        None => format!("{day}: no events{seen}"),
    }
}

fn px(x: f64) -> String {
    format!("{x:.1}")
}

/// The date of a slot. Its middle tells it: a day that begins at midnight of
/// another time zone begins on the evening before in UTC.
pub(crate) fn date_of(report: &SloReport, slot: &HistorySlot) -> String {
    text::day(slot.start + Millis(report.step.0 / 2))
}

pub(crate) fn share_of(report: &SloReport, slot: &HistorySlot) -> Option<f64> {
    let budget = report.status.budget.filter(|b| b.total_events > 0.0)?;
    Some(slot.counts.bad() as f64 / budget.total_events)
}
