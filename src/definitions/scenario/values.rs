//! Values in the expanding notation of Prometheus' own rule tests, one sample
//! per step: `0+10x120 _x4 stale 5 3+2x10 {{schema:0 count:3 buckets:[1 2]}}`. Must
//! not know what a series means.

use super::histogram::{NativeHistogram, native};
use crate::model::time::{Millis, Timestamp};
use crate::yaml::words::{Complaint, shown};

/// Steps of one series: a year of minutes.
pub(super) const STEPS_MAX: usize = 530_000;
/// The longest part: `-1.7976931348623157e308+-1e308x530000` fits.
const WORD_BYTES_MAX: usize = 80;
/// The longest native histogram: one with a hundred buckets fits, twice.
const HISTOGRAM_BYTES_MAX: usize = 4_000;
/// Steps of one series of native histograms, each of which may have many buckets.
const HISTOGRAM_STEPS_MAX: usize = 20_000;

const RULE: &str = "`5` is a value, `0+10x120` increases by 10 for 120 more steps, `7x3` repeats 7 for 3 more, `_` and `_x4` \
                    are scrapes without the series, `stale` ends it, `@-1h` is a time in Unix seconds, counted from `start`, \
                    `{{schema:0 count:3 buckets:[1 2]}}` is a native histogram";

/// What one scrape found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Histogram(Box<NativeHistogram>),
}

/// Reads a text to one value per step; `None` is a scrape that does not hold
/// the series.
pub(super) fn expand(text: &str, start: Timestamp) -> Result<Vec<Option<Value>>, Complaint> {
    let mut values = Vec::new();
    for word in words(text) {
        let wrong = |why: &str| Complaint::new(format!("`{}` {why}", shown(word)), RULE);
        if word.starts_with("{{") {
            if word.len() > HISTOGRAM_BYTES_MAX {
                return Err(wrong("is too long for a histogram"));
            }
            let (first, by, more) = histogram_part(word)?;
            if values.len().saturating_add(more) >= HISTOGRAM_STEPS_MAX {
                return Err(too_many(HISTOGRAM_STEPS_MAX));
            }
            let step = |i: usize| Some(Value::Histogram(Box::new(first.plus(by.as_ref(), i as f64))));
            values.extend((0..=more).map(step));
            continue;
        }
        if word.len() > WORD_BYTES_MAX {
            return Err(wrong("is too long for a value"));
        }
        let part = part(word, start).ok_or_else(|| wrong("is not a value"))?;
        if values.len().saturating_add(part.steps) > STEPS_MAX {
            return Err(too_many(STEPS_MAX));
        }
        values.extend((0..part.steps).map(|i| part.value.map(|v| Value::Number(v + part.by * i as f64))));
    }
    if values.is_empty() {
        return Err(Complaint::new("the series holds no value", RULE));
    }
    Ok(values)
}

fn too_many(max: usize) -> Complaint {
    Complaint::new(format!("the series has more than {max} steps"), "take a longer `interval`, or a shorter time")
}

/// The parts of a text: a histogram holds blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let mut end = 0;
        while let Some(next) = rest.get(end..).and_then(|rest| rest.chars().next()).filter(|c| !c.is_whitespace()) {
            let inner = rest.get(end..).filter(|rest| rest.starts_with("{{")).and_then(|rest| rest.find("}}"));
            end += inner.map_or(next.len_utf8(), |inner| inner + "}}".len());
        }
        let (word, behind) = rest.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
        rest = behind;
        Some(word)
    })
}

/// `{{...}}`, `{{...}}x3` or `{{...}}+{{...}}x3`: the first histogram, what is added
/// at each step, and how many more steps there are.
fn histogram_part(word: &str) -> Result<(NativeHistogram, Option<NativeHistogram>, usize), Complaint> {
    let wrong = || Complaint::new(format!("`{}` is not a histogram", shown(word)), RULE);
    let inner = |text: &'_ str| -> Option<(String, String)> {
        let (inner, rest) = text.strip_prefix("{{")?.split_once("}}")?;
        Some((inner.to_owned(), rest.to_owned()))
    };
    let (first, mut rest) = inner(word).ok_or_else(wrong)?;
    let first = native(&first)?;
    let mut by = None;
    if let Some(more) = rest.strip_prefix('+') {
        let (added, behind) = inner(more).ok_or_else(wrong)?;
        let added = native(&added)?;
        if !first.has_bounds_of(&added) {
            let hint = "both histograms need the same schema or the same custom values";
            return Err(Complaint::new("what is added has other bounds", hint));
        }
        by = Some(added);
        rest = behind;
    }
    match rest.strip_prefix('x') {
        Some(times) => Ok((first, by, count(times).ok_or_else(wrong)?)),
        None if rest.is_empty() && by.is_none() => Ok((first, None, 0)),
        None => Err(wrong()),
    }
}

/// Some equal steps of a series.
struct Part {
    value: Option<f64>,
    by: f64,
    steps: usize,
}

fn part(word: &str, start: Timestamp) -> Option<Part> {
    let part = |value, by, steps| Some(Part { value, by, steps });
    if matches!(word, "_" | "stale") {
        return part(None, 0.0, 1);
    }
    if let Some(times) = word.strip_prefix("_x") {
        // Missing scrapes are counted as they are, unlike repeated values.
        return part(None, 0.0, count(times)?);
    }
    if let Some(offset) = word.strip_prefix('@') {
        let (offset, more) = times(offset)?;
        let at = start + signed_duration(offset)?;
        return part(Some(at.secs_f64()), 0.0, more.checked_add(1)?);
    }
    let (value, rest) = number(word)?;
    let (by, rest) = match rest.strip_prefix('+').map(|rest| (1.0, rest)).or(rest.strip_prefix('-').map(|r| (-1.0, r)))
    {
        Some((sign, rest)) => {
            let (by, rest) = number(rest).filter(|_| rest.contains('x'))?;
            (sign * by, rest)
        }
        None => (0.0, rest),
    };
    let ("", more) = times(rest)? else { return None };
    part(Some(value), by, more.checked_add(1)?)
}

/// `abcx12` to `abc` and 12; without a count, 0.
fn times(text: &str) -> Option<(&str, usize)> {
    match text.split_once('x') {
        Some((before, times)) => Some((before, count(times)?)),
        None => Some((text, 0)),
    }
}

fn count(text: &str) -> Option<usize> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A length of time that may be negative: `-1h`, `90s`, `0`.
pub(super) fn signed_duration(text: &str) -> Option<Millis> {
    let (sign, length) = match text.strip_prefix('-') {
        Some(length) => (-1, length),
        None => (1, text),
    };
    let length = if length == "0" { Millis(0) } else { length.parse().ok()? };
    Some(Millis(sign * length.0))
}

/// The number at the beginning of a text, and the rest.
fn number(text: &str) -> Option<(f64, &str)> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = text.len() - digits.len();
    for word in ["NaN", "Inf"] {
        if digits.starts_with(word) {
            let (number, rest) = text.split_at_checked(sign + word.len())?;
            return Some((number.parse().ok()?, rest));
        }
    }
    let plain = |t: &str| t.len() - t.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let mut length = sign + plain(digits);
    let exponent = text.get(length..).and_then(|rest| rest.strip_prefix(['e', 'E']));
    if let Some(exponent) = exponent {
        let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let figures = power.len() - power.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        length += 1 + exponent.len() - power.len() + figures;
    }
    let (number, rest) = text.split_at_checked(length)?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Option<f64>> {
        let number = |value: Option<Value>| match value {
            Some(Value::Number(number)) => Some(number),
            Some(Value::Histogram(histogram)) => Some(histogram.count),
            None => None,
        };
        expand(text, Timestamp::from_millis(1_000_000)).unwrap().into_iter().map(number).collect()
    }

    fn values(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn the_notation_is_that_of_prometheus() {
        assert_eq!(read("-2+4x3"), values(&[-2.0, 2.0, 6.0, 10.0]));
        assert_eq!(read("1-2x4"), values(&[1.0, -1.0, -3.0, -5.0, -7.0]));
        assert_eq!(read("1x4"), values(&[1.0; 5]));
        assert_eq!(read("4 _ 6 stale"), [Some(4.0), None, Some(6.0), None]);
        assert_eq!(read("1 _x3"), [Some(1.0), None, None, None]);
        assert_eq!(read("1e3+2e-1x1\n  0.5x0"), values(&[1000.0, 1000.2, 0.5]));
        assert_eq!(read("+Inf -Inf"), values(&[f64::INFINITY, f64::NEG_INFINITY]));
        assert!(read("NaNx1").iter().all(|v| v.unwrap().is_nan()));
    }

    #[test]
    fn times_are_counted_from_the_start() {
        assert_eq!(read("@0 @90s @-1hx1"), values(&[1000.0, 1090.0, -2600.0, -2600.0]));
    }

    #[test]
    fn native_histograms_are_written_as_in_rule_tests() {
        let one = "{{schema:0 count:3 buckets:[1 2]}}";
        assert_eq!(read(one), values(&[3.0]));
        assert_eq!(
            read(&format!("{one}x2 _ {one}+{one}x2")),
            [Some(3.0), Some(3.0), Some(3.0), None, Some(3.0), Some(6.0), Some(9.0)]
        );
        let other = "{{schema:1 buckets:[1]}}";
        assert!(expand(&format!("{one}+{other}x2"), Timestamp::from_millis(0)).is_err());
    }

    #[test]
    fn everything_else_is_refused() {
        for text in
            ["", " ", "x", "x3", "1+2", "1+x3", "1x-3", "1x1.5", "_x", "__", "1+2x3x4", "@", "@1", "é", "1e", "--1"]
        {
            assert!(expand(text, Timestamp::from_millis(0)).is_err(), "{text}");
        }
        for text in ["{{count:1}}+{{count:1}}", "{{count:1", "{{count:1}}y2", "{{count:1}}+3x2"] {
            assert!(expand(text, Timestamp::from_millis(0)).is_err(), "{text}");
        }
        for bomb in ["1x99999999999999999999", "1x600000", "_x530000 1", "1x18446744073709551615"] {
            assert!(expand(bomb, Timestamp::from_millis(0)).is_err(), "{bomb}");
        }
    }
}
