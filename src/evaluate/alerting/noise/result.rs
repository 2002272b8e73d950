//! The noise ratio, as a whole and by rule, team and receiver.

use crate::evaluate::alerting::load::Load;
use crate::evaluate::alerting::page_class::{PageClass, PageReason};
use crate::model::time::Millis;

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
