//! What the command line prints: tables, problems, log lines.

pub(crate) mod log;
pub mod problems;
pub mod table;
pub(crate) mod tables;
pub(crate) mod terminal;
