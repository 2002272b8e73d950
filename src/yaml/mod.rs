//! Text that people write, as a tree in which every node knows its place, and
//! the readers that turn nodes into values while collecting every problem on
//! the way. Shared by `definitions` and `config`: the only room that knows
//! YAML. Must not know what any key means, and does no I/O.
//!
//! A derived serde struct would stop at the first problem of a document. Here
//! each field is read by itself, so that one run of `check` names them all.

pub mod build;
pub mod fields;
pub mod node;
mod raw;
pub mod read;
pub mod source;
pub mod words;
pub mod write;
