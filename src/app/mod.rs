//! The running daemon: where all modules meet. Each folder has one subject; `daemon`
//! wires them.

pub mod alerting;
pub mod catalog;
mod counting;
pub mod daemon;
mod demo;
pub mod judging;
pub mod notifying;
pub mod proof;
pub mod reviewing;
pub mod runtime;
pub mod scoring;
pub mod serving;
#[cfg(test)]
mod testing;

pub use crate::app::catalog::setup::{DemoWorld, ProcessContext, Setup, identity};
pub use crate::app::daemon::{Daemon, Running};
