//! Problems as text for people: where, what, the line with a caret, and what
//! to write instead. Must not know where they come from.

use unicode_width::UnicodeWidthStr;

use crate::cli::output::table::Colour;
use crate::model::problem::{Excerpt, Level, Problem};

const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const BLUE: &str = "\u{1b}[34m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// All problems, then one line that counts them; nothing if there are none.
pub fn render(problems: &[Problem], colour: Colour) -> String {
    if problems.is_empty() {
        return String::new();
    }
    let paint = Paint { colour };
    let mut out = String::new();
    for problem in problems {
        out.push_str(&block(problem, &paint));
        out.push('\n');
    }
    out.push_str(&summary(problems));
    out.push('\n');
    out
}

/// "2 errors, 1 warning in 3 files".
fn summary(problems: &[Problem]) -> String {
    let count = |level| problems.iter().filter(|problem| problem.level == level).map(|problem| problem.count).sum();
    let counts: [(usize, &str); 2] = [(count(Level::Error), "error"), (count(Level::Warning), "warning")];
    let parts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| plural(*n, word)).collect();
    let mut files: Vec<&str> = problems.iter().map(|problem| problem.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    match files.len() {
        1 => parts.join(", "),
        n => format!("{} in {n} places", parts.join(", ")),
    }
}

/// `1 error`, `2 errors`.
pub fn plural(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

fn block(problem: &Problem, paint: &Paint) -> String {
    let colour = match problem.level {
        Level::Error => RED,
        Level::Warning => YELLOW,
    };
    let place = match problem.line {
        0 => tame(&problem.file),
        line => format!("{}:{line}:{}", tame(&problem.file), problem.column),
    };
    let head = paint.with(colour, &format!("{}:", problem.level.word()));
    let mut out = format!("{head} {place}: {}\n", tame(&problem.message));
    if let Some(excerpt) = &problem.excerpt {
        out.push_str(&snippet(excerpt, problem, colour, paint));
    }
    if let Some(hint) = &problem.hint {
        out.push_str(&format!("{} {}\n", paint.with(CYAN, "hint:"), tame(hint)));
    }
    out
}

/// The source line, and below it the caret with the field's path.
fn snippet(excerpt: &Excerpt, problem: &Problem, colour: &str, paint: &Paint) -> String {
    let number = format!("{:>5} |", problem.line);
    let margin = format!("{:>5} |", "");
    // Characters are counted, columns of the terminal are filled.
    let text = tame(&excerpt.text);
    let columns = |from: usize, n: usize| text.chars().skip(from).take(n).collect::<String>().width();
    let carets = "^".repeat(columns(excerpt.caret, excerpt.width).max(1));
    let path = if problem.path.is_empty() { String::new() } else { format!(" {}", tame(&problem.path)) };
    format!(
        "{} {}\n{} {}{}{path}\n",
        paint.with(BLUE, &number),
        text,
        paint.with(BLUE, &margin),
        " ".repeat(columns(0, excerpt.caret)),
        paint.with(colour, &carets),
    )
}

/// Text without anything that a terminal obeys: names of files are the user's.
fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

struct Paint {
    colour: Colour,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.colour == Colour::On { format!("{code}{text}{RESET}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem() -> Problem {
        Problem {
            level: Level::Error,
            file: "slos/checkout.yaml".to_owned(),
            line: 7,
            column: 14,
            path: "spec.objective".to_owned(),
            message: "`99.9` is more than everything".to_owned(),
            hint: Some("did you mean `99.9%`?".to_owned()),
            excerpt: Some(Excerpt { text: "  objective: 99.9".to_owned(), caret: 13, width: 4 }),
            count: 1,
        }
    }

    #[test]
    fn problems_that_are_not_shown_are_counted() {
        let problems = [problem(), Problem::not_shown(Level::Error, "slos/checkout.yaml", 400)];
        let shown = render(&problems, Colour::Off);
        assert!(shown.contains("400 more errors in this file are not shown"), "{shown}");
        assert!(shown.ends_with("\n401 errors\n"), "{shown}");
    }

    #[test]
    fn a_problem_shows_place_line_caret_and_hint() {
        let warning = Problem::of_file(Level::Warning, "slos", "no *.yaml or *.yml file in this directory", None);
        let expected = "\
error: slos/checkout.yaml:7:14: `99.9` is more than everything
    7 |   objective: 99.9
      |              ^^^^ spec.objective
hint: did you mean `99.9%`?

warning: slos: no *.yaml or *.yml file in this directory

1 error, 1 warning in 2 places
";
        assert_eq!(render(&[problem(), warning], Colour::Off), expected);
        assert_eq!(render(&[], Colour::Off), "");
    }

    #[test]
    fn colour_only_adds_escapes_and_hostile_names_none() {
        let mut hostile = problem();
        hostile.file = "a\u{1b}[2Jb\n.yaml".to_owned();
        let plain = render(&[hostile.clone()], Colour::Off);
        assert!(!plain.contains('\u{1b}') && plain.starts_with("error: a\u{fffd}[2Jb\u{fffd}.yaml:7:14:"));
        let mut coloured = render(&[hostile], Colour::On);
        assert!(coloured.contains(RED));
        for code in [RED, YELLOW, BLUE, CYAN, RESET] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, plain);
    }
}
