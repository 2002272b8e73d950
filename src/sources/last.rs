//! The last samples before an instant, from a server with a query engine. Must
//! not know what they are wanted for.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::prometheus::Prometheus;
use super::samples::last_of_each;
use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::{Labels, NAME};
use crate::model::selector::Selector;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// Job and instance.
pub type Target = (String, String);

/// This far back the samples themselves are read; nearly every series that is
/// still alive has one there.
const READ_BACK: Millis = Millis::from_mins(10);

/// Minutes before that of which the samples are read, too. Where the scraper was
/// down, all targets were seen last in one or two; more are many small failures.
const MINUTES_MAX: usize = 60;

/// The last sample of each series in the period; with a value, the last that has
/// it, which must be the greatest that there is. Of targets that are not in
/// `exact`, the time of one older than `READ_BACK` may be up to a minute late.
pub async fn last(
    client: &Prometheus,
    selector: &Selector,
    value: Option<f64>,
    period: Period,
    exact: &BTreeSet<Target>,
) -> Result<Vec<RawSeries>, Error> {
    let at = period.end;
    let recent = Period::new((at - READ_BACK).max(period.start), at);
    let mut found: BTreeMap<Labels, RawSeries> = by_labels(client.read(selector, recent).await?.data, value);
    let horizon = period.length();
    // What a failed scrape hides from a selector, a range still shows.
    let seen = match value {
        Some(value) => format!("(max_over_time({selector}[1m]) == {value})"),
        None => format!("present_over_time({selector}[1m])"),
    };
    let minutes = client.query_vector(&format!("max_over_time(({seen} * 0 + time())[{horizon}:1m])"), at).await?.data;
    let mut older: BTreeMap<Labels, Timestamp> = BTreeMap::new();
    for (labels, sample) in minutes {
        let labels = labels.with(NAME, &selector.metric);
        if let (Some(minute), false) = (Timestamp::from_secs_f64(sample.value), found.contains_key(&labels)) {
            older.insert(labels, minute);
        }
    }
    let needed = older.iter().filter(|(labels, _)| exact.contains(&target_of(labels)));
    let needed: BTreeSet<Timestamp> = needed.map(|(_, minute)| *minute).collect();
    for minute in needed.into_iter().rev().take(MINUTES_MAX) {
        // Some servers count the beginning of a range to it.
        let period = Period::new(minute - Millis(SLOT_MS + 1), minute);
        for (labels, one) in by_labels(client.read(selector, period).await?.data, value) {
            if older.get(&labels) == Some(&minute) {
                older.remove(&labels);
                found.insert(labels, one);
            }
        }
    }
    if older.is_empty() {
        return Ok(found.into_values().collect());
    }
    let values = match value {
        Some(_) => Vec::new(),
        None => client.query_vector(&format!("last_over_time({selector}[{horizon}])"), at).await?.data,
    };
    let values: BTreeMap<Labels, f64> =
        values.into_iter().map(|(labels, sample)| (labels.with(NAME, &selector.metric), sample.value)).collect();
    let rest = older.into_iter().filter_map(|(labels, at)| {
        let value = value.or_else(|| values.get(&labels).copied())?;
        Some(RawSeries { labels, samples: vec![Sample { at, value }] })
    });
    Ok(found.into_values().chain(rest).collect())
}

fn by_labels(series: Vec<RawSeries>, value: Option<f64>) -> BTreeMap<Labels, RawSeries> {
    last_of_each(series, value).into_iter().map(|one| (one.labels.clone(), one)).collect()
}

pub fn target_of(labels: &Labels) -> Target {
    let label = |name| labels.get(name).unwrap_or_default().to_owned();
    (label("job"), label("instance"))
}
