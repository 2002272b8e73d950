//! SLOs as a table. Must not know how they were chosen.

use std::sync::Arc;

use maud::{Markup, html};

use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::status::HistorySlot;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::web::charts::sparklines::Sparks;
use crate::publish::web::parts::{components, slo_figures, text};

/// With more rows none has a small chart: each costs a read of its history.
const SPARKS_MAX: usize = 50;

/// The head of a column.
pub(crate) struct Column {
    pub name: &'static str,
    pub is_number: bool,
    /// Where it leads to be sorted by.
    pub to: Option<String>,
    /// `ascending` or `descending`, where the list is sorted by it.
    pub sorted: Option<&'static str>,
}

/// An SLO of the list.
pub(crate) struct Listed {
    judgement: SloJudgement,
    spark: Option<Arc<Vec<HistorySlot>>>,
}

impl Listed {
    /// With their small charts, if they are few.
    pub async fn read(daemon: &ApiContext, sparks: &Sparks, slos: &[&SloJudgement]) -> Result<Vec<Listed>, Problem> {
        let shown: Vec<SloJudgement> = slos.iter().map(|slo| (*slo).clone()).collect();
        if shown.len() > SPARKS_MAX {
            return Ok(shown.into_iter().map(|judgement| Listed { judgement, spark: None }).collect());
        }
        let sparks = sparks.clone();
        daemon
            .ask(move |queries| {
                let row = |judgement: SloJudgement| {
                    let spark = Some(sparks.of(&*queries.slos, &judgement)?);
                    Ok(Listed { judgement, spark })
                };
                shown.into_iter().map(row).collect()
            })
            .await
    }
}

/// The columns of a list that is not sorted by hand.
pub(crate) fn plain_columns() -> Vec<Column> {
    let column = |(name, is_number)| Column { name, is_number, to: None, sorted: None };
    let names = [("State", false), ("SLO", false), ("Objective", true), ("Attainment", true)];
    let others = [("Error budget left", false), ("Burn 1h", true), ("Coverage", true)];
    names.into_iter().chain(others).map(column).collect()
}

pub(crate) fn table(rows: &[Listed], columns: &[Column]) -> Markup {
    let has_sparks = rows.iter().any(|row| row.spark.is_some());
    components::scroll(
        "SLOs",
        &html! {
            table.slos {
                thead { tr {
                    @for column in columns {
                        th.num[column.is_number] aria-sort=[column.sorted] scope="col" {
                            @match &column.to {
                                Some(to) => a href=(to) { (column.name) (arrow(column.sorted)) },
                                None => (column.name),
                            }
                        }
                    }
                    @if has_sparks { th scope="col" { "Budget over time" } }
                } }
                tbody { @for row in rows { (shown(row, has_sparks)) } }
            }
        },
    )
}

fn arrow(sorted: Option<&str>) -> &'static str {
    match sorted {
        Some("ascending") => " ▲",
        Some(_) => " ▼",
        None => "",
    }
}

fn shown(row: &Listed, has_sparks: bool) -> Markup {
    let slo = &row.judgement.slo;
    let Some(status) = row.judgement.windows.first() else {
        return html! {};
    };
    html! {
        tr class=(status.state.word()) {
            td { (components::state_chip(status.state)) }
            td.name {
                a href={ "/slos/" (text::segment(&slo.name)) } { (components::user(&slo.name)) }
                div.muted {
                    a href={ "/services/" (text::segment(&slo.service)) } { (components::user(&slo.service)) }
                    @if let Some(team) = slo.team() {
                        " · " a href={ "/teams/" (text::segment(team)) } { (components::user(team)) }
                    }
                }
            }
            td.num data-name="Objective" { (text::chosen(slo.objective.ratio())) div.muted { (status.window) } }
            td.num data-name="Attainment" { (slo_figures::attainment(status)) }
            td data-name="Error budget left" { (components::budget_bar(status)) }
            td.num data-name="Burn 1h" { (slo_figures::burn_now(status)) }
            td.num data-name="Coverage" { (slo_figures::coverage(status)) }
            @if has_sparks {
                td data-name="Budget over time" {
                    @let spark = row.spark.as_ref().and_then(|slots| components::sparkline(slots));
                    (spark.unwrap_or_else(|| components::absent(status.method)))
                }
            }
        }
    }
}
