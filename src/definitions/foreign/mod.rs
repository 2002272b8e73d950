//! Definitions of other tools, made into documents of our own format: Sloth, Pyrra,
//! OpenSLO, slo-generator, Nobl9 and Grafana. What has no meaning here is refused or named, with its place.

mod grafana;
mod nobl9;
mod openslo;
mod parts;
mod pyrra;
mod slo_generator;
mod sloth;
#[cfg(test)]
mod tests;

use crate::yaml::build::{value, word};
use crate::yaml::fields::At;
use crate::yaml::node::{Node, Value};
use crate::yaml::source::SourceText;

use openslo::version::Version;
pub(crate) use parts::shared::Shared;

/// The tools, by how `apiVersion` begins.
#[derive(Clone, Copy)]
enum Tool {
    SlothOwn,
    SlothResource,
    SlothWindows,
    Pyrra,
    OpenSlo(Version),
    SloGenerator,
    Nobl9,
    GrafanaResource,
    GrafanaList,
    GrafanaSlo,
}

/// The document in our format, or the several that it comes to; `None` where it is not
/// of another tool. `all`: the documents of the file; `shared`: what all files offer.
pub(crate) fn translated(
    document: &Node,
    all: &[Node],
    shared: &Shared,
    source: &mut SourceText<'_>,
) -> Option<Vec<Node>> {
    let tool = tool(document)?;
    let Some(fields) = At::root(document).fields(source) else { return Some(Vec::new()) };
    Some(match tool {
        Tool::SlothOwn => sloth::own(fields, shared, source),
        Tool::SlothResource => sloth::resource(fields, shared, source),
        Tool::SlothWindows => {
            sloth::windows::check(fields, shared, source);
            Vec::new()
        }
        Tool::Pyrra => pyrra::resource(fields, source),
        Tool::SloGenerator => slo_generator::document(fields, source),
        Tool::Nobl9 => nobl9::document(fields, (document, all), shared, source),
        Tool::GrafanaResource => grafana::resource(fields, source),
        Tool::GrafanaList => grafana::list_of_api(fields, source),
        Tool::GrafanaSlo => grafana::slos(fields, source).unwrap_or_default(),
        Tool::OpenSlo(version) => openslo::document((document, version), fields, all, shared, source),
    })
}

fn tool(document: &Node) -> Option<Tool> {
    let Value::Map(_) = &document.value else { return None };
    if word(document, &["version"]) == Some("prometheus/v1") {
        return Some(Tool::SlothOwn);
    }
    let Some(version) = word(document, &["apiVersion"]) else { return without_version(document) };
    match (version, word(document, &["kind"]).unwrap_or_default()) {
        ("sloth.slok.dev/v1", "PrometheusServiceLevel") => Some(Tool::SlothResource),
        ("sloth.slok.dev/v1", "AlertWindows") => Some(Tool::SlothWindows),
        ("pyrra.dev/v1alpha1", _) => Some(Tool::Pyrra),
        ("sre.google.com/v2", _) => Some(Tool::SloGenerator),
        (nobl9::VERSION, _) => Some(Tool::Nobl9),
        ("slo.ext.grafana.app/v1alpha1", "SLO") => Some(Tool::GrafanaResource),
        _ => Version::of(version).map(Tool::OpenSlo),
    }
}

/// What the API of Grafana answers says nothing about its format.
fn without_version(document: &Node) -> Option<Tool> {
    let is_list = |key: &str| value(document, &[key]).is_some_and(|node| matches!(node.value, Value::List(_)));
    if is_list("slos") {
        return Some(Tool::GrafanaList);
    }
    (word(document, &["query", "type"]).is_some() && is_list("objectives")).then_some(Tool::GrafanaSlo)
}
