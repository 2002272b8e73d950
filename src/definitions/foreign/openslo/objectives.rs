//! Objectives of OpenSLO, with their budgeting.

use super::version::Version;
use crate::definitions::foreign::parts::build::{percent, refuse};
use crate::definitions::foreign::parts::operators::sign;
use crate::yaml::build::{map, text};
use crate::yaml::fields::At;
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

/// One objective.
pub(super) struct Objective<'n> {
    pub at: At<'n>,
    pub name: Option<String>,
    pub target: Node,
    pub budgeting: Option<Node>,
    /// `<` and `0.5`, of a threshold metric.
    pub condition: Option<(At<'n>, &'static str, String)>,
    /// What v1alpha counts for this objective.
    pub ratio: Option<At<'n>>,
}

impl<'n> Objective<'n> {
    pub fn read(at: &At<'n>, version: Version, method: &At<'_>, source: &mut SourceText<'_>) -> Option<Objective<'n>> {
        let mut fields = at.fields(source)?;
        let name = fields.optional("displayName").and_then(|at| at.text(source)).map(str::to_owned);
        let (operator, value) = (fields.optional("op"), fields.optional("value"));
        let (target, percent_at) = (fields.optional("target"), fields.optional("targetPercent"));
        let slice_target = fields.optional("timeSliceTarget");
        let slice = fields.optional("timeSliceWindow");
        let ratio = if version == Version::V1Alpha { fields.optional("ratioMetrics") } else { None };
        for key in ["indicator", "indicatorRef", "sli", "sliRef", "compositeWeight"] {
            let hint = "write an SLO for each, and a `composite` of them in Evenkeel's format";
            refuse(&mut fields, key, hint, source);
        }
        if target.is_some() == percent_at.is_some() {
            fields.error(source, "exactly one of `target` and `targetPercent` is needed", None);
        }
        fields.finish(source);
        let target = match (target, percent_at) {
            (Some(at), None) => at.node.clone(),
            (None, Some(at)) => percent(&at, source)?,
            _ => return None,
        };
        let budgeting = budgeting(method, slice, slice_target, source)?;
        let condition = match (operator, value) {
            (Some(operator), Some(value)) => {
                let sign = sign(&operator, source)?;
                let value = value.text(source)?.to_owned();
                Some((operator, sign, value))
            }
            (Some(operator), None) => Some((operator, "", String::new())),
            (None, _) => None,
        };
        Some(Objective { at: at.clone(), name, target, budgeting, condition, ratio })
    }
}

/// `Some(None)`: events are counted.
fn budgeting(
    method: &At<'_>,
    slice: Option<At<'_>>,
    slice_target: Option<At<'_>>,
    source: &mut SourceText<'_>,
) -> Option<Option<Node>> {
    let span = method.node.span;
    let slices =
        |kind: &str, keys: Vec<(&str, Option<Node>)>| Some(Some(map(span, vec![(kind, Some(map(span, keys)))])));
    let of_slices = [(&slice, "timeSliceWindow"), (&slice_target, "timeSliceTarget")];
    let unused = |wanted: &[&str], source: &mut SourceText<'_>| {
        for (at, key) in of_slices {
            if let Some(at) = at.as_ref().filter(|_| !wanted.contains(&key)) {
                let message = format!("`{key}` has no effect with this budgeting method");
                at.warning(source, message, Some("leave it out, or use Timeslices".to_owned()));
            }
        }
    };
    let length = slice.as_ref().map_or_else(|| text(span, "1m"), |at| at.node.clone());
    match method.text(source)? {
        "Occurrences" => {
            unused(&[], source);
            Some(None)
        }
        "Timeslices" => {
            let Some(target) = &slice_target else {
                let hint = "the ratio that makes a slice good, for example `timeSliceTarget: 0.95`";
                method.error(source, "`timeSliceTarget` of the objective is missing", Some(hint.to_owned()));
                return None;
            };
            slices("timeslices", vec![("slice", Some(length)), ("target", Some(target.node.clone()))])
        }
        "RatioTimeslices" => {
            unused(&["timeSliceWindow"], source);
            slices("ratio-timeslices", vec![("slice", Some(length))])
        }
        other => {
            let message = format!("unknown budgeting method `{}`", shown(other));
            method.error(source, message, Some("Occurrences, Timeslices or RatioTimeslices".to_owned()));
            None
        }
    }
}
