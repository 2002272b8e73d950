//! What one document defines, and where its name is written.

use crate::model::kpi::Kpi;
use crate::model::operations::correction::Correction;
use crate::model::slo::Slo;
use crate::yaml::node::Span;

/// What a document defines, and where its name stands.
pub(crate) struct Defined {
    pub what: Definition,
    pub name_span: Span,
}

pub(crate) enum Definition {
    Slo(Box<Slo>),
    Correction(Box<Correction>),
    Kpi(Box<Kpi>),
}

pub(crate) const SLO: &str = "SLO";

pub(crate) const CORRECTION: &str = "correction";

const KPI: &str = "KPI";

impl Definition {
    pub fn key(&self) -> (&'static str, String) {
        match self {
            Definition::Slo(slo) => (SLO, slo.name.clone()),
            Definition::Correction(correction) => (CORRECTION, correction.name.clone()),
            Definition::Kpi(kpi) => (KPI, kpi.name.clone()),
        }
    }
}
