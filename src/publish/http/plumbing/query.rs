//! Reads query parameters: times, periods, steps, limits. Everything that is
//! not understood is a problem that names the parameter and says what to
//! write. Must not know what the parameters are for.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;

use super::problem::Problem;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

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

/// A query parameter of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueryParameter {
    pub name: String,
    pub repeatable: bool,
}

/// Looks up what a path takes in its query. The router gives it to every
/// request; without it no parameter is known.
#[derive(Clone, Copy)]
pub(crate) struct KnownParameters(pub fn(&str) -> &'static [QueryParameter]);

/// The parameters of one request, checked against the contract: a name that
/// the path does not have, or has only once, is a problem.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let params = Params::read(parts.uri.query().unwrap_or(""))?;
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let known = parts.extensions.get::<KnownParameters>().map_or(&[][..], |KnownParameters(of)| of(path));
        params.check(known)?;
        Ok(params)
    }
}

impl Params {
    /// Splits a query; an empty value is as good as none, because forms send
    /// every field.
    pub fn read(query: &str) -> Result<Self, Problem> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(Problem::over_limit("query", format!("the query has more than {QUERY_BYTES_MAX} bytes")));
        }
        let pairs = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Ok(Params { pairs })
    }

    fn check(&self, known: &[QueryParameter]) -> Result<(), Problem> {
        for (i, (name, _)) in self.pairs.iter().enumerate() {
            let Some(parameter) = known.iter().find(|p| p.name == *name) else {
                let problem = Problem::bad_parameter(name, format!("unknown parameter `{name}`"));
                return Err(problem.hint(known_names(known)));
            };
            let again = self.pairs.iter().skip(i + 1).any(|(other, _)| other == name);
            if again && !parameter.repeatable {
                return Err(Problem::bad_parameter(name, format!("`{name}` is given more than once")));
            }
        }
        Ok(())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        // A plus sign that was not percent-encoded arrives as a blank.
        let text = text.replace(' ', "+");
        Timestamp::parse(&text).map(Some).map_err(|error| Problem::bad_parameter(name, error.to_string()))
    }

    /// `at`, not later than `now`.
    pub fn at(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        match self.time("at")? {
            Some(at) if at > now => Err(Problem::bad_parameter("at", format!("{at} lies in the future; now is {now}"))
                .hint("ask for a moment that has passed, or leave `at` out for now")),
            at => Ok(at),
        }
    }

    /// `from` and `to`; the last `length` up to `now` where they are not given.
    /// `to` is cut at `now`: nothing can be said of what has not happened.
    pub fn period(&self, now: Timestamp, length: Millis) -> Result<Period, Problem> {
        let to = self.time("to")?.unwrap_or(now).min(now);
        let from = self.time("from")?.unwrap_or(to - length);
        if from >= to {
            return Err(Problem::bad_parameter("from", format!("the period from {from} to {to} is empty"))
                .hint("`from` must be earlier than `to`, and earlier than now"));
        }
        let period = Period::new(from, to);
        if period.length() > PERIOD_MAX {
            let asked = period.length().human();
            return Err(Problem::over_limit(
                "from",
                format!("the period has {asked}; at most {PERIOD_MAX} are answered"),
            )
            .hint("ask for several shorter periods"));
        }
        Ok(period)
    }

    /// `step`, or one that suits the period.
    pub fn step(&self, period: Period) -> Result<Millis, Problem> {
        let Some(text) = self.get("step") else {
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

    /// `limit`, in `1..=max`.
    pub fn limit(&self, default: usize, max: usize) -> Result<usize, Problem> {
        self.whole("limit", default, max)
    }

    /// A whole number in `1..=max`.
    pub fn whole(&self, name: &str, default: usize, max: usize) -> Result<usize, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        match text.parse::<usize>() {
            Ok(number) if (1..=max).contains(&number) => Ok(number),
            _ => Err(Problem::bad_parameter(name, format!("`{text}` is not a whole number from 1 to {max}"))),
        }
    }

    /// One of a closed set of words.
    pub fn word<T>(&self, name: &str, words: &[&str], read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        read(text).map(Some).ok_or_else(|| {
            Problem::bad_parameter(name, format!("invalid value `{text}` for `{name}`"))
                .hint(format!("use one of {}", words.join(", ")))
        })
    }
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

fn known_names(known: &[QueryParameter]) -> String {
    if known.is_empty() {
        return "this path has no parameters".to_owned();
    }
    let names: Vec<&str> = known.iter().map(|p| p.name.as_str()).collect();
    format!("the parameters of this path are {}", names.join(", "))
}

/// What lists show when no period is asked for.
pub(crate) const DEFAULT_PERIOD: Millis = Millis::from_days(30);

/// Entries of a list without `limit`.
pub(crate) const LIMIT_DEFAULT: usize = 1_000;

/// Entries of a list at most: some megabytes of JSON.
pub(crate) const LIMIT_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params::read(query).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T15:42:00Z").unwrap()
    }

    #[test]
    fn a_period_defaults_to_the_last_days() {
        let period = params("").period(now(), Millis::from_days(30)).unwrap();
        assert_eq!(period, Period::new(now() - Millis::from_days(30), now()));
        let day = params("from=2026-11-01T00:00:00Z&to=1793577600").period(now(), Millis::from_days(30)).unwrap();
        assert_eq!(day.length(), Millis::from_days(1));
    }

    #[test]
    fn a_zone_may_be_written_with_a_bare_plus() {
        let at = params("at=2026-11-24T02:00:00+02:00").at(now()).unwrap();
        assert_eq!(at, Some(Timestamp::parse("2026-11-24T00:00:00Z").unwrap()));
    }

    #[test]
    fn the_future_is_cut_off() {
        let period = params("from=2026-11-24T00:00:00Z&to=2027-01-01T00:00:00Z").period(now(), Millis(1)).unwrap();
        assert_eq!(period.end, now());
        assert_eq!(params("at=2027-01-01T00:00:00Z").at(now()).unwrap_err().status, 400);
    }

    #[test]
    fn periods_that_make_no_sense_are_problems() {
        let empty = params("from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z").period(now(), Millis(1)).unwrap_err();
        assert_eq!((empty.status, empty.parameter.as_deref()), (400, Some("from")));
        let long = params("from=0").period(now(), Millis(1)).unwrap_err();
        assert_eq!((long.status, long.parameter.as_deref()), (422, Some("from")));
        let word = params("from=yesterday").period(now(), Millis(1)).unwrap_err();
        assert!(word.detail.contains("RFC 3339"), "{word:?}");
    }

    #[test]
    fn steps_are_whole_minutes_and_bounded() {
        let month = Period::new(now() - Millis::from_days(30), now());
        assert_eq!(params("").step(month).unwrap(), Millis::from_hours(2));
        assert_eq!(params("step=300").step(month).unwrap(), Millis::from_mins(5));
        assert_eq!(params("step=1h30m").step(month).unwrap(), Millis::from_mins(90));
        for wrong in ["0", "-60", "90s", "x", "NaN", "1e300", "99999999999999999d"] {
            assert_eq!(params(&format!("step={wrong}")).step(month).unwrap_err().status, 400, "{wrong}");
        }
        let fine = params("step=1m").step(month).unwrap_err();
        assert_eq!(fine.status, 422);
        assert_eq!(fine.hint.as_deref(), Some("use a step of 4m or more, or a shorter period"));
        assert!(params("step=4m").step(month).is_ok());
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
        let of = |name: &str, repeatable| QueryParameter { name: name.to_owned(), repeatable };
        let known = &[of("service", false), of("label", true)];
        assert!(params("service=checkout&label=team=payments&label=tier=1").check(known).is_ok());
        let unknown = params("servce=checkout").check(known).unwrap_err();
        assert_eq!(unknown.parameter.as_deref(), Some("servce"));
        assert!(unknown.hint.is_some_and(|hint| hint.contains("service")));
        assert!(params("service=a&service=b").check(known).is_err());
        assert!(params("service=&service=b").check(known).is_ok(), "an empty field is as good as none");
    }
}
