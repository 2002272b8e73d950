//! Foreign protocols in. Sources hand over raw samples and facts; they must not
//! know how numbers are judged.

pub mod demo;
