//! The verbs, one file for each.

pub(crate) mod ask;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod gate;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod report;
pub(crate) mod run;
pub mod settings;
pub(crate) mod trial;
pub(crate) mod verify;
