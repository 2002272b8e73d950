//! One text with its name, and the problems found in it so far. Crops source
//! lines for excerpts, hides what may be a secret, and keeps the list bounded.

use crate::model::problem::{Excerpt, Level, Problem};

use super::node::Span;

/// Problems kept per text: a file of another format can be wrong in every
/// line, and nobody reads more than this.
const PROBLEMS_MAX: usize = 200;
/// Characters of a source line shown before and after the place: wide enough
/// for a selector, and it bounds what a line of a megabyte can cost.
const EXCERPT_BEFORE: usize = 60;
const EXCERPT_AFTER: usize = 80;

/// Keys whose values are not shown in excerpts. A part of the key is enough:
/// hiding too much costs a little comfort, showing a password costs more.
const SECRET_KEYS: [&str; 9] =
    ["password", "passwd", "secret", "token", "authorization", "cookie", "credential", "api-key", "apikey"];

/// What stands for what is not shown.
const HIDDEN: &str = "<secret>";

/// A text and what was found wrong in it.
pub struct SourceText<'t> {
    file: String,
    lines: Vec<&'t str>,
    problems: Vec<Problem>,
    /// How many errors and warnings were not kept.
    dropped_errors: usize,
    dropped_warnings: usize,
}

impl<'t> SourceText<'t> {
    pub fn new(file: impl Into<String>, text: &'t str) -> Self {
        SourceText {
            file: file.into(),
            lines: text.lines().collect(),
            problems: Vec::new(),
            dropped_errors: 0,
            dropped_warnings: 0,
        }
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn error(&mut self, span: Span, path: &str, message: impl Into<String>, hint: Option<String>) {
        self.push(Level::Error, span, path, message.into(), hint);
    }

    pub fn warning(&mut self, span: Span, path: &str, message: impl Into<String>, hint: Option<String>) {
        self.push(Level::Warning, span, path, message.into(), hint);
    }

    /// An error of a key as such. Its value is not shown: a key that is not
    /// known may be a misspelt `password`.
    pub fn key_error(&mut self, key: Span, path: &str, message: impl Into<String>, hint: Option<String>) {
        let problems = self.problems.len();
        self.push(Level::Error, key, path, message.into(), hint);
        if let Some(excerpt) = self.problems.get_mut(problems).and_then(|problem| problem.excerpt.as_mut()) {
            excerpt.text = excerpt.text.chars().take(excerpt.caret + excerpt.width).collect();
        }
    }

    fn push(&mut self, level: Level, span: Span, path: &str, message: String, hint: Option<String>) {
        if self.problems.len() >= PROBLEMS_MAX {
            match level {
                Level::Error => self.dropped_errors += 1,
                Level::Warning => self.dropped_warnings += 1,
            }
            return;
        }
        let excerpt = self.excerpt(span);
        let file = self.file.clone();
        let (line, column, path) = (span.line, span.column, path.to_owned());
        self.problems.push(Problem { level, file, line, column, path, message, hint, excerpt, count: 1 });
    }

    /// How many errors there are so far: a reader that compares before and
    /// after knows whether what it read is sound.
    pub fn errors(&self) -> usize {
        self.dropped_errors + self.problems.iter().filter(|p| p.is_error()).count()
    }

    /// The problems in the order of the text.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems;
        problems.sort_by_key(|p| (p.line, p.column));
        for (level, dropped) in [(Level::Error, self.dropped_errors), (Level::Warning, self.dropped_warnings)] {
            if dropped > 0 {
                problems.push(Problem::not_shown(level, &self.file, dropped));
            }
        }
        problems
    }

    fn excerpt(&self, span: Span) -> Option<Excerpt> {
        let line = self.lines.get(usize::try_from(span.line).ok()?.checked_sub(1)?)?;
        let column = usize::try_from(span.column).ok()?.saturating_sub(1).min(line.chars().count());
        let skipped = column.saturating_sub(EXCERPT_BEFORE);
        let shown = hide_secret(line);
        let text: String = shown.chars().skip(skipped).take(EXCERPT_BEFORE + EXCERPT_AFTER).map(printable).collect();
        // A place within what is hidden becomes the hidden part.
        let hidden_at = (shown != *line).then(|| shown.chars().count().saturating_sub(HIDDEN.len()));
        let caret = column.min(hidden_at.unwrap_or(column)).saturating_sub(skipped);
        let room = text.chars().count().saturating_sub(caret).max(1);
        let width = usize::try_from(span.width).unwrap_or(1).clamp(1, room);
        Some(Excerpt { text: text.trim_end().to_owned(), caret, width })
    }
}

/// A character that a terminal shows as one column and never obeys.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || is_direction_mark(c) => '\u{fffd}',
        c => c,
    }
}

/// Marks that reorder what is shown, so that a line reads as another one.
pub fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The line up to what may be a secret: the value of a key that sounds like
/// one, the user and the query of an address. An error in a password is worth
/// less than the password.
fn hide_secret(line: &str) -> String {
    // Lower-casing ASCII moves no byte, so places are the same in `line`.
    let lower = line.to_ascii_lowercase();
    let colons =
        lower.match_indices(':').map(|(at, _)| (at, lower.get(..at).unwrap_or(""), lower.get(at + 1..).unwrap_or("")));
    let after_key = colons.into_iter().find(|(_, key, value)| sounds_secret(key, value)).map(|(at, ..)| at + 1);
    let scheme_end = lower.find("://").map(|at| at + "://".len());
    let user = lower.find('@').and_then(|at| match scheme_end {
        Some(end) if end < at => Some(end),
        _ => {
            let start = lower.get(..at)?.rfind([' ', '"', '\'', '{', '[']).map_or(0, |before| before + 1);
            lower.get(start..at)?.contains(':').then_some(start)
        }
    });
    let query = scheme_end.and_then(|end| Some(end + lower.get(end..)?.find('?')?));
    match [after_key, user, query].into_iter().flatten().min().and_then(|at| line.get(..at)) {
        Some(start) => format!("{} {HIDDEN}", start.trim_end()),
        None => line.to_owned(),
    }
}

/// Whether the value after a key is better not shown; `before` is the line up
/// to its colon.
fn sounds_secret(before: &str, value: &str) -> bool {
    let key = before.trim_end_matches(['"', '\'', ' ']);
    let word = key.rsplit([' ', '{', ',', '"', '\'']).next().unwrap_or(key);
    let credentials = word == "auth" && !value.trim().is_empty();
    // `password_file: /run/x` names a path, which helps when shown.
    credentials || !word.ends_with("_file") && SECRET_KEYS.iter().any(|secret| word.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(line: &str, column: u32, width: u32) -> Excerpt {
        SourceText::new("f", line).excerpt(Span { line: 1, column, width }).unwrap()
    }

    #[test]
    fn excerpts_are_cropped_and_tame() {
        let plain = excerpt("objective: 99.9", 12, 4);
        assert_eq!((plain.text.as_str(), plain.caret, plain.width), ("objective: 99.9", 11, 4));
        let long = excerpt(&format!("{}HERE{}", "x".repeat(500), "y".repeat(500)), 501, 4);
        assert_eq!(long.text.chars().count(), EXCERPT_BEFORE + EXCERPT_AFTER);
        assert!(long.text.chars().skip(long.caret).collect::<String>().starts_with("HERE"));
        assert_eq!(excerpt("a:\t\u{1b}[31m\u{202e}", 4, 99).text, "a: \u{fffd}[31m\u{fffd}");
        assert_eq!(excerpt("ab", 90, 5).caret, 2);
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(excerpt("  password: hunter2", 13, 7).text, "  password: <secret>");
        assert_eq!(excerpt("x: {Bearer_Token: abc, x: 1}", 1, 4).text, "x: {Bearer_Token: <secret>");
        assert_eq!(excerpt("  password_file: /run/x", 3, 4).text, "  password_file: /run/x");
        assert_eq!(
            excerpt("{password_file: /x, \"password\" : y}", 1, 1).text,
            "{password_file: /x, \"password\" : <secret>"
        );
        assert_eq!(excerpt("url: https://me:pw@host/", 1, 1).text, "url: https:// <secret>");
        assert_eq!(excerpt("url: https://host/?token=x", 1, 1).text, "url: https://host/ <secret>");
        assert_eq!(excerpt("- me:pw@host", 1, 1).text, "- <secret>");
        assert_eq!(excerpt("auth: me:pw", 1, 1).text, "auth: <secret>");
        assert_eq!(
            excerpt("auth: {pasword: pw}", 8, 7),
            Excerpt { text: "auth: <secret>".to_owned(), caret: 6, width: 8 - 1 }
        );
        assert_eq!(excerpt("bad: m @ 160", 1, 1).text, "bad: m @ 160");
    }
}
