//! A stream of chance from a seed and a name: the same on every machine. Must
//! not know what is drawn.

use crate::model::time::Millis;

/// Draws one value after the other.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

/// The step of SplitMix64 (Steele, Lea, Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Above this mean a Poisson count is drawn from the normal distribution, from
/// which it differs by less than anyone could tell.
const POISSON_EXACT_MAX: f64 = 50.0;

impl Chance {
    /// Streams of different names have nothing to do with each other.
    pub fn new(seed: u64, name: &str) -> Chance {
        let hash = name.bytes().fold(seed ^ STEP, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut chance = Chance(hash);
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly spread over `0..1`, never 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly spread over `0..n`; 0 for n = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next().checked_rem(n).unwrap_or(0)
    }

    /// A length from `low` up to `high`, to the 10 ms that process start times
    /// are given to.
    pub fn between(&mut self, low: Millis, high: Millis) -> Millis {
        Millis((low.0 + ((high.0 - low.0) as f64 * self.unit()) as i64) / 10 * 10)
    }

    /// How many events came of independent ones, of which `mean` were expected.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean <= 0.0 {
            return 0;
        }
        if mean > POISSON_EXACT_MAX {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        // Waiting times are added up until the time is over.
        let (mut waited, mut count) = (self.waiting_time(), 0);
        while waited < mean {
            waited += self.waiting_time();
            count += 1;
        }
        count
    }

    /// A factor around 1 by which a short stretch is busier than usual: gamma
    /// distributed with shape 4, so that counts are negative binomial.
    pub fn burst(&mut self) -> f64 {
        (0..4).map(|_| self.waiting_time()).sum::<f64>() / 4.0
    }

    fn waiting_time(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.waiting_time()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_mean_and_the_variance_of_their_kind() {
        let mut chance = Chance::new(7, "test");
        for mean in [0.3, 12.0, 400.0] {
            let n = 40_000;
            let counts: Vec<f64> = (0..n).map(|_| chance.poisson(mean) as f64).collect();
            let found = counts.iter().sum::<f64>() / f64::from(n);
            let variance = counts.iter().map(|c| (c - found).powi(2)).sum::<f64>() / f64::from(n);
            assert!((found / mean - 1.0).abs() < 0.02, "{mean}: {found}");
            assert!((variance / mean - 1.0).abs() < 0.06, "{mean}: {variance}");
        }
        let bursts = (0..40_000).map(|_| chance.burst()).sum::<f64>() / 40_000.0;
        assert!((bursts - 1.0).abs() < 0.02, "{bursts}");
    }

    #[test]
    fn streams_repeat_and_differ_by_name_and_seed() {
        let draw = |seed, name: &str| Chance::new(seed, name).below(u64::MAX);
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }
}
