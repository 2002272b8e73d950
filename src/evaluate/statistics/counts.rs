//! Counts of events that come by chance, such as incidents in a month.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, Gamma};

const TAIL: f64 = 0.025;

/// The exact 95 % interval of the expected count where `k` were seen (Garwood,
/// Biometrika 28, 1936).
pub fn poisson(k: u64) -> (f64, f64) {
    let quantile = |shape: f64, p: f64| Gamma::new(shape, 1.0).map_or(f64::NAN, |gamma| gamma.inverse_cdf(p));
    let lower = if k == 0 { 0.0 } else { quantile(k as f64, TAIL) };
    (lower, quantile(k as f64 + 1.0, 1.0 - TAIL))
}

/// Two counts over two exposures, compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRatio {
    /// 95 % bounds of the first rate over the second; the upper one is infinite
    /// where the second count is zero.
    pub lower: f64,
    pub upper: f64,
    /// How often chance alone would make them differ as much, two-sided.
    pub p: f64,
}

/// The ratio of two rates given as events and exposure: given their sum, the
/// first count is binomial (Przyborowski and Wilenski, Biometrika 31, 1940),
/// with the exact interval of Clopper and Pearson. Absent without events or
/// exposure.
pub fn rate_ratio((k1, exposure1): (u64, f64), (k2, exposure2): (u64, f64)) -> Option<RateRatio> {
    let n = k1 + k2;
    if n == 0 || !(exposure1 > 0.0 && exposure2 > 0.0) {
        return None;
    }
    let quantile = |a: u64, b: u64, p: f64| Beta::new(a as f64, b as f64).ok().map(|beta| beta.inverse_cdf(p));
    let lower = if k1 == 0 { 0.0 } else { quantile(k1, k2 + 1, TAIL)? };
    let upper = if k2 == 0 { 1.0 } else { quantile(k1 + 1, k2, 1.0 - TAIL)? };
    let odds = |share: f64| if share >= 1.0 { f64::INFINITY } else { share / (1.0 - share) * exposure2 / exposure1 };
    let chance = Binomial::new(exposure1 / (exposure1 + exposure2), n).ok()?;
    let at_most = chance.cdf(k1);
    let at_least = if k1 == 0 { 1.0 } else { chance.sf(k1 - 1) };
    Some(RateRatio { lower: odds(lower), upper: odds(upper), p: (2.0 * at_most.min(at_least)).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::super::assert_close;
    use super::*;

    /// From `scipy.stats.chi2.ppf` 1.17; the first and the last as in Garwood's table.
    #[test]
    fn exact_intervals_of_counts() {
        for (k, lower, upper) in [
            (0, 0.0, 3.688_879_454_1),
            (1, 0.025_317_808_0, 5.571_643_390_9),
            (3, 0.618_672_122_9, 8.767_273_069_7),
            (10, 4.795_388_696_1, 18.390_356_045_0),
            (100, 81.363_991_250_9, 121.626_793_792_4),
        ] {
            let (lo, hi) = poisson(k);
            assert_close(lo, lower, "lower");
            assert_close(hi, upper, "upper");
        }
    }

    /// Breast cancer under two drugs (Rothman), and others, from
    /// `scipy.stats.binomtest` 1.17 with exact intervals.
    #[test]
    fn exact_intervals_of_ratios_of_rates() {
        for (a, b, lower, upper) in [
            ((60, 51_477.5), (30, 54_308.7), 1.339_735_721_8, 3.388_365_573_6),
            ((11, 30.0), (4, 30.0), 0.814_871_357_4, 11.841_661_012_6),
            ((5, 1.0), (0, 1.0), 0.916_355_857_3, f64::INFINITY),
        ] {
            let ratio = rate_ratio(a, b).unwrap();
            assert_close(ratio.lower, lower, "lower");
            assert_close(ratio.upper, upper, "upper");
        }
        assert_close(rate_ratio((11, 30.0), (4, 30.0)).unwrap().p, 0.118_469_238_3, "p");
        assert_close(rate_ratio((5, 1.0), (0, 1.0)).unwrap().p, 0.0625, "p");
        assert_eq!((rate_ratio((0, 1.0), (0, 1.0)), rate_ratio((1, 0.0), (1, 1.0))), (None, None));
        assert_eq!(rate_ratio((7, 1.0), (7, 1.0)).unwrap().p, 1.0);
    }
}
