//! A small shop as Evenkeel would see it on a Tuesday afternoon: thirteen SLOs,
//! an incident that goes on, a month of history. Every number follows from the
//! events that `world` makes up, so the answers agree with each other.

mod cluster;
mod commands;
mod incidents;
mod noise;
mod planned;
mod queries;
mod review;
mod scorecard;
mod slos;
mod status;
mod trends;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use evenkeel::evaluate::review::snapshot::Snapshot;
use evenkeel::model::ids::IncidentId;
use evenkeel::model::operations::change::{Change, ClusterEvent};
use evenkeel::model::operations::record::{IncidentTime, TimeOverride};
use evenkeel::model::slo::Slo;
use evenkeel::model::time::Timestamp;
use evenkeel::publish::answers::{BackfillProgress, DeclaredCorrection, Origin, ServiceStatus};

use self::cluster::{changes, cluster_events};
use self::planned::planned;
use self::review::review;
use self::scorecard::scored;
use self::slos::judge;
use self::status::{findings, status};
use self::trends::followed;
use super::world::{Traffic, definitions};

pub const NOW: &str = "2026-11-24T15:42:00Z";

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Answers with values.
pub struct Sample {
    pub snapshot: Arc<Snapshot>,
    pub status: ServiceStatus,
    pub changes: Vec<Change>,
    pub cluster_events: Vec<ClusterEvent>,
    traffic: Vec<(Arc<Slo>, Traffic)>,
    corrections: Mutex<Vec<DeclaredCorrection>>,
    overrides: Mutex<Vec<TimeOverride>>,
}

impl Sample {
    pub fn shop() -> Sample {
        let now = at(NOW);
        let traffic: Vec<(Arc<Slo>, Traffic)> =
            definitions().into_iter().map(|(slo, shape)| (Arc::new(slo), Traffic::new(&shape, now))).collect();
        let slos = traffic.iter().map(|(slo, traffic)| judge(slo, traffic, now)).collect::<Vec<_>>();
        let findings = Arc::new(findings());
        let snapshot = Snapshot {
            as_of: Some(now),
            slos: Arc::new(slos),
            review: Arc::new(review()),
            comparison: None,
            trends: Some(Arc::new(followed(12))),
            scorecard: Some(Arc::new(scored(now))),
            findings: Arc::clone(&findings),
            opened: Some(Arc::new(BTreeMap::from([("checkout".to_owned(), 14), ("search".to_owned(), 3)]))),
        };
        Sample {
            snapshot: Arc::new(snapshot),
            status: status(findings),
            changes: changes(),
            cluster_events: cluster_events(),
            traffic,
            overrides: Mutex::new(vec![TimeOverride {
                incident: IncidentId([0x13; 16]),
                time: IncidentTime::Mitigated,
                at: Some(at("2026-11-18T10:31:00Z")),
                author: "ann".to_owned(),
                reason: "the feature was switched off".to_owned(),
                recorded_at: at("2026-11-19T08:00:00Z"),
            }]),
            corrections: Mutex::new(
                planned().map(|c| DeclaredCorrection { correction: c, origin: Origin::File }).into(),
            ),
        }
    }

    /// Only these SLOs, in the order of the shop.
    pub fn only(mut self, names: &[&str]) -> Sample {
        let snapshot = Arc::make_mut(&mut self.snapshot);
        Arc::make_mut(&mut snapshot.slos).retain(|judgement| names.contains(&judgement.slo.name.as_str()));
        self
    }

    /// A daemon that has just started.
    pub fn starting() -> Sample {
        let mut sample = Sample::shop();
        sample.snapshot = Arc::new(Snapshot::default());
        sample.status.not_ready = Some("the first evaluation is not done".to_owned());
        sample.status.backfill = BackfillProgress { wanted: 390, done: 127, complete_since: None };
        sample
    }
}
