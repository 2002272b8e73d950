//! What other objectives would have come to on the counts that were observed, and
//! which one would have been met. Must not know where the counts are from.

use std::sync::Arc;

use super::alerting::rule_changes::burn_alerts;
use super::slo::compliance::{judge, judge_over, present};
use super::slo::history::History;
use super::slo::status::SloStatus;
use crate::model::operations::alert::Alert;
use crate::model::slo::objectives::{Objective, Objectives};
use crate::model::slo::{Severity, Slo};
use crate::model::time::periods::joined;
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};

/// An objective is suggested that would have been met in this share of the windows.
pub const MET_SHARE: f64 = 0.9;

/// A bad ratio of which nothing was seen in n events is below 3/n, at 95 % (the rule of
/// three): what nobody has seen yet may still happen.
const UNSEEN_BAD_EVENTS: f64 = 3.0;

/// Windows that are looked at to suggest an objective: two years of days.
const WINDOWS_MAX: usize = 730;

/// An SLO as it would have been with another objective.
#[derive(Clone, Debug)]
pub struct OtherObjective {
    pub objective: Objective,
    /// Over the first window.
    pub status: SloStatus,
    /// Stretches in which a burn-rate alert of a severity would have fired.
    pub pages: usize,
    pub tickets: usize,
}

/// An objective that past windows suggest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SuggestedObjective {
    pub objective: Objective,
    /// Whole windows that were observed; rolling ones end a day apart.
    pub windows: usize,
    /// Those in which the objective would have been met.
    pub met: usize,
}

/// The SLO with each of the objectives, over its first window and with its own tiers.
/// `known` is the time of which minutes are held.
pub fn other_objectives(
    slo: &Slo,
    history: &History,
    known: Period,
    objectives: impl IntoIterator<Item = Objective>,
) -> Vec<OtherObjective> {
    let other = |objective: Objective| {
        let slo = Arc::new(Slo { objective, objectives: Objectives::default(), ..slo.clone() });
        let now = present(&slo, history, known.end);
        let status = judge(&slo, *slo.first_window(), history, known.end, &now);
        let alerts = burn_alerts(&slo, history, known);
        let [pages, tickets] = [Severity::Page, Severity::Ticket].map(|severity| stretches(&alerts, severity).len());
        OtherObjective { objective, status, pages, tickets }
    };
    objectives.into_iter().map(other).collect()
}

/// The stretches in which any alert of a severity fired: tiers that fire together are
/// one.
pub fn stretches(alerts: &[Alert], severity: Severity) -> Vec<Period> {
    let fired = alerts.iter().filter(|alert| alert.severity == severity).filter_map(|alert| {
        let end = alert.ended.map_or(alert.last_seen, |mark| mark.at);
        Some(Period::new(alert.firing?.at, end))
    });
    joined(fired.collect())
}

/// The strictest objective that would have been met in nine of ten windows, judged by
/// the lower end of what is likely. Absent before one whole window was observed.
pub fn suggested_objective(slo: &Slo, history: &History, known: Period) -> Option<SuggestedObjective> {
    let window = *slo.first_window();
    let slo = Arc::new(Slo { objectives: Objectives::default(), ..slo.clone() });
    let now = present(&slo, history, known.end);
    let worst = |period: Period| {
        let status = judge_over(&slo, window, period, history, period.end, &now);
        let likely = status.judged_likely().map_or(status.lo?, |likely| likely.lo);
        // Without the noise of binary fractions, as objectives are.
        let bad = Objective::new(likely).map_or(1.0 - likely, Objective::allowed_bad_ratio);
        Some(bad.max(UNSEEN_BAD_EVENTS / status.counts.total.max(1) as f64))
    };
    let mut bad: Vec<f64> = whole_windows(window, known).into_iter().filter_map(worst).collect();
    bad.sort_by(f64::total_cmp);
    let enough = (bad.len() as f64 * MET_SHARE).ceil() as usize;
    let allowed = rounded_up(*bad.get(enough.checked_sub(1)?)?);
    let objective = Objective::new(1.0 - allowed)?;
    let met = bad.iter().filter(|bad| **bad <= allowed).count();
    Some(SuggestedObjective { objective, windows: bad.len(), met })
}

/// The windows that lie wholly in a period, the newest first.
fn whole_windows(window: ComplianceWindow, known: Period) -> Vec<Period> {
    let at = |end: Timestamp| window.period_at(end);
    let last = match window.is_calendar() {
        // The one that runs is not over.
        true => at(at(known.end).start - Millis(1)),
        false => at(known.end),
    };
    let before = |period: &Period| match window.is_calendar() {
        true => Some(at(period.start - Millis(1))),
        false => Some(at(period.end - Millis(DAY_MS))),
    };
    let all = std::iter::successors(Some(last), before);
    all.take_while(|period| period.start >= known.start).take(WINDOWS_MAX).collect()
}

/// To two digits, upwards: 0.000731 becomes 0.00074.
fn rounded_up(ratio: f64) -> f64 {
    let scale = 10f64.powi(1 - ratio.log10().floor() as i32);
    // What is exact but for the last bit of a binary fraction stays.
    (ratio * scale - 1e-6).ceil() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slo::tile::{DayTiles, EventCounts, Tile};
    use crate::model::testing::slo;

    const FIRST_DAY: i64 = 20_000;

    /// Days of a hundred requests a minute, so many of which fail in each minute of a
    /// day.
    fn history(bad_by_day: &[i64]) -> (History, Period) {
        let mut history = History::new(slo("web").budgeting);
        let mut before: Option<DayTiles> = None;
        for (day, bad) in (FIRST_DAY..).zip(bad_by_day) {
            let mut tiles = DayTiles::empty(day);
            for minute in 0..1_440 {
                let start = Timestamp::day_start(day) + Millis::from_mins(minute);
                let counts = EventCounts::new(100 - bad, 100);
                tiles.put(&Tile { start, counts, covered_ms: 60_000, ..Tile::default() });
            }
            history.load_day(before.as_ref(), &tiles, |_| true);
            before = Some(tiles);
        }
        let end = Timestamp::day_start(FIRST_DAY + bad_by_day.len() as i64);
        (history, Period::new(Timestamp::day_start(FIRST_DAY), end))
    }

    fn daily() -> Slo {
        let window = ComplianceWindow::Rolling { length: Millis::from_days(1) };
        Slo { windows: vec![window], ..slo("web") }
    }

    #[test]
    fn a_stricter_objective_uses_more_of_its_budget_and_pages_more_often() {
        let (history, known) = history(&[0, 2, 0, 2, 0]);
        let objectives = [0.9, 0.99, 0.999].map(|ratio| Objective::new(ratio).unwrap());
        let others = other_objectives(&daily(), &history, known, objectives);
        let pages: Vec<usize> = others.iter().map(|other| other.pages).collect();
        // Two of a hundred burn at 20 of one in a thousand, and at 2 of one in a hundred.
        assert_eq!((pages[0], pages[2]), (0, 2), "{pages:?}");
        assert!(others.iter().all(|other| other.status.budget.unwrap().remaining_ratio == 1.0), "the last day is good");
        let (_, known) = (history, Period::new(known.start, known.end - Millis::from_days(1)));
        let (history, _) = self::history(&[0, 2, 0, 2]);
        let used: Vec<f64> = other_objectives(&daily(), &history, known, objectives)
            .iter()
            .map(|other| (1.0 - other.status.budget.unwrap().remaining_ratio).round())
            .collect();
        assert_eq!(used, [0.0, 2.0, 20.0]);
    }

    #[test]
    fn nine_of_ten_windows_meet_what_is_suggested() {
        let mut bad = [1; 20];
        (bad[7], bad[12], bad[13]) = (5, 3, 2);
        let (history, known) = history(&bad);
        let suggested = suggested_objective(&daily(), &history, known).unwrap();
        // Of twenty days eighteen have at most two of a hundred.
        assert_eq!((suggested.objective.ratio(), suggested.met, suggested.windows), (0.98, 18, 20));
    }

    #[test]
    fn what_never_failed_may_still_fail_and_a_part_of_a_window_suggests_nothing() {
        let (calm, known) = history(&[0, 0]);
        let suggested = suggested_objective(&daily(), &calm, known).unwrap();
        // None of 144,000 requests failed: fewer than 3 in as many, at 95 %.
        assert_eq!(suggested.objective.to_string(), "99.9979%");
        assert_eq!(suggested_objective(&slo("web"), &calm, known), None, "two of thirty days");
    }

    #[test]
    fn a_calendar_window_counts_when_it_is_over() {
        let days = |from: &str, to: &str| Period::new(Timestamp::parse(from).unwrap(), Timestamp::parse(to).unwrap());
        let known = days("2026-01-10T00:00:00Z", "2026-04-20T00:00:00Z");
        let months = whole_windows(ComplianceWindow::month(chrono_tz::Tz::UTC), known);
        let march = days("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
        assert_eq!(months, [march, days("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")]);
    }

    #[test]
    fn allowed_ratios_are_rounded_to_what_people_write() {
        for (exact, written) in [(0.000731, 0.00074), (0.02, 0.02), (0.0199, 0.02), (0.5, 0.5), (0.00001, 0.00001)] {
            assert!((rounded_up(exact) - written).abs() < 1e-12, "{exact}: {}", rounded_up(exact));
        }
    }
}
