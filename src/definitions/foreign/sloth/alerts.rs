//! Alerts of Sloth: which of the two are sent, and what they carry.

use crate::definitions::foreign::parts::build::{NotCarried, switch};
use crate::definitions::foreign::parts::labels::of_alerts;
use crate::definitions::foreign::parts::tiers::{as_labels, usual};
use crate::model::slo::{AlertTier, Severity};
use crate::yaml::build::{map, text};
use crate::yaml::fields::At;
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;

const NAME: &str = "alerts are named ErrorBudgetBurn; the labels `slo`, `service` and `tier` say which one it is";

/// How the keys are written.
pub(super) struct Keys {
    pub page: &'static str,
    pub ticket: &'static str,
}

/// The alerts of an SLO that says nothing about them.
pub(super) fn all(
    at: &At<'_>,
    tiers: Vec<AlertTier>,
    promise: (&Node, &Node),
    source: &mut SourceText<'_>,
) -> Option<Node> {
    Some(map(at.head, vec![("tiers", Some(usual(at, tiers, promise, source)?))]))
}

pub(super) fn alerts(
    at: &At<'_>,
    keys: &Keys,
    tiers: Vec<AlertTier>,
    promise: (&Node, &Node),
    source: &mut SourceText<'_>,
) -> Option<Node> {
    let mut fields = at.fields(source)?;
    let mut not_carried = NotCarried::default();
    not_carried.note(fields.optional("name"));
    let labels = of_alerts(&[fields.optional("labels")], source);
    let annotations = of_alerts(&[fields.optional("annotations")], source);
    let page = OneAlert::read(fields.optional(keys.page), source);
    let ticket = OneAlert::read(fields.optional(keys.ticket), source);
    fields.finish(source);
    not_carried.warn(NAME, source);
    let of = |severity: Severity| if severity == Severity::Page { &page } else { &ticket };
    let mut wanted: Vec<AlertTier> = tiers.into_iter().filter(|tier| of(tier.severity).is_on).collect();
    for tier in &mut wanted {
        let alert = of(tier.severity);
        tier.labels = as_labels(alert.labels.as_ref());
        tier.annotations = as_labels(alert.annotations.as_ref());
    }
    let tiers = if wanted.is_empty() { text(at.head, "none") } else { usual(at, wanted, promise, source)? };
    Some(map(at.head, vec![("tiers", Some(tiers)), ("labels", labels), ("annotations", annotations)]))
}

/// The alert that pages, or the one that makes a ticket.
struct OneAlert {
    is_on: bool,
    labels: Option<Node>,
    annotations: Option<Node>,
}

impl OneAlert {
    fn read(at: Option<At<'_>>, source: &mut SourceText<'_>) -> OneAlert {
        let plain = OneAlert { is_on: true, labels: None, annotations: None };
        let Some(mut fields) = at.and_then(|at| at.fields(source)) else { return plain };
        let is_on = !switch(fields.optional("disable"), false, source);
        let (labels, annotations) = (fields.optional("labels"), fields.optional("annotations"));
        fields.finish(source);
        if !is_on {
            return OneAlert { is_on, ..plain };
        }
        OneAlert { is_on, labels: of_alerts(&[labels], source), annotations: of_alerts(&[annotations], source) }
    }
}
