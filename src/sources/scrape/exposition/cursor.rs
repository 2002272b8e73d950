//! A place in an exposition text, and the tokens that can be read from it. The
//! text's end counts as a newline, so that no caller has to look for it.

use std::borrow::Cow;

use crate::sources::scrape::exposition::error::Reason;

/// May stand in a label's name without quotes; digits not at the start.
pub(crate) const WORD: u8 = 1;
/// May stand in a metric's name without quotes; digits not at the start.
pub(crate) const METRIC: u8 = 2;
const DIGIT: u8 = 4;
/// Ends a stretch of plain text within double quotes.
const QUOTE_END: u8 = 8;

/// What each byte may be part of.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
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
    CLASSES.get(usize::from(byte)).is_some_and(|c| c & class != 0)
}

pub(crate) fn starts(byte: u8, class: u8) -> bool {
    is(byte, class) && !is(byte, DIGIT)
}

/// What `expected` names when `quoted` gave nothing.
pub(crate) const CLOSING_QUOTE: &str = "a closing quote";

/// A place in the text.
pub(crate) struct Cursor<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Cursor<'a> {
    /// The byte here; past the end there is always one more newline.
    pub fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(b'\n')
    }

    pub fn at_end(&self) -> bool {
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
    pub fn next_token(&mut self) -> u8 {
        loop {
            let byte = self.peek();
            // Blanks sort before all that is likely: one comparison is enough.
            if byte > b' ' || !matches!(byte, b' ' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
    }

    pub fn expected<T>(&self, what: &'static str) -> Result<T, Reason> {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n');
        Err(Reason::Expected { what, found })
    }

    /// To the first byte that `ends`, or to the end of the text.
    fn skip_to(&mut self, ends: impl Fn(u8) -> bool) {
        let rest = self.rest();
        self.at += rest.iter().position(|b| ends(*b)).unwrap_or(rest.len());
    }

    /// The bytes of `class` from here on.
    pub fn word(&mut self, class: u8) -> &'a str {
        let start = self.at;
        self.skip_to(|b| !is(b, class));
        self.since(start)
    }

    /// The text in the double quotes that begin here; `None` if they do not end on
    /// this line, with the cursor where they should have.
    #[inline]
    pub fn quoted(&mut self) -> Option<Cow<'a, str>> {
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
    pub fn end_line(&mut self) -> Result<(), Reason> {
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
    pub fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()) + 1;
    }

    /// The number here, which ends at a blank or at the end of the line.
    pub fn number<T>(&mut self, read: impl Fn(&[u8]) -> Option<(T, usize)>) -> Option<T> {
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
