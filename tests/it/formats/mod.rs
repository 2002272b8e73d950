//! Definitions of other tools in a running daemon, and files that are written for other
//! systems, checked by their own tools.

mod counts;
mod written;

use std::process::{Command, Output};

/// A run of evenkeel.
fn evenkeel(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenkeel")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
