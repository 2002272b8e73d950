//! How much of an error budget is left, in three levels that pages and reports colour
//! alike.

/// Below this share a budget is low: a fifth still leaves days to act at a usual rate.
const LOW: f64 = 0.2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BudgetLevel {
    /// Nothing is left.
    Spent,
    Low,
    Left,
}

impl BudgetLevel {
    pub fn of(remaining_ratio: f64) -> BudgetLevel {
        match remaining_ratio {
            ratio if ratio <= 0.0 => BudgetLevel::Spent,
            ratio if ratio < LOW => BudgetLevel::Low,
            _ => BudgetLevel::Left,
        }
    }

    /// The name that the style sheet knows.
    pub fn class(self) -> &'static str {
        match self {
            BudgetLevel::Spent => "spent",
            BudgetLevel::Low => "low",
            BudgetLevel::Left => "left",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_low_before_it_is_spent() {
        let levels = [1.0, 0.2, 0.19, 0.0, -1.0].map(BudgetLevel::of);
        use BudgetLevel::{Left, Low, Spent};
        assert_eq!(levels, [Left, Left, Low, Spent, Spent]);
    }
}
