//! Definitions of Nobl9 (`n9/v1alpha`): SLOs whose metrics are queries of Prometheus.

mod alerts;
mod objectives;

use crate::definitions::foreign::parts::build::{Draft, NotCarried, description};
use crate::definitions::foreign::parts::labels::slo_labels;
use crate::definitions::foreign::parts::shared::Shared;
use crate::definitions::foreign::parts::windows::of_unit;
use crate::yaml::build::word;
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

use alerts::POLICY;
pub(super) use alerts::VERSION;
use objectives::Objective;

const OBJECTIVES_MAX: usize = 32;

const NOT_KEPT: &str =
    "where samples are read from is said in `sources` of the configuration; notes and links are not kept";
const OTHER_KINDS: &str = "SLOs and the alert policies that they name are read";

/// The SLOs of a document; `all` are the documents of the file.
pub(super) fn document(
    mut fields: Fields<'_>,
    (document, all): (&Node, &[Node]),
    shared: &Shared,
    source: &mut SourceText<'_>,
) -> Vec<Node> {
    fields.optional("apiVersion");
    // What the tool adds to what it prints.
    for key in ["organization", "manifestSrc", "status"] {
        fields.optional(key);
    }
    let Some(kind) = fields.required("kind", source, "for example `kind: SLO`") else { return Vec::new() };
    let written = kind.text(source).unwrap_or_default();
    if written == POLICY {
        return Vec::new();
    }
    if written != "SLO" {
        let mut alike = all.iter().filter(|node| word(node, &["kind"]) == Some(written));
        if alike.next().is_some_and(|first| std::ptr::eq(first, document)) {
            let message = format!("documents of the kind `{}` have no effect", shown(written));
            kind.warning(source, message, Some(OTHER_KINDS.to_owned()));
        }
        return Vec::new();
    }
    let metadata = fields.required("metadata", source, "a mapping with `name`");
    let spec = fields.required("spec", source, "a mapping with `service`, `objectives` and `timeWindows`");
    fields.finish(source);
    let parts = metadata.zip(spec);
    parts.and_then(|(metadata, spec)| slos(&metadata, &spec, shared, source)).unwrap_or_default()
}

fn slos(metadata: &At<'_>, spec: &At<'_>, shared: &Shared, source: &mut SourceText<'_>) -> Option<Vec<Node>> {
    let mut not_carried = NotCarried::default();
    let mut of_metadata = metadata.fields(source)?;
    let name = of_metadata.required("name", source, "the name of the SLO");
    let shown_name = of_metadata.optional("displayName");
    for key in ["project", "annotations"] {
        not_carried.note(of_metadata.optional(key));
    }
    let labels = slo_labels(&[of_metadata.optional("labels")], source);
    of_metadata.finish(source);
    let mut fields = spec.fields(source)?;
    let text = fields.optional("description");
    let service = fields.required("service", source, "the service that the SLO is about");
    let budgeting = fields.required("budgetingMethod", source, "Occurrences or Timeslices");
    let objectives = fields.required("objectives", source, "a list of objectives");
    let windows = fields.required("timeWindows", source, "a list of one window");
    let policies = fields.optional("alertPolicies");
    for key in ["indicator", "attachments", "anomalyConfig", "tier", "createdAt", "createdBy"] {
        not_carried.note(fields.optional(key));
    }
    fields.finish(source);
    not_carried.warn(NOT_KEPT, source);
    let (name, service, windows) = (name?, service?, of_unit(&windows?, source)?);
    let alerts = match policies {
        Some(at) => Some(alerts::alerts(&at, &windows.windows, shared, source)?),
        None => None,
    };
    let (budgeting, objectives) = (budgeting?, objectives?.items(source, OBJECTIVES_MAX)?);
    let several = objectives.len() > 1;
    let mut all = Vec::new();
    for (i, at) in objectives.iter().enumerate() {
        let Some(read) = Objective::read(at, &budgeting, source) else { continue };
        let suffix = read.name.unwrap_or_else(|| (i + 1).to_string());
        let own = if several { format!("{}-{suffix}", name.text(source)?) } else { name.text(source)?.to_owned() };
        let draft = Draft {
            span: name.node.span,
            name: own,
            service: service.node.clone(),
            labels: labels.clone(),
            description: description(shown_name.as_ref(), text.as_ref(), source),
            objective: read.target,
            windows: windows.windows.clone(),
            timezone: windows.timezone.clone(),
            calendar: windows.calendar.clone(),
            indicator: read.indicator,
            budgeting: read.budgeting,
            group_by: None,
            alerts: alerts.clone(),
        };
        all.push(draft.into_document());
    }
    Some(all)
}
