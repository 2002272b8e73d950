//! Readers over the tree: a node with its field path, and a mapping whose keys
//! are asked for by name, so that what was never asked for is an unknown key.
//! Every reader puts its problems into the source and returns `None`.

use super::node::{Entry, Node, Span, Value};
use super::source::SourceText;
use super::words::{Complaint, meant, shown};

/// A node and the path that leads to it, `spec.windows[1]`.
#[derive(Clone, Debug)]
pub struct At<'n> {
    pub node: &'n Node,
    pub path: String,
    /// Where the node as a whole is pointed at: its key, if it has one. What is
    /// missing in a mapping is shown there rather than at its first entry.
    pub head: Span,
}

impl<'n> At<'n> {
    /// The root of a document.
    pub fn root(node: &'n Node) -> Self {
        At { node, path: String::new(), head: node.span }
    }

    pub fn error(&self, source: &mut SourceText<'_>, message: impl Into<String>, hint: Option<String>) {
        source.error(self.place(), &self.path, message, hint);
    }

    pub fn warning(&self, source: &mut SourceText<'_>, message: impl Into<String>, hint: Option<String>) {
        source.warning(self.place(), &self.path, message, hint);
    }

    /// A single value is pointed at itself, a list or mapping by its head.
    fn place(&self) -> Span {
        if let Value::Text(_) = self.node.value { self.node.span } else { self.head }
    }

    fn wrong_kind(&self, source: &mut SourceText<'_>, wanted: &str) {
        let name = if self.path.is_empty() { "the document" } else { self.path.as_str() };
        let message = format!("{} must be {wanted}, but is {}", shown(name), self.node.value.kind());
        self.error(source, message, None);
    }

    /// The text of a single value.
    pub fn text(&self, source: &mut SourceText<'_>) -> Option<&'n str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => {
                self.wrong_kind(source, "a single value");
                None
            }
        }
    }

    /// A single value, read by `read`.
    pub fn parse<T>(&self, source: &mut SourceText<'_>, read: impl FnOnce(&str) -> Result<T, Complaint>) -> Option<T> {
        match read(self.text(source)?) {
            Ok(value) => Some(value),
            Err(complaint) => {
                self.error(source, complaint.message, complaint.hint);
                None
            }
        }
    }

    /// A single value that is not shown, as it may be a secret: what is wrong
    /// with it is pointed at by its key alone.
    pub fn parse_secret<T>(
        &self,
        source: &mut SourceText<'_>,
        read: impl FnOnce(&str) -> Result<T, Complaint>,
    ) -> Option<T> {
        read(self.text(source)?)
            .map_err(|Complaint { message, hint }| source.key_error(self.head, &self.path, message, hint))
            .ok()
    }

    /// The items of a list of at most `max`.
    pub fn items(&self, source: &mut SourceText<'_>, max: usize) -> Option<Vec<At<'n>>> {
        let Value::List(items) = &self.node.value else {
            self.wrong_kind(source, "a list");
            return None;
        };
        if items.len() > max {
            self.error(source, format!("{} entries; at most {max} are allowed", items.len()), None);
            return None;
        }
        let at = |(n, node): (usize, &'n Node)| At { node, path: format!("{}[{n}]", self.path), head: node.span };
        Some(items.iter().enumerate().map(at).collect())
    }

    /// The entries of a mapping whose keys are the user's own, at most `max`.
    pub fn entries(&self, source: &mut SourceText<'_>, max: usize) -> Option<&'n [Entry]> {
        let Value::Map(entries) = &self.node.value else {
            self.wrong_kind(source, "a mapping");
            return None;
        };
        if entries.len() > max {
            self.error(source, format!("{} entries; at most {max} are allowed", entries.len()), None);
            return None;
        }
        Some(entries)
    }

    /// A mapping with known keys.
    pub fn fields(&self, source: &mut SourceText<'_>) -> Option<Fields<'n>> {
        let Value::Map(entries) = &self.node.value else {
            self.wrong_kind(source, "a mapping");
            return None;
        };
        Some(Fields { path: self.path.clone(), head: self.head, entries, known: Vec::new() })
    }

    /// Where an entry of this mapping stands.
    pub fn entry(&self, entry: &'n Entry) -> At<'n> {
        At { node: &entry.value, path: join(&self.path, &entry.key), head: entry.key_span }
    }
}

/// A mapping with known keys. Ask for every key, then call `finish`.
#[derive(Debug)]
pub struct Fields<'n> {
    path: String,
    head: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The value of a key; a key without a value counts as absent.
    pub fn optional(&mut self, key: &'static str) -> Option<At<'n>> {
        self.known.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        let at = || At { node: &entry.value, path: join(&self.path, key), head: entry.key_span };
        (entry.value.value != Value::Null).then(at)
    }

    /// The value of a key that must be there; `hint` says what to write.
    pub fn required(&mut self, key: &'static str, source: &mut SourceText<'_>, hint: &str) -> Option<At<'n>> {
        let found = self.optional(key);
        if found.is_none() {
            let place = self.entries.iter().find(|entry| entry.key == key).map_or(self.head, |entry| entry.key_span);
            source.error(place, &join(&self.path, key), format!("`{key}` is missing"), Some(hint.to_owned()));
        }
        found
    }

    /// An error of the mapping as a whole.
    pub fn error(&self, source: &mut SourceText<'_>, message: impl Into<String>, hint: Option<String>) {
        source.error(self.head, &self.path, message, hint);
    }

    /// Reports the keys that nobody asked for.
    pub fn finish(self, source: &mut SourceText<'_>) {
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str())) {
            let within = if self.path.is_empty() { String::new() } else { format!(" in `{}`", shown(&self.path)) };
            let message = format!("unknown key `{}`{within}", shown(&entry.key));
            let hint = meant(&entry.key, &self.known);
            source.key_error(entry.key_span, &join(&self.path, &entry.key), message, Some(hint));
        }
    }
}

fn join(path: &str, key: &str) -> String {
    let key = shown(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
