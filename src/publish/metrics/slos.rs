//! The series of the SLOs, straight from the snapshot. Must not know formats.

use std::collections::BTreeMap;
use std::fmt;

use super::scrape::Page;
use super::{
    SLO_ALERT_FIRING, SLO_ATTAINMENT, SLO_ATTAINMENT_LOWER, SLO_ATTAINMENT_UPPER, SLO_BUDGET_REMAINING, SLO_BURN_RATE,
    SLO_COVERAGE, SLO_EVENTS, SLO_INFO, SLO_OBJECTIVE,
};
use crate::evaluate::snapshot::{SloJudgement, Snapshot, TierVerdict};
use crate::evaluate::status::SloStatus;
use crate::model::slo::Slo;

pub(super) fn write(page: &mut Page<'_>, snapshot: &Snapshot) -> fmt::Result {
    let slos = &snapshot.slos;
    page.infos(&SLO_INFO, slos.iter().map(|judgement| info_labels(&judgement.slo)))?;
    page.gauges(&SLO_OBJECTIVE, slos.iter().map(|j| (labels(&j.slo), Some(j.slo.objective.ratio()))))?;

    let words: Vec<Vec<String>> = slos.iter().map(window_words).collect();
    let by_window = |value: fn(&SloStatus) -> Option<f64>| {
        slos.iter().zip(&words).flat_map(move |(judgement, words)| {
            let [slo, service] = labels(&judgement.slo);
            let windows = judgement.windows.iter().zip(words);
            windows.map(move |(status, word)| ([slo, service, ("window", word.as_str())], value(status)))
        })
    };
    page.gauges(&SLO_ATTAINMENT, by_window(|status| status.attainment))?;
    page.gauges(&SLO_ATTAINMENT_LOWER, by_window(|status| status.lo))?;
    page.gauges(&SLO_ATTAINMENT_UPPER, by_window(|status| status.hi))?;
    page.gauges(&SLO_COVERAGE, by_window(|status| Some(status.coverage)))?;
    page.gauges(&SLO_BUDGET_REMAINING, by_window(|status| status.budget.map(|budget| budget.remaining_ratio)))?;
    burn_rates(page, slos)?;

    page.counters(
        &SLO_EVENTS,
        slos.iter().flat_map(|judgement| {
            let [slo, service] = labels(&judgement.slo);
            let counted = [("good", judgement.good_since_start), ("bad", judgement.bad_since_start)];
            counted.map(|(result, n)| ([slo, service, ("result", result)], n))
        }),
    )?;
    page.gauges(
        &SLO_ALERT_FIRING,
        slos.iter().flat_map(|judgement| {
            let [slo, service] = labels(&judgement.slo);
            judgement.tiers.iter().map(move |status| {
                let tier = ("tier", status.tier.name.as_str());
                ([slo, service, tier, ("severity", status.tier.severity.word())], firing(status.verdict))
            })
        }),
    )
}

/// Burn rates depend on the objective only, not on the window, so those of the
/// first window stand for all.
fn burn_rates(page: &mut Page<'_>, slos: &[SloJudgement]) -> fmt::Result {
    let first: Vec<&SloStatus> = slos.iter().filter_map(|judgement| judgement.windows.first()).collect();
    let words = |status: &&SloStatus| status.burn_rates.iter().map(|burn| burn.lookback.compact()).collect();
    let lookbacks: Vec<Vec<String>> = first.iter().map(words).collect();
    page.gauges(
        &SLO_BURN_RATE,
        first.iter().zip(&lookbacks).flat_map(|(status, lookbacks)| {
            let [slo, service] = labels(&status.slo);
            let burns = status.burn_rates.iter().zip(lookbacks);
            burns.map(move |(burn, lookback)| ([slo, service, ("lookback", lookback.as_str())], burn.rate))
        }),
    )
}

fn firing(verdict: TierVerdict) -> Option<f64> {
    match verdict {
        TierVerdict::Firing => Some(1.0),
        TierVerdict::Quiet | TierVerdict::HeldBack => Some(0.0),
        TierVerdict::Frozen => None,
    }
}

fn labels(slo: &Slo) -> [(&str, &str); 2] {
    [("slo", &slo.name), ("service", &slo.service)]
}

fn window_words(judgement: &SloJudgement) -> Vec<String> {
    judgement.windows.iter().map(|status| status.window.to_string()).collect()
}

/// `slo`, `service` and the labels of the definition. Where a label is not
/// allowed as a label name of Prometheus it is made one with underscores; the
/// first of two that become equal stays.
fn info_labels(slo: &Slo) -> Vec<(String, &str)> {
    let mut all: BTreeMap<String, &str> = BTreeMap::new();
    for (name, value) in slo.labels.iter() {
        all.entry(label_name(name)).or_insert(value);
    }
    let own = [("slo".to_owned(), slo.name.as_str()), ("service".to_owned(), slo.service.as_str())];
    own.into_iter().chain(all.into_iter().filter(|(name, _)| name != "slo" && name != "service")).collect()
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
