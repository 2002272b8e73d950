//! The finding about a source that does not answer.

use crate::evaluate::review::finding::{Finding, FindingKind};

/// What it means that a source does not answer.
pub(super) fn down(name: &str, kind: &str, error: &str) -> Finding {
    Finding::new(name, FindingKind::SourceDown { kind: kind.to_owned(), error: error.to_owned() })
}
