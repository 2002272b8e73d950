//! The running daemon as handlers see it: answers from memory at once, answers
//! from disk on a bounded number of blocking threads for each kind of question,
//! expensive answers once for all.

use std::sync::Arc;

use axum::http::StatusCode;
use chrono_tz::Tz;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::problem::Problem;
use super::shared::SharedAnswers;
use crate::evaluate::alerting::replay::Replay;
use crate::evaluate::alerting::rule_changes::RuleChange;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::model::asker::Asker;
use crate::model::link::LinkTemplate;
use crate::model::time::{Period, Timestamp};
use crate::publish::answers::{AnswerError, Commands, Queries, ReportQueries, ServiceStatus};
use crate::publish::http::plumbing::query::DEFAULT_PERIOD;
use crate::publish::http::plumbing::settings::HttpSettings;

/// Reports, and replays, that are made at one time. Each keeps a core busy.
const SHARED_AT_ONCE: usize = 1;

#[derive(Clone)]
pub(crate) struct ApiContext {
    queries: Queries,
    commands: Arc<dyn Commands>,
    /// Changes under way, each of which goes on when its client has left.
    pub changes: TaskTracker,
    /// Places for questions that read a little, for those that judge a whole period,
    /// and for changes: no kind waits behind another.
    little: Arc<Semaphore>,
    judging: Arc<Semaphore>,
    changing: Arc<Semaphore>,
    replays: Arc<SharedAnswers<Vec<Replay>>>,
    reports: Arc<SharedAnswers<Option<String>>>,
    links: Arc<[LinkTemplate]>,
    /// Of the months that pages are asked for.
    pub timezone: Tz,
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
            Problem::not_found(format!("SLO `{name}` not found")).about("name").hint("/api/v1/slos lists all SLOs")
        })
    }
}

impl ApiContext {
    pub fn new(queries: Queries, commands: Arc<dyn Commands>, settings: &HttpSettings) -> Self {
        let places = || Arc::new(Semaphore::new(settings.disk_questions_max));
        // Before the time-out of the request, so that the client learns what to do.
        let patience = settings.request_timeout.mul_f64(0.9);
        ApiContext {
            queries,
            commands,
            little: places(),
            judging: places(),
            changing: places(),
            links: settings.links.clone().into(),
            timezone: settings.timezone,
            replays: SharedAnswers::new(SHARED_AT_ONCE, patience),
            reports: SharedAnswers::new(SHARED_AT_ONCE, patience),
            changes: TaskTracker::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.queries.status.now()
    }

    /// How the daemon itself is doing.
    pub fn status(&self) -> ServiceStatus {
        self.queries.status.status()
    }

    /// The latest evaluation, empty before the first one.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.queries.status.snapshot()
    }

    /// Links to other tools, in the order in which they are shown.
    pub fn links(&self) -> &[LinkTemplate] {
        &self.links
    }

    /// The latest evaluation, or the problem that there is none yet.
    pub fn evaluated(&self) -> Result<Evaluated, Problem> {
        let snapshot = self.snapshot();
        let as_of = snapshot.as_of.ok_or_else(Problem::not_ready)?;
        Ok(Evaluated { snapshot, as_of })
    }

    /// A review that has the incident: the latest one, or one of the last days, which
    /// may know of what the latest does not know yet.
    pub async fn review_of(&self, incident: &str) -> Result<Arc<Review>, Problem> {
        let latest = Arc::clone(&self.evaluated()?.snapshot.review);
        if latest.incident(incident).is_some() || latest.renamed(incident).is_some() {
            return Ok(latest);
        }
        let now = self.now();
        self.judge(move |queries| queries.incidents.review(Period::new(now - DEFAULT_PERIOD, now))).await.map(Arc::new)
    }

    /// Asks a question that reads a little from the disk.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Queries) -> Result<T, AnswerError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.work(&self.little, Asker::default(), question).await
    }

    /// Asks a question for which all of a period is judged.
    pub async fn judge<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Queries) -> Result<T, AnswerError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.work(&self.judging, Asker::default(), question).await
    }

    /// Changes something. It is done to its end, also when the client has left; what
    /// was made of the facts before is not given out any more.
    pub async fn change<T, F>(&self, change: impl FnOnce(Arc<dyn Commands>) -> F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let place = Arc::clone(&self.changing).acquire_owned().await.map_err(|_| internal())?;
        let changing = change(Arc::clone(&self.commands));
        let (replays, reports) = (Arc::clone(&self.replays), Arc::clone(&self.reports));
        let changing = self.changes.spawn(async move {
            let _place = place;
            let changed = changing.await;
            replays.forget();
            reports.forget();
            changed
        });
        changing.await.map_err(|error| broken(&error))
    }

    /// A replay, made once for all who ask the same. `asked` names the period as the
    /// client does: one up to now moves on with each minute.
    pub async fn replay(
        &self,
        asked: &str,
        period: Period,
        change: Option<RuleChange>,
    ) -> Result<Arc<Vec<Replay>>, Problem> {
        let alerts = Arc::clone(&self.queries.alerts);
        self.replays.ask(format!("{asked} {change:?}"), move || alerts.replay(period, change)).await
    }

    /// A text of which there is one for all who ask the same.
    pub async fn report(
        &self,
        asked: String,
        make: impl FnOnce(&dyn ReportQueries) -> Result<Option<String>, AnswerError> + Send + 'static,
    ) -> Result<Arc<Option<String>>, Problem> {
        let reports = Arc::clone(&self.queries.reports);
        self.reports.ask(asked, move || make(&*reports)).await
    }

    /// Works in one of some places. A place is held until the work ends, which is soon
    /// after the client has left, so that impatient clients cannot pile work up.
    async fn work<T: Send + 'static>(
        &self,
        places: &Arc<Semaphore>,
        asker: Asker,
        question: impl FnOnce(&Queries) -> Result<T, AnswerError> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(places).acquire_owned().await.map_err(|_| internal())?;
        let (queries, working) = (self.queries.clone(), asker.clone());
        let _leaves = Leaves(asker);
        let asked = tokio::task::spawn_blocking(move || {
            let _place = place;
            working.wait_for(|| question(&queries))
        });
        match asked.await {
            Ok(Some(Ok(answer))) => Ok(answer),
            Ok(Some(Err(error))) => {
                tracing::error!(%error, "a question was not answered");
                Err(internal())
            }
            Ok(None) => Err(internal()),
            Err(error) => Err(broken(&error)),
        }
    }
}

/// The asker leaves when the handler is dropped, as it is when its client has gone.
struct Leaves(Asker);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.leave();
    }
}

fn internal() -> Problem {
    Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)
}

fn broken(error: &tokio::task::JoinError) -> Problem {
    tracing::error!(%error, "answering a question failed");
    internal()
}
