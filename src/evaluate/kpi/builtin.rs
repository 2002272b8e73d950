//! The figures that are computed here, from the review of a period. Without a selector they
//! are those of the review.

use super::attainment::attainment;
use super::changes::{change_failure_rate, deployment_success};
use super::recurrence::{EarlierIncident, LookBack, recurrence};
use super::value::{KpiGap, KpiValue};
use crate::evaluate::alerting::noise::band::Band;
use crate::evaluate::alerting::page_class::PageReason;
use crate::evaluate::incident::durations::{DurationStat, Durations, durations};
use crate::evaluate::review::result::Review;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::statistics::shares::Share;
use crate::model::kpi::source::BuiltinKpi;
use crate::model::kpi::{Kpi, KpiPlace};
use crate::model::operations::change::Change;
use crate::model::operations::incident::Incident;
use crate::model::time::{Period, Timestamp};

/// What is known of a period.
#[derive(Clone, Copy, Debug)]
pub struct PeriodFacts<'a> {
    pub period: Period,
    /// The end of what has passed of it.
    pub as_of: Timestamp,
    pub review: &'a Review,
    /// Each SLO over the period.
    pub slos: &'a [SloStatus],
    /// That began in the period, with what was rolled back marked as failed.
    pub changes: &'a [Change],
    /// The same, each with the outcome that it had by itself.
    pub own_outcomes: &'a [Change],
    /// Incidents from before the period.
    pub earlier: &'a [EarlierIncident],
    /// Since when incidents are known without a hole.
    pub incidents_known_since: Option<Timestamp>,
}

impl PeriodFacts<'_> {
    fn elapsed(&self) -> Period {
        Period::new(self.period.start, self.as_of.max(self.period.start))
    }

    /// The share of the elapsed time of which alerts and counts are known.
    fn coverage(&self) -> Option<f64> {
        let elapsed = self.elapsed();
        let since = self.review.known_since.unwrap_or(elapsed.end).max(elapsed.start);
        let known = Period::new(since.min(elapsed.end), elapsed.end).length().secs_f64();
        (elapsed.length().0 > 0).then(|| known / elapsed.length().secs_f64())
    }
}

/// The value of a built-in KPI.
pub fn builtin_value(builtin: BuiltinKpi, kpi: &Kpi, facts: &PeriodFacts<'_>) -> KpiValue {
    if builtin == BuiltinKpi::SloAttainment {
        let selected = Selected::of(kpi, facts.slos.iter(), |status| KpiPlace {
            cluster: status.slo.labels.get("cluster"),
            namespace: status.slo.labels.get("namespace"),
            service: Some(&status.slo.service),
            team: status.slo.labels.get("team"),
        });
        return selected.noted(attainment(&selected.kept));
    }
    let value = match builtin {
        BuiltinKpi::AlertNoise => noise(kpi, facts),
        BuiltinKpi::RunbookCoverage => runbooks(facts),
        BuiltinKpi::ChangeFailureRate | BuiltinKpi::DeploymentSuccess => changes(builtin, kpi, facts),
        _ => of_incidents(builtin, kpi, facts),
    };
    let coverage = facts.coverage();
    if value.value.is_none() && coverage.is_none_or(|share| share <= 0.0) {
        return KpiValue::unknown(KpiGap::NotObserved).covering(coverage);
    }
    value.covering(coverage)
}

/// What a definition is about.
struct Selected<'a, T> {
    kept: Vec<&'a T>,
    /// Left out by `exclude`.
    left_out: usize,
}

impl<'a, T> Selected<'a, T> {
    fn of(kpi: &Kpi, all: impl Iterator<Item = &'a T>, place: impl Fn(&'a T) -> KpiPlace<'a>) -> Selected<'a, T> {
        let selected: Vec<&T> = all.filter(|one| kpi.selector.selects(&place(one))).collect();
        let (left_out, kept): (Vec<&T>, Vec<&T>) =
            selected.into_iter().partition(|one| kpi.exclusions.names(&place(one)));
        Selected { kept, left_out: left_out.len() }
    }

    fn noted(&self, mut value: KpiValue) -> KpiValue {
        value.exclude("excluded by the definition", self.left_out);
        value
    }
}

fn of_incidents(builtin: BuiltinKpi, kpi: &Kpi, facts: &PeriodFacts<'_>) -> KpiValue {
    let selected = Selected::of(kpi, facts.review.incidents.iter(), |incident| KpiPlace {
        cluster: incident.cluster.as_deref(),
        namespace: incident.namespace.as_deref(),
        service: Some(&incident.service),
        team: incident.team.as_deref(),
    });
    let incidents = &selected.kept;
    let began = incidents.iter().filter(|i| i.start().is_some_and(|at| facts.elapsed().contains(at)));
    let n = began.clone().count();
    let now = facts.review.as_of.unwrap_or(facts.as_of);
    let durations = durations(incidents.iter().copied(), facts.elapsed(), now);
    let value = match builtin {
        BuiltinKpi::TimeToAcknowledge => acknowledge(&durations, n),
        BuiltinKpi::TimeToDetect => {
            let mut value = of_stat(&durations.detect, n, "onset not known");
            let unseen = began.filter(|incident| !incident.detected).count();
            value.details.push(("undetected_incidents_ratio", (n > 0).then(|| unseen as f64 / n as f64)));
            value
        }
        BuiltinKpi::TimeToRestore => restore(&durations, n),
        _ => {
            let period = facts.elapsed();
            let known_since = facts.incidents_known_since;
            recurrence(incidents, LookBack { period, earlier: facts.earlier, known_since })
        }
    };
    selected.noted(value)
}

/// The median of what was measured, of n incidents.
fn of_stat(stat: &DurationStat, n: usize, reason: &'static str) -> KpiValue {
    let mut value = KpiValue::of_durations(stat);
    value.exclude(reason, n.saturating_sub(stat.n + stat.censored + stat.contradictory));
    // There were incidents, but nothing says how long they took.
    if value.gap == Some(KpiGap::NothingHappened) && n > 0 {
        value.gap = Some(KpiGap::NotConnected);
    }
    value
}

fn acknowledge(durations: &Durations, n: usize) -> KpiValue {
    let stat = &durations.acknowledge;
    let mut value = of_stat(stat, n, "not acknowledged");
    let within = |minutes: i64| {
        let limit = crate::model::time::Millis::from_mins(minutes);
        let soon = stat.values.iter().filter(|length| **length <= limit).count();
        (stat.n > 0).then(|| soon as f64 / stat.n as f64)
    };
    value.details.push(("within_5_minutes_ratio", within(5)));
    value.details.push(("within_15_minutes_ratio", within(15)));
    value
}

fn restore(durations: &Durations, n: usize) -> KpiValue {
    let mut value = of_stat(&durations.restore, n, "end not known");
    let resolve = &durations.resolve;
    value.details.push(("resolve_median_seconds", resolve.median.map(crate::model::time::Millis::secs_f64)));
    value
}

fn changes(builtin: BuiltinKpi, kpi: &Kpi, facts: &PeriodFacts<'_>) -> KpiValue {
    let began = |change: &&Change| facts.elapsed().contains(change.started_at);
    if builtin == BuiltinKpi::DeploymentSuccess {
        let selected = Selected::of(kpi, facts.own_outcomes.iter().filter(began), place_of_change);
        return selected.noted(deployment_success(&selected.kept));
    }
    let selected = Selected::of(kpi, facts.changes.iter().filter(began), place_of_change);
    let incidents: Vec<&Incident> = facts.review.incidents.iter().collect();
    selected.noted(change_failure_rate(&selected.kept, &incidents))
}

fn place_of_change(change: &Change) -> KpiPlace<'_> {
    let (namespace, service) = (Some(change.object.namespace.as_str()), Some(change.service.as_str()));
    KpiPlace { namespace, service, ..KpiPlace::default() }
}

/// The certain part of the noise, with bounds up to where every undetermined page is noise.
fn noise(kpi: &Kpi, facts: &PeriodFacts<'_>) -> KpiValue {
    let selected = Selected::of(kpi, facts.review.noise.page_reasons.iter(), |page: &PageReason| KpiPlace {
        service: page.service.as_deref(),
        team: page.team.as_deref(),
        ..KpiPlace::default()
    });
    let band = Band::of(selected.kept.iter().copied());
    let interval = band.interval();
    let mut value = KpiValue {
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
        is_bounded: true,
        details: vec![("noise_upper_ratio", band.share(band.noise + band.unknown))],
        ..KpiValue::of_share(Share { k: band.noise, n: band.pages })
    };
    value.exclude("planned", selected.kept.len() - band.pages);
    selected.noted(value)
}

/// Paging rules with a runbook, at the end of the period: a count, not a sample.
fn runbooks(facts: &PeriodFacts<'_>) -> KpiValue {
    let upkeep = &facts.review.upkeep;
    let share = upkeep.with_runbook;
    let Some(ratio) = share.ratio() else {
        // A source lists rules, none of which pages.
        let gap = if upkeep.rules.is_some() { KpiGap::NothingHappened } else { KpiGap::NotConnected };
        return KpiValue::unknown(gap);
    };
    KpiValue {
        numerator: Some(share.k as f64),
        denominator: Some(share.n as f64),
        details: vec![("page_weighted_ratio", upkeep.pages_with_runbook.ratio())],
        ..KpiValue::counted(ratio, share.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::incident::external_records::{all_changes, joined_changes};
    use crate::evaluate::review::restatements::headline;
    use crate::evaluate::scenario::{TextScenario, minute};
    use crate::model::testing::kpi;
    use crate::model::time::Millis;

    const MONTH: &str = "
        slo      web     .*30 5*20      .*200 5*30 .*120
        slo      db      .*300 x*15     .*85
        page     Web web .*33 F*17      .*203 F*27 .*120
        page     Odd -   .*100 F*3      .*297
        says     web PD1 .*34 I.A .*14 E .*348
        rollout  web     .*20 RR        .*378
        rollback web     .*60 RR        .*338
        rollout  db      .*120 RR       .*278
    ";

    fn with_facts<T>(text: &str, then: impl FnOnce(&PeriodFacts<'_>) -> T) -> T {
        let scenario = TextScenario::new(text);
        let review = scenario.review();
        let marked = all_changes(scenario.changes.clone(), &scenario.records);
        let own = joined_changes(scenario.changes.clone(), &scenario.records);
        let end = minute(scenario.length);
        then(&PeriodFacts {
            period: Period::new(minute(0), end),
            as_of: end,
            review: &review,
            slos: &[],
            changes: &marked,
            own_outcomes: &own,
            earlier: &[],
            incidents_known_since: Some(minute(0) - Millis::from_days(31)),
        })
    }

    /// The figures that the monthly review publishes are those of the scorecard.
    #[test]
    fn the_scorecard_says_what_the_review_says() {
        with_facts(MONTH, |facts| {
            let (review, kpi) = (facts.review, kpi("any"));
            let value = |builtin| builtin_value(builtin, &kpi, facts);
            let figures = headline(review, &[], facts.period);
            let figure = |name: &str| figures.iter().find(|(one, _)| one == name).and_then(|(_, v)| *v);
            assert!(figure("restore_median_seconds").is_some() && figure("acknowledge_median_seconds").is_some());
            assert_eq!(value(BuiltinKpi::TimeToRestore).value, figure("restore_median_seconds"));
            assert_eq!(value(BuiltinKpi::TimeToDetect).value, figure("detect_median_seconds"));
            assert_eq!(value(BuiltinKpi::TimeToAcknowledge).value, figure("acknowledge_median_seconds"));
            let noise = value(BuiltinKpi::AlertNoise);
            assert_eq!((noise.value, noise.details[0].1), (review.noise.lower, review.noise.upper));
            assert_eq!((noise.n, noise.low.zip(noise.high)), (review.noise.pages, review.noise.interval));
            let failures = value(BuiltinKpi::ChangeFailureRate);
            assert_eq!((failures.value, failures.n), (review.deployments.failed.ratio(), review.deployments.failed.n));
            assert!(failures.value.is_some_and(|ratio| ratio > 0.0));
        });
    }

    #[test]
    fn a_selector_picks_a_service_and_an_exclusion_is_counted() {
        with_facts(MONTH, |facts| {
            let mut kpi = kpi("restore");
            kpi.selector.services = vec!["web".to_owned(), "db".to_owned()];
            let of = |kpi: &Kpi| builtin_value(BuiltinKpi::TimeToRestore, kpi, facts);
            let all = of(&kpi);
            kpi.exclusions.services = vec!["db".to_owned()];
            let web = of(&kpi);
            assert_eq!((all.n, web.n), (3, 2));
            assert_eq!(web.excluded["excluded by the definition"], 1);
            kpi.selector.teams = vec!["shop".to_owned()];
            assert_eq!(of(&kpi).gap, Some(KpiGap::NothingHappened), "no incident names a team");
        });
    }

    #[test]
    fn what_is_not_connected_is_unknown() {
        with_facts("slo web .*30 5*20 .*50", |facts| {
            let kpi = kpi("any");
            let gap = |builtin| builtin_value(builtin, &kpi, facts).gap;
            assert_eq!(gap(BuiltinKpi::TimeToAcknowledge), Some(KpiGap::NotConnected), "an incident, no answer");
            assert_eq!(gap(BuiltinKpi::ChangeFailureRate), Some(KpiGap::NotConnected));
            assert_eq!(gap(BuiltinKpi::RunbookCoverage), Some(KpiGap::NotConnected));
            assert_eq!(gap(BuiltinKpi::AlertNoise), Some(KpiGap::NothingHappened));
            assert_eq!(builtin_value(BuiltinKpi::TimeToRestore, &kpi, facts).value, Some(1_200.0));
        });
    }
}
