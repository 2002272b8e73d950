//! Answers to the HTTP server.

pub mod answers;
pub(crate) mod board;
mod source_finding;
pub(crate) mod web;
