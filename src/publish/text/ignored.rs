//! Why an acknowledgement does not count, for people.

use crate::evaluate::incident::external_records::{AT_ONCE_MAX, AT_ONCE_WITHIN};
use crate::model::operations::incident::IgnoredReason;

/// One clause, after the word "ignored".
pub fn ignored(reason: IgnoredReason) -> String {
    match reason {
        IgnoredReason::Automation => "given by automation, not by a person".to_owned(),
        IgnoredReason::Withdrawn => {
            "withdrawn or expired: the tool reports the incident as unacknowledged again".to_owned()
        }
        IgnoredReason::Bulk => {
            format!("bulk acknowledgement (more than {AT_ONCE_MAX} incidents within {AT_ONCE_WITHIN})")
        }
    }
}
