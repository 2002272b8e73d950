//! Between which of the sorted observations a quantile lies.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::Z95;

/// Above this many observations the binomial ranks are taken from the normal
/// distribution; they differ by less than one rank there.
const EXACT_MAX: usize = 1_000;

/// What may lie beyond each end of a two-sided 95 % interval.
const TAIL: f64 = 0.025;

/// The ranks, from 1, of the order statistics between which the quantile `q`
/// (0..1) of `n` observations lies with at least 95 % confidence, whatever the
/// distribution. Absent where there are too few: below 6 for the median, below
/// 36 for the 90th percentile.
pub fn quantile_ranks(n: usize, q: f64) -> Option<(usize, usize)> {
    if n == 0 || !(q > 0.0 && q < 1.0) {
        return None;
    }
    let (low, high) = if n > EXACT_MAX { approximate(n as f64, q) } else { exact(n, q)? };
    (low >= 1 && high <= n).then_some((low, high))
}

/// The largest `low` with P(X < low) and the least `high` with P(X >= high)
/// within the tail, where X is how many observations lie below the quantile.
fn exact(n: usize, q: f64) -> Option<(usize, usize)> {
    let below = Binomial::new(q, n as u64).ok()?;
    let low = (0..n).take_while(|k| below.cdf(*k as u64) <= TAIL).count();
    let high = (1..=n).rev().take_while(|k| below.sf(*k as u64 - 1) <= TAIL).count();
    Some((low, n + 1 - high))
}

fn approximate(n: f64, q: f64) -> (usize, usize) {
    let half = Z95 * (n * q * (1.0 - q)).sqrt();
    ((n * q - half).floor() as usize, (n * q + half).ceil() as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_the_median_are_those_of_the_sign_test() {
        assert_eq!(quantile_ranks(5, 0.5), None);
        for (n, ranks) in
            [(6, (1, 6)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (21, (6, 16)), (50, (18, 33)), (100, (40, 61))]
        {
            assert_eq!(quantile_ranks(n, 0.5), Some(ranks), "{n}");
        }
        // Exact and approximate ranks meet.
        assert_eq!(quantile_ranks(1_000, 0.5), Some((469, 532)));
        assert_eq!(quantile_ranks(1_001, 0.5), Some((469, 533)));
    }

    /// From `scipy.stats.binom.cdf` 1.17.
    #[test]
    fn ranks_of_other_quantiles() {
        for (n, q, ranks) in
            [(36, 0.9, (29, 36)), (50, 0.9, (41, 50)), (100, 0.9, (84, 96)), (72, 0.95, (64, 72)), (71, 0.95, (0, 0))]
        {
            assert_eq!(quantile_ranks(n, q), Some(ranks).filter(|r| r.0 > 0), "{n} {q}");
        }
        assert_eq!(quantile_ranks(35, 0.9), None, "the upper end would lie beyond the largest");
        assert_eq!((quantile_ranks(0, 0.5), quantile_ranks(9, 1.0)), (None, None));
    }
}
