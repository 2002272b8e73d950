//! Better, worse, or nothing to say: two samples to one of four words. Must not
//! know what was measured, but for which direction is better.

use crate::evaluate::statistics::counts::{RateRatio, rate_ratio};
use crate::evaluate::statistics::families::significant;
use crate::evaluate::statistics::shares::newcombe;
use crate::evaluate::statistics::survival::{ObservedDuration, log_rank};

/// A difference that chance alone would bring more often than this is no
/// evidence: of a hundred comparisons of periods alike, at most so many are
/// called better or worse.
pub const WRONG_RATIO_MAX: f64 = 0.05;

/// Of the groups of one table that are called better or worse, at most this
/// share may be so called by chance.
pub const FALSE_DISCOVERY_RATIO_MAX: f64 = 0.10;

/// With fewer durations on either side no median has an interval, and none but
/// the clearest difference could be told from chance.
pub const DURATIONS_MIN: usize = 6;

/// With fewer events in all, even one side having them all could be chance.
pub const EVENTS_MIN: u64 = 6;

/// Wilson's interval, and with it Newcombe's, is too narrow below so many.
pub const SHARE_OF_MIN: usize = 10;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrendVerdict {
    Better,
    Worse,
    /// The difference may be chance.
    NoEvidence,
    /// There is too little to tell any difference from chance.
    #[default]
    TooFew,
}

impl TrendVerdict {
    pub fn word(self) -> &'static str {
        match self {
            TrendVerdict::Better => "better",
            TrendVerdict::Worse => "worse",
            TrendVerdict::NoEvidence => "no evidence",
            TrendVerdict::TooFew => "too few",
        }
    }
}

/// What a test says before it is seen among others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestResult {
    /// How often chance alone would make as clear a difference.
    pub p: f64,
    pub is_better: bool,
}

/// Shorter is better.
pub fn durations(now: &[ObservedDuration], before: &[ObservedDuration]) -> Option<TestResult> {
    let ended = |sample: &[ObservedDuration]| sample.iter().filter(|o| o.ended).count();
    if ended(now) < DURATIONS_MIN || ended(before) < DURATIONS_MIN {
        return None;
    }
    let difference = log_rank(now, before)?;
    Some(TestResult { p: difference.p, is_better: difference.excess_ends > 0.0 })
}

/// Fewer is better; events and the length of time in which they were counted.
pub fn events(now: (u64, f64), before: (u64, f64)) -> Option<(RateRatio, TestResult)> {
    if now.0 + before.0 < EVENTS_MIN {
        return None;
    }
    let ratio = rate_ratio(now, before)?;
    let is_better = now.0 as f64 / now.1 < before.0 as f64 / before.1;
    Some((ratio, TestResult { p: ratio.p, is_better }))
}

/// Less is better; `k` of `n`. The interval is of the difference now - before.
pub fn share(now: (usize, usize), before: (usize, usize)) -> (Option<(f64, f64)>, TrendVerdict) {
    let interval = newcombe(now, before);
    let verdict = match interval {
        _ if now.1 < SHARE_OF_MIN || before.1 < SHARE_OF_MIN => TrendVerdict::TooFew,
        Some((_, upper)) if upper < 0.0 => TrendVerdict::Better,
        Some((lower, _)) if lower > 0.0 => TrendVerdict::Worse,
        Some(_) => TrendVerdict::NoEvidence,
        None => TrendVerdict::TooFew,
    };
    (interval, verdict)
}

/// The verdicts of one table: each must stand by itself, and among the others.
pub fn verdicts(findings: &[Option<TestResult>]) -> Vec<TrendVerdict> {
    let p_values: Vec<f64> = findings.iter().map(|f| f.map_or(f64::NAN, |f| f.p)).collect();
    let stands = significant(&p_values, FALSE_DISCOVERY_RATIO_MAX);
    let verdict = |(finding, stands): (&Option<TestResult>, bool)| match finding {
        None => TrendVerdict::TooFew,
        Some(f) if !stands || f.p > WRONG_RATIO_MAX => TrendVerdict::NoEvidence,
        Some(f) if f.is_better => TrendVerdict::Better,
        Some(_) => TrendVerdict::Worse,
    };
    findings.iter().zip(stands).map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn lognormal(random: &mut StdRng, median: f64, sigma: f64) -> f64 {
        let (u, v): (f64, f64) = (random.random_range(f64::MIN_POSITIVE..1.0), random.random());
        median * (sigma * (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()).exp()
    }

    /// Durations of one period, as heavy-tailed as those of incidents are, of
    /// which some are still open.
    fn period(random: &mut StdRng, n: usize, median: f64) -> Vec<ObservedDuration> {
        let one = |random: &mut StdRng| {
            let ended = random.random_bool(0.9);
            ObservedDuration { value: lognormal(random, median, 1.2) * if ended { 1.0 } else { 0.5 }, ended }
        };
        (0..n).map(|_| one(random)).collect()
    }

    const WORLDS: usize = 400;

    /// How many of so many pairs of periods are called better, and worse.
    fn called(n: (usize, usize), median: (f64, f64)) -> (usize, usize) {
        let mut random = StdRng::seed_from_u64(42);
        let mut called = (0, 0);
        for _ in 0..WORLDS {
            let (now, before) = (period(&mut random, n.0, median.0), period(&mut random, n.1, median.1));
            match verdicts(&[durations(&now, &before)])[..] {
                [TrendVerdict::Better] => called.0 += 1,
                [TrendVerdict::Worse] => called.1 += 1,
                _ => {}
            }
        }
        called
    }

    /// The promised share, and three standard deviations of the simulation itself.
    fn at_most(worlds: usize) -> usize {
        let wrong = worlds as f64 * WRONG_RATIO_MAX;
        (wrong + 3.0 * (wrong * (1.0 - WRONG_RATIO_MAX)).sqrt()) as usize
    }

    #[test]
    fn periods_alike_are_seldom_called_better_or_worse() {
        for n in [(8, 8), (8, 40), (15, 15)] {
            let (better, worse) = called(n, (30.0, 30.0));
            assert!(better + worse <= at_most(WORLDS), "{n:?}: {better} better, {worse} worse");
        }
    }

    #[test]
    fn a_large_change_is_seen_and_never_turned_round() {
        let (better, worse) = called((30, 30), (10.0, 40.0));
        assert!(better > WORLDS * 9 / 10 && worse == 0, "{better} better, {worse} worse");
        let (better, worse) = called((30, 30), (80.0, 20.0));
        assert!(worse > WORLDS * 9 / 10 && better == 0, "{better} better, {worse} worse");
    }

    #[test]
    fn few_durations_say_nothing() {
        let of =
            |values: &[f64]| values.iter().map(|v| ObservedDuration { value: *v, ended: true }).collect::<Vec<_>>();
        assert_eq!(durations(&of(&[1.0; 5]), &of(&[99.0; 50])), None);
        assert_eq!(verdicts(&[None]), [TrendVerdict::TooFew]);
    }

    #[test]
    fn counts_of_alike_periods_are_seldom_called_different() {
        let mut random = StdRng::seed_from_u64(7);
        let mut wrong = 0;
        for _ in 0..2_000 {
            // Thirty hours of chance each, about twelve events.
            let mut count = || (0..300).filter(|_| random.random_bool(0.04)).count() as u64;
            let (now, before) = (count(), count());
            let finding = events((now, 30.0), (before, 30.0)).map(|(_, finding)| finding);
            wrong +=
                usize::from(!matches!(verdicts(&[finding])[..], [TrendVerdict::NoEvidence | TrendVerdict::TooFew]));
        }
        assert!(wrong <= at_most(2_000), "{wrong}");
        let (_, finding) = events((3, 30.0), (30, 30.0)).unwrap();
        assert_eq!(verdicts(&[Some(finding)]), [TrendVerdict::Better]);
        assert_eq!(events((2, 1.0), (3, 1.0)), None);
    }

    #[test]
    fn shares_of_alike_periods_are_seldom_called_different() {
        let mut random = StdRng::seed_from_u64(11);
        let mut wrong = 0;
        for _ in 0..2_000 {
            let mut noisy = |n: usize| ((0..n).filter(|_| random.random_bool(0.6)).count(), n);
            let (_, verdict) = share(noisy(25), noisy(40));
            wrong += usize::from(matches!(verdict, TrendVerdict::Better | TrendVerdict::Worse));
        }
        assert!(wrong <= at_most(2_000), "{wrong}");
        assert_eq!(share((2, 40), (30, 40)).1, TrendVerdict::Better);
        assert_eq!(share((30, 40), (2, 40)).1, TrendVerdict::Worse);
        assert_eq!(share((9, 9), (0, 40)).1, TrendVerdict::TooFew);
    }

    #[test]
    fn of_many_groups_one_is_significant_by_chance_and_not_called_so() {
        let finding = |p| Some(TestResult { p, is_better: true });
        assert_eq!(verdicts(&[finding(0.03)]), [TrendVerdict::Better]);
        let twenty: Vec<Option<TestResult>> = (0..20).map(|i| finding(if i == 3 { 0.03 } else { 0.5 })).collect();
        assert!(verdicts(&twenty).iter().all(|v| *v == TrendVerdict::NoEvidence));
    }
}
