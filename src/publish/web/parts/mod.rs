//! The parts that pages are made of.

pub(crate) mod answer;
pub(crate) mod asked;
pub(crate) mod change_table;
pub(crate) mod classes_bar;
pub(crate) mod components;
pub(crate) mod history_notes;
pub(crate) mod layout;
pub(crate) mod links;
pub(crate) mod slo_figures;
pub(crate) mod text;
pub(crate) mod verdicts;
