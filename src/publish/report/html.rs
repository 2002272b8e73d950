//! A report as one HTML file that needs nothing beside itself: style inside, no
//! scripts, no addresses outside. Must not know what it shows.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::document::{Block, Cell, Column, ColumnKind, Document, Section, Table};
use crate::publish::budget_level::BudgetLevel;
use crate::publish::web::parts::text::clean;

/// The pages' own sheet, so that a report looks like them.
const PAGES: &str = include_str!("../web/evenkeel.css");
const STYLE: &str = include_str!("report.css");

pub(super) fn render(document: &Document) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (clean(&document.title)) }
                style { (PreEscaped(PAGES)) (PreEscaped(STYLE)) }
            }
            body {
                main.report {
                    header {
                        h1 { (clean(&document.title)) }
                        p.lead { (clean(&document.lead)) }
                    }
                    (tiles(document))
                    nav.contents aria-label="Contents" {
                        @for section in &document.sections { a href={ "#" (section.id) } { (section.title) } }
                    }
                    @for section in &document.sections { (shown(section)) }
                    p.closing { (clean(&document.closing)) }
                }
            }
        }
    }
    .into_string()
}

fn tiles(document: &Document) -> Markup {
    html! {
        div.tiles {
            @for tile in &document.tiles {
                div.tile {
                    div.name { (tile.name) }
                    div.value {
                        @match &tile.value {
                            Some(value) => (clean(value)),
                            None => span.no-data { "no data" },
                        }
                    }
                    div.remark { (clean(&tile.remark)) }
                }
            }
        }
    }
}

fn shown(section: &Section) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.title) }
            @for block in &section.blocks { (of_block(block)) }
        }
    }
}

fn of_block(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Title { id, text } => h3 id=(id) { (clean(text)) },
            Block::Text(text) => p { (clean(text)) },
            Block::List(items) => ul { @for item in items { li { (clean(item)) } } },
            Block::Table(table) => (of_table(table)),
            Block::Picture { caption, remark, picture } => figure {
                figcaption {
                    b { (clean(caption)) }
                    span.muted { (clean(remark)) }
                }
                (picture)
            },
        }
    }
}

fn of_table(table: &Table) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(clean(&named(table))) {
            table {
                thead { tr { @for column in &table.columns { th class=(class_of(column)) { (column.name) } } } }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (column, cell) in table.columns.iter().zip(row) {
                                td class=(class_of(column)) { (of_cell(cell)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the table is of, for those who reach it by keyboard.
fn named(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).filter(|name| !name.is_empty()).collect();
    format!("Table of {}", names.join(", "))
}

fn class_of(column: &Column) -> &'static str {
    match column.kind {
        ColumnKind::Number => "num",
        ColumnKind::Words => "words",
        ColumnKind::Text => "text",
    }
}

fn of_cell(cell: &Cell) -> Markup {
    let main = match (&cell.text, cell.chip, &cell.to) {
        (None, _, _) => html! { span.no-data { "no data" } },
        (Some(text), Some(chip), _) => html! { span class={ "chip " (chip) } { (clean(text)) } },
        (Some(text), None, Some(anchor)) => html! { a href={ "#" (anchor) } { bdi { (clean(text)) } } },
        (Some(text), None, None) => html! { bdi { (clean(text)) } },
    };
    html! {
        @if let Some(ratio) = cell.meter { span.metered { (meter(ratio)) (main) } } @else { (main) }
        @if let Some(remark) = &cell.remark { div.muted { (clean(remark)) } }
    }
}

/// What is left of a budget.
fn meter(ratio: f64) -> Markup {
    let class = format!("meter {}", BudgetLevel::of(ratio).class());
    let width = (ratio * 100.0).clamp(0.0, 100.0);
    html! {
        svg class=(class) viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect.track x="0" y="0" width="100" height="8" {}
            rect.fill x="0" y="0" width=(format!("{width:.1}")) height="8" {}
        }
    }
}
