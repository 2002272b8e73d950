//! Definitions of OpenSLO v1: SLOs with ratio or threshold metrics of Prometheus.
//! An SLI that an SLO refers to must be in the same file.

use super::build::{Draft, NotCarried, expression, list, map, text};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::source::SourceText;

const OBJECTIVES_MAX: usize = 32;
const LABELS_MAX: usize = 64;

const ALERTS: &str = "alert policies are not carried over: SLOs get the standard burn-rate tiers; write the SLO in Evenkeel's \
                      format to choose others";
const QUERY: &str = "only queries of Prometheus are read: `metricSource: {type: Prometheus, spec: {query: ...}}`";

/// Kinds that need nothing here.
const UNUSED: [&str; 5] = ["DataSource", "Service", "AlertPolicy", "AlertCondition", "AlertNotificationTarget"];

/// The SLOs of a document; `others` are all documents of the file.
pub(super) fn document(mut fields: Fields<'_>, others: &[Node], source: &mut SourceText<'_>) -> Vec<Node> {
    fields.optional("apiVersion");
    let kind = fields.required("kind", source, "for example `kind: SLO`");
    let Some(kind) = kind else { return Vec::new() };
    let word = kind.text(source).unwrap_or_default();
    if word != "SLO" {
        if UNUSED.contains(&word) {
            kind.warning(source, format!("a document of the kind `{word}` has no effect"), Some(ALERTS.to_owned()));
        } else if word != "SLI" {
            kind.error(source, format!("unknown kind `{word}`"), Some("`SLO` and `SLI` are read".to_owned()));
        }
        return Vec::new();
    }
    let metadata = fields.required("metadata", source, "a mapping with `name`");
    let spec = fields.required("spec", source, "a mapping with `service`, `indicator` and `objectives`");
    fields.finish(source);
    let Some((metadata, spec)) = metadata.zip(spec) else { return Vec::new() };
    slos(&metadata, &spec, others, source).unwrap_or_default()
}

fn slos(metadata: &At<'_>, spec: &At<'_>, others: &[Node], source: &mut SourceText<'_>) -> Option<Vec<Node>> {
    let mut of_metadata = metadata.fields(source)?;
    let name = of_metadata.required("name", source, "the name of the SLO");
    // What is shown instead of the name, and notes for other tools.
    of_metadata.optional("displayName");
    of_metadata.optional("annotations");
    let labels = of_metadata.optional("labels").and_then(|at| single_labels(&at, source));
    of_metadata.finish(source);
    let mut fields = spec.fields(source)?;
    let description = fields.optional("description");
    let service = fields.required("service", source, "the service that the SLO is about");
    let inline = fields.optional("indicator");
    let reference = fields.optional("indicatorRef");
    let window = fields.required("timeWindow", source, "a list of one window");
    let budgeting = fields.required("budgetingMethod", source, "Occurrences, Timeslices or RatioTimeslices");
    let objectives = fields.required("objectives", source, "a list of objectives");
    let mut not_carried = NotCarried::default();
    not_carried.note(fields.optional("alertPolicies"));
    fields.finish(source);
    not_carried.warn(ALERTS, source);
    let sli = sli(inline, reference, others, source);
    let (name, service, sli) = (name?, service?, sli?);
    let (windows, timezone) = windows(&window?, source)?;
    let (budgeting, objectives) = (budgeting?, objectives?.items(source, OBJECTIVES_MAX)?);
    let several = objectives.len() > 1;
    let mut all = Vec::new();
    for (i, objective) in objectives.iter().enumerate() {
        let read = Objective::read(objective, &budgeting, source)?;
        let suffix = read.name.clone().unwrap_or_else(|| (i + 1).to_string());
        let own = if several { format!("{}-{suffix}", name.text(source)?) } else { name.text(source)?.to_owned() };
        let draft = Draft {
            span: name.node.span,
            name: own,
            service: service.node.clone(),
            labels: labels.clone(),
            description: description.as_ref().map(|at| at.node.clone()),
            objective: read.target,
            windows: windows.clone(),
            timezone: timezone.clone(),
            indicator: indicator(&sli, read.condition, source)?,
            budgeting: read.budgeting,
            group_by: None,
            alerts: None,
        };
        all.push(draft.into_document());
    }
    Some(all)
}

/// Labels with one value each.
fn single_labels(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut kept = Vec::new();
    for entry in at.entries(source, LABELS_MAX)? {
        let value = match &entry.value.value {
            Value::List(values) if values.len() == 1 => values.first().cloned(),
            Value::Text(_) => Some(entry.value.clone()),
            _ => None,
        };
        match value {
            Some(value) => kept.push(Entry { value, ..entry.clone() }),
            None => {
                let message = format!("the label `{}` has several values and is not carried over", entry.key);
                at.entry(entry).warning(source, message, Some("a label has one value here".to_owned()));
            }
        }
    }
    Some(Node { span: at.head, value: Value::Map(kept) })
}

/// The `spec` of the SLI.
fn sli<'n>(
    inline: Option<At<'n>>,
    reference: Option<At<'n>>,
    others: &'n [Node],
    source: &mut SourceText<'_>,
) -> Option<At<'n>> {
    if let Some(inline) = inline {
        let mut fields = inline.fields(source)?;
        fields.optional("metadata");
        let spec = fields.required("spec", source, "`ratioMetric` or `thresholdMetric`");
        fields.finish(source);
        return spec;
    }
    let reference = reference?;
    let wanted = reference.text(source)?;
    let found = others.iter().find_map(|node| {
        let root = At::root(node);
        let is = |path: &[&str], word: &str| value(node, path).is_some_and(|n| n.value == Value::Text(word.to_owned()));
        if !is(&["kind"], "SLI") || !is(&["metadata", "name"], wanted) {
            return None;
        }
        value(node, &["spec"]).map(|spec| At { node: spec, path: "spec".to_owned(), head: root.head })
    });
    if found.is_none() {
        let hint = "put the SLI into the same file, or write it as `indicator` of the SLO";
        reference.error(source, format!("SLI `{wanted}` not found in this file"), Some(hint.to_owned()));
    }
    found
}

fn value<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.value),
        _ => None,
    })
}

/// One objective.
struct Objective {
    name: Option<String>,
    target: Node,
    budgeting: Option<Node>,
    /// `< 0.5`, of a threshold metric.
    condition: Option<Node>,
}

impl Objective {
    fn read(at: &At<'_>, method: &At<'_>, source: &mut SourceText<'_>) -> Option<Objective> {
        let mut fields = at.fields(source)?;
        let name = fields.optional("displayName").and_then(|at| at.text(source)).map(str::to_owned);
        let (operator, value) = (fields.optional("op"), fields.optional("value"));
        let (target, percent) = (fields.optional("target"), fields.optional("targetPercent"));
        let slice_target = fields.optional("timeSliceTarget");
        let slice = fields.optional("timeSliceWindow");
        for key in ["indicator", "indicatorRef", "compositeWeight"] {
            let hint = "write an SLO for each, and a `composite` of them in Evenkeel's format";
            super::build::refuse(&mut fields, key, hint, source);
        }
        if target.is_some() == percent.is_some() {
            fields.error(source, "exactly one of `target` and `targetPercent` is needed", None);
        }
        fields.finish(source);
        let target = match (target, percent) {
            (Some(target), None) => target.node.clone(),
            (None, Some(percent)) => super::build::percent(&percent, source)?,
            _ => return None,
        };
        let length = |at: Option<At<'_>>| at.map_or_else(|| text(method.node.span, "1m"), |at| at.node.clone());
        let slices = |kind: &str, keys: Vec<(&str, Option<Node>)>| {
            map(method.node.span, vec![(kind, Some(map(method.node.span, keys)))])
        };
        let budgeting = match method.text(source)? {
            "Occurrences" => None,
            "Timeslices" => {
                let keys = vec![("slice", Some(length(slice))), ("target", slice_target.map(|at| at.node.clone()))];
                Some(slices("timeslices", keys))
            }
            "RatioTimeslices" => Some(slices("ratio-timeslices", vec![("slice", Some(length(slice)))])),
            other => {
                let message = format!("unknown budgeting method `{other}`");
                method.error(source, message, Some("Occurrences, Timeslices or RatioTimeslices".to_owned()));
                return None;
            }
        };
        let condition = match (operator, value) {
            (Some(operator), Some(value)) => {
                let sign = match operator.text(source)? {
                    "lte" => "<=",
                    "lt" => "<",
                    "gte" => ">=",
                    "gt" => ">",
                    other => {
                        let hint = "lte, lt, gte or gt".to_owned();
                        operator.error(source, format!("unknown operator `{other}`"), Some(hint));
                        return None;
                    }
                };
                Some(text(operator.node.span, format!("{sign} {}", value.text(source)?)))
            }
            _ => None,
        };
        Some(Objective { name, target, budgeting, condition })
    }
}

fn indicator(spec: &At<'_>, condition: Option<Node>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = spec.fields(source)?;
    fields.optional("description");
    let (threshold, ratio) = (fields.optional("thresholdMetric"), fields.optional("ratioMetric"));
    fields.finish(source);
    let of = |kind: &str, keys: Vec<(&str, Option<Node>)>| map(spec.head, vec![(kind, Some(map(spec.head, keys)))]);
    if let Some(threshold) = threshold {
        let Some(condition) = condition else {
            threshold.error(source, "the objective has no `op` and `value`", None);
            return None;
        };
        return Some(of("gauge", vec![("metric", Some(query(&threshold, source)?)), ("good", Some(condition))]));
    }
    let ratio = ratio?;
    let mut fields = ratio.fields(source)?;
    let counter = fields.optional("counter");
    let is_counter = counter.as_ref().and_then(|at| at.text(source)) == Some("true");
    let (good, bad) = (fields.optional("good"), fields.optional("bad"));
    let total = fields.optional("total");
    let (raw, raw_type) = (fields.optional("raw"), fields.optional("rawType"));
    fields.finish(source);
    if let Some(raw) = raw {
        let is_bad = raw_type.and_then(|at| at.text(source)) == Some("failure");
        let side = if is_bad { "bad" } else { "good" };
        return Some(of("rawRatio", vec![(side, Some(query(&raw, source)?))]));
    }
    let side = if bad.is_some() { "bad" } else { "good" };
    let (part, total) = (good.or(bad), total);
    if part.is_none() || total.is_none() {
        ratio.error(source, "`total` and one of `good` and `bad` are needed", None);
    }
    let (part, total) = (query(&part?, source)?, query(&total?, source)?);
    let plain = |node: &Node| matches!(&node.value, Value::Text(text) if !text.contains('('));
    match (plain(&part) && plain(&total), is_counter) {
        (true, true) => Some(of("ratio", vec![(side, Some(part)), ("total", Some(total))])),
        // The sum of what a gauge shows is the number of events of the minute.
        (true, false) => {
            let summed = |node: Node| match &node.value {
                Value::Text(selector) => text(node.span, format!("sum({selector})")),
                _ => node,
            };
            Some(of("promql", vec![(side, Some(summed(part))), ("total", Some(summed(total)))]))
        }
        (false, _) => {
            let is_rate = |node: &Node| matches!(&node.value, Value::Text(text) if text.contains('['));
            if is_counter && !(is_rate(&part) && is_rate(&total)) {
                let hint = "write a plain selector of the counter, or `sum(rate(...[5m]))`";
                let message = "a counter must be wrapped in `rate` or `increase`";
                counter.unwrap_or(ratio).error(source, message, Some(hint.to_owned()));
                return None;
            }
            Some(of("promql", vec![(side, Some(part)), ("total", Some(total))]))
        }
    }
}

/// The query of a metric.
fn query(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let metric = fields.required("metricSource", source, QUERY);
    fields.finish(source);
    let mut fields = metric?.fields(source)?;
    fields.optional("metricSourceRef");
    let kind = fields.optional("type");
    let spec = fields.required("spec", source, QUERY);
    fields.finish(source);
    if let Some(kind) = kind
        && let Some(word) = kind.text(source)
        && !["prometheus", "thanos", "mimir", "cortex", "victoriametrics"].contains(&word.to_lowercase().as_str())
    {
        kind.error(source, format!("queries of `{word}` cannot be read"), Some(QUERY.to_owned()));
        return None;
    }
    let mut fields = spec?.fields(source)?;
    let query = fields.required("query", source, QUERY);
    fields.finish(source);
    expression(&query?, source)
}

/// The windows, and the time zone of a calendar.
fn windows(at: &At<'_>, source: &mut SourceText<'_>) -> Option<(Node, Option<Node>)> {
    let items = at.items(source, 1)?;
    let mut fields = items.first()?.fields(source)?;
    let duration = fields.required("duration", source, "for example 4w");
    let rolling = fields.optional("isRolling");
    let calendar = fields.optional("calendar");
    fields.finish(source);
    let duration = duration?;
    let (span, written) = (duration.node.span, duration.text(source)?);
    let one = |window: &str| list(span, vec![text(span, window)]);
    if rolling.and_then(|at| at.text(source)) != Some("false") {
        let days = written.strip_suffix('M').map(|n| (n, 30)).or_else(|| written.strip_suffix('Q').map(|n| (n, 90)));
        let days = days.or_else(|| written.strip_suffix('Y').map(|n| (n, 365)));
        return Some(match days.and_then(|(n, days)| Some(n.parse::<u32>().ok()? * days)) {
            Some(days) => (one(&format!("{days}d")), None),
            None => (one(written), None),
        });
    }
    let window = match written {
        "1w" => "week",
        "1M" => "month",
        "1Q" => "quarter",
        "1Y" => "year",
        _ => {
            let hint = "1w, 1M, 1Q or 1Y with a calendar; other lengths with `isRolling: true`";
            duration.error(source, format!("a calendar window of `{written}` is not supported"), Some(hint.to_owned()));
            return None;
        }
    };
    let mut fields = calendar?.fields(source)?;
    let start = fields.required("startTime", source, "for example 2026-01-01 00:00:00");
    let zone = fields.optional("timeZone");
    fields.finish(source);
    let start = start?;
    let begins = start.text(source)?;
    let at_midnight = begins.get(10..).is_none_or(|time| time.trim_start_matches(['T', ' ']).starts_with("00:00"));
    let on_first = window == "week" || begins.get(8..10) == Some("01");
    if !at_midnight || !on_first {
        let hint = "calendar windows begin at midnight on the first day of the week, month, quarter or year";
        start.error(source, format!("a window that starts at `{begins}` is not supported"), Some(hint.to_owned()));
        return None;
    }
    Some((one(window), zone.map(|at| at.node.clone())))
}
