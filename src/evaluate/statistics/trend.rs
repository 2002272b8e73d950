//! Whether numbers in order of time rise or fall, whatever their distribution.

use super::beyond;

/// Below so many values in order the test of Mann and Kendall has no power
/// worth the name.
pub const TREND_VALUES_MIN: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Pairs that rise minus pairs that fall.
    pub s: i64,
    /// How often chance alone would give as clear a trend, two-sided.
    pub p: f64,
    /// The median slope of all pairs, per step.
    pub slope: f64,
}

/// The test of Mann (1945) and Kendall (1975) with ties taken into account and
/// continuity correction, and the slope of Theil (1950) and Sen (1968). Steps
/// without a value are left out, and counted in the slope. Absent below
/// `TREND_VALUES_MIN` values, or where one is not finite.
pub fn trend(steps: &[Option<f64>]) -> Option<Trend> {
    let known: Vec<(usize, f64)> = steps.iter().enumerate().filter_map(|(i, v)| Some((i, (*v)?))).collect();
    let values: Vec<f64> = known.iter().map(|(_, v)| *v).collect();
    if values.len() < TREND_VALUES_MIN || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let mut s = 0_i64;
    let mut slopes = Vec::with_capacity(values.len() * (values.len() - 1) / 2);
    for (n, (j, later)) in known.iter().enumerate() {
        for (i, earlier) in known.iter().take(n) {
            s += i64::from(later > earlier) - i64::from(later < earlier);
            slopes.push((later - earlier) / (j - i) as f64);
        }
    }
    let variance = variance(&values);
    let corrected = s as f64 - (s.signum() as f64);
    let p = if variance > 0.0 { beyond(corrected / variance.sqrt()) } else { 1.0 };
    Some(Trend { s, p, slope: median(&mut slopes)? })
}

/// Of S, without a trend: ties make it smaller.
fn variance(values: &[f64]) -> f64 {
    let term = |n: usize| (n * n.saturating_sub(1) * (2 * n + 5)) as f64;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|tied| term(tied.len())).sum();
    (term(values.len()) - ties) / 18.0
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied();
    let (low, high) = (at(values.len().checked_sub(1)? / 2)?, at(values.len() / 2)?);
    Some(f64::midpoint(low, high))
}

#[cfg(test)]
mod tests {
    use super::super::assert_close;
    use super::*;

    fn known(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    /// From `pymannkendall` 1.4 and `scipy.stats.theilslopes` 1.17.
    #[test]
    fn trends_as_an_independent_implementation_finds_them() {
        for (values, s, p, slope) in [
            (vec![1., 3., 2., 5., 4., 6., 8., 7.], 22, 0.009_374_768_5, 1.0),
            (vec![5., 5., 5., 4., 6., 3., 7., 2., 8., 9., 9., 9.], 30, 0.042_990_409_2, 0.436_507_936_5),
            (vec![10., 9., 8., 7., 6., 5., 4., 3., 2., 1.], -45, 0.000_083_030_7, -1.0),
        ] {
            let trend = trend(&known(&values)).unwrap();
            assert_eq!(trend.s, s);
            assert!((trend.p - p).abs() < 1e-8, "{}", trend.p);
            assert_close(trend.slope, slope, "slope");
        }
    }

    #[test]
    fn a_flat_line_has_no_trend() {
        assert_eq!(trend(&known(&[3.0; 12])), Some(Trend { s: 0, p: 1.0, slope: 0.0 }));
        assert_eq!(trend(&known(&[1.0; 7])), None);
        assert_eq!(trend(&known(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, f64::NAN])), None);
    }

    #[test]
    fn a_gap_is_no_value_and_takes_its_time() {
        let line: Vec<Option<f64>> = (0..12).map(|i| (!(3..7).contains(&i)).then_some(f64::from(i) * 2.0)).collect();
        let trend = trend(&line).unwrap();
        assert_eq!((trend.s, trend.slope), (28, 2.0), "eight values, every pair rises by two a step");
        assert_eq!(super::trend(&line[1..]), None, "seven are too few");
    }
}
