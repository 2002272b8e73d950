//! Facts reach a store in any order, late, twice and in several versions: the
//! incidents are the same in the end, links to those of before lead to them, and what
//! a person stated about one is kept, or is a finding.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::review::Reviewing;
use crate::evaluate::review::result::Review;
use crate::evaluate::scenario::{TextScenario, expand, minute, tiles};
use crate::ingest::alerts::merge_told;
use crate::model::ids::IncidentId;
use crate::model::operations::alert::Alert;
use crate::model::operations::change::Change;
use crate::model::operations::incident::{Incident, PublishedIncident};
use crate::model::operations::on_call::OnCall;
use crate::model::operations::record::{IncidentTime, Record, TimeOverride};
use crate::model::slo::Slo;
use crate::model::slo::tile::Tile;
use crate::model::testing::slo;
use crate::model::time::{Millis, Period};
use crate::store::{Batch, Reader, Store, Writer};

const SERVICES: [&str; 3] = ["web", "db", "cart"];
const MINUTES: i64 = 400;
/// Minutes of counts that arrive together.
const CHUNK: usize = 60;

/// One thing that becomes known.
#[derive(Clone, Debug)]
enum Fact {
    Alert(Alert),
    Change(Change),
    /// A statement and, if there is one, the correction that follows it.
    Records(Vec<Record>),
    Counts(Vec<Tile>),
}

/// Stretches of something: how long nothing, then how long it lasts.
fn stretches(most: i64) -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((0..90_i64, 2..most), 1..4)
}

fn timeline(stretches: &[(i64, i64)], mark: char) -> String {
    let parts: Vec<String> = stretches.iter().map(|(gap, length)| format!(".*{gap} {mark}*{length}")).collect();
    let text = expand(&parts.join(" "));
    format!("{text:.<width$}", width = MINUTES as usize).chars().take(MINUTES as usize).collect()
}

/// What happened, in the words of a scenario, and the counts of the SLO `web`.
fn world() -> impl Strategy<Value = (String, String)> {
    let page = (0..3_usize, stretches(50), prop::bool::ANY);
    let said = (0..3_usize, 5..300_usize, 3..60_usize);
    let pages = prop::collection::vec(page, 1..5);
    let (said, rolled) = (prop::collection::vec(said, 0..3), prop::collection::vec((0..3_usize, 0..390_i64), 0..3));
    (pages, said, rolled, stretches(30)).prop_map(|(pages, said, rolled, burns)| {
        let mut text = String::new();
        for (number, (service, stretches, on_node)) in pages.iter().enumerate() {
            let node = if *on_node { "{node=n1,namespace=shop}" } else { "" };
            text += &format!("page Rule{number} {}{node} {}\n", SERVICES[*service], timeline(stretches, 'F'));
        }
        for (number, (service, at, length)) in said.iter().enumerate() {
            let (gap, lasts) = (".".repeat(*at), ".".repeat(*length));
            let kind = if number % 2 == 0 { format!("I.A{lasts}E") } else { "s".repeat(*length) };
            text += &format!("says {} ID{number} {gap}{kind}\n", SERVICES[*service]);
        }
        for (service, at) in rolled {
            text += &format!("rollout {} .*{} RR\n", SERVICES[service], at.max(1));
        }
        (text, timeline(&burns, '5'))
    })
}

/// Everything that there is to know, each alert as it fired and as it ended, each
/// statement first with another end.
fn facts(scenario: &TextScenario, counts: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for alert in &scenario.alerts {
        let early = (alert.start() + Millis::from_mins(1)).min(alert.last_seen);
        facts.push(Fact::Alert(Alert { ended: None, last_seen: early, ..alert.clone() }));
        facts.push(Fact::Alert(alert.clone()));
    }
    facts.extend(scenario.changes.iter().cloned().map(Fact::Change));
    for record in &scenario.records {
        let first = Record { ended_at: record.ended_at.map(|end| end + Millis::from_mins(40)), ..record.clone() };
        let is_corrected = record.is_statement() && record.ended_at.is_some();
        let versions = if is_corrected { vec![first, record.clone()] } else { vec![record.clone()] };
        facts.push(Fact::Records(versions));
    }
    let all = tiles(0, counts);
    facts.extend(all.chunks(CHUNK).map(|chunk| Fact::Counts(chunk.to_vec())));
    facts
}

struct Shop {
    writer: Writer,
    reader: Reader,
    slos: [Arc<Slo>; 1],
    _dir: tempfile::TempDir,
}

impl Shop {
    /// The day before is known, and was calm.
    fn open() -> Shop {
        let dir = tempfile::tempdir().unwrap();
        let (writer, reader) = Store::open(dir.path()).unwrap();
        let mut shop = Shop { writer, reader, slos: [Arc::new(slo("web"))], _dir: dir };
        shop.learn(&Fact::Counts(tiles(-1_440, &".".repeat(1_440))));
        shop
    }

    fn learn(&mut self, fact: &Fact) {
        let mut batch = Batch { recorded_at: minute(MINUTES), ..Batch::default() };
        match fact {
            Fact::Alert(alert) => {
                let known = self.reader.alerts(Period::new(minute(-1_440), minute(MINUTES))).unwrap();
                let merged = merge_told(known, vec![alert.clone()]);
                (batch.alerts, batch.gone_alerts) = (merged.changed, merged.gone);
            }
            Fact::Change(change) => batch.changes = vec![change.clone()],
            Fact::Records(versions) => batch.records = versions.clone(),
            Fact::Counts(counts) => batch.tiles = vec![(self.slos[0].indicator_id(), counts.clone())],
        }
        self.write(batch);
    }

    fn write(&mut self, batch: Batch) {
        self.writer.write(&Batch { recorded_at: minute(MINUTES), ..batch }).unwrap();
    }

    fn review(&self) -> Review {
        let (on_call, alerting) = (OnCall::new(chrono_tz::Tz::UTC), Arc::default());
        let reviewing = Reviewing {
            slos: &self.slos,
            reader: &self.reader,
            corrections: &[],
            on_call: &on_call,
            alerting: &alerting,
        };
        reviewing.review(Period::new(minute(0), minute(MINUTES)), minute(MINUTES)).unwrap()
    }

    /// Shows the incidents to somebody who acknowledges all that are new.
    fn show(&mut self, shown: &mut BTreeSet<IncidentId>) {
        let review = self.review();
        let published: Vec<PublishedIncident> = all(&review).filter_map(PublishedIncident::of).collect();
        let new: Vec<&PublishedIncident> = published.iter().filter(|one| shown.insert(one.id)).collect();
        let acknowledge = |one: &&PublishedIncident| TimeOverride {
            incident: one.id,
            time: IncidentTime::Acknowledged,
            at: Some(one.start + Millis::from_mins(1)),
            author: one.id.to_string(),
            reason: "on it".to_owned(),
            recorded_at: minute(MINUTES),
        };
        let time_overrides = new.iter().map(acknowledge).collect();
        self.write(Batch { published_incidents: published, time_overrides, ..Batch::default() });
    }
}

fn all(review: &Review) -> impl Iterator<Item = &Incident> {
    review.incidents.iter().chain(&review.below_floor)
}

/// What is said of each incident, but for what people set.
fn told(review: &Review) -> Vec<String> {
    let line = |incident: &Incident| {
        let by_tools: Vec<&str> = incident.told.iter().map(|told| told.record.key.as_str()).collect();
        let Incident { id, services, alerts, episodes, changes, state, budget_burned_ratio, .. } = incident;
        let (start, end) = (incident.start(), incident.end());
        format!(
            "{id} {services:?} {state:?} {start:?}-{end:?} {budget_burned_ratio:?} {alerts:?} {episodes:?} {changes:?} {by_tools:?}"
        )
    };
    // One that a person answered is not below the floor, so the lists differ.
    let mut lines: Vec<String> = all(review).map(line).collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn facts_in_any_order_late_doubled_and_corrected_give_the_same_incidents(
        (text, counts) in world(),
        order in prop::collection::vec((0..1_000_u32, prop::bool::ANY), 1..60),
    ) {
        let scenario = TextScenario::new(&text);
        let facts = facts(&scenario, &counts);
        let mut whole = Shop::open();
        facts.iter().for_each(|fact| whole.learn(fact));
        let expected = whole.review();

        let mut arriving: Vec<(u32, bool, &Fact)> =
            facts.iter().zip(order.iter().cycle()).enumerate().map(|(n, (fact, (key, twice)))| {
                (key.wrapping_mul(2_654_435_761).wrapping_add(n as u32 * 40_503) % 1_009, *twice, fact)
            }).collect();
        arriving.sort_by_key(|(key, ..)| *key);
        let (mut shop, mut shown) = (Shop::open(), BTreeSet::new());
        for (n, (_, twice, fact)) in arriving.iter().enumerate() {
            shop.learn(fact);
            if *twice {
                shop.learn(fact);
            }
            if n % 4 == 0 {
                shop.show(&mut shown);
            }
        }
        let review = shop.review();
        prop_assert_eq!(told(&review), told(&expected), "{}", text);
        for id in &shown {
            let leads_to = review.aliases.get(id).copied().unwrap_or(*id);
            let incident = all(&review).find(|incident| incident.id == leads_to);
            let author = id.to_string();
            let kept = incident.is_some_and(|i| i.stated.iter().any(|stated| stated.by == author));
            // Of several ids that lead to one incident, what was stated last holds.
            let is_last = incident.is_some_and(|i| i.stated.iter().any(|s| s.time == IncidentTime::Acknowledged));
            let is_found = review.lost_overrides.iter().any(|set| set.author == author);
            prop_assert!(kept || is_last || is_found, "{}: what was stated about {} is lost", text, id);
        }
    }
}
