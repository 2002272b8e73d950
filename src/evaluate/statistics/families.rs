//! Many tests at once: of twenty that compare nothing, one looks significant.

/// Which of a family of tests may be called significant, in their order, when
/// at most the share `q` of those called so shall be wrong (Benjamini and
/// Hochberg, Journal of the Royal Statistical Society B 57, 1995).
pub fn significant(p_values: &[f64], q: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = p_values.iter().copied().filter(|p| p.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let m = sorted.len() as f64;
    let passes = |(i, p): &(usize, &f64)| **p <= (*i + 1) as f64 / m * q;
    let limit = sorted.iter().enumerate().filter(passes).map(|(_, p)| *p).next_back();
    p_values.iter().map(|p| limit.is_some_and(|limit| *p <= limit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fifteen tests of the paper, section 3: four pass at 5 %.
    #[test]
    fn the_example_of_the_paper() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let passed = significant(&p, 0.05);
        assert_eq!(passed.iter().filter(|s| **s).count(), 4);
        assert!(passed[..4].iter().all(|s| *s));
        let mut reversed = p;
        reversed.reverse();
        assert_eq!(significant(&reversed, 0.05)[11..], [true; 4], "in their order");
        assert_eq!(significant(&[], 0.1), [] as [bool; 0]);
        assert_eq!(significant(&[f64::NAN, 0.01], 0.1), [false, true]);
    }
}
