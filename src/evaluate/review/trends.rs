//! How incidents and alerting went over civil months: the figures of each month
//! as series, and whether each series rises or falls. Must not know how the
//! figures of a month were made, nor how they are kept.
//!
//! The test takes months to be independent of each other. Where a bad month
//! makes the next one worse, or a season does, it finds a trend more often than
//! it says.

use super::verdict::{TestResult, TrendVerdict, verdicts};
use crate::evaluate::statistics::trend::{Trend, trend};
use crate::model::operations::restatement::NamedFigure;
use crate::model::time::Period;
use crate::model::time::window::Month;

/// Months that are followed where nobody says how many: with each season once.
pub const MONTHS_DEFAULT: usize = 12;

/// Three of each season. What lies further back was another system.
pub const MONTHS_MAX: usize = 36;

/// One month is no course of time.
const TOLD_MONTHS_MIN: usize = 2;

/// What is followed. Of all of them less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Series {
    /// Incidents that began.
    Incidents,
    /// The share of them that nobody was paged for.
    Undetected,
    /// Kaplan-Meier median of the incidents that began.
    Detect,
    Acknowledge,
    Restore,
    /// Sum over incidents of the largest share of a budget that an SLO lost in
    /// each; may pass 1.
    BudgetBurned,
    /// Incident-level pages that were judged.
    Pages,
    /// The share of them that was noise for certain.
    NoiseLower,
    /// The share of them that was noise or of unknown worth.
    NoiseUpper,
}

/// In what a series is measured; its slope is in the same for each month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Seconds,
    /// A share; that of noise and of undetected incidents lies in 0..1.
    Ratio,
}

impl Unit {
    pub fn word(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Seconds => "seconds",
            Unit::Ratio => "ratio",
        }
    }
}

impl Series {
    pub const ALL: [Series; 9] = [
        Series::Incidents,
        Series::Undetected,
        Series::Detect,
        Series::Acknowledge,
        Series::Restore,
        Series::BudgetBurned,
        Series::Pages,
        Series::NoiseLower,
        Series::NoiseUpper,
    ];

    /// The name of a headline figure; that of `Undetected` follows from two.
    pub fn word(self) -> &'static str {
        match self {
            Series::Incidents => "incidents",
            Series::Undetected => "undetected_ratio",
            Series::Detect => "detect_median_seconds",
            Series::Acknowledge => "acknowledge_median_seconds",
            Series::Restore => "restore_median_seconds",
            Series::BudgetBurned => "budget_burned_ratio",
            Series::Pages => "pages",
            Series::NoiseLower => "noise_lower_ratio",
            Series::NoiseUpper => "noise_upper_ratio",
        }
    }

    pub fn unit(self) -> Unit {
        match self {
            Series::Incidents | Series::Pages => Unit::Count,
            Series::Detect | Series::Acknowledge | Series::Restore => Unit::Seconds,
            Series::Undetected | Series::BudgetBurned | Series::NoiseLower | Series::NoiseUpper => Unit::Ratio,
        }
    }

    pub fn from_word(word: &str) -> Option<Series> {
        Series::ALL.into_iter().find(|series| series.word() == word)
    }

    /// Its value in a month with these headline figures.
    fn of(self, figures: &[NamedFigure]) -> Option<f64> {
        let figure = |word: &str| figures.iter().find(|(name, _)| name == word).and_then(|(_, value)| *value);
        match self {
            Series::Undetected => {
                let incidents = figure(Series::Incidents.word()).filter(|n| *n > 0.0)?;
                Some(figure("undetected_incidents")? / incidents)
            }
            series => figure(series.word()),
        }
    }
}

/// What is known of a month.
#[derive(Clone, Debug, PartialEq)]
pub enum MonthFigures {
    /// From the stored facts, which have all of it.
    Stored(Vec<NamedFigure>),
    /// As they were first published: the facts are not all there any more.
    Published(Vec<NamedFigure>),
    /// Nothing that holds for the whole month.
    NotKnown,
}

impl MonthFigures {
    pub fn word(&self) -> &'static str {
        match self {
            MonthFigures::Stored(_) => "stored",
            MonthFigures::Published(_) => "published",
            MonthFigures::NotKnown => "not known",
        }
    }

    fn figures(&self) -> &[NamedFigure] {
        match self {
            MonthFigures::Stored(figures) | MonthFigures::Published(figures) => figures,
            MonthFigures::NotKnown => &[],
        }
    }
}

/// A civil month and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedMonth {
    pub month: Month,
    pub period: Period,
    pub figures: MonthFigures,
}

/// Months that follow each other, the oldest first, and what became of each
/// series over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Trends {
    pub months: Vec<FollowedMonth>,
    /// In the order of `Series::ALL`.
    pub series: Vec<SeriesTrend>,
}

impl Trends {
    pub fn months_known(&self) -> usize {
        self.months.iter().filter(|month| month.figures != MonthFigures::NotKnown).count()
    }

    /// Whether there is anything to show.
    pub fn is_told(&self) -> bool {
        self.months_known() >= TOLD_MONTHS_MIN
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesTrend {
    pub series: Series,
    /// One for each month; absent where it is not known.
    pub values: Vec<Option<f64>>,
    /// Its slope is per month; absent with too few months.
    pub trend: Option<Trend>,
    pub verdict: TrendVerdict,
}

impl SeriesTrend {
    /// Months in which it is known.
    pub fn n(&self) -> usize {
        self.values.iter().flatten().count()
    }
}

/// Follows all series over months, the oldest first; their verdicts are taken
/// together.
pub fn trends(months: Vec<FollowedMonth>) -> Trends {
    let values = |series: Series| months.iter().map(|m| series.of(m.figures.figures())).collect::<Vec<_>>();
    let followed = Series::ALL.map(|series| {
        let values = values(series);
        (series, trend(&values), values)
    });
    let findings = followed.each_ref().map(|(_, trend, _)| trend.map(|t| TestResult { p: t.p, is_better: t.s < 0 }));
    let series = followed
        .into_iter()
        .zip(verdicts(&findings))
        .map(|((series, trend, values), verdict)| SeriesTrend { series, values, trend, verdict })
        .collect();
    Trends { months, series }
}

#[cfg(test)]
mod tests;
