//! Estimators that stay true with few and with unfinished observations. Must
//! not know what is measured.

/// The 97.5th percentile of the standard normal distribution, for two-sided
/// 95 % intervals.
const Z95: f64 = 1.959_963_984_540_054;

/// Survival is a product of fractions; one that should be exactly one half can
/// come out a few ulps off.
const SURVIVAL_TOLERANCE: f64 = 1e-9;

/// Above this many observations the binomial ranks are taken from the normal
/// distribution: the exact sum would underflow from about 1070 on.
const EXACT_RANKS_MAX: usize = 1_000;

/// One duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    pub value: f64,
    /// Whether it has ended; otherwise it is known to be at least this long.
    pub ended: bool,
}

/// One step of a survival curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub value: f64,
    /// Observations that had neither ended nor dropped out before `value`.
    pub at_risk: usize,
    pub ended: usize,
    /// The share that lasts longer than `value`.
    pub survival: f64,
}

/// The Kaplan-Meier estimate (1958) of the share that lasts longer than each
/// value: durations that have not ended count as long as they are known to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurvivalCurve {
    /// One per value at which something ended, in ascending order.
    pub steps: Vec<Step>,
}

impl SurvivalCurve {
    /// Observations that are not finite are left out.
    pub fn of(observations: &[Observation]) -> SurvivalCurve {
        let mut sorted: Vec<Observation> = observations.iter().copied().filter(|o| o.value.is_finite()).collect();
        sorted.sort_by(|a, b| a.value.total_cmp(&b.value));
        let mut steps = Vec::new();
        let mut survival = 1.0;
        let mut at_risk = sorted.len();
        for tied in sorted.chunk_by(|a, b| a.value == b.value) {
            let ended = tied.iter().filter(|o| o.ended).count();
            if let Some(first) = tied.first().filter(|_| ended > 0) {
                survival *= (at_risk - ended) as f64 / at_risk as f64;
                steps.push(Step { value: first.value, at_risk, ended, survival });
            }
            at_risk -= tied.len();
        }
        SurvivalCurve { steps }
    }

    /// The least value that the share `q` (0..1) does not outlast; absent where
    /// the curve does not come down that far.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.steps.iter().find(|s| s.survival <= 1.0 - q + SURVIVAL_TOLERANCE).map(|s| s.value)
    }
}

/// The ranks, from 1, of the order statistics between which the median of `n`
/// observations lies with at least 95 % confidence, whatever the distribution.
/// Absent below six.
pub fn median_ranks(n: usize) -> Option<(usize, usize)> {
    // The most ranks that can be cut off with 2.5 % on each side.
    let cut = if n > EXACT_RANKS_MAX {
        let n = n as f64;
        (n / 2.0 - Z95 * n.sqrt() / 2.0).floor() as usize
    } else {
        let mut probability = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
        let mut sum = 0.0;
        let mut cut = 0;
        while cut < n {
            sum += probability;
            if sum > 0.025 {
                break;
            }
            probability *= (n - cut) as f64 / (cut + 1) as f64;
            cut += 1;
        }
        cut
    };
    (cut >= 1).then_some((cut, n + 1 - cut))
}

/// Wilson's 95 % score interval (1927) of a share `k / n`; absent without
/// observations.
pub fn wilson(k: usize, n: usize) -> Option<(f64, f64)> {
    if n == 0 || k > n {
        return None;
    }
    let (share, n) = (k as f64 / n as f64, n as f64);
    let z2 = Z95 * Z95;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // The exact ends, without rounding noise.
    let lower = if k == 0 { 0.0 } else { (centre - half).max(0.0) };
    let upper = if share == 1.0 { 1.0 } else { (centre + half).min(1.0) };
    Some((lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(ended: &[f64], open: &[f64]) -> Vec<Observation> {
        let ended = ended.iter().map(|v| Observation { value: *v, ended: true });
        ended.chain(open.iter().map(|v| Observation { value: *v, ended: false })).collect()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-4
    }

    /// Remission in weeks under 6-mercaptopurine and placebo, 21 patients each
    /// (Freireich and others, Blood 21, 1963), the usual textbook example.
    #[test]
    fn kaplan_meier_gives_the_published_leukemia_table() {
        let treated = observations(
            &[6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0],
            &[6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0],
        );
        let curve = SurvivalCurve::of(&treated);
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
            assert!(close(step.survival, survival), "{step:?}");
        }
        assert_eq!(curve.quantile(0.5), Some(23.0));
        assert_eq!(curve.quantile(0.9), None);

        let weeks = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23].map(f64::from);
        let placebo = SurvivalCurve::of(&observations(&weeks, &[]));
        assert_eq!((placebo.quantile(0.5), placebo.quantile(0.9)), (Some(8.0), Some(17.0)));
        assert_eq!(placebo.quantile(1.0), Some(23.0));
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

    #[test]
    fn median_ranks_are_those_of_the_sign_test() {
        assert_eq!(median_ranks(5), None);
        for (n, ranks) in
            [(6, (1, 6)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (21, (6, 16)), (50, (18, 33)), (100, (40, 61))]
        {
            assert_eq!(median_ranks(n), Some(ranks), "{n}");
        }
        // Exact and approximate ranks meet.
        assert_eq!(median_ranks(1_000), Some((469, 532)));
        assert_eq!(median_ranks(1_001), Some((469, 533)));
    }

    #[test]
    fn wilson_intervals_of_known_shares() {
        let check = |k, n, lower, upper| {
            let (lo, hi) = wilson(k, n).unwrap();
            assert!(close(lo, lower) && close(hi, upper), "{k}/{n}: {lo} {hi}");
        };
        check(0, 10, 0.0, 0.2775);
        check(10, 10, 0.7225, 1.0);
        check(15, 100, 0.0931, 0.2328);
        check(5, 10, 0.2366, 0.7634);
        check(1, 1, 0.2065, 1.0);
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(0, 10).unwrap().0, 0.0);
    }
}
