//! The Kubernetes source against a real API server, with real controllers and
//! with a network that is cut.

#[path = "kubernetes/access.rs"]
mod access;
#[path = "kubernetes/by_hand.rs"]
mod by_hand;
#[path = "kubernetes/events.rs"]
mod events;
#[path = "kubernetes/rollouts.rs"]
mod rollouts;
#[path = "kubernetes/watching.rs"]
mod watching;
#[path = "kubernetes/workloads.rs"]
mod workloads;
