//! Durations of which some have not ended: how long they last, and whether two
//! samples of them differ.

use super::Z95;

/// Survival is a product of fractions; one that should be exactly one half can
/// come out a few ulps off.
const SURVIVAL_TOLERANCE: f64 = 1e-9;

/// So many shuffles tell whether a difference is chance: a p-value of 5 % is
/// known to about 0.3 %.
const SHUFFLES: u32 = 4_999;

/// One duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObservedDuration {
    pub value: f64,
    /// Whether it has ended; otherwise it is known to be at least this long.
    pub ended: bool,
}

/// One step of a survival curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveStep {
    pub value: f64,
    /// Observations that had neither ended nor dropped out before `value`.
    pub at_risk: usize,
    pub ended: usize,
    /// The share that lasts longer than `value`.
    pub survival: f64,
    /// The 95 % interval of that share, on the scale of log(-log) (Kalbfleisch
    /// and Prentice), with Greenwood's variance; absent where it is 0.
    pub interval: Option<(f64, f64)>,
}

/// The Kaplan-Meier estimate (1958) of the share that lasts longer than each
/// value: durations that have not ended count as long as they are known to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurvivalCurve {
    /// One per value at which something ended, in ascending order.
    pub steps: Vec<CurveStep>,
}

impl SurvivalCurve {
    /// Observations that are not finite are left out.
    pub fn of(observations: &[ObservedDuration]) -> SurvivalCurve {
        let mut steps = Vec::new();
        let (mut survival, mut greenwood) = (1.0, 0.0);
        for tied in Tied::of(observations) {
            if tied.ended == 0 {
                continue;
            }
            let (at_risk, ended) = (tied.at_risk as f64, tied.ended as f64);
            survival *= (at_risk - ended) / at_risk;
            greenwood += ended / (at_risk * (at_risk - ended));
            let interval = log_log(survival, greenwood);
            steps.push(CurveStep { value: tied.value, at_risk: tied.at_risk, ended: tied.ended, survival, interval });
        }
        SurvivalCurve { steps }
    }

    /// The least value that the share `q` (0..1) does not outlast; absent where
    /// the curve does not come down that far.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.steps.iter().find(|s| s.survival <= 1.0 - q + SURVIVAL_TOLERANCE).map(|s| s.value)
    }

    /// The 95 % interval of the quantile `q` (Brookmeyer and Crowley, Biometrics
    /// 38, 1982): the values at which it cannot be excluded. An end that the
    /// curve does not reach is absent.
    pub fn quantile_interval(&self, q: f64) -> (Option<f64>, Option<f64>) {
        let level = 1.0 - q + SURVIVAL_TOLERANCE;
        let first = |below: &dyn Fn(&CurveStep) -> bool| self.steps.iter().find(|s| below(s)).map(|s| s.value);
        // The last step of a sample that has all ended has no variance: nothing
        // outlasts it.
        let lower = first(&|s| s.interval.map_or(s.survival, |i| i.0) <= level);
        let upper = first(&|s| s.interval.is_some_and(|i| i.1 <= level));
        (lower, upper)
    }
}

fn log_log(survival: f64, greenwood: f64) -> Option<(f64, f64)> {
    if !(survival > 0.0 && survival < 1.0) {
        return None;
    }
    let spread = Z95 * greenwood.sqrt() / survival.ln().abs();
    Some((survival.powf(spread.exp()), survival.powf((-spread).exp())))
}

/// All observations of one value.
struct Tied {
    value: f64,
    at_risk: usize,
    ended: usize,
}

impl Tied {
    fn of(observations: &[ObservedDuration]) -> Vec<Tied> {
        let mut sorted: Vec<ObservedDuration> = observations.iter().copied().filter(|o| o.value.is_finite()).collect();
        sorted.sort_by(|a, b| a.value.total_cmp(&b.value));
        let mut at_risk = sorted.len();
        let mut out = Vec::new();
        for tied in sorted.chunk_by(|a, b| a.value == b.value) {
            let ended = tied.iter().filter(|o| o.ended).count();
            out.extend(tied.first().map(|first| Tied { value: first.value, at_risk, ended }));
            at_risk -= tied.len();
        }
        out
    }
}

/// Two samples of durations, compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Ends in the first sample beyond those expected if both were alike:
    /// positive where the first is the shorter one.
    pub excess_ends: f64,
    /// How often chance alone would make them differ as much, two-sided.
    pub p: f64,
}

/// The log-rank test (Mantel, 1966) as a permutation test: each observation
/// scores whether it ended minus the ends expected of it (Nelson and Aalen), and
/// the first sample's sum of scores is compared with that of shuffled samples.
/// Unlike the usual approximation it is exact for few and for unequal numbers.
/// The shuffles are always the same, so that the same facts give the same
/// answer. Absent where one sample is empty or nothing ended.
pub fn log_rank(first: &[ObservedDuration], second: &[ObservedDuration]) -> Option<Difference> {
    let finite =
        |sample: &[ObservedDuration]| sample.iter().copied().filter(|o| o.value.is_finite()).collect::<Vec<_>>();
    let (first, second) = (finite(first), finite(second));
    let all: Vec<ObservedDuration> = first.iter().chain(&second).copied().collect();
    if first.is_empty() || second.is_empty() || !all.iter().any(|o| o.ended) {
        return None;
    }
    let mut scores = scores(&all);
    let excess_ends: f64 = scores.iter().take(first.len()).sum();
    // The smaller sample is drawn; its sum is the other's with the sign changed.
    let drawn = first.len().min(second.len());
    let mut random = SplitMix(0x5EED);
    let mut as_extreme = 1;
    for _ in 0..SHUFFLES {
        let mut sum = 0.0;
        for i in 0..drawn {
            scores.swap(i, i + random.below(all.len() - i));
            sum += scores.get(i).copied().unwrap_or_default();
        }
        as_extreme += u32::from(sum.abs() >= excess_ends.abs() - SURVIVAL_TOLERANCE);
    }
    Some(Difference { excess_ends, p: f64::from(as_extreme) / f64::from(SHUFFLES + 1) })
}

fn scores(all: &[ObservedDuration]) -> Vec<f64> {
    let mut hazard = 0.0;
    let steps: Vec<(f64, f64)> = Tied::of(all)
        .into_iter()
        .map(|tied| {
            hazard += tied.ended as f64 / tied.at_risk as f64;
            (tied.value, hazard)
        })
        .collect();
    let expected = |value: f64| {
        let after = steps.partition_point(|(at, _)| *at <= value);
        after.checked_sub(1).and_then(|i| steps.get(i)).map_or(0.0, |(_, hazard)| *hazard)
    };
    all.iter().map(|o| f64::from(u8::from(o.ended)) - expected(o.value)).collect()
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers on every machine
/// and in every release.
struct SplitMix(u64);

impl SplitMix {
    /// A whole number below `n`, as good as uniform for any `n` that fits in
    /// memory.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((u128::from(z) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(ended: &[f64], open: &[f64]) -> Vec<ObservedDuration> {
        let ended = ended.iter().map(|v| ObservedDuration { value: *v, ended: true });
        ended.chain(open.iter().map(|v| ObservedDuration { value: *v, ended: false })).collect()
    }

    /// Remission in weeks under 6-mercaptopurine and placebo, 21 patients each
    /// (Freireich and others, Blood 21, 1963), the usual textbook example.
    fn treated() -> Vec<ObservedDuration> {
        observations(
            &[6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0],
            &[6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0],
        )
    }

    fn placebo() -> Vec<ObservedDuration> {
        let weeks = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23].map(f64::from);
        observations(&weeks, &[])
    }

    #[test]
    fn kaplan_meier_gives_the_published_leukemia_table() {
        let curve = SurvivalCurve::of(&treated());
        let table = [
            (6.0, 21, 3, 0.857),
            (7.0, 17, 1, 0.807),
            (10.0, 15, 1, 0.753),
            (13.0, 12, 1, 0.690),
            (16.0, 11, 1, 0.627),
            (22.0, 7, 1, 0.538),
            (23.0, 6, 1, 0.448),
        ];
        assert_eq!(curve.steps.len(), table.len());
        for (step, (value, at_risk, ended, survival)) in curve.steps.iter().zip(table) {
            assert_eq!((step.value, step.at_risk, step.ended), (value, at_risk, ended));
            assert!((step.survival - survival).abs() < 5e-4, "{step:?}");
        }
        assert_eq!((curve.quantile(0.5), curve.quantile(0.9)), (Some(23.0), None));
        let placebo = SurvivalCurve::of(&placebo());
        assert_eq!((placebo.quantile(0.5), placebo.quantile(0.9)), (Some(8.0), Some(17.0)));
        assert_eq!(placebo.quantile(1.0), Some(23.0));
    }

    /// From `lifelines` 0.30.
    #[test]
    fn quantiles_have_the_intervals_of_an_independent_implementation() {
        let (treated, placebo) = (SurvivalCurve::of(&treated()), SurvivalCurve::of(&placebo()));
        assert_eq!(treated.quantile_interval(0.5), (Some(13.0), None));
        assert_eq!(treated.quantile_interval(0.25), (Some(6.0), Some(22.0)));
        assert_eq!(placebo.quantile_interval(0.5), (Some(4.0), Some(11.0)));
        assert_eq!(placebo.quantile_interval(0.25), (Some(1.0), Some(5.0)));
        assert_eq!(placebo.quantile_interval(0.75), (Some(8.0), Some(22.0)));
        assert_eq!(treated.quantile_interval(0.9), (None, None));
    }

    #[test]
    fn nothing_observed_gives_nothing() {
        assert_eq!(SurvivalCurve::of(&[]).quantile(0.5), None);
        assert_eq!(SurvivalCurve::of(&observations(&[], &[3.0, 4.0])).quantile(0.5), None);
        assert_eq!(SurvivalCurve::of(&observations(&[f64::NAN], &[])).steps, []);
        // Just half have ended.
        assert_eq!(SurvivalCurve::of(&observations(&[3.0], &[4.0])).quantile(0.5), Some(3.0));
    }

    #[test]
    fn a_median_of_equal_steps_is_found_despite_rounding() {
        for n in 1..200_u32 {
            let values: Vec<f64> = (1..=2 * n).map(f64::from).collect();
            assert_eq!(SurvivalCurve::of(&observations(&values, &[])).quantile(0.5), Some(f64::from(n)), "{n}");
        }
    }

    /// The published test: 9 ends where 19.25 were expected, chi-square 16.79.
    #[test]
    fn the_log_rank_test_of_the_leukemia_table() {
        let difference = log_rank(&treated(), &placebo()).unwrap();
        assert!((difference.excess_ends - (9.0 - 19.25)).abs() < 5e-3, "{difference:?}");
        assert_eq!(difference.p, 1.0 / 5_000.0, "as small as so many shuffles can tell");
        let other_way = log_rank(&placebo(), &treated()).unwrap();
        assert!((other_way.excess_ends + difference.excess_ends).abs() < 1e-9);
    }

    /// Against the approximation of `lifelines` 0.30, which comes close for
    /// samples that are not small: p = 0.572.
    #[test]
    fn samples_alike_do_not_differ() {
        let first = observations(
            &[7.6, 71.7, 7.6, 58.0, 10.0, 4.6, 22.0, 102.6, 56.3, 23.2, 221.5, 50.1, 4.8, 22.0],
            &[19.3, 17.6, 22.9, 21.7, 3.1, 9.3],
        );
        let second = observations(
            &[66.2, 26.4, 30.6, 73.8, 186.1, 14.7, 42.3, 19.0, 38.6, 8.0, 26.2, 97.4, 130.9],
            &[75.2, 16.5],
        );
        let p = log_rank(&first, &second).unwrap().p;
        assert!((p - 0.572).abs() < 0.03, "{p}");
        assert_eq!(log_rank(&first, &[]), None);
        assert_eq!(log_rank(&observations(&[], &[1.0]), &observations(&[], &[2.0])), None);
    }
}
