//! A report before it has a format: sections of sentences, tables and pictures.
//! Texts in it are raw; each format escapes them. Must not know formats.

use maud::Markup;

/// A whole report.
pub(super) struct Document {
    pub title: String,
    pub lead: String,
    pub tiles: Vec<Tile>,
    pub sections: Vec<Section>,
    pub closing: String,
}

/// A headline number.
pub(super) struct Tile {
    pub name: &'static str,
    /// `None`: not known.
    pub value: Option<String>,
    pub remark: String,
}

pub(super) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub blocks: Vec<Block>,
}

pub(super) enum Block {
    /// A title within the section, and the anchor by which others point to it.
    Title {
        id: String,
        text: String,
    },
    Text(String),
    List(Vec<String>),
    Table(Table),
    /// Shown by formats that can.
    Picture {
        caption: String,
        remark: String,
        picture: Markup,
    },
}

pub(super) struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Copy)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Text,
    Number,
    /// Sentences, which may break.
    Words,
}

/// What stands in one field of a table.
#[derive(Default)]
pub(super) struct Cell {
    /// `None`: not known.
    pub text: Option<String>,
    /// Under the text, smaller.
    pub remark: Option<String>,
    /// A class that gives the text a colour.
    pub chip: Option<&'static str>,
    /// The anchor of what it stands for.
    pub to: Option<String>,
    /// A share of a whole, drawn beside the text; may be negative.
    pub meter: Option<f64>,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Cell {
        Cell { text: Some(text.into()), ..Cell::default() }
    }

    pub fn known(text: Option<String>) -> Cell {
        Cell { text, ..Cell::default() }
    }

    pub fn chip(word: &'static str, class: &'static str) -> Cell {
        Cell { text: Some(word.to_owned()), chip: Some(class), ..Cell::default() }
    }

    pub fn remark(self, remark: impl Into<String>) -> Cell {
        let remark = remark.into();
        Cell { remark: (!remark.is_empty()).then_some(remark), ..self }
    }

    pub fn to(self, anchor: String) -> Cell {
        Cell { to: Some(anchor), ..self }
    }
}

pub(super) fn text(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Text }
}

pub(super) fn number(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Number }
}

pub(super) fn words(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Words }
}

/// `1 page`, `2 pages`.
pub(super) fn many(n: usize, one: &str, more: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {more}") }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The first of many, and how many more there are.
pub(super) fn few(items: &[String], most: usize) -> String {
    match items.len().checked_sub(most) {
        Some(more) if more > 0 => {
            let shown: Vec<&str> = items.iter().take(most).map(String::as_str).collect();
            format!("{} and {more} more", shown.join(", "))
        }
        _ => listed(items),
    }
}
