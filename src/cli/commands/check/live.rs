//! Asks the sources for the series of every SLO, before anything runs.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::catalog::setup;
use crate::app::catalog::slis::{Source, source_of};
use crate::app::proof::preview::look;
use crate::app::runtime::clock::Clock;
use crate::config;
use crate::definitions::Loaded;
use crate::evaluate::review::finding::{FindingKind, FindingSeverity};
use crate::model::problem::{Level, Problem};
use crate::model::slo::Slo;
use crate::model::slo::sli_problem::SliProblem;
use crate::net::HttpError;
use crate::net::install_crypto_provider;
use crate::publish::text::findings::text_of;

use crate::sources::prometheus::samples::SampleSource;
use crate::sources::prometheus::survey::Survey;

/// SLOs that are asked for at one time: a Prometheus has twenty query slots for
/// everybody.
const AT_ONCE: usize = 4;

/// What the sources say of the definitions, in the order of the SLOs.
pub(super) fn problems(loaded: &Loaded, sources: &[config::SourceConfig]) -> anyhow::Result<Vec<Problem>> {
    install_crypto_provider();
    let sources = sources.iter().map(setup::source).collect::<anyhow::Result<Vec<_>>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(ask_all(loaded, &sources))
}

async fn ask_all(loaded: &Loaded, sources: &[Arc<Source>]) -> anyhow::Result<Vec<Problem>> {
    let progress = progress(loaded.slos.len() as u64);
    let now = Clock::System.now();
    let mut surveys = Vec::new();
    for source in sources {
        if let SampleSource::Prometheus(client) = &source.samples {
            surveys.push((source.name.as_str(), Survey::new(client, now, source.ingest_delay)));
        }
    }
    let ask = async |slo: &Slo| {
        let source = source_of(slo, sources);
        let name = source.map(|source| source.name.as_str());
        let survey = surveys.iter().find(|(of, _)| Some(*of) == name).map(|(_, survey)| survey);
        let found = match survey.zip(source) {
            Some((survey, source)) => look(&Arc::new(slo.clone()), survey, source, now).await,
            None => Ok(Vec::new()),
        };
        progress.inc(1);
        found
    };
    let asked = loaded.slos.iter().map(|slo| {
        let asked = ask(slo);
        async move { (slo, asked.await) }
    });
    let answers: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
    progress.finish_and_clear();
    let mut problems = Vec::new();
    let mut unanswered: Option<HttpError> = None;
    for (slo, answer) in answers {
        match answer {
            Ok(found) => problems.extend(found.into_iter().filter_map(|one| problem(loaded, slo, one))),
            Err(error) if error.asks_too_much() => {
                let too_large = SliProblem::TooLarge { reason: error.to_string() };
                problems.extend(problem(loaded, slo, too_large));
            }
            Err(error) => unanswered = unanswered.or(Some(error)),
        }
    }
    if let Some(error) = unanswered {
        let hint = "the series of some SLOs could not be verified; run it again when the source answers";
        let file = sources.first().map_or(String::new(), |source| source.samples.shown_url().to_owned());
        problems.push(Problem::of_file(Level::Error, file, error.to_string(), Some(hint.to_owned())));
    }
    Ok(problems)
}

/// A problem at the key that it is about; none for what needs no action.
fn problem(loaded: &Loaded, slo: &Slo, found: SliProblem) -> Option<Problem> {
    let key = found.side().map_or("", |side| side.as_str());
    let kind = FindingKind::Sli(found);
    let level = match kind.severity() {
        FindingSeverity::Error => Level::Error,
        FindingSeverity::Warning => Level::Warning,
        FindingSeverity::Info => return None,
    };
    let text = text_of(&slo.name, &kind);
    loaded.problem_of(&slo.name, key, level, text.message, text.hint)
}

fn progress(slos: u64) -> ProgressBar {
    let bar = ProgressBar::new(slos);
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{spinner} asking the source: {pos} of {len} SLOs") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
