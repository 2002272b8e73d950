//! `evenkeel try`: definitions on the history of a source, before they run.

use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::run::signal;
use crate::app::catalog::setup;
use crate::app::catalog::slis::Source;
use crate::app::proof::trial::{Trial, TrialRequest, try_slos};
use crate::app::runtime::clock::Clock;
use crate::cli::args::TrialArgs;
use crate::cli::output::table::Colour;
use crate::cli::output::tables;
use crate::cli::output::terminal::{BAD_INPUT, print, print_as_is, report_problems};
use crate::config;
use crate::definitions::{self, Loaded};
use crate::evaluate::review::finding::FindingKind;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::what_if::{OtherObjective, stretches};
use crate::model::slo::sli::Sli;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::slo::{Severity, Slo};
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::install_crypto_provider;
use crate::publish::text::findings::text_of;

/// The least history that is of any use, and the most that one command reads.
const LAST_MIN: Millis = Millis::from_mins(10);
const LAST_MAX: Millis = Millis::from_days(400);

pub fn try_on_history(args: &TrialArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = config::Overrides::default();
    overrides.set(config::PROMETHEUS, args.prometheus.iter().cloned().collect());
    let (config, mut problems) = config::load(args.config.as_deref(), &overrides, &config::Environment::real());
    let Some(config) = config else {
        report_problems(&problems);
        return Ok(ExitCode::from(BAD_INPUT));
    };
    let paths = if args.paths.is_empty() { &config.definitions } else { &args.paths };
    anyhow::ensure!(!paths.is_empty(), "nothing to try: name files or directories of definitions");
    anyhow::ensure!(
        !config.sources.is_empty(),
        "no source to try them on: name one with --prometheus, or a configuration with --config"
    );
    anyhow::ensure!(
        (LAST_MIN..=LAST_MAX).contains(&args.last),
        "--last {}: between {} and {}",
        args.last,
        LAST_MIN.human(),
        LAST_MAX.human()
    );
    let mut loaded = definitions::load(paths);
    if args.prometheus.is_some() {
        // All are tried on the one that was named.
        loaded.slos.iter_mut().for_each(|slo| slo.source = None);
    } else {
        let names: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        problems.extend(loaded.check_sources(&names));
    }
    problems.extend(std::mem::take(&mut loaded.problems));
    if report_problems(&problems) {
        return Ok(ExitCode::from(BAD_INPUT));
    }
    install_crypto_provider();
    let sources = config.sources.iter().map(setup::source).collect::<anyhow::Result<Vec<_>>>()?;
    let request = request(args, loaded, sources)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let trials = runtime.block_on(async {
        let bar = bar();
        let dir = tempfile::Builder::new().prefix("evenkeel-try-").tempdir().context("make a directory")?;
        let step = |what: &str| bar.set_message(what.to_owned());
        let trials = tokio::select! {
            trials = try_slos(&request, dir.path(), &step) => trials,
            () = signal() => Err(anyhow::anyhow!("stopped by a signal")),
        };
        bar.finish_and_clear();
        trials
    })?;
    let trials: Vec<Trial> = trials.into_iter().filter(|trial| is_asked(args, &trial.slo)).collect();
    if args.json || !io::stdout().is_terminal() {
        print(&format!("{:#}\n", as_json(&trials, request.period)))?;
    } else {
        // Every text from outside is tamed where a cell is made.
        print_as_is(&tables::trials(&trials, request.period, Colour::of(&io::stdout())))?;
    }
    for trial in &trials {
        if let Some(reason) = &trial.unread {
            let _ = writeln!(io::stderr(), "error: some of the history of {} was not read: {reason}", trial.slo.name);
        }
    }
    // A remark asks for nothing.
    let is_sound = |trial: &Trial| trial.unread.is_none() && trial.problems.iter().all(SliProblem::is_remark);
    let is_whole = trials.iter().all(is_sound);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_asked(args: &TrialArgs, slo: &Slo) -> bool {
    let name = slo.group_of.as_ref().unwrap_or(&slo.name);
    args.slo.is_empty() || args.slo.contains(&slo.name) || args.slo.contains(name)
}

/// What is counted: the SLOs that are asked for, and those that they are made of.
fn request(args: &TrialArgs, loaded: Loaded, sources: Vec<Arc<Source>>) -> anyhow::Result<TrialRequest> {
    for name in &args.slo {
        let names = || loaded.slos.iter().map(|slo| slo.name.as_str()).collect::<Vec<_>>().join(", ");
        anyhow::ensure!(loaded.slos.iter().any(|slo| slo.name == *name), "no SLO `{name}`; there are: {}", names());
    }
    let parts: Vec<_> = loaded
        .slos
        .iter()
        .filter(|slo| is_asked(args, slo))
        .filter_map(|slo| match &slo.indicator {
            Sli::Composite(composite) => Some(composite.components.iter().map(|component| component.indicator)),
            _ => None,
        })
        .flatten()
        .collect();
    let slos: Vec<Arc<Slo>> = loaded
        .slos
        .into_iter()
        .filter(|slo| is_asked(args, slo) || parts.contains(&slo.indicator_id()))
        .map(Arc::new)
        .collect();
    let now = Clock::System.now();
    let delay = sources.iter().map(|source| source.ingest_delay).max().unwrap_or_default();
    let end = args.at.unwrap_or(now).min(now - delay).floor_slot();
    Ok(TrialRequest {
        slos,
        corrections: loaded.corrections.into_iter().map(Arc::new).collect(),
        sources,
        period: Period::new((end - args.last).floor_slot(), end),
        now,
        objectives: args.objective.clone(),
    })
}

/// On a terminal only.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn as_json(trials: &[Trial], asked: Period) -> Value {
    json!({
        "from": asked.start.to_string(),
        "to": asked.end.to_string(),
        "trials": trials.iter().map(trial_json).collect::<Vec<_>>(),
    })
}

fn trial_json(trial: &Trial) -> Value {
    let problem = |problem| {
        let text = text_of(&trial.slo.name, &FindingKind::Sli(problem));
        json!({"message": text.message, "hint": text.hint})
    };
    let fired = |severity| -> Vec<Value> {
        let at = |at: Timestamp| at.to_string();
        stretches(&trial.alerts, severity).iter().map(|p| json!({"from": at(p.start), "to": at(p.end)})).collect()
    };
    let episode = |episode: &crate::model::operations::incident::Episode| {
        json!({
            "start": episode.start.to_string(),
            "end": episode.end.map(|end| end.to_string()),
            "bad": episode.bad,
            "total": episode.total,
            "budget_burned_ratio": episode.budget_burned_ratio,
            "peak_burn_rate": episode.peak_burn_rate,
        })
    };
    json!({
        "slo": trial.slo.name,
        "service": trial.slo.service,
        "objective": trial.slo.objective.ratio(),
        "series": trial.series,
        "known_since": trial.known.map(|known| known.start.to_string()),
        "not_read": trial.unread,
        "findings": trial.problems.iter().cloned().map(problem).collect::<Vec<_>>(),
        "windows": trial.windows.iter().map(window_json).collect::<Vec<_>>(),
        "episodes": trial.episodes.iter().map(episode).collect::<Vec<_>>(),
        "pages": fired(Severity::Page),
        "tickets": fired(Severity::Ticket),
        "objectives": trial.objectives.iter().map(objective_json).collect::<Vec<_>>(),
        "suggested": trial.suggested.map(|suggested| json!({
            "objective": suggested.objective.ratio(), "met": suggested.met, "windows": suggested.windows,
        })),
    })
}

fn window_json(status: &SloStatus) -> Value {
    let likely = status.judged_likely();
    json!({
        "window": status.window.to_string(),
        "good": status.counts.good,
        "bad": status.counts.bad(),
        "total": status.counts.total,
        "attainment": status.attainment,
        "lo": status.lo,
        "hi": status.hi,
        "likely_lo": likely.map(|likely| likely.lo),
        "likely_hi": likely.map(|likely| likely.hi),
        "coverage": status.coverage,
        "budget_remaining_ratio": status.judged_budget().map(|budget| budget.remaining_ratio),
        "method": status.method.word(),
    })
}

fn objective_json(other: &OtherObjective) -> Value {
    json!({
        "objective": other.objective.ratio(),
        "budget_remaining_ratio": other.status.judged_budget().map(|budget| budget.remaining_ratio),
        "pages": other.pages,
        "tickets": other.tickets,
    })
}
