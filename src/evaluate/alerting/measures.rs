//! Alert noise as others measure it: the definitions that tools and books use,
//! side by side, each with its count. None of them is the noise ratio; each has
//! a weak point that its text names. Must not know how a page was judged.

use std::collections::{BTreeMap, HashMap};

use super::alerts::{Alerts, Row};
use super::pages::without_gaps;
use super::rules::RuleScores;
use super::upkeep::Upkeep;
use crate::evaluate::alerting::evidence::{EvidenceKind, score};
use crate::evaluate::alerting::noise::result::Noise;
use crate::evaluate::alerting::page_class::{PageClass, PageReason};
use crate::evaluate::statistics::shares::Share;
use crate::model::operations::alert::Mark;
use crate::model::operations::incident::Incident;
use crate::model::operations::record::{Record, RecordKind};
use crate::model::slo::Severity;
use crate::model::time::periods::joined;
use crate::model::time::{Millis, Period, Timestamp};

/// A rule that stops firing so soon is short-lived.
const SHORT_MAX: Millis = Millis::from_mins(5);
/// An alert that fires again within this time had not been mended.
const REFIRE_WITHIN: Millis = Millis::from_hours(24);
/// A rule that fires for more than this share of the time always fires.
const ALWAYS_RATIO: f64 = 0.5;

/// One definition and what it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// `no-action`, unique.
    pub name: &'static str,
    /// What is divided by what, and the weak point.
    pub about: &'static str,
    /// A share, 0..=1, except for `interruptions-per-shift`; absent where it
    /// cannot be known.
    pub value: Option<f64>,
    /// Counts behind a share.
    pub share: Option<Share>,
}

/// What measures are made of.
#[derive(Clone, Copy, Debug)]
pub struct MeasureInputs<'a> {
    /// The part of the period of which anything is known.
    pub known: Period,
    pub alerts: &'a Alerts,
    pub incidents: &'a [Incident],
    pub noise: &'a Noise,
    pub scores: &'a RuleScores,
    pub upkeep: &'a Upkeep,
    /// Whether anything that people do was seen at all.
    pub sees_actions: bool,
    pub sees_acknowledgements: bool,
    /// What outside systems said.
    pub records: &'a [Record],
}

/// All measures, in a fixed order.
pub fn measures(inputs: &MeasureInputs<'_>) -> Vec<Measure> {
    let pages: Vec<&PageReason> =
        inputs.noise.page_reasons.iter().filter(|page| page.class != PageClass::Planned).collect();
    let of_pages = |wanted: &dyn Fn(&PageReason) -> bool| Share {
        k: pages.iter().filter(|page| wanted(page)).count(),
        n: pages.len(),
    };
    let fired: Vec<&Row> =
        inputs.alerts.rows().iter().filter(|row| row.firing().is_some_and(|at| inputs.known.contains(at))).collect();
    let idle = |page: &PageReason| score(&page.evidence) == 0.0;
    let unanswered = |page: &PageReason| {
        !page
            .evidence
            .iter()
            .any(|e| e.weight > 0.0 && matches!(e.kind, EvidenceKind::Acknowledgement | EvidenceKind::Silence))
    };
    let precision = inputs.scores.all.precision;
    let no_burn = Share { k: precision.n - precision.k, n: precision.n };
    let upkeep = inputs.upkeep;
    let stale = Share { k: upkeep.stale_silences.len(), n: upkeep.silences };
    let dead = upkeep.rules.filter(|_| !upkeep.is_too_early()).map(|n| Share { k: upkeep.never_fired.len(), n });
    let share = |name, about, share: Option<Share>| Measure { name, about, value: share.and_then(Share::ratio), share };
    let value = |name, about, value| Measure { name, about, value, share: None };
    vec![
        share(
            "no-action",
            "pages that nobody acted on / pages; not every action leaves a trace",
            Some(of_pages(&idle)).filter(|_| inputs.sees_actions),
        ),
        share(
            "not-acknowledged",
            "pages without an acknowledgement or a short silence / pages; acknowledging everything games it",
            Some(of_pages(&unanswered)).filter(|_| inputs.sees_acknowledgements),
        ),
        share(
            "auto-resolved",
            "incidents that automation closed in the reporting tool / incidents whose closer it names; an incident that recovers without action is not noise",
            Some(auto_resolved(inputs.incidents)).filter(|share| share.n > 0),
        ),
        share(
            "short-lived",
            "times a rule fired for at most 5 minutes / times it fired, instances that take turns as one; depends on `for` and `keep_firing_for`",
            Some(short_lived(inputs.alerts, &fired)),
        ),
        share("flapping", "pages of alerts that come and go / pages", Some(of_pages(&|p| p.class == PageClass::Flap))),
        share(
            "fired-again",
            "firings that ended and came again within a day / firings that ended",
            Some(fired_again(&fired, inputs.alerts.series())),
        ),
        share(
            "repeated",
            "notifications that only repeat, as the repeat interval had passed / notifications; a longer interval hides it",
            Some(repeated(inputs.records, inputs.known)).filter(|share| share.n > 0),
        ),
        share(
            "fan-out",
            "1 - incidents / paging firings in them; rewards grouping junk",
            Some(fan_out(&fired, inputs.incidents)),
        ),
        share(
            "suppressed",
            "firings that a silence or an inhibition held back / firings; may be planned work",
            Some(Share { k: fired.iter().filter(|row| row.suppressed).count(), n: fired.len() }),
        ),
        share("stale-silences", "silences older than a week, or about nothing / silences that hold", Some(stale)),
        share(
            "no-burn",
            "occasions on which a page met no burn / occasions that an SLO could tell; early warnings count too",
            Some(no_burn),
        ),
        share(
            "always-firing",
            "rules that fire more than half of the time / rules that fired",
            Some(always_firing(inputs.alerts, inputs.known)),
        ),
        share("never-fired", "rules that were never even pending / rules; rare disasters count too", dead),
        value("interruptions-per-shift", "pages more than 5 minutes apart, per shift", inputs.noise.load.per_shift()),
        share("off_hours", "interruptions in the night / interruptions", Some(inputs.noise.load.off_hours)),
        value(
            "concentration",
            "Gini coefficient of pages over rules: 0 all alike, near 1 a few make most; describes only",
            gini(&pages),
        ),
    ]
}

/// Of incidents that were told to be resolved, by a person or not.
fn auto_resolved(incidents: &[Incident]) -> Share {
    let by_person = |incident: &Incident| {
        let told = incident.told.iter().filter(|told| told.record.kind == RecordKind::Resolve);
        told.filter_map(|told| Some((told.record.occurred_at, told.record.human?))).max().map(|(_, human)| human)
    };
    let known: Vec<bool> = incidents.iter().filter_map(by_person).collect();
    Share { k: known.iter().filter(|by_person| !**by_person).count(), n: known.len() }
}

/// Of each rule and service; `fired`: oldest first.
fn short_lived(alerts: &Alerts, fired: &[&Row]) -> Share {
    let mut by_rule: BTreeMap<_, Vec<(Timestamp, Option<Mark>)>> = BTreeMap::new();
    for row in fired {
        let ended = alerts.alert(row).and_then(|alert| alert.ended);
        by_rule.entry((row.rule, row.service())).or_default().extend(row.firing().map(|at| (at, ended)));
    }
    let mut share = Share::default();
    for mut firings in by_rule.into_values() {
        firings.sort_by_key(|(at, _)| *at);
        let ended = without_gaps(firings.into_iter()).into_iter().filter_map(|(start, end)| Some(end? - start));
        for length in ended {
            share.k += usize::from(length <= SHORT_MAX);
            share.n += 1;
        }
    }
    share
}

/// `fired`: oldest first, so of one series those that fired first come first.
fn fired_again(fired: &[&Row], series: usize) -> Share {
    let mut last: Vec<Option<Timestamp>> = vec![None; series];
    let mut share = Share::default();
    for row in fired {
        let Some((at, last)) = row.firing().zip(last.get_mut(row.series as usize)) else { continue };
        let soon = last.is_some_and(|ended| at - ended < REFIRE_WITHIN);
        share.k += usize::from(soon);
        share.n += usize::from(row.ended().is_some());
        *last = row.ended();
    }
    share
}

/// Of notifications whose reason is known: one for each receiver and group of alerts
/// at a time.
fn repeated(records: &[Record], known: Period) -> Share {
    let told = records.iter().filter(|r| !r.estimated && known.contains(r.occurred_at));
    let mut by_notification: HashMap<_, bool> = HashMap::new();
    for record in told.filter(|r| matches!(r.kind, RecordKind::Notification | RecordKind::Repeat)) {
        let notification = (&record.source, &record.external_id, &record.actor, record.occurred_at);
        by_notification.insert(notification, record.kind == RecordKind::Repeat);
    }
    Share { k: by_notification.values().filter(|repeats| **repeats).count(), n: by_notification.len() }
}

fn fan_out(fired: &[&Row], incidents: &[Incident]) -> Share {
    let pages = fired.iter().filter(|row| row.severity == Severity::Page && !row.suppressed).count();
    let paged = incidents.iter().filter(|i| i.detected).count();
    Share { k: pages.saturating_sub(paged), n: pages }
}

fn always_firing(alerts: &Alerts, known: Period) -> Share {
    let mut by_rule: Vec<Vec<Period>> = vec![Vec::new(); alerts.rules().len()];
    for row in alerts.rows() {
        let fired = row.firing_period(known.end).filter(|fired| fired.start < known.end);
        if let Some((fired, spells)) = fired.zip(by_rule.get_mut(row.rule as usize)) {
            spells.push(fired.intersect(known));
        }
    }
    let most = known.length().0 as f64 * ALWAYS_RATIO;
    let is_always = |spells: Vec<Period>| joined(spells).iter().map(|p| p.length().0).sum::<i64>() as f64 > most;
    by_rule.retain(|spells| !spells.is_empty());
    let n = by_rule.len();
    Share { k: by_rule.into_iter().map(is_always).filter(|always| *always).count(), n }
}

/// Of the pages of each rule that paged; absent below two rules.
fn gini(pages: &[&PageReason]) -> Option<f64> {
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for page in pages {
        *by_rule.entry(&page.rule).or_default() += 1;
    }
    let mut counts: Vec<usize> = by_rule.into_values().collect();
    counts.sort_unstable();
    let n = counts.len() as f64;
    let total: usize = counts.iter().sum();
    let weighted: usize = counts.iter().enumerate().map(|(i, count)| (i + 1) * count).sum();
    (counts.len() >= 2).then(|| (2.0 * weighted as f64 / total as f64 - n - 1.0) / n)
}

#[cfg(test)]
mod tests {
    use crate::evaluate::scenario::TextScenario;

    /// `k/n` of a measure, or its value.
    fn measure(text: &str, name: &str) -> String {
        let review = TextScenario::new(text).review();
        let measure = review.measures.iter().find(|m| m.name == name).unwrap();
        match (measure.share, measure.value) {
            (Some(share), _) => format!("{}/{}", share.k, share.n),
            (None, Some(value)) => format!("{value:.2}"),
            (None, None) => "not known".to_owned(),
        }
    }

    const WORLD: &str = "
        slo   web             .*200 5*20 .*780
        page  Flaps/a web     .*20 FF .*8 FF .*8 FF .*958
        page  True web        .*203 F*30 .*767
        page  Disk web        .*10 F*900 .*90
        page  Quiet db        .*500 F*30 .*470
    ";

    #[test]
    fn each_definition_counts_what_it_says() {
        for (name, wanted) in [
            ("no-action", "not known"),
            ("not-acknowledged", "not known"),
            ("auto-resolved", "not known"),
            ("repeated", "not known"),
            ("short-lived", "3/6"),
            ("fired-again", "2/6"),
            ("suppressed", "0/6"),
            ("always-firing", "1/4"),
            ("never-fired", "not known"),
            ("stale-silences", "0/0"),
        ] {
            assert_eq!(measure(WORLD, name), wanted, "{name}");
        }
        assert_eq!(
            measure(&format!("{WORLD}\nrollback web .*210 RR"), "no-action"),
            "2/4",
            "both pages of web before it"
        );
    }

    #[test]
    fn who_closed_an_incident_is_known_where_a_tool_says_so() {
        // The tool closes it for a person: `E` is told of one.
        assert_eq!(measure(&format!("{WORLD}\nsays web PD1 .*205 I.A..E"), "auto-resolved"), "0/1");
    }

    #[test]
    fn notifications_that_only_repeat_are_told_apart() {
        // `N` is the first of a rule, `n` the same again.
        assert_eq!(
            measure(&format!("{WORLD}\nsays True pager .*203 N .*240 n .*240 n\nsays Quiet pager .*500 N"), "repeated"),
            "2/4"
        );
    }

    #[test]
    fn pages_of_few_rules_are_concentrated() {
        let page = |rule: &str, n: usize| format!("page {rule} s{rule} {}\n", "F*9 .*300 ".repeat(n));
        assert_eq!(measure(&format!("{}{}", page("A", 3), page("B", 3)), "concentration"), "0.00");
        assert_eq!(measure(&format!("{}{}", page("A", 1), page("B", 9)), "concentration"), "0.40");
        assert_eq!(measure(&page("A", 3), "concentration"), "not known");
    }
}
