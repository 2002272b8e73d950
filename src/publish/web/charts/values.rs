//! What a chart shows as a table, for those who cannot point at it: by touch, by keyboard,
//! read aloud, or copied.

use maud::{Markup, html};

use super::series::Series;
use crate::evaluate::slo::status::HistorySlot;
use crate::model::slo::tile::EventCounts;
use crate::model::time::Timestamp;
use crate::publish::web::parts::{components, text};

/// Rows at most: slots are added up until so few remain.
const ROWS_MAX: usize = 60;

/// Some slots after each other.
struct Row {
    start: Timestamp,
    end: Timestamp,
    counts: EventCounts,
    /// Observed, in milliseconds.
    seen: f64,
    left: Option<f64>,
    likely: Option<(f64, f64)>,
}

pub(in crate::publish) fn values(series: &Series<'_>) -> Markup {
    let rows = rows(series);
    html! {
        details.values {
            summary { "Values of these charts" }
            (components::scroll("Values of the charts", &html! { table {
                thead { tr {
                    th scope="col" { "From (UTC)" } th scope="col" { "To" } th.num scope="col" { "Bad" } th.num scope="col" { "Total" }
                    th.num scope="col" { "Bad ratio" } th.num scope="col" { "Budget left at the end" } th.num scope="col" { "Likely" }
                    th.num scope="col" { "Coverage" }
                } }
                tbody { @for row in &rows { (shown(row)) } }
            } }))
        }
    }
}

fn rows(series: &Series<'_>) -> Vec<Row> {
    let size = series.slots.len().div_ceil(ROWS_MAX).max(1);
    let row = |slots: &[HistorySlot]| {
        let (first, last) = (slots.first()?, slots.last()?);
        Some(Row {
            start: first.start,
            end: (last.start + series.step).min(series.period.end),
            counts: slots.iter().fold(EventCounts::ZERO, |sum, slot| sum + slot.counts),
            seen: slots.iter().map(|slot| slot.coverage * series.step.0 as f64).sum(),
            left: last.budget_remaining_ratio,
            likely: last.budget_likely,
        })
    };
    series.slots.chunks(size).filter_map(row).collect()
}

fn shown(row: &Row) -> Markup {
    let length = (row.end - row.start).0.max(1) as f64;
    let bad = (row.counts.total > 0).then(|| row.counts.bad() as f64 / row.counts.total as f64);
    let is_seen = row.seen > 0.0;
    let counted = |n: i64| {
        if is_seen {
            html! { (text::count(n)) }
        } else {
            components::no_data()
        }
    };
    html! {
        tr {
            td { (components::time(row.start)) }
            td { (components::time(row.end)) }
            td.num { (counted(row.counts.bad())) }
            td.num { (counted(row.counts.total)) }
            td.num { (components::known(bad.map(text::percent))) }
            td.num { (components::known(row.left.map(text::share))) }
            td.num { @match row.likely {
                Some((lo, hi)) => { (text::share(lo)) " – " (text::share(hi)) },
                None => (components::no_data()),
            } }
            td.num { (text::percent((row.seen / length).clamp(0.0, 1.0))) }
        }
    }
}

/// The sum of all slots.
pub(in crate::publish) fn sum(series: &Series<'_>) -> EventCounts {
    series.slots.iter().fold(EventCounts::ZERO, |sum, slot| sum + slot.counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Millis, Period, SLOT_MS};

    #[test]
    fn rows_are_few_and_lose_no_event() {
        let slot = |n: i64| HistorySlot {
            start: Timestamp::from_millis(n * SLOT_MS),
            counts: EventCounts::new(9, 10),
            coverage: 0.5,
            ..HistorySlot::default()
        };
        let slots: Vec<HistorySlot> = (0..361).map(slot).collect();
        let period = Period::new(Timestamp::from_millis(0), Timestamp::from_millis(361 * SLOT_MS));
        let (pointers, changes, left_out) = (&[], &[], &[]);
        let series = Series { period, step: Millis(SLOT_MS), slots: &slots, pointers, changes, left_out, even: None };
        let rows = rows(&series);
        assert!(rows.len() <= ROWS_MAX);
        assert_eq!(rows.iter().map(|row| row.counts.total).sum::<i64>(), 3_610);
        assert_eq!((sum(&series).total, rows.last().unwrap().end), (3_610, period.end));
    }
}
