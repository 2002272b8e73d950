//! `evenkeel check`: everything that is wrong, at once, and whether scenarios
//! hold.

mod live;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::app;
use crate::cli::args::CheckArgs;
use crate::cli::output::problems::plural;
use crate::cli::output::terminal::{BAD_INPUT, report_problems};
use crate::config;
use crate::definitions::{self, scenario};
use crate::model::slo::Slo;

pub fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let mut problems = Vec::new();
    let mut paths = args.paths.clone();
    // Without a configuration nobody knows which sources there will be.
    let mut sources: Vec<config::SourceConfig> = Vec::new();
    let mut out = io::stdout();
    if args.config.is_some() || args.show_config || args.prometheus.is_some() {
        let mut overrides = config::Overrides::default();
        overrides.set(config::PROMETHEUS, args.prometheus.iter().cloned().collect());
        let (config, found) = config::load(args.config.as_deref(), &overrides, &config::Environment::real());
        problems.extend(found);
        if let Some(config) = config {
            sources.clone_from(&config.sources);
            if args.show_config {
                write!(out, "{}", config.dump())?;
            }
            if paths.is_empty() {
                paths.clone_from(&config.definitions);
            }
        }
    }
    anyhow::ensure!(
        !paths.is_empty() || args.config.is_some() || !args.scenario.is_empty(),
        "nothing to check: name files or directories of definitions, a configuration with --config, or scenarios with \
         --scenario"
    );
    let loaded = definitions::load(&paths);
    if !sources.is_empty() {
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        problems.extend(loaded.check_sources(&names));
    }
    problems.extend(loaded.problems.iter().cloned());
    if args.live || args.prometheus.is_some() {
        problems.extend(live::problems(&loaded, &sources)?);
    }
    if report_problems(&problems) {
        return Ok(ExitCode::from(BAD_INPUT));
    }
    if loaded.files > 0 || args.scenario.is_empty() {
        let others = [(loaded.corrections.len(), "correction"), (loaded.kpis.len(), "KPI")];
        let others = others.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| plural(n, what));
        let found: Vec<String> = std::iter::once(plural(loaded.slos.len(), "SLO")).chain(others).collect();
        let files = plural(loaded.files, "file");
        match found.split_last() {
            Some((last, before)) if !before.is_empty() => {
                writeln!(out, "{} and {last} in {files}: no errors", before.join(", "))?;
            }
            _ => writeln!(out, "{} in {files}: no errors", found.concat())?,
        }
    }
    if args.scenario.is_empty() { Ok(ExitCode::SUCCESS) } else { scenarios(&args.scenario, &loaded.slos) }
}

/// Runs scenarios; each figure that is not as expected is told with its line.
fn scenarios(paths: &[PathBuf], slos: &[Slo]) -> anyhow::Result<ExitCode> {
    let (files, problems) = scenario::load(paths, slos);
    if report_problems(&problems) {
        return Ok(ExitCode::from(BAD_INPUT));
    }
    // The samples are in memory, so nothing ever waits.
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("start the runtime")?;
    let (mut all, mut broken, mut problems) = (0, 0, Vec::new());
    for file in &files {
        for one in &file.scenarios {
            let failures = runtime.block_on(app::proof::scenario::run(one));
            all += 1;
            broken += usize::from(!failures.is_empty());
            problems.extend(scenario::problems(&file.text, &file.file, failures));
        }
    }
    report_problems(&problems);
    let (all, of) = (plural(all, "scenario"), plural(files.len(), "file"));
    if broken == 0 {
        writeln!(io::stdout(), "{all} in {of}: all hold")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(io::stdout(), "{all} in {of}: {broken} {}", if broken == 1 { "does not hold" } else { "do not hold" })?;
    Ok(ExitCode::FAILURE)
}
