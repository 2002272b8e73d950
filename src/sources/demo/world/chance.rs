//! Chance without state: a key is a hash that names one decision, so the same
//! question always has the same answer, in any order and on every machine.
//! Must not know what the decisions are about.

use crate::model::time::{Millis, Timestamp};

/// Names one random decision. Keys are derived from keys, as paths are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    pub fn new(seed: u64) -> Key {
        Key(mix(seed.wrapping_add(GOLDEN)))
    }

    /// The key of the n-th thing below this one.
    pub fn at(self, n: i64) -> Key {
        Key(mix(self.0 ^ mix((n as u64).wrapping_add(GOLDEN))))
    }

    /// The key of a named thing below this one.
    pub fn word(self, text: &str) -> Key {
        let hash = text.bytes().fold(self.0, |h, b| (h ^ u64::from(b)).wrapping_mul(FNV_PRIME));
        Key(mix(hash))
    }

    /// Evenly spread over 0..1.
    pub fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly spread over `0..n`; 0 for n = 0.
    pub fn below(self, n: u64) -> u64 {
        self.0.checked_rem(n).unwrap_or(0)
    }

    /// A length from `low` up to `high`, to the 10 ms.
    pub fn between(self, low: Millis, high: Millis) -> Millis {
        round(Millis(low.0 + ((high.0 - low.0) as f64 * self.unit()) as i64))
    }

    /// A word of `length` letters, as Kubernetes ends its names with.
    pub fn suffix(self, length: i64) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let letter = |i| LETTERS.get(self.at(i).below(LETTERS.len() as u64) as usize).copied().unwrap_or(b'x');
        (0..length).map(|i| char::from(letter(i))).collect()
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Down to the 10 ms: `process_start_time_seconds` has two decimals.
pub(crate) fn round(length: Millis) -> Millis {
    Millis(length.0.div_euclid(10) * 10)
}

/// As `round`, for an instant.
pub(crate) fn round_at(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(round(Millis(at.millis())).0)
}

/// Events that arrive one by one at a rate of 1, counted up to any point
/// without counting through: every block of 64 expected events holds 64, at
/// places drawn at random. Within a block that is a Poisson process; over many
/// blocks it strays less than one would.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    patterns: Vec<[u16; BLOCK]>,
}

const BLOCK: usize = 64;
/// Together 16 KiB, so that they stay in the processor's nearest cache.
const PATTERNS: u64 = 128;

impl Arrivals {
    pub fn new(key: Key) -> Arrivals {
        let pattern = |p: u64| {
            let mut places = [0u16; BLOCK];
            for (i, place) in places.iter_mut().enumerate() {
                *place = key.at(p as i64).at(i as i64).below(1 << 16) as u16;
            }
            places.sort_unstable();
            places
        };
        Arrivals { patterns: (0..PATTERNS).map(pattern).collect() }
    }

    /// How many events of `stream` have arrived when `expected` should have.
    /// Never falls as `expected` grows.
    pub fn count(&self, stream: Key, expected: f64) -> u64 {
        if expected <= 0.0 {
            return 0;
        }
        let blocks = expected / BLOCK as f64;
        let whole = blocks as u64;
        let place = ((blocks - whole as f64) * 65_536.0) as u16;
        let pattern = self.patterns.get(stream.at(whole as i64).below(PATTERNS) as usize);
        let within = pattern.map_or(0, |p| p.partition_point(|x| *x < place));
        whole * BLOCK as u64 + within as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_path_and_are_evenly_spread() {
        let key = Key::new(7);
        assert_eq!(key.at(3).word("a"), Key::new(7).at(3).word("a"));
        assert_ne!(key.at(3).word("a"), key.word("a").at(3));
        assert_ne!(key.at(-1), key.at(1));
        let mean = (0..10_000).map(|i| key.at(i).unit()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }

    #[test]
    fn arrivals_never_fall_and_keep_up_with_the_rate() {
        let arrivals = Arrivals::new(Key::new(1));
        let stream = Key::new(2);
        let mut before = 0;
        for step in 0..100_000 {
            let expected = f64::from(step) * 0.013;
            let count = arrivals.count(stream, expected);
            assert!(count >= before, "{expected}");
            assert!((count as f64 - expected).abs() <= 64.0, "{count} of {expected}");
            before = count;
        }
    }

    #[test]
    fn gaps_between_rare_events_vary_as_those_of_a_poisson_process() {
        // The variance of counts over intervals of 4 expected events is near 4.
        let arrivals = Arrivals::new(Key::new(5));
        let stream = Key::new(6);
        let counts: Vec<f64> = (0..20_000)
            .map(|i| {
                let at = f64::from(i) * 4.0;
                (arrivals.count(stream, at + 4.0) - arrivals.count(stream, at)) as f64
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / counts.len() as f64;
        assert!((mean - 4.0).abs() < 0.05 && (3.3..4.5).contains(&variance), "{mean} {variance}");
    }
}
