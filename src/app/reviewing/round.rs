//! The reviewing task: incidents, comparison and trends of the history that is shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::app::alerting::findings::{findings, lost_override};
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::alerting::unmapped::unexplained;
use crate::evaluate::incident::opened::{Opened, newly_opened};
use crate::evaluate::review::compare::compare;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::trends::MONTHS_DEFAULT;
use crate::model::ids::IncidentId;
use crate::model::operations::incident::PublishedIncident;
use crate::model::time::{Millis, Period};
use crate::publish::answers::{AnswerError, ReportQueries, ReviewQueries};
use crate::store::Batch;

/// After a review it rests for this many times as long as it took, so that many
/// SLOs do not keep a core busy with it.
const REVIEW_REST: u32 = 10;

/// How long the first review waits for the history at most.
const HISTORY_WAIT: Millis = Millis::from_mins(1);

pub struct ReviewRound {
    daemon: Arc<AppState>,
    length: Millis,
    /// Ids of incidents as they were stored last.
    published: HashMap<IncidentId, PublishedIncident>,
    /// Those that are counted as opened; `None` before they are read.
    opened: Option<Opened>,
}

impl Round for ReviewRound {
    async fn round(&mut self) -> anyhow::Result<()> {
        let had_history = self.daemon.has_history();
        let took = self.renew().await?;
        if !had_history && self.gets_history(HISTORY_WAIT).await {
            self.renew().await?;
        }
        tokio::time::sleep(took * REVIEW_REST).await;
        Ok(())
    }
}

impl ReviewRound {
    pub fn new(daemon: Arc<AppState>, length: Millis) -> ReviewRound {
        ReviewRound { daemon, length, published: HashMap::new(), opened: None }
    }

    /// How long it took, but for months that are over: each is judged once a day.
    async fn renew(&mut self) -> anyhow::Result<Duration> {
        let began = tokio::time::Instant::now();
        let as_of = self.daemon.as_of();
        let (asked, period) = (Arc::clone(&self.daemon), Period::new(as_of - self.length, as_of));
        let both = tokio::task::spawn_blocking(move || {
            let (review, before) = (asked.review(period)?, Period::new(period.start - period.length(), period.start));
            let comparison = compare(period, &review, before, &asked.review(before)?);
            Ok::<_, AnswerError>((review, comparison))
        });
        let (review, comparison) = both.await??;
        self.publish_ids(&review).await?;
        self.count_opened(&review).await?;
        let unexplained = findings(&unexplained(&review.alerts));
        let lost = review.lost_overrides.iter().map(lost_override);
        self.daemon.board.note_findings("alerts", unexplained.into_iter().chain(lost).collect());
        self.daemon.board.note_review(Arc::new(review));
        self.daemon.board.note_comparison(comparison);
        let took = began.elapsed();
        let asked = Arc::clone(&self.daemon);
        let trends = tokio::task::spawn_blocking(move || asked.trends(MONTHS_DEFAULT)).await??;
        self.daemon.board.note_trends(trends);
        Ok(took)
    }

    /// Keeps the ids under which incidents are shown from now on.
    async fn publish_ids(&mut self, review: &Review) -> anyhow::Result<()> {
        let shown = review.incidents.iter().chain(&review.below_floor).filter_map(PublishedIncident::of);
        let new: Vec<PublishedIncident> = shown.filter(|one| self.published.get(&one.id) != Some(one)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let recorded_at = self.daemon.clock.now();
        let batch = Batch { published_incidents: new.clone(), recorded_at, ..Batch::default() };
        self.daemon.facts.write(batch).await.context("keep the ids of incidents")?;
        self.published.extend(new.into_iter().map(|one| (one.id, one)));
        Ok(())
    }

    /// Counts the incidents that were not counted before, for good; not before the history
    /// is read, as pages whose SLOs are not known yet look like incidents.
    async fn count_opened(&mut self, review: &Review) -> anyhow::Result<()> {
        if !self.daemon.has_history() {
            return Ok(());
        }
        let known = match self.opened.take() {
            Some(known) => known,
            None => self.daemon.facts.reader.opened_incidents()?.into_iter().collect(),
        };
        let new = newly_opened(&review.incidents, &review.aliases, &known);
        let opened = self.opened.insert(known);
        if !new.is_empty() {
            let (opened_incidents, recorded_at) = (new.clone().into_iter().collect(), self.daemon.clock.now());
            let batch = Batch { opened_incidents, recorded_at, ..Batch::default() };
            self.daemon.facts.write(batch).await.context("count the incidents")?;
            opened.extend(new);
        }
        let mut by_service: BTreeMap<String, u64> = BTreeMap::new();
        opened.values().for_each(|service| *by_service.entry(service.clone()).or_default() += 1);
        self.daemon.board.note_opened(by_service);
        Ok(())
    }

    /// After an installation people look at once, and should not see for a minute what
    /// half of the history came to.
    async fn gets_history(&self, within: Millis) -> bool {
        let mut seconds = 0..within.0 / 1_000;
        while !self.daemon.has_history() && seconds.next().is_some() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.daemon.has_history()
    }
}
