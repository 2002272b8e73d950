//! What the cells of the tables show: times, shares, numbers.

use crate::api::shares::ShareJson;
use crate::api::time::Instant;
use crate::model::time::Millis;
use crate::publish::web::parts::text;

/// An instant for people.
pub(crate) fn moment(at: Instant) -> String {
    text::moment(at.0)
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

/// The counts behind a share, where there are any.
pub(crate) fn counts(share: &ShareJson) -> Option<String> {
    (share.of > 0).then(|| format!("{} of {}", share.count, share.of))
}
