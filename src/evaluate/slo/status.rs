//! The judgement of one SLO over one period: what every surface publishes.

use std::sync::Arc;

use super::likely::Likely;
use crate::model::operations::correction::Correction;
use crate::model::slo::objectives::Objective;
use crate::model::slo::tile::EventCounts;
use crate::model::slo::{PolicyStep, Slo};
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// One SLO over one of its windows, judged at `as_of`.
#[derive(Clone, Debug, PartialEq)]
pub struct SloStatus {
    pub slo: Arc<Slo>,
    pub window: ComplianceWindow,
    /// The exact `[start, end)` that was judged.
    pub period: Period,
    pub as_of: Timestamp,
    /// Share of the period that has passed, 0..1; 1 for rolling windows.
    pub elapsed_ratio: f64,
    /// Counts in the unit of the budgeting: events, or slices.
    pub counts: EventCounts,
    /// Absent without events, and while events are uncertain.
    pub attainment: Option<f64>,
    /// Every unobserved event bad.
    pub lo: Option<f64>,
    /// Every unobserved event good.
    pub hi: Option<f64>,
    /// Where the attainment lies in 95 of 100 cases; absent without events.
    pub likely: Option<Likely>,
    /// Observed share of the elapsed part of the period, 0..1.
    pub coverage: f64,
    /// Share of the elapsed part that was observed and had no events, 0..1; at
    /// most `coverage`. The rest of the coverage was measured, what is beyond
    /// it is unknown.
    pub idle_ratio: f64,
    /// Upper estimate of the events that nobody could see; what `lo` and `hi`
    /// are made of. See `compliance::UNSEEN_RATE_FACTOR`.
    pub unseen_events: f64,
    pub method: Method,
    pub budget: Option<Budget>,
    pub burn_rates: Vec<BurnRate>,
    /// The same figures without the time that corrections leave out; absent
    /// where none leaves out any of the period.
    pub corrected: Option<Corrected>,
    /// The budget by the objectives that were in force; absent where that was
    /// the present one all the time.
    pub then: Option<HistoricalObjective>,
    /// By the corrected budget where there is one, and by the alerts, which
    /// corrections hold still.
    pub state: SloState,
}

/// Figures of a period without the time that corrections leave out.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    /// How much time of the elapsed part is left out.
    pub left_out: Millis,
    pub counts: EventCounts,
    pub attainment: Option<f64>,
    pub lo: Option<f64>,
    pub hi: Option<f64>,
    pub likely: Option<Likely>,
    /// Observed share of the time that is not left out.
    pub coverage: f64,
    pub budget: Option<Budget>,
    /// Those that leave out some of the elapsed part.
    pub corrections: Vec<Arc<Correction>>,
}

/// What the objectives come to that were in force in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricalObjective {
    /// The parts of the elapsed period, each with its objective.
    pub objectives: Vec<(Period, Objective)>,
    /// The objective of the whole, weighted by the events of each part; absent
    /// without events.
    pub objective_ratio: Option<f64>,
    pub budget: Option<Budget>,
    /// The objective of the whole without the time that corrections leave out;
    /// absent where none does.
    pub corrected_objective_ratio: Option<f64>,
    pub corrected_budget: Option<Budget>,
}

impl SloStatus {
    /// What has passed of the period, in whole slots.
    pub fn elapsed_slots(&self) -> Period {
        let now = Timestamp::from_millis(self.as_of.millis().div_euclid(SLOT_MS) * SLOT_MS);
        Period::new(self.period.start.floor_slot(), self.period.end.min(now))
    }

    /// The promised ratio that a period is judged by: the objective, or where it
    /// was another one for a while that of the whole.
    pub fn required_ratio(&self) -> f64 {
        let of_then = self.then.as_ref().and_then(|then| then.corrected_objective_ratio.or(then.objective_ratio));
        of_then.unwrap_or_else(|| self.slo.objective.ratio())
    }

    /// The same, with the budgets by the objectives that were in force.
    pub fn as_promised_then(mut self) -> SloStatus {
        if let Some(then) = &self.then {
            self.budget = then.budget;
            if let Some(corrected) = &mut self.corrected {
                corrected.budget = then.corrected_budget;
            }
        }
        self
    }

    /// The same while the history of its period is still being read: what is known of
    /// it so far says neither that the SLO is met nor that it is missed.
    pub fn still_reading(mut self) -> SloStatus {
        self.state = SloState::Reading;
        self
    }

    /// The same where the series that it rests on were never there, or contradict each
    /// other: counts of all good, all bad or no events say nothing then.
    pub fn without_basis(mut self) -> SloStatus {
        if self.counts.total > 0 && self.counts.good > 0 && self.counts.bad() > 0 {
            return self;
        }
        self.state = SloState::Unknown;
        (self.attainment, self.lo, self.hi, self.likely) = (None, None, None, None);
        (self.budget, self.corrected, self.then) = (None, None, None);
        (self.coverage, self.idle_ratio) = (0.0, 0.0);
        for burn in &mut self.burn_rates {
            (burn.rate, burn.lo, burn.hi, burn.coverage) = (None, None, None, 0.0);
        }
        self
    }

    /// The likely interval that counts: the corrected one where there is one.
    pub fn judged_likely(&self) -> Option<Likely> {
        self.corrected.as_ref().map_or(self.likely, |corrected| corrected.likely)
    }

    /// The budget that counts: the corrected one where there is one.
    pub fn judged_budget(&self) -> Option<&Budget> {
        self.corrected.as_ref().map_or(self.budget.as_ref(), |corrected| corrected.budget.as_ref())
    }

    /// The step of the budget policy that has been entered: the one for the
    /// emptiest budget. `None` also where the budget is not known.
    pub fn policy_step(&self) -> Option<&PolicyStep> {
        let remaining = self.judged_budget()?.remaining_ratio;
        self.slo.budget_policy.iter().rev().find(|step| remaining <= step.remaining_ratio)
    }
}

/// How a number was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Counted from raw samples.
    Exact,
    /// No histogram bound equals the threshold: only `lo` and `hi` are known.
    Interval,
    /// Evaluated by the source, a slot at a time.
    Estimated,
}

impl Method {
    pub fn word(self) -> &'static str {
        match self {
            Method::Exact => "exact",
            Method::Interval => "interval",
            Method::Estimated => "estimated",
        }
    }
}

/// The error budget of a period; absent without events.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Budget {
    /// (1 - objective) x total events, or slices, of the whole period at the traffic
    /// so far; of a period that is over, of what is known of it.
    pub total_events: f64,
    /// Negative when overspent.
    pub remaining_events: f64,
    /// 1 - bad / budget; negative when overspent.
    pub remaining_ratio: f64,
    /// When the bad events passed the budget, to the minute.
    pub exhausted_at: Option<Timestamp>,
    /// Remaining budget / present burn (over one hour); absent below a burn rate of 1
    /// and where nothing remains.
    pub time_to_exhaustion: Option<Millis>,
    /// The same if every event of the hour that nobody saw was bad.
    pub exhaustion_soonest: Option<Millis>,
    /// The same if every one was good; absent too where nothing burns then.
    pub exhaustion_latest: Option<Millis>,
    /// The length of one unit of the budget; absent where it counts events.
    pub slice: Option<Millis>,
}

impl Budget {
    /// Bad minutes that are allowed; absent where the budget counts events.
    pub fn total_minutes(&self) -> Option<f64> {
        self.minutes(self.total_events)
    }

    /// Negative when overspent; absent where the budget counts events.
    pub fn remaining_minutes(&self) -> Option<f64> {
        self.minutes(self.remaining_events)
    }

    fn minutes(&self, units: f64) -> Option<f64> {
        self.slice.map(|slice| units * slice.secs_f64() / 60.0)
    }
}

/// bad ratio over a lookback / (1 - objective).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BurnRate {
    pub lookback: Millis,
    /// Absent without events.
    pub rate: Option<f64>,
    pub lo: Option<f64>,
    pub hi: Option<f64>,
    pub coverage: f64,
    pub counts: EventCounts,
}

/// The state of an SLO over its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SloState {
    /// The history that the source holds is still being read: not judged yet.
    Reading,
    /// No events, or nothing observed.
    Unknown,
    Ok,
    /// A burn-rate tier fires.
    Burning,
    /// No budget remains.
    Exhausted,
}

impl SloState {
    /// Worst first.
    pub const ALL: [SloState; 5] =
        [SloState::Exhausted, SloState::Burning, SloState::Unknown, SloState::Reading, SloState::Ok];

    pub fn word(self) -> &'static str {
        match self {
            SloState::Reading => "reading",
            SloState::Unknown => "unknown",
            SloState::Ok => "ok",
            SloState::Burning => "burning",
            SloState::Exhausted => "exhausted",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        SloState::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// One slot of a history, of any whole number of minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HistorySlot {
    pub start: Timestamp,
    pub counts: EventCounts,
    /// Observed share of the slot, 0..1.
    pub coverage: f64,
    /// How much of the slot corrections leave out.
    pub left_out: Millis,
    /// Budget that remains at the end of the slot, as counted, of the window's period that
    /// ends there; absent without events.
    pub budget_remaining_ratio: Option<f64>,
    /// Between which shares it lies in 95 of 100 cases; also where events are uncertain.
    pub budget_likely: Option<(f64, f64)>,
    /// Observed share of what has passed of that period, 0..1.
    pub window_coverage: f64,
}
