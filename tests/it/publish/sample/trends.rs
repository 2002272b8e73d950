//! How the shop's months went.

use chrono_tz::Tz;
use evenkeel::evaluate::review::trends::{FollowedMonth, MonthFigures, Trends, trends};
use evenkeel::model::time::window::Month;

/// The shop has been watched since February, which is known only as it was
/// published. Restoring gets faster.
pub fn followed(months: usize) -> Trends {
    let mut month: Month = "2026-10".parse().unwrap();
    let mut followed = Vec::new();
    for i in 0..months {
        let restore = if i == 4 { None } else { Some(1_500.0 + 180.0 * i as f64) };
        let figures = [
            ("incidents", Some([4.0, 6.0, 3.0, 5.0, 0.0][i % 5])),
            ("undetected_incidents", Some([1.0, 0.0, 1.0, 2.0, 0.0][i % 5])),
            ("detect_median_seconds", (i < 3).then_some(240.0)),
            ("restore_median_seconds", restore),
            ("budget_burned_ratio", if i == 8 { None } else { Some([0.8, 1.9, 0.4, 1.1, 0.0][i % 5]) }),
            ("pages", Some(58.0 + [3.0, 0.0, 7.0, 1.0][i % 4])),
            ("noise_lower_ratio", Some(0.6)),
            ("noise_upper_ratio", Some(0.65)),
        ];
        let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
        let figures = match i {
            0..8 => MonthFigures::Stored(figures),
            8 => MonthFigures::Published(figures),
            _ => MonthFigures::NotKnown,
        };
        followed.push(FollowedMonth { month, period: month.period(Tz::UTC), figures });
        month = month.before();
    }
    followed.reverse();
    trends(followed)
}
