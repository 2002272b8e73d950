//! Trees that are made and not read.

use super::node::{Entry, Node, Span, Value};

/// A scalar at a place.
pub fn text(span: Span, value: impl Into<String>) -> Node {
    Node { span, value: Value::Text(value.into()) }
}

/// A mapping at a place; keys without a value are left out.
pub fn map(span: Span, entries: Vec<(&str, Option<Node>)>) -> Node {
    let entry = |(key, value): (&str, Option<Node>)| {
        let value = value?;
        Some(Entry { key: key.to_owned(), key_span: value.span, value })
    };
    Node { span, value: Value::Map(entries.into_iter().filter_map(entry).collect()) }
}

pub fn list(span: Span, items: Vec<Node>) -> Node {
    Node { span, value: Value::List(items) }
}

/// The value at a path of keys.
pub fn value<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.value),
        _ => None,
    })
}

/// The scalar at a path of keys.
pub fn word<'n>(node: &'n Node, path: &[&str]) -> Option<&'n str> {
    match &value(node, path)?.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The tree with one place for all its nodes: what is wrong in a part that was written
/// in another file is shown where it is used.
pub fn moved(node: &Node, span: Span) -> Node {
    let value = match &node.value {
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|e| Entry { key: e.key.clone(), key_span: span, value: moved(&e.value, span) })
                .collect(),
        ),
        Value::List(items) => Value::List(items.iter().map(|item| moved(item, span)).collect()),
        other => other.clone(),
    };
    Node { span, value }
}
