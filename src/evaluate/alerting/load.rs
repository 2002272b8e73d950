//! What pages cost the people on call: interruptions per shift and in the night.
//! Must not know what a page was worth.

use crate::evaluate::alerting::page_class::PageReason;
use crate::evaluate::statistics::shares::Share;
use crate::model::operations::on_call::{OnCall, TeamHours};
use crate::model::time::{Millis, Period, Timestamp};

/// Pages to one team within this time are one interruption: whoever was woken
/// by the first is awake for the others.
pub const INTERRUPTION_GAP: Millis = Millis::from_mins(5);

/// What a page in the night costs, in pages by day.
const NIGHT_COST: f64 = 3.0;

/// The load of one team, or of all together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    pub pages: usize,
    /// Pages that came together are one.
    pub interruptions: usize,
    /// Of the period, as far as it is over; a fraction at its end.
    pub shifts: f64,
    /// Interruptions of the worst shift of a team; shifts are counted from the beginning
    /// of the period.
    pub worst_shift: usize,
    /// Interruptions in the sleep hours of the team, of all.
    pub off_hours: Share,
}

impl Load {
    /// Absent before the first shift is over.
    pub fn per_shift(&self) -> Option<f64> {
        (self.shifts >= 1.0).then(|| self.interruptions as f64 / self.shifts)
    }
}

/// The load of some pages of one team, or of several teams.
pub fn load<'a>(pages: impl Iterator<Item = &'a PageReason>, period: Period, now: Timestamp, on_call: &OnCall) -> Load {
    let mut pages: Vec<&PageReason> = pages.collect();
    pages.sort_by_key(|p| (p.team.as_deref(), p.at));
    let shift = on_call.shift.0.max(1);
    let elapsed = Period::new(period.start, period.end.min(now)).length();
    let mut load = Load { pages: pages.len(), shifts: elapsed.0 as f64 / shift as f64, ..Load::default() };
    let mut by_shift: std::collections::BTreeMap<(Option<&str>, i64), usize> = std::collections::BTreeMap::new();
    let mut last: Option<&PageReason> = None;
    for page in pages {
        let together = last.is_some_and(|l| l.team == page.team && page.at - l.at <= INTERRUPTION_GAP);
        last = Some(page);
        if together {
            continue;
        }
        load.interruptions += 1;
        load.off_hours.n += 1;
        load.off_hours.k += usize::from(on_call.of(page.team.as_deref()).is_off_hours(page.at));
        *by_shift.entry((page.team.as_deref(), (page.at - period.start).0 / shift)).or_default() += 1;
    }
    load.worst_shift = by_shift.into_values().max().unwrap_or(0);
    load
}

/// The cost of one page, in pages by day.
pub fn cost(hours: &TeamHours, at: Timestamp) -> f64 {
    if hours.is_off_hours(at) { NIGHT_COST } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::evaluate::scenario::{TextScenario, minute};

    #[test]
    fn pages_that_come_together_wake_once() {
        // Minute 0 is midnight UTC: the sleepers wake at 420.
        let review = TextScenario::new(
            "page A web .*60 F*5 .*1400\npage B db .*63 F*5 .*1400\npage C web .*500 F*9 .*30 F*9 .*900",
        )
        .review();
        let pages = || review.noise.page_reasons.iter();
        let load_of = |on_call: &OnCall| load(pages(), Period::new(minute(0), minute(1440)), minute(1440), on_call);
        let all = load_of(&OnCall::new(Tz::UTC));
        assert_eq!((all.pages, all.interruptions, all.worst_shift), (4, 3, 3));
        assert_eq!((all.off_hours.k, all.off_hours.n, all.per_shift()), (1, 3, Some(1.5)));
        let tokyo = load_of(&OnCall::new(chrono_tz::Asia::Tokyo));
        assert_eq!(tokyo.off_hours.k, 0, "it was ten in the morning there");
        let early = load(pages(), Period::new(minute(0), minute(1440)), minute(300), &OnCall::new(Tz::UTC));
        assert_eq!(early.per_shift(), None);
    }
}
