//! The published surface over a real socket, answered from the sample shop.

mod access;
mod api;
mod changes;
mod clients;
mod contract;
mod hardening;
mod metrics;
mod pages;
mod port;
pub mod sample;
pub mod server;
pub mod world;
