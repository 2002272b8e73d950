//! What people measured and what a source answered, from the store.

use crate::model::kpi::Kpi;
use crate::model::kpi::measurement::Measurement;
use crate::model::operations::record::{Record, RecordKind};

/// The rows of one KPI.
pub(super) fn measurements(records: &[Record], kpi: &Kpi) -> Vec<Measurement> {
    let of_kpi = records.iter().filter(|record| record.kind == RecordKind::Measurement && !record.withdrawn);
    of_kpi.filter(|record| record.labels.get(MEASURED_KPI) == Some(kpi.name.as_str())).map(measurement).collect()
}

/// The labels under which a record keeps what was measured.
const MEASURED_KPI: &str = "kpi";

fn measurement(record: &Record) -> Measurement {
    let number = |name: &str| record.labels.get(name)?.parse::<f64>().ok().filter(|number| number.is_finite());
    Measurement {
        at: record.occurred_at,
        value: number("value"),
        numerator: number("numerator"),
        denominator: number("denominator"),
        is_open: record.labels.get("open") == Some("true"),
    }
}
