//! Shares, loads and distributions as JSON.

use std::collections::BTreeMap;

use crate::api::shares::{DurationJson, LoadJson, PageClassJson, ShareJson};
use crate::api::time::seconds;
use crate::evaluate::alerting::load::Load;
use crate::evaluate::alerting::page_class::PageClass;
use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::statistics::shares::Share;
use crate::model::time::Millis;

pub(crate) fn classes(counts: &[(PageClass, usize)]) -> BTreeMap<PageClassJson, usize> {
    counts.iter().map(|(class, n)| ((*class).into(), *n)).collect()
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
