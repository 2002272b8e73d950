//! What a scenario expects of one figure: a number with an explicit tolerance,
//! a word, or nothing at all. Must not know which figures there are.

use std::fmt;

use crate::yaml::words::{Complaint, meant, shown};

/// Binary noise that is no difference, relative to numbers above 1.
const NOISE: f64 = 1e-9;

const RULE: &str = "a number such as 12, 0.9985 or 99.85%; with a tolerance `0.9985 +- 0.0001`, `0.99..0.995`, `>= 5`, `< 2`; \
                    or `absent`";

/// What is expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// As it was written, and what lies within.
    Number {
        text: String,
        range: Range,
    },
    /// No value: no data is not zero.
    Absent,
    Word(&'static str),
}

/// Numbers from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    from: f64,
    to: f64,
    /// Whether the ends belong to it.
    closed: bool,
}

impl Range {
    fn holds(self, value: f64) -> bool {
        let noise = |bound: f64| NOISE * bound.abs().max(1.0);
        if self.closed {
            value >= self.from - noise(self.from) && value <= self.to + noise(self.to)
        } else {
            value > self.from && value < self.to
        }
    }
}

impl Wanted {
    /// Reads a number, a range or `absent`.
    pub(super) fn number(text: &str) -> Result<Wanted, Complaint> {
        if text == "absent" {
            return Ok(Wanted::Absent);
        }
        let range = range(text)
            .filter(|r| r.from <= r.to)
            .ok_or_else(|| Complaint::new(format!("invalid expectation of a number `{}`", shown(text)), RULE))?;
        Ok(Wanted::Number { text: text.to_owned(), range })
    }

    /// A number that was not written as one, such as an instant in seconds.
    pub(super) fn exactly(value: f64) -> Wanted {
        Wanted::Number { text: value.to_string(), range: Range { from: value, to: value, closed: true } }
    }

    /// Reads one of a few words.
    pub(super) fn word(text: &str, known: &[&'static str]) -> Result<Wanted, Complaint> {
        let found = known.iter().find(|word| **word == text);
        found.map(|word| Wanted::Word(word)).ok_or_else(|| {
            let message = format!("`{}` is not one of {}", shown(text), known.join(", "));
            Complaint::new(message, meant(text, known))
        })
    }

    /// Whether a figure is as expected.
    pub fn holds_number(&self, value: Option<f64>) -> bool {
        match (self, value) {
            (Wanted::Number { range, .. }, Some(value)) => range.holds(value),
            (Wanted::Absent, None) => true,
            _ => false,
        }
    }

    pub fn holds_word(&self, word: &str) -> bool {
        matches!(self, Wanted::Word(wanted) if *wanted == word)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Number { text, .. } => f.write_str(&shown(text)),
            Wanted::Absent => f.write_str("absent"),
            Wanted::Word(word) => f.write_str(word),
        }
    }
}

fn range(text: &str) -> Option<Range> {
    let closed = |from, to| Some(Range { from, to, closed: true });
    let open = |from, to| Some(Range { from, to, closed: false });
    for (sign, is_lower, is_closed) in
        [(">=", true, true), ("<=", false, true), (">", true, false), ("<", false, false)]
    {
        if let Some(bound) = text.strip_prefix(sign) {
            let bound = number(bound)?;
            let (from, to) = if is_lower { (bound, f64::INFINITY) } else { (f64::NEG_INFINITY, bound) };
            return if is_closed { closed(from, to) } else { open(from, to) };
        }
    }
    if let Some((middle, around)) = text.split_once("+-").or_else(|| text.split_once('±')) {
        let (middle, around) = (number(middle)?, number(around).filter(|a| *a >= 0.0)?);
        return closed(middle - around, middle + around);
    }
    if let Some((from, to)) = text.split_once("..") {
        return closed(number(from)?, number(to)?);
    }
    number(text).and_then(|value| closed(value, value))
}

/// A finite number, or a percentage as a ratio. The exponent moves the point
/// in decimal, so that 99.9% is the double nearest to 0.999.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let value: f64 = match text.strip_suffix('%') {
        Some(percent) => format!("{}e-2", percent.trim_end()).parse().ok()?,
        None => text.parse().ok()?,
    };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_explicit_tolerances() {
        for (text, inside, outside) in [
            ("12", 12.0, 12.1),
            ("99.9%", 0.999, 0.9991),
            ("0.5 +- 0.1", 0.6, 0.61),
            ("0.5±0.1", 0.4, 0.39),
            ("-0.5..0.5", -0.5, 0.6),
            (">= 5", 5.0, 4.9),
            ("<5", 4.9, 5.0),
            ("> -1", 0.0, -1.0),
        ] {
            let wanted = Wanted::number(text).unwrap();
            assert!(wanted.holds_number(Some(inside)) && !wanted.holds_number(Some(outside)), "{text}");
            assert!(!wanted.holds_number(None), "{text}: no data is no number");
        }
        let noisy = Wanted::number("0.3").unwrap();
        assert!(noisy.holds_number(Some(0.1 + 0.2)));
    }

    #[test]
    fn absent_is_neither_zero_nor_anything_else() {
        let absent = Wanted::number("absent").unwrap();
        assert!(absent.holds_number(None) && !absent.holds_number(Some(0.0)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "x", "1 2", "5 +- -1", "2..1", "NaN", "inf", ">=", "1%2", "..", "+-"] {
            assert!(Wanted::number(text).is_err(), "{text}");
        }
        let complaint = Wanted::word("burnin", &["ok", "burning"]).unwrap_err();
        assert_eq!(complaint.hint.unwrap(), "did you mean `burning`?");
    }
}
