//! The database file: its layout, its lock, the one writer, the readers.

pub(crate) mod error;
pub(crate) mod layout;
pub(crate) mod lock;
pub(crate) mod reader;
pub(crate) mod writer;
