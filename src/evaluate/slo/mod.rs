//! What the tiles of one SLO mean: attainment, error budget, burn rates, tiers.

pub mod burn_alerts;
pub mod compliance;
pub mod corrections;
pub mod exhaustion;
pub(crate) mod figures;
pub mod history;
pub mod likely;
pub mod objectives;
pub mod result;
pub mod slot_history;
pub(crate) mod slots;
pub mod status;
pub mod tiers;
