//! Why nothing is known of an SLO, in words.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::evaluate::review::finding::{Finding, FindingKind, FindingSeverity};
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::status::{Method, SloState};
use crate::model::kinds::SourceKind;
use crate::model::slo::Slo;
use crate::publish::text::findings;

/// SLOs of which nothing is known, by the reason, in the order in which they come.
pub(crate) fn by_reason(slos: &[&SloJudgement], all: &[Finding]) -> Vec<(String, Vec<Arc<Slo>>)> {
    let mut own: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in all.iter().filter(|finding| finding.kind.severity() > FindingSeverity::Info) {
        let gravest = own.entry(&finding.subject).or_insert(finding);
        if finding.kind.severity() > gravest.kind.severity() {
            *gravest = finding;
        }
    }
    let is_down = |f: &&Finding| match &f.kind {
        FindingKind::SourceDown { kind, .. } => matches!(kind, SourceKind::Prometheus | SourceKind::Demo),
        _ => false,
    };
    let down: Vec<&Finding> = all.iter().filter(is_down).collect();
    let mut reasons: Vec<(String, Vec<Arc<Slo>>)> = Vec::new();
    for slo in slos {
        let reason = reason(slo, own.get(slo.slo.name.as_str()).copied(), &down);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, slos)) => slos.push(Arc::clone(&slo.slo)),
            None => reasons.push((reason, vec![Arc::clone(&slo.slo)])),
        }
    }
    reasons
}

/// Of one SLO, with what was found about it and the sources that do not answer.
fn reason(slo: &SloJudgement, own: Option<&Finding>, down: &[&Finding]) -> String {
    let Some(status) = slo.windows.first() else { return "it was not evaluated".to_owned() };
    let source = slo.slo.source.as_deref();
    if let Some(source) = down.iter().find(|finding| source.is_none_or(|name| finding.subject == name)) {
        return format!("its source `{}` does not answer", source.subject);
    }
    if status.state == SloState::Reading {
        return "its history is still being read".to_owned();
    }
    if let Some(finding) = own {
        return findings::text(finding).message;
    }
    let window = status.window;
    match status.method {
        Method::Interval => "no histogram bound equals its threshold, so only bounds are known".to_owned(),
        _ if status.coverage <= 0.0 => format!("nothing was observed in {window}"),
        _ if status.counts.total == 0 => format!("there were no events in {window}"),
        _ => format!("too little of {window} was observed"),
    }
}
