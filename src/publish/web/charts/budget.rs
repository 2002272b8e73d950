//! How the budget of one SLO burned down, with its likely interval.

use maud::Markup;
use plotters::prelude::*;

use super::axis::TimeAxis;
use super::picture::{
    BOTTOM, GRID, LABEL_SIZE, LEFT, LEFT_OUT, LINE, Plot, Pointing, SPENT, Size, TEXT, UNKNOWN, picture,
};
use super::series::Series;
use crate::evaluate::slo::status::HistorySlot;
use crate::model::time::Period;

const HEIGHT: u32 = 560;

/// Where the axis is cut at the latest: a budget that is overspent many times would press
/// the rest into one line.
const FLOOR_LEAST: f64 = -1.0;

/// The budget that remained, over time.
pub(in crate::publish) fn burn_down(series: &Series<'_>, size: Size) -> Option<Markup> {
    let hatched = series.uncertain();
    picture(series, (size, HEIGHT), "Remaining error budget over time", (Pointing::Leads, &hatched), |canvas| {
        let remaining = |slot: &HistorySlot| slot.budget_remaining_ratio.map(|ratio| ratio.max(FLOOR_LEAST));
        let floor = floor_of(series.slots.iter().filter_map(remaining).fold(0.0, f64::min));
        // Where the window was not observed, hatching says more than a band over everything.
        let likely = |slot: &HistorySlot| slot.budget_likely.filter(|_| Series::is_certain(slot));
        let least = |slot: &HistorySlot| likely(slot).map(|(lo, _)| lo.max(floor));
        let most = |slot: &HistorySlot| likely(slot).map(|(_, hi)| hi.max(floor));
        let mut chart = ChartBuilder::on(canvas)
            .margin(12)
            .margin_right(24)
            .x_label_area_size(BOTTOM)
            .y_label_area_size(LEFT)
            .build_cartesian_2d(TimeAxis(series.period), floor..1.0)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .label_style(("sans-serif", LABEL_SIZE).into_font().color(&TEXT))
            .x_labels(size.labels())
            .y_labels(6)
            .y_label_formatter(&|ratio| {
                let or_less = if *ratio <= FLOOR_LEAST { "≤ " } else { "" };
                format!("{or_less}{:.0} %", ratio * 100.0).replace('-', "−")
            })
            .draw()?;
        for gap in series.unknown() {
            chart.draw_series([band(gap, floor, UNKNOWN.mix(0.18).filled())])?;
        }
        for stretch in series.left_out {
            chart.draw_series([band(*stretch, floor, LEFT_OUT.mix(0.18).filled())])?;
        }
        for (low, high) in series.pieces(least).into_iter().zip(series.pieces(most)) {
            let edge: Vec<(i64, f64)> = low.into_iter().chain(high.into_iter().rev()).collect();
            chart.draw_series([Polygon::new(edge, LINE.mix(0.30).filled())])?;
        }
        for piece in series.pieces(remaining) {
            let up = piece.iter().map(|(at, ratio)| (*at, ratio.max(0.0)));
            chart.draw_series(AreaSeries::new(up, 0.0, LINE.mix(0.14)))?;
            if piece.iter().any(|(_, ratio)| *ratio < 0.0) {
                let down = piece.iter().map(|(at, ratio)| (*at, ratio.min(0.0)));
                chart.draw_series(AreaSeries::new(down, 0.0, SPENT.mix(0.22)))?;
            }
            chart.draw_series(LineSeries::new(piece, LINE.stroke_width(4)))?;
        }
        if let Some(even) = even(series) {
            chart.draw_series(DashedLineSeries::new(even, 14, 10, TEXT.stroke_width(3)))?;
        }
        let zero = [(series.period.start.millis(), 0.0), (series.period.end.millis(), 0.0)];
        chart.draw_series(LineSeries::new(zero, SPENT.stroke_width(3)))?;
        Ok(Plot::of(&chart.plotting_area().get_pixel_range()))
    })
}

/// Where a budget is that is spent evenly over its window.
fn even(series: &Series<'_>) -> Option<[(i64, f64); 2]> {
    let whole = series.even?;
    let shown = series.period.intersect(whole);
    if shown.is_empty() {
        return None;
    }
    let left = |at: i64| 1.0 - (at - whole.start.millis()) as f64 / whole.length().0.max(1) as f64;
    Some([shown.start.millis(), shown.end.millis()].map(|at| (at, left(at))))
}

fn band(period: Period, floor: f64, style: ShapeStyle) -> Rectangle<(i64, f64)> {
    Rectangle::new([(period.start.millis(), 1.0), (period.end.millis(), floor)], style)
}

/// The lower end of the axis: 0, or below what was overspent, in steps that give round
/// labels.
fn floor_of(lowest: f64) -> f64 {
    if lowest >= 0.0 { 0.0 } else { (lowest * 5.0).floor() / 5.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::tile::EventCounts;
    use crate::model::time::{DAY_MS, Millis, Timestamp};

    fn day(n: i64) -> Timestamp {
        Timestamp::from_millis(n * DAY_MS)
    }

    fn slot(n: i64, remaining: f64) -> HistorySlot {
        HistorySlot {
            start: day(n),
            counts: EventCounts::new(90, 100),
            coverage: 1.0,
            window_coverage: 1.0,
            budget_remaining_ratio: Some(remaining),
            ..HistorySlot::default()
        }
    }

    fn series(slots: &[HistorySlot]) -> Series<'_> {
        let period = Period::new(day(0), day(3));
        Series { period, step: Millis(DAY_MS), slots, pointers: &[], changes: &[], left_out: &[], even: None }
    }

    #[test]
    fn the_axis_of_a_budget_that_is_overspent_many_times_is_cut() {
        let slots = [slot(0, 0.9), slot(1, 0.2), slot(2, -165.7)];
        let svg = burn_down(&series(&slots), Size::Desk).unwrap().into_string();
        assert!(svg.contains("≤ −100 %") && !svg.contains("−200 %"), "{svg}");
    }

    #[test]
    fn points_whose_window_is_mostly_unknown_are_hatched() {
        let known = [slot(0, 0.9), slot(1, 0.8)];
        assert!(!burn_down(&series(&known), Size::Desk).unwrap().into_string().contains("uncertain"));
        let young = [HistorySlot { window_coverage: 0.3, ..slot(0, 0.9) }, slot(1, 0.8)];
        let svg = burn_down(&series(&young), Size::Desk).unwrap().into_string();
        assert_eq!(svg.matches("class=\"uncertain\"").count(), 1, "{svg}");
    }

    #[test]
    fn a_phone_gets_fewer_labels_and_the_same_axis() {
        let slots = [slot(0, 0.9), slot(1, 0.8), slot(2, 0.7)];
        let (desk, phone) = (burn_down(&series(&slots), Size::Desk), burn_down(&series(&slots), Size::Phone));
        let (desk, phone) = (desk.unwrap().into_string(), phone.unwrap().into_string());
        assert!(phone.matches("<text").count() < desk.matches("<text").count());
        assert!(phone.contains("100 %") && desk.contains("100 %"));
    }

    #[test]
    fn an_even_burn_falls_from_all_to_nothing_over_the_whole_window() {
        let whole = Period::new(day(0), day(4));
        let line = even(&Series { even: Some(whole), ..series(&[]) }).unwrap();
        assert_eq!(line, [(0, 1.0), (3 * DAY_MS, 0.25)]);
    }
}
