//! Identities of what is stored: each a hash, so that it outlives a restart.

use std::fmt;

use crate::model::labels::hex;

/// The content hash of an indicator and its source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SliId(pub [u8; 16]);

impl fmt::Display for SliId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for SliId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SliId({self})")
    }
}

/// A hash of the SLO and the episode's first minute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpisodeId(pub [u8; 16]);

/// A hash of the service and the incident's first minute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub [u8; 16]);
