//! Whether an SLO was met in a period.

use super::status::SloStatus;

/// The result of an SLO. Unobserved events can leave it undetermined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SloResult {
    Missed,
    Undetermined,
    Met,
}

impl SloResult {
    /// Met if the whole likely interval reaches the objective, missed if none of it does;
    /// without the time that corrections leave out.
    pub fn of(status: &SloStatus) -> SloResult {
        let objective = status.required_ratio();
        match status.judged_likely() {
            Some(likely) if likely.lo >= objective => SloResult::Met,
            Some(likely) if likely.hi < objective => SloResult::Missed,
            _ => SloResult::Undetermined,
        }
    }
}
