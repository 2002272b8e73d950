//! JSON as Prometheus and Alertmanager write it, read straight into our types:
//! label maps, instants, and `[seconds, "value"]` pairs. What no healthy server
//! sends is refused while it is read, before it takes memory.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::ingest::raw::{Sample, in_order_or_conflicting};
use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};
use crate::sources::scrape::exposition::number;

/// Series in one answer. Each takes about five kilobytes from here to the counted
/// minutes, all of them 300 MB; an SLI over more should be read from a recording
/// rule.
pub(crate) const SERIES_MAX: usize = 60_000;
/// Labels of one series, alert or rule. Those of Kubernetes objects with all their
/// own labels stay below a hundred.
pub(crate) const LABELS_MAX: usize = 256;
/// Names that people choose have some dozens of bytes.
const NAME_BYTES_MAX: usize = 1_024;
/// Annotations of alerts hold whole paragraphs.
const VALUE_BYTES_MAX: usize = 64 * 1_024;

/// Larger texts are read on a thread that may be busy for a while.
const INLINE_BYTES_MAX: usize = 64 * 1_024;

/// Reads a text, a large one on a thread that neither answers requests nor keeps time.
pub(crate) async fn parse<T: DeserializeOwned + Send + 'static>(text: Vec<u8>) -> Result<T, String> {
    let read = |text: &[u8]| serde_json::from_slice(text).map_err(|error| error.to_string());
    if text.len() <= INLINE_BYTES_MAX {
        return read(&text);
    }
    tokio::task::spawn_blocking(move || read(&text)).await.unwrap_or_else(|_| Err("reading it failed".to_owned()))
}

/// A list of at most `SERIES_MAX` entries.
#[derive(Debug)]
pub(crate) struct SeriesList<S>(pub Vec<S>);

impl<'de, S: Deserialize<'de>> Deserialize<'de> for SeriesList<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<S>(PhantomData<S>);
        impl<'de, S: Deserialize<'de>> Visitor<'de> for ListVisitor<S> {
            type Value = SeriesList<S>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of series")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<SeriesList<S>, A::Error> {
                let mut series = Vec::new();
                while let Some(one) = seq.next_element()? {
                    if series.len() == SERIES_MAX {
                        return Err(de::Error::custom(format_args!(
                            "it has more than {SERIES_MAX} series; select fewer, or read a recording rule"
                        )));
                    }
                    series.push(one);
                }
                Ok(SeriesList(series))
            }
        }
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

/// An object of strings; a name that occurs twice is an error.
#[derive(Debug, Default)]
pub(crate) struct JsonLabels(pub Labels);

impl<'de> Deserialize<'de> for JsonLabels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LabelsVisitor;
        impl<'de> Visitor<'de> for LabelsVisitor {
            type Value = JsonLabels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonLabels, A::Error> {
                let mut pairs: Vec<(String, String)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if pairs.len() == LABELS_MAX {
                        return Err(de::Error::custom(format_args!("there are more than {LABELS_MAX} labels")));
                    }
                    if name.len() > NAME_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
                        return Err(de::Error::custom(format_args!(
                            "a label has a name of more than {NAME_BYTES_MAX} bytes, or a value of more than {VALUE_BYTES_MAX}"
                        )));
                    }
                    pairs.push((name, value));
                }
                pairs.sort_unstable();
                if pairs.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
                    return Err(de::Error::custom("a label occurs twice"));
                }
                Ok(JsonLabels(pairs.into_iter().collect()))
            }
        }
        deserializer.deserialize_map(LabelsVisitor)
    }
}

/// RFC 3339; the year 1 is how Go writes that there is no such time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonTime(pub Option<Timestamp>);

impl<'de> Deserialize<'de> for JsonTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        if text.starts_with("0001-01-01T00:00:00") {
            return Ok(JsonTime(None));
        }
        let time =
            chrono::DateTime::parse_from_rfc3339(&text).map_err(|_| de::Error::custom("a time is not RFC 3339"))?;
        Ok(JsonTime(Some(Timestamp::from_millis(time.timestamp_millis()))))
    }
}

/// A length of time in seconds, with a fraction; absent, null and absurd values
/// are zero.
pub(crate) fn seconds(value: Option<f64>) -> Millis {
    value.and_then(Timestamp::from_secs_f64).map_or(Millis(0), |t| Millis(t.millis()))
}

/// `[1700000000.123, "4.5"]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point(pub Sample);

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PointVisitor;
        impl<'de> Visitor<'de> for PointVisitor {
            type Value = Point;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pair of a time and a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Point, A::Error> {
                let seconds: f64 = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
                let Number(value) = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(1, &self))?;
                if seq.next_element::<de::IgnoredAny>()?.is_some() {
                    return Err(de::Error::custom("a sample has more than a time and a value"));
                }
                let at = Timestamp::from_secs_f64(seconds)
                    .ok_or_else(|| de::Error::custom("a sample's time is out of range"))?;
                Ok(Point(Sample { at, value }))
            }
        }
        deserializer.deserialize_seq(PointVisitor)
    }
}

/// A float in a string, with `NaN` and `+Inf`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number in a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                number::value(text).map(Number).ok_or_else(|| E::custom("a sample's value is not a number"))
            }
        }
        deserializer.deserialize_str(NumberVisitor)
    }
}

/// The samples of one series, in order of time, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Points(pub Vec<Sample>);

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PointsVisitor;
        impl<'de> Visitor<'de> for PointsVisitor {
            type Value = Points;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of samples")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Points, A::Error> {
                let mut samples = Vec::new();
                while let Some(Point(sample)) = seq.next_element()? {
                    samples.push(sample);
                }
                in_order_or_conflicting(&mut samples);
                Ok(Points(samples))
            }
        }
        deserializer.deserialize_seq(PointsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::raw::is_conflicting;

    fn points(json: &str) -> Result<Vec<(i64, f64)>, String> {
        let points: Points = serde_json::from_str(json).map_err(|e| e.to_string())?;
        Ok(points.0.iter().map(|s| (s.at.millis(), s.value)).collect())
    }

    #[test]
    fn points_are_exact_sorted_and_unique_in_time() {
        assert_eq!(
            points(r#"[[1700000000.123,"1"],[1700000001,"2.5"]]"#),
            Ok(vec![(1_700_000_000_123, 1.0), (1_700_000_001_000, 2.5)])
        );
        assert_eq!(
            points(r#"[[3,"9"],[1,"7"],[3,"9"],[3,"NaN"],[2,"+Inf"]]"#),
            Ok(vec![(1_000, 7.0), (2_000, f64::INFINITY), (3_000, 9.0)])
        );
        let twice: Points = serde_json::from_str(r#"[[1,"7"],[2,"9"],[2,"8"],[2,"9"]]"#).unwrap();
        let conflicts: Vec<bool> = twice.0.iter().map(|s| is_conflicting(s.value)).collect();
        assert_eq!(conflicts, [false, true], "two different values at one instant are no value");
        assert_eq!(points("[]"), Ok(vec![]));
        for bad in [
            r#"[[1,"x"]]"#,
            "[[1,2]]",
            r#"[["1","2"]]"#,
            r#"[[1]]"#,
            r#"[[1,"2",3]]"#,
            r#"[[1e300,"2"]]"#,
            r#"[[1,"1e400"]]"#,
            "{}",
        ] {
            assert!(points(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn more_than_any_server_sends_is_refused_while_it_is_read() {
        let labels = |n: usize| {
            let pairs: Vec<String> = (0..n).map(|i| format!(r#""l{:04}":"v""#, 9_999 - i)).collect();
            serde_json::from_str::<JsonLabels>(&format!("{{{}}}", pairs.join(",")))
        };
        assert_eq!(labels(LABELS_MAX).unwrap().0.len(), LABELS_MAX);
        assert!(labels(LABELS_MAX + 1).unwrap_err().to_string().contains("more than 256 labels"));
        let long = |name: usize, value: usize| {
            let label = format!(r#"{{"{}":"{}"}}"#, "n".repeat(name), "v".repeat(value));
            serde_json::from_str::<JsonLabels>(&label).is_ok()
        };
        assert!(long(NAME_BYTES_MAX, VALUE_BYTES_MAX));
        assert!(!long(NAME_BYTES_MAX + 1, 1) && !long(1, VALUE_BYTES_MAX + 1));
        // The end of the text is broken, and is not reached.
        let series = |n: usize, end: &str| parse::<SeriesList<u8>>(format!("[{}{end}", "1,".repeat(n)).into_bytes());
        assert_eq!(series(SERIES_MAX - 1, "1]").await.unwrap().0.len(), SERIES_MAX);
        let refused = series(SERIES_MAX + 1, "x").await.unwrap_err();
        assert!(refused.contains(&format!("more than {SERIES_MAX} series")), "{refused}");
    }

    #[test]
    fn labels_and_times() {
        let labels: JsonLabels = serde_json::from_str(r#"{"b":"2","a":"x\"y"}"#).unwrap();
        assert_eq!(labels.0.to_string(), r#"{a="x\"y", b="2"}"#);
        assert!(serde_json::from_str::<JsonLabels>(r#"{"a":"1","a":"2"}"#).is_err());
        let time = |json: &str| serde_json::from_str::<JsonTime>(json).ok().map(|t| t.0.map(Timestamp::millis));
        assert_eq!(time(r#""2026-07-01T00:00:00.123456789+02:00""#), Some(Some(1_782_856_800_123)));
        assert_eq!(time(r#""0001-01-01T00:00:00.000Z""#), Some(None));
        assert_eq!(time(r#""yesterday""#), None);
        assert_eq!((seconds(Some(1.5)), seconds(None), seconds(Some(f64::NAN))), (Millis(1_500), Millis(0), Millis(0)));
    }
}
