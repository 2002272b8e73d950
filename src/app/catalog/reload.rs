//! The task that owns the catalogue: loads the definitions, resolves and prepares
//! everything that can fail, and only then commits a new generation. Whatever asks
//! for a reload (a signal, the API, a changed file, a new group) takes this way.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::generation::Catalog;
use super::groups::Groups;
use super::requests::ReloadReceiver;
use super::settings::Settings;
use super::{generations, slis};
use crate::app::catalog::slis::Source;
use crate::app::runtime::clock::Clock;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::definitions::lasting::{LastingSet, load_lasting};
use crate::definitions::{self, Loaded};
use crate::evaluate::review::finding::Finding;
use crate::model::problem::{Level, Problem};
use crate::model::slo::Slo;
use crate::model::time::{Millis, Timestamp};
use crate::publish::answers::{CatalogStatus, DefinitionFile, ReloadReport};
use crate::store::{Batch, Reader};

/// How often the definition files are looked at. Polling, because notifications of
/// the kernel reach neither network file systems nor the exchanged links of a
/// mounted ConfigMap reliably; looking at a thousand files takes milliseconds.
const POLL: Duration = Duration::from_secs(1);

/// After a look it rests for this many times as long as it took: ten thousand files
/// must not keep a core busy.
const LOOK_REST: u32 = 50;

/// A change is read once the files stay as they are for so long: an editor or a
/// deployment writes several in a row.
const DEBOUNCE: Duration = Duration::from_millis(250);

/// Files that change all the time are read after so many looks.
const LOOKS_MAX: usize = 40;

/// Before the present, where live counting of new SLIs begins: a first round reads
/// three minutes.
const LIVE_LEAD: Millis = Millis::from_mins(3);

/// The definitions cannot be used at all: nothing is in force yet, and none is sound.
#[derive(Debug, thiserror::Error)]
#[error("no usable SLO definition")]
pub struct NoDefinitions(pub Vec<Problem>);

/// Where definitions come from.
pub enum Definitions {
    Files(Vec<PathBuf>),
    /// Of the demo.
    BuiltIn(Box<Loaded>),
}

pub struct Catalogue {
    daemon: Arc<AppState>,
    sources: Vec<Arc<Source>>,
    definitions: Definitions,
    requests: ReloadReceiver,
    /// `None` where there is no configuration to read again, as in the demo.
    settings: Option<Arc<Settings>>,
    /// The definitions in force.
    set: LastingSet,
    /// Of the files as they were read.
    fingerprint: u64,
    waiting: Vec<oneshot::Sender<ReloadReport>>,
    has_changed: bool,
    /// Whether the last reload failed: it is tried again after the pause.
    has_failed: bool,
}

impl Catalogue {
    /// Loads and commits the first generation.
    pub async fn begin(
        daemon: Arc<AppState>,
        sources: Vec<Arc<Source>>,
        definitions: Definitions,
        settings: Option<Settings>,
        requests: ReloadReceiver,
        groups: &mut Groups,
    ) -> anyhow::Result<Catalogue> {
        let mut catalogue = Catalogue {
            daemon,
            sources,
            definitions,
            settings: settings.map(Arc::new),
            requests,
            set: LastingSet::default(),
            fingerprint: 0,
            waiting: Vec::new(),
            has_changed: false,
            has_failed: false,
        };
        let set = catalogue.load().await?;
        let is_usable = !set.loaded.slos.is_empty() || !set.problems.iter().any(|p| p.level == Level::Error);
        if !is_usable {
            return Err(NoDefinitions(set.problems).into());
        }
        // Groups that were never looked for come before the first evaluation, those
        // of later days while it runs.
        groups.begin(&catalogue.placed(&set)).await?;
        catalogue.apply(set).await?;
        Ok(catalogue)
    }

    fn paths(&self) -> &[PathBuf] {
        match &self.definitions {
            Definitions::Files(paths) => paths,
            Definitions::BuiltIn(_) => &[],
        }
    }

    /// Reads what the files say now, with the last good text of those that are wrong.
    async fn load(&mut self) -> anyhow::Result<LastingSet> {
        let paths = match &self.definitions {
            Definitions::Files(paths) => paths.clone(),
            Definitions::BuiltIn(defined) => {
                return Ok(LastingSet::built_in(Loaded::clone(defined)));
            }
        };
        let before = std::mem::take(&mut self.set);
        let reader = self.daemon.facts.reader.clone();
        let names: Vec<String> = self.sources.iter().map(|source| source.name.clone()).collect();
        let work = move || {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            // Taken first: what changes while the files are read is read again.
            let fingerprint = definitions::fingerprint(&paths);
            let set = load_lasting(&paths, &names, &before, |file| stored_text(&reader, file));
            (before, set, fingerprint)
        };
        let (before, set, fingerprint) = tokio::task::spawn_blocking(work).await?;
        (self.set, self.fingerprint) = (before, fingerprint);
        Ok(set)
    }

    /// The SLOs of a set, with the labels of their sources.
    fn placed(&self, set: &LastingSet) -> Vec<Arc<Slo>> {
        set.loaded.slos.iter().map(|slo| Arc::new(slis::placed(slo, &self.sources))).collect()
    }

    /// Resolves, prepares and commits a set.
    async fn apply(&mut self, set: LastingSet) -> anyhow::Result<()> {
        let facts = &self.daemon.facts;
        let now = self.daemon.clock.now();
        let defined = self.placed(&set);
        let divided: Vec<Arc<Slo>> = defined.iter().filter(|slo| slo.group_by.is_some()).cloned().collect();
        let slos = super::groups::expanded(&defined, &facts.reader)?;
        let (groups, unresolved) = slis::group(&slos, &divided, &self.sources);
        anyhow::ensure!(unresolved.is_empty(), "{}", unresolved.join("; "));
        let changed = set.texts.iter().filter(|(file, text)| self.set.texts.get(*file) != Some(text));
        let changed = changed.map(|(file, text)| (text_key(file), Some(text.clone())));
        let gone = self.set.texts.keys().filter(|file| !set.texts.contains_key(*file));
        let batch = Batch {
            definitions: generations::definitions(&slos, now),
            promises: generations::promises(&slos, now),
            state: changed.chain(gone.map(|file| (text_key(file), None))).collect(),
            recorded_at: now,
            ..Batch::default()
        };
        let generation = self.daemon.catalog().generation + 1;
        if let Err(error) = facts.write(batch).await {
            anyhow::ensure!(generation == 1, "note the definitions: {error:#}");
            // A start with a full disk: what is in the store can still be evaluated.
            tracing::error!(error = format!("{error:#}"), "the definitions could not be noted in the store");
        }
        let slos = generations::with_objectives(&slos, &facts.reader)?;
        let _changing = self.daemon.corrections.changing().await;
        let corrections = self.daemon.corrections.prepare(set.loaded.corrections.clone(), &facts.reader)?;

        // Nothing fails from here on.
        self.daemon.corrections.commit(corrections);
        let live_from = (now - self.daemon.ingest_delay).floor_slot() - LIVE_LEAD;
        let kpis = set.loaded.kpis.iter().cloned().map(Arc::new).collect();
        self.daemon.commit(Catalog { generation, slos, divided, kpis, groups, live_from });
        self.report(&set, generation, now);
        tracing::info!(generation, slos = set.loaded.slos.len(), "definitions are in force");
        self.set = set;
        Ok(())
    }

    /// What is in force, for the status and the findings.
    fn report(&self, set: &LastingSet, generation: u64, now: Timestamp) {
        let file = |state: &definitions::lasting::FileState| DefinitionFile {
            file: state.file.clone(),
            hash: state.hash.clone(),
            is_current: state.is_current,
        };
        let is_whole = !set.problems.iter().any(|p| p.level == Level::Error);
        self.daemon.board.note_findings("definitions", set.problems.iter().map(finding).collect());
        self.daemon.note_catalog(CatalogStatus {
            generation,
            hash: set.hash(),
            complete_at: Some(now),
            is_successful: is_whole,
            files: set.files.iter().map(file).collect(),
        });
    }

    /// Compares the configuration with what is in force.
    async fn look_at_settings(&self) -> anyhow::Result<()> {
        let Some(settings) = self.settings.clone() else { return Ok(()) };
        let findings = tokio::task::spawn_blocking(move || settings.findings()).await?;
        self.daemon.board.note_findings("configuration", findings);
        Ok(())
    }

    async fn reload(&mut self) -> ReloadReport {
        let outcome = async {
            self.look_at_settings().await?;
            let set = self.load().await?;
            let problems = set.problems.clone();
            self.apply(set).await.map(|()| problems)
        };
        let (problems, error) = match outcome.await {
            Ok(problems) => (problems, None),
            Err(error) => {
                let message = format!("{error:#}");
                tracing::error!(error = message, "the reload failed; the definitions before it stay in force");
                self.daemon.note_failed_reload(&message);
                (Vec::new(), Some(message))
            }
        };
        ReloadReport { generation: self.daemon.catalog().generation, problems, error }
    }
}

impl Round for Catalogue {
    async fn round(&mut self) -> anyhow::Result<()> {
        if self.waiting.is_empty() && !self.has_changed {
            return Ok(());
        }
        self.has_changed = false;
        let waiting = std::mem::take(&mut self.waiting);
        let report = self.reload().await;
        let failed = report.error.clone();
        self.has_failed = failed.is_some();
        for reply in waiting {
            // Who has left meanwhile needs no answer.
            let _ = reply.send(report.clone());
        }
        failed.map_or(Ok(()), |error| Err(anyhow::anyhow!(error)))
    }

    async fn rest(&mut self, clock: &Clock, pause: Millis) {
        let changed = files_changed(self.paths().to_vec(), self.fingerprint);
        let request = tokio::select! {
            () = changed => None,
            () = clock.sleep(pause), if self.has_failed => None,
            request = next(&mut self.requests) => Some(request),
        };
        match request {
            None => self.has_changed = true,
            Some(request) => self.waiting.push(request),
        }
        while let Ok(request) = self.requests.try_recv() {
            self.waiting.push(request);
        }
    }
}

/// Waits until the files differ from those that were read, and stay as they are.
async fn files_changed(paths: Vec<PathBuf>, read: u64) {
    if paths.is_empty() {
        return std::future::pending().await;
    }
    let mut pause = POLL;
    loop {
        tokio::time::sleep(pause).await;
        let began = Instant::now();
        let mut seen = look(&paths, read).await;
        pause = POLL.max(began.elapsed() * LOOK_REST);
        if seen == read {
            continue;
        }
        for _ in 0..LOOKS_MAX {
            tokio::time::sleep(DEBOUNCE).await;
            let again = look(&paths, read).await;
            if again == seen {
                break;
            }
            seen = again;
        }
        if seen != read {
            return;
        }
    }
}

async fn look(paths: &[PathBuf], otherwise: u64) -> u64 {
    let paths = paths.to_vec();
    tokio::task::spawn_blocking(move || definitions::fingerprint(&paths)).await.unwrap_or(otherwise)
}

/// The next request; none comes any more when the daemon ends.
async fn next(requests: &mut ReloadReceiver) -> oneshot::Sender<ReloadReport> {
    match requests.recv().await {
        Some(request) => request,
        None => std::future::pending().await,
    }
}

/// The key under which the store keeps the last good text of a file.
fn text_key(file: &str) -> String {
    format!("definitions/{file}")
}

fn stored_text(reader: &Reader, file: &str) -> Option<String> {
    let text = reader.state(&text_key(file));
    text.inspect_err(|error| tracing::error!(file, %error, "the last good definitions cannot be read")).ok()?
}

fn finding(problem: &Problem) -> Finding {
    let place = if problem.line > 0 { format!("{}:{}: ", problem.line, problem.column) } else { String::new() };
    let path = if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
    let effect = match problem.level {
        Level::Error => "; the file's last good definitions stay in force",
        Level::Warning => "",
    };
    Finding::other(
        problem.file.clone(),
        format!("{place}{path}{}{effect}", problem.message),
        problem.hint.clone().unwrap_or_else(|| "correct the file; `evenkeel check` shows the place".to_owned()),
    )
}
