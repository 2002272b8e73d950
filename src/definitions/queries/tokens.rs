//! PromQL and its dialects cut into words, numbers, texts and signs, so that
//! nothing inside a text or a comment counts as a part of the expression.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name: of a metric, a label, a function or an operator.
    Word,
    /// A number or a duration.
    Number,
    /// In quotes, which are part of it.
    Text,
    Sign,
}

/// A token and the byte at which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
    pub start: usize,
}

impl Token<'_> {
    pub fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The text between the quotes, with its escapes undone.
    pub fn unquoted(&self) -> String {
        let quote = self.text.chars().next().unwrap_or_default();
        let inner = self.text.strip_prefix(quote).unwrap_or(self.text);
        let inner = inner.strip_suffix(quote).unwrap_or(inner);
        if quote == '`' {
            return inner.to_owned();
        }
        let mut out = String::new();
        let mut rest = inner.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => out.extend(rest.next().map(|c| match c {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                })),
                other => out.push(other),
            }
        }
        out
    }
}

/// Signs of two characters; all others have one.
const PAIRS: [&str; 8] = ["==", "!=", ">=", "<=", "=~", "!~", "</", ">/"];

/// The tokens of a text, without spaces and comments. A text that is not closed
/// goes to the end.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        let (kind, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '#' => (None, rest.find('\n').unwrap_or(rest.len())),
            '"' | '\'' | '`' => (Some(Kind::Text), text_length(rest, first)),
            c if c.is_ascii_digit() || (c == '.' && begins_with_digit(rest.get(1..))) => {
                (Some(Kind::Number), number_length(rest))
            }
            c if is_word(c) => (Some(Kind::Word), rest.find(|c| !is_word(c) && c != '.').unwrap_or(rest.len())),
            c => {
                (Some(Kind::Sign), PAIRS.iter().find(|pair| rest.starts_with(**pair)).map_or(c.len_utf8(), |p| p.len()))
            }
        };
        if let (Some(kind), Some(text)) = (kind, rest.get(..length)) {
            tokens.push(Token { kind, text, start: at });
        }
        at += length.max(1);
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

fn begins_with_digit(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()))
}

fn text_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return i + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// `5m`, `1h30m`, `0x1f`, `.5`, `1e-3`.
fn number_length(rest: &str) -> usize {
    let mut before = ' ';
    for (i, c) in rest.char_indices() {
        let signed_exponent = (c == '+' || c == '-') && (before == 'e' || before == 'E') && !rest.starts_with("0x");
        if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || signed_exponent) {
            return i;
        }
        before = c;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn texts_and_comments_stay_whole() {
        assert_eq!(
            cut("a{b=\"rate(x)\",c=~'\\'}'}"),
            ["a", "{", "b", "=", "\"rate(x)\"", ",", "c", "=~", "'\\'}'", "}"]
        );
        assert_eq!(cut("a # rate(b\n>= bool 1e-3"), ["a", ">=", "bool", "1e-3"]);
        assert_eq!(cut("a[1m*2] offset -5m"), ["a", "[", "1m", "*", "2", "]", "offset", "-", "5m"]);
        assert_eq!(cut("\"open"), ["\"open"]);
        assert_eq!(tokens(r#""a\"b\\d""#).first().unwrap().unquoted(), r#"a"b\d"#);
    }
}
