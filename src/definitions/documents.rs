//! The documents of a text, those of lists among them.

use crate::yaml::node::{Node, Value};
use crate::yaml::read::documents;
use crate::yaml::source::SourceText;

/// All documents. A list as `kubectl get -o yaml` prints it, and a plain list of
/// mappings as OpenSLO allows it, are the documents that they hold.
pub(crate) fn of_text(text: &str, source: &mut SourceText<'_>) -> Vec<Node> {
    documents(text, source).into_iter().flat_map(items).collect()
}

fn items(document: Node) -> Vec<Node> {
    let entries = match &document.value {
        Value::Map(entries) => entries,
        Value::List(listed) if listed.iter().all(|one| matches!(one.value, Value::Map(_))) => return listed.clone(),
        _ => return vec![document],
    };
    let is_list = entries
        .iter()
        .any(|e| e.key == "kind" && matches!(&e.value.value, Value::Text(kind) if kind.ends_with("List")));
    let listed = entries.iter().find(|e| e.key == "items").map(|e| e.value.value.clone());
    match listed {
        Some(Value::List(items)) if is_list => items,
        _ => vec![document],
    }
}
