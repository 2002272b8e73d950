//! Something that needs attention, with what to do.

/// Something that a person should mend, with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The SLO or source it is about.
    pub subject: String,
    pub message: String,
    pub hint: String,
}
