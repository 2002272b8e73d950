//! Windows of the formats that know calendars: OpenSLO and Nobl9.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use crate::yaml::build::{list, map, text};
use crate::yaml::fields::At;
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, one_of, shown};

use super::build::switch;

/// The parts of our format that a window comes to.
#[derive(Clone)]
pub(crate) struct Windows {
    pub windows: Node,
    pub timezone: Option<Node>,
    pub calendar: Option<Node>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

const LETTERS: [(&str, Unit); 7] = [
    ("m", Unit::Minute),
    ("h", Unit::Hour),
    ("d", Unit::Day),
    ("w", Unit::Week),
    ("M", Unit::Month),
    ("Q", Unit::Quarter),
    ("Y", Unit::Year),
];

const WORDS: [(&str, Unit); 7] = [
    ("Minute", Unit::Minute),
    ("Hour", Unit::Hour),
    ("Day", Unit::Day),
    ("Week", Unit::Week),
    ("Month", Unit::Month),
    ("Quarter", Unit::Quarter),
    ("Year", Unit::Year),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A list of one window, `{duration: 4w, isRolling: true}`.
pub(crate) fn of_duration(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Windows> {
    let item = only(at, source)?;
    let mut fields = item.fields(source)?;
    let duration = fields.required("duration", source, "for example 4w");
    let (rolling, calendar) = (fields.optional("isRolling"), fields.optional("calendar"));
    fields.finish(source);
    let duration = duration?;
    let length = duration.parse(source, |written| {
        let digits = written.len() - written.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, letter) = written.split_at(digits);
        let wrong = || {
            Complaint::new(format!("`{}` is not a duration", shown(written)), "a number and one of m, h, d, w, M, Q, Y")
        };
        let unit = LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, unit)| *unit).ok_or_else(wrong)?;
        Ok((count.parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(wrong)?, unit))
    })?;
    windows(&duration, length, (rolling, calendar), source)
}

/// A list of one window, `{unit: Day, count: 28, isRolling: true}`.
pub(crate) fn of_unit(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Windows> {
    let item = only(at, source)?;
    let mut fields = item.fields(source)?;
    let unit = fields.required("unit", source, "Day, Week, Month, Quarter or Year");
    let count = fields.required("count", source, "for example 28");
    let (rolling, calendar) = (fields.optional("isRolling"), fields.optional("calendar"));
    // Where a calendar window of Nobl9 lies now; it is computed here.
    fields.optional("period");
    fields.finish(source);
    let (unit_at, count) = (unit?, count?);
    let unit = unit_at.parse(source, |word| one_of(word, &WORDS))?;
    let count = count.parse(source, |word| {
        let number = word.parse::<u32>().ok().filter(|n| *n > 0);
        number.ok_or_else(|| Complaint::new(format!("invalid number `{}`", shown(word)), "for example 28"))
    })?;
    windows(&unit_at, (count, unit), (rolling, calendar), source)
}

fn only<'n>(at: &At<'n>, source: &mut SourceText<'_>) -> Option<At<'n>> {
    let items = at.items(source, 1)?;
    if items.is_empty() {
        at.error(source, "the list of windows is empty", Some("one window, for example 28 days".to_owned()));
    }
    items.into_iter().next()
}

fn windows(
    at: &At<'_>,
    (count, unit): (u32, Unit),
    (rolling, calendar): (Option<At<'_>>, Option<At<'_>>),
    source: &mut SourceText<'_>,
) -> Option<Windows> {
    // Without the word, what is written decides.
    let is_rolling = switch(rolling.clone(), calendar.is_none(), source);
    if is_rolling && let Some(calendar) = &calendar {
        calendar.error(source, "a rolling window has no calendar", Some("leave out one of the two".to_owned()));
        return None;
    }
    let one = |window: &str| list(at.node.span, vec![text(at.node.span, window)]);
    if is_rolling {
        return Some(Windows { windows: one(&rolling_text(count, unit)), timezone: None, calendar: None });
    }
    let window = match (count, unit) {
        (1, Unit::Week) => "week",
        (1, Unit::Month) => "month",
        (1, Unit::Quarter) | (3, Unit::Month) => "quarter",
        (1, Unit::Year) | (12, Unit::Month) | (4, Unit::Quarter) => "year",
        _ => {
            let message = "a calendar window of this length is not supported";
            let hint = "one week, month, quarter or year with a calendar; other lengths with `isRolling: true`";
            at.error(source, message, Some(hint.to_owned()));
            return None;
        }
    };
    let Some(calendar) = calendar else {
        let hint = "`calendar: {startTime: \"2026-01-01 00:00:00\", timeZone: Europe/Oslo}`, or `isRolling: true`";
        at.error(source, "the window is not rolling and has no calendar", Some(hint.to_owned()));
        return None;
    };
    let mut fields = calendar.fields(source)?;
    let start = fields.required("startTime", source, "for example 2026-01-01 00:00:00");
    let zone = fields.required("timeZone", source, "for example Europe/Oslo");
    fields.finish(source);
    let (start, zone) = (start?, zone?);
    let first = start.parse(source, |written| first_day(written, window))?;
    let rules = match window {
        "week" => {
            WEEKDAYS.get(usize::try_from(first.weekday().num_days_from_monday()).ok()?).map(|d| ("weekStart", *d))
        }
        "month" => None,
        _ => MONTHS.get(usize::try_from(first.month0()).ok()?).map(|month| ("fiscalYearStart", *month)),
    };
    let span = start.node.span;
    let calendar = rules.map(|(key, word)| map(span, vec![(key, Some(text(span, word)))]));
    Some(Windows { windows: one(window), timezone: Some(zone.node.clone()), calendar })
}

/// A month of a rolling window has 30 days, a quarter 90, a year 365.
fn rolling_text(count: u32, unit: Unit) -> String {
    match unit {
        Unit::Minute => format!("{count}m"),
        Unit::Hour => format!("{count}h"),
        Unit::Day => format!("{count}d"),
        Unit::Week => format!("{count}w"),
        Unit::Month => format!("{}d", u64::from(count) * 30),
        Unit::Quarter => format!("{}d", u64::from(count) * 90),
        Unit::Year => format!("{}d", u64::from(count) * 365),
    }
}

/// The day on which a calendar window begins, at midnight.
fn first_day(written: &str, window: &str) -> Result<NaiveDate, Complaint> {
    let plain = written.trim().replace('T', " ");
    let plain = plain.trim_end_matches('Z');
    let with_time = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
    let time = with_time.iter().find_map(|format| NaiveDateTime::parse_from_str(plain, format).ok());
    let day_only = || NaiveDate::parse_from_str(plain, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN));
    let begins = time.or_else(day_only).ok_or_else(|| {
        Complaint::new(format!("`{}` is not a time", shown(written)), "for example 2026-01-01 00:00:00")
    })?;
    if begins.time() == NaiveTime::MIN && (window == "week" || begins.day() == 1) {
        return Ok(begins.date());
    }
    Err(Complaint::new(
        format!("a window that starts at `{}` is not supported", shown(written)),
        "calendar windows begin at midnight, those of a month, quarter or year on the first day of a month",
    ))
}
