//! Everything that is known of one incident, gathered once for its page and for its
//! post-mortem.

use std::sync::Arc;

use super::around::{self, Around};
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::Snapshot;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::HistorySlot;
use crate::model::ids::IncidentId;
use crate::model::operations::alert::Alert;
use crate::model::operations::change::Change;
use crate::model::operations::incident::{Episode, Incident};
use crate::model::operations::record::TimeOverride;
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;

/// Changes that belong to an incident began at most so long before it.
const BEFORE: Millis = Millis::from_hours(24);

/// An incident with what is known of it.
pub(super) struct Story {
    pub review: Arc<Review>,
    pub snapshot: Arc<Snapshot>,
    pub incident: Incident,
    /// Those that belong to it.
    pub changes: Vec<Change>,
    /// Changes of its services around it, oldest first, whether or not they belong to it.
    pub nearby: Vec<Change>,
    /// Times that people set, oldest first.
    pub trail: Vec<TimeOverride>,
    /// The SLO that lost most, with its counts around the incident.
    pub slo: Option<(Arc<Slo>, Vec<HistorySlot>)>,
    pub around: Option<Around>,
    pub now: Timestamp,
}

impl Story {
    /// `None` where the incident has another id now.
    pub async fn read(daemon: &ApiContext, id: &str) -> Result<Result<Story, IncidentId>, Problem> {
        let evaluated = daemon.evaluated()?;
        let (snapshot, now) = (evaluated.snapshot, evaluated.as_of);
        let review = daemon.review_of(id).await?;
        let incident = match (review.incident(id), review.renamed(id)) {
            (Some(incident), _) => incident.clone(),
            (None, Some(renamed)) => return Ok(Err(renamed)),
            (None, None) => {
                return Err(Problem::not_found("incident not found in the stored history")
                    .about("id")
                    .hint("history may have been dropped; see /incidents for the current list"));
            }
        };
        let around = Around::of(&incident, now);
        let slo = around::most_hurt(&incident, &review, &snapshot);
        let old_names = review.aliases.iter().filter(|(_, now)| **now == incident.id).map(|(old, _)| *old);
        let names: Vec<IncidentId> = old_names.chain([incident.id]).collect();
        let (wanted, counted) = (incident.clone(), slo.clone());
        let (all, trail, slots) = daemon
            .ask(move |queries| {
                let start = wanted.start().unwrap_or(now);
                let shown_to = around.map_or(now, |around| around.period.end);
                let changes = queries.incidents.changes(Period::new(start - BEFORE, shown_to))?;
                let mut trail = queries.incidents.time_overrides()?;
                trail.retain(|set| names.contains(&set.incident));
                let slots = match (around, &counted) {
                    (Some(around), Some(slo)) => {
                        queries.slos.history(&slo.name, None, around.period, around.step, Basis::Current)?
                    }
                    _ => None,
                };
                Ok((changes, trail, slots.unwrap_or_default()))
            })
            .await?;
        let changes = all.iter().filter(|change| incident.changes.contains(&change.id)).cloned().collect();
        let is_near = |change: &&Change| {
            incident.concerns(&change.service) && around.is_some_and(|a| a.period.contains(change.started_at))
        };
        let nearby = all.iter().rev().filter(is_near).cloned().collect();
        let slo = slo.map(|slo| (slo, slots));
        Ok(Ok(Story { review, snapshot, incident, changes, nearby, trail, slo, around, now }))
    }

    pub fn episodes(&self) -> Vec<&Episode> {
        self.review.episodes.iter().filter(|episode| self.incident.episodes.contains(&episode.id)).collect()
    }

    /// Newest first.
    pub fn alerts(&self) -> Vec<&Alert> {
        let mut alerts: Vec<&Alert> =
            self.incident.alerts.iter().filter_map(|id| self.review.alerts.find(*id)).collect();
        alerts.sort_by_key(|alert| std::cmp::Reverse(alert.start()));
        alerts
    }
}
