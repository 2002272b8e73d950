//! Text on a terminal: results on stdout, problems on stderr, exit codes.

use std::io::{self, IsTerminal, Write};

use crate::cli::output::problems;
use crate::cli::output::table::Colour;

/// What is wrong is in the input: a configuration, a definition, a flag.
pub(crate) const BAD_INPUT: u8 = 2;

/// Prints problems, in colour on a terminal; whether there is an error.
pub(crate) fn report_problems(problems: &[crate::model::problem::Problem]) -> bool {
    let mut out = io::stderr();
    let _ = write!(out, "{}", problems::render(problems, Colour::of(&out)));
    problems.iter().any(|p| p.level == crate::model::problem::Level::Error)
}

/// Prints a text; on a terminal nothing in it is obeyed as a command. A pipe
/// that was closed early has had enough, which is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    if io::stdout().is_terminal() { print_as_is(&tame(text)) } else { print_as_is(text) }
}

pub(crate) fn print_as_is(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A text of several lines without anything that a terminal obeys.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
