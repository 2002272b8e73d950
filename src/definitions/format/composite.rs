//! Promises that are made of others: which ones, and how. Must not know how they
//! are counted.

use std::collections::BTreeMap;

use super::ratio::objective;
use crate::model::ids::SliId;
use crate::model::slo::composite::{Combination, Component, Composite};
use crate::model::slo::objectives::Objective;
use crate::model::slo::sli::Sli;
use crate::model::slo::{Budgeting, Slo};
use crate::yaml::fields::At;
use crate::yaml::node::Value;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, dns_label, meant, shown};

/// More parts than anybody can tell apart in an outage.
const COMPONENTS_MAX: usize = 64;
/// Beyond a million to one, a component does not count at all.
const WEIGHT_MAX: f64 = 1e6;

const RULES: &str = "`allOf: [a, b]` (a minute is good while all reach their targets) or \
                     `weighted: [{slo: a, weight: 3}, {slo: b, weight: 1}]` (the mean of their ratios)";

/// Reads the mapping below `composite`. What the components count is not known
/// before all definitions are read; see `resolve`.
pub(crate) fn read_composite(field: &At<'_>, source: &mut SourceText<'_>) -> Option<Sli> {
    let mut fields = field.fields(source)?;
    let all_of = fields.optional("allOf");
    let weighted = fields.optional("weighted");
    if all_of.is_some() == weighted.is_some() {
        fields.error(source, "exactly one way to combine the components is needed", Some(RULES.to_owned()));
    }
    fields.finish(source);
    let combination = if all_of.is_some() { Combination::AllOf } else { Combination::Weighted };
    let at = all_of.xor(weighted)?;
    let before = source.errors();
    let mut components: Vec<Component> = Vec::new();
    for item in at.items(source, COMPONENTS_MAX)? {
        let Some(component) = read_component(&item, combination, source) else { continue };
        if components.iter().any(|c| c.slo == component.slo) {
            item.error(source, format!("duplicate component `{}`", component.slo), None);
        }
        components.push(component);
    }
    if source.errors() == before && components.len() < 2 {
        let hint = "a composite is made of two SLOs at least";
        at.error(source, "there is nothing to combine", Some(hint.to_owned()));
    }
    (source.errors() == before).then_some(Sli::Composite(Composite { combination, components }))
}

fn read_component(item: &At<'_>, combination: Combination, source: &mut SourceText<'_>) -> Option<Component> {
    let plain =
        |slo: String| Component { slo, indicator: SliId([0; 16]), is_estimated: false, target: None, weight: 1.0 };
    if matches!(item.node.value, Value::Text(_)) {
        return item.parse(source, dns_label).map(plain);
    }
    let mut fields = item.fields(source)?;
    let slo = fields.required("slo", source, "the name of another SLO");
    let (target, weight) = match combination {
        Combination::AllOf => (fields.optional("target"), None),
        Combination::Weighted => (None, fields.optional("weight")),
    };
    fields.finish(source);
    let target = target.map_or(Some(None), |at| at.parse(source, objective).map(Some));
    let weight = weight.map_or(Some(1.0), |at| at.parse(source, weight_of));
    let component = plain(slo?.parse(source, dns_label)?);
    Some(Component { target: target?, weight: weight?, ..component })
}

fn weight_of(text: &str) -> Result<f64, Complaint> {
    let number = text.parse::<f64>().ok().filter(|weight| *weight > 0.0 && *weight <= WEIGHT_MAX);
    number.ok_or_else(|| {
        let rule = format!("a number above 0, at most {WEIGHT_MAX}");
        Complaint::new(format!("invalid weight `{}`", shown(text)), rule)
    })
}

/// Says of each composite what its components count. Those that cannot be made
/// are taken out of the list, and said with the reason and a hint.
pub(crate) fn resolve(slos: &mut Vec<Slo>) -> Vec<(String, String, String)> {
    let mut complaints = Vec::new();
    if !slos.iter().any(|slo| matches!(slo.indicator, Sli::Composite(_))) {
        return complaints;
    }
    let known: BTreeMap<String, Known> = slos.iter().map(|slo| (slo.name.clone(), Known::of(slo))).collect();
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    slos.retain_mut(|slo| {
        let Sli::Composite(composite) = &mut slo.indicator else { return true };
        let before = complaints.len();
        for component in &mut composite.components {
            let name = component.slo.clone();
            match known.get(&name) {
                Some(Known { indicator: Some(indicator), is_estimated, target }) => {
                    component.indicator = *indicator;
                    component.is_estimated = *is_estimated;
                    if composite.combination == Combination::AllOf {
                        component.target = component.target.or(Some(*target));
                    }
                }
                Some(Known { indicator: None, .. }) => {
                    let message = format!("`{}` is made of `{name}`, which counts nothing of its own", slo.name);
                    let hint = "a composite, or an SLO with `groupBy`, cannot be part of one; name what it is made of";
                    complaints.push((slo.name.clone(), message, hint.to_owned()));
                }
                None => {
                    let message = format!("`{}` is made of the SLO `{name}`, which is not defined", slo.name);
                    complaints.push((slo.name.clone(), message, meant(&name, &names)));
                }
            }
        }
        complaints.len() == before
    });
    complaints
}

/// What a composite has to know of an SLO.
struct Known {
    /// `None` for a composite and for one that is divided into groups, which count
    /// nothing of their own.
    indicator: Option<SliId>,
    is_estimated: bool,
    /// The ratio from which a minute of it is good.
    target: Objective,
}

impl Known {
    fn of(slo: &Slo) -> Known {
        let target = match slo.budgeting {
            Budgeting::Timeslices { target, .. } => Objective::new(target).unwrap_or(slo.objective),
            Budgeting::Events | Budgeting::RatioTimeslices { .. } => slo.objective,
        };
        let counts = !matches!(slo.indicator, Sli::Composite(_)) && slo.group_by.is_none();
        Known {
            indicator: counts.then(|| slo.indicator_id()),
            is_estimated: matches!(slo.indicator, Sli::Estimated { .. }),
            target,
        }
    }
}
