//! Reads query parameters: times, periods, steps, limits. Everything that is
//! not understood is a problem that names the parameter and says what to
//! write. Must not know what the parameters are for.

mod reader;
mod slo_filter;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::api::query::TimeParam;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

pub(crate) use self::reader::{Ignored, Unknown};
pub(crate) use self::slo_filter::SloFilter;

/// A query that is longer is refused unread; the longest honest one (several
/// labels and two times) has some hundred bytes.
const QUERY_BYTES_MAX: usize = 4 * 1024;
/// A year and a month: enough for a year in review with its baseline.
const PERIOD_MAX: Millis = Millis::from_days(400);
/// As many points as Prometheus returns for one series; more than any screen
/// has pixels.
pub(crate) const POINTS_MAX: i64 = 11_000;
/// About so many slots are chosen when no step is asked for: one for every two
/// or three pixels of a chart.
const POINTS_WANTED: i64 = 360;
/// Steps that people can read off an axis.
const STEPS: [Millis; 10] = [
    Millis::from_mins(1),
    Millis::from_mins(5),
    Millis::from_mins(10),
    Millis::from_mins(30),
    Millis::from_hours(1),
    Millis::from_hours(2),
    Millis::from_hours(4),
    Millis::from_hours(6),
    Millis::from_hours(12),
    Millis::from_days(1),
];

/// The query of a request to the API: a name that its type does not have, or has only
/// once, is a problem.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<Q>(pub Q);

impl<S: Sync, Q: DeserializeOwned> FromRequestParts<S> for Query<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or(""), Unknown::IsRefused).map(Query)
    }
}

/// Reads a query; an empty value is as good as none, because forms send every field.
pub(crate) fn read<Q: DeserializeOwned>(query: &str, unknown: Unknown<'_>) -> Result<Q, Problem> {
    if query.len() > QUERY_BYTES_MAX {
        return Err(Problem::over_limit("query", format!("the query has more than {QUERY_BYTES_MAX} bytes")));
    }
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    reader::of_pairs(&pairs, unknown)
}

/// `at`, not later than `now`.
pub(crate) fn past(at: Option<TimeParam>, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    match at {
        Some(TimeParam(at)) if at > now => {
            Err(Problem::bad_parameter("at", format!("{at} lies in the future; now is {now}"))
                .hint("ask for a moment that has passed, or leave `at` out for now"))
        }
        at => Ok(at.map(|at| at.0)),
    }
}

/// `from` and `to`; the last `length` up to `now` where they are not given.
/// `to` is cut at `now`: nothing can be said of what has not happened.
pub(crate) fn period(
    (from, to): (Option<TimeParam>, Option<TimeParam>),
    now: Timestamp,
    length: Millis,
) -> Result<Period, Problem> {
    let to = to.map_or(now, |to| to.0).min(now);
    let from = from.map_or(to - length, |from| from.0);
    if from >= to {
        return Err(Problem::bad_parameter("from", format!("the period from {from} to {to} is empty"))
            .hint("`from` must be earlier than `to`, and earlier than now"));
    }
    let period = Period::new(from, to);
    if period.length() > PERIOD_MAX {
        let asked = period.length().human();
        return Err(Problem::over_limit("from", format!("the period has {asked}; at most {PERIOD_MAX} are answered"))
            .hint("ask for several shorter periods"));
    }
    Ok(period)
}

/// `step`, or one that suits the period.
pub(crate) fn step(asked: Option<&str>, period: Period) -> Result<Millis, Problem> {
    let Some(text) = asked else {
        return Ok(step_for(period));
    };
    let step: Millis = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds.abs() < 1e9 => Millis((seconds * 1000.0) as i64),
        _ => text.parse().map_err(|_| not_a_step(text))?,
    };
    if step.0 <= 0 || step.0 % SLOT_MS != 0 {
        return Err(not_a_step(text));
    }
    let points = points(period, step);
    if points > POINTS_MAX {
        let detail = format!("{points} slots of {step} are asked for; at most {POINTS_MAX} are answered");
        let least = Millis((period.length().0 / POINTS_MAX / SLOT_MS + 1) * SLOT_MS);
        return Err(
            Problem::over_limit("step", detail).hint(format!("use a step of {least} or more, or a shorter period"))
        );
    }
    Ok(step)
}

/// The shortest readable step that gives about as many slots as are wanted.
pub(crate) fn step_for(period: Period) -> Millis {
    STEPS
        .into_iter()
        .find(|step| points(period, *step) <= POINTS_WANTED)
        .unwrap_or(Millis::from_days(points(period, Millis::from_days(POINTS_WANTED))))
}

fn points(period: Period, step: Millis) -> i64 {
    -(-period.length().0).div_euclid(step.0)
}

fn not_a_step(text: &str) -> Problem {
    Problem::bad_parameter("step", format!("invalid step `{text}`"))
        .hint("write whole minutes as a duration or in seconds, for example `1m`, `2h`, `1d` or `3600`")
}

/// What lists show when no period is asked for.
pub(crate) const DEFAULT_PERIOD: Millis = Millis::from_days(30);

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::api::query::Whole;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Asked {
        from: Option<TimeParam>,
        to: Option<TimeParam>,
        at: Option<TimeParam>,
        step: Option<String>,
        limit: Option<Whole<10>>,
        below_floor: Option<bool>,
        objective: Option<Objective>,
        label: Vec<String>,
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Objective {
        Current,
        Historical,
    }

    fn asked(query: &str) -> Result<Asked, Problem> {
        read(query, Unknown::IsRefused)
    }

    fn period_of(query: &str, length: Millis) -> Result<Period, Problem> {
        let Asked { from, to, .. } = asked(query)?;
        period((from, to), now(), length)
    }

    fn step_of(query: &str, period: Period) -> Result<Millis, Problem> {
        step(asked(query)?.step.as_deref(), period)
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T15:42:00Z").unwrap()
    }

    #[test]
    fn a_period_defaults_to_the_last_days() {
        let period = period_of("", Millis::from_days(30)).unwrap();
        assert_eq!(period, Period::new(now() - Millis::from_days(30), now()));
        let day = period_of("from=2026-11-01T00:00:00Z&to=1793577600", Millis::from_days(30)).unwrap();
        assert_eq!(day.length(), Millis::from_days(1));
    }

    #[test]
    fn a_zone_may_be_written_with_a_bare_plus() {
        let at = past(asked("at=2026-11-24T02:00:00+02:00").unwrap().at, now()).unwrap();
        assert_eq!(at, Some(Timestamp::parse("2026-11-24T00:00:00Z").unwrap()));
    }

    #[test]
    fn the_future_is_cut_off() {
        let period = period_of("from=2026-11-24T00:00:00Z&to=2027-01-01T00:00:00Z", Millis(1)).unwrap();
        assert_eq!(period.end, now());
        assert_eq!(past(asked("at=2027-01-01T00:00:00Z").unwrap().at, now()).unwrap_err().status, 400);
    }

    #[test]
    fn periods_that_make_no_sense_are_problems() {
        let empty = period_of("from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z", Millis(1)).unwrap_err();
        assert_eq!((empty.status, empty.parameter.as_deref()), (400, Some("from")));
        let long = period_of("from=0", Millis(1)).unwrap_err();
        assert_eq!((long.status, long.parameter.as_deref()), (422, Some("from")));
        let word = period_of("from=yesterday", Millis(1)).unwrap_err();
        assert!(word.detail.contains("RFC 3339"), "{word:?}");
        assert_eq!((word.status, word.parameter.as_deref()), (400, Some("from")));
    }

    #[test]
    fn steps_are_whole_minutes_and_bounded() {
        let month = Period::new(now() - Millis::from_days(30), now());
        assert_eq!(step_of("", month).unwrap(), Millis::from_hours(2));
        assert_eq!(step_of("step=300", month).unwrap(), Millis::from_mins(5));
        assert_eq!(step_of("step=1h30m", month).unwrap(), Millis::from_mins(90));
        for wrong in ["0", "-60", "90s", "x", "NaN", "1e300", "99999999999999999d"] {
            assert_eq!(step_of(&format!("step={wrong}"), month).unwrap_err().status, 400, "{wrong}");
        }
        let fine = step_of("step=1m", month).unwrap_err();
        assert_eq!(fine.status, 422);
        assert_eq!(fine.hint.as_deref(), Some("use a step of 4m or more, or a shorter period"));
        assert!(step_of("step=4m", month).is_ok());
    }

    #[test]
    fn a_step_suits_any_period() {
        for days in [1, 7, 30, 90, 365, 400, 5_000] {
            let period = Period::new(now() - Millis::from_days(days), now());
            let points = points(period, step_for(period));
            assert!((24..=POINTS_WANTED).contains(&points), "{days} days: {points} points");
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_are_problems() {
        let labels = asked("limit=3&label=team=payments&label=tier=1").unwrap().label;
        assert_eq!(labels, ["team=payments", "tier=1"]);
        let unknown = asked("limt=3").unwrap_err();
        assert_eq!(unknown.parameter.as_deref(), Some("limt"));
        assert!(unknown.hint.is_some_and(|hint| hint.contains("limit, below_floor")));
        let twice = asked("limit=3&limit=4").unwrap_err();
        assert_eq!((twice.status, twice.detail.as_str()), (400, "`limit` is given more than once"));
        assert!(asked("limit=&limit=4").is_ok(), "an empty field is as good as none");
        let mut ignored = Ignored::default();
        assert!(
            read::<Asked>("utm_source=mail&limit=3", Unknown::Passes(&mut ignored)).is_ok(),
            "pages let others pass"
        );
        assert_eq!(ignored.names, ["utm_source"], "and say so");
        assert!(ignored.known.contains(&"limit"));
    }

    #[test]
    fn values_that_are_not_understood_are_problems_that_say_what_to_write() {
        let wrong = |query: &str| asked(query).map(|_| ()).unwrap_err();
        assert_eq!(wrong("limit=11").detail, "`11` is not a whole number from 1 to 10");
        assert_eq!(asked("objective=historical").unwrap().objective, Some(Objective::Historical));
        let word = wrong("objective=then");
        assert_eq!(word.detail, "invalid value `then` for `objective`");
        assert_eq!(word.hint.as_deref(), Some("use one of current, historical"));
        assert_eq!(asked("below_floor=true").unwrap().below_floor, Some(true));
        assert_eq!(wrong("below_floor=yes").hint.as_deref(), Some("use one of true, false"));
        assert_eq!(wrong("limit=0").parameter.as_deref(), Some("limit"));
    }
}
