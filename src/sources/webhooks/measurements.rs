//! Rows of KPIs: the numbers that people or tools measured.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::flaw::Flaw;
use crate::model::labels::Labels;
use crate::model::operations::record::RecordKind;
use crate::model::time::{DAY_MS, Timestamp};

/// The longest name of a KPI: a DNS label.
const KPI_BYTES_MAX: usize = 63;

/// The name of the KPI and the numbers of a row, as the labels of its record.
pub(super) fn measured(map: &Map<String, Value>) -> Result<Labels, Vec<Flaw>> {
    let mut flaws = Vec::new();
    let mut labels = Labels::new();
    match map.get("kpi").and_then(Value::as_str) {
        Some(kpi) if is_name(kpi) => labels.set("kpi", kpi),
        Some(_) => flaws.push(Flaw::at("kpi", "must be the name of a KPI: lower-case letters, digits and hyphens")),
        None => flaws.push(Flaw::at("kpi", "missing; expected the name of a KPI")),
    }
    if !map.contains_key("id") {
        flaws.push(Flaw::at("id", "missing; a measurement is corrected and withdrawn by its id"));
    }
    if map.get("actor").is_some_and(|actor| !actor.is_null()) {
        flaws.push(Flaw::at("actor", "a measurement is never about a person; leave it out"));
    }
    let mut number = |field: &'static str| match map.get(field) {
        None | Some(Value::Null) => None,
        Some(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() && number >= 0.0 => {
                    labels.set(field, number.to_string());
                    Some(number)
                }
                _ => {
                    flaws.push(Flaw::at(field, "must be a number of 0 or more"));
                    None
                }
            }
        }
    };
    let (value, numerator, denominator) = (number("value"), number("numerator"), number("denominator"));
    if flaws.is_empty() && value.is_none() && numerator.is_none() && denominator.is_none() {
        flaws.push(Flaw::at("value", "missing; expected `value`, or `numerator` and `denominator`"));
    }
    if flaws.is_empty() && numerator.is_some() != denominator.is_some() {
        let missing = if numerator.is_some() { "denominator" } else { "numerator" };
        flaws.push(Flaw::at(missing, "missing; a share needs both of its sides"));
    }
    match map.get("open") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::Bool(true)) => labels.set("open", "true"),
        Some(Value::String(word)) if word == "false" => {}
        Some(Value::String(word)) if word == "true" => labels.set("open", "true"),
        Some(_) => flaws.push(Flaw::at("open", "must be true or false")),
    }
    if flaws.is_empty() { Ok(labels) } else { Err(flaws) }
}

/// The first instant of a date: a measurement is often of a day.
pub(super) fn day(map: &Map<String, Value>, text: &str) -> Option<Timestamp> {
    let kind = map.get("kind").and_then(Value::as_str);
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    (kind == Some(RecordKind::Measurement.word())).then(|| Timestamp::from_millis(days * DAY_MS))
}

fn is_name(kpi: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !kpi.is_empty() && kpi.len() <= KPI_BYTES_MAX && kpi.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<Labels, Vec<String>> {
        let map: Map<String, Value> = serde_json::from_str(json).unwrap();
        measured(&map).map_err(|flaws| flaws.into_iter().map(|flaw| flaw.place).collect())
    }

    #[test]
    fn a_row_has_a_name_an_id_and_numbers() {
        let labels = of(r#"{"id":"csat-q3","kpi":"satisfaction","numerator":"41","denominator":50}"#).unwrap();
        assert_eq!((labels.get("kpi"), labels.get("numerator")), (Some("satisfaction"), Some("41")));
        assert_eq!(of(r#"{"kpi":"Lead Time","value":-1,"actor":"ann"}"#).unwrap_err(), ["kpi", "id", "actor", "value"]);
        assert_eq!(of(r#"{"id":"1","kpi":"a"}"#).unwrap_err(), ["value"]);
        assert_eq!(of(r#"{"id":"1","kpi":"a","numerator":3}"#).unwrap_err(), ["denominator"]);
        assert_eq!(of(r#"{"id":"1","kpi":"a","value":3,"open":true}"#).unwrap().get("open"), Some("true"));
    }

    #[test]
    fn a_measurement_may_be_of_a_day() {
        let of = |kind: &str| day(&Map::from_iter([("kind".to_owned(), Value::from(kind))]), "2026-07-31");
        assert_eq!(of("measurement").map(Timestamp::rfc3339).as_deref(), Some("2026-07-31T00:00:00.000Z"));
        assert_eq!(of("incident"), None);
    }
}
