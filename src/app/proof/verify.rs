//! The proof that users can run: one world in a real Prometheus, its budget as
//! three tools tell it, and the truth from the world's event log. Evenkeel reads
//! it as it reads any Prometheus, stores it, and judges it as the daemon does.

mod peers;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::app::catalog::slis::{Source, group};
use crate::app::counting::backfill::Backfill;
use crate::app::judging::ledger::judge_at;
use crate::app::runtime::facts::FactStore;
use crate::definitions;
use crate::evaluate::slo::status::SloStatus;
use crate::ingest::replicas::ReplicaLabels;
use crate::model::labels::{Labels, REPLICA_LABELS};
use crate::model::slo::Slo;
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Millis, Timestamp};
use crate::sources::prometheus::Prometheus;
use crate::sources::prometheus::samples::SampleSource;
use crate::sources::worlds::{Server, Tools, Truth, World, WorldScenario, definition};

pub use peers::PeerFigure;

/// When all windows end: a fixed moment, so that a seed gives the same numbers
/// on every day. 2026-03-01T00:00:00Z.
const END: Timestamp = Timestamp::from_millis(1_772_323_200_000);

/// Samples are not late: they are all there.
const INGEST_DELAY: Millis = Millis(0);

/// What was found out about one world.
#[derive(Debug)]
pub struct Proof {
    pub scenario: &'static WorldScenario,
    /// Samples that went into the Prometheus.
    pub samples: usize,
    pub truth: Truth,
    /// Share of the budget that was used, by the event log; 1 is all of it.
    /// Absent without events.
    pub used_ratio: Option<f64>,
    pub sloth: PeerFigure,
    pub pyrra: PeerFigure,
    pub evenkeel: SloStatus,
}

impl Proof {
    /// Share of the budget used, by Evenkeel's point value.
    pub fn evenkeel_used_ratio(&self) -> Option<f64> {
        self.evenkeel.attainment.map(|a| self.used(a))
    }

    /// The least and the most that may have been used.
    pub fn bound(&self) -> Option<(f64, f64)> {
        Some((self.used(self.evenkeel.hi?), self.used(self.evenkeel.lo?)))
    }

    fn used(&self, attainment: f64) -> f64 {
        (1.0 - attainment) / self.evenkeel.slo.objective.allowed_bad_ratio()
    }

    /// Bad and total events that Evenkeel counted, less those that could be
    /// observed: zero and zero, or it is wrong.
    pub fn miscounted(&self) -> (i64, i64) {
        let (counted, observable) = (self.evenkeel.counts, self.truth.observable);
        (counted.bad() - observable.bad(), counted.total - observable.total)
    }

    /// Whether the true attainment lies in the bound. Without events there must
    /// be no number.
    pub fn is_in_bound(&self) -> bool {
        match (self.truth.happened.attainment(), self.evenkeel.lo, self.evenkeel.hi) {
            (Some(truth), Some(lo), Some(hi)) => lo <= truth && truth <= hi,
            (None, None, None) => self.evenkeel.attainment.is_none(),
            _ => false,
        }
    }

    /// Whether what was counted is right: all that can be known, or none too many.
    pub fn is_counted_right(&self) -> bool {
        let (bad, total) = self.miscounted();
        if self.scenario.is_exact { (bad, total) == (0, 0) } else { bad <= 0 && total <= 0 }
    }

    /// How much of the budget lies between the least and the most that was used.
    pub fn bound_width(&self) -> Option<f64> {
        self.bound().map(|(least, most)| most - least)
    }

    /// The least and the most that was likely used.
    pub fn likely(&self) -> Option<(f64, f64)> {
        self.evenkeel.likely.map(|likely| (self.used(likely.hi), self.used(likely.lo)))
    }

    pub fn likely_width(&self) -> Option<f64> {
        self.likely().map(|(least, most)| most - least)
    }

    /// Whether the true attainment lies in the likely interval; absent without one.
    pub fn is_likely(&self) -> Option<bool> {
        let (truth, likely) = self.truth.happened.attainment().zip(self.evenkeel.likely)?;
        Some(likely.lo <= truth && truth <= likely.hi)
    }

    pub fn holds(&self) -> bool {
        self.is_counted_right() && self.is_in_bound()
    }
}

/// How large a world is, and which.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub seed: u64,
    pub days: u32,
}

/// Proves one scenario in a directory of its own; `step` is told what is being
/// done.
pub async fn prove(
    scenario: &'static WorldScenario,
    size: Size,
    tools: &Tools,
    dir: &Path,
    step: &dyn Fn(&str),
) -> anyhow::Result<Proof> {
    step("generating the world");
    let world = World::new(scenario, size.seed, size.days, END);
    let truth = world.truth(world.window);
    let slo = slo(size.days)?;
    let blocks = |done: usize, of: usize| step(&format!("writing block {} of {of}", (done + 1).min(of)));
    let server = Server::start(tools, &world, dir, &blocks).await?;
    std::fs::write(dir.join("slo.yaml"), definition(size.days)).context("write the definition")?;
    let client = Prometheus::new(&server.endpoint()?)?;
    step("asking for Sloth's figure");
    let sloth = peers::sloth(&client, world.window, &slo).await.context("ask as Sloth does")?;
    step("asking for Pyrra's figure");
    let pyrra = peers::pyrra(&client, world.window, &slo).await.context("ask as Pyrra does")?;
    let evenkeel = evenkeel(client, &world, &slo, dir, step).await.context("count as Evenkeel does")?;
    Ok(Proof {
        scenario,
        samples: world.sample_count(),
        used_ratio: used_ratio(truth.happened, &slo),
        truth,
        sloth,
        pyrra,
        evenkeel,
    })
}

fn used_ratio(events: EventCounts, slo: &Slo) -> Option<f64> {
    let bad_ratio = events.bad() as f64 / events.total as f64;
    (events.total > 0).then(|| bad_ratio / slo.objective.allowed_bad_ratio())
}

fn slo(days: u32) -> anyhow::Result<Arc<Slo>> {
    let (slos, problems) = definitions::parse(&definition(days), "slo.yaml");
    let problem = || problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; ");
    slos.into_iter().next().map(Arc::new).with_context(|| format!("read the definition: {}", problem()))
}

async fn evenkeel(
    client: Prometheus,
    world: &World,
    slo: &Arc<Slo>,
    dir: &Path,
    step: &dyn Fn(&str),
) -> anyhow::Result<SloStatus> {
    let samples = SampleSource::Prometheus(client);
    let replica_labels = ReplicaLabels::new(REPLICA_LABELS.iter().map(ToString::to_string));
    let source = Arc::new(Source {
        name: "world".to_owned(),
        samples,
        ingest_delay: INGEST_DELAY,
        replica_labels,
        labels: Labels::new(),
    });
    let (groups, problems) = group(std::slice::from_ref(slo), &[], &[source]);
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let facts = FactStore::open(&dir.join("store")).context("open a store")?;
    let mut backfill =
        Backfill::new(groups, facts.clone(), Default::default(), (world.window.start, world.window.end))?;
    loop {
        let progress = backfill.progress();
        step(&format!("counting day {} of {}", (progress.done + 1).min(progress.wanted), progress.wanted));
        if !backfill.round(world.history.end).await? {
            break;
        }
    }
    let progress = backfill.progress();
    anyhow::ensure!(progress.done == progress.wanted, "the history could not be read; the log says why");
    let status = judge_at(slo, *slo.first_window(), &facts.reader, &[], world.window.end)?;
    facts.close().await?;
    Ok(status)
}
