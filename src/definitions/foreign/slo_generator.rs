//! Definitions of slo-generator (`sre.google.com/v2`) whose backend is Prometheus.

use crate::definitions::foreign::parts::build::{Draft, NotCarried};
use crate::definitions::foreign::parts::labels::slo_labels;
use crate::definitions::foreign::parts::queries::scaled;
use crate::definitions::queries::selector::selector;
use crate::definitions::queries::window_for;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::yaml::build::{list, map, text};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, shown};

/// The longest step of the standard policy; an SLO itself names no window.
const WINDOW: &str = "28d";
const LABELS_MAX: usize = 64;

const RUNS: &str = "Evenkeel counts all the time and sends alerts itself: the window is 28d with the standard burn-rate \
                    tiers; write the SLO in Evenkeel's format to choose others";
const BACKEND: &str = "SLOs with the backend `prometheus` are read; others need their events as series of Prometheus";

/// The SLO of a document.
pub(super) fn document(mut fields: Fields<'_>, source: &mut SourceText<'_>) -> Vec<Node> {
    fields.optional("apiVersion");
    let kind = fields.required("kind", source, "`kind: ServiceLevelObjective`");
    let metadata = fields.required("metadata", source, "a mapping with `name` and `labels`");
    let spec =
        fields.required("spec", source, "a mapping with `goal`, `backend`, `method` and `service_level_indicator`");
    fields.finish(source);
    let is_slo = kind.and_then(|at| {
        at.parse(source, |word| match word {
            "ServiceLevelObjective" => Ok(()),
            _ => Err(Complaint::new(format!("unknown kind `{}`", shown(word)), "`ServiceLevelObjective` is read")),
        })
    });
    let parts = is_slo.and(metadata).zip(spec);
    parts.and_then(|(metadata, spec)| one(&metadata, &spec, source)).into_iter().collect()
}

fn one(metadata: &At<'_>, spec: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut of_metadata = metadata.fields(source)?;
    let name = of_metadata.required("name", source, "the name of the SLO");
    let labels = of_metadata.optional("labels");
    of_metadata.finish(source);
    let mut fields = spec.fields(source)?;
    let description = fields.optional("description");
    let goal = fields.required("goal", source, "the required ratio, for example 0.999");
    let backend = fields.required("backend", source, "prometheus");
    let method = fields.required("method", source, "good_bad_ratio, distribution_cut or query_sli");
    let sli = fields.required("service_level_indicator", source, "what the method measures");
    let mut not_carried = NotCarried::default();
    for key in ["exporters", "frequency", "error_budget_policy"] {
        not_carried.note(fields.optional(key));
    }
    fields.finish(source);
    not_carried.warn(RUNS, source);
    backend?.parse(source, |word| match word.split('/').next() {
        Some("prometheus") => Ok(()),
        _ => Err(Complaint::new(format!("SLOs of the backend `{}` cannot be read", shown(word)), BACKEND)),
    })?;
    let (name, goal) = (name?, goal?);
    let indicator = indicator(&method?, &sli?, source)?;
    let service = labels.as_ref().and_then(|at| entry(at.node, "service_name")).unwrap_or(name.node);
    let own = labels.as_ref().map(|at| without_names(at, source));
    let own_at = own.as_ref().zip(labels.as_ref()).map(|(node, at)| At { node, path: at.path.clone(), head: at.head });
    let span = name.node.span;
    Some(
        Draft {
            span,
            name: name.text(source)?.to_owned(),
            service: service.clone(),
            labels: slo_labels(&[own_at], source),
            description: description.map(|at| at.node.clone()),
            objective: goal.node.clone(),
            windows: list(span, vec![text(span, WINDOW)]),
            timezone: None,
            calendar: None,
            indicator,
            budgeting: None,
            group_by: None,
            alerts: None,
        }
        .into_document(),
    )
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    crate::yaml::build::value(node, &[key])
}

/// The labels but those that say which SLO it is.
fn without_names(at: &At<'_>, source: &mut SourceText<'_>) -> Node {
    let entries = at.entries(source, LABELS_MAX).unwrap_or_default();
    let kept: Vec<Entry> =
        entries.iter().filter(|entry| !["service_name", "slo_name"].contains(&entry.key.as_str())).cloned().collect();
    Node { span: at.head, value: Value::Map(kept) }
}

fn indicator(method: &At<'_>, sli: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let word = method.text(source)?;
    let mut fields = sli.fields(source)?;
    let span = sli.head;
    let ratio = |keys: Vec<(&str, Option<Node>)>| map(span, vec![("ratio", Some(map(span, keys)))]);
    match word {
        "good_bad_ratio" => {
            let good = fields.required("filter_good", source, "the selector of good events");
            let (bad, valid) = (fields.optional("filter_bad"), fields.optional("filter_valid"));
            if let Some(at) = fields.optional("operators") {
                let hint = "events are counted from their samples, as `sum` of `increase` means to";
                at.warning(source, "`operators` have no effect", Some(hint.to_owned()));
            }
            if bad.is_some() == valid.is_some() {
                fields.error(source, "exactly one of `filter_bad` and `filter_valid` is needed", None);
            }
            fields.finish(source);
            let good = plain(&good?, source)?;
            let total = match (bad, valid) {
                (None, Some(valid)) => plain(&valid, source)?,
                (Some(bad), None) => list(span, vec![good.clone(), plain(&bad, source)?]),
                _ => return None,
            };
            Some(ratio(vec![("good", Some(good)), ("total", Some(total))]))
        }
        "distribution_cut" => {
            let expression = fields.required("expression", source, "the selector of the buckets");
            let threshold = fields.required("threshold_bucket", source, "the bound of a bucket, for example 0.25");
            fields.finish(source);
            let (expression, threshold) = (expression?, threshold?);
            let buckets = plain(&expression, source)?;
            let at = At { node: &buckets, path: expression.path.clone(), head: expression.head };
            let bound = threshold.text(source)?.to_owned();
            let (good, total) = at.parse(source, |text| {
                let buckets = selector(text)?;
                let base = buckets.metric.strip_suffix("_bucket").ok_or_else(|| {
                    Complaint::new("the metric is not that of buckets", "a name that ends with `_bucket`")
                })?;
                let le = Matcher::new("le", MatchOp::Equal, bound).map_err(Complaint::from)?;
                let total = buckets.derive(format!("{base}_count"), []);
                Ok((buckets.derive(buckets.metric.clone(), [le]).to_string(), total.to_string()))
            })?;
            let place = expression.node.span;
            Some(ratio(vec![("good", Some(text(place, good))), ("total", Some(text(place, total)))]))
        }
        "query_sli" => {
            let expression = fields.required("expression", source, "the ratio of good events");
            fields.finish(source);
            let expression = expression?;
            let query = expression.text(source)?.replace("[window", "[{{.window}}");
            Some(scaled(span, &text(expression.node.span, window_for(&query)), "good"))
        }
        other => {
            let hint = "good_bad_ratio, distribution_cut and query_sli are read".to_owned();
            method.error(source, format!("unknown method `{}`", shown(other)), Some(hint));
            None
        }
    }
}

/// A selector without the range that slo-generator fills in.
fn plain(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let written = at.text(source)?.trim();
    Some(text(at.node.span, written.strip_suffix("[window]").unwrap_or(written).trim()))
}
