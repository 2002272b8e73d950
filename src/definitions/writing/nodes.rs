//! Parts of documents that are written.

use crate::yaml::build::text;
use crate::yaml::node::{Node, Span};

/// Everything is written at once, so it has no place.
pub(super) const SPAN: Span = Span { line: 0, column: 0, width: 0 };

pub(super) fn word(value: impl Into<String>) -> Option<Node> {
    Some(text(SPAN, value))
}
