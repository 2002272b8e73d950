//! The value that is wanted: a fixed one, or better than it was.

/// What a KPI is compared with. At least one of the two is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KpiTarget {
    pub absolute: Option<f64>,
    pub trend: Option<TrendTarget>,
}

/// Better than the baseline.
///
/// The baseline is the median of the first `baseline_periods` closed periods whose
/// value is known. A figure that should fall is wanted at
/// `baseline * (1 - improvement)`. Of a share that should rise, what is missing to
/// 100 % is wanted to shrink by the improvement; any other figure that should rise is
/// wanted at `baseline * (1 + improvement)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendTarget {
    /// 0.2 for "better by 20 %".
    pub improvement: f64,
    pub baseline_periods: u32,
    /// When the absolute target takes over; never where it is absent.
    pub switch: Option<TargetSwitch>,
}

/// The absolute target applies from the first time on that so many known periods in a
/// row lie so close to their median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetSwitch {
    pub stable_periods: u32,
    /// The largest distance from the median, as a share of it.
    pub within: f64,
}
