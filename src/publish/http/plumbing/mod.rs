//! What every request passes through: connections, access, bodies, layers, routes, queries, problems.

pub(crate) mod access;
pub(crate) mod bodies;
pub(crate) mod connection;
pub(crate) mod context;
pub(crate) mod health;
pub(crate) mod layers;
pub(crate) mod openapi;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod routes;
pub mod settings;
pub(crate) mod shared;
pub(crate) mod tls;
