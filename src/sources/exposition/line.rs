//! The lines of an exposition, one after the other: a cursor over the text that
//! treats its end as a newline, and the grammar of samples and comments.

use std::borrow::Cow;

use super::{Format, Label, Limits, MetricKind, Reason, Sample, number};
use crate::model::labels::NAME;
use crate::model::time::Timestamp;

/// May stand in a label's name without quotes; digits not at the start.
const WORD: u8 = 1;
/// May stand in a metric's name without quotes; digits not at the start.
const METRIC: u8 = 2;
const DIGIT: u8 = 4;
/// Ends a stretch of plain text within double quotes.
const QUOTE_END: u8 = 8;

/// What each byte may be part of.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        classes[b] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => WORD | METRIC,
            b'0'..=b'9' => WORD | METRIC | DIGIT,
            b':' => METRIC,
            b'"' | b'\\' | b'\n' => QUOTE_END,
            _ => 0,
        };
        b += 1;
    }
    classes
};

fn is(byte: u8, class: u8) -> bool {
    CLASSES[byte as usize] & class != 0
}

fn starts(byte: u8, class: u8) -> bool {
    is(byte, class) && !is(byte, DIGIT)
}

const CLOSING_QUOTE: &str = "a closing quote";

/// A place in the text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The byte here; past the end there is always one more newline.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(b'\n')
    }

    fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The text from `start` to here. Both lie at ASCII bytes, never within a
    /// character.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Skips blanks and gives the byte after them.
    fn next_token(&mut self) -> u8 {
        loop {
            let byte = self.peek();
            // Blanks sort before all that is likely: one comparison is enough.
            if byte > b' ' || !matches!(byte, b' ' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
    }

    fn expected<T>(&self, what: &'static str) -> Result<T, Reason> {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n');
        Err(Reason::Expected { what, found })
    }

    /// To the first byte that `ends`, or to the end of the text.
    fn skip_to(&mut self, ends: impl Fn(u8) -> bool) {
        let rest = self.rest();
        self.at += rest.iter().position(|b| ends(*b)).unwrap_or(rest.len());
    }

    /// The bytes of `class` from here on.
    fn word(&mut self, class: u8) -> &'a str {
        let start = self.at;
        self.skip_to(|b| !is(b, class));
        self.since(start)
    }

    /// The text in the double quotes that begin here; `None` if they do not end on
    /// this line, with the cursor where they should have.
    #[inline]
    fn quoted(&mut self) -> Option<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        self.skip_to(|b| is(b, QUOTE_END));
        if self.peek() != b'"' {
            return self.quoted_with_escapes(start).map(Cow::Owned);
        }
        let plain = self.since(start);
        self.at += 1;
        Some(Cow::Borrowed(plain))
    }

    /// The rest of a quoted text of which the part from `start` to here is plain.
    fn quoted_with_escapes(&mut self, start: usize) -> Option<String> {
        while self.peek() == b'\\' {
            self.at += 1;
            if self.peek() == b'\n' {
                return None;
            }
            self.at += 1;
            self.skip_to(|b| is(b, QUOTE_END));
        }
        if self.peek() != b'"' {
            return None;
        }
        let raw = self.since(start);
        self.at += 1;
        Some(unescape(raw))
    }

    /// To the start of the next line, if nothing but blanks is before it.
    fn end_line(&mut self) -> Result<(), Reason> {
        if self.next_token() == b'\r' {
            self.at += 1;
        }
        if self.peek() != b'\n' {
            return self.expected("the end of the line");
        }
        self.at += 1;
        Ok(())
    }

    /// To the start of the next line, whatever is before it.
    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()) + 1;
    }

    /// The number here, which ends at a blank or at the end of the line.
    fn number<T>(&mut self, read: impl Fn(&[u8]) -> Option<(T, usize)>) -> Option<T> {
        let (number, length) = read(self.rest())?;
        self.at += length;
        matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r').then_some(number)
    }
}

/// Resolves `\\`, `\"` and `\n`. Any other backslash stands for itself, as in
/// Prometheus.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some(c @ ('\\' | '"')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

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
pub(super) struct Lines<'a> {
    cursor: Cursor<'a>,
    format: Format,
    limits: Limits,
    family: Family<'a>,
    labels: Vec<Label<'a>>,
    samples: usize,
    /// Where the line begins that is being read.
    line_start: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, format: Format, limits: &Limits) -> Self {
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
    pub(super) fn offset(&self) -> usize {
        self.line_start
    }

    pub(super) fn run(&mut self, sink: &mut impl FnMut(&Sample<'_>)) -> Result<(), Reason> {
        let mut ended = false;
        while !self.cursor.at_end() {
            self.line_start = self.cursor.at;
            if ended {
                return Err(Reason::AfterEof);
            }
            match self.cursor.next_token() {
                b'\n' | b'\r' => self.cursor.end_line()?,
                b'#' => ended = self.comment()? && self.format == Format::OpenMetrics,
                _ => self.sample(sink)?,
            }
        }
        if self.format == Format::OpenMetrics && !ended {
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
            "UNIT" if apart && follows_blank && self.format == Format::OpenMetrics => {
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
    fn sample(&mut self, sink: &mut impl FnMut(&Sample<'_>)) -> Result<(), Reason> {
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
        sink(&Sample {
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
fn measurement(cursor: &mut Cursor<'_>, format: Format) -> Result<(f64, Option<Timestamp>), Reason> {
    cursor.next_token();
    let Some(value) = cursor.number(number::leading_value) else { return Err(Reason::Number) };
    if !matches!(cursor.next_token(), b'0'..=b'9' | b'-' | b'+' | b'.') {
        return Ok((value, None));
    }
    let timestamp = match format {
        Format::Classic => cursor.number(number::leading_millis),
        Format::OpenMetrics => cursor.number(number::leading_seconds),
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
    measurement(cursor, Format::OpenMetrics).map(|_| ())
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
