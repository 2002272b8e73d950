//! The findings about what does not work: a source that does not answer, a store that
//! cannot be written.

use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::evaluate::review::store_problem::StoreProblem;
use crate::model::kinds::SourceKind;
use crate::publish::answers::StoreFault;

/// What it means that a source does not answer.
pub(super) fn down(name: &str, kind: SourceKind, error: &str) -> Finding {
    Finding::new(name, FindingKind::SourceDown { kind, error: error.to_owned() })
}

/// Why nothing can be stored.
pub(super) fn unwritable(fault: StoreFault) -> Finding {
    let problem = StoreProblem::Unwritable { reason: fault.cause, is_full: fault.is_full };
    Finding::new("store", FindingKind::Store(problem))
}
