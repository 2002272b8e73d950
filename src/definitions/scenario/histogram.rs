//! Native histograms in the notation of Prometheus' own rule tests:
//! `{{schema:0 count:4 z_bucket:1 z_bucket_w:0.001 buckets:[1 2] offset:-1}}`, or with
//! `custom_values:[0.1 0.5]` as bounds. Must not know what they are counted for.

use std::collections::BTreeMap;

use crate::yaml::words::{Complaint, shown};

/// Schemas of exponential buckets.
const SCHEMA_MIN: i32 = -4;
const SCHEMA_MAX: i32 = 8;
/// The schema of custom bounds.
const CUSTOM: i32 = -53;
/// Buckets further away than this have bounds beyond what a float holds.
const INDEX_MAX: i32 = 300_000;

const RULE: &str = "keys are schema, count, sum, z_bucket, z_bucket_w, buckets, offset, n_buckets, n_offset, custom_values \
                    and counter_reset_hint, for example `{{schema:0 count:3 buckets:[1 2]}}`";

/// A histogram with exponential or custom bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeHistogram {
    schema: i32,
    custom: Vec<f64>,
    /// All events; where it is not written, those of the buckets.
    pub count: f64,
    zero: f64,
    zero_width: f64,
    positive: BTreeMap<i32, f64>,
    negative: BTreeMap<i32, f64>,
}

impl NativeHistogram {
    /// Populated buckets as lower bound, upper bound and events.
    pub fn buckets(&self) -> Vec<(f64, f64, f64)> {
        let bounds = |index: i32| match self.schema {
            CUSTOM => {
                let at = |index: i32| usize::try_from(index).ok().and_then(|i| self.custom.get(i)).copied();
                (at(index - 1).unwrap_or(f64::NEG_INFINITY), at(index).unwrap_or(f64::INFINITY))
            }
            schema => {
                let bound = |index: i32| (f64::from(index) / f64::from(schema).exp2()).exp2();
                (bound(index - 1), bound(index))
            }
        };
        let mut all = Vec::new();
        for (index, count) in self.negative.iter().rev() {
            let (low, high) = bounds(*index);
            all.push((-high, -low, *count));
        }
        all.push((-self.zero_width, self.zero_width, self.zero));
        all.extend(self.positive.iter().map(|(index, count)| {
            let (low, high) = bounds(*index);
            (low, high, *count)
        }));
        all.retain(|(_, _, count)| *count > 0.0);
        all
    }

    /// With another one added some times.
    pub(super) fn plus(&self, other: Option<&NativeHistogram>, times: f64) -> NativeHistogram {
        let mut sum = self.clone();
        let Some(other) = other else { return sum };
        sum.count += other.count * times;
        sum.zero += other.zero * times;
        for (buckets, more) in [(&mut sum.positive, &other.positive), (&mut sum.negative, &other.negative)] {
            for (index, count) in more {
                *buckets.entry(*index).or_insert(0.0) += count * times;
            }
        }
        sum
    }

    pub(super) fn has_bounds_of(&self, other: &NativeHistogram) -> bool {
        self.schema == other.schema && self.custom == other.custom
    }
}

/// Reads what stands between the braces.
pub(super) fn native(text: &str) -> Result<NativeHistogram, Complaint> {
    let wrong = |what: &str| Complaint::new(format!("`{}` is not a part of a histogram", shown(what)), RULE);
    let mut read = NativeHistogram {
        schema: 0,
        custom: Vec::new(),
        count: 0.0,
        zero: 0.0,
        zero_width: 0.0,
        positive: BTreeMap::new(),
        negative: BTreeMap::new(),
    };
    let (mut count, mut schema) = (None, None);
    let (mut offset, mut n_offset) = (0, 0);
    let (mut buckets, mut n_buckets) = (Vec::new(), Vec::new());
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, behind) = rest.split_once(':').ok_or_else(|| wrong(rest))?;
        let end = match behind.strip_prefix('[') {
            Some(list) => list.find(']').map(|end| end + 2).ok_or_else(|| wrong(rest))?,
            None => behind.find(char::is_whitespace).unwrap_or(behind.len()),
        };
        let (value, behind) = behind.split_at_checked(end).ok_or_else(|| wrong(rest))?;
        let (number, list) = (value.parse::<f64>().ok().filter(|n| n.is_finite()), list(value));
        let index = || number.filter(|n| n.fract() == 0.0 && n.abs() <= f64::from(INDEX_MAX)).map(|n| n as i32);
        match (key.trim(), number, list) {
            ("schema", ..) => schema = Some(index().ok_or_else(|| wrong(rest))?),
            ("offset", ..) => offset = index().ok_or_else(|| wrong(rest))?,
            ("n_offset", ..) => n_offset = index().ok_or_else(|| wrong(rest))?,
            ("count", Some(number), _) if number >= 0.0 => count = Some(number),
            ("z_bucket", Some(number), _) if number >= 0.0 => read.zero = number,
            ("z_bucket_w", Some(number), _) if number >= 0.0 => read.zero_width = number,
            ("buckets", _, Some(list)) => buckets = list,
            ("n_buckets", _, Some(list)) => n_buckets = list,
            ("custom_values", _, Some(list)) if list.is_sorted() => read.custom = list,
            // Neither changes how many events are in which bucket.
            ("sum", Some(_), _) | ("counter_reset_hint", ..) => {}
            _ => return Err(wrong(rest)),
        }
        rest = behind.trim_start();
    }
    let own = schema.unwrap_or(if read.custom.is_empty() { 0 } else { CUSTOM });
    let is_known = if read.custom.is_empty() { (SCHEMA_MIN..=SCHEMA_MAX).contains(&own) } else { own == CUSTOM };
    if !is_known || buckets.iter().chain(&n_buckets).any(|count| *count < 0.0) {
        return Err(wrong(text));
    }
    read.schema = own;
    read.positive = (offset..).zip(buckets).collect();
    read.negative = (n_offset..).zip(n_buckets).collect();
    let all = read.zero + read.positive.values().chain(read.negative.values()).sum::<f64>();
    read.count = count.unwrap_or(all);
    Ok(read)
}

/// `[1 2 0.5]`
fn list(text: &str) -> Option<Vec<f64>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.split_whitespace().map(|word| word.parse().ok().filter(|n: &f64| n.is_finite())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_follow_from_the_schema() {
        let buckets = |text: &str| native(text).unwrap().buckets();
        assert_eq!(buckets("schema:0 count:3 sum:7 buckets:[1 2]"), [(0.5, 1.0, 1.0), (1.0, 2.0, 2.0)]);
        assert_eq!(buckets("schema:1 offset:2 buckets:[5 0 1]")[0].1, 2.0);
        assert_eq!(
            buckets("z_bucket:4 z_bucket_w:0.25 n_buckets:[3] buckets:[2]"),
            [(-1.0, -0.5, 3.0), (-0.25, 0.25, 4.0), (0.5, 1.0, 2.0)]
        );
        assert_eq!(
            buckets("custom_values:[0.1 0.5] buckets:[4 2 1]"),
            [(f64::NEG_INFINITY, 0.1, 4.0), (0.1, 0.5, 2.0), (0.5, f64::INFINITY, 1.0)]
        );
    }

    #[test]
    fn a_count_that_is_not_written_is_that_of_the_buckets() {
        assert_eq!(native("z_bucket:4 buckets:[2 1]").unwrap().count, 7.0);
        assert_eq!(native("count:9 buckets:[2 1]").unwrap().count, 9.0);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "x",
            "schema:9",
            "schema:0.5",
            "buckets:[1",
            "buckets:1",
            "buckets:[-1]",
            "count:-1",
            "custom_values:[2 1]",
        ] {
            assert!(native(text).is_err(), "{text}");
        }
    }
}
