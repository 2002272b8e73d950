//! Months and numbers as pages are asked for them.

use maud::{Markup, html};

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
        for wrong in ["-1", "NaN", "inf", "many"] {
            assert_eq!(number("min_cost", Some(wrong), "").unwrap_err().status, 400, "{wrong}");
        }
    }
}
