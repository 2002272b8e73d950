//! Compliance windows: `30d`, `month`. A rolling window is made of whole slots;
//! a calendar one needs a time zone.

use chrono_tz::Tz;

use crate::model::time::{Millis, SLOT_MS};
use crate::model::window::{CalendarUnit, ComplianceWindow};
use crate::yaml::fields::At;
use crate::yaml::source::Source;
use crate::yaml::words::{Complaint, closest, shown};

/// The shortest rolling window: below an hour a promise is an alert.
const ROLLING_MIN: Millis = Millis::from_hours(1);
/// The longest one: a year and a month, as much as is retained by default.
const ROLLING_MAX: Millis = Millis::from_days(400);
/// Windows of one SLO; each costs a judgement per tick.
const WINDOWS_MAX: usize = 8;

const UNITS: [(&str, CalendarUnit); 4] = [
    ("week", CalendarUnit::Week),
    ("month", CalendarUnit::Month),
    ("quarter", CalendarUnit::Quarter),
    ("year", CalendarUnit::Year),
];

/// The windows of an SLO: at least one; 30 days where none are named.
pub(super) fn windows(field: Option<At<'_>>, zone: Tz, source: &mut Source<'_>) -> Option<Vec<ComplianceWindow>> {
    let Some(field) = field else {
        return Some(vec![ComplianceWindow::rolling_days(30)]);
    };
    let items = field.items(source, WINDOWS_MAX)?;
    if items.is_empty() {
        field.error(source, "an SLO needs a window", Some("for example `windows: [30d, month]`".to_owned()));
        return None;
    }
    let mut windows: Vec<ComplianceWindow> = Vec::new();
    let mut sound = true;
    for item in items {
        match item.parse(source, |text| window(text, zone)) {
            Some(window) if windows.contains(&window) => {
                item.error(source, format!("the window `{window}` is listed twice"), None);
                sound = false;
            }
            Some(window) => windows.push(window),
            None => sound = false,
        }
    }
    sound.then_some(windows)
}

fn window(text: &str, zone: Tz) -> Result<ComplianceWindow, Complaint> {
    if let Some((_, unit)) = UNITS.iter().find(|(word, _)| *word == text) {
        return Ok(ComplianceWindow::Calendar { unit: *unit, zone });
    }
    let rule =
        || format!("a rolling window of {ROLLING_MIN} to {ROLLING_MAX} such as `30d`, or week, month, quarter, year");
    let Ok(length) = text.parse::<Millis>() else {
        let hint = match closest(text, UNITS.map(|(word, _)| word)) {
            Some(word) => format!("did you mean `{word}`?"),
            None => rule(),
        };
        return Err(Complaint::new(format!("`{}` is not a window", shown(text)), hint));
    };
    if length < ROLLING_MIN || length > ROLLING_MAX {
        return Err(Complaint::new(format!("the window `{}` is out of range", shown(text)), rule()));
    }
    if length.0 % SLOT_MS != 0 {
        return Err(Complaint::new(format!("the window `{}` is not a whole number of minutes", shown(text)), rule()));
    }
    Ok(ComplianceWindow::Rolling { length })
}
