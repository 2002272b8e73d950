//! How urgently a person is wanted.

use super::words::words;

words! {
    /// How urgently a person is wanted.
    SeverityJson as Severity {
        Page = "page",
        Ticket = "ticket",
        Info = "info",
    }
}
