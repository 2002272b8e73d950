//! One SLO of OpenSLO: one of ours for each of its objectives.

use super::alerts::alerts;
use super::metrics::{Metric, metric_of};
use super::objectives::Objective;
use super::version::Version;
use crate::definitions::foreign::parts::build::{Draft, NotCarried, description};
use crate::definitions::foreign::parts::labels::slo_labels;
use crate::definitions::foreign::parts::shared::{Found, Shared};
use crate::definitions::foreign::parts::windows::{Windows, of_duration, of_unit};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;

const OBJECTIVES_MAX: usize = 32;

const HINT: &str =
    "what people are notified of is said by Alertmanager and its routes; names and notes of parts are not kept";

pub(super) fn read(
    version: Version,
    metadata: &At<'_>,
    spec: &At<'_>,
    shared: &Shared,
    source: &mut SourceText<'_>,
) -> Option<Vec<Node>> {
    let mut not_carried = NotCarried::default();
    let mut of_metadata = metadata.fields(source)?;
    let name = of_metadata.required("name", source, "the name of the SLO");
    let shown_name = of_metadata.optional("displayName");
    not_carried.note(of_metadata.optional("annotations"));
    let labels = slo_labels(&[of_metadata.optional("labels")], source);
    of_metadata.finish(source);

    let mut fields = spec.fields(source)?;
    let text = fields.optional("description");
    let service_key = if version == Version::V2Alpha { "serviceRef" } else { "service" };
    let service = fields.required(service_key, source, "the service that the SLO is about");
    let sli = sli(version, &mut fields, shared, &mut not_carried, source);
    let windows = windows(version, &mut fields, source);
    let budgeting = fields.required("budgetingMethod", source, "Occurrences, Timeslices or RatioTimeslices");
    let objectives = fields.required("objectives", source, "a list of objectives");
    let policies = fields.optional("alertPolicies");
    fields.finish(source);

    let (name, service, windows) = (name?, service?, windows?);
    let alerts = match policies {
        Some(at) => Some(alerts(&at, version, &windows.windows, shared, &mut not_carried, source)?),
        None => None,
    };
    let (budgeting, objectives) = (budgeting?, objectives?.items(source, OBJECTIVES_MAX)?);
    if objectives.is_empty() {
        spec.error(
            source,
            "the list of objectives is empty",
            Some("for example `objectives: [{target: 0.99}]`".to_owned()),
        );
    }
    let several = objectives.len() > 1;
    let mut all = Vec::new();
    for (i, objective) in objectives.iter().enumerate() {
        let Some(read) = Objective::read(objective, version, &budgeting, source) else { continue };
        let suffix = read.name.clone().unwrap_or_else(|| (i + 1).to_string());
        let own = if several { format!("{}-{suffix}", name.text(source)?) } else { name.text(source)?.to_owned() };
        let Some(indicator) = indicator(version, &sli, &read, shared, source) else { continue };
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
            indicator,
            budgeting: read.budgeting,
            group_by: None,
            alerts: alerts.clone(),
        };
        all.push(draft.into_document());
    }
    not_carried.warn(HINT, source);
    Some(all)
}

fn windows(version: Version, fields: &mut Fields<'_>, source: &mut SourceText<'_>) -> Option<Windows> {
    if version == Version::V1Alpha {
        return of_unit(&fields.required("timeWindows", source, "a list of one window")?, source);
    }
    of_duration(&fields.required("timeWindow", source, "a list of one window")?, source)
}

/// What the SLO counts.
enum Counted {
    Sli(Found),
    /// Each objective of v1alpha has its own ratio.
    OfObjectives,
    /// It was named as wrong.
    Wrong,
}

fn sli(
    version: Version,
    fields: &mut Fields<'_>,
    shared: &Shared,
    not_carried: &mut NotCarried,
    source: &mut SourceText<'_>,
) -> Counted {
    let (inline_key, reference_key) = match version {
        Version::V2Alpha => ("sli", "sliRef"),
        Version::V1 | Version::V1Alpha => ("indicator", "indicatorRef"),
    };
    let inline = fields.optional(inline_key);
    if version == Version::V1Alpha {
        return inline.map_or(Counted::OfObjectives, |at| Counted::Sli(here(&at)));
    }
    let reference = fields.optional(reference_key);
    match (inline, reference) {
        (Some(inline), None) => {
            let Some(mut of_sli) = inline.fields(source) else { return Counted::Wrong };
            if let Some(mut metadata) = of_sli.optional("metadata").and_then(|at| at.fields(source)) {
                metadata.optional("name");
                for key in ["displayName", "labels", "annotations"] {
                    not_carried.note(metadata.optional(key));
                }
                metadata.finish(source);
            }
            let spec = of_sli.required("spec", source, "`ratioMetric` or `thresholdMetric`");
            of_sli.finish(source);
            spec.map_or(Counted::Wrong, |at| Counted::Sli(here(&at)))
        }
        (None, Some(reference)) => {
            shared.find(version.as_str(), "SLI", &reference, source).map_or(Counted::Wrong, Counted::Sli)
        }
        (one, _) => {
            let message = if one.is_some() { "is named twice" } else { "is missing" };
            let hint = format!("exactly one of `{inline_key}` and `{reference_key}`");
            fields.error(source, format!("the SLI {message}"), Some(hint));
            Counted::Wrong
        }
    }
}

fn here(at: &At<'_>) -> Found {
    Found { spec: at.node.clone(), path: at.path.clone(), head: at.head }
}

fn indicator(
    version: Version,
    sli: &Counted,
    objective: &Objective<'_>,
    shared: &Shared,
    source: &mut SourceText<'_>,
) -> Option<Node> {
    let metric = match (sli, &objective.ratio) {
        (Counted::Sli(found), None) => metric_of(&found.at(), version, shared, source)?,
        (Counted::OfObjectives, Some(ratio)) => Metric::ratio(ratio, version, shared, source)?,
        (Counted::Wrong, _) => return None,
        (Counted::Sli(_), Some(ratio)) => {
            ratio.error(source, "the SLI is named twice", Some("in `indicator` or here, not both".to_owned()));
            return None;
        }
        (Counted::OfObjectives, None) => {
            objective.at.error(source, "the SLI is missing", Some("`ratioMetrics` of the objective".to_owned()));
            return None;
        }
    };
    metric.indicator(objective.condition.as_ref(), &objective.at, source)
}
