//! A condition on a sample's value, as a definition writes it. Must not know
//! what is judged by it.

use std::fmt;

/// A condition on a gauge's value, written `== 1`, `<= 0.5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueCondition {
    pub op: ComparisonOp,
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl ValueCondition {
    /// NaN satisfies nothing but `!=`, as in PromQL.
    pub fn holds(self, sample: f64) -> bool {
        match self.op {
            ComparisonOp::Equal => sample == self.value,
            ComparisonOp::NotEqual => sample != self.value,
            ComparisonOp::Less => sample < self.value,
            ComparisonOp::LessOrEqual => sample <= self.value,
            ComparisonOp::Greater => sample > self.value,
            ComparisonOp::GreaterOrEqual => sample >= self.value,
        }
    }

    /// Reads `== 1`; the hint is for the person who wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let ops = [
            ("==", ComparisonOp::Equal),
            ("!=", ComparisonOp::NotEqual),
            ("<=", ComparisonOp::LessOrEqual),
            (">=", ComparisonOp::GreaterOrEqual),
            ("<", ComparisonOp::Less),
            (">", ComparisonOp::Greater),
        ];
        let hint =
            || format!("`{text}` is not a comparison; write an operator and a number, for example `== 1` or `<= 0.5`");
        let (rest, op) =
            ops.iter().find_map(|(sign, op)| text.strip_prefix(sign).map(|rest| (rest, *op))).ok_or_else(hint)?;
        let value: f64 = rest.trim().parse().map_err(|_| hint())?;
        if value.is_nan() { Err(hint()) } else { Ok(ValueCondition { op, value }) }
    }
}

impl fmt::Display for ValueCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.op {
            ComparisonOp::Equal => "==",
            ComparisonOp::NotEqual => "!=",
            ComparisonOp::Less => "<",
            ComparisonOp::LessOrEqual => "<=",
            ComparisonOp::Greater => ">",
            ComparisonOp::GreaterOrEqual => ">=",
        };
        write!(f, "{sign} {}", self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_read_hold_and_print() {
        let c = ValueCondition::parse("<= 0.5").unwrap();
        assert!(c.holds(0.5) && !c.holds(0.6) && !c.holds(f64::NAN));
        assert_eq!(ValueCondition::parse("==1").unwrap().to_string(), "== 1");
        assert!(
            ValueCondition::parse("1").is_err()
                && ValueCondition::parse("== x").is_err()
                && ValueCondition::parse("== NaN").is_err()
        );
    }
}
