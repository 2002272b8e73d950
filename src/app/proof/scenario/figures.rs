//! The figures of a scenario by their names, and how a wrong one is told.

use std::collections::BTreeMap;

use crate::definitions::scenario::{Check, Failure, Figure, TileFigure, Wanted};
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::model::slo::tile::{EventCounts, SlotState, Tile};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// What came out at one instant.
pub(crate) struct Found<'f> {
    pub start: Timestamp,
    pub status: &'f SloStatus,
    pub tiers: &'f [TierStatus],
    pub tiles: &'f BTreeMap<Timestamp, Tile>,
}

/// The value of a figure.
enum Value {
    Number(Option<f64>),
    Word(&'static str),
    /// There is no such figure, and why.
    None(String),
}

impl Found<'_> {
    /// What is wrong with a figure, if it is not as expected.
    pub fn check(&self, check: &Check) -> Option<Failure> {
        let value = self.value(&check.figure);
        let holds = match &value {
            Value::Number(number) => check.wanted.holds_number(*number),
            Value::Word(word) => check.wanted.holds_word(word),
            Value::None(_) => false,
        };
        if holds {
            return None;
        }
        let place = match &check.figure {
            Figure::Tiles(period, _) if period.length().0 == SLOT_MS => {
                format!(" of the minute at {}", offset(period.start, self.start))
            }
            Figure::Tiles(period, _) => {
                format!(" from {} to {}", offset(period.start, self.start), offset(period.end, self.start))
            }
            _ => String::new(),
        };
        let found = match value {
            Value::Number(Some(number)) => format!("found {number}"),
            Value::Number(None) => "found none".to_owned(),
            Value::Word(word) => format!("found {word}"),
            Value::None(why) => why,
        };
        let message = format!("{}{place}: expected {}, {found}", check.figure.name(), expected(check));
        Some(Failure { spot: check.spot.clone(), message, hint: Some(self.context(&check.figure)) })
    }

    fn value(&self, figure: &Figure) -> Value {
        let s = self.status;
        let since = |at: Timestamp| Some((at - self.start).secs_f64());
        let number = match figure {
            Figure::Good => Some(s.counts.good as f64),
            Figure::Bad => Some(s.counts.bad() as f64),
            Figure::Total => Some(s.counts.total as f64),
            Figure::Attainment => s.attainment,
            Figure::Lo => s.lo,
            Figure::Hi => s.hi,
            Figure::Coverage => Some(s.coverage),
            Figure::UnseenEvents => Some(s.unseen_events),
            Figure::Elapsed => Some(s.elapsed_ratio),
            Figure::PeriodStart => since(s.period.start),
            Figure::PeriodEnd => since(s.period.end),
            Figure::BudgetTotal => s.budget.map(|b| b.total_events),
            Figure::BudgetRemainingEvents => s.budget.map(|b| b.remaining_events),
            Figure::BudgetRemaining => s.budget.map(|b| b.remaining_ratio),
            Figure::State => return Value::Word(s.state.word()),
            Figure::Method => return Value::Word(s.method.word()),
            Figure::BurnRate(lookback) => match s.burn_rates.iter().find(|b| b.lookback == *lookback) {
                Some(burn) => burn.rate,
                None => {
                    let known: Vec<String> = s.burn_rates.iter().map(|b| b.lookback.to_string()).collect();
                    return Value::None(format!("but burn rates are computed over {}", known.join(", ")));
                }
            },
            Figure::Tier(name) => {
                let tier = self.tiers.iter().find(|t| t.tier.name == *name);
                return tier.map_or_else(
                    || Value::None("but the SLO has no such tier".to_owned()),
                    |t| Value::Word(verdict(t.verdict)),
                );
            }
            Figure::Historical(figure) => return self.then(figure),
            Figure::Corrected(figure) => return self.corrected(figure),
            Figure::Tiles(period, figure) => return self.of_tiles(*period, *figure),
        };
        Value::Number(number)
    }

    fn corrected(&self, figure: &Figure) -> Value {
        let Some(corrected) = &self.status.corrected else {
            return Value::None("but no correction leaves out any of the period".to_owned());
        };
        Value::Number(match figure {
            Figure::Good => Some(corrected.counts.good as f64),
            Figure::Bad => Some(corrected.counts.bad() as f64),
            Figure::Total => Some(corrected.counts.total as f64),
            Figure::Attainment => corrected.attainment,
            Figure::Lo => corrected.lo,
            Figure::Hi => corrected.hi,
            Figure::Coverage => Some(corrected.coverage),
            Figure::BudgetTotal => corrected.budget.map(|b| b.total_events),
            Figure::BudgetRemainingEvents => corrected.budget.map(|b| b.remaining_events),
            Figure::BudgetRemaining => corrected.budget.map(|b| b.remaining_ratio),
            other => return Value::None(format!("but no corrected {} exists", other.name())),
        })
    }

    fn then(&self, figure: &Figure) -> Value {
        let Some(then) = &self.status.then else {
            return Value::None("but the objective was the present one all the time".to_owned());
        };
        Value::Number(match figure {
            Figure::BudgetTotal => then.budget.map(|b| b.total_events),
            Figure::BudgetRemainingEvents => then.budget.map(|b| b.remaining_events),
            Figure::BudgetRemaining => then.budget.map(|b| b.remaining_ratio),
            other => return Value::None(format!("but no {} by the historical objectives exists", other.name())),
        })
    }

    fn of_tiles(&self, period: Period, figure: TileFigure) -> Value {
        let tiles = || self.tiles.range(period.start..period.end).map(|(_, tile)| tile);
        let counts = tiles().fold(EventCounts::ZERO, |sum, tile| sum + tile.counts);
        let seconds = |ms: fn(&Tile) -> u32| tiles().map(|t| f64::from(ms(t))).sum::<f64>() / 1_000.0;
        Value::Number(Some(match figure {
            TileFigure::Good => counts.good as f64,
            TileFigure::Bad => counts.bad() as f64,
            TileFigure::Total => counts.total as f64,
            TileFigure::Uncertain => counts.uncertain as f64,
            TileFigure::Coverage => seconds(|t| t.covered_ms) / period.length().secs_f64(),
            TileFigure::PossibleGood => tiles().map(|t| t.possible.good).sum::<i64>() as f64,
            TileFigure::PossibleBad => tiles().map(|t| t.possible.bad).sum::<i64>() as f64,
            TileFigure::UnseenSeconds => seconds(|t| t.unseen_ms),
            TileFigure::State => {
                let minutes = (period.length().0 / SLOT_MS) as usize;
                let missing = tiles().count() < minutes;
                let mut states = tiles().map(Tile::state).chain(missing.then_some(SlotState::Unknown));
                let first = states.next().unwrap_or(SlotState::Unknown);
                if states.any(|s| s != first) {
                    return Value::Word("mixed");
                }
                return Value::Word(state(first));
            }
        }))
    }

    /// The figures around a wrong one.
    fn context(&self, figure: &Figure) -> String {
        if let Figure::Tiles(period, _) = figure {
            let near = Period::new(period.start - Millis(SLOT_MS), period.end + Millis(SLOT_MS));
            // A long stretch would fill the screen: its edges say enough.
            let mut lines: Vec<String> = self
                .tiles
                .range(near.start..near.end)
                .map(|(at, t)| format!("{} {}", offset(*at, self.start), tile(t)))
                .collect();
            if lines.len() > SHOWN {
                let rest = lines.len() - SHOWN;
                lines.truncate(SHOWN);
                lines.push(format!("{rest} more"));
            }
            return if lines.is_empty() { "nothing is known there".to_owned() } else { lines.join("; ") };
        }
        let s = self.status;
        let ratio = |value: Option<f64>| value.map_or_else(|| "absent".to_owned(), |v| format!("{v:.6}"));
        format!(
            "over {} from {} to {}: good {}, bad {}, total {}, attainment {} within {} and {}, coverage {:.4}, budget left {}, {}",
            s.window,
            offset(s.period.start, self.start),
            offset(s.as_of.min(s.period.end), self.start),
            s.counts.good,
            s.counts.bad(),
            s.counts.total,
            ratio(s.attainment),
            ratio(s.lo),
            ratio(s.hi),
            s.coverage,
            ratio(s.budget.map(|b| b.remaining_ratio)),
            s.state.word(),
        )
    }
}

/// Minutes that are shown beside a wrong one.
const SHOWN: usize = 5;

/// The expectation as it was written; instants were written as lengths.
fn expected(check: &Check) -> String {
    match (&check.figure, &check.wanted) {
        (Figure::PeriodStart | Figure::PeriodEnd, Wanted::Number { text, .. }) => {
            format!("{text} seconds from the start")
        }
        (_, wanted) => wanted.to_string(),
    }
}

/// `+1h 30m` from the start.
pub(crate) fn offset(at: Timestamp, start: Timestamp) -> String {
    match at - start {
        Millis(0) => "0s".to_owned(),
        after => after.human(),
    }
}

/// A minute in a line.
pub(crate) fn tile(tile: &Tile) -> String {
    let counts = tile.counts;
    let mut text = format!("good {} bad {} total {}", counts.good, counts.bad(), counts.total);
    if counts.uncertain != 0 {
        text.push_str(&format!(" uncertain {}", counts.uncertain));
    }
    let seconds = |ms: u32| Millis(i64::from(ms)).secs_f64();
    if tile.possible.all() != 0 {
        text.push_str(&format!(" possible {} good {} bad", tile.possible.good, tile.possible.bad));
    }
    text.push_str(&format!(" covered {}s unseen {}s", seconds(tile.covered_ms), seconds(tile.unseen_ms)));
    if tile.counts.total > 0 {
        text.push_str(&format!(" peak {:.3}/s", tile.peak.per_second()));
    }
    text
}

fn verdict(verdict: TierVerdict) -> &'static str {
    match verdict {
        TierVerdict::Firing => "firing",
        TierVerdict::Quiet => "quiet",
        TierVerdict::HeldBack => "held-back",
        TierVerdict::Frozen => "frozen",
    }
}

fn state(state: SlotState) -> &'static str {
    match state {
        SlotState::Measured => "measured",
        SlotState::Idle => "idle",
        SlotState::Unknown => "unknown",
    }
}
