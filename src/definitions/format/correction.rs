//! One document to one correction: time that is left out of promises, once or
//! by a recurrence rule, with author and reason. The same reader serves files
//! and the API.

use chrono::{NaiveDate, NaiveDateTime, Weekday};
use chrono_tz::Tz;

use crate::model::operations::correction::{Correction, Frequency, NthWeekday, RepeatRule, Rule, Scope, When};
use crate::model::time::window::first_instant_of;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::yaml::fields::{At, Fields};
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, closest, dns_label, duration, shown, timezone};

use super::labels::scope_labels;
use super::policy::line;

/// SLOs that one correction names; more are meant by a label.
const SLOS_MAX: usize = 1_000;
/// The longest name of an author: an address of a person or of a system.
const AUTHOR_BYTES_MAX: usize = 256;
/// The longest reason: a few sentences and a link.
const REASON_BYTES_MAX: usize = 2_048;
/// The longest stretch that is left out at once: a quarter and some days.
/// Longer ones are better told by another objective.
const LENGTH_MAX: Millis = Millis::from_days(100);
/// The longest recurring stretch.
const DURATION_MAX: Millis = Millis::from_days(31);
/// The longest rule: a line.
const RULE_BYTES_MAX: usize = 400;
/// The largest INTERVAL and COUNT: ten years of days.
const NUMBER_MAX: u32 = 3_660;

const WHEN: &str = "write `from` and `to`, or `every`, `start` and `duration`";
const TIME: &str = "write `2026-07-01T02:00` (in `timezone`), or with an offset `2026-07-01T00:00:00Z`";

/// Reads the spec of a correction of this name.
pub(crate) fn read_spec(name: &str, at: &At<'_>, source: &mut SourceText<'_>) -> Option<Correction> {
    let before = source.errors();
    let mut fields = at.fields(source)?;
    let scope = scope(&mut fields, source);
    let zone = fields.optional("timezone").map_or(Some(Tz::UTC), |at| at.parse(source, timezone));
    let when = when(&mut fields, zone.unwrap_or(Tz::UTC), source);
    let author = fields.required("author", source, "who says so, for example an address");
    let author = author.and_then(|at| at.parse(source, |text| line(text, AUTHOR_BYTES_MAX)));
    let reason = fields.required("reason", source, "why this time does not count, for the report");
    let reason = reason.and_then(|at| at.parse(source, |text| line(text, REASON_BYTES_MAX)));
    fields.finish(source);
    if source.errors() > before {
        return None;
    }
    Some(Correction { name: name.to_owned(), scope: scope?, when: zone.and(when)?, author: author?, reason: reason? })
}

fn scope(fields: &mut Fields<'_>, source: &mut SourceText<'_>) -> Option<Scope> {
    let slos = fields.optional("slos");
    let labels_at = fields.optional("labels");
    let labels = scope_labels(labels_at, source);
    let slos = match slos {
        None => Some(Vec::new()),
        Some(at) => {
            let items = at.items(source, SLOS_MAX)?;
            items.iter().map(|item| item.parse(source, dns_label)).collect::<Option<Vec<String>>>()
        }
    };
    let scope = Scope { slos: slos?, labels: labels? };
    if scope.slos.is_empty() && scope.labels.is_empty() {
        let hint = "name them with `slos: [checkout-availability]`, or by `labels: {service: checkout}`";
        fields.error(source, "the correction matches no SLO", Some(hint.to_owned()));
        return None;
    }
    Some(scope)
}

fn when(fields: &mut Fields<'_>, zone: Tz, source: &mut SourceText<'_>) -> Option<When> {
    let (from, to) = (fields.optional("from"), fields.optional("to"));
    let (every, start, length) = (fields.optional("every"), fields.optional("start"), fields.optional("duration"));
    let once = from.is_some() || to.is_some();
    let again = every.is_some() || start.is_some() || length.is_some();
    if once == again {
        fields.error(
            source,
            "specify either `from` and `to`, or `every`, `start` and `duration`",
            Some(WHEN.to_owned()),
        );
        return None;
    }
    if once {
        let (Some(from), Some(to_at)) = (from, to) else {
            fields.error(source, "both `from` and `to` are needed", Some(WHEN.to_owned()));
            return None;
        };
        let from = from.parse(source, |text| instant(text, zone));
        let to = to_at.parse(source, |text| instant(text, zone));
        return stretch(from?, to?, &to_at, source).map(When::Once);
    }
    let (Some(every), Some(start), Some(length)) = (every, start, length) else {
        fields.error(source, "`every`, `start` and `duration` are all needed", Some(WHEN.to_owned()));
        return None;
    };
    let rule = every.parse(source, rule);
    let start = start.parse(source, civil);
    let duration = length.parse(source, |text| duration(text, Millis(SLOT_MS), DURATION_MAX));
    Some(When::Recurring(RepeatRule { rule: rule?, start: start?, duration: duration?, zone }))
}

fn stretch(from: Timestamp, to: Timestamp, place: &At<'_>, source: &mut SourceText<'_>) -> Option<Period> {
    if to <= from {
        place.error(source, "`to` is not later than `from`", None);
        return None;
    }
    if to - from > LENGTH_MAX {
        let message = format!("{} are left out at once; at most {LENGTH_MAX}", (to - from).human());
        place.error(source, message, Some("for a longer exclusion, change the objective".to_owned()));
        return None;
    }
    Some(Period::new(from, to))
}

/// RFC 3339, or a civil time of the zone.
pub(crate) fn instant(text: &str, zone: Tz) -> Result<Timestamp, Complaint> {
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(Timestamp::from_millis(time.timestamp_millis())),
        Err(_) => civil(text).map(|civil| first_instant_of(zone, civil)),
    }
}

fn civil(text: &str) -> Result<NaiveDateTime, Complaint> {
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"];
    let read = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    read.or_else(date).ok_or_else(|| Complaint::new(format!("`{}` is not a time", shown(text)), TIME))
}

const PARTS: [&str; 6] = ["FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "UNTIL", "COUNT"];

/// The parts of a recurrence rule of RFC 5545 that are known here.
fn rule(text: &str) -> Result<Rule, Complaint> {
    const EXAMPLE: &str = "for example `FREQ=WEEKLY;BYDAY=SU` or `FREQ=MONTHLY;BYDAY=2TU`";
    if text.len() > RULE_BYTES_MAX {
        return Err(Complaint::new(format!("the rule has {} bytes; at most {RULE_BYTES_MAX}", text.len()), EXAMPLE));
    }
    let upper = text.trim().to_ascii_uppercase();
    let mut frequency = None;
    let mut rule = Rule {
        frequency: Frequency::Daily,
        interval: 1,
        weekdays: Vec::new(),
        month_days: Vec::new(),
        until: None,
        count: None,
    };
    let mut seen: Vec<&str> = Vec::new();
    for part in upper.strip_prefix("RRULE:").unwrap_or(&upper).split(';').filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            return Err(Complaint::new(format!("invalid part `{}` in the recurrence rule", shown(part)), EXAMPLE));
        };
        if seen.contains(&key) {
            return Err(Complaint::new(format!("duplicate part `{}` in the recurrence rule", shown(key)), EXAMPLE));
        }
        seen.push(key);
        match key {
            "FREQ" => frequency = Some(frequency_of(value)?),
            "INTERVAL" => rule.interval = number(value)?,
            "COUNT" => rule.count = Some(number(value)?),
            "BYDAY" => rule.weekdays = value.split(',').map(weekday).collect::<Result<_, _>>()?,
            "BYMONTHDAY" => rule.month_days = value.split(',').map(month_day).collect::<Result<_, _>>()?,
            "UNTIL" => rule.until = Some(last_day(value)?),
            _ => {
                let hint = match closest(key, PARTS) {
                    Some(part) => format!("did you mean `{part}`?"),
                    None => format!("known here: {}", PARTS.join(", ")),
                };
                return Err(Complaint::new(format!("unknown part `{}` in the recurrence rule", shown(key)), hint));
            }
        }
    }
    rule.frequency = frequency.ok_or_else(|| Complaint::new("the rule does not say how often: FREQ", EXAMPLE))?;
    if rule.until.is_some() && rule.count.is_some() {
        return Err(Complaint::new("a rule ends by UNTIL or by COUNT, not by both", EXAMPLE));
    }
    if rule.frequency != Frequency::Monthly && rule.weekdays.iter().any(|day| day.nth != 0) {
        return Err(Complaint::new("a weekday with a number (`2TU`) needs FREQ=MONTHLY", EXAMPLE));
    }
    Ok(rule)
}

fn frequency_of(value: &str) -> Result<Frequency, Complaint> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        _ => Err(Complaint::new(format!("`FREQ={}` is not known here", shown(value)), "DAILY, WEEKLY or MONTHLY")),
    }
}

fn number(value: &str) -> Result<u32, Complaint> {
    let number = value.parse::<u32>().ok().filter(|n| (1..=NUMBER_MAX).contains(n));
    number.ok_or_else(|| {
        Complaint::new(format!("invalid number `{}`: expected 1 to {NUMBER_MAX}", shown(value)), "a whole number")
    })
}

fn weekday(text: &str) -> Result<NthWeekday, Complaint> {
    const DAYS: [(&str, Weekday); 7] = [
        ("MO", Weekday::Mon),
        ("TU", Weekday::Tue),
        ("WE", Weekday::Wed),
        ("TH", Weekday::Thu),
        ("FR", Weekday::Fri),
        ("SA", Weekday::Sat),
        ("SU", Weekday::Sun),
    ];
    let wrong = || {
        let hint = "MO, TU, WE, TH, FR, SA, SU; of a month also `2TU` (the second) or `-1FR` (the last)";
        Complaint::new(format!("invalid weekday `{}`", shown(text)), hint)
    };
    let (nth, weekday) =
        DAYS.iter().find_map(|(word, weekday)| text.strip_suffix(word).map(|nth| (nth, *weekday))).ok_or_else(wrong)?;
    let nth = if nth.is_empty() { 0 } else { nth.parse::<i32>().map_err(|_| wrong())? };
    let sound = (-5..=5).contains(&nth) && !(nth == 0 && text.len() > 2);
    if sound { Ok(NthWeekday { weekday, nth }) } else { Err(wrong()) }
}

fn month_day(text: &str) -> Result<i32, Complaint> {
    let day = text.parse::<i32>().ok().filter(|day| (1..=31).contains(&day.abs()));
    day.ok_or_else(|| {
        Complaint::new(format!("invalid day of a month `{}`", shown(text)), "1 to 31, or -1 for the last")
    })
}

fn last_day(text: &str) -> Result<NaiveDate, Complaint> {
    let date = text.get(..8).and_then(|date| NaiveDate::parse_from_str(date, "%Y%m%d").ok());
    let dashed = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.or_else(dashed)
        .ok_or_else(|| Complaint::new(format!("invalid last day `{}`", shown(text)), "for example `UNTIL=20261231`"))
}
