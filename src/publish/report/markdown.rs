//! A report as Markdown (GitHub's, for its tables). Every text is escaped, so
//! that no label can make a link, an image, HTML or a column.

use std::fmt::Write as _;

use super::document::{Block, Cell, ColumnKind, Document, Table};
use crate::publish::web::parts::text::clean;

const NO_DATA: &str = "no data";

pub(super) fn render(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n", escaped(&document.title), escaped(&document.lead));
    out.push('\n');
    for tile in &document.tiles {
        let value = tile.value.as_deref().unwrap_or(NO_DATA);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "- **{}**: {}. {}", tile.name, escaped(value), escaped(&tile.remark));
    }
    for section in &document.sections {
        let _ = writeln!(out, "\n## {}", section.title);
        for block in &section.blocks {
            write_block(&mut out, block);
        }
    }
    let _ = writeln!(out, "\n---\n\n{}", escaped(&document.closing));
    out
}

fn write_block(out: &mut String, block: &Block) {
    let _ = match block {
        Block::Title { text, .. } => writeln!(out, "\n### {}", escaped(text)),
        Block::Text(text) => writeln!(out, "\n{}", escaped(text)),
        Block::List(items) => {
            out.push('\n');
            items.iter().try_for_each(|item| writeln!(out, "- {}", escaped(item)))
        }
        Block::Table(table) => {
            write_table(out, table);
            Ok(())
        }
        Block::Picture { .. } => Ok(()),
    };
}

fn write_table(out: &mut String, table: &Table) {
    let names: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
    let rules: Vec<&str> =
        table.columns.iter().map(|c| if c.kind == ColumnKind::Number { "---:" } else { "---" }).collect();
    let _ = writeln!(out, "\n| {} |\n| {} |", names.join(" | "), rules.join(" | "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

fn cell(cell: &Cell) -> String {
    let main = escaped(cell.text.as_deref().unwrap_or(NO_DATA));
    match &cell.remark {
        Some(remark) => format!("{main} ({})", escaped(remark)),
        None => main,
    }
}

/// One line of plain text that means only itself.
pub(in crate::publish) fn escaped(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = None;
    for c in text.chars() {
        match c {
            '\n' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&' | '$' | '@' => {
                out.push('\\');
                out.push(c);
            }
            // An address would become a link by itself.
            '/' if before == Some(':') => out.push_str("\\/"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("\\."),
            // At the beginning of a line these make a list or a headline.
            '-' | '+' | '=' if before.is_none() => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if out.chars().all(|d| d.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}
