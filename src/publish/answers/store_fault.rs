//! Why something that was sent is not stored. Must not know the store.

use std::fmt;

/// The cause is for the log: it names files of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFault {
    pub cause: String,
    /// Whether no space is left.
    pub is_full: bool,
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}
