//! The charts of one SLO: how its budget burned down, and what its traffic and its errors
//! were. Drawn by plotters; the style sheet gives its colours a meaning in light and dark.
//! A slot that nobody observed stays a gap.

pub(crate) mod axis;
pub(in crate::publish) mod budget;
pub(crate) mod kpi_points;
pub(in crate::publish) mod picture;
pub(in crate::publish) mod series;
pub(crate) mod sparklines;
pub(crate) mod timeline;
pub(in crate::publish) mod traffic;
pub(in crate::publish) mod values;
