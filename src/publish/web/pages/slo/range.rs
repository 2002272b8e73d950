//! Which window of an SLO is asked for, and over which time its charts go.

use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::api::query::TimeParam;
use crate::evaluate::slo::status::SloStatus;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query;
use crate::publish::web::parts::{asked, text};

/// Lengths that one click chooses, up to now.
const QUICK: [(&str, Millis); 8] = [
    ("1h", Millis::from_hours(1)),
    ("6h", Millis::from_hours(6)),
    ("1d", Millis::from_days(1)),
    ("3d", Millis::from_days(3)),
    ("7d", Millis::from_days(7)),
    ("30d", Millis::from_days(30)),
    ("90d", Millis::from_days(90)),
    ("365d", Millis::from_days(365)),
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RangeQuery {
    pub window: Option<String>,
    from: Option<String>,
    to: Option<String>,
    range: Option<String>,
}

impl RangeQuery {
    /// Whether another time than that of the window is asked for.
    pub fn is_given(&self) -> bool {
        self.from.is_some() || self.to.is_some() || self.range.is_some()
    }

    /// In whole minutes up to now; without a question what has passed of the window.
    pub fn period(&self, status: &SloStatus, now: Timestamp) -> Result<Period, Problem> {
        if !self.is_given() {
            return Ok(status.elapsed_slots());
        }
        let (from, to) = (asked::time("from", self.from.as_deref())?, asked::time("to", self.to.as_deref())?);
        let length = match self.range.as_deref() {
            None => Millis::from_days(1),
            Some(_) if from.is_some() && to.is_some() => {
                return Err(Problem::bad_parameter("range", "`range` is given with `from` and `to`")
                    .hint("give `range` for a time up to now or to `to`, or `from` and `to`"));
            }
            Some(word) => word.parse::<Millis>().ok().filter(|length| length.0 >= SLOT_MS).ok_or_else(|| {
                Problem::bad_parameter("range", format!("invalid length `{word}`")).hint("for example `6h` or `7d`")
            })?,
        };
        let period = query::period((from.map(TimeParam), to.map(TimeParam)), now, length)?;
        let whole = Period::new(period.start.floor_slot(), period.end.floor_slot());
        if whole.is_empty() {
            return Err(Problem::bad_parameter("from", "the time is shorter than a minute"));
        }
        Ok(whole)
    }

    /// Links to lengths, and fields for any time.
    pub fn form(&self, path: &str, status: &SloStatus, shown: Period) -> Markup {
        let window = status.window.to_string();
        let link = |range: &str| {
            let query =
                Serializer::new(String::new()).append_pair("window", &window).append_pair("range", range).finish();
            format!("{path}?{query}")
        };
        html! {
            div.range {
                nav.quick aria-label="Time of the charts" {
                    a href={ (path) "?window=" (window) } aria-current=[(!self.is_given()).then_some("true")] { "window" }
                    @for (word, _) in QUICK {
                        a href=(link(word)) aria-current=[(self.range.as_deref() == Some(word)).then_some("true")] { (word) }
                    }
                }
                form.filter action=(path) method="get" {
                    input type="hidden" name="window" value=(window);
                    label { span { "From (UTC)" } input type="datetime-local" name="from" value=(text::field_moment(shown.start)); }
                    label { span { "To (UTC)" } input type="datetime-local" name="to" value=(text::field_moment(shown.end)); }
                    button type="submit" { "Show" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_lengths_are_lengths() {
        for (word, length) in QUICK {
            assert_eq!(word.parse::<Millis>().unwrap(), length, "{word}");
        }
    }
}
