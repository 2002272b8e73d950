//! The daemon's answers as tables for people: worst first, percent, durations,
//! and `no data` for what is not known. Must not know how answers are fetched.

mod alerts;
mod replay;
mod slos;
mod status;
#[cfg(test)]
mod tests;
mod trends;

use serde::Deserialize;

pub use alerts::{alerts, explained, incidents, rules};
pub use replay::{fixes, replay};
pub use slos::{slo, slos};
pub use status::status;
pub use trends::trends;

use super::table::{Align, Cell, Colour, Table, Tone};
use crate::model::time::{Millis, Timestamp};
use crate::publish::web::parts::text;

/// An instant of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Instant(Timestamp);

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Instant, String> {
        Timestamp::parse(&text).map(Instant).map_err(|error| error.to_string())
    }
}

impl Instant {
    fn moment(self) -> String {
        text::moment(self.0)
    }
}

/// One of the times of an incident or alert.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Mark {
    at: Instant,
}

/// A text with spaces and signs that every terminal has.
fn plain(text: &str) -> String {
    text.replace('\u{202f}', "").replace('−', "-").replace('×', "x")
}

fn percent(ratio: f64) -> String {
    plain(&text::percent(ratio))
}

fn share(ratio: f64) -> String {
    plain(&text::share(ratio))
}

fn count(n: i64) -> String {
    plain(&text::count(n))
}

/// A length of time that the API gives in seconds.
fn took(seconds: f64) -> String {
    text::took(Millis((seconds * 1000.0) as i64))
}

/// A length of time in whole seconds.
fn length(length: Millis) -> String {
    Millis(length.0 / 1000 * 1000).human()
}

/// A band between two ratios, or the one ratio where they meet.
fn band(lower: Option<f64>, upper: Option<f64>, write: impl Fn(f64) -> String) -> Option<String> {
    let (lower, upper) = (write(lower?), write(upper?));
    Some(if lower == upper { lower } else { format!("{lower} to {upper}") })
}

fn many(n: usize, one: &str, more: &str) -> String {
    format!("{} {}", count(i64::try_from(n).unwrap_or(i64::MAX)), if n == 1 { one } else { more })
}

/// What a list that was cut leaves out.
fn cut(shown: usize, matching: usize) -> String {
    if shown < matching { format!(" ({shown} shown, the newest)") } else { String::new() }
}
