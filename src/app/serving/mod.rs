//! Answers to the HTTP server.

pub mod answers;
pub(crate) mod board;
mod known;
pub(crate) mod pushing;
mod source_finding;
pub(crate) mod state;
pub(crate) mod web;
