//! Estimators and tests that stay true with few and with unfinished
//! observations. Must not know what is measured.

pub mod counts;
pub mod families;
pub mod ranks;
pub mod shares;
pub mod survival;
pub mod trend;

/// The 97.5th percentile of the standard normal distribution, for two-sided
/// 95 % intervals.
const Z95: f64 = 1.959_963_984_540_054;

/// The two-sided share of the standard normal distribution beyond `z`.
fn beyond(z: f64) -> f64 {
    statrs::function::erf::erfc(z.abs() / std::f64::consts::SQRT_2)
}

#[cfg(test)]
fn assert_close(got: f64, wanted: f64, what: &str) {
    let apart = (got - wanted).abs() / wanted.abs().max(1e-3);
    assert!(apart < 1e-6 || got == wanted, "{what}: {got}, not {wanted}");
}
