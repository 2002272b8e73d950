//! Shares, loads and distributions as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::evaluate::alerting::load::Load;
use crate::evaluate::alerting::page_class::PageClass;
use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::statistics::shares::Share;
use crate::model::time::Millis;
use crate::publish::http::api::time::seconds;

pub(crate) fn classes(counts: &[(PageClass, usize)]) -> BTreeMap<&'static str, usize> {
    counts.iter().map(|(class, n)| (class.word(), *n)).collect()
}

/// What pages cost the people on call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Load)]
pub(crate) struct LoadJson {
    pages: usize,
    /// Pages to one team within five minutes are one.
    interruptions: usize,
    /// `null` before the first shift is over.
    per_shift: Option<f64>,
    worst_shift: usize,
    /// In the sleep hours of the team.
    off_hours: ShareJson,
}

impl From<&Load> for LoadJson {
    fn from(load: &Load) -> Self {
        LoadJson {
            pages: load.pages,
            interruptions: load.interruptions,
            per_shift: load.per_shift(),
            worst_shift: load.worst_shift,
            off_hours: ShareJson::from(load.off_hours),
        }
    }
}

/// A share of `n`, with its 95 % interval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Share)]
pub(crate) struct ShareJson {
    count: usize,
    of: usize,
    ratio: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl From<Share> for ShareJson {
    fn from(share: Share) -> Self {
        ShareJson {
            count: share.k,
            of: share.n,
            ratio: share.ratio(),
            lower: share.interval().map(|i| i.0),
            upper: share.interval().map(|i| i.1),
        }
    }
}

/// A distribution of durations in which open ones count as at least so long.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duration)]
pub(crate) struct DurationJson {
    /// Durations that ended.
    n: usize,
    /// Durations that are still open.
    censored: usize,
    /// Durations that are unknown because their end lies before their beginning.
    contradictory: usize,
    /// Kaplan-Meier estimate; `null` where fewer than half have ended.
    median_seconds: Option<f64>,
    /// 95 % bounds of the median, from six durations on.
    median_lower_seconds: Option<f64>,
    median_upper_seconds: Option<f64>,
    p90_seconds: Option<f64>,
    /// 95 % bounds of the 90th percentile, from 36 durations on.
    p90_lower_seconds: Option<f64>,
    p90_upper_seconds: Option<f64>,
    /// Only beside the median: one long incident moves it at will. `null` while
    /// one is open.
    mean_seconds: Option<f64>,
    /// The ended durations, shortest first.
    values_seconds: Vec<f64>,
}

impl From<&DurationStat> for DurationJson {
    fn from(stat: &DurationStat) -> Self {
        let ends = |interval: Option<(Millis, Option<Millis>)>| {
            (seconds(interval.map(|i| i.0)), seconds(interval.and_then(|i| i.1)))
        };
        let (median, p90) = (ends(stat.median_interval), ends(stat.p90_interval));
        DurationJson {
            n: stat.n,
            censored: stat.censored,
            contradictory: stat.contradictory,
            median_seconds: seconds(stat.median),
            median_lower_seconds: median.0,
            median_upper_seconds: median.1,
            p90_seconds: seconds(stat.p90),
            p90_lower_seconds: p90.0,
            p90_upper_seconds: p90.1,
            mean_seconds: seconds(stat.mean),
            values_seconds: stat.values.iter().map(|v| v.secs_f64()).collect(),
        }
    }
}
