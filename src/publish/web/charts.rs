//! The charts of one SLO: how its budget burned down, and what its traffic and
//! its errors were. Drawn by plotters; the style sheet gives its colours a
//! meaning in light and dark. A slot that nobody observed stays a gap.

pub(crate) mod axis;
pub(crate) mod kpi_points;
pub(crate) mod sparklines;
pub(crate) mod timeline;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::evaluate::slo::status::{Corrected, HistorySlot};
use crate::model::time::periods::joined;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::web::charts::axis::TimeAxis;
use crate::publish::web::parts::text;

/// Drawn twice as large as shown, so that whole pixels are fine enough.
const WIDTH: u32 = 2_240;
const BURN_DOWN_HEIGHT: u32 = 560;
const TRAFFIC_HEIGHT: u32 = 640;
/// Where the two panels of the traffic chart meet.
const TRAFFIC_SPLIT: u32 = 350;
const LABEL_SIZE: i32 = 28;
const LEFT: u32 = 130;
const BOTTOM: u32 = 56;

// Each colour is a name that the style sheet knows; see `.chart` there.
const GRID: RGBColor = RGBColor(0xd8, 0xde, 0xe6);
const TEXT: RGBColor = RGBColor(0x5b, 0x66, 0x73);
const LINE: RGBColor = RGBColor(0x12, 0x70, 0x7c);
const SPENT: RGBColor = RGBColor(0xc0, 0x39, 0x2b);
const UNKNOWN: RGBColor = RGBColor(0x9a, 0xa4, 0xaf);
const LEFT_OUT: RGBColor = RGBColor(0x4f, 0x6d, 0xb0);

/// A stretch of time that a chart points at, with where it leads.
#[derive(Clone, Debug)]
pub(in crate::publish) struct Pointer {
    pub period: Period,
    pub title: String,
    pub href: String,
}

/// What a chart is drawn from.
pub(in crate::publish) struct Series<'a> {
    pub period: Period,
    pub step: Millis,
    pub slots: &'a [HistorySlot],
    pub pointers: &'a [Pointer],
    /// What corrections leave out, in order; see `left_out`.
    pub left_out: &'a [Period],
}

/// The stretches of a period that corrections leave out.
pub(in crate::publish) fn left_out(corrected: Option<&Corrected>, period: Period) -> Vec<Period> {
    let corrections = corrected.into_iter().flat_map(|corrected| &corrected.corrections);
    joined(corrections.flat_map(|c| c.periods(period)).map(|p| p.intersect(period)).collect())
}

type DrawResult = Result<(), Box<dyn std::error::Error>>;
type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Where in the picture the data lies.
#[derive(Clone, Copy, Debug, Default)]
struct Plot {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

/// The budget that remained, over time.
pub(in crate::publish) fn burn_down(series: &Series<'_>) -> Option<Markup> {
    picture(series, BURN_DOWN_HEIGHT, "Remaining error budget over time", |canvas| {
        let remaining = |slot: &HistorySlot| slot.budget_remaining_ratio.map(|ratio| ratio.max(FLOOR_LEAST));
        let lowest = series.slots.iter().filter_map(remaining).fold(0.0, f64::min);
        let mut chart = ChartBuilder::on(canvas)
            .margin(12)
            .margin_right(24)
            .x_label_area_size(BOTTOM)
            .y_label_area_size(LEFT)
            .build_cartesian_2d(TimeAxis(series.period), floor_of(lowest)..1.0)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .label_style(("sans-serif", LABEL_SIZE).into_font().color(&TEXT))
            .x_labels(10)
            .y_labels(6)
            .y_label_formatter(&|ratio| {
                let or_less = if *ratio <= FLOOR_LEAST { "≤ " } else { "" };
                format!("{or_less}{:.0} %", ratio * 100.0).replace('-', "−")
            })
            .draw()?;
        for gap in unknown(series) {
            chart.draw_series([band(gap, floor_of(lowest), 1.0, UNKNOWN.mix(0.18).filled())])?;
        }
        for stretch in series.left_out {
            chart.draw_series([band(*stretch, floor_of(lowest), 1.0, LEFT_OUT.mix(0.18).filled())])?;
        }
        for piece in pieces(series, remaining) {
            let up = piece.iter().map(|(at, ratio)| (*at, ratio.max(0.0)));
            chart.draw_series(AreaSeries::new(up, 0.0, LINE.mix(0.14)))?;
            if piece.iter().any(|(_, ratio)| *ratio < 0.0) {
                let down = piece.iter().map(|(at, ratio)| (*at, ratio.min(0.0)));
                chart.draw_series(AreaSeries::new(down, 0.0, SPENT.mix(0.22)))?;
            }
            chart.draw_series(LineSeries::new(piece, LINE.stroke_width(4)))?;
        }
        let zero = [(series.period.start.millis(), 0.0), (series.period.end.millis(), 0.0)];
        chart.draw_series(LineSeries::new(zero, SPENT.stroke_width(3)))?;
        Ok(plot_of(&chart.plotting_area().get_pixel_range()))
    })
}

/// The bad ratio over time, and the traffic under it.
pub(in crate::publish) fn errors_and_traffic(series: &Series<'_>, allowed: f64) -> Option<Markup> {
    picture(series, TRAFFIC_HEIGHT, "Bad ratio and traffic over time", |canvas| {
        let (upper, lower) = canvas.split_vertically(TRAFFIC_SPLIT);
        let top = bad_ratio(&upper, series, allowed)?;
        let bottom = traffic(&lower, series)?;
        Ok(Plot { bottom: bottom.bottom, ..top })
    })
}

fn bad_ratio(area: &Canvas<'_>, series: &Series<'_>, allowed: f64) -> Result<Plot, Box<dyn std::error::Error>> {
    let ratio = |slot: &HistorySlot| {
        (slot.counts.total > 0).then(|| (slot.counts.bad() as f64 / slot.counts.total as f64).clamp(0.0, 1.0))
    };
    let highest = series.slots.iter().filter_map(ratio).fold(allowed * 1.2, f64::max);
    let ceiling = (highest * 1.05).min(1.0);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(TimeAxis(series.period), 0.0..ceiling)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(("sans-serif", LABEL_SIZE).into_font().color(&TEXT))
        .y_labels(5)
        .y_label_formatter(&|ratio| axis_percent(*ratio))
        .draw()?;
    for gap in unknown(series) {
        chart.draw_series([band(gap, 0.0, ceiling, UNKNOWN.mix(0.18).filled())])?;
    }
    for stretch in series.left_out {
        chart.draw_series([band(*stretch, 0.0, ceiling, LEFT_OUT.mix(0.18).filled())])?;
    }
    // Bars, because the ratio of a slot says nothing about the next one.
    let bars = series.slots.iter().filter_map(|slot| Some((slot.start, ratio(slot).filter(|r| *r > 0.0)?)));
    chart.draw_series(
        bars.map(|(start, r)| band(Period::new(start, start + series.step), 0.0, r, SPENT.mix(0.85).filled())),
    )?;
    let limit = [(series.period.start.millis(), allowed), (series.period.end.millis(), allowed)];
    chart.draw_series(DashedLineSeries::new(limit, 14, 10, TEXT.stroke_width(2)))?;
    Ok(plot_of(&chart.plotting_area().get_pixel_range()))
}

fn traffic(area: &Canvas<'_>, series: &Series<'_>) -> Result<Plot, Box<dyn std::error::Error>> {
    let minutes = series.step.secs_f64() / 60.0;
    // What was seen stands for the observed part of the slot only.
    let rate = |slot: &HistorySlot| (slot.coverage > 0.0).then(|| slot.counts.total as f64 / (minutes * slot.coverage));
    let highest = series.slots.iter().filter_map(rate).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(TimeAxis(series.period), 0.0..highest * 1.08)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(("sans-serif", LABEL_SIZE).into_font().color(&TEXT))
        .x_labels(10)
        .y_labels(4)
        .y_label_formatter(&|n| text::short_count(*n))
        .draw()?;
    for gap in unknown(series) {
        chart.draw_series([band(gap, 0.0, highest * 1.08, UNKNOWN.mix(0.18).filled())])?;
    }
    for piece in pieces(series, rate) {
        chart.draw_series(AreaSeries::new(piece.iter().copied(), 0.0, LINE.mix(0.14)))?;
        chart.draw_series(LineSeries::new(piece, LINE.stroke_width(3)))?;
    }
    Ok(plot_of(&chart.plotting_area().get_pixel_range()))
}

/// Draws, and lays over it what a hand can point at. `None` when there is
/// nothing to draw.
fn picture(
    series: &Series<'_>,
    height: u32,
    name: &str,
    draw: impl FnOnce(&Canvas<'_>) -> Result<Plot, Box<dyn std::error::Error>>,
) -> Option<Markup> {
    if series.slots.iter().all(|slot| slot.coverage <= 0.0 && slot.counts.total == 0) {
        return None;
    }
    let mut svg = String::new();
    let mut plot = Plot::default();
    let drawn: DrawResult = {
        let canvas = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        draw(&canvas).and_then(|place| {
            plot = place;
            Ok(canvas.present()?)
        })
    };
    if let Err(error) = drawn {
        tracing::error!(%error, chart = name, "a chart could not be drawn");
        return None;
    }
    let inner = svg.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>")).map_or("", |(inner, _)| inner);
    Some(html! {
        div.scroll {
            svg.chart viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(name) {
                // Plotters escapes what it writes; only numbers and dates are in it.
                (PreEscaped(inner))
                (slots_to_point_at(series, plot))
                (pointers(series, plot))
            }
        }
    })
}

fn pointers(series: &Series<'_>, plot: Plot) -> Markup {
    html! {
        @for pointer in series.pointers {
            @let (x, width) = across(series.period, pointer.period, plot);
            a href=(pointer.href) {
                title { (pointer.title) }
                rect.pointer x=(x) y=(plot.top) width=(width.max(6)) height=(plot.bottom - plot.top) {}
                rect.pointer-top x=(x) y=(plot.top) width=(width.max(6)) height="8" {}
            }
        }
    }
}

/// An invisible stripe for each slot, so that its numbers show under the hand.
fn slots_to_point_at(series: &Series<'_>, plot: Plot) -> Markup {
    html! {
        @for slot in series.slots {
            @let (x, width) = across(series.period, Period::new(slot.start, slot.start + series.step), plot);
            rect.slot x=(x) y=(plot.top) width=(width) height=(plot.bottom - plot.top) {
                title { (told(slot, series.step)) }
            }
        }
    }
}

fn told(slot: &HistorySlot, step: Millis) -> String {
    let when = format!("{} – {}", text::short_moment(slot.start), text::short_moment(slot.start + step));
    if slot.coverage <= 0.0 {
        return format!("{when}\nnot observed");
    }
    let events = match slot.counts.total {
        0 => "no events".to_owned(),
        total => format!("{} bad of {}", text::count(slot.counts.bad()), text::count(total)),
    };
    let budget = match slot.budget_remaining_ratio {
        Some(ratio) => format!("\nbudget left {}", text::share(ratio)),
        None => String::new(),
    };
    let seen = if slot.coverage < 1.0 { format!("\ncoverage {}", text::percent(slot.coverage)) } else { String::new() };
    let corrected = match slot.left_out {
        Millis(0) => String::new(),
        left_out => format!("\nleft out by corrections: {}", left_out.human()),
    };
    format!("{when}\n{events}{budget}{seen}{corrected}")
}

/// Left edge and width of a stretch in the picture.
fn across(whole: Period, part: Period, plot: Plot) -> (i32, i32) {
    let axis = TimeAxis(whole);
    let part = part.intersect(whole);
    let x = |at: Timestamp| {
        use plotters::coord::ranged1d::Ranged;
        axis.map(&at.millis(), (plot.left, plot.right))
    };
    (x(part.start), x(part.end) - x(part.start))
}

fn plot_of((x, y): &(std::ops::Range<i32>, std::ops::Range<i32>)) -> Plot {
    Plot { left: x.start, right: x.end, top: y.start, bottom: y.end }
}

fn band(period: Period, from: f64, to: f64, style: ShapeStyle) -> Rectangle<(i64, f64)> {
    Rectangle::new([(period.start.millis(), to), (period.end.millis(), from)], style)
}

/// Runs of slots whose value is known; each point stands at the slot's end.
fn pieces(series: &Series<'_>, value: impl Fn(&HistorySlot) -> Option<f64>) -> Vec<Vec<(i64, f64)>> {
    let mut pieces: Vec<Vec<(i64, f64)>> = Vec::new();
    let mut open = false;
    for slot in series.slots {
        let known = value(slot).filter(|v| v.is_finite());
        if let Some(v) = known {
            let end = (slot.start + series.step).min(series.period.end).millis();
            match pieces.last_mut() {
                Some(piece) if open => piece.push((end, v)),
                _ => pieces.push(vec![(slot.start.max(series.period.start).millis(), v), (end, v)]),
            }
        }
        open = known.is_some();
    }
    pieces
}

/// Stretches that nobody observed.
fn unknown(series: &Series<'_>) -> Vec<Period> {
    let mut gaps: Vec<Period> = Vec::new();
    for slot in series.slots.iter().filter(|slot| slot.coverage <= 0.0) {
        let this = Period::new(slot.start, slot.start + series.step).intersect(series.period);
        match gaps.last_mut() {
            Some(gap) if gap.end == this.start => gap.end = this.end,
            _ => gaps.push(this),
        }
    }
    gaps
}

/// Where the burn-down's axis is cut at the latest: a budget that is overspent many times
/// would press the rest into one line.
const FLOOR_LEAST: f64 = -1.0;

/// The lower end of the burn-down's axis: 0, or below what was overspent, in
/// steps that give round labels.
fn floor_of(lowest: f64) -> f64 {
    if lowest >= 0.0 { 0.0 } else { (lowest * 5.0).floor() / 5.0 }
}

fn axis_percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let decimals = if percent == 0.0 { 0 } else { (1.0 - percent.abs().log10().floor()).clamp(0.0, 6.0) as usize };
    let text = format!("{percent:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::tile::EventCounts;
    use crate::model::time::DAY_MS;

    #[test]
    fn the_axis_of_a_budget_that_is_overspent_many_times_is_cut() {
        let period = Period::new(Timestamp::from_millis(0), Timestamp::from_millis(3 * DAY_MS));
        let slot = |day: i64, remaining| HistorySlot {
            start: Timestamp::from_millis(day * DAY_MS),
            counts: EventCounts::new(90, 100),
            coverage: 1.0,
            left_out: Millis(0),
            budget_remaining_ratio: Some(remaining),
        };
        let slots = [slot(0, 0.9), slot(1, 0.2), slot(2, -165.7)];
        let series = Series { period, step: Millis(DAY_MS), slots: &slots, pointers: &[], left_out: &[] };
        let svg = burn_down(&series).unwrap().into_string();
        assert!(svg.contains("≤ −100 %") && !svg.contains("−200 %"), "{svg}");
    }
}
