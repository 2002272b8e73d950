//! One round of the daemon's work: count what is new, store it, judge all SLOs,
//! tell who has to be told, publish.

pub(crate) mod backfill;
pub(crate) mod composites;
pub(crate) mod live;
pub(crate) mod progress;
pub(crate) mod pushes;
pub(crate) mod reading;
pub(crate) mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::app::counting::backfill::{Holes, Renewed};
use crate::app::counting::composites::Composites;
use crate::app::counting::live::{CountedMinute, Live};
use crate::app::judging::ledger::Ledger;
use crate::app::notifying::notify::Notifier;
use crate::app::runtime::facts::Facts;
use crate::app::runtime::tasks::Round;
use crate::app::serving::answers::AppState;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::model::ids::SliId;
use crate::model::operations::record::Record;
use crate::model::time::{Millis, Period, Timestamp};
use crate::store::{Batch, Error};

/// Minutes that are this old are not counted again as a rule, and may be added
/// to counters that must not fall.
const SETTLED_AFTER: Millis = Millis::from_mins(5);

/// Names of unknown services that one finding tells.
const SERVICES_SHOWN: usize = 5;

pub struct Counting {
    pub daemon: Arc<AppState>,
    pub live: Live,
    pub composites: Composites,
    pub ledger: Ledger,
    pub notifier: Notifier,
    pub holes: Holes,
    pub renewed: Renewed,
    /// By indicator; those of the last round that succeeded.
    findings: BTreeMap<SliId, Finding>,
}

impl Counting {
    pub fn new(
        daemon: Arc<AppState>,
        live: Live,
        composites: Composites,
        ledger: Ledger,
        notifier: Notifier,
        holes: Holes,
        renewed: Renewed,
    ) -> Counting {
        Counting { daemon, live, composites, ledger, notifier, holes, renewed, findings: BTreeMap::new() }
    }
}

impl Round for Counting {
    async fn round(&mut self) -> anyhow::Result<()> {
        let now = self.daemon.clock.now();
        let round = self.live.round(now, &self.holes).await;
        for (source, error) in &round.sources {
            self.daemon.note_source(source, error.as_ref().map(ToString::to_string));
        }
        store(&self.daemon.facts, &round.found, now).await?;
        self.ledger.apply(&round.found);
        self.combine(&round.found, now).await?;
        self.note_findings(round.found);
        let as_of = self.daemon.as_of();
        let judged = self.judge(as_of).await?;
        self.notifier.round(&self.daemon, &judged, as_of).await?;
        let made = self.daemon.latest.get();
        let found = made.findings().chain(self.findings.values()).cloned();
        let findings = found.chain(loose(&made.review)).collect();
        self.daemon.publish(Snapshot {
            as_of: Some(as_of),
            slos: judged,
            review: made.review,
            comparison: made.comparison,
            trends: made.trends,
            findings: Arc::new(findings),
        });
        Ok(())
    }
}

impl Counting {
    /// Takes in what was stored of the past, and what composites make of all
    /// that is new.
    async fn combine(&mut self, found: &[CountedMinute], now: Timestamp) -> anyhow::Result<()> {
        let facts = self.daemon.facts.clone();
        let combined = tokio::task::block_in_place(|| self.composites.live(found, &facts.reader));
        let combined = unless_damaged(&self.daemon.facts, &self.holes, combined).await?;
        store(&facts, &combined, now).await?;
        self.ledger.apply(&combined);
        let mut renewed = self.renewed.take();
        renewed.extend(self.daemon.renewed.take());
        self.composites.note(&renewed);
        self.ledger.renew(&renewed);
        let days = self.composites.due();
        for day in days {
            let counted = tokio::task::block_in_place(|| self.composites.count(day, &facts.reader));
            let combined = unless_damaged(&self.daemon.facts, &self.holes, counted).await?;
            store(&facts, &combined, now).await?;
            self.composites.done(day);
            self.ledger.renew(&BTreeSet::from([day]));
        }
        Ok(())
    }

    async fn judge(&mut self, as_of: Timestamp) -> anyhow::Result<Vec<SloJudgement>> {
        let judged = tokio::task::block_in_place(|| {
            self.ledger.judge(as_of, as_of - SETTLED_AFTER, &self.daemon.corrections.in_force())
        });
        unless_damaged(&self.daemon.facts, &self.holes, judged).await
    }

    fn note_findings(&mut self, found: Vec<CountedMinute>) {
        for one in found {
            match one.finding {
                Some(finding) => {
                    if self.findings.get(&one.id) != Some(&finding) {
                        tracing::warn!(slo = finding.subject, hint = finding.hint, "{}", finding.message);
                    }
                    self.findings.insert(one.id, finding);
                }
                None => drop(self.findings.remove(&one.id)),
            }
        }
    }
}

/// What was told of incidents that nothing here knows, a finding for each
/// receiver.
fn loose(review: &Review) -> impl Iterator<Item = Finding> {
    let mut by_source: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &review.loose {
        by_source.entry(&record.source).or_default().push(record);
    }
    by_source.into_iter().map(|(source, records)| {
        let named: BTreeSet<&str> = records.iter().filter_map(|r| r.service.as_deref()).collect();
        let services: Vec<&str> = named.into_iter().take(SERVICES_SHOWN).collect();
        let of = if services.is_empty() { String::new() } else { format!(", of {}", services.join(", ")) };
        Finding {
            subject: source.to_owned(),
            message: format!("{} records are about incidents that nothing here knows{of}", records.len()),
            hint: "name the services as they are called here in `webhooks[].service_names`; /api/v1/records lists all"
                .to_owned(),
        }
    })
}

async fn store(facts: &Facts, found: &[CountedMinute], now: Timestamp) -> anyhow::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let batch = Batch {
        tiles: found.iter().map(|f| (f.id, f.tiles.clone())).collect(),
        ingested: found.iter().map(|f| (f.id, f.counted)).collect(),
        recorded_at: now,
        ..Batch::default()
    };
    facts.write(batch).await
}

/// A damaged day is dropped, to be fetched again.
async fn unless_damaged<T>(facts: &Facts, holes: &Holes, read: Result<T, Error>) -> anyhow::Result<T> {
    if let Err(Error::CorruptTiles { indicator, day, .. }) = &read {
        facts.drop_day(*indicator, *day).await?;
        holes.push(*indicator, Period::new(Timestamp::day_start(*day), Timestamp::day_start(*day + 1)));
    }
    Ok(read?)
}
