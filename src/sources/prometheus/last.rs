//! The last samples before an instant, from a server with a query engine. Must
//! not know what they are wanted for.

use std::collections::{BTreeMap, BTreeSet};

use super::split::in_parts;
use crate::ingest::counting::is_count;
use crate::ingest::raw::{Histogram, RawSeries, Sample};
use crate::model::labels::selector::Selector;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::last_of_each::last_of_each;
use crate::sources::prometheus::{Answer, Prometheus};

/// Job and instance.
pub type TargetKey = (String, String);

/// This far back the samples themselves are read; nearly every series that is
/// still alive has one there.
const READ_BACK: Millis = Millis::from_mins(10);

/// Minutes before that of which the samples are read, too. Where the scraper was
/// down, all targets were seen last in one or two; more are many small failures.
const MINUTES_MAX: usize = 60;

/// The last sample of each series in the period; with a value, the last that has
/// it, which must be the greatest that there is. Of targets that are not in
/// `exact`, where it is given, the time of one older than `READ_BACK` may be up to
/// a minute late.
pub async fn last(
    client: &Prometheus,
    selector: &Selector,
    value: Option<f64>,
    period: Period,
    exact: Option<&BTreeSet<TargetKey>>,
) -> Result<Answer<Vec<RawSeries>>, HttpError> {
    let selector = &selector.for_source();
    let at = period.end;
    let recent = Period::new((at - READ_BACK).max(period.start), at);
    let mut found = LastSamples::default();
    found.take(client.read(selector, recent).await?, value, |_| true);
    let horizon = period.length();
    // What a failed scrape hides from a selector, a range still shows.
    let seen = match value {
        Some(value) => format!("(max_over_time({selector}[1m]) == {value})"),
        None => format!("present_over_time({selector}[1m])"),
    };
    let mut older: BTreeMap<Labels, Timestamp> = BTreeMap::new();
    for (labels, sample) in minutes(client, &seen, period).await? {
        let labels = labels.with(NAME, &selector.metric);
        if let (Some(minute), false) = (Timestamp::from_secs_f64(sample.value), found.has(&labels)) {
            let newest = older.entry(labels).or_insert(minute);
            *newest = minute.max(*newest);
        }
    }
    let needed = older.iter().filter(|(labels, _)| exact.is_none_or(|exact| exact.contains(&target_of(labels))));
    let needed: BTreeSet<Timestamp> = needed.map(|(_, minute)| *minute).collect();
    for minute in needed.into_iter().rev().take(MINUTES_MAX) {
        // Some servers count the beginning of a range to it.
        let period = Period::new(minute - Millis(SLOT_MS + 1), minute);
        let answer = client.read(selector, period).await?;
        found.take(answer, value, |labels| older.get(labels) == Some(&minute));
        older.retain(|labels, _| !found.has(labels));
    }
    match value {
        _ if older.is_empty() => {}
        Some(value) => older.into_iter().for_each(|(labels, at)| found.put(labels, Sample { at, value })),
        None => {
            let asked = client.query_replicas(&format!("last_over_time({selector}[{horizon}])"), at).await;
            let Some(mut last) = unless_too_much(asked)? else { return Ok(found.into_answer()) };
            for (labels, sample) in last.data {
                let labels = labels.with(NAME, &selector.metric);
                if let Some(at) = older.get(&labels).filter(|_| is_count(&sample)) {
                    found.put(labels, Sample { at: *at, ..sample });
                }
            }
            for one in &mut last.histograms {
                one.labels.set(NAME, &selector.metric);
                let Some(at) = older.get(&one.labels) else { continue };
                one.samples.iter_mut().for_each(|sample| sample.at = *at);
                found.histograms.insert(one.labels.clone(), one.clone());
            }
        }
    }
    Ok(found.into_answer())
}

/// The last minute in which each series of a written selector was seen, of parts of
/// the period that are as long as the source lets them be. What is too much even so
/// is left out: a series that was not seen is met for the first time.
async fn minutes(client: &Prometheus, seen: &str, period: Period) -> Result<Vec<(Labels, Sample)>, HttpError> {
    let answers = in_parts(period, |part| async move {
        let query = format!("max_over_time(({seen} * 0 + time())[{}:1m])", part.length());
        client.query_replicas(&query, part.end).await
    });
    let answers = unless_too_much(answers.await)?;
    Ok(answers.into_iter().flatten().flat_map(|answer| answer.data).collect())
}

/// Nothing where it is more than the source answers.
fn unless_too_much<T>(asked: Result<T, HttpError>) -> Result<Option<T>, HttpError> {
    match asked {
        Err(error) if error.asks_too_much() => Ok(None),
        other => other.map(Some),
    }
}

/// The last samples, by labels; of each series one of a kind.
#[derive(Default)]
struct LastSamples {
    values: BTreeMap<Labels, RawSeries>,
    histograms: BTreeMap<Labels, RawSeries<Histogram>>,
}

impl LastSamples {
    fn has(&self, labels: &Labels) -> bool {
        self.values.contains_key(labels) || self.histograms.contains_key(labels)
    }

    fn put(&mut self, labels: Labels, sample: Sample) {
        self.values.insert(labels.clone(), RawSeries { labels, samples: vec![sample] });
    }

    fn take(&mut self, answer: Answer<Vec<RawSeries>>, value: Option<f64>, wanted: impl Fn(&Labels) -> bool) {
        let values = last_of_each(answer.data, value).into_iter().filter(|one| wanted(&one.labels));
        self.values.extend(values.map(|one| (one.labels.clone(), one)));
        for mut one in answer.histograms.into_iter().filter(|one| wanted(&one.labels)) {
            one.samples = one.samples.pop().into_iter().collect();
            self.histograms.insert(one.labels.clone(), one);
        }
    }

    fn into_answer(self) -> Answer<Vec<RawSeries>> {
        let mut answer = Answer::new(self.values.into_values().collect());
        answer.histograms = self.histograms.into_values().collect();
        answer
    }
}

pub fn target_of(labels: &Labels) -> TargetKey {
    let label = |name| labels.get(name).unwrap_or_default().to_owned();
    (label("job"), label("instance"))
}
