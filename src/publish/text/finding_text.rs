//! What the text of a finding consists of.

/// What was found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingText {
    pub message: String,
    pub hint: String,
}

impl FindingText {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> FindingText {
        FindingText { message: message.into(), hint: hint.into() }
    }
}
