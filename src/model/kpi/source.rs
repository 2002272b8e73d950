//! Where the values of a KPI come from.

/// Where the values of a KPI come from.
#[derive(Clone, Debug, PartialEq)]
pub enum KpiSource {
    /// Computed from SLOs, incidents, alerts and changes.
    Builtin(BuiltinKpi),
    /// Asked of a source every hour.
    Promql(PromqlKpi),
    /// Rows that people or tools import or push.
    Records(RecordsKpi),
}

/// The figures that are computed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltinKpi {
    SloAttainment,
    TimeToAcknowledge,
    TimeToDetect,
    TimeToRestore,
    IncidentRecurrence,
    ChangeFailureRate,
    DeploymentSuccess,
    AlertNoise,
    RunbookCoverage,
}

impl BuiltinKpi {
    pub const ALL: [BuiltinKpi; 9] = [
        BuiltinKpi::SloAttainment,
        BuiltinKpi::TimeToAcknowledge,
        BuiltinKpi::TimeToDetect,
        BuiltinKpi::TimeToRestore,
        BuiltinKpi::IncidentRecurrence,
        BuiltinKpi::ChangeFailureRate,
        BuiltinKpi::DeploymentSuccess,
        BuiltinKpi::AlertNoise,
        BuiltinKpi::RunbookCoverage,
    ];

    pub fn word(self) -> &'static str {
        match self {
            BuiltinKpi::SloAttainment => "slo-attainment",
            BuiltinKpi::TimeToAcknowledge => "time-to-acknowledge",
            BuiltinKpi::TimeToDetect => "time-to-detect",
            BuiltinKpi::TimeToRestore => "time-to-restore",
            BuiltinKpi::IncidentRecurrence => "incident-recurrence",
            BuiltinKpi::ChangeFailureRate => "change-failure-rate",
            BuiltinKpi::DeploymentSuccess => "deployment-success",
            BuiltinKpi::AlertNoise => "alert-noise",
            BuiltinKpi::RunbookCoverage => "runbook-coverage",
        }
    }

    /// Whether its values are seconds; all others are shares.
    pub fn is_duration(self) -> bool {
        matches!(self, BuiltinKpi::TimeToAcknowledge | BuiltinKpi::TimeToDetect | BuiltinKpi::TimeToRestore)
    }
}

/// A question that a Prometheus answers at the end of every hour.
#[derive(Clone, Debug, PartialEq)]
pub struct PromqlKpi {
    /// The source that is asked; the only one where none is named.
    pub source: Option<String>,
    pub question: PromqlQuestion,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PromqlQuestion {
    /// The sums of both sides over all hours, divided.
    Ratio { numerator: String, denominator: String },
    /// The mean of the hours.
    Average { query: String },
    /// A quantile of the hours, 0..1.
    Quantile { query: String, quantile: f64 },
}

impl PromqlQuestion {
    /// The expressions that are asked: one, or numerator and denominator.
    pub fn expressions(&self) -> Vec<&str> {
        match self {
            PromqlQuestion::Ratio { numerator, denominator } => vec![numerator, denominator],
            PromqlQuestion::Average { query } | PromqlQuestion::Quantile { query, .. } => vec![query],
        }
    }
}

/// How rows become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordsKpi {
    pub combine: CombineRows,
    /// With fewer rows, or a smaller denominator, there is no value.
    pub rows_min: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CombineRows {
    /// Numerators and denominators are added up, then divided.
    Ratio,
    /// The Kaplan-Meier median; a row that says `open` is at least so long.
    Median,
    /// Values are added up.
    Sum,
    /// The latest row counts alone.
    Last,
}

impl CombineRows {
    pub const ALL: [CombineRows; 4] = [CombineRows::Ratio, CombineRows::Median, CombineRows::Sum, CombineRows::Last];

    pub fn word(self) -> &'static str {
        match self {
            CombineRows::Ratio => "ratio",
            CombineRows::Median => "median",
            CombineRows::Sum => "sum",
            CombineRows::Last => "last",
        }
    }
}
