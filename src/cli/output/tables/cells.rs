//! What the cells of the tables show: times, shares, numbers.

use serde::Deserialize;

use crate::model::time::{Millis, Timestamp};
use crate::publish::web::parts::text;

/// An instant of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Instant(pub Timestamp);

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Instant, String> {
        Timestamp::parse(&text).map(Instant).map_err(|error| error.to_string())
    }
}

impl Instant {
    pub fn moment(self) -> String {
        text::moment(self.0)
    }
}

/// One of the times of an incident or alert.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Mark {
    pub at: Instant,
}

/// A text with spaces and signs that every terminal has.
pub(crate) fn plain(text: &str) -> String {
    text.replace('\u{202f}', "").replace('−', "-").replace('×', "x")
}

pub(crate) fn percent(ratio: f64) -> String {
    plain(&text::percent(ratio))
}

pub(crate) fn share(ratio: f64) -> String {
    plain(&text::share(ratio))
}

pub(crate) fn count(n: i64) -> String {
    plain(&text::count(n))
}

/// A length of time that the API gives in seconds.
pub(crate) fn took(seconds: f64) -> String {
    text::took(Millis((seconds * 1000.0) as i64))
}

/// A length of time in whole seconds.
pub(crate) fn length(length: Millis) -> String {
    Millis(length.0 / 1000 * 1000).human()
}

/// A band between two ratios, or the one ratio where they meet.
pub(crate) fn band(lower: Option<f64>, upper: Option<f64>, write: impl Fn(f64) -> String) -> Option<String> {
    let (lower, upper) = (write(lower?), write(upper?));
    Some(if lower == upper { lower } else { format!("{lower} to {upper}") })
}

pub(crate) fn many(n: usize, one: &str, more: &str) -> String {
    format!("{} {}", count(i64::try_from(n).unwrap_or(i64::MAX)), if n == 1 { one } else { more })
}

/// What a list that was cut leaves out.
pub(crate) fn cut(shown: usize, matching: usize) -> String {
    if shown < matching { format!(" ({shown} shown, the newest)") } else { String::new() }
}
