//! How the months up to this one went.

use super::document::{Block, Cell, Section, Table, number, text as column, words};
use crate::evaluate::review::trends::{SeriesTrend, Trends};
use crate::publish::report::input::ReportInput;
use crate::publish::series;

pub(super) fn section(input: &ReportInput) -> Section {
    let blocks = input
        .trends
        .as_ref()
        .map_or(Vec::new(), |trends| vec![Block::Text(series::about(trends)), Block::Table(table(trends))]);
    Section { id: "trends", title: "Over months", blocks }
}

fn table(trends: &Trends) -> Table {
    let row = |followed: &SeriesTrend| {
        let slope = followed.trend.map(|t| series::slope(followed.series.unit(), t.slope));
        vec![
            Cell::new(series::name(followed.series)),
            Cell::new(series::values(followed, "–").join(", ")),
            Cell::known(slope),
            Cell::new(followed.verdict.word()).remark(format!("n = {}", followed.n())),
        ]
    };
    let columns = vec![column("of each month"), words("month by month"), number("change a month"), column("trend")];
    let told = trends.series.iter().filter(|followed| followed.n() > 0);
    Table { columns, rows: told.map(row).collect() }
}
