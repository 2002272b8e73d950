//! The lines of an exposition, one after the other: the grammar of samples and
//! comments, and what the comments say of the samples after them.

use std::borrow::Cow;

use super::cursor::{CLOSING_QUOTE, Cursor, METRIC, WORD, starts};
use super::number;
use crate::model::labels::NAME;
use crate::model::time::Timestamp;
use crate::sources::scrape::exposition::error::Reason;
use crate::sources::scrape::exposition::limits::Limits;
use crate::sources::scrape::exposition::sample::{ExpositionSample, Label, MetricKind, TextFormat};

/// What the comments said of the metric that is being listed.
#[derive(Default)]
struct Family<'a> {
    name: Cow<'a, str>,
    kind: MetricKind,
    unit: &'a str,
}

impl Family<'_> {
    fn owns(&self, series: &str) -> bool {
        match series.strip_prefix(self.name.as_ref()) {
            Some("") => true,
            Some(suffix) => self.kind.suffixes().contains(&suffix),
            None => false,
        }
    }
}

/// The state of one pass over a body.
pub(crate) struct Lines<'a> {
    cursor: Cursor<'a>,
    format: TextFormat,
    limits: Limits,
    family: Family<'a>,
    labels: Vec<Label<'a>>,
    samples: usize,
    /// Where the line begins that is being read.
    line_start: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str, format: TextFormat, limits: &Limits) -> Self {
        Lines {
            cursor: Cursor { text, at: 0 },
            format,
            limits: *limits,
            family: Family::default(),
            labels: Vec::new(),
            samples: 0,
            line_start: 0,
        }
    }

    /// Where the line begins that was read last.
    pub(crate) fn offset(&self) -> usize {
        self.line_start
    }

    pub(crate) fn run(&mut self, sink: &mut impl FnMut(&ExpositionSample<'_>)) -> Result<(), Reason> {
        let mut ended = false;
        while !self.cursor.at_end() {
            self.line_start = self.cursor.at;
            if ended {
                return Err(Reason::AfterEof);
            }
            match self.cursor.next_token() {
                b'\n' | b'\r' => self.cursor.end_line()?,
                b'#' => ended = self.comment()? && self.format == TextFormat::OpenMetrics,
                _ => self.sample(sink)?,
            }
        }
        if self.format == TextFormat::OpenMetrics && !ended {
            self.line_start = self.cursor.text.len();
            return Err(Reason::MissingEof);
        }
        Ok(())
    }

    /// Reads a comment; true if it says `# EOF`.
    fn comment(&mut self) -> Result<bool, Reason> {
        let cursor = &mut self.cursor;
        cursor.at += 1;
        let start = cursor.at;
        cursor.next_token();
        let apart = cursor.at > start;
        let keyword = cursor.word(WORD);
        let follows_blank = matches!(cursor.peek(), b' ' | b'\t');
        match keyword {
            "EOF" if apart => cursor.end_line().map(|()| true),
            "TYPE" if apart && follows_blank => self.metadata(|family, word| {
                family.kind = MetricKind::from_word(word).ok_or_else(|| Reason::UnknownType(word.to_owned()))?;
                Ok(())
            }),
            "UNIT" if apart && follows_blank && self.format == TextFormat::OpenMetrics => {
                self.metadata(|family, word| {
                    family.unit = word;
                    Ok(())
                })
            }
            "HELP" if apart && follows_blank => {
                self.family_name()?;
                self.cursor.skip_line();
                Ok(false)
            }
            _ => {
                cursor.skip_line();
                Ok(false)
            }
        }
    }

    /// `name word` after `# TYPE` or `# UNIT`.
    fn metadata(&mut self, apply: impl Fn(&mut Family<'a>, &'a str) -> Result<(), Reason>) -> Result<bool, Reason> {
        self.family_name()?;
        self.cursor.next_token();
        let word = self.cursor.word(METRIC);
        limit_text("name", word, self.limits.name_bytes)?;
        apply(&mut self.family, word)?;
        self.cursor.end_line().map(|()| false)
    }

    /// The name in a comment; another name than before begins another family.
    fn family_name(&mut self) -> Result<(), Reason> {
        let cursor = &mut self.cursor;
        let name = match cursor.next_token() {
            b'"' => match cursor.quoted() {
                Some(name) => name,
                None => return cursor.expected(CLOSING_QUOTE),
            },
            b if starts(b, METRIC) => Cow::Borrowed(cursor.word(METRIC)),
            _ => return cursor.expected("a metric name"),
        };
        if !matches!(cursor.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            return cursor.expected("a blank after the metric name");
        }
        limit_text("name", &name, self.limits.name_bytes)?;
        if name != self.family.name {
            self.family = Family { name, ..Family::default() };
        }
        Ok(())
    }

    /// `name{labels} value [timestamp] [# {labels} value [timestamp]]`.
    fn sample(&mut self, sink: &mut impl FnMut(&ExpositionSample<'_>)) -> Result<(), Reason> {
        let cursor = &mut self.cursor;
        self.labels.clear();
        let mut name = None;
        if starts(cursor.peek(), METRIC) {
            name = Some(Cow::Borrowed(cursor.word(METRIC)));
        } else if cursor.peek() != b'{' {
            return cursor.expected("a metric name");
        }
        if cursor.next_token() == b'{' {
            cursor.at += 1;
            pairs(cursor, &mut self.labels, &mut name, &self.limits)?;
        }
        let Some(name) = name.filter(|n| !n.is_empty()) else { return Err(Reason::MissingName) };
        limit_text("name", &name, self.limits.name_bytes)?;
        unique(&self.labels)?;
        let (value, timestamp) = measurement(cursor, self.format)?;
        if cursor.peek() == b'#' {
            exemplar(cursor, &self.limits)?;
        }
        cursor.end_line()?;
        self.samples += 1;
        if self.samples > self.limits.samples {
            return Err(Reason::TooMany { what: "samples", max: self.limits.samples });
        }
        let owned = self.family.owns(&name);
        sink(&ExpositionSample {
            name: &name,
            labels: &self.labels,
            value,
            timestamp,
            kind: if owned { self.family.kind } else { MetricKind::Unknown },
            unit: if owned { self.family.unit } else { "" },
            offset: self.line_start,
        });
        Ok(())
    }
}

/// A value with an optional timestamp, and the blanks around them.
fn measurement(cursor: &mut Cursor<'_>, format: TextFormat) -> Result<(f64, Option<Timestamp>), Reason> {
    cursor.next_token();
    let Some(value) = cursor.number(number::leading_value) else { return Err(Reason::Number) };
    if !matches!(cursor.next_token(), b'0'..=b'9' | b'-' | b'+' | b'.') {
        return Ok((value, None));
    }
    let timestamp = match format {
        TextFormat::Classic => cursor.number(number::leading_millis),
        TextFormat::OpenMetrics => cursor.number(number::leading_seconds),
    };
    cursor.next_token();
    if timestamp.is_some() { Ok((value, timestamp)) } else { Err(Reason::Timestamp) }
}

/// `# {labels} value [timestamp]`: read in full, so that what follows is known
/// to be the end, and thrown away. Its timestamp is in seconds in both formats.
fn exemplar(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<(), Reason> {
    cursor.at += 1;
    if cursor.next_token() != b'{' {
        return cursor.expected("the labels of an exemplar");
    }
    cursor.at += 1;
    let mut labels = Vec::new();
    let mut name = None;
    pairs(cursor, &mut labels, &mut name, limits)?;
    if name.is_some() {
        return Err(Reason::SecondName);
    }
    unique(&labels)?;
    measurement(cursor, TextFormat::OpenMetrics).map(|_| ())
}

/// The inside of braces, after the opening one: `name="value"` pairs, and at most
/// one quoted metric name.
fn pairs<'a>(
    cursor: &mut Cursor<'a>,
    labels: &mut Vec<Label<'a>>,
    metric: &mut Option<Cow<'a, str>>,
    limits: &Limits,
) -> Result<(), Reason> {
    loop {
        let first = cursor.next_token();
        let name = match first {
            b'}' => {
                cursor.at += 1;
                return Ok(());
            }
            b'"' => match cursor.quoted() {
                Some(name) => name,
                None => return cursor.expected(CLOSING_QUOTE),
            },
            b if starts(b, WORD) => Cow::Borrowed(cursor.word(WORD)),
            _ => return cursor.expected("a label name or `}`"),
        };
        if cursor.next_token() == b'=' {
            cursor.at += 1;
            if cursor.next_token() != b'"' {
                return cursor.expected("a label value in double quotes");
            }
            let Some(value) = cursor.quoted() else { return cursor.expected(CLOSING_QUOTE) };
            limit_text("label name", &name, limits.name_bytes)?;
            limit_text("label value", &value, limits.value_bytes)?;
            if labels.len() == limits.labels_per_sample {
                return Err(Reason::TooMany { what: "labels in one sample", max: limits.labels_per_sample });
            }
            labels.push(Label { name, value });
        } else if first != b'"' {
            return cursor.expected("`=` after the label name");
        } else if metric.replace(name).is_some() {
            return Err(Reason::SecondName);
        }
        match cursor.next_token() {
            b',' => cursor.at += 1,
            b'}' => {}
            _ => return cursor.expected("`,` or `}`"),
        }
    }
}

/// Each label once, none of them empty or the metric's name in disguise.
fn unique(labels: &[Label<'_>]) -> Result<(), Reason> {
    for (i, label) in labels.iter().enumerate() {
        let earlier = labels.get(..i).unwrap_or_default();
        if label.name == NAME || earlier.iter().any(|e| e.name == label.name) {
            return Err(Reason::DuplicateLabel(label.name.clone().into_owned()));
        }
        if label.name.is_empty() {
            return Err(Reason::Expected { what: "a label name", found: Some('"') });
        }
    }
    Ok(())
}

#[inline]
fn limit_text(what: &'static str, text: &str, max_bytes: usize) -> Result<(), Reason> {
    if text.len() <= max_bytes { Ok(()) } else { Err(Reason::TooLong { what, max_bytes }) }
}
