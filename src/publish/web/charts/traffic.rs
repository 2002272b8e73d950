//! The errors of one SLO over time, and the traffic under them.

use maud::Markup;
use plotters::prelude::*;

use super::axis::TimeAxis;
use super::picture::{
    BOTTOM, Canvas, Drawn, GRID, LABEL_SIZE, LEFT, LEFT_OUT, LINE, Plot, Pointing, SPENT, Size, TEXT, UNKNOWN, picture,
};
use super::series::Series;
use crate::evaluate::slo::status::HistorySlot;
use crate::model::time::Period;
use crate::publish::web::parts::text;

const HEIGHT: u32 = 640;
/// Where the two panels meet.
const SPLIT: u32 = 350;
/// The axis of the bad ratio is cut at so many times what is allowed: above it the line
/// of what is allowed could not be told from zero.
const CUT: f64 = 20.0;

/// The bad ratio over time, and the traffic under it.
pub(in crate::publish) fn errors_and_traffic(series: &Series<'_>, allowed: f64, size: Size) -> Option<Markup> {
    picture(series, (size, HEIGHT), "Bad ratio and traffic over time", (Pointing::Marks, &[]), |canvas| {
        let (upper, lower) = canvas.split_vertically(SPLIT);
        let top = bad_ratio(&upper, series, allowed, size)?;
        let bottom = traffic(&lower, series, size)?;
        Ok(Plot { bottom: bottom.bottom, ..top })
    })
}

/// Where the axis of the bad ratio is cut, if it is.
pub(in crate::publish) fn cut(series: &Series<'_>, allowed: f64) -> Option<f64> {
    let cut = (allowed * CUT).min(1.0);
    (highest(series, allowed) > cut).then_some(cut)
}

fn highest(series: &Series<'_>, allowed: f64) -> f64 {
    series.slots.iter().filter_map(ratio).fold(allowed * 1.2, f64::max)
}

fn ratio(slot: &HistorySlot) -> Option<f64> {
    (slot.counts.total > 0).then(|| (slot.counts.bad() as f64 / slot.counts.total as f64).clamp(0.0, 1.0))
}

fn bad_ratio(area: &Canvas<'_>, series: &Series<'_>, allowed: f64, size: Size) -> Drawn<Plot> {
    let ceiling = cut(series, allowed).unwrap_or((highest(series, allowed) * 1.05).min(1.0));
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
        .x_labels(size.labels())
        .y_labels(5)
        .y_label_formatter(&|ratio| axis_percent(*ratio))
        .draw()?;
    for gap in series.unknown() {
        chart.draw_series([band(gap, ceiling, UNKNOWN.mix(0.18).filled())])?;
    }
    for stretch in series.left_out {
        chart.draw_series([band(*stretch, ceiling, LEFT_OUT.mix(0.18).filled())])?;
    }
    // Bars, because the ratio of a slot says nothing about the next one.
    let bars = series.slots.iter().filter_map(|slot| Some((slot.start, ratio(slot).filter(|r| *r > 0.0)?)));
    chart.draw_series(
        bars.map(|(start, r)| band(Period::new(start, start + series.step), r.min(ceiling), SPENT.mix(0.85).filled())),
    )?;
    let limit = [(series.period.start.millis(), allowed), (series.period.end.millis(), allowed)];
    chart.draw_series(DashedLineSeries::new(limit, 14, 10, TEXT.stroke_width(2)))?;
    let left = series.period.start.millis() + series.period.length().0 / 100;
    let label = format!("objective {}", text::chosen(1.0 - allowed));
    let style = ("sans-serif", LABEL_SIZE).into_font().color(&TEXT);
    chart.draw_series([Text::new(label, (left, allowed + ceiling * 0.13), style)])?;
    Ok(Plot::of(&chart.plotting_area().get_pixel_range()))
}

fn traffic(area: &Canvas<'_>, series: &Series<'_>, size: Size) -> Drawn<Plot> {
    let minutes = series.step.secs_f64() / 60.0;
    // What was seen is of the observed part of the slot only.
    let rate = |slot: &HistorySlot| (slot.coverage > 0.0).then(|| slot.counts.total as f64 / (minutes * slot.coverage));
    let ceiling = series.slots.iter().filter_map(rate).fold(1.0, f64::max) * 1.08;
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(TimeAxis(series.period), 0.0..ceiling)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(("sans-serif", LABEL_SIZE).into_font().color(&TEXT))
        .x_labels(size.labels())
        .y_labels(4)
        .y_label_formatter(&|n| text::short_count(*n))
        .draw()?;
    for gap in series.unknown() {
        chart.draw_series([band(gap, ceiling, UNKNOWN.mix(0.18).filled())])?;
    }
    for piece in series.pieces(rate) {
        chart.draw_series(AreaSeries::new(piece.iter().copied(), 0.0, LINE.mix(0.14)))?;
        chart.draw_series(LineSeries::new(piece, LINE.stroke_width(3)))?;
    }
    Ok(Plot::of(&chart.plotting_area().get_pixel_range()))
}

fn band(period: Period, to: f64, style: ShapeStyle) -> Rectangle<(i64, f64)> {
    Rectangle::new([(period.start.millis(), to), (period.end.millis(), 0.0)], style)
}

fn axis_percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let decimals = if percent == 0.0 { 0 } else { (1.0 - percent.abs().log10().floor()).clamp(0.0, 6.0) as usize };
    let text = format!("{percent:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}
