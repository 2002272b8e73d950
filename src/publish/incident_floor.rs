//! How many burns and pages were too small to be incidents, as a sentence for pages
//! and reports.

use crate::evaluate::review::result::Review;
use crate::model::operations::incident::BelowFloor;

/// `None` where there were none.
pub fn sentence(review: &Review) -> Option<String> {
    let count = |why| review.below_floor.iter().filter(|incident| incident.below_floor == Some(why)).count();
    let times = |n: usize| if n == 1 { "once".to_owned() } else { format!("{n} times") };
    let (small, quiet) = (count(BelowFloor::SmallBurn), count(BelowFloor::NoBurn));
    let mut parts = Vec::new();
    if small > 0 {
        let floor = review.alerts.context().settings.floor.budget_ratio * 100.0;
        parts.push(format!("{} less than {floor}\u{202f}% of an error budget burned without a page", times(small)));
    }
    if quiet > 0 {
        parts.push(format!("{} alerts paged while no error budget burned", times(quiet)));
    }
    (!parts.is_empty()).then(|| format!("Not counted as incidents: {}.", parts.join("; ")))
}
