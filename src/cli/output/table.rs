//! Aligned columns on a terminal, by the width that characters have there. Texts are tamed here, so
//! that nothing from outside is obeyed by the terminal. Must not know what the
//! columns mean.

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use unicode_width::UnicodeWidthStr;

use crate::net::error::shown;

const RESET: &str = "\u{1b}[0m";
/// Between columns.
const GAP: &str = "  ";

/// Whether the output may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Bad,
    Warning,
    Good,
    Faint,
}

impl Colour {
    /// What a stream gets: no colour in a pipe, on a terminal that has none, and where
    /// `NO_COLOR` or `CLICOLOR=0` says so; `CLICOLOR_FORCE` asks for it everywhere.
    pub fn of(stream: &impl RawStream) -> Colour {
        match AutoStream::choice(stream) {
            ColorChoice::Never => Colour::Off,
            _ => Colour::On,
        }
    }
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Bad => Some("\u{1b}[31m"),
            Tone::Warning => Some("\u{1b}[33m"),
            Tone::Good => Some("\u{1b}[32m"),
            Tone::Faint => Some("\u{1b}[2m"),
        }
    }

    /// The text in this tone.
    pub fn paint(self, text: &str, colour: Colour) -> String {
        match (self.code(), colour) {
            (Some(code), Colour::On) => format!("{code}{text}{RESET}"),
            _ => text.to_owned(),
        }
    }
}

/// One cell; `None` is what is not known.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn new(text: &str) -> Cell {
        Cell { text: shown(text), tone: Tone::Plain }
    }

    /// `no data` for what is not known.
    pub fn known(text: Option<String>) -> Cell {
        match text {
            Some(text) => Cell::new(&text),
            None => Cell::new("no data").tone(Tone::Faint),
        }
    }

    /// The text, tamed.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn tone(mut self, tone: Tone) -> Cell {
        self.tone = tone;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A header and its rows.
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: &[(&'static str, Align)]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The header, if it has names, and all rows; nothing without rows.
    pub fn render(&self, colour: Colour) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let header: Vec<Cell> = self.columns.iter().map(|(name, _)| Cell::new(name)).collect();
        let named = self.columns.iter().any(|(name, _)| !name.is_empty());
        let lines = Some(&header).filter(|_| named).into_iter().chain(&self.rows);
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|i| lines.clone().filter_map(|row| row.get(i)).map(|c| c.text.width()).max().unwrap_or(0))
            .collect();
        lines.map(|row| self.line(row, &widths, colour)).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize], colour: Colour) -> String {
        let last = row.len().saturating_sub(1);
        let mut line = String::new();
        for (i, ((cell, width), (_, align))) in row.iter().zip(widths).zip(&self.columns).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.text.width()));
            let text = cell.tone.paint(&cell.text, colour);
            match align {
                Align::Right => line.push_str(&format!("{pad}{text}")),
                // Nothing follows that would have to be aligned.
                Align::Left if i == last => line.push_str(&text),
                Align::Left => line.push_str(&format!("{text}{pad}")),
            }
            if i < last {
                line.push_str(GAP);
            }
        }
        format!("{}\n", line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("STATE", Align::Left), ("BURN", Align::Right), ("SLO", Align::Left)]);
        table.row(vec![Cell::new("exhausted").tone(Tone::Bad), Cell::new("14.4x"), Cell::new("checkout")]);
        table.row(vec![Cell::new("ok"), Cell::known(None), Cell::new("a\u{1b}[2J\nb")]);
        table
    }

    #[test]
    fn columns_stand_below_each_other_and_hostile_text_is_tamed() {
        let expected = "\
STATE         BURN  SLO
exhausted    14.4x  checkout
ok         no data  a\\u{1b}[2J\\u{a}b
";
        assert_eq!(table().render(Colour::Off), expected);
        assert_eq!(Table::new(&[("SLO", Align::Left)]).render(Colour::Off), "");
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(&[("SLO", Align::Left), ("BURN", Align::Right)]);
        table.row(vec![Cell::new("支払い"), Cell::new("1x")]);
        table.row(vec![Cell::new("cafe\u{301}"), Cell::new("14x")]);
        let expected = "SLO     BURN\n支払い    1x\ncafe\u{301}     14x\n";
        assert_eq!(table.render(Colour::Off), expected);
    }

    #[test]
    fn colour_only_adds_escapes() {
        let coloured = table().render(Colour::On);
        assert!(coloured.contains("\u{1b}[31mexhausted\u{1b}[0m"), "{coloured:?}");
        let plain = ["\u{1b}[31m", "\u{1b}[2m", RESET].iter().fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, table().render(Colour::Off));
    }
}
