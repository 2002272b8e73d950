//! The command line: what may be typed and how answers are printed. Must not
//! know how any of it is computed.

pub mod args;
pub mod problems;
