//! Reads in parts what a source finds too much for one query: by time, and where
//! the number of series is what it limits, by the values of a label.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::{Prometheus, keep_within};
use crate::ingest::raw::{Histogram, RawSeries};
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, SLOT_MS};
use crate::net::HttpError;

/// The shortest part: counting needs whole minutes.
const SHORTEST: Millis = Millis(SLOT_MS);
/// Longer reads are not put together again from parts, but left to their caller:
/// all samples of a day may be more than fits into memory.
const PUT_TOGETHER_MAX: Millis = Millis::from_hours(1);
/// Values of a label in one part.
const VALUES_MAX: usize = 100;
/// How often a part by series is split once more: a part has at least a 256th of the
/// values.
const DEPTH_MAX: usize = 8;

/// Asks for a period, and for its halves where that is too much; the answers in
/// order of time.
pub(super) async fn in_parts<T, F: Future<Output = Result<T, HttpError>>>(
    period: Period,
    ask: impl Fn(Period) -> F,
) -> Result<Vec<T>, HttpError> {
    let (mut parts, mut answers) = (vec![period], Vec::new());
    while let Some(part) = parts.pop() {
        match ask(part).await {
            Ok(answer) => answers.push(answer),
            Err(error) if error.asks_too_much() && !error.limits_series() && part.length() > SHORTEST => {
                let half = (part.length().0 / 2 / SLOT_MS).max(1) * SLOT_MS;
                let middle = part.start + Millis(half);
                parts.extend([Period::new(middle, part.end), Period::new(part.start, middle)]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(answers)
}

impl Prometheus {
    /// The samples of a written selector, by parts of time where they are too many.
    pub(super) async fn read_in_parts(
        &self,
        written: &str,
        period: Period,
    ) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        if period.length() > PUT_TOGETHER_MAX {
            return self.read_at_once(written, period).await;
        }
        Ok(together(in_parts(period, |part| self.read_at_once(written, part)).await?))
    }

    pub(super) async fn read_at_once(
        &self,
        written: &str,
        period: Period,
    ) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        let query = format!("{written}[{}ms]", period.length().0);
        let mut answer = self.query_matrix(&query, period.end).await?;
        keep_within(&mut answer.data, period);
        keep_within(&mut answer.histograms, period);
        Ok(answer)
    }

    /// The samples of a selector, by the values of a label where its series are too
    /// many, or a single minute of them is too much.
    pub(super) async fn read_by_series(
        &self,
        selector: &Selector,
        period: Period,
        depth: usize,
    ) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        let error = match self.read_in_parts(&selector.for_source().to_string(), period).await {
            Err(error) if depth < DEPTH_MAX && is_for_fewer_series(&error, period) => error,
            other => return other,
        };
        let Some(parts) = self.partition(selector, period).await? else { return Err(error) };
        let mut answers = Vec::new();
        for part in parts {
            let narrower = selector.derive(selector.metric.clone(), [part]);
            answers.push(Box::pin(self.read_by_series(&narrower, period, depth + 1)).await?);
        }
        Ok(together(answers))
    }

    /// Matchers that each series satisfies one of, on the label with the most values.
    async fn partition(&self, selector: &Selector, period: Period) -> Result<Option<Vec<Matcher>>, HttpError> {
        let sent = selector.for_source();
        let mut widest: (String, Vec<String>) = Default::default();
        for label in self.label_names(&sent, period).await?.data {
            if label == NAME || label == "le" {
                continue;
            }
            let values = self.label_values(&label, Some(&sent), period).await?.data;
            if values.len() > widest.1.len() {
                widest = (label, values);
            }
        }
        let (label, values) = widest;
        if values.len() < 2 {
            return Ok(None);
        }
        let size = values.len().div_ceil(2).min(VALUES_MAX);
        let by_values = values.chunks(size).map(|some| {
            let pattern: Vec<String> = some.iter().map(|value| regex::escape(value)).collect();
            Matcher::new(&label, MatchOp::Regex, pattern.join("|"))
        });
        let without = std::iter::once(Matcher::new(&label, MatchOp::Equal, ""));
        Ok(by_values.chain(without).collect::<Result<Vec<_>, _>>().ok())
    }
}

/// Whether a question is to be split by series: by time it was, as far as that helps.
fn is_for_fewer_series(error: &HttpError, period: Period) -> bool {
    error.limits_series() || (error.asks_too_much() && !error.is_slow() && period.length() <= PUT_TOGETHER_MAX)
}

/// The parts as one answer.
fn together(parts: Vec<Answer<Vec<RawSeries>>>) -> Answer<Vec<RawSeries>> {
    let mut parts = parts.into_iter();
    let Some(mut first) = parts.next() else { return Answer::new(Vec::new()) };
    let mut rest = parts.peekable();
    if rest.peek().is_none() {
        return first;
    }
    let mut series: BTreeMap<Labels, RawSeries> = BTreeMap::new();
    let mut histograms: BTreeMap<Labels, RawSeries<Histogram>> = BTreeMap::new();
    add(&mut series, first.data);
    add(&mut histograms, first.histograms);
    for part in rest {
        add(&mut series, part.data);
        add(&mut histograms, part.histograms);
        first.warnings.extend(part.warnings);
    }
    first.data = series.into_values().collect();
    first.histograms = histograms.into_values().collect();
    first
}

fn add<V>(all: &mut BTreeMap<Labels, RawSeries<V>>, part: Vec<RawSeries<V>>) {
    for one in part {
        match all.get_mut(&one.labels) {
            Some(known) => known.samples.extend(one.samples),
            None => drop(all.insert(one.labels.clone(), one)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn too_much(message: &str) -> HttpError {
        let (url, kind, message) = ("http://p/".into(), "execution".into(), message.into());
        HttpError::Refused { url, status: 422, kind, message }
    }

    #[tokio::test]
    async fn a_period_is_halved_until_its_parts_are_answered() {
        let at = |minute: i64| Timestamp::from_millis(minute * SLOT_MS);
        let limit = Millis::from_mins(3);
        let ask = async |part: Period| if part.length() > limit { Err(too_much("too many samples")) } else { Ok(part) };
        let parts = in_parts(Period::new(at(0), at(10)), ask).await.unwrap();
        let ends: Vec<Timestamp> = parts.iter().map(|part| part.end).collect();
        assert_eq!(ends, [at(2), at(5), at(7), at(10)]);
        let never = async |_: Period| Err::<(), _>(too_much("too many samples"));
        assert!(in_parts(Period::new(at(0), at(10)), never).await.is_err());
        let by_series = async |part: Period| {
            assert_eq!(part.length(), Millis::from_mins(10), "shorter parts have as many series");
            Err::<(), _>(too_much("the query exceeded the maximum number of series (limit: 500 series)"))
        };
        assert!(in_parts(Period::new(at(0), at(10)), by_series).await.is_err());
    }
}
