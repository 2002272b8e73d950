//! Worlds for proofs: small, seeded, each with one thing that makes counting
//! hard. A world is known twice, by its event log and by the samples that a
//! scraper would have got of it; which events can be found in the samples is
//! said by the log alone. It must not know how anybody counts, and shares
//! nothing with the demo world.

mod cast;
mod chance;
mod claims;
pub(crate) mod log;
mod openmetrics;
mod play;
mod scenarios;
mod script;
mod server;
#[cfg(test)]
mod tests;
mod world;

pub use log::EventEntry;
pub use play::REQUESTS;
pub use scenarios::{WorldScenario, all, named};
pub use script::{JOB, SCRAPE_INTERVAL};
pub use server::{Server, ServerError, Tools};
pub use world::{Truth, World};

/// The promise that is judged in every world, as people write it.
pub fn definition(days: u32) -> String {
    format!(
        "apiVersion: evenkeel/v1
kind: SLO
metadata: {{name: shop, service: shop}}
spec:
  description: Requests that are answered without a server error.
  objective: 99.9%
  windows: [{days}d]
  indicator:
    ratio:
      bad: '{REQUESTS}{{job=\"{JOB}\",code=~\"5..\"}}'
      total: '{REQUESTS}{{job=\"{JOB}\"}}'
  alerts: {{tiers: none}}
"
    )
}
