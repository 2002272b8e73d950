//! Which month a report is about.

use std::fmt;
use std::str::FromStr;

use chrono_tz::Tz;

use super::window::Month;
use super::{TimeError, Timestamp};

/// A month by its name, or by where it is seen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedMonth {
    /// The one that runs.
    Current,
    /// The last one that is complete.
    Last,
    Of(Month),
}

impl AskedMonth {
    /// The month as it is called at an instant in a zone.
    pub fn at(self, now: Timestamp, zone: Tz) -> Month {
        match self {
            AskedMonth::Current => Month::at(now, zone),
            AskedMonth::Last => Month::at(now, zone).before(),
            AskedMonth::Of(month) => month,
        }
    }
}

impl fmt::Display for AskedMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskedMonth::Current => f.write_str("current"),
            AskedMonth::Last => f.write_str("last"),
            AskedMonth::Of(month) => month.fmt(f),
        }
    }
}

impl FromStr for AskedMonth {
    type Err = TimeError;

    /// Reads `current`, `last` or `2026-07`.
    fn from_str(text: &str) -> Result<AskedMonth, TimeError> {
        match text {
            "current" => Ok(AskedMonth::Current),
            "last" => Ok(AskedMonth::Last),
            name => name.parse().map(AskedMonth::Of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_called_by_its_name_or_from_where_it_is_seen() {
        let now = Timestamp::parse("2026-07-31T23:30:00Z").unwrap();
        let named = |text: &str, zone: Tz| text.parse::<AskedMonth>().unwrap().at(now, zone).to_string();
        assert_eq!(named("current", Tz::UTC), "2026-07");
        assert_eq!(named("current", Tz::Europe__Berlin), "2026-08");
        assert_eq!(named("last", Tz::Europe__Berlin), "2026-07");
        assert_eq!(named("2025-12", Tz::UTC), "2025-12");
        assert!("next".parse::<AskedMonth>().is_err());
    }
}
