//! What people did about the world's alerts: the paging tool's incidents with their
//! acknowledgements, and silences. Must not know what is made of them.

use super::alerts::ScriptedAlert;
use super::alerts::script::{Disturbance, Plot};
use super::world::DemoPlatform;
use super::world::chance::Key;
use crate::model::labels::content_hash;
use crate::model::labels::hex;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{Record, RecordKind, ReportedChange};
use crate::model::operations::silence::Silence;
use crate::model::slo::Severity;
use crate::model::time::{Millis, Period, Timestamp};

/// The webhook that the paging tool's events come through.
const PAGER: &str = "pagerduty";
/// From an alert to the incident of the paging tool: the group wait of Alertmanager.
const GROUP_WAIT: Millis = Millis::from_secs(30);
/// Alerts of one disturbance end at most so long after it.
const AFTER: Millis = Millis::from_mins(40);

/// How people answer a disturbance.
enum Answer {
    /// Somebody acknowledges everything that came by then, with one click.
    Acknowledges(&'static str, Millis, Millis),
    /// Somebody silences the alerts for two hours, and works on it.
    Silences(&'static str, Millis),
    /// It is over before anybody answers.
    Nobody,
}

fn answer(plot: Plot) -> Option<Answer> {
    let minutes = Millis::from_mins;
    Some(match plot {
        Plot::Outage => Answer::Acknowledges("Ann Berger", minutes(3), minutes(6)),
        Plot::BadRollout => Answer::Acknowledges("Ben Okafor", minutes(2), minutes(5)),
        Plot::FailedNight => Answer::Acknowledges("Dana Ruiz", minutes(9), minutes(25)),
        Plot::Present => Answer::Acknowledges("Ann Berger", minutes(8), minutes(14)),
        Plot::Slowdown => Answer::Silences("chris", minutes(12)),
        Plot::Blip => Answer::Nobody,
        Plot::SlowBurn | Plot::UnnoticedSlowdown | Plot::QuietOutage | Plot::Maintenance => return None,
    })
}

impl DemoPlatform {
    /// What the paging tool reports of a period, in order of time.
    pub fn records(&self, period: Period) -> Vec<Record> {
        let mut all = Vec::new();
        for (disturbance, alerts) in self.paged_for(period) {
            let Some(answer) = answer(disturbance.plot) else { continue };
            let opened: Vec<Opened<'_>> = alerts.iter().filter_map(Opened::of).collect();
            let Some(first) = opened.iter().map(|o| o.at).min() else { continue };
            let click = match answer {
                Answer::Acknowledges(who, soonest, latest) => {
                    Some((who, first + self.chance("click", &disturbance).between(soonest, latest)))
                }
                Answer::Silences(..) | Answer::Nobody => None,
            };
            for (number, one) in (0..).zip(&opened) {
                all.push(one.record(RecordKind::Incident, one.at, None));
                // One request for each incident, a few hundred milliseconds apart.
                let click = click.map(|(who, at)| (who, at + Millis(350 * number))).filter(|(_, at)| *at >= one.at);
                all.extend(click.map(|(who, at)| one.record(RecordKind::Acknowledge, at, Some(who))));
                let end = one.alert.ended_at.map(|end| end + GROUP_WAIT);
                all.extend(end.map(|end| one.record(RecordKind::Resolve, end, None)));
            }
        }
        all.retain(|record| period.contains(record.occurred_at));
        all.sort_by(|a, b| (a.occurred_at, &a.key).cmp(&(b.occurred_at, &b.key)));
        all
    }

    /// The silences that are set in a period.
    pub fn silences(&self, period: Period) -> Vec<Silence> {
        let mut all = Vec::new();
        for (disturbance, alerts) in self.paged_for(period) {
            let Some(Answer::Silences(who, after)) = answer(disturbance.plot) else { continue };
            let Some(first) =
                alerts.iter().filter_map(|alert| Some((alert.firing_at?, alert))).min_by_key(|(at, _)| *at)
            else {
                continue;
            };
            let from = first.0 + after;
            let matchers = [("alertname", first.1.rule()), ("service", disturbance.service)];
            all.push(silence(&matchers, Period::new(from, from + Millis::from_hours(2)), who, "Reindexing, on it."));
        }
        // Nobody wants to hear about the disk, and nobody makes it larger.
        for disk in self.script.disk_strains(period) {
            let from = disk.start + Millis::from_hours(30);
            let matchers = [("alertname", "DiskFilling"), ("service", "search")];
            let length = Period::new(from, from + Millis::from_days(30));
            all.push(silence(&matchers, length, "chris", "Known, a larger volume is ordered."));
        }
        // Planned work is announced before it begins.
        for work in self.disturbances(wide(period)).iter().filter(|d| d.plot == Plot::Maintenance) {
            let from = Timestamp::day_start(work.period.start.day()) + Millis::from_hours(2);
            let window = Period::new(from, from + Millis::from_hours(1));
            all.push(silence(&[("service", work.service)], window, "Eve Lindqvist", "Database upgrade, CHG-2041."));
        }
        all.retain(|silence| period.contains(silence.period.start));
        all.sort_by_key(|silence| silence.period.start);
        all
    }

    /// Disturbances with the pages that they caused, as known at the end of a period.
    fn paged_for(&self, period: Period) -> Vec<(Disturbance, Vec<ScriptedAlert>)> {
        let wide = wide(period);
        let alerts = self.alerts(wide);
        let pages = |disturbance: Disturbance| {
            let near = Period::new(disturbance.period.start, disturbance.period.end + AFTER);
            let caused = |alert: &&ScriptedAlert| {
                alert.severity == Severity::Page
                    && alert.labels.get("service") == Some(disturbance.service)
                    && alert.class.is_about_users()
                    && alert.firing_at.is_some_and(|at| near.contains(at))
            };
            (disturbance, alerts.iter().filter(caused).cloned().collect())
        };
        self.disturbances(wide).into_iter().map(pages).collect()
    }

    fn chance(&self, what: &str, disturbance: &Disturbance) -> Key {
        self.script.key.word(what).at(disturbance.period.start.millis())
    }
}

/// What was answered in a period may have begun so long before.
fn wide(period: Period) -> Period {
    Period::new(period.start - Millis::from_hours(48), period.end + Millis::from_hours(2))
}

/// An incident that the paging tool opened for one alert.
struct Opened<'a> {
    alert: &'a ScriptedAlert,
    at: Timestamp,
    id: String,
}

impl<'a> Opened<'a> {
    fn of(alert: &'a ScriptedAlert) -> Option<Opened<'a>> {
        let at = alert.firing_at? + GROUP_WAIT;
        let parts = [alert.labels.to_string(), at.rfc3339()];
        let hash = hex(&content_hash(parts.iter().map(|part| part.as_bytes())));
        let id = format!("Q{}", hash.chars().take(12).collect::<String>().to_uppercase());
        Some(Opened { alert, at, id })
    }

    fn record(&self, kind: RecordKind, at: Timestamp, who: Option<&str>) -> Record {
        Record {
            source: PAGER.to_owned(),
            key: format!("{}/{}", self.id, kind.word()),
            kind,
            told_by: MarkSource::PagerDuty,
            external_id: self.id.clone(),
            occurred_at: at,
            estimated: false,
            ended_at: None,
            service: self.alert.labels.get("service").map(str::to_owned),
            cluster: self.alert.labels.get("cluster").map(str::to_owned),
            severity: Some(Severity::Page),
            labels: self.alert.labels.clone(),
            other_alerts: Vec::new(),
            dedup_key: None,
            merged_into: None,
            change: ReportedChange::default(),
            refs: vec![format!("https://pager.example/incidents/{}", self.id)],
            actor: who.map(str::to_owned),
            human: Some(who.is_some()),
            withdrawn: false,
            earlier: Vec::new(),
            received_at: at,
        }
    }
}

fn silence(matchers: &[(&str, &str)], period: Period, who: &str, comment: &str) -> Silence {
    let parts: Vec<String> = matchers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let id = hex(&content_hash([parts.join(",").as_bytes(), period.start.rfc3339().as_bytes()]));
    let equal = |(name, value): &(&str, &str)| Matcher::new(*name, MatchOp::Equal, *value).ok();
    Silence {
        id,
        matchers: matchers.iter().filter_map(equal).collect(),
        period,
        earliest_end: period.end,
        created_by: who.to_owned(),
        comment: comment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sources::demo::tests::{hours, world};

    #[test]
    fn an_outage_is_a_storm_that_one_click_acknowledges() {
        let world = world(1);
        let records = world.records(hours(&world, 18, 32));
        let of = |kind| records.iter().filter(|r| r.kind == kind).collect::<Vec<_>>();
        let (opened, acknowledged) = (of(RecordKind::Incident), of(RecordKind::Acknowledge));
        assert!(opened.len() > 3 && !acknowledged.is_empty(), "{records:#?}");
        assert!(opened.iter().all(|r| r.service.as_deref() == Some("checkout")));
        let at = acknowledged[0].occurred_at;
        assert!(acknowledged.iter().all(|r| r.human == Some(true) && r.occurred_at - at < Millis::from_secs(10)));
        let ids = |records: &[&Record]| records.iter().map(|r| r.external_id.clone()).collect::<BTreeSet<_>>();
        assert_eq!(ids(&opened), ids(&of(RecordKind::Resolve)), "each is closed in the end");
    }

    #[test]
    fn what_is_reported_does_not_depend_on_when_it_is_asked_for() {
        let world = world(2);
        let whole = world.records(hours(&world, 0, 24 * 14));
        let days = (0..14).flat_map(|day| world.records(hours(&world, 24 * day, 24 * (day + 1))));
        assert_eq!(whole, days.collect::<Vec<_>>());
        let silences = world.silences(hours(&world, 0, 24 * 14));
        assert_eq!(silences.len(), 2, "{silences:#?}");
    }
}
