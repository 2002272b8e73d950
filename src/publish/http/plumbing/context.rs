//! The running daemon as handlers see it: answers from memory at once, answers
//! from disk on a bounded number of blocking threads.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use super::problem::Problem;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::model::time::{Period, Timestamp};
use crate::publish::answers::{AnswerError, Answers};
use crate::publish::http::api::corrections::Writes;
use crate::publish::http::api::incidents::DEFAULT_PERIOD;

#[derive(Clone)]
pub(crate) struct ApiContext {
    pub answers: Arc<dyn Answers>,
    pub writes: Writes,
    disk: Arc<Semaphore>,
}

/// A snapshot that was evaluated, with the moment.
#[derive(Clone, Debug)]
pub(crate) struct Evaluated {
    pub snapshot: Arc<Snapshot>,
    pub as_of: Timestamp,
}

impl Evaluated {
    /// The SLO of this name, or the problem that there is none.
    pub fn slo(&self, name: &str) -> Result<&SloJudgement, Problem> {
        self.snapshot.slos.iter().find(|judgement| judgement.slo.name == name).ok_or_else(|| {
            Problem::not_found(format!("there is no SLO `{name}`")).about("name").hint("/api/v1/slos lists all SLOs")
        })
    }
}

impl ApiContext {
    pub fn new(answers: Arc<dyn Answers>, writes: Writes, disk_questions_max: usize) -> Self {
        ApiContext { answers, writes, disk: Arc::new(Semaphore::new(disk_questions_max)) }
    }

    /// The latest evaluation, or the problem that there is none yet.
    pub fn evaluated(&self) -> Result<Evaluated, Problem> {
        let snapshot = self.answers.snapshot();
        let as_of = snapshot.as_of.ok_or_else(Problem::not_ready)?;
        Ok(Evaluated { snapshot, as_of })
    }

    /// A review that has the incident: the latest one, or one of the last days, which
    /// may know of what the latest does not know yet.
    pub async fn review_of(&self, incident: &str) -> Result<Arc<Review>, Problem> {
        let latest = Arc::clone(&self.evaluated()?.snapshot.review);
        if latest.incidents.iter().any(|one| one.id.to_string() == incident) {
            return Ok(latest);
        }
        let now = self.answers.now();
        self.ask(move |answers| answers.review(Period::new(now - DEFAULT_PERIOD, now))).await.map(Arc::new)
    }

    /// Asks a question that may read the disk. The place is held until the
    /// question is done, even when the client has gone, so that impatient
    /// clients cannot pile work up.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Answers) -> Result<T, AnswerError> + Send + 'static,
    ) -> Result<T, Problem> {
        let internal = || Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR);
        let place = Arc::clone(&self.disk).acquire_owned().await.map_err(|_| internal())?;
        let answers = Arc::clone(&self.answers);
        let asked = tokio::task::spawn_blocking(move || {
            let _place = place;
            question(&*answers)
        });
        match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                tracing::error!(%error, "a question was not answered");
                Err(internal())
            }
            Err(error) => {
                tracing::error!(%error, "answering a question failed");
                Err(internal())
            }
        }
    }
}
