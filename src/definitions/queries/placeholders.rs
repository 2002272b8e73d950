//! Placeholders of dashboards and other SLO tools, which nobody fills in here.

use super::tokens::{Kind, Token, tokens};
use super::tree::tree;
use super::units::adds_up;
use crate::yaml::words::{Complaint, shown};

/// The placeholder of the length of one slot.
pub(crate) const SLOT: &str = "$slot";
/// The window of a rate.
const RATE_WINDOW: &str = "5m";
/// What it is replaced by.
pub(crate) const SLOT_LENGTH: &str = "1m";

/// The expression with the window of Sloth filled in. What adds up over the window is
/// taken of the slot; a rate, of five minutes, so that two scrapes are in it.
pub(crate) fn window_for(text: &str) -> String {
    let filled = |window: &str| {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, behind)) = after.split_once("}}") else { break };
            out.push_str(before);
            if name.trim() == ".window" {
                out.push_str(window);
            } else {
                out.push_str(&format!("{{{{{name}}}}}"));
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    };
    let by_rate = filled(RATE_WINDOW);
    match tree(&by_rate) {
        Some(tree) if adds_up(&tree) => filled(SLOT_LENGTH),
        _ => by_rate,
    }
}

/// The first placeholder of an expression, with what to write instead.
pub(crate) fn placeholder(text: &str) -> Option<Complaint> {
    let tokens = tokens(text);
    let outside = tokens.iter().enumerate().find_map(|(i, token)| {
        let is_open = |at: usize, sign: &str| tokens.get(at).is_some_and(|token| token.is_sign(sign));
        let in_range = i.checked_sub(1).is_some_and(|before| is_open(before, "["));
        if token.is_sign("{") && is_open(i + 1, "{") {
            return Some((until(text, token.start, "}}"), in_range));
        }
        if token.is_sign("[") && is_open(i + 1, "[") {
            return Some((until(text, token.start, "]]"), true));
        }
        let name = tokens.get(i + 1).filter(|next| next.start == token.end());
        if !token.is_sign("$") || name.is_none_or(|name| name.is_word("slot")) {
            return None;
        }
        let braced = name.is_some_and(|name| name.is_sign("{"));
        let end = name.map_or(token.end(), Token::end);
        let written = if braced { until(text, token.start, "}") } else { text.get(token.start..end).unwrap_or("$") };
        Some((written, in_range))
    });
    if let Some((written, in_range)) = outside {
        return Some(complaint(written, in_range));
    }
    let inside = tokens.iter().filter(|token| token.kind == Kind::Text).find_map(|token| in_text(token.text));
    inside.map(|written| complaint(written, false))
}

/// A placeholder in a label's value. An end of text before a letter matches nothing,
/// so that it is no pattern either.
fn in_text(text: &str) -> Option<&str> {
    if let Some(at) = text.find("{{") {
        return Some(until(text, at, "}}"));
    }
    text.match_indices('$').find_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        // A number is a group of a pattern, as in `label_replace`.
        let begins = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if let Some(name) = rest.strip_prefix('{') {
            return begins(name).then(|| until(text, at, "}"));
        }
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        begins(rest).then(|| text.get(at..at + 1 + length)).flatten()
    })
}

/// From a place to the end of a mark, or to the end of the text.
fn until<'t>(text: &'t str, at: usize, mark: &str) -> &'t str {
    let rest = text.get(at..).unwrap_or(text);
    rest.find(mark).and_then(|end| rest.get(..end + mark.len())).unwrap_or(rest)
}

fn complaint(written: &str, in_range: bool) -> Complaint {
    let message = format!("`{}` is a placeholder that Evenkeel does not fill in", shown(written));
    let hint = if in_range {
        format!(
            "write a range instead of the variable: `[{SLOT}]` is the minute that is counted; `[5m]` is read too. \
             Evenkeel computes every window itself"
        )
    } else {
        "variables of dashboards and templates are not filled in; write the value itself".to_owned()
    };
    Complaint::new(message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_filled_in_by_what_is_measured() {
        let filled = |text: &str| window_for(text);
        assert_eq!(
            filled("sum(rate(m[{{.window}}])) / sum(rate(n[{{ .window }}]))"),
            "sum(rate(m[5m])) / sum(rate(n[5m]))"
        );
        assert_eq!(filled("sum(increase(m[{{.window}}]))"), "sum(increase(m[1m]))");
        assert_eq!(filled("rate(m{a=\"{{.x}}\"}[{{.window}}])"), "rate(m{a=\"{{.x}}\"}[5m])");
    }

    #[test]
    fn placeholders_are_found_and_explained() {
        for (text, named, hint) in [
            ("rate(m[{{.window}}])", "{{.window}}", "[$slot]"),
            ("rate(m[$__rate_interval])", "$__rate_interval", "[$slot]"),
            ("rate(m[${interval}])", "${interval}", "[$slot]"),
            ("rate(m[[[interval]]])", "[[interval]]", "[$slot]"),
            ("rate(m{job=\"$job\"}[5m])", "$job", "the value itself"),
            ("m{job=~\"{{ .job }}\"}", "{{ .job }}", "the value itself"),
            ("m{job=\"${job:regex}\"}", "${job:regex}", "the value itself"),
        ] {
            let found = placeholder(text).unwrap();
            assert!(found.message.contains(named), "{text}: {found:?}");
            assert!(found.hint.unwrap().contains(hint), "{text}");
        }
        for text in [
            "rate(m[$slot])",
            "m{a=~\"x$\"}",
            "m{a=~\"(x|y$)\"}",
            "m{a=~\"/a/{id}/{b}\"}",
            "m{a=\"5$\"}",
            "f(m, \"${1}-$2\")",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
