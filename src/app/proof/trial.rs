//! What SLOs would have come to on the history that their sources have: counted, stored
//! and judged as the daemon does it, in a store that is thrown away.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::preview::{look, series_of};
use crate::app::catalog::groups::groups_in;
use crate::app::catalog::slis::{QueryGroup, Source, group, source_of};
use crate::app::counting::backfill::Backfill;
use crate::app::counting::composites::Composites;
use crate::app::counting::source::store;
use crate::app::judging::ledger::{history_of, judge_at};
use crate::app::reviewing::review::burn_of;
use crate::app::runtime::facts::FactStore;
use crate::evaluate::alerting::rule_changes::burn_alerts;
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::what_if::{OtherObjective, SuggestedObjective, other_objectives, suggested_objective};
use crate::model::ids::SliId;
use crate::model::operations::alert::Alert;
use crate::model::operations::correction::Correction;
use crate::model::operations::incident::Episode;
use crate::model::slo::Slo;
use crate::model::slo::groups::{GroupValues, expand};
use crate::model::slo::objectives::Objective;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::samples::SampleSource;
use crate::sources::prometheus::survey::Survey;

/// A source that fails is asked again so often, after this pause.
const RETRIES: usize = 3;
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// What is tried.
pub struct TrialRequest {
    pub slos: Vec<Arc<Slo>>,
    pub corrections: Vec<Arc<Correction>>,
    pub sources: Vec<Arc<Source>>,
    /// Whole minutes that every source has.
    pub period: Period,
    pub now: Timestamp,
    /// Others than the SLO's own.
    pub objectives: Vec<Objective>,
}

/// What an SLO would have come to.
#[derive(Debug)]
pub struct Trial {
    pub slo: Arc<Slo>,
    /// Series that match at the end of the period; absent where the source cannot say.
    pub series: Option<u64>,
    /// What is wrong with them.
    pub problems: Vec<SliProblem>,
    /// Why some of the history is missing.
    pub unread: Option<String>,
    /// The part of the period since which anything is known; absent where nothing is.
    pub known: Option<Period>,
    /// By window, at the end of the period.
    pub windows: Vec<SloStatus>,
    /// When its budget burned, the newest first.
    pub episodes: Vec<Episode>,
    /// What its burn-rate alerts would have sent.
    pub alerts: Vec<Alert>,
    /// By objective, the SLO's own among them.
    pub objectives: Vec<OtherObjective>,
    pub suggested: Option<SuggestedObjective>,
}

/// Tries all SLOs; `dir` is where the store is made, `step` gets each step as it begins.
pub async fn try_slos(request: &TrialRequest, dir: &Path, step: &dyn Fn(&str)) -> anyhow::Result<Vec<Trial>> {
    let facts = FactStore::open(dir).context("open a temporary store")?;
    step("looking for groups");
    let slos = expanded(request).await?;
    let divided: Vec<Arc<Slo>> = request.slos.iter().filter(|slo| slo.group_by.is_some()).cloned().collect();
    let (groups, problems) = group(&slos, &divided, &request.sources);
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let mut unread = BTreeMap::new();
    for source in &request.sources {
        let mine = groups.iter().filter(|group| group.source.name == source.name).cloned().collect();
        unread.extend(read_history(request, mine, &facts, step).await?);
    }
    combine(&slos, &facts, request.now).await?;
    let mut trials = Vec::new();
    for slo in &slos {
        step(&format!("judging {}", slo.name));
        let (series, problems) = match look_at(slo, request).await {
            Ok(seen) => seen,
            Err(error) => {
                unread.entry(slo.indicator_id()).or_insert_with(|| error.to_string());
                (None, Vec::new())
            }
        };
        let unread = unread.get(&slo.indicator_id()).cloned();
        trials.push(Trial { series, problems, unread, ..judged(slo, request, &facts)? });
    }
    facts.close().await?;
    Ok(trials)
}

/// All SLOs, each that is divided as the groups that its source has in the period.
async fn expanded(request: &TrialRequest) -> anyhow::Result<Vec<Arc<Slo>>> {
    let mut known: BTreeMap<&str, Vec<GroupValues>> = BTreeMap::new();
    for slo in &request.slos {
        let (Some(by), Some(source)) = (&slo.group_by, source_of(slo, &request.sources)) else { continue };
        let mut found: Vec<GroupValues> = Vec::new();
        // As the daemon does: what is there now comes first.
        for day in request.period.days().rev() {
            let day = Period::new(Timestamp::day_start(day), Timestamp::day_start(day + 1)).intersect(request.period);
            let new =
                groups_in(slo, by, source, day).await.with_context(|| format!("look for groups of {}", slo.name))?;
            found.extend(new.into_iter().filter(|group| !found.contains(group)).collect::<BTreeSet<_>>());
        }
        found.truncate(by.groups_max + 1);
        known.insert(&slo.name, found);
    }
    let of = |slo: &Slo| known.get(slo.name.as_str()).cloned().unwrap_or_default();
    Ok(expand(request.slos.iter().map(Arc::as_ref), of).into_iter().map(Arc::new).collect())
}

/// Counts the period of all groups of a source; by SLI, why some of it is missing.
async fn read_history(
    request: &TrialRequest,
    groups: Vec<QueryGroup>,
    facts: &FactStore,
    step: &dyn Fn(&str),
) -> anyhow::Result<BTreeMap<SliId, String>> {
    let Period { start, end } = request.period;
    let mut backfill = Backfill::new(groups, facts.clone(), Default::default(), (start, end))?;
    let mut retries = RETRIES;
    loop {
        let progress = backfill.progress();
        step(&format!("reading history: {} of {} SLO-days", progress.done, progress.wanted));
        if backfill.round(request.now).await? {
            continue;
        }
        if backfill.unread().is_empty() || retries == 0 {
            break;
        }
        retries -= 1;
        tokio::time::sleep(RETRY_PAUSE).await;
        backfill.retry();
    }
    Ok(backfill.unread().into_iter().map(|(id, reason)| (id, reason.to_owned())).collect())
}

/// Stores what composites come to.
async fn combine(slos: &[Arc<Slo>], facts: &FactStore, now: Timestamp) -> anyhow::Result<()> {
    let mut composites = Composites::new(slos, &facts.reader)?;
    loop {
        let due = composites.due();
        if due.is_empty() {
            return Ok(());
        }
        for day in due {
            store(facts, &composites.count(day, &facts.reader)?, now).await?;
            composites.done(day);
        }
    }
}

/// The number of series of an SLO, and what is wrong with them.
async fn look_at(slo: &Arc<Slo>, request: &TrialRequest) -> Result<(Option<u64>, Vec<SliProblem>), HttpError> {
    let Some(source) = source_of(slo, &request.sources).filter(|_| slo.indicator.is_read()) else {
        return Ok((None, Vec::new()));
    };
    let SampleSource::Prometheus(client) = &source.samples else { return Ok((None, Vec::new())) };
    let (groups, _) = group(std::slice::from_ref(slo), &[], std::slice::from_ref(source));
    let mut series = None;
    for group in &groups {
        series = series_of(group, request.period.end).await?.map(|more| series.unwrap_or(0) + more as u64);
    }
    // Of the end of the period, which may be long past.
    let at = request.period.end + source.ingest_delay;
    let survey = Survey::new(client, at, source.ingest_delay);
    Ok((series, look(slo, &survey, source, at).await?))
}

/// One SLO, from what was stored.
fn judged(slo: &Arc<Slo>, request: &TrialRequest, facts: &FactStore) -> anyhow::Result<Trial> {
    let (reader, corrections, end) = (&facts.reader, request.corrections.as_slice(), request.period.end);
    let windows = slo.windows.iter().map(|window| judge_at(slo, *window, reader, corrections, end));
    let windows = windows.collect::<Result<Vec<SloStatus>, _>>()?;
    let mut history = history_of(slo, reader, request.period, |_| true)?;
    let around = Period::new(request.period.start, end + Millis::from_hours(1));
    history.leave_out(ExcludedTime::of(slo, corrections, around));
    let mut trial = Trial {
        slo: Arc::clone(slo),
        series: None,
        problems: Vec::new(),
        unread: None,
        known: history.known_since(request.period).map(|since| Period::new(since.floor_slot(), end)),
        windows,
        episodes: Vec::new(),
        alerts: Vec::new(),
        objectives: Vec::new(),
        suggested: None,
    };
    let Some(known) = trial.known else { return Ok(trial) };
    trial.episodes = burn_of(slo, reader, corrections, known)?.episodes;
    trial.episodes.sort_by_key(|episode| std::cmp::Reverse(episode.start));
    trial.alerts = burn_alerts(slo, &history, known);
    let mut objectives = request.objectives.clone();
    objectives.push(slo.objective);
    objectives.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    objectives.dedup();
    trial.objectives = other_objectives(slo, &history, known, objectives);
    // The SLO as it is, to the last digit.
    if let (Some(own), Some(status)) =
        (trial.objectives.iter_mut().find(|other| other.objective == slo.objective), trial.windows.first())
    {
        own.status = status.clone();
    }
    trial.suggested = suggested_objective(slo, &history, known);
    Ok(trial)
}
