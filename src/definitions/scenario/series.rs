//! The series of a scenario: what targets held, and which of it a scrape saw.
//! A target without an `up` of its own is scraped well at every step; where its
//! `up` is not 1, nothing of it is seen. What is pushed, or has times of its own,
//! comes whatever the scrapes do.

use std::collections::{BTreeMap, BTreeSet};

use super::histogram::NativeHistogram;
use super::values::{Value as Scraped, expand};
use crate::definitions::queries::selector::selector;
use crate::model::labels::selector::MatchOp;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Timestamp};
use crate::yaml::fields::At;
use crate::yaml::node::{Span, Value};
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, duration, one_of, shown};

/// Series of one scenario: it is read by people.
const SERIES_MAX: usize = 1_000;
/// Samples of one scenario, all series together, so that a few lines cannot
/// fill the memory: 80 MB.
const SAMPLES_MAX: usize = 5_000_000;
pub(super) const INTERVAL_MIN: Millis = Millis::from_secs(1);
pub(super) const INTERVAL_MAX: Millis = Millis::from_hours(1);
/// Samples that come later than this are read by nobody while they are news.
const LATE_MAX: Millis = Millis::from_hours(1);

const UP: &str = "up";
/// Labels that a scrape puts on every series; those that name none get these.
const TARGET: [(&str, &str); 2] = [("job", "shop"), ("instance", "a")];

/// One series as it was scraped.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapedSeries {
    /// The metric's name stands in `__name__`.
    pub labels: Labels,
    /// In order of time.
    pub samples: Vec<(Timestamp, f64)>,
    pub histograms: Vec<(Timestamp, NativeHistogram)>,
    /// How long after its time a sample can be read.
    pub late: Millis,
}

/// When a target is scraped.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grid {
    interval: Millis,
    /// From the start of the scenario to the first scrape.
    offset: Millis,
}

/// A series as it was written.
struct Written {
    labels: Labels,
    values: Vec<Option<Scraped>>,
    grid: Grid,
    arrival: Arrival,
    path: String,
    place: Span,
}

/// How the samples of a series come to the source.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Arrival {
    /// With the scrapes of its target.
    Scraped,
    /// Nobody scrapes: there is no `up` for it.
    Pushed,
    /// With times of their own, so long after them.
    Late(Millis),
}

/// Where the series of a scenario stand in time.
pub(super) struct Frame {
    pub start: Timestamp,
    pub interval: Millis,
    /// Whether targets without a written `up` are scraped at all.
    pub implicit_up: bool,
}

/// Reads the mapping below `series`.
pub(super) fn series(field: &At<'_>, frame: &Frame, source: &mut SourceText<'_>) -> Option<Vec<ScrapedSeries>> {
    let before = source.errors();
    let mut written: Vec<Written> = Vec::new();
    let mut samples = 0;
    for entry in field.entries(source, SERIES_MAX)? {
        let at = field.entry(entry);
        let labels = match labels(&entry.key, frame.implicit_up) {
            Ok(labels) => labels,
            Err(Complaint { message, hint }) => {
                source.error(entry.key_span, &at.path, message, hint);
                continue;
            }
        };
        let Some((values, grid, arrival)) = read_values(&at, frame, source) else { continue };
        if written.iter().any(|w| w.labels == labels) {
            source.error(entry.key_span, &at.path, format!("duplicate series {labels}"), None);
        }
        samples += values.len();
        if samples > SAMPLES_MAX {
            let hint = Some("take a longer `interval`, or a shorter time".to_owned());
            source.error(entry.key_span, &at.path, format!("the scenario has more than {SAMPLES_MAX} samples"), hint);
            return None;
        }
        written.push(Written { labels, values, grid, arrival, path: at.path, place: entry.key_span });
    }
    if written.is_empty() && source.errors() == before {
        field.error(source, "a scenario needs a series", None);
    }
    if frame.implicit_up {
        add_ups(&mut written, frame.interval);
    }
    let scraped = written.iter().filter_map(|one| scraped(one, &written, frame.start, source)).collect();
    (source.errors() == before).then_some(scraped)
}

/// The labels of `http_requests_total{code="500"}`.
fn labels(text: &str, with_target: bool) -> Result<Labels, Complaint> {
    let selector = selector(text)?;
    let mut labels = Labels::new();
    for matcher in selector.matchers() {
        if matcher.op != MatchOp::Equal {
            return Err(Complaint::new(
                format!("the label `{}` has no single value", shown(&matcher.label)),
                "a series is written with `=` only: http_requests_total{code=\"500\"}",
            ));
        }
        labels.set(matcher.label.clone(), matcher.value.clone());
    }
    if with_target {
        for (name, value) in TARGET.iter().filter(|(name, _)| labels.get(name).is_none()).collect::<Vec<_>>() {
            labels.set(*name, *value);
        }
    }
    labels.set(NAME, selector.metric);
    Ok(labels)
}

type Values = (Vec<Option<Scraped>>, Grid, Arrival);

fn read_values(at: &At<'_>, frame: &Frame, source: &mut SourceText<'_>) -> Option<Values> {
    let plain = Grid { interval: frame.interval, offset: Millis(0) };
    let Value::Map(_) = &at.node.value else {
        return Some((at.parse(source, |text| expand(text, frame.start))?, plain, Arrival::Scraped));
    };
    let mut fields = at.fields(source)?;
    let values = fields.required("values", source, "for example '0+10x120'");
    let interval = fields.optional("interval");
    let offset = fields.optional("offset");
    let (pushed, late) = (fields.optional("pushed"), fields.optional("late"));
    if pushed.is_some() && late.is_some() {
        let hint = "a series that is pushed late has no `up` either: write `up: explicit` and `late`";
        fields.error(source, "`pushed` and `late` are both named", Some(hint.to_owned()));
    }
    fields.finish(source);
    let pushed =
        pushed.map_or(Some(false), |at| at.parse(source, |text| one_of(text, &[("true", true), ("false", false)])));
    let late = late.map_or(Some(Millis(0)), |at| at.parse(source, |text| duration(text, Millis(0), LATE_MAX)));
    let arrival = match (pushed?, late?) {
        (true, _) => Arrival::Pushed,
        (false, Millis(0)) => Arrival::Scraped,
        (false, late) => Arrival::Late(late),
    };
    let values = values.and_then(|at| at.parse(source, |text| expand(text, frame.start)));
    let interval =
        interval.map_or(Some(plain.interval), |at| at.parse(source, |text| duration(text, INTERVAL_MIN, INTERVAL_MAX)));
    let offset =
        offset.map_or(Some(plain.offset), |at| at.parse(source, |text| duration(text, Millis(0), INTERVAL_MAX)));
    Some((values?, Grid { interval: interval?, offset: offset? }, arrival))
}

fn target(labels: &Labels) -> (Option<&str>, Option<&str>) {
    (labels.get("job"), labels.get("instance"))
}

/// Gives each target without an `up` one that is 1 for as long as the longest
/// series of the scenario. What is pushed has no target.
fn add_ups(written: &mut Vec<Written>, interval: Millis) {
    let end = |w: &Written| w.grid.offset.0 + w.grid.interval.0 * w.values.len().saturating_sub(1) as i64;
    let last = written.iter().map(end).max().unwrap_or(0);
    let is_up = |w: &&Written| w.labels.get(NAME) == Some(UP);
    let with_up: BTreeSet<_> = written.iter().filter(is_up).map(|w| target(&w.labels)).collect();
    let mut missing: BTreeMap<_, Written> = BTreeMap::new();
    // A series with times of its own says least about when its target is scraped.
    let is_late = |w: &&Written| matches!(w.arrival, Arrival::Late(_));
    let mut scraped: Vec<&Written> = written.iter().filter(|w| w.arrival != Arrival::Pushed).collect();
    scraped.retain(|w| !with_up.contains(&target(&w.labels)));
    scraped.sort_by_key(is_late);
    for one in scraped {
        let mut labels = Labels::new().with(NAME, UP);
        for name in ["job", "instance"] {
            labels.set(name, one.labels.get(name).unwrap_or_default());
        }
        let grid = if is_late(&one) { Grid { interval, offset: Millis(0) } } else { one.grid };
        let scrapes = (last - grid.offset.0).max(0) / grid.interval.0 + 1;
        let values = vec![Some(Scraped::Number(1.0)); scrapes as usize];
        let arrival = Arrival::Scraped;
        let up = Written { labels, values, grid, arrival, path: one.path.clone(), place: one.place };
        missing.entry(target(&one.labels)).or_insert(up);
    }
    let missing: Vec<Written> = missing.into_values().collect();
    written.extend(missing);
}

/// What the scrapes of its target saw of a series; `None` after a problem.
fn scraped(one: &Written, all: &[Written], start: Timestamp, source: &mut SourceText<'_>) -> Option<ScrapedSeries> {
    let up = up_of(one, all).filter(|_| one.arrival == Arrival::Scraped);
    if let Some(up) = up.filter(|up| up.grid != one.grid) {
        let message = "this series is not scraped when the `up` of its target is";
        let hint = format!("write it with `interval: {}` and `offset: {}`", up.grid.interval, up.grid.offset);
        source.error(one.place, &one.path, message, Some(hint));
        return None;
    }
    let is_up = |up: &Written, i: usize| matches!(up.values.get(i), Some(Some(Scraped::Number(1.0))));
    let seen = |i: usize| up.is_none_or(|up| is_up(up, i));
    let at = |i: usize| start + Millis(one.grid.offset.0 + one.grid.interval.0 * i as i64);
    let late = if let Arrival::Late(late) = one.arrival { late } else { Millis(0) };
    let mut read = ScrapedSeries { labels: one.labels.clone(), samples: Vec::new(), histograms: Vec::new(), late };
    for (i, value) in one.values.iter().enumerate().filter(|(i, _)| seen(*i)) {
        match value {
            Some(Scraped::Number(value)) => read.samples.push((at(i), *value)),
            Some(Scraped::Histogram(histogram)) => read.histograms.push((at(i), (**histogram).clone())),
            None => {}
        }
    }
    Some(read)
}

/// The `up` of the target of a series; of several, the one with most labels of
/// those whose labels the series all carries. `up` itself has none.
fn up_of<'w>(one: &Written, all: &'w [Written]) -> Option<&'w Written> {
    if one.labels.get(NAME) == Some(UP) {
        return None;
    }
    let is_up = |w: &&Written| w.labels.get(NAME) == Some(UP) && target(&w.labels) == target(&one.labels);
    let ups: Vec<&Written> = all.iter().filter(is_up).collect();
    let carried = ups.iter().filter(|up| one.labels.contains_all(&up.labels.without(&[NAME])));
    carried.max_by_key(|up| up.labels.len()).or_else(|| ups.first().filter(|_| ups.len() == 1)).copied()
}
