//! How the months that are over went, a row for each series.

use serde::Deserialize;

use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{many, plain};
use crate::evaluate::review::trends::Series;
use crate::publish::series;

#[derive(Debug, Deserialize)]
pub struct Trends {
    months: Vec<Month>,
    series: Vec<Followed>,
}

#[derive(Debug, Deserialize)]
struct Month {
    month: String,
    known: String,
}

#[derive(Debug, Deserialize)]
struct Followed {
    #[serde(deserialize_with = "of_word")]
    series: Series,
    values: Vec<Option<f64>>,
    n: usize,
    slope_per_month: Option<f64>,
    verdict: String,
}

fn of_word<'a, D: serde::Deserializer<'a>>(from: D) -> Result<Series, D::Error> {
    let word = String::deserialize(from)?;
    Series::from_word(&word).ok_or_else(|| serde::de::Error::custom(format!("unknown series `{word}`")))
}

impl Followed {
    /// What it was in a month; months that are not known are left out.
    fn known(&self) -> impl DoubleEndedIterator<Item = String> {
        self.values.iter().flatten().map(|v| plain(&series::value(self.series.unit(), *v)))
    }
}

pub fn trends(answer: &Trends, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("OF EACH MONTH", Align::Left),
        ("FIRST", Align::Right),
        ("LAST", Align::Right),
        ("CHANGE A MONTH", Align::Right),
        ("MONTHS", Align::Right),
        ("TREND", Align::Left),
    ]);
    for followed in &answer.series {
        let tone = match followed.verdict.as_str() {
            "better" => Tone::Good,
            "worse" => Tone::Bad,
            _ => Tone::Plain,
        };
        let slope = followed.slope_per_month.map(|slope| plain(&series::slope(followed.series.unit(), slope)));
        table.row(vec![
            Cell::new(series::name(followed.series)),
            Cell::known(followed.known().next()),
            Cell::known(followed.known().next_back()),
            Cell::known(slope),
            Cell::new(&followed.n.to_string()),
            Cell::new(&followed.verdict).tone(tone),
        ]);
    }
    let known = answer.months.iter().filter(|month| month.known != "not known").count();
    let ends = answer.months.first().zip(answer.months.last());
    let ends = ends.map_or(String::new(), |(first, last)| format!("; {} to {}", first.month, last.month));
    format!("{}{}, {known} of them known{ends}\n", table.render(colour), many(answer.months.len(), "month", "months"))
}
