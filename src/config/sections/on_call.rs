//! The off-hours of the people on call, and the length of a shift.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::model::automation::NamePatterns;
use crate::model::operations::on_call::{DAY_MINUTES, OnCall, TeamHours};
use crate::model::time::Millis;
use crate::yaml::fields::At;
use crate::yaml::words::{Complaint, duration, label_value, shown, timezone};

use crate::config::layers::{Reading, section};

/// Names and patterns of programs that act in the tools of one company.
const PATTERNS_MAX: usize = 1_000;
const PATTERN_BYTES_MAX: usize = 200;

/// More teams than any company has.
const TEAMS_MAX: usize = 1_000;

/// `zone` is that of the reports, which holds where nothing else is said.
pub(crate) fn on_call(at: Option<At<'_>>, zone: Tz, reading: &mut Reading<'_, '_>) -> Option<OnCall> {
    let [shift, off_hours, teams, automation] = section(at, ["shift", "off_hours", "teams", "automation"], reading)?;
    let bounds = |text: &str| duration(text, Millis::from_hours(1), Millis::from_days(7));
    let shift = reading.scalar("on_call.shift", shift, bounds);
    let off_hours = reading.scalar("on_call.off_hours", off_hours, hours);
    let usual = TeamHours { zone, off_hours: off_hours? };
    let teams = match teams {
        Some(at) => self::teams(&at, usual, reading),
        None => Some(BTreeMap::new()),
    };
    let automation = match automation {
        Some(at) => patterns(&at, reading),
        None => Some(NamePatterns::default()),
    };
    Some(OnCall { shift: shift?, usual, teams: teams?, automation: automation? })
}

fn patterns(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<NamePatterns> {
    let items = at.items(&mut reading.source, PATTERNS_MAX)?;
    let read: Vec<Option<String>> = items.iter().map(|item| item.parse(&mut reading.source, pattern)).collect();
    read.into_iter().collect::<Option<_>>().map(NamePatterns::new)
}

/// A name, with `*` for any text. One that matches every name would count nobody.
fn pattern(text: &str) -> Result<String, Complaint> {
    let text = text.trim();
    match text.chars().any(|c| c != '*') && text.len() <= PATTERN_BYTES_MAX {
        true => Ok(text.to_owned()),
        false => Err(Complaint::new(format!("invalid pattern `{}`", shown(text)), "for example `*-bot`")),
    }
}

fn teams(at: &At<'_>, usual: TeamHours, reading: &mut Reading<'_, '_>) -> Option<BTreeMap<String, TeamHours>> {
    let before = reading.source.errors();
    let mut teams = BTreeMap::new();
    for entry in at.entries(&mut reading.source, TEAMS_MAX)? {
        let entry_at = at.entry(entry);
        if let Err(Complaint { message, hint }) = label_value(&entry.key) {
            reading.source.error(entry.key_span, &entry_at.path, message, hint);
        }
        let Some([zone_at, off_hours_at]) = section(Some(entry_at), ["timezone", "off_hours"], reading) else {
            continue;
        };
        let zone = zone_at.map_or(Some(usual.zone), |at| at.parse(&mut reading.source, timezone));
        let off_hours = off_hours_at.map_or(Some(usual.off_hours), |at| at.parse(&mut reading.source, hours));
        if let (Some(zone), Some(off_hours)) = (zone, off_hours) {
            teams.insert(entry.key.clone(), TeamHours { zone, off_hours });
        }
    }
    (reading.source.errors() == before).then_some(teams)
}

/// `22:00-07:00` in minutes of the day.
fn hours(text: &str) -> Result<(u32, u32), Complaint> {
    let wrong = || Complaint::new(format!("`{}` is not two times of day", shown(text)), "for example 22:00-07:00");
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let number = |text: &str, max: u32| {
            let digits = text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u32>().ok().filter(|n| digits && *n <= max)
        };
        Some(number(hour, 24)? * 60 + number(minute, 59)?).filter(|m| *m <= DAY_MINUTES)
    };
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    minute(from).zip(minute(to)).ok_or_else(wrong)
}

/// As it is written in a file.
pub(crate) fn shown_hours((from, to): (u32, u32)) -> String {
    format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_are_two_times_of_day() {
        assert_eq!(hours("22:00-07:00").unwrap(), (1_320, 420));
        assert_eq!(hours("0:30 - 24:00").unwrap(), (30, 1_440));
        for wrong in ["22-7", "22:00", "25:00-07:00", "22:60-07:00", "24:01-07:00", "-1:00-07:00", "22:00-7:0x", ""] {
            assert!(hours(wrong).is_err(), "{wrong}");
        }
        assert_eq!(shown_hours(hours("22:00-07:05").unwrap()), "22:00-07:05");
    }
}
