//! The series of the SLOs, straight from the snapshot. Must not know formats.

use std::collections::BTreeMap;

use super::page::{LabelText, Page};
use super::{
    SLO_ALERT_FIRING, SLO_ALERT_SUPPRESSED, SLO_ATTAINMENT, SLO_ATTAINMENT_CORRECTED, SLO_ATTAINMENT_LIKELY_LOWER,
    SLO_ATTAINMENT_LIKELY_UPPER, SLO_ATTAINMENT_LOWER, SLO_ATTAINMENT_UPPER, SLO_BUDGET_REMAINING,
    SLO_BUDGET_REMAINING_CORRECTED, SLO_BUDGET_REMAINING_EVENTS, SLO_BURN_RATE, SLO_COVERAGE, SLO_ELAPSED, SLO_EVENTS,
    SLO_IDLE, SLO_INFO, SLO_OBJECTIVE, SLO_POLICY_STEP, SLO_TIME_TO_EXHAUSTION,
};
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::slo::tiers::TierVerdict;
use crate::model::slo::Slo;
use crate::model::time::Millis;

pub(super) fn write(page: &mut Page, snapshot: &Snapshot) {
    let slos: Vec<Labelled<'_>> = snapshot.slos.iter().map(Labelled::new).collect();
    page.infos(&SLO_INFO, slos.iter().map(|slo| info_labels(&slo.judgement.slo)));
    page.gauges(&SLO_OBJECTIVE, slos.iter().map(|slo| ((&slo.own, []), Some(slo.judgement.slo.objective.ratio()))));
    by_window(page, &slos);
    burn_rates(page, &slos);
    page.counters(
        &SLO_EVENTS,
        slos.iter().flat_map(|slo| {
            let counted = [("good", slo.judgement.good_since_start), ("bad", slo.judgement.bad_since_start)];
            counted.map(|(result, n)| ((&slo.own, [("result", result)]), n))
        }),
    );
    page.gauges(
        &SLO_ALERT_FIRING,
        slos.iter().flat_map(|slo| {
            slo.judgement.tiers.iter().map(|status| {
                let own = [("tier", status.tier.name.as_str()), ("severity", status.tier.severity.word())];
                ((&slo.own, own), firing(status.verdict))
            })
        }),
    );
    policy_steps(page, &slos);
    page.counters(
        &SLO_ALERT_SUPPRESSED,
        slos.iter().flat_map(|slo| {
            let tiers = slo.judgement.tiers.iter();
            tiers.map(|status| {
                let own = [("tier", status.tier.name.as_str()), ("reason", "low_traffic")];
                ((&slo.own, own), status.held_back)
            })
        }),
    );
}

fn by_window(page: &mut Page, slos: &[Labelled<'_>]) {
    let samples = |value: fn(&SloStatus) -> Option<f64>| {
        slos.iter().flat_map(move |slo| {
            let windows = slo.judgement.windows.iter().zip(&slo.windows);
            windows.map(move |(status, word)| ((&slo.own, [("window", word.as_str())]), value(status)))
        })
    };
    page.gauges(&SLO_ATTAINMENT, samples(|status| status.attainment));
    page.gauges(&SLO_ATTAINMENT_LOWER, samples(|status| status.lo));
    page.gauges(&SLO_ATTAINMENT_UPPER, samples(|status| status.hi));
    page.gauges(&SLO_ATTAINMENT_LIKELY_LOWER, samples(|status| status.likely.map(|likely| likely.lo)));
    page.gauges(&SLO_ATTAINMENT_LIKELY_UPPER, samples(|status| status.likely.map(|likely| likely.hi)));
    page.gauges(
        &SLO_ATTAINMENT_CORRECTED,
        samples(|status| status.corrected.as_ref().and_then(|corrected| corrected.attainment)),
    );
    page.gauges(&SLO_COVERAGE, samples(|status| Some(status.coverage)));
    page.gauges(&SLO_IDLE, samples(|status| Some(status.idle_ratio)));
    page.gauges(&SLO_ELAPSED, samples(|status| status.window.is_calendar().then_some(status.elapsed_ratio)));
    page.gauges(&SLO_BUDGET_REMAINING, samples(|status| status.budget.map(|budget| budget.remaining_ratio)));
    page.gauges(
        &SLO_BUDGET_REMAINING_CORRECTED,
        samples(|status| Some(status.corrected.as_ref()?.budget?.remaining_ratio)),
    );
    page.gauges(&SLO_BUDGET_REMAINING_EVENTS, samples(|status| status.budget.map(|budget| budget.remaining_events)));
    page.gauges(
        &SLO_TIME_TO_EXHAUSTION,
        samples(|status| status.budget.and_then(|budget| budget.time_to_exhaustion).map(Millis::secs_f64)),
    );
}

/// Of the first window, which policies are about.
fn policy_steps(page: &mut Page, slos: &[Labelled<'_>]) {
    let named = slos.iter().flat_map(|slo| {
        let status = slo.judgement.windows.first();
        slo.judgement.slo.budget_policy.iter().map(move |step| (slo, status, step, step.name()))
    });
    let named: Vec<_> = named.collect();
    page.gauges(
        &SLO_POLICY_STEP,
        named.iter().map(|(slo, status, step, name)| {
            let known = status.filter(|status| status.judged_budget().is_some());
            let entered = known.map(|status| status.policy_step().is_some_and(|entered| entered == *step));
            (
                (&slo.own, [("step", name.as_str()), ("owner", step.owner.as_str())]),
                entered.map(|e| f64::from(u8::from(e))),
            )
        }),
    );
}

/// Burn rates depend on the objective only, not on the window, so those of the
/// first window stand for all.
fn burn_rates(page: &mut Page, slos: &[Labelled<'_>]) {
    page.gauges(
        &SLO_BURN_RATE,
        slos.iter().flat_map(|slo| {
            let burns = slo.judgement.windows.first().into_iter().flat_map(|status| &status.burn_rates);
            burns.zip(&slo.lookbacks).map(|(burn, word)| ((&slo.own, [("lookback", word.as_str())]), burn.rate))
        }),
    );
}

/// A judgement with the words that its lines share.
struct Labelled<'a> {
    judgement: &'a SloJudgement,
    /// `slo` and `service`.
    own: LabelText,
    windows: Vec<String>,
    /// Of the burn rates of the first window.
    lookbacks: Vec<String>,
}

impl<'a> Labelled<'a> {
    fn new(judgement: &'a SloJudgement) -> Self {
        let burns = judgement.windows.first().into_iter().flat_map(|status| &status.burn_rates);
        Labelled {
            judgement,
            own: LabelText::new([("slo", judgement.slo.name.as_str()), ("service", judgement.slo.service.as_str())]),
            windows: judgement.windows.iter().map(|status| status.window.to_string()).collect(),
            lookbacks: burns.map(|burn| burn.lookback.compact()).collect(),
        }
    }
}

fn firing(verdict: TierVerdict) -> Option<f64> {
    match verdict {
        TierVerdict::Firing => Some(1.0),
        TierVerdict::Quiet | TierVerdict::HeldBack => Some(0.0),
        TierVerdict::Frozen => None,
    }
}

/// `slo`, `service` and the labels of the definition. Where a label is not
/// allowed as a label name of Prometheus it is made one with underscores; the
/// first of two that become equal stays.
fn info_labels(slo: &Slo) -> LabelText {
    let mut more: BTreeMap<String, &str> = BTreeMap::new();
    for (name, value) in slo.labels.iter() {
        more.entry(label_name(name)).or_insert(value);
    }
    let own = [("slo", slo.name.as_str()), ("service", slo.service.as_str())];
    let more = more.iter().filter(|(name, _)| *name != "slo" && *name != "service");
    LabelText::new(own.into_iter().chain(more.map(|(name, value)| (name.as_str(), *value))))
}

fn label_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    // Names that begin with two underscores are Prometheus' own.
    let plain = plain.trim_start_matches('_');
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) { plain.to_owned() } else { format!("label_{plain}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_names_are_allowed_ones() {
        for (given, written) in [
            ("team", "team"),
            ("app.kubernetes.io/name", "app_kubernetes_io_name"),
            ("__name__", "name__"),
            ("2nd", "label_2nd"),
            ("größe", "gr__e"),
            ("", "label_"),
        ] {
            assert_eq!(label_name(given), written);
        }
    }
}
