//! Compliance windows: `30d`, `month`. A rolling window is made of whole slots;
//! a calendar one needs a time zone, and may have weeks and years that begin
//! where the user's do.

use chrono::{Month, Weekday};
use chrono_tz::Tz;

use crate::model::time::window::{Calendar, CalendarUnit, ComplianceWindow};
use crate::model::time::{Millis, SLOT_MS};
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, closest, one_of, shown, timezone};

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

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
];

const MONTHS: [(&str, Month); 12] = [
    ("january", Month::January),
    ("february", Month::February),
    ("march", Month::March),
    ("april", Month::April),
    ("may", Month::May),
    ("june", Month::June),
    ("july", Month::July),
    ("august", Month::August),
    ("september", Month::September),
    ("october", Month::October),
    ("november", Month::November),
    ("december", Month::December),
];

/// The calendar of an SLO: its zone, where its weeks begin, and its years.
pub(crate) fn calendar(zone: Option<At<'_>>, rules: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Calendar> {
    let zone = zone.map_or(Some(Tz::UTC), |at| at.parse(source, timezone));
    let usual = Calendar::of_zone(Tz::UTC);
    let (week_start, year_start) = match rules {
        None => (Some(usual.week_start), Some(usual.year_start)),
        Some(at) => {
            let mut fields = at.fields(source)?;
            let week = fields.optional("weekStart");
            let year = fields.optional("fiscalYearStart");
            fields.finish(source);
            (
                week.map_or(Some(usual.week_start), |at| at.parse(source, |text| one_of(text, &WEEKDAYS))),
                year.map_or(Some(usual.year_start), |at| at.parse(source, |text| one_of(text, &MONTHS))),
            )
        }
    };
    Some(Calendar { zone: zone?, week_start: week_start?, year_start: year_start? })
}

/// The windows of an SLO: at least one; 30 days where none are named.
pub(crate) fn windows(
    field: Option<At<'_>>,
    calendar: Calendar,
    source: &mut SourceText<'_>,
) -> Option<Vec<ComplianceWindow>> {
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
        match item.parse(source, |text| window(text, calendar)) {
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

/// One window.
pub(crate) fn window(text: &str, calendar: Calendar) -> Result<ComplianceWindow, Complaint> {
    if let Some((_, unit)) = UNITS.iter().find(|(word, _)| *word == text) {
        return Ok(ComplianceWindow::Calendar { unit: *unit, calendar });
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
