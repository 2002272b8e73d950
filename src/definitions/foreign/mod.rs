//! Definitions of other tools, made into documents of our own format: Sloth, Pyrra
//! and OpenSLO v1. What has no meaning here is refused or named, with its place.

mod build;
mod openslo;
mod pyrra;
mod sloth;
#[cfg(test)]
mod tests;

use crate::yaml::fields::At;
use crate::yaml::node::{Node, Value};
use crate::yaml::source::SourceText;

/// The tools, by how `apiVersion` begins.
#[derive(Clone, Copy)]
enum Tool {
    SlothOwn,
    SlothResource,
    Pyrra,
    OpenSlo,
}

/// The document in our format, or the several that it comes to; as it is where it is
/// not of another tool.
pub(crate) fn translated(document: &Node, all: &[Node], source: &mut SourceText<'_>) -> Option<Vec<Node>> {
    let tool = tool(document)?;
    let Some(fields) = At::root(document).fields(source) else { return Some(Vec::new()) };
    Some(match tool {
        Tool::SlothOwn => sloth::own(fields, source),
        Tool::SlothResource => sloth::resource(fields, source),
        Tool::Pyrra => pyrra::resource(fields, source),
        Tool::OpenSlo => openslo::document(fields, all, source),
    })
}

fn tool(document: &Node) -> Option<Tool> {
    let Value::Map(entries) = &document.value else { return None };
    let word = |key: &str| {
        entries.iter().find(|entry| entry.key == key).and_then(|entry| match &entry.value.value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    };
    if word("version") == Some("prometheus/v1") {
        return Some(Tool::SlothOwn);
    }
    let version = word("apiVersion")?;
    let is = |prefix: &str| version.starts_with(prefix);
    match () {
        () if is("sloth.slok.dev/v1") && word("kind") == Some("PrometheusServiceLevel") => Some(Tool::SlothResource),
        () if is("pyrra.dev/v1alpha1") => Some(Tool::Pyrra),
        () if version == "openslo/v1" => Some(Tool::OpenSlo),
        () => None,
    }
}
