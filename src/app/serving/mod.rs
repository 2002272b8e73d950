//! Queries and commands of the HTTP server.

pub(crate) mod board;
pub(crate) mod commands;
mod known;
pub(crate) mod pushing;
mod queries;
mod source_finding;
pub(crate) mod state;
pub(crate) mod web;
