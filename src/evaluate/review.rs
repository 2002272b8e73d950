//! Everything that follows from alerts, episodes and changes, in one call. Must
//! not know where the facts come from.

pub mod compare;
pub mod deployments;
pub mod finding;
pub mod recurrence;
pub mod restatements;
pub mod result;
pub mod snapshot;
pub mod store_problem;
pub mod trends;
pub mod verdict;

use std::collections::HashMap;
use std::sync::Arc;

use crate::evaluate::alerting::alerts::{Alerts, Row};
use crate::evaluate::alerting::measures::{MeasureInputs, measures};
use crate::evaluate::alerting::noise::noise;
use crate::evaluate::alerting::rules::rule_scores;
use crate::evaluate::alerting::upkeep::upkeep;
use crate::evaluate::incident::aliases;
use crate::evaluate::incident::detect_split::detect_split;
use crate::evaluate::incident::durations::{business_durations, durations};
use crate::evaluate::incident::episodes::SloBurn;
use crate::evaluate::incident::external_records::{Attached, ExternalRecords, all_changes, attach, overridden};
use crate::evaluate::incident::floor;
use crate::evaluate::incident::incidents::facts::{IncidentFacts, Silenced};
use crate::evaluate::incident::incidents::incidents;
use crate::evaluate::review::deployments::deployments;
use crate::evaluate::review::result::Review;
use crate::model::automation::NamePatterns;
use crate::model::operations::alert::{Alert, AlertId};
use crate::model::operations::change::Change;
use crate::model::operations::incident::{Episode, Incident, IncidentState};
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::on_call::OnCall;
use crate::model::operations::record::{Record, RecordKind};
use crate::model::operations::rule::LoadedRule;
use crate::model::operations::silence::{SENT_AFTER, Silence, held_until};
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period, Timestamp};

/// How far before the period facts should reach: an incident that runs into it
/// must be seen from its beginning.
pub const REVIEW_LEAD_IN: Millis = Millis::from_days(1);

/// What a review is made of. `alerts`, `burns`, `changes` and `silences` hold
/// everything that overlaps `[period.start - REVIEW_LEAD_IN, period.end)`; more
/// does no harm, and what began after `now` is left out.
#[derive(Clone, Copy, Debug)]
pub struct ReviewInputs<'a> {
    pub period: Period,
    pub now: Timestamp,
    pub slos: &'a [Arc<Slo>],
    pub alerts: &'a Alerts,
    /// One per SLO, from tiles up to `now`.
    pub burns: &'a [SloBurn],
    /// Those that were seen; those that were told are among `said`.
    pub changes: &'a [Change],
    pub silences: &'a [Silence],
    /// Which alerts hold which others back.
    pub inhibitions: &'a [Inhibition],
    /// Alert rules that were loaded.
    pub rules: &'a [LoadedRule],
    pub on_call: &'a OnCall,
    /// What outside systems and people said.
    pub said: ExternalRecords<'a>,
}

/// The review of a period as known at `now`. The order of the inputs does not
/// matter.
pub fn review(inputs: &ReviewInputs<'_>) -> Review {
    let now = inputs.now;
    let period = Period::new(inputs.period.start, inputs.period.end.min(now));
    let silences: Vec<&Silence> = inputs.silences.iter().filter(|s| s.period.start <= now).collect();
    let alerts = held_back(inputs.alerts.as_of(now), &silences, inputs.inhibitions, now);
    let burns: Vec<SloBurn> = inputs.burns.iter().map(|b| burn_as_of(b, now)).collect();
    let mut episodes: Vec<Episode> = burns.iter().flat_map(|b| &b.episodes).cloned().collect();
    episodes.sort_by_key(|e| (std::cmp::Reverse(e.start), e.id));
    let seen: Vec<Change> = inputs.changes.iter().filter(|c| c.started_at <= now).cloned().collect();
    let reported: Vec<Record> = inputs.said.records.iter().filter(|r| r.occurred_at <= now).cloned().collect();
    let changes = all_changes(seen, &reported);
    let automation = &inputs.on_call.automation;
    let silenced = silenced(&alerts, &silences, automation);
    let inhibitions: Vec<Inhibition> = inputs.inhibitions.iter().filter(|i| i.first_seen <= now).cloned().collect();
    let facts = IncidentFacts {
        slos: inputs.slos,
        alerts: &alerts,
        episodes: &episodes,
        changes: &changes,
        silenced: &silenced,
        inhibitions: &inhibitions,
    };
    let slo_services = inputs.slos.iter().map(|slo| slo.service.as_str());
    let services = slo_services.chain(alerts.services_named()).collect();
    let said = ExternalRecords { overrides: &[], ..inputs.said };
    let Attached { incidents, loose } = attach(incidents(&facts, now), &alerts, &services, said, automation, now);
    let aliases = aliases::aliases(inputs.said.published, &incidents, now);
    let overrides = aliases::renamed(inputs.said.overrides, &aliases);
    let lost_overrides = aliases::without_incident(&overrides, &incidents, period);
    let mut incidents = overridden(incidents, &overrides, now);
    floor::mark(&mut incidents, &burns, &alerts.context().settings, now);
    let noise = noise(period, now, &incidents, &facts, &burns, inputs.on_call);
    let counted = incidents.iter().filter(|i| i.below_floor.is_none());
    let durations = durations(counted.clone(), period, now);
    let business = business_durations(counted.clone(), period, now, inputs.on_call);
    let split = detect_split(counted, period);
    let deployments = deployments(&changes, &incidents, period, now);
    let known_since = known_since(&alerts, &burns).map(|at| at.max(period.start)).filter(|at| *at < period.end);
    let rules = rule_scores(period, now, &alerts, &burns);
    let sees_actions = !changes.is_empty() || !silenced.is_empty();
    let acknowledges = |record: &Record| record.kind == RecordKind::Acknowledge && record.occurred_at <= now;
    let sees_acknowledgements = !silenced.is_empty() || inputs.said.records.iter().any(acknowledges);
    let alerts = alerts.within(period);
    episodes.retain(|e| overlaps(period, e.start, e.end));
    let incidents: Vec<Incident> = incidents.into_iter().filter(|i| incident_overlaps(period, i)).collect();
    let known = Period::new(known_since.unwrap_or(period.end), period.end);
    let upkeep = upkeep(known, &loaded(inputs.rules, now), &alerts, &noise.page_reasons, &silences);
    let measures = measures(&MeasureInputs {
        known,
        alerts: &alerts,
        incidents: &incidents,
        noise: &noise,
        scores: &rules,
        upkeep: &upkeep,
        sees_actions,
        sees_acknowledgements,
        records: inputs.said.records,
    });
    let (incidents, below_floor) = incidents.into_iter().partition(|incident| incident.below_floor.is_none());
    Review {
        as_of: Some(now),
        known_since,
        incidents,
        below_floor,
        aliases,
        lost_overrides,
        episodes,
        alerts,
        noise,
        durations,
        business,
        split,
        deployments,
        rules,
        upkeep,
        measures,
        loose: loose.into_iter().filter(|record| period.contains(record.occurred_at)).collect(),
    }
}

/// How far the incidents of a period reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IncidentExtent {
    /// When the first one began. Where that is close to the oldest facts, they do not
    /// hold all of it.
    pub first_start: Option<Timestamp>,
    /// Whether any is open at `now`.
    pub is_open: bool,
}

/// How far the incidents reach that overlap the period.
pub fn extent(inputs: &ReviewInputs<'_>) -> IncidentExtent {
    let now = inputs.now;
    let period = Period::new(inputs.period.start, inputs.period.end.min(now));
    let alerts = inputs.alerts.as_of(now);
    let burns: Vec<SloBurn> = inputs.burns.iter().map(|b| burn_as_of(b, now)).collect();
    let episodes: Vec<Episode> = burns.into_iter().flat_map(|b| b.episodes).collect();
    let facts = IncidentFacts {
        slos: inputs.slos,
        alerts: &alerts,
        episodes: &episodes,
        changes: &[],
        silenced: &[],
        inhibitions: inputs.inhibitions,
    };
    let all = incidents(&facts, now);
    let of_period: Vec<&Incident> = all.iter().filter(|incident| incident_overlaps(period, incident)).collect();
    IncidentExtent {
        first_start: of_period.iter().filter_map(|incident| incident.start()).min(),
        is_open: of_period.iter().any(|incident| incident.state != IncidentState::Closed),
    }
}

/// The rules as known at `now`.
fn loaded(rules: &[LoadedRule], now: Timestamp) -> Vec<LoadedRule> {
    let known = rules.iter().filter(|rule| rule.first_seen <= now);
    known.map(|rule| LoadedRule { last_seen: rule.last_seen.min(now), ..rule.clone() }).collect()
}

/// The first alert or the first observed minute.
fn known_since(alerts: &Alerts, burns: &[SloBurn]) -> Option<Timestamp> {
    let first_alert = alerts.rows().first().map(|row| row.start);
    let first_slot = burns.iter().filter_map(|b| b.observed.first()).map(|p| p.start).min();
    [first_alert, first_slot].into_iter().flatten().min()
}

/// An alert that silences held back for as long as it fired woke nobody, whether or
/// not Alertmanager was asked meanwhile. One that goes on is sent when they end, unless
/// something else holds it back, too.
fn held_back(alerts: Alerts, silences: &[&Silence], inhibitions: &[Inhibition], now: Timestamp) -> Alerts {
    let mut about: HashMap<AlertId, (Row, Vec<Period>)> = HashMap::new();
    for silence in silences {
        let fired = alerts.rows().iter().filter(|row| row.firing().is_some() && row.overlaps(silence.period));
        for row in fired.filter(|row| alerts.alert(row).is_some_and(|alert| silence.is_about(alert))) {
            if let Some(id) = alerts.id(row) {
                about.entry(id).or_insert_with(|| (*row, Vec::new())).1.push(silence.period);
            }
        }
    }
    let changed = about.into_values().filter_map(|(row, periods)| {
        let firing = row.firing()?;
        let until = held_until(firing, periods);
        let alert = alerts.alert(&row)?;
        let is_inhibited = |i: &Inhibition| i.last_seen >= until && i.target.agrees_with(&alert.labels);
        let is_held = alerts.context().reaches_nobody(&alert.receivers) || inhibitions.iter().any(is_inhibited);
        let goes_on = row.ended().unwrap_or(now) >= until + SENT_AFTER;
        let suppressed = !goes_on || (alert.suppressed && is_held);
        (until > firing && alert.suppressed != suppressed).then(|| (row, Alert { suppressed, ..alert.clone() }))
    });
    let changed = changed.collect();
    alerts.with(changed)
}

/// The silences about each alert that held at some time while it was active.
fn silenced(alerts: &Alerts, silences: &[&Silence], automation: &NamePatterns) -> Vec<Silenced> {
    let mut silenced = Vec::new();
    for silence in silences {
        for row in alerts.rows().iter().filter(|row| row.overlaps(silence.period)) {
            let about = alerts.alert(row).is_some_and(|alert| silence.is_about(alert));
            let id = alerts.id(row).filter(|_| about);
            silenced.extend(id.map(|alert| Silenced {
                alert,
                period: silence.period,
                chosen: silence.chosen_length(),
                is_broad: silence.is_broad(),
                is_automated: automation.matches(&silence.created_by),
            }));
        }
    }
    silenced
}

fn burn_as_of(burn: &SloBurn, now: Timestamp) -> SloBurn {
    let begun = burn.episodes.iter().filter(|e| e.start <= now);
    let episodes = begun.map(|e| Episode { end: e.end.filter(|end| *end <= now), ..e.clone() }).collect();
    SloBurn { episodes, ..burn.clone() }
}

/// Whether `[start, end]` has a common instant with the period.
fn overlaps(period: Period, start: Timestamp, end: Option<Timestamp>) -> bool {
    start < period.end && end.is_none_or(|end| end >= period.start)
}

fn incident_overlaps(period: Period, incident: &Incident) -> bool {
    let times = &incident.times;
    let ends = [times.restored, times.resolved].into_iter().flatten().map(|m| m.at);
    let open = incident.state == IncidentState::Open;
    incident.start().is_some_and(|start| overlaps(period, start, ends.max().filter(|_| !open)))
}

#[cfg(test)]
mod tests {
    use super::super::scenario::{TextScenario, burned, minute, story, verdicts};
    use super::*;

    const WORLD: &str = "
        slo   checkout             .*60 5*20     .*40 b*90    .*200
        page  HighErrors checkout  .*60 .. F*20  .*328
        page  CpuHigh checkout     .*300 F*30    .*80
    ";

    #[test]
    fn a_review_holds_what_overlaps_its_period() {
        let scenario = TextScenario::new(WORLD);
        let all = scenario.review();
        assert_eq!((all.incidents.len(), all.episodes.len(), all.alerts.len(), all.noise.pages), (1, 2, 2, 2));
        assert_eq!(all.below_floor.len(), 2, "a small burn, and a page without one");
        assert_eq!(burned(&all.episodes), ["120-210 270 bad peak 3", "60-80 10000 bad peak 500"], "newest first");
        let part = review(&ReviewInputs {
            period: Period::new(minute(70), minute(110)),
            ..scenario.inputs(&scenario.sorted())
        });
        assert_eq!((part.incidents.len(), part.episodes.len(), part.alerts.len()), (1, 1, 1));
        // What began before is shown, but counts in the period before.
        assert_eq!((part.noise.pages, part.durations.restore.n), (0, 0));
        assert_eq!(part.incidents[0], all.incidents[0]);
    }

    #[test]
    fn a_review_of_the_past_does_not_know_what_came_later() {
        let scenario = TextScenario::new(WORLD);
        assert_eq!(
            story(&scenario.review_at(70)),
            ["checkout page open: onset 60 condition 62 firing 62 burned 23.1%; HighErrors"]
        );
        assert_eq!(story(&scenario.review_at(50)), [""; 0]);
        assert_eq!(verdicts(&scenario.review_at(310)), ["62 HighErrors actionable", "300 CpuHigh unknown"]);
        assert_eq!(verdicts(&scenario.review_at(380)), ["62 HighErrors actionable", "300 CpuHigh no-impact"]);
    }
}
