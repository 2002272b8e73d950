//! Asks a source whether the series that an SLI is counted from are there, and if
//! not, what is there instead. Every question is about one instant or about the
//! index, so that it costs the source little.

mod diagnosis;
mod histogram;
mod nearest;

use tokio::sync::OnceCell;

use crate::model::labels::selector::{Selector, SelectorSum};
use crate::model::operations::comparison::ValueCondition;
use crate::model::slo::sli::{Expression, Numerator, RatioUnit, Sli};
use crate::model::slo::sli_problem::{Affected, Side, SliProblem};
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::Prometheus;

/// The newest sample of a series is at most so old where it is scraped every
/// minute and arrives at once.
const FRESH: Millis = Millis::from_secs(150);
/// Samples that are older are not late: nobody waits for them.
const LATE_MAX: Millis = Millis::from_mins(30);
/// An instant query looks back five minutes.
const WITHIN_LOOKBACK: Millis = Millis::from_mins(4);
/// How far back a series is looked for.
const REMEMBERED: Millis = Millis::from_days(1);
/// Good events beyond the total that rounding and late scrapes explain.
const EXCESS_MAX: f64 = 1.05;
/// Fewer events than these prove nothing about an excess.
const EXCESS_EVENTS_MIN: f64 = 20.0;

/// A survey of one source at one moment.
pub struct Survey<'c> {
    client: &'c Prometheus,
    at: Timestamp,
    /// How long the source leaves a minute to late samples.
    ingest_delay: Millis,
    /// All metrics, once they were asked for.
    metrics: OnceCell<Vec<String>>,
}

/// Where the newest sample of a selector is.
enum Newest {
    /// It is as new as its interval lets it be.
    Fresh,
    /// It is there, and this much older than the interval explains.
    Late(Millis),
    /// Nothing since then.
    Ended(Timestamp),
    Absent,
}

impl<'c> Survey<'c> {
    pub fn new(client: &'c Prometheus, at: Timestamp, ingest_delay: Millis) -> Survey<'c> {
        Survey { client, at, ingest_delay, metrics: OnceCell::new() }
    }

    /// Everything that is wrong with the series of an SLI.
    pub async fn sli(&self, sli: &Sli) -> Result<Vec<SliProblem>, HttpError> {
        let mut problems = match sli {
            Sli::Ratio { numerator, total } => self.ratio(numerator, total).await?,
            Sli::Latency { histogram, threshold_seconds, unit } => {
                self.histogram(histogram, unit.bound(*threshold_seconds)).await?
            }
            Sli::Gauge { metric, good } => self.gauge(metric, *good).await?,
            Sli::RawRatio { metric, unit, .. } => self.raw_ratio(metric, *unit).await?,
            Sli::Estimated { numerator, is_bad, total } => self.estimated(numerator, *is_bad, total).await?,
            // No series is the usual state of an alert.
            Sli::Alert { .. } | Sli::Pushed { .. } | Sli::Composite(_) => Vec::new(),
        };
        problems.dedup();
        Ok(problems)
    }

    async fn ratio(&self, numerator: &Numerator, total: &SelectorSum) -> Result<Vec<SliProblem>, HttpError> {
        let side = side_of(numerator);
        let mut problems = self.sum(Side::Total, total).await?;
        // What is wrong on both sides is said of the total.
        let known: Vec<SliProblem> = problems.iter().map(|problem| problem.clone().on(Side::Total)).collect();
        let own = self.sum(side, numerator.sum()).await?;
        problems.extend(own.into_iter().filter(|problem| !known.contains(&problem.clone().on(Side::Total))));
        // A sum over a list counts what several of its selectors match more than once.
        let overlaps = problems.iter().any(|problem| matches!(problem, SliProblem::Overlap { .. }));
        if !overlaps && problems.iter().all(|problem| !problem.is_fatal()) {
            problems.extend(self.excess(side, numerator.sum(), total).await?);
        }
        Ok(problems)
    }

    async fn sum(&self, side: Side, sum: &SelectorSum) -> Result<Vec<SliProblem>, HttpError> {
        let mut problems = Vec::new();
        for selector in sum.iter() {
            problems.extend(self.operand(side, selector).await?);
        }
        for (one, other) in sum.overlaps() {
            let both = one.derive(one.metric.clone(), other.matchers().iter().cloned());
            let series = self.number(&format!("count({})", both.for_source())).await?.unwrap_or(0.0) as usize;
            if series > 0 {
                let selectors = vec![one.to_string(), other.to_string()];
                problems.push(SliProblem::Overlap { side, selectors, series });
            }
        }
        Ok(problems)
    }

    /// One selector: whether it matches, and whether its samples come in time.
    async fn operand(&self, side: Side, selector: &Selector) -> Result<Vec<SliProblem>, HttpError> {
        Ok(match self.newest(selector).await? {
            Newest::Fresh => {
                let spelling = self.spelling(selector).await?;
                spelling.into_iter().chain(self.excludes_nothing(side, selector).await?).collect()
            }
            Newest::Late(delay) => vec![SliProblem::LateSamples { delay, source_delay: self.ingest_delay }],
            // Series of errors end with their process.
            Newest::Ended(_) if side == Side::Bad => Vec::new(),
            Newest::Ended(last) => vec![SliProblem::SeriesEnded { side, selector: selector.to_string(), last }],
            Newest::Absent => self.diagnose(side, selector).await?.into_iter().collect(),
        })
    }

    async fn newest(&self, selector: &Selector) -> Result<Newest, HttpError> {
        let sent = selector.for_source();
        if let Some(newest) = self.instant(&format!("max(timestamp({sent}))")).await? {
            if self.at - newest <= FRESH {
                return Ok(Newest::Fresh);
            }
            return Ok(self.late_by(&sent, newest).await?.map_or(Newest::Fresh, Newest::Late));
        }
        let within_hour = format!("max(max_over_time(timestamp({sent})[1h:1m]))");
        if let Some(newest) = self.instant(&within_hour).await? {
            return Ok(match self.late_by(&sent, newest).await? {
                None => Newest::Fresh,
                Some(delay) if self.has_not_ended(&sent, newest).await? => Newest::Late(delay),
                Some(_) => Newest::Ended(newest),
            });
        }
        let hours = REMEMBERED.0 / Millis::from_hours(1).0;
        if self.number(&format!("count(last_over_time({sent}[{hours}h]))")).await?.is_none() {
            return Ok(Newest::Absent);
        }
        let last = self.instant(&format!("max(max_over_time(timestamp({sent})[{hours}h:5m]))")).await;
        // Where even this is too much, the day is all that is known.
        Ok(Newest::Ended(last.ok().flatten().unwrap_or(self.at - REMEMBERED)))
    }

    /// How much older the newest sample is than the usual distance between samples
    /// lets it be.
    async fn late_by(&self, sent: &Selector, newest: Timestamp) -> Result<Option<Millis>, HttpError> {
        let age = self.at - newest;
        // In the hour before it: a series that ended has few samples in the last one.
        let counts = self.client.query_vector(&format!("max(count_over_time({sent}[1h]))"), newest).await?.data;
        let in_hour = counts.first().map_or(1.0, |(_, sample)| sample.value).max(1.0);
        let interval = Millis((Millis::from_hours(1).0 as f64 / in_hour) as i64);
        let explained = Millis(interval.0 + interval.0 / 2 + Millis::from_secs(90).0);
        let delay = Millis(age.0 + interval.0);
        Ok((age > explained && delay > self.ingest_delay).then_some(delay))
    }

    /// Whether the series has not ended: a scraper marks the end of a series, except
    /// where its samples have times of their own, which is how late samples come.
    async fn has_not_ended(&self, sent: &Selector, newest: Timestamp) -> Result<bool, HttpError> {
        if self.at - newest > LATE_MAX {
            return Ok(false);
        }
        let after = newest + WITHIN_LOOKBACK;
        Ok(!self.client.query_vector(&format!("count({sent})"), after).await?.data.is_empty())
    }

    /// A bound that the source writes in another way.
    async fn spelling(&self, selector: &Selector) -> Result<Option<SliProblem>, HttpError> {
        let sent = selector.for_source();
        let Some(bound) = selector.matchers().iter().find(|m| !sent.matchers().contains(m)) else { return Ok(None) };
        let values = self.client.label_values(&bound.label, Some(&sent), self.lately()).await?.data;
        if values.contains(&bound.value) {
            return Ok(None);
        }
        Ok(values.into_iter().next().map(|found| SliProblem::BoundSpelling { written: bound.value.clone(), found }))
    }

    /// Whether more events are good, or bad, than there are.
    async fn excess(
        &self,
        side: Side,
        part: &SelectorSum,
        total: &SelectorSum,
    ) -> Result<Option<SliProblem>, HttpError> {
        let hour = |sum: &SelectorSum| {
            let terms = sum.iter().map(|one| format!("(sum(increase({}[1h])) or vector(0))", one.for_source()));
            terms.collect::<Vec<_>>().join(" + ")
        };
        let (part, total) = (self.number(&hour(part)).await?, self.number(&hour(total)).await?);
        let (Some(part), Some(total)) = (part, total) else { return Ok(None) };
        let exceeds = part >= EXCESS_EVENTS_MIN && part > total * EXCESS_MAX;
        Ok(exceeds.then_some(SliProblem::ImpossibleCounts { side, part, total, minutes: 60 }))
    }

    async fn gauge(&self, metric: &Selector, _good: ValueCondition) -> Result<Vec<SliProblem>, HttpError> {
        self.operand(Side::Gauge, metric).await
    }

    async fn raw_ratio(&self, metric: &Selector, unit: RatioUnit) -> Result<Vec<SliProblem>, HttpError> {
        let mut problems = self.operand(Side::Gauge, metric).await?;
        let sent = metric.for_source();
        for extreme in ["max", "min"] {
            let value = self.number(&format!("{extreme}({sent})")).await?;
            // A ratio of nothing is not a number.
            if let Some(value) = value.filter(|value| !value.is_nan() && !(0.0..=1.0).contains(&unit.ratio(*value))) {
                let most = 1.0 / unit.ratio(1.0);
                let series =
                    self.number(&format!("count({sent} > {most} or {sent} < 0)")).await?.unwrap_or(1.0) as usize;
                problems.push(SliProblem::OutOfRange { value, affected: Affected { series, example: None } });
                break;
            }
        }
        Ok(problems)
    }

    async fn estimated(
        &self,
        part: &Expression,
        is_bad: bool,
        total: &Expression,
    ) -> Result<Vec<SliProblem>, HttpError> {
        let mut problems = Vec::new();
        let side = if is_bad { Side::Bad } else { Side::Good };
        for (side, expression) in [(Side::Total, total), (side, part)] {
            let value = match self.number(&expression.text).await {
                Ok(value) => value,
                Err(error) => match error.refusal() {
                    Some(reason) if !error.asks_too_much() => {
                        let expression = expression.text.clone();
                        problems.push(SliProblem::Rejected { side, expression, reason: reason.to_owned() });
                        continue;
                    }
                    _ => return Err(error),
                },
            };
            if value.is_some() {
                continue;
            }
            let mut missing = Vec::new();
            for selector in &expression.selectors {
                if self.number(&format!("count({})", selector.for_source())).await?.is_none() {
                    missing.push(selector);
                }
            }
            if missing.len() == expression.selectors.len() {
                let found = problems.len();
                for selector in missing {
                    problems.extend(self.operand(side, selector).await?);
                }
                if problems.len() == found && side != Side::Bad {
                    problems.push(SliProblem::NoAnswer { side, expression: expression.text.clone() });
                }
            } else if !missing.is_empty() {
                let selectors = missing.into_iter().map(Selector::to_string).collect();
                problems.push(SliProblem::EmptyOperand { side, selectors });
            }
        }
        Ok(problems)
    }

    fn lately(&self) -> Period {
        Period::new(self.at - REMEMBERED, self.at)
    }

    /// The value of an expression that gives one, at the moment of the survey.
    async fn number(&self, query: &str) -> Result<Option<f64>, HttpError> {
        Ok(self.client.query_vector(query, self.at).await?.data.first().map(|(_, sample)| sample.value))
    }

    async fn instant(&self, query: &str) -> Result<Option<Timestamp>, HttpError> {
        self.instant_at(query, self.at).await
    }

    async fn instant_at(&self, query: &str, at: Timestamp) -> Result<Option<Timestamp>, HttpError> {
        let answer = self.client.query_vector(query, at).await?.data;
        Ok(answer.first().and_then(|(_, sample)| Timestamp::from_secs_f64(sample.value)))
    }
}

fn side_of(numerator: &Numerator) -> Side {
    match numerator {
        Numerator::Good(_) => Side::Good,
        Numerator::Bad(_) => Side::Bad,
    }
}
