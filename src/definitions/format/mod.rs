//! Our own format: each section of a definition to its validated type.

pub(crate) mod alerting_policy;
pub(crate) mod composite;
pub(crate) mod correction;
pub(crate) mod groups;
pub(crate) mod indicator;
pub(crate) mod kpi;
pub(crate) mod labels;
pub(crate) mod objectives;
pub(crate) mod policy;
pub(crate) mod ratio;
pub(crate) mod slo;
pub(crate) mod windows;
