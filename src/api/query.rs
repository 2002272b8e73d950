//! What queries are made of: times, and whole numbers in a range.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::IntoParams;

use crate::model::time::Timestamp;

/// Entries of a list without `limit`.
pub const LIMIT_DEFAULT: usize = 1_000;

/// Entries of a list at most: some megabytes of JSON.
pub const LIMIT_MAX: usize = 10_000;

/// How many entries of a list are asked for.
pub type Limit = Whole<LIMIT_MAX>;

/// A time of a query: RFC 3339 or Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeParam(pub Timestamp);

impl Serialize for TimeParam {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0.rfc3339())
    }
}

impl<'de> Deserialize<'de> for TimeParam {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // A plus sign that was not percent-encoded arrives as a blank.
        let text = String::deserialize(from)?.replace(' ', "+");
        Timestamp::parse(&text).map(TimeParam).map_err(de::Error::custom)
    }
}

/// A whole number from 1 to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Whole<const MAX: usize>(pub usize);

impl<'de, const MAX: usize> Deserialize<'de> for Whole<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(WholeVisitor::<MAX>)
    }
}

struct WholeVisitor<const MAX: usize>;

impl<const MAX: usize> Visitor<'_> for WholeVisitor<MAX> {
    type Value = Whole<MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 1 to {MAX}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole<MAX>, E> {
        match text.parse() {
            Ok(number) if (1..=MAX).contains(&number) => Ok(Whole(number)),
            _ => Err(E::custom(format!("`{text}` is not a whole number from 1 to {MAX}"))),
        }
    }
}

/// The query of a path that has no parameters.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// A period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct PeriodQuery {
    /// RFC 3339 or Unix seconds; default 30 days before `to`
    #[param(value_type = Option<String>)]
    pub from: Option<TimeParam>,
    /// RFC 3339 or Unix seconds; default now
    #[param(value_type = Option<String>)]
    pub to: Option<TimeParam>,
}
