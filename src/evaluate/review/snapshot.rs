//! Everything that is published at one moment.

use std::sync::Arc;

use super::compare::Comparison;
use super::trends::Trends;
use crate::evaluate::alerting::action::Evidence;
use crate::evaluate::alerting::alerts::Alerts;
use crate::evaluate::alerting::load::Load;
use crate::evaluate::alerting::measures::Measure;
use crate::evaluate::alerting::rules::RuleScores;
use crate::evaluate::alerting::upkeep::Upkeep;
use crate::evaluate::slo::status::SloStatus;
use crate::model::operations::alert::AlertId;
use crate::model::operations::incident::{Episode, Incident};
use crate::model::operations::record::Record;
use crate::model::slo::{AlertTier, Slo};
use crate::model::time::{Millis, Timestamp};

/// The judgement of all SLOs at `as_of`, with what is derived from alerts.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// `None` until the first evaluation.
    pub as_of: Option<Timestamp>,
    pub slos: Vec<SloJudgement>,
    pub review: Arc<Review>,
    /// The incidents of the review beside those of as long a time before it;
    /// `None` until both were looked at.
    pub comparison: Option<Arc<Comparison>>,
    /// Of the last year; `None` until its months were looked at.
    pub trends: Option<Arc<Trends>>,
    pub findings: Arc<Vec<Finding>>,
}

/// One SLO over all its windows.
#[derive(Clone, Debug)]
pub struct SloJudgement {
    pub slo: Arc<Slo>,
    /// In the order of the definition; never empty.
    pub windows: Vec<SloStatus>,
    /// Good and bad events since this process started, for `_events_total`.
    pub good_since_start: u64,
    pub bad_since_start: u64,
    pub tiers: Vec<TierStatus>,
}

/// Whether one burn-rate tier fires.
#[derive(Clone, Debug, PartialEq)]
pub struct TierStatus {
    pub tier: AlertTier,
    /// The burn rate above which it fires.
    pub factor: f64,
    pub long_rate: Option<f64>,
    pub short_rate: Option<f64>,
    pub verdict: TierVerdict,
    /// The longer lookback that the guard for low traffic judged by, if it had
    /// to look further back than the tier says.
    pub stretched: Option<Millis>,
    /// How often the guard has begun to hold this tier back since this process
    /// started.
    pub held_back: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierVerdict {
    Firing,
    Quiet,
    /// Both rates are above the factor, but fewer events failed than the guard
    /// asks for.
    HeldBack,
    /// Too little is known to say either; the alert stays as it is.
    Frozen,
}

/// What follows from alerts, episodes and changes over the stored history.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// The moment up to which the facts are taken in; `None` before the first
    /// review, when nothing is known.
    pub as_of: Option<Timestamp>,
    /// Since when anything is known, within the period; `None` if nothing is.
    pub known_since: Option<Timestamp>,
    /// Newest first.
    pub incidents: Vec<Incident>,
    pub episodes: Vec<Episode>,
    /// Newest first.
    pub alerts: Alerts,
    pub noise: Noise,
    pub durations: Durations,
    pub rules: RuleScores,
    pub upkeep: Upkeep,
    pub measures: Vec<Measure>,
    /// What was told of incidents that nothing here knows, newest first.
    pub loose: Vec<Record>,
}

/// Time to detect, acknowledge, restore and resolve, over all incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations {
    pub detect: DurationStat,
    pub acknowledge: DurationStat,
    pub restore: DurationStat,
    pub resolve: DurationStat,
}

/// A distribution of durations in which open incidents are censored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DurationStat {
    /// Durations that ended.
    pub n: usize,
    /// Durations that are still open: known to be at least so long.
    pub censored: usize,
    /// Kaplan-Meier median; absent when fewer than half have ended or n is 0.
    pub median: Option<Millis>,
    /// Where the median lies with 95 % confidence; absent below six durations.
    /// The upper end is absent while the open ones leave it unknown.
    pub median_interval: Option<(Millis, Option<Millis>)>,
    /// Kaplan-Meier 90th percentile; absent where fewer have ended.
    pub p90: Option<Millis>,
    /// As for the median; absent below 36 durations.
    pub p90_interval: Option<(Millis, Option<Millis>)>,
    /// The mean, for those who know it from elsewhere; absent while one is open,
    /// when it would be too short. One long incident moves it at will: never
    /// compare it.
    pub mean: Option<Millis>,
    /// The ended durations, shortest first.
    pub values: Vec<Millis>,
    /// How long the open ones have been going on, shortest first.
    pub open: Vec<Millis>,
}

/// The share of pages that were not worth it, as a band.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noise {
    /// Incident-level pages that were judged: one per rule and incident,
    /// without the planned ones.
    pub pages: usize,
    /// noise / pages; absent without pages.
    pub lower: Option<f64>,
    /// (noise + unknown) / pages.
    pub upper: Option<f64>,
    /// 95 % confidence bounds of the band, were these pages a sample of many.
    pub interval: Option<(f64, f64)>,
    /// Pages by class, in a fixed order, classes with none included.
    pub classes: Vec<(PageClass, usize)>,
    /// Per rule, noisiest first.
    pub rules: Vec<RuleNoise>,
    /// Per team in order of name, those without one last; empty where no page
    /// names a team.
    pub teams: Vec<TeamNoise>,
    /// Per receiver of notifications, by name; a page that several were told of counts
    /// for each. Empty where nobody says who was told.
    pub receivers: Vec<ReceiverNoise>,
    /// Of all teams together.
    pub load: Load,
    /// Each page with its class and the reason, newest first.
    pub page_reasons: Vec<PageReason>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RuleNoise {
    pub rule: String,
    pub pages: usize,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: Vec<(PageClass, usize)>,
    /// How long its alerts fired, summed.
    pub firing: Millis,
    /// What its noisy pages cost, in pages by day; one in the night counts more.
    pub noise_cost: f64,
}

/// The pages of one team.
#[derive(Clone, Debug, PartialEq)]
pub struct TeamNoise {
    /// `None` where neither alert nor SLO names one.
    pub team: Option<String>,
    pub pages: usize,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: Vec<(PageClass, usize)>,
    pub load: Load,
}

/// The pages that one receiver was told of.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiverNoise {
    pub receiver: String,
    pub pages: usize,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub classes: Vec<(PageClass, usize)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PageReason {
    pub alert: AlertId,
    pub rule: String,
    pub service: Option<String>,
    pub team: Option<String>,
    pub at: Timestamp,
    pub class: PageClass,
    /// A sentence with the numbers behind the class.
    pub reason: String,
    /// What people did about it, by time.
    pub evidence: Vec<Evidence>,
}

/// What a page was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageClass {
    Actionable,
    Flap,
    Short,
    Duplicate,
    Repeat,
    AlwaysOn,
    NoImpact,
    Planned,
    Unknown,
}

impl PageClass {
    pub const ALL: [PageClass; 9] = [
        PageClass::Actionable,
        PageClass::Flap,
        PageClass::Short,
        PageClass::Duplicate,
        PageClass::Repeat,
        PageClass::AlwaysOn,
        PageClass::NoImpact,
        PageClass::Planned,
        PageClass::Unknown,
    ];

    pub fn word(self) -> &'static str {
        match self {
            PageClass::Actionable => "actionable",
            PageClass::Flap => "flap",
            PageClass::Short => "short",
            PageClass::Duplicate => "duplicate",
            PageClass::Repeat => "repeat",
            PageClass::AlwaysOn => "always-on",
            PageClass::NoImpact => "no-impact",
            PageClass::Planned => "planned",
            PageClass::Unknown => "unknown",
        }
    }

    pub fn is_noise(self) -> bool {
        !matches!(self, PageClass::Actionable | PageClass::Planned | PageClass::Unknown)
    }
}

/// Something that a person should mend, with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The SLO or source it is about.
    pub subject: String,
    pub message: String,
    pub hint: String,
}
