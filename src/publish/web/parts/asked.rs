//! Months and numbers as pages are asked for them.

use maud::{Markup, html};

use crate::model::time::Timestamp;
use crate::model::time::window::Month;
use crate::publish::http::plumbing::problem::Problem;

pub(crate) fn month(text: Option<&str>) -> Result<Option<Month>, Problem> {
    let read = text.map(str::parse::<Month>).transpose();
    read.map_err(|error| Problem::bad_parameter("month", error.to_string()).hint("for example `2026-10`"))
}

/// A number that is not negative.
pub(crate) fn number(name: &str, text: Option<&str>, hint: &str) -> Result<Option<f64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
        _ => Err(Problem::bad_parameter(name, format!("`{text}` is not a number from 0")).hint(hint)),
    }
}

/// A time, RFC 3339 or Unix seconds, or as a field of a form writes it: in UTC then.
pub(crate) fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    // A plus sign that was not percent-encoded arrives as a blank.
    let written = text.replace(' ', "+");
    let ways = [written.clone(), format!("{written}Z"), format!("{written}:00Z"), format!("{written}T00:00:00Z")];
    match ways.iter().find_map(|way| Timestamp::parse(way).ok()) {
        Some(at) => Ok(Some(at)),
        None => Err(Problem::bad_parameter(name, format!("invalid time `{text}`"))
            .hint("for example `2026-11-24T15:42` (UTC), `2026-11-24T15:42:00+01:00` or Unix seconds")),
    }
}

/// The field of a form for a month of a zone.
pub(crate) fn month_field(chosen: Option<&str>, zone: &str) -> Markup {
    html! {
        label {
            span { "Month (" (zone) ")" }
            input type="month" name="month" value=[chosen] placeholder="2026-10" pattern="[0-9]{4}-[0-9]{2}";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(month(Some("2026-10")).unwrap().unwrap().name(), "October 2026");
        assert_eq!(month(Some("yesterday")).unwrap_err().parameter.as_deref(), Some("month"));
        assert_eq!(number("min_cost", Some("2.5"), "").unwrap(), Some(2.5));
        for same in ["2026-11-24T15:42", "2026-11-24T15:42:00Z", "2026-11-24T16:42:00 01:00"] {
            assert_eq!(time("from", Some(same)).unwrap().unwrap().rfc3339(), "2026-11-24T15:42:00.000Z", "{same}");
        }
        assert_eq!(time("from", Some("2026-11-24")).unwrap().unwrap().rfc3339(), "2026-11-24T00:00:00.000Z");
        assert_eq!(time("to", Some("now")).unwrap_err().parameter.as_deref(), Some("to"));
        for wrong in ["-1", "NaN", "inf", "many"] {
            assert_eq!(number("min_cost", Some(wrong), "").unwrap_err().status, 400, "{wrong}");
        }
    }
}
