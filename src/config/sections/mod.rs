//! The sections of the file, each read by itself.

pub(super) mod alerts;
pub(super) mod links;
pub(super) mod on_call;
pub(super) mod peers;
pub(super) mod place_labels;
pub(super) mod web;
pub(super) mod web_file;
pub(super) mod webhooks;
