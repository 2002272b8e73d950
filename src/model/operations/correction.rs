//! Corrections: time that is left out of a promise, once or again and again,
//! with who says so and why. They apply when reading; nothing that was counted
//! is deleted. Must not know how they are written down.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;

use crate::model::labels::Labels;
use crate::model::slo::Slo;
use crate::model::time::window::{first_instant_of, local_date};
use crate::model::time::{DAY_MS, Millis, Period};

/// Occurrences that are looked at for one question. Daily ones of ten years are
/// fewer; what lies beyond is left out.
const OCCURRENCES_MAX: usize = 4_000;

/// Time that is left out, of which SLOs, by whom and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// Unique; a DNS label.
    pub name: String,
    pub scope: Scope,
    pub when: When,
    pub author: String,
    pub reason: String,
}

/// The SLOs that a correction is about: those named with their groups, and those
/// with all labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub slos: Vec<String>,
    /// Labels of the definition, `service` among them; none match none.
    pub labels: Labels,
}

impl Scope {
    pub fn holds(&self, slo: &Slo) -> bool {
        let has = |name: &str, value: &str| match name {
            "service" => slo.service == value,
            _ => slo.labels.get(name) == Some(value),
        };
        self.slos.contains(&slo.name)
            || slo.group_of.as_ref().is_some_and(|divided| self.slos.contains(divided))
            || (!self.labels.is_empty() && self.labels.iter().all(|(name, value)| has(name, value)))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum When {
    Once(Period),
    Recurring(RepeatRule),
}

/// Civil times that come again in a zone, each `duration` long: real time, so
/// two hours are two hours also in the night in which clocks change.
#[derive(Clone, Debug, PartialEq)]
pub struct RepeatRule {
    pub rule: Rule,
    /// Nothing occurs before; the time of day of each occurrence.
    pub start: NaiveDateTime,
    pub duration: Millis,
    pub zone: Tz,
}

/// Which days: the parts of RFC 5545's recurrence rules that maintenance needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub frequency: Frequency,
    /// Every so many days, weeks (from Monday) or months, from that of the start.
    pub interval: u32,
    /// Empty: those of the start where weekly, any otherwise.
    pub weekdays: Vec<NthWeekday>,
    /// 1..=31, or -31..=-1 from the end of the month. Empty: that of the start
    /// where monthly and no weekday is named, any otherwise.
    pub month_days: Vec<i32>,
    /// The last day, included.
    pub until: Option<NaiveDate>,
    /// So many occurrences from the start.
    pub count: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    Daily,
    Weekly,
    Monthly,
}

/// A weekday; of a month the nth one, from its end if negative, every one if 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NthWeekday {
    pub weekday: Weekday,
    pub nth: i32,
}

impl Correction {
    /// The stretches that touch a period, in whole minutes, in order.
    pub fn periods(&self, within: Period) -> Vec<Period> {
        let touches = |p: &Period| !p.intersect(within).is_empty();
        let mut all: Vec<Period> = match &self.when {
            When::Once(period) => vec![*period],
            When::Recurring(recurrence) => recurrence.occurrences(within),
        };
        all.retain(touches);
        let whole = |p: Period| Period::new(p.start.floor_slot(), p.end.ceil_slot());
        all.into_iter().map(whole).collect()
    }
}

impl RepeatRule {
    fn occurrences(&self, within: Period) -> Vec<Period> {
        let lead = Days::new((self.duration.0 / DAY_MS).unsigned_abs() + 2);
        let begin = local_date(self.zone, within.start).checked_sub_days(lead).unwrap_or(NaiveDate::MIN);
        let end = local_date(self.zone, within.end);
        let first = self.start.date();
        // What is counted is counted from the start.
        let mut date = if self.rule.count.is_some() { first } else { begin.max(first) };
        let mut seen = 0_u32;
        let mut found = Vec::new();
        while date <= end && self.rule.until.is_none_or(|until| date <= until) && found.len() < OCCURRENCES_MAX {
            if self.rule.holds(first, date) {
                seen = seen.saturating_add(1);
                if self.rule.count.is_some_and(|count| seen > count) {
                    break;
                }
                if date >= begin {
                    found.push(self.on(date));
                }
            }
            let Some(next) = date.checked_add_days(Days::new(1)) else { break };
            date = next;
        }
        found
    }

    fn on(&self, date: NaiveDate) -> Period {
        let start = first_instant_of(self.zone, NaiveDateTime::new(date, self.time()));
        Period::new(start, start + self.duration)
    }

    fn time(&self) -> NaiveTime {
        self.start.time()
    }
}

impl Rule {
    /// Whether something occurs on a date, for a rule that starts on `first`.
    fn holds(&self, first: NaiveDate, date: NaiveDate) -> bool {
        let interval = i64::from(self.interval.max(1));
        let in_step = match self.frequency {
            Frequency::Daily => (date - first).num_days() % interval == 0,
            Frequency::Weekly => (monday_of(date) - monday_of(first)).num_days() / 7 % interval == 0,
            Frequency::Monthly => (months_of(date) - months_of(first)) % interval == 0,
        };
        in_step && self.is_weekday(first, date) && self.is_month_day(first, date)
    }

    fn is_weekday(&self, first: NaiveDate, date: NaiveDate) -> bool {
        if self.weekdays.is_empty() {
            return self.frequency != Frequency::Weekly || date.weekday() == first.weekday();
        }
        let from_start = (date.day0() / 7 + 1).cast_signed();
        let from_end = -(((days_in_month(date) - date.day()) / 7 + 1).cast_signed());
        let is = |day: &NthWeekday| {
            day.weekday == date.weekday() && (day.nth == 0 || day.nth == from_start || day.nth == from_end)
        };
        self.weekdays.iter().any(is)
    }

    fn is_month_day(&self, first: NaiveDate, date: NaiveDate) -> bool {
        if self.month_days.is_empty() {
            let by_start = self.frequency == Frequency::Monthly && self.weekdays.is_empty();
            return !by_start || date.day() == first.day();
        }
        let day = date.day().cast_signed();
        let from_end = day - days_in_month(date).cast_signed() - 1;
        self.month_days.iter().any(|wanted| *wanted == day || *wanted == from_end)
    }
}

fn monday_of(date: NaiveDate) -> NaiveDate {
    date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))).unwrap_or(date)
}

fn months_of(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

fn days_in_month(date: NaiveDate) -> u32 {
    let last = date.with_day(1).and_then(|d| d.checked_add_months(chrono::Months::new(1))).and_then(|d| d.pred_opt());
    last.map_or(31, |d| d.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn recurring(start: &str, duration: Millis, zone: Tz, rule: Rule) -> Correction {
        let start = NaiveDateTime::parse_from_str(start, "%Y-%m-%dT%H:%M").unwrap();
        Correction {
            name: "maintenance".to_owned(),
            scope: Scope::default(),
            when: When::Recurring(RepeatRule { rule, start, duration, zone }),
            author: "ops".to_owned(),
            reason: "patching".to_owned(),
        }
    }

    fn rule(frequency: Frequency) -> Rule {
        Rule { frequency, interval: 1, weekdays: Vec::new(), month_days: Vec::new(), until: None, count: None }
    }

    fn day(weekday: Weekday, nth: i32) -> NthWeekday {
        NthWeekday { weekday, nth }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// The starts within a stretch, without seconds.
    fn starts(correction: &Correction, from: &str, to: &str) -> Vec<String> {
        let found = correction.periods(Period::new(at(from), at(to)));
        found.iter().map(|p| p.start.rfc3339().chars().take(16).collect()).collect()
    }

    #[test]
    fn a_sunday_night_stays_at_two_over_the_change_of_clocks_and_lasts_as_long() {
        let weekly = recurring("2026-01-04T02:00", Millis::from_hours(2), Tz::Europe__Berlin, rule(Frequency::Weekly));
        // On 29 March there is no two o'clock: clocks go from two to three.
        assert_eq!(
            starts(&weekly, "2026-03-20T00:00:00Z", "2026-04-06T00:00:00Z"),
            ["2026-03-22T01:00", "2026-03-29T01:00", "2026-04-05T00:00"]
        );
        // On 25 October two o'clock comes twice; the first one counts.
        let autumn = weekly.periods(Period::new(at("2026-10-24T00:00:00Z"), at("2026-10-26T00:00:00Z")));
        assert_eq!(autumn, [Period::new(at("2026-10-25T00:00:00Z"), at("2026-10-25T02:00:00Z"))]);
        assert_eq!(starts(&weekly, "2025-12-01T00:00:00Z", "2026-01-05T00:00:00Z"), ["2026-01-04T01:00"]);
    }

    #[test]
    fn rules_say_which_days() {
        let days = |rule: Rule, to: &str| {
            let correction = recurring("2026-01-13T22:30", Millis::from_mins(30), Tz::UTC, rule);
            let days = starts(&correction, "2026-01-01T00:00:00Z", to);
            days.iter().map(|d| d.get(5..10).unwrap().to_owned()).collect::<Vec<_>>()
        };
        let patch_day = Rule { weekdays: vec![day(Weekday::Tue, 2)], ..rule(Frequency::Monthly) };
        assert_eq!(days(patch_day, "2026-04-30T00:00:00Z"), ["01-13", "02-10", "03-10", "04-14"]);
        let last_friday = Rule { weekdays: vec![day(Weekday::Fri, -1)], ..rule(Frequency::Monthly) };
        assert_eq!(days(last_friday, "2026-03-30T00:00:00Z"), ["01-30", "02-27", "03-27"]);
        let month_end = Rule { month_days: vec![-1], ..rule(Frequency::Monthly) };
        assert_eq!(days(month_end, "2026-03-01T00:00:00Z"), ["01-31", "02-28"]);
        let second_week = Rule { interval: 2, weekdays: vec![day(Weekday::Mon, 0)], ..rule(Frequency::Weekly) };
        assert_eq!(days(second_week, "2026-02-25T00:00:00Z"), ["01-26", "02-09", "02-23"]);
        let thrice = Rule { interval: 3, count: Some(3), ..rule(Frequency::Daily) };
        assert_eq!(days(thrice, "2026-12-01T00:00:00Z"), ["01-13", "01-16", "01-19"]);
        let until = Rule { until: NaiveDate::from_ymd_opt(2026, 2, 20), ..rule(Frequency::Monthly) };
        assert_eq!(days(until, "2026-12-01T00:00:00Z"), ["01-13", "02-13"]);
        let on_31 = Rule { month_days: vec![31], ..rule(Frequency::Monthly) };
        assert_eq!(days(on_31, "2026-06-01T00:00:00Z"), ["01-31", "03-31", "05-31"]);
    }

    #[test]
    fn what_began_before_a_period_and_reaches_into_it_counts() {
        let long = recurring("2026-01-01T12:00", Millis::from_days(3), Tz::UTC, rule(Frequency::Monthly));
        assert_eq!(starts(&long, "2026-02-03T00:00:00Z", "2026-02-04T00:00:00Z"), ["2026-02-01T12:00"]);
        assert_eq!(starts(&long, "2026-02-04T12:00:00Z", "2026-02-05T00:00:00Z"), [""; 0]);
    }
}
