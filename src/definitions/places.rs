//! Where a part of a definition is, for problems that show only once its source
//! is asked.

use super::Loaded;
use super::defined::SLO;
use crate::definitions::files;
use crate::model::problem::{Level, Problem};
use crate::yaml::node::{Node, Span, Value};
use crate::yaml::read::documents;
use crate::yaml::source::SourceText;

impl Loaded {
    /// A problem of a key below `spec.indicator` of an SLO, such as `bad`, or of the
    /// SLO as a whole where the key is not there.
    pub fn problem_of(&self, slo: &str, key: &str, level: Level, message: String, hint: String) -> Option<Problem> {
        let place = self.places.get(&(SLO, slo.to_owned()))?;
        let fallback = || {
            let mut problem = Problem::of_file(level, place.file.clone(), message.clone(), Some(hint.clone()));
            (problem.line, problem.column) = (place.span.line, place.span.column);
            problem.path = "metadata.name".to_owned();
            problem
        };
        let Ok(text) = files::read(std::path::Path::new(&place.file)) else { return Some(fallback()) };
        let mut ignored = SourceText::new(place.file.clone(), &text);
        let nodes = documents(&text, &mut ignored);
        let of_slo =
            nodes.iter().find(|node| node_at(node, &["metadata", "name"]).is_some_and(|(s, _)| s == place.span));
        let Some((span, path)) = of_slo.and_then(|node| below_indicator(node, key)) else { return Some(fallback()) };
        let mut source = SourceText::new(place.file.clone(), &text);
        match level {
            Level::Error => source.error(span, &path, message.clone(), Some(hint.clone())),
            Level::Warning => source.warning(span, &path, message.clone(), Some(hint.clone())),
        }
        source.into_problems().pop().or_else(|| Some(fallback()))
    }
}

/// The value at a path of keys.
fn node_at<'n>(node: &'n Node, path: &[&str]) -> Option<(Span, &'n Node)> {
    path.iter().try_fold((node.span, node), |(_, node), key| {
        let Value::Map(entries) = &node.value else { return None };
        let entry = entries.iter().find(|entry| entry.key == *key)?;
        let is_text = matches!(entry.value.value, Value::Text(_));
        Some((if is_text { entry.value.span } else { entry.key_span }, &entry.value))
    })
}

/// A key of whichever kind the indicator is, with its path.
fn below_indicator(document: &Node, key: &str) -> Option<(Span, String)> {
    let (_, indicator) = node_at(document, &["spec", "indicator"])?;
    let Value::Map(kinds) = &indicator.value else { return None };
    let kind = kinds.first()?.key.as_str();
    let (span, _) = node_at(indicator, &[kind, key])?;
    Some((span, format!("spec.indicator.{kind}.{key}")))
}
