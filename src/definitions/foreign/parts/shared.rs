//! What documents of other formats refer to, over all files: SLIs, alert policies and
//! conditions, data sources, alert windows.

use std::collections::{BTreeMap, BTreeSet};

use crate::definitions::documents::of_text;
use crate::yaml::build::{moved, value, word};
use crate::yaml::fields::At;
use crate::yaml::node::{Node, Span, Value};
use crate::yaml::source::SourceText;
use crate::yaml::words::{meant, shown};

/// A text without one of these holds nothing that others refer to, and is not read
/// twice.
const WORDS: [&str; 3] = ["openslo", "AlertWindows", "n9/"];
/// Keys that name a document, with the kinds that they name.
const REFERENCES: [(&str, &str); 7] = [
    ("indicatorRef", "SLI"),
    ("sliRef", "SLI"),
    ("alertPolicyRef", "AlertPolicy"),
    ("conditionRef", "AlertCondition"),
    ("targetRef", "AlertNotificationTarget"),
    ("metricSourceRef", "DataSource"),
    ("dataSourceRef", "DataSource"),
];

/// Version of the format, kind and name.
type Key = (String, String, String);

struct Resource {
    file: String,
    node: Node,
}

/// The documents of all files that others may refer to.
#[derive(Default)]
pub(crate) struct Shared {
    resources: BTreeMap<Key, Vec<Resource>>,
    /// Kinds and names that some document refers to.
    referred: BTreeSet<(&'static str, String)>,
}

/// What a reference leads to.
pub(crate) struct Found {
    pub spec: Node,
    /// How its path begins in messages.
    pub path: String,
    pub head: Span,
}

impl Found {
    pub fn at(&self) -> At<'_> {
        At { node: &self.spec, path: self.path.clone(), head: self.head }
    }
}

impl Shared {
    /// Adds what a text offers; what is wrong in it is named when it is read itself.
    pub(crate) fn add(&mut self, text: &str, file: &str) {
        if !WORDS.iter().any(|word| text.contains(word)) {
            return;
        }
        for node in of_text(text, &mut SourceText::new(file, text)) {
            self.note_references(&node);
            let (Some(version), Some(kind)) = (word(&node, &["apiVersion"]), word(&node, &["kind"])) else { continue };
            let name = word(&node, &["metadata", "name"]).unwrap_or_default();
            let key = (version.to_owned(), kind.to_owned(), name.to_owned());
            self.resources.entry(key).or_default().push(Resource { file: file.to_owned(), node });
        }
    }

    fn note_references(&mut self, node: &Node) {
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    if let Value::Text(name) = &entry.value.value
                        && let Some((_, kind)) = REFERENCES.iter().find(|(key, _)| *key == entry.key)
                    {
                        self.referred.insert((kind, name.clone()));
                    }
                    self.note_references(&entry.value);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.note_references(item)),
            Value::Text(_) | Value::Null => {}
        }
    }

    pub(crate) fn is_referred(&self, kind: &str, name: &str) -> bool {
        self.referred.iter().any(|(known, of)| *known == kind && of == name)
    }

    /// The `spec` of the document that a reference names: of the same file, or else of
    /// the only other one that has it.
    pub(crate) fn find(
        &self,
        version: &str,
        kind: &str,
        reference: &At<'_>,
        source: &mut SourceText<'_>,
    ) -> Option<Found> {
        let name = reference.text(source)?;
        let key = (version.to_owned(), kind.to_owned(), name.to_owned());
        let all = self.resources.get(&key).map(Vec::as_slice).unwrap_or_default();
        if let Some(here) = all.iter().find(|one| one.file == source.file()) {
            let spec = value(&here.node, &["spec"])?.clone();
            return Some(Found { spec, path: format!("({kind} {}) spec", shown(name)), head: here.node.span });
        }
        match all {
            [] => {
                let of_kind = self.resources.keys().filter(|(v, k, _)| v == version && k == kind);
                let names: Vec<&str> = of_kind.map(|(_, _, name)| name.as_str()).collect();
                let hint = if names.is_empty() {
                    format!("add the document of kind `{kind}` to these files, or write it inline")
                } else {
                    meant(name, &names)
                };
                reference.error(source, format!("{kind} `{}` not found in these files", shown(name)), Some(hint));
                None
            }
            [one] => {
                let span = reference.node.span;
                let spec = moved(value(&one.node, &["spec"])?, span);
                Some(Found { spec, path: format!("({}:{}) spec", one.file, one.node.span.line), head: span })
            }
            [first, second, ..] => {
                let place = |one: &Resource| format!("{}:{}", one.file, one.node.span.line);
                let message =
                    format!("{kind} `{}` is defined at {} and at {}", shown(name), place(first), place(second));
                reference.error(source, message, Some("rename one of them, or remove it".to_owned()));
                None
            }
        }
    }

    /// All documents of a kind, with their places.
    pub(crate) fn all_of<'s>(&'s self, version: &'s str, kind: &'s str) -> impl Iterator<Item = (&'s str, &'s Node)> {
        let of_kind = self.resources.iter().filter(move |((v, k, _), _)| v == version && k == kind);
        of_kind.flat_map(|(_, all)| all.iter().map(|one| (one.file.as_str(), &one.node)))
    }
}
