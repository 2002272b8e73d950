//! Labels and annotations of other formats, under names that are free here. What is
//! renamed or left out is named.

use crate::definitions::format::labels::RESERVED;
use crate::yaml::fields::At;
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::source::SourceText;
use crate::yaml::words::{label_name, shown};

/// Labels of one mapping that are looked at.
const LABELS_MAX: usize = 64;

const ROUTE: &str = "alerts carry the severities page, ticket and info, and the labels `slo`, `service` and `tier`: route \
                     by these in Alertmanager";

/// The labels of an SLO, of several mappings; those of later ones win.
pub(crate) fn slo_labels(all: &[Option<At<'_>>], source: &mut SourceText<'_>) -> Option<Node> {
    let mut kept: Vec<Entry> = Vec::new();
    for at in all.iter().flatten() {
        for entry in at.entries(source, LABELS_MAX)? {
            let entry_at = at.entry(entry);
            let Some(value) = single(&entry_at, source) else { continue };
            let key = free_name(&entry.key);
            if key != entry.key {
                let message = format!("the label `{}` is named `{key}` here", shown(&entry.key));
                let hint = if RESERVED.contains(&entry.key.as_str()) {
                    "Evenkeel sets a label of that name itself"
                } else {
                    "names of labels are letters, digits and underscores"
                };
                entry_at.warning(source, message, Some(hint.to_owned()));
            }
            kept.retain(|known| known.key != key);
            kept.push(Entry { key, key_span: entry.key_span, value });
        }
    }
    let first = all.iter().flatten().next()?;
    (!kept.is_empty()).then_some(Node { span: first.head, value: Value::Map(kept) })
}

/// The labels of both; those of the second win.
pub(crate) fn merged(first: Option<&Node>, second: Option<Node>) -> Option<Node> {
    let (Some(Node { value: Value::Map(first), span }), Some(Node { value: Value::Map(second), .. })) =
        (first, &second)
    else {
        return second.or_else(|| first.cloned());
    };
    let mut all: Vec<Entry> =
        first.iter().filter(|entry| !second.iter().any(|other| other.key == entry.key)).cloned().collect();
    all.extend(second.iter().cloned());
    Some(Node { span: *span, value: Value::Map(all) })
}

/// Labels or annotations of alerts, of several mappings; those of later ones win. What
/// Evenkeel sets itself, and templates, which it does not fill in, are left out.
pub(crate) fn of_alerts(all: &[Option<At<'_>>], source: &mut SourceText<'_>) -> Option<Node> {
    let mut kept: Vec<Entry> = Vec::new();
    for at in all.iter().flatten() {
        for entry in at.entries(source, LABELS_MAX)? {
            let entry_at = at.entry(entry);
            let Some(value) = single(&entry_at, source) else { continue };
            let is_template = matches!(&value.value, Value::Text(text) if text.contains("{{"));
            let refused = if RESERVED.contains(&entry.key.as_str()) {
                Some(("Evenkeel sets it", ROUTE))
            } else if is_template {
                Some(("it holds a template", "Evenkeel fills in no templates: write the text as it should be sent"))
            } else if label_name(&entry.key).is_err() {
                Some(("its name is not a label's", "letters, digits and underscores"))
            } else {
                None
            };
            if let Some((why, hint)) = refused {
                let message = format!("`{}` is not carried over: {why}", shown(&entry_at.path));
                entry_at.warning(source, message, Some(hint.to_owned()));
                continue;
            }
            kept.retain(|known| known.key != entry.key);
            kept.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
        }
    }
    let first = all.iter().flatten().next()?;
    (!kept.is_empty()).then_some(Node { span: first.head, value: Value::Map(kept) })
}

/// The one value of a label.
fn single(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let why = match &at.node.value {
        Value::List(values) if values.len() == 1 => return values.first().cloned(),
        Value::Text(text) if !text.trim().is_empty() => return Some(at.node.clone()),
        Value::Text(_) | Value::Null => "it is empty",
        Value::List(_) => "it has several values",
        Value::Map(_) => "it is a mapping",
    };
    let message = format!("`{}` is not carried over: {why}", shown(&at.path));
    at.warning(source, message, Some("a label has one value here".to_owned()));
    None
}

/// The name, where it is taken or none of a label, another one.
fn free_name(key: &str) -> String {
    if RESERVED.contains(&key) {
        return format!("definition_{key}");
    }
    let tame: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let begins = tame.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !tame.starts_with("__");
    if begins { tame } else { format!("label_{}", tame.trim_start_matches('_')) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_free_ones() {
        for (written, here) in [
            ("team", "team"),
            ("tier", "definition_tier"),
            ("app.kubernetes.io/name", "app_kubernetes_io_name"),
            ("2nd", "label_2nd"),
            ("__x", "label_x"),
        ] {
            assert_eq!(free_name(written), here);
            assert!(label_name(here).is_ok());
        }
    }
}
