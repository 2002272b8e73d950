//! Why an exposition is refused, and where.

use std::fmt;

use crate::model::labels::Labels;

/// Why a body was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    pub reason: Reason,
}

impl ParseError {
    pub(crate) fn at(body: &[u8], offset: usize, reason: Reason) -> ParseError {
        let before = body.get(..offset).unwrap_or(body);
        ParseError { line: memchr::memchr_iter(b'\n', before).count() + 1, reason }
    }

    /// Whether a limit was passed, rather than the format broken.
    pub fn is_limit(&self) -> bool {
        matches!(self.reason, Reason::TooMany { .. } | Reason::TooLong { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another character was expected; `None` is the end of the line.
    Expected {
        what: &'static str,
        found: Option<char>,
    },
    NotUtf8,
    /// A number that is no number, or one too large to be one.
    Number,
    Timestamp,
    UnknownType(String),
    /// `m{"n"}`: a second name.
    SecondName,
    MissingName,
    DuplicateLabel(String),
    /// One series twice with different values: which one counts cannot be known.
    Conflict(Labels),
    MissingEof,
    AfterEof,
    TooMany {
        what: &'static str,
        max: usize,
    },
    TooLong {
        what: &'static str,
        max_bytes: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Expected { what, found: Some(c) } => write!(f, "expected {what}, found {c:?}"),
            Reason::Expected { what, found: None } => write!(f, "expected {what}, found the end of the line"),
            Reason::NotUtf8 => f.write_str("the text is not valid UTF-8"),
            Reason::Number => f.write_str("the value is not a number that a 64-bit float can hold"),
            Reason::Timestamp => f.write_str("the timestamp is not a number of milliseconds (OpenMetrics: seconds)"),
            Reason::UnknownType(word) => write!(f, "{word:?} is not a metric type"),
            Reason::SecondName => f.write_str("the metric has a second name"),
            Reason::MissingName => f.write_str("the metric has no name"),
            Reason::DuplicateLabel(name) => write!(f, "duplicate label {name:?}"),
            Reason::Conflict(labels) => write!(f, "duplicate series {labels} with different values"),
            Reason::MissingEof => f.write_str("the text ends without `# EOF`: it was cut short"),
            Reason::AfterEof => f.write_str("text follows after `# EOF`"),
            Reason::TooMany { what, max } => write!(f, "more than {max} {what}"),
            Reason::TooLong { what, max_bytes } => write!(f, "a {what} longer than {max_bytes} bytes"),
        }
    }
}
