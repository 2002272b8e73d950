//! Regular expressions as Prometheus reads them (RE2, as in Go), made into what
//! the `regex` crate compiles. Both read most patterns alike; the differences are
//! braces and brackets that Go takes literally, `\Q..\E`, and classes such as
//! `\d`, which are ASCII in Go.

use std::iter::Peekable;
use std::str::Chars;

/// The same pattern for the `regex` crate.
pub(super) fn from_go(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, &mut out, false),
            '[' => class(&mut rest, &mut out),
            '{' if is_repetition(rest.clone()) => out.push('{'),
            '{' => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    out
}

/// Whether what follows an open brace is `n}`, `n,}` or `n,m}`.
fn is_repetition(mut rest: Peekable<Chars<'_>>) -> bool {
    let digits = |rest: &mut Peekable<Chars<'_>>| {
        let mut any = false;
        while rest.next_if(char::is_ascii_digit).is_some() {
            any = true;
        }
        any
    };
    if !digits(&mut rest) {
        return false;
    }
    if rest.next_if_eq(&',').is_some() {
        digits(&mut rest);
    }
    rest.next() == Some('}')
}

/// What follows a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) {
    let Some(c) = rest.next() else {
        // Go refuses it, and so does the crate.
        out.push('\\');
        return;
    };
    match c {
        'Q' if !in_class => quoted(rest, out),
        // Go ignores an end without a beginning.
        'E' if !in_class => {}
        'd' => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(if in_class { "\\t\\n\\x0C\\r " } else { "[\\t\\n\\x0C\\r ]" }),
        'S' => out.push_str("[^\\t\\n\\x0C\\r ]"),
        'b' if !in_class => out.push_str("(?-u:\\b)"),
        'B' if !in_class => out.push_str("(?-u:\\B)"),
        // Any other letter or digit means the same, or nothing, to both.
        c if c.is_ascii_alphanumeric() => {
            out.push('\\');
            out.push(c);
        }
        c => literal(c, out),
    }
}

/// Everything up to `\E` or the end, literally.
fn quoted(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = rest.next() {
        if c == '\\' && rest.next_if_eq(&'E').is_some() {
            return;
        }
        literal(c, out);
    }
}

fn literal(c: char, out: &mut String) {
    let mut text = [0; 4];
    out.push_str(&regex::escape(c.encode_utf8(&mut text)));
}

/// What follows an open bracket, up to the bracket that closes the class. Go
/// knows neither nested classes nor `&&`, `--` and `~~`.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => {
                out.push(']');
                return;
            }
            '\\' => escape(rest, out, true),
            '[' if rest.peek() == Some(&':') => named_class(rest, out),
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}

/// `[:alpha:]`, or a bracket and a colon that only look so.
fn named_class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let name: String = rest.clone().skip(1).take_while(|c| c.is_ascii_lowercase() || *c == '^').collect();
    let end = 1 + name.chars().count();
    let closes = rest.clone().skip(end).take(2).eq([':', ']']);
    if !closes || name.is_empty() {
        out.push_str("\\[");
        return;
    }
    out.push_str(&format!("[:{name}:]"));
    rest.by_ref().take(end + 2).for_each(drop);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        regex::Regex::new(&format!("^(?s:{})$", from_go(pattern))).unwrap().is_match(text)
    }

    #[test]
    fn route_templates_are_literal() {
        assert!(matches("/carts/{cart}/items|/carts/{cart}", "/carts/{cart}"));
        assert!(matches("/v{1,2}/{id}", "/vv/{id}") && !matches("/v{1,2}/{id}", "/v{1,2}/{id}"));
        assert!(matches("a{,3}", "a{,3}") && matches("a{}", "a{}") && matches("{", "{"));
        assert!(matches("x{2,}", "xxx") && !matches("x{2,}", "x"));
    }

    #[test]
    fn quoting_ends_where_it_says() {
        assert!(matches(r"\Q/a.b+c\E/.*", "/a.b+c/d") && !matches(r"\Q/a.b+c\E/.*", "/axb+c/d"));
        assert!(matches(r"\Qa{b}", "a{b}"));
        assert!(matches(r"\<\>\/\-\{x\}", "<>/-{x}"));
    }

    #[test]
    fn classes_are_ascii_and_not_nested() {
        assert!(matches(r"\d+", "42") && !matches(r"\d+", "٤٢"));
        assert!(matches(r"\w", "_") && !matches(r"\w", "é") && matches(r"[^\w]", "é") && matches(r"[\D]", "é"));
        assert!(matches("[[a]", "[") && matches("[[a]", "a") && matches("[a&&b~~]", "&") && matches("[]x]", "]"));
        assert!(matches("[[:digit:]a]+", "1a2") && matches("[^[:alpha:]]", "1") && matches("[a[:]", ":"));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in ["(", "a)", "[a", "*", r"a\"] {
            assert!(regex::Regex::new(&from_go(pattern)).is_err(), "{pattern}");
        }
    }
}
