//! Numbers as Prometheus writes them, in text and in JSON strings.

use crate::model::time::Timestamp;

/// Reads a float at the start of `text` and says how many bytes it took. Takes
/// what Go's `ParseFloat` takes in decimal, `Inf` and `NaN` in any case; not
/// hexadecimal. A number too large for a float is none, rather than infinite.
pub fn leading_value(text: &[u8]) -> Option<(f64, usize)> {
    if let Some(found) = leading_integer(text) {
        return Some(found);
    }
    let (value, length) = fast_float2::parse_partial::<f64, _>(text).ok()?;
    let overflowed = value.is_infinite() && text.get(..length)?.iter().any(u8::is_ascii_digit);
    (!overflowed).then_some((value, length))
}

/// Most values are counts: whole numbers of at most 15 digits, which a float
/// holds exactly. `None` for everything else.
fn leading_integer(text: &[u8]) -> Option<(f64, usize)> {
    let mut value: u64 = 0;
    let mut length = 0;
    while let Some(digit) = text.get(length).map(|b| b.wrapping_sub(b'0')).filter(|d| *d <= 9) {
        if length == 15 {
            return None;
        }
        value = value * 10 + u64::from(digit);
        length += 1;
    }
    let plain = length > 0 && !matches!(text.get(length), Some(b'.' | b'e' | b'E'));
    plain.then_some((value as f64, length))
}

/// Reads a whole text as one float.
pub fn value(text: &str) -> Option<f64> {
    leading_value(text.as_bytes()).filter(|(_, length)| *length == text.len()).map(|(value, _)| value)
}

/// Reads Unix milliseconds at the start of `text`.
pub fn leading_millis(text: &[u8]) -> Option<(Timestamp, usize)> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = text.iter().skip(sign).take_while(|b| b.is_ascii_digit()).count();
    let ms: i64 = std::str::from_utf8(text.get(..sign + digits)?).ok()?.parse().ok()?;
    // The same bounds as those of timestamps in seconds.
    Timestamp::from_secs_f64(ms as f64 / 1000.0).map(|_| (Timestamp::from_millis(ms), sign + digits))
}

/// Reads Unix seconds at the start of `text`, to the millisecond.
pub fn leading_seconds(text: &[u8]) -> Option<(Timestamp, usize)> {
    let (seconds, length) = leading_value(text)?;
    Some((Timestamp::from_secs_f64(seconds)?, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_go_writes_them() {
        for (text, expected) in [
            ("0", 0.0),
            ("-0", -0.0),
            ("+1", 1.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e+09", 1e9),
            ("1.7976931348623157e+308", f64::MAX),
            ("5e-324", 5e-324),
            ("1e-400", 0.0),
            ("999999999999999", 999_999_999_999_999.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
        ] {
            assert_eq!(value(text).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
        assert!(value("NaN").is_some_and(f64::is_nan));
        assert!(value("nan").is_some_and(f64::is_nan));
        for text in
            ["", "-", "+", ".", "e5", "1e", "0x1p3", "1_000", "1e400", "-1e400", "9".repeat(400).as_str(), "1 ", "NaNs"]
        {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_are_exact_to_the_millisecond() {
        let millis = |text: &str| leading_millis(text.as_bytes()).map(|(t, _)| t.millis());
        assert_eq!(millis("1700000000123"), Some(1_700_000_000_123));
        assert_eq!(millis("-5"), Some(-5));
        assert_eq!(millis("9223372036854775807"), None);
        assert_eq!(millis("99999999999999999999"), None);
        assert_eq!(millis("-"), None);
        let seconds = |text: &str| leading_seconds(text.as_bytes()).map(|(t, _)| t.millis());
        assert_eq!(seconds("1700000000.123"), Some(1_700_000_000_123));
        assert_eq!(seconds("1700000000"), Some(1_700_000_000_000));
        assert_eq!(seconds("1.5e9"), Some(1_500_000_000_000));
        assert_eq!(seconds("NaN"), None);
        assert_eq!(seconds("+Inf"), None);
    }
}
