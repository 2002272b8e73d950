//! What is wrong with a body, and where.

use std::fmt;

use super::sender::sender_of;
use crate::net::error::shown;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// From 1.
    pub line: Option<usize>,
    /// From 1: the character of JSON, the field of CSV.
    pub column: Option<usize>,
    /// `[3].occurred_at`; empty for the whole.
    pub place: String,
    pub message: String,
}

impl Flaw {
    pub(super) fn whole(message: impl Into<String>) -> Flaw {
        Flaw { line: None, column: None, place: String::new(), message: message.into() }
    }

    pub(super) fn at(place: impl Into<String>, message: impl Into<String>) -> Flaw {
        Flaw { place: place.into(), ..Flaw::whole(message) }
    }

    /// A complaint of the JSON parser; `line` is the line of a text that is part
    /// of a larger one.
    pub(super) fn of_json(error: &serde_json::Error, line: Option<usize>) -> Flaw {
        let known = error.line() > 0;
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or_default();
        Flaw {
            line: line.or(known.then_some(error.line())),
            column: known.then_some(error.column()),
            ..Flaw::whole(shown(message))
        }
    }

    /// A body that does not have the form of its webhook.
    pub(super) fn of_form(error: &serde_json::Error, expected: &str, text: &str) -> Flaw {
        let flaw = Flaw::of_json(error, None);
        match sender_of(text) {
            Some(found) => Flaw { message: format!("expected {expected}, found {found} ({})", flaw.message), ..flaw },
            None => flaw,
        }
    }

    pub(super) fn no_text(body: &[u8], valid: usize) -> Flaw {
        let before = body.get(..valid).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        Flaw { line: Some(line), column: Some(column), ..Flaw::whole("request body is not valid UTF-8") }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            if let Some(column) = self.column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        }
        if !self.place.is_empty() {
            write!(f, "{}: ", shown(&self.place))?;
        }
        f.write_str(&self.message)
    }
}
