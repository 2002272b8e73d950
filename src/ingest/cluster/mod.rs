//! Cluster objects to changes: Kubernetes Events, rollouts, manual actions.

pub mod cluster_events;
pub mod manual_actions;
pub mod rollouts;
pub mod workloads;
