//! The database file: its layout, its lock, the one writer, the readers.

pub(crate) mod backup;
pub(crate) mod error;
pub(crate) mod layout;
pub(crate) mod lock;
pub(crate) mod open;
pub(crate) mod pool;
pub(crate) mod reader;
pub(crate) mod schema;
mod upgrade;
pub(crate) mod writer;
