//! How the months that are over went, a row for each series.

use crate::api::reviews::{MonthKnownJson, SeriesTrendJson, TrendVerdictJson, TrendsJson};
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{many, plain};
use crate::evaluate::review::trends::Series;
use crate::publish::series;

/// What it was in the months that are known.
fn known(followed: &SeriesTrendJson) -> impl DoubleEndedIterator<Item = String> {
    let unit = Series::from(followed.series).unit();
    followed.values.iter().flatten().map(move |v| plain(&series::value(unit, *v)))
}

pub fn trends(answer: &TrendsJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("OF EACH MONTH", Align::Left),
        ("FIRST", Align::Right),
        ("LAST", Align::Right),
        ("CHANGE A MONTH", Align::Right),
        ("MONTHS", Align::Right),
        ("TREND", Align::Left),
    ]);
    for followed in &answer.series {
        let tone = match followed.verdict {
            TrendVerdictJson::Better => Tone::Good,
            TrendVerdictJson::Worse => Tone::Bad,
            _ => Tone::Plain,
        };
        let series = Series::from(followed.series);
        let slope = followed.slope_per_month.map(|slope| plain(&series::slope(series.unit(), slope)));
        table.row(vec![
            Cell::new(series::name(series)),
            Cell::known(known(followed).next()),
            Cell::known(known(followed).next_back()),
            Cell::known(slope),
            Cell::new(&followed.n.to_string()),
            Cell::new(followed.verdict.as_str()).tone(tone),
        ]);
    }
    let known = answer.months.iter().filter(|month| month.known != MonthKnownJson::NotKnown).count();
    let ends = answer.months.first().zip(answer.months.last());
    let ends = ends.map_or(String::new(), |(first, last)| format!("; {} to {}", first.month, last.month));
    format!("{}{}, {known} of them known{ends}\n", table.render(colour), many(answer.months.len(), "month", "months"))
}
