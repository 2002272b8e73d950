//! Definitions of OpenSLO (v1, v1alpha, v2alpha): SLOs with ratio or threshold metrics
//! of Prometheus, and what they refer to, in the same file or another one.

mod alerts;
mod metrics;
mod objectives;
mod slo;
pub(super) mod version;

use crate::definitions::foreign::parts::shared::Shared;
use crate::yaml::build::word;
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

use version::Version;

/// Kinds that SLOs refer to.
const PARTS: [&str; 3] = ["SLI", "AlertPolicy", "AlertCondition"];
/// Kinds that have no effect here, with what stands in for them.
const UNUSED: [(&str, &str); 3] = [
    ("Service", "an SLO names its service itself; labels and descriptions of services are not read"),
    ("DataSource", "where samples are read from is said in `sources` of the configuration"),
    ("AlertNotificationTarget", "who is notified is said by the routes of Alertmanager"),
];

/// The SLOs of a document; `all` are the documents of the file.
pub(super) fn document(
    (document, version): (&Node, Version),
    mut fields: Fields<'_>,
    all: &[Node],
    shared: &Shared,
    source: &mut SourceText<'_>,
) -> Vec<Node> {
    fields.optional("apiVersion");
    let kind = fields.required("kind", source, "for example `kind: SLO`");
    let Some(kind) = kind else { return Vec::new() };
    let written = kind.text(source).unwrap_or_default();
    if let Some((name, instead)) = UNUSED.iter().find(|(name, _)| *name == written) {
        note_unused(&kind, (document, name), instead, all, source);
        return Vec::new();
    }
    if let Some(part) = PARTS.iter().find(|part| **part == written) {
        let name = word(document, &["metadata", "name"]).unwrap_or_default();
        if !shared.is_referred(part, name) {
            let message = format!("{part} `{}` is not used: no document refers to it", shown(name));
            kind.warning(source, message, None);
        }
        return Vec::new();
    }
    if written != "SLO" {
        kind.error(source, format!("unknown kind `{}`", shown(written)), Some("SLOs of OpenSLO are read".to_owned()));
        return Vec::new();
    }
    let metadata = fields.required("metadata", source, "a mapping with `name`");
    let spec = fields.required("spec", source, "a mapping with a service, an SLI and `objectives`");
    fields.finish(source);
    let Some((metadata, spec)) = metadata.zip(spec) else { return Vec::new() };
    slo::read(version, &metadata, &spec, shared, source).unwrap_or_default()
}

/// Says once for all documents of a kind in a file that they have no effect.
fn note_unused(
    kind: &At<'_>,
    (document, name): (&Node, &str),
    instead: &str,
    all: &[Node],
    source: &mut SourceText<'_>,
) {
    let alike: Vec<&Node> = all.iter().filter(|node| word(node, &["kind"]) == Some(name)).collect();
    if !alike.first().is_some_and(|first| std::ptr::eq(*first, document)) {
        return;
    }
    let names: Vec<String> =
        alike.iter().map(|node| format!("`{}`", shown(word(node, &["metadata", "name"]).unwrap_or("?")))).collect();
    kind.warning(source, format!("{name} {} has no effect", names.join(", ")), Some(instead.to_owned()));
}
