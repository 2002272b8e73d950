//! Closed months: what is said of one is kept when it is first known, and set
//! beside what is said later.

use chrono_tz::Tz;

use super::closed_months::ClosedMonths;
use super::review::Reviewing;
use crate::app::runtime::facts::FactStore;
use crate::evaluate::review::restatements::restated;
use crate::model::operations::restatement::{PublishedMonth, Restatement};
use crate::model::time::window::Month;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::{Batch, StoreError};

/// A month is published when it has been over for so long: late samples, and
/// incidents that run into the next month, are known then.
pub const PUBLISH_AFTER: Millis = Millis::from_days(1);

/// Months that are judged anew for one question.
const MONTHS_MAX: usize = 13;

/// Keeps what is said of the last closed month, unless it was said before.
/// `known_since`: everything from here on is stored. A month that began before
/// is not fully known, and nothing is said of it.
pub async fn publish(
    reviewing: Reviewing<'_>,
    closed: &ClosedMonths,
    facts: &FactStore,
    zone: Tz,
    known_since: Option<Timestamp>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let month = Month::at(now - PUBLISH_AFTER, zone).before();
    let period = month.period(zone);
    let is_known = known_since.is_some_and(|since| since <= period.start);
    let name = month.to_string();
    if !is_known || facts.reader.published_months()?.iter().any(|published| published.month == name) {
        return Ok(());
    }
    let figures = tokio::task::block_in_place(|| closed.figures(reviewing, month, zone, now))?;
    let published = PublishedMonth { month: name, figures, published_at: now };
    facts.write(Batch { published_months: vec![published], recorded_at: now, ..Batch::default() }).await
}

/// The published months beside what is said of them now, newest first.
pub fn restatements(
    reviewing: Reviewing<'_>,
    closed: &ClosedMonths,
    zone: Tz,
    as_of: Timestamp,
) -> Result<Vec<Restatement>, StoreError> {
    let published = reviewing.reader.published_months()?.into_iter().rev().take(MONTHS_MAX);
    published.map(|month| restatement(reviewing, closed, month, zone, as_of)).collect()
}

/// One month, if it was published.
pub fn restatement_of(
    reviewing: Reviewing<'_>,
    closed: &ClosedMonths,
    month: Month,
    zone: Tz,
    as_of: Timestamp,
) -> Result<Option<Restatement>, StoreError> {
    let name = month.to_string();
    let published = reviewing.reader.published_months()?.into_iter().find(|published| published.month == name);
    published.map(|published| restatement(reviewing, closed, published, zone, as_of)).transpose()
}

fn restatement(
    reviewing: Reviewing<'_>,
    closed: &ClosedMonths,
    published: PublishedMonth,
    zone: Tz,
    as_of: Timestamp,
) -> Result<Restatement, StoreError> {
    let Ok(month) = published.month.parse::<Month>() else {
        return Ok(Restatement { published, changed: Vec::new(), causes: Vec::new() });
    };
    let period = month.period(zone);
    // Facts that were dropped, or that nobody read for a new SLO, are no news.
    if !reviewing.has_counts(period)? {
        return Ok(Restatement { published, changed: Vec::new(), causes: Vec::new() });
    }
    let changed = restated(&published.figures, &closed.figures(reviewing, month, zone, as_of)?);
    let causes = if changed.is_empty() { Vec::new() } else { causes(reviewing, period, published.published_at)? };
    Ok(Restatement { published, changed, causes })
}

/// What came to be known of a period after a moment, as far as it left a trace.
fn causes(reviewing: Reviewing<'_>, period: Period, since: Timestamp) -> Result<Vec<String>, StoreError> {
    let reader = reviewing.reader;
    let set = reader.time_overrides()?.iter().filter(|set| set.recorded_at > since).count();
    let late = reader.records(period)?.iter().filter(|r| r.is_of_operations() && r.received_at > since).count();
    let recounted = reader.corrections(period)?.iter().filter(|c| c.recorded_at > since).count();
    let causes = [
        (
            set,
            "time of an incident was set or withdrawn by a person",
            "times of incidents were set or withdrawn by people",
        ),
        (late, "record of an outside system came later", "records of outside systems came later"),
        (recounted, "minute was recounted", "minutes were recounted"),
    ];
    let told = |(n, one, many): (usize, &str, &str)| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    Ok(causes.into_iter().filter_map(told).collect())
}

/// A restatement as a sentence for the report; `None` if nothing changed.
pub fn sentence(restatement: &Restatement) -> Option<String> {
    let shown = |value: Option<f64>| value.map_or("not known".to_owned(), |v| format!("{}", (v * 1e4).round() / 1e4));
    let changed =
        restatement.changed.iter().map(|c| format!("{} {} instead of {}", c.figure, shown(c.now), shown(c.first)));
    let changed: Vec<String> = changed.collect();
    if changed.is_empty() {
        return None;
    }
    let causes = match restatement.causes.is_empty() {
        true => "no cause left a trace".to_owned(),
        false => restatement.causes.join("; "),
    };
    let at = restatement.published.published_at.rfc3339();
    Some(format!(
        "Restated since it was first published at {at}: {}. What changed since: {causes}.",
        changed.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::labels::Labels;
    use crate::model::operations::alert::{Alert, Mark, MarkSource};
    use crate::model::operations::on_call::OnCall;
    use crate::model::operations::record::{Record, RecordKind};
    use crate::model::slo::Severity;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_record_that_comes_after_a_month_was_published_restates_it() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let mark = |text| Some(Mark::new(at(text), MarkSource::Alerts, Millis::from_secs(30)));
        let alert = Alert {
            rule: "HighErrors".to_owned(),
            labels: Labels::new().with("alertname", "HighErrors").with("service", "shop"),
            severity: Severity::Page,
            condition: mark("2026-07-14T14:00:00Z"),
            firing: mark("2026-07-14T14:02:00Z"),
            ended: mark("2026-07-14T14:30:00Z"),
            last_seen: at("2026-07-14T14:30:00Z"),
            suppressed: false,
            receivers: Default::default(),
        };
        facts.write(Batch { alerts: vec![alert], ..Batch::default() }).await.unwrap();
        let on_call = OnCall::new(Tz::UTC);
        let alerting = Arc::default();
        let reviewing =
            Reviewing { slos: &[], reader: &facts.reader, corrections: &[], on_call: &on_call, alerting: &alerting };
        let closed = ClosedMonths::default();
        let publish_at = |now: &'static str, since: &'static str| {
            publish(reviewing, &closed, &facts, Tz::UTC, Some(at(since)), at(now))
        };
        publish_at("2026-08-01T12:00:00Z", "2026-05-01T00:00:00Z").await.unwrap();
        publish_at("2026-08-02T12:00:00Z", "2026-07-03T00:00:00Z").await.unwrap();
        let months = |facts: &FactStore| -> Vec<String> {
            facts.reader.published_months().unwrap().into_iter().map(|published| published.month).collect()
        };
        assert_eq!(months(&facts), ["2026-06"], "July is too fresh, and then not known from its beginning");
        publish_at("2026-08-02T12:00:00Z", "2026-05-01T00:00:00Z").await.unwrap();
        let july: Month = "2026-07".parse().unwrap();
        let now = at("2026-08-10T00:00:00Z");
        let of_july = || restatement_of(reviewing, &closed, july, Tz::UTC, now).unwrap().unwrap();
        assert_eq!((of_july().changed.len(), sentence(&of_july())), (0, None));

        let record = Record {
            source: "pager".to_owned(),
            told_by: MarkSource::PagerDuty,
            external_id: "P1".to_owned(),
            service: Some("shop".to_owned()),
            actor: Some("ann".to_owned()),
            human: Some(true),
            received_at: at("2026-08-05T00:00:00Z"),
            ..crate::model::testing::record(RecordKind::Acknowledge, at("2026-07-14T14:07:00Z"))
        };
        facts.write(Batch { records: vec![record], ..Batch::default() }).await.unwrap();
        publish_at("2026-08-06T00:00:00Z", "2026-05-01T00:00:00Z").await.unwrap();
        let told = sentence(&of_july()).unwrap();
        assert!(told.contains("acknowledge_median_seconds 300 instead of not known"), "{told}");
        assert!(told.ends_with("What changed since: 1 record of an outside system came later."), "{told}");
        let all = restatements(reviewing, &closed, Tz::UTC, now).unwrap();
        assert_eq!(all.iter().map(|r| r.changed.is_empty()).collect::<Vec<_>>(), [false, true], "newest first");
    }
}
