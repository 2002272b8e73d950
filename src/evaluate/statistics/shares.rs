//! Shares `k` of `n`, their differences and their quotients.

use super::Z95;

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

/// Newcombe's 95 % interval of the difference `k1 / n1 - k2 / n2`, from two
/// Wilson intervals (Statistics in Medicine 17, 1998, method 10); absent where
/// one of the two has no observations.
pub fn newcombe((k1, n1): (usize, usize), (k2, n2): (usize, usize)) -> Option<(f64, f64)> {
    let ((l1, u1), (l2, u2)) = (wilson(k1, n1)?, wilson(k2, n2)?);
    let (p1, p2) = (k1 as f64 / n1 as f64, k2 as f64 / n2 as f64);
    let apart = |a: f64, b: f64| (a * a + b * b).sqrt();
    Some((p1 - p2 - apart(p1 - l1, u2 - p2), p1 - p2 + apart(u1 - p1, p2 - l2)))
}

/// Katz' 95 % interval (Biometrics 34, 1978) of the quotient of two shares, with
/// half an event added to each count so that it exists where one is zero;
/// absent where one of the two has no observations.
pub fn quotient((k1, n1): (usize, usize), (k2, n2): (usize, usize)) -> Option<(f64, f64)> {
    if n1 == 0 || n2 == 0 || k1 > n1 || k2 > n2 {
        return None;
    }
    let (k1, n1, k2, n2) = (k1 as f64 + 0.5, n1 as f64 + 0.5, k2 as f64 + 0.5, n2 as f64 + 0.5);
    let log = (k1 / n1 / (k2 / n2)).ln();
    let half = Z95 * (1.0 / k1 - 1.0 / n1 + 1.0 / k2 - 1.0 / n2).max(0.0).sqrt();
    Some(((log - half).exp(), (log + half).exp()))
}

/// A share `k` of `n` with what chance leaves open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    pub k: usize,
    pub n: usize,
}

impl Share {
    /// Absent where n is 0.
    pub fn ratio(self) -> Option<f64> {
        (self.n > 0).then(|| self.k as f64 / self.n as f64)
    }

    /// Wilson's 95 % interval.
    pub fn interval(self) -> Option<(f64, f64)> {
        wilson(self.k, self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::super::assert_close;
    use super::*;

    #[test]
    fn wilson_intervals_of_known_shares() {
        let check = |k, n, lower: f64, upper: f64| {
            let (lo, hi) = wilson(k, n).unwrap();
            assert!((lo - lower).abs() < 5e-5 && (hi - upper).abs() < 5e-5, "{k}/{n}: {lo} {hi}");
        };
        check(0, 10, 0.0, 0.2775);
        check(10, 10, 0.7225, 1.0);
        check(15, 100, 0.0931, 0.2328);
        check(5, 10, 0.2366, 0.7634);
        check(1, 1, 0.2065, 1.0);
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(0, 10).unwrap().0, 0.0);
    }

    /// Table II of the paper, to its four digits, and more digits from an
    /// independent computation with numpy.
    #[test]
    fn newcombe_intervals_of_the_paper() {
        for (a, b, lower, upper) in [
            ((56, 70), (48, 80), 0.052_431_472_4, 0.333_872_654_1),
            ((9, 10), (3, 10), 0.170_522_723_9, 0.809_017_973_5),
            ((5, 56), (0, 29), -0.038_137_147_9, 0.192_560_013_9),
            ((0, 10), (0, 20), -0.161_125_158_1, 0.277_532_799_9),
        ] {
            let (lo, hi) = newcombe(a, b).unwrap();
            assert_close(lo, lower, "lower");
            assert_close(hi, upper, "upper");
        }
        assert_eq!(newcombe((0, 0), (1, 2)), None);
    }

    #[test]
    fn a_quotient_holds_one_where_nothing_differs() {
        let (lo, hi) = quotient((30, 100), (30, 100)).unwrap();
        assert!(lo < 1.0 && hi > 1.0 && (lo * hi - 1.0).abs() < 1e-9);
        let (lo, _) = quotient((8, 10), (5, 100)).unwrap();
        assert!(lo > 1.0, "{lo}");
        let (lo, hi) = quotient((0, 3), (0, 40)).unwrap();
        assert!(lo < 1.0 && hi > 1.0, "nothing on either side says nothing");
        assert_eq!(quotient((1, 1), (0, 0)), None);
    }
}
