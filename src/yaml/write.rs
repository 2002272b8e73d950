//! A tree as YAML text that reads back as the same tree.

use super::node::{Entry, Node, Value};

/// Flow mappings longer than this are written in block style.
const FLOW_MAX: usize = 140;

/// How scalars are written.
#[derive(Clone, Copy, Default)]
pub struct Style<'k> {
    /// Keys whose values are numbers or switches, written without quotes.
    pub plain_keys: &'k [&'k str],
}

/// The text of one document, with a line break at its end.
pub fn document(node: &Node, style: Style<'_>) -> String {
    let mut out = String::new();
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => block_map(entries, 0, style, &mut out),
        Value::List(items) if !items.is_empty() => block_list(items, 0, style, &mut out),
        _ => {
            out.push_str(&flow(node, "", style));
            out.push('\n');
        }
    }
    out
}

fn block_map(entries: &[Entry], indent: usize, style: Style<'_>, out: &mut String) {
    for (i, entry) in entries.iter().enumerate() {
        // The first key of an item of a list follows its dash.
        if i > 0 || out.is_empty() || out.ends_with('\n') {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(&scalar(&entry.key, false));
        out.push(':');
        value(&entry.value, &entry.key, indent, style, out);
    }
}

fn value(node: &Node, key: &str, indent: usize, style: Style<'_>, out: &mut String) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            block_map(entries, indent + 2, style, out);
        }
        Value::List(items) if items.iter().any(|item| !matches!(item.value, Value::Text(_))) => {
            out.push('\n');
            block_list(items, indent + 2, style, out);
        }
        _ => {
            out.push(' ');
            out.push_str(&flow(node, key, style));
            out.push('\n');
        }
    }
}

fn block_list(items: &[Node], indent: usize, style: Style<'_>, out: &mut String) {
    for item in items {
        out.push_str(&" ".repeat(indent));
        out.push_str("- ");
        let short = flow(item, "", style);
        match &item.value {
            Value::Map(entries) if short.len() > FLOW_MAX => block_map(entries, indent + 2, style, out),
            _ => {
                out.push_str(&short);
                out.push('\n');
            }
        }
    }
}

fn flow(node: &Node, key: &str, style: Style<'_>) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => scalar(text, style.plain_keys.contains(&key)),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, key, style)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let one =
                |entry: &Entry| format!("{}: {}", scalar(&entry.key, false), flow(&entry.value, &entry.key, style));
            let entries: Vec<String> = entries.iter().map(one).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A scalar: plain where no reader takes it for anything but text.
pub fn scalar(text: &str, is_plain: bool) -> String {
    if is_plain || is_plain_text(text) {
        return text.to_owned();
    }
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Words that some reader takes for a switch or for nothing.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

fn is_plain_text(text: &str) -> bool {
    let tame = |c: char| c.is_ascii_alphanumeric() || "_-./%+".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins
        && text.chars().all(|c| tame(c) || c == ' ')
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && !looks_like_number(text)
}

/// What a reader may take for a number or a date.
fn looks_like_number(text: &str) -> bool {
    let numeric = |c: char| c.is_ascii_digit() || "._+-xXoOeE:".contains(c);
    text.parse::<f64>().is_ok() || text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(numeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::build::{list, map, text};
    use crate::yaml::node::Span;
    use crate::yaml::read::documents;
    use crate::yaml::source::SourceText;

    #[test]
    fn what_is_written_reads_as_the_same_tree() {
        let span = Span::default();
        let word = |value: &str| Some(text(span, value));
        let values = [
            "plain words",
            "99.9%",
            "0.5",
            "2026-01-01",
            "yes",
            "a: b",
            "#x",
            "it's",
            "two\nlines\t\"q\"\\",
            "",
            "{x}",
            "- a",
            "é",
        ];
        let mut entries: Vec<(&str, Option<Node>)> = vec![("a b", word("x")), ("on", word("y"))];
        entries.push(("list", Some(list(span, values.iter().map(|value| text(span, *value)).collect()))));
        let long = "x".repeat(FLOW_MAX);
        let nested = |value: &str| map(span, vec![("k", word(value)), ("m", Some(map(span, vec![("n", word("1"))])))]);
        entries.push(("maps", Some(list(span, vec![nested("s"), nested(&long)]))));
        entries.push(("empty", Some(list(span, vec![]))));
        let tree = map(span, entries);
        let written = document(&tree, Style::default());
        let mut source = SourceText::new("f", &written);
        let read = documents(&written, &mut source);
        assert_eq!(read.len(), 1, "{written}");
        let moved = crate::yaml::build::moved(&read[0], span);
        assert_eq!(moved, tree, "{written}");
    }

    #[test]
    fn numbers_are_text_unless_their_key_says_so() {
        let span = Span::default();
        let tree = map(span, vec![("target", Some(text(span, "0.99"))), ("tier", Some(text(span, "2")))]);
        assert_eq!(document(&tree, Style { plain_keys: &["target"] }), "target: 0.99\ntier: '2'\n");
    }
}
