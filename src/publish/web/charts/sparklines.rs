//! The small charts of the list, kept for some minutes: each is a read of two
//! windows of history, and the list loads itself again each minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::HistorySlot;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::publish::answers::{AnswerError, SloQueries};

/// Points of a small chart.
const POINTS: i64 = 30;
/// A point stands for a day of a window of 30 days, so minutes do not show.
const AGE_MAX: Millis = Millis::from_mins(10);
/// Charts kept at one time; when there are more, all are made anew.
const KEPT_MAX: usize = 20_000;

#[derive(Clone, Debug)]
struct Spark {
    made_at: Timestamp,
    slots: Arc<Vec<HistorySlot>>,
}

/// Shared by all clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sparks(Arc<Mutex<HashMap<String, Spark>>>);

impl Sparks {
    /// The budget that remained over the first window of an SLO. May read the
    /// disk.
    pub fn of(&self, slos: &dyn SloQueries, judgement: &SloJudgement) -> Result<Arc<Vec<HistorySlot>>, AnswerError> {
        let Some(status) = judgement.windows.first() else {
            return Ok(Arc::default());
        };
        let name = &judgement.slo.name;
        if let Some(kept) = self.kept(name, status.as_of) {
            return Ok(kept);
        }
        let (period, step) = slots_of(status.elapsed_slots());
        let window = status.window.to_string();
        let slots = slos.history(name, Some(&window), period, step, Basis::Current)?;
        let slots = Arc::new(slots.unwrap_or_default());
        self.keep(name, status.as_of, &slots);
        Ok(slots)
    }

    fn kept(&self, name: &str, as_of: Timestamp) -> Option<Arc<Vec<HistorySlot>>> {
        let sparks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spark = sparks.get(name)?;
        // A clock that was set back makes charts of the future: those go, too.
        let age = as_of - spark.made_at;
        (Millis(0) <= age && age < AGE_MAX).then(|| Arc::clone(&spark.slots))
    }

    fn keep(&self, name: &str, made_at: Timestamp, slots: &Arc<Vec<HistorySlot>>) {
        let mut sparks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sparks.len() >= KEPT_MAX {
            sparks.clear();
        }
        let slots = Arc::clone(slots);
        sparks.insert(name.to_owned(), Spark { made_at, slots });
    }
}

/// A step of whole minutes, and the period cut to whole steps up to its end.
fn slots_of(period: Period) -> (Period, Millis) {
    let step = Millis((period.length().0 / POINTS / SLOT_MS).max(1) * SLOT_MS);
    let points = (period.length().0 / step.0).min(POINTS);
    (Period::new(period.end - Millis(points * step.0), period.end), step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_kept_for_a_while() {
        let sparks = Sparks::default();
        let made_at = Timestamp::parse("2026-11-24T15:42:00Z").unwrap();
        sparks.keep("checkout", made_at, &Arc::default());
        assert!(sparks.kept("checkout", made_at + Millis::from_mins(9)).is_some());
        assert!(sparks.kept("checkout", made_at + AGE_MAX).is_none());
        assert!(sparks.kept("checkout", made_at - Millis(1)).is_none());
        assert!(sparks.kept("search", made_at).is_none());
    }

    #[test]
    fn steps_are_whole_minutes_up_to_the_end() {
        let end = Timestamp::parse("2026-11-24T15:42:00Z").unwrap();
        let (period, step) = slots_of(Period::new(end - Millis::from_days(30), end));
        assert_eq!((step, period.end), (Millis::from_days(1), end));
        let (period, step) = slots_of(Period::new(end - Millis::from_mins(7), end));
        assert_eq!((step, period.length()), (Millis::from_mins(1), Millis::from_mins(7)));
    }
}
