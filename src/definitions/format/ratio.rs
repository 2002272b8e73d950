//! Ratios as people write them, `99.9%` or `0.999`, read by moving the decimal
//! point in the text, so that both give the same, nearest number. Must not
//! know what the ratio is for.

use crate::model::slo::objectives::Objective;
use crate::yaml::words::{Complaint, shown};

/// Characters of a written ratio: `99.999999%` has ten.
const RATIO_CHARS_MAX: usize = 24;
/// The budget of an objective is at least this share of the events: beyond
/// eight nines a service would need a billion events a month to be judged.
const ALLOWED_BAD_MIN: f64 = 1e-8;

/// A ratio within 0..1, both included.
pub fn ratio(text: &str) -> Result<f64, Complaint> {
    let how = "write a percentage such as `2%`, or a ratio such as `0.02`";
    let wrong = || Complaint::new(format!("`{}` is not a ratio", shown(text)), how);
    let (number, percent) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), true),
        None => (text.trim(), false),
    };
    if number.contains(',') {
        let hint = format!("the decimal sign is a point: `{}`", shown(&text.replace(',', ".")));
        return Err(Complaint::new(wrong().message, hint));
    }
    if number.len() > RATIO_CHARS_MAX || !is_decimal(number) {
        return Err(wrong());
    }
    // The exponent moves the point in decimal: 99.9% is the double nearest to
    // 0.999, which 99.9 / 100.0 is not always.
    let shifted = if percent { format!("{number}e-2") } else { number.to_owned() };
    let value: f64 = shifted.parse().map_err(|_| wrong())?;
    if value <= 1.0 {
        return Ok(value);
    }
    let hint = if percent { "100% is the most".to_owned() } else { format!("did you mean `{number}%`?") };
    Err(Complaint::new(format!("`{}` is more than everything", shown(text)), hint))
}

/// The promised ratio of good events, strictly between nothing and everything.
pub(crate) fn objective(text: &str) -> Result<Objective, Complaint> {
    let value = ratio(text)?;
    if value >= 1.0 {
        let hint = if text.trim() == "1" { ", or `99%` if 1 % may fail" } else { "" };
        return Err(Complaint::new(
            "an objective of 100% leaves no error budget: the first bad event would break it for good",
            format!("objective must be less than 100 %, for example `99.9%`{hint}"),
        ));
    }
    if value <= 0.0 {
        return Err(Complaint::new("objective must be greater than 0 %", "write for example `99.9%`"));
    }
    // The slack is for the binary noise of 1 - 0.99999999.
    if 1.0 - value < ALLOWED_BAD_MIN * 0.999 {
        return Err(Complaint::new(
            format!("the objective `{}` allows less than one bad event in a hundred million", shown(text)),
            "no count can distinguish such an objective from 100%; the maximum is 99.999999%",
        ));
    }
    Objective::new(value).ok_or_else(|| Complaint::from(format!("`{}` is not an objective", shown(text))))
}

/// A ratio as it is written: a percentage where that reads back as the same number.
pub(crate) fn ratio_text(value: f64) -> String {
    let percent = format!("{}%", (value * 1e14).round() / 1e12);
    match ratio(&percent) {
        Ok(read) if read == value => percent,
        _ => format!("{value}"),
    }
}

/// Digits with at most one point among them.
fn is_decimal(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let points = text.chars().filter(|c| *c == '.').count();
    digits > 0 && points <= 1 && digits + points == text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_and_ratios_give_the_same_number() {
        for (percent, decimal) in
            [("99.9%", 0.999), ("99.99 %", 0.9999), ("95%", 0.95), ("99.95%", 0.9995), ("57%", 0.57), ("2%", 0.02)]
        {
            assert_eq!(ratio(percent), Ok(decimal), "{percent}");
            assert_eq!(ratio(&decimal.to_string()), Ok(decimal));
        }
        for n in 1..100_000_u32 {
            let (whole, part) = (n / 1000, n % 1000);
            let decimal: f64 = format!("0.{n:05}").parse().unwrap();
            assert_eq!(ratio(&format!("{whole}.{part:03}%")), Ok(decimal));
        }
    }

    #[test]
    fn mistakes_get_the_hint_that_helps() {
        let hint = |text: &str| ratio(text).unwrap_err().hint.unwrap();
        assert_eq!(hint("99.9"), "did you mean `99.9%`?");
        assert_eq!(hint("99,9%"), "the decimal sign is a point: `99.9%`");
        assert_eq!(hint("101%"), "100% is the most");
        for text in ["", "%", "-1%", "1e-3", "NaN", ".", "1.2.3", "99.9%%", "0x1", "inf", "９９%"] {
            assert!(ratio(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same_number() {
        for (value, written) in [(0.999, "99.9%"), (0.02, "2%"), (0.125, "12.5%"), (1.0, "100%")] {
            assert_eq!(ratio_text(value), written);
        }
        for value in [1.0 / 7.0, 14.0 / 672.0, 0.1 + 0.2, 1e-9] {
            assert_eq!(ratio(&ratio_text(value)), Ok(value));
        }
    }

    #[test]
    fn objectives_leave_a_budget() {
        assert_eq!(objective("99.9%").unwrap().ratio(), 0.999);
        assert_eq!(objective("99.999999%").unwrap().to_string(), "99.999999%");
        for text in ["100%", "1", "1.0", "0", "0%", "99.9999999%"] {
            assert!(objective(text).is_err(), "{text}");
        }
        assert!(objective("1").unwrap_err().hint.unwrap().contains("99%"));
    }
}
