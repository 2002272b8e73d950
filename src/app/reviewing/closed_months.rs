//! The headline figures of closed months, kept while nothing that they come from
//! has changed: each is a review of a whole month. Must not know who asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;

use super::review::Reviewing;
use crate::evaluate::review::REVIEW_LEAD_IN;
use crate::evaluate::review::restatements::headline;
use crate::model::operations::correction::Correction;
use crate::model::operations::restatement::NamedFigure;
use crate::model::time::window::Month;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::{Added, StoreError};

/// What comes late and leaves no trace, such as counts that are pushed for
/// minutes that had none, shows after so long.
const KEPT_FOR: Millis = Millis::from_days(1);

/// Shared by whoever asks for months, of one time zone.
#[derive(Default)]
pub struct ClosedMonths(Mutex<BTreeMap<Month, Arc<Kept>>>);

struct Kept {
    made_from: FactsKnown,
    figures: Vec<NamedFigure>,
}

/// What was known when something was made of a closed period.
#[derive(Clone)]
pub(crate) struct FactsKnown {
    made_at: Timestamp,
    /// Those that were in force.
    corrections: Vec<Arc<Correction>>,
    added: Added,
}

impl ClosedMonths {
    /// The figures of a month that is over at `as_of`. Makes a review unless they
    /// are kept.
    pub fn figures(
        &self,
        reviewing: Reviewing<'_>,
        month: Month,
        zone: Tz,
        as_of: Timestamp,
    ) -> Result<Vec<NamedFigure>, StoreError> {
        let period = month.period(zone);
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&month).cloned();
        if let Some(kept) = kept
            && kept.made_from.hold(reviewing, period, as_of)?
        {
            return Ok(kept.figures.clone());
        }
        // Asked first: what comes during the review is not in it.
        let made_from = FactsKnown::at(reviewing, as_of)?;
        let figures = headline(&reviewing.review(period, as_of)?, reviewing.slos, period);
        let kept = Kept { made_from, figures: figures.clone() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(month, Arc::new(kept));
        Ok(figures)
    }
}

impl FactsKnown {
    pub(crate) fn at(reviewing: Reviewing<'_>, as_of: Timestamp) -> Result<FactsKnown, StoreError> {
        let corrections = reviewing.corrections.to_vec();
        Ok(FactsKnown { made_at: as_of, corrections, added: reviewing.reader.added()? })
    }

    /// Whether nothing new is known of the period, as far as that leaves a trace.
    pub(crate) fn hold(&self, reviewing: Reviewing<'_>, period: Period, as_of: Timestamp) -> Result<bool, StoreError> {
        // A clock that was set back makes figures of the future: those go, too.
        let age = as_of - self.made_at;
        if age < Millis(0) || age >= KEPT_FOR || self.corrections != reviewing.corrections {
            return Ok(false);
        }
        // Budgets are of whole windows, some of which reach back further.
        let windows = reviewing.slos.iter().map(|slo| slo.first_window().nominal_length());
        let lead_in = windows.max().unwrap_or_default().max(REVIEW_LEAD_IN);
        Ok(!reviewing.reader.is_touched(Period::new(period.start - lead_in, period.end), self.added)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::runtime::facts::FactStore;
    use crate::model::ids::IncidentId;
    use crate::model::labels::Labels;
    use crate::model::operations::alert::{Alert, Mark, MarkSource};
    use crate::model::operations::on_call::OnCall;
    use crate::model::operations::record::{IncidentTime, TimeOverride};
    use crate::model::slo::Severity;
    use crate::store::Batch;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// Half an hour of an alert.
    fn alert(from: &str) -> Alert {
        let mark = |minutes| Some(Mark::new(at(from) + Millis::from_mins(minutes), MarkSource::Alerts, Millis(30_000)));
        Alert {
            rule: "HighErrors".to_owned(),
            labels: Labels::new().with("alertname", "HighErrors").with("service", "shop"),
            severity: Severity::Page,
            condition: mark(0),
            firing: mark(2),
            ended: mark(30),
            last_seen: at(from) + Millis::from_mins(30),
            suppressed: false,
            receivers: Default::default(),
        }
    }

    fn time_set(author: &str) -> TimeOverride {
        TimeOverride {
            incident: IncidentId([7; 16]),
            time: IncidentTime::Mitigated,
            at: None,
            author: author.to_owned(),
            reason: "it was another incident".to_owned(),
            recorded_at: at("2026-08-10T09:00:00Z"),
        }
    }

    #[tokio::test]
    async fn a_month_is_judged_anew_when_something_new_is_known_of_it_or_a_day_later() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let on_call = OnCall::new(Tz::UTC);
        let alerting = Arc::default();
        let reviewing =
            Reviewing { slos: &[], reader: &facts.reader, corrections: &[], on_call: &on_call, alerting: &alerting };
        let closed = ClosedMonths::default();
        let incidents_at = |now: &str| {
            let figures = closed.figures(reviewing, "2026-07".parse().unwrap(), Tz::UTC, at(now)).unwrap();
            figures.into_iter().find(|(name, _)| name == "incidents").and_then(|(_, value)| value)
        };
        assert_eq!(incidents_at("2026-08-10T08:00:00Z"), Some(0.0));
        // Alerts of a month that is known come no more, so they show whether it
        // was judged anew.
        facts.write(Batch { alerts: vec![alert("2026-07-14T14:00:00Z")], ..Batch::default() }).await.unwrap();
        assert_eq!(incidents_at("2026-08-10T09:00:00Z"), Some(0.0), "kept");
        facts.write(Batch { time_overrides: vec![time_set("ann")], ..Batch::default() }).await.unwrap();
        assert_eq!(incidents_at("2026-08-10T09:01:00Z"), Some(1.0), "a person said something");
        facts.write(Batch { alerts: vec![alert("2026-07-20T14:00:00Z")], ..Batch::default() }).await.unwrap();
        assert_eq!(incidents_at("2026-08-11T09:00:00Z"), Some(1.0));
        assert_eq!(incidents_at("2026-08-11T09:01:00Z"), Some(2.0), "a day later");
        assert_eq!(incidents_at("2026-08-11T09:00:00Z"), Some(2.0), "the clock was set back");
    }
}
