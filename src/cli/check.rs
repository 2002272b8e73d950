//! `evenkeel check`: everything that is wrong, at once.

use std::io::{self, Write};
use std::process::ExitCode;

use super::args::CheckArgs;
use super::problems::plural;
use super::{BAD_INPUT, report_problems};
use crate::config;
use crate::definitions;

pub fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let mut problems = Vec::new();
    let mut paths = args.paths.clone();
    // Without a configuration nobody knows which sources there will be.
    let mut sources: Vec<String> = Vec::new();
    let mut out = io::stdout();
    if args.config.is_some() || args.show_config {
        let overrides = config::Overrides::default();
        let (config, found) = config::load(args.config.as_deref(), &overrides, &config::Surroundings::real());
        problems.extend(found);
        if let Some(config) = config {
            sources = config.sources.iter().map(|s| s.name.clone()).collect();
            if args.show_config {
                write!(out, "{}", config.dump())?;
            }
            if paths.is_empty() {
                paths.clone_from(&config.definitions);
            }
        }
    }
    anyhow::ensure!(
        !paths.is_empty() || args.config.is_some(),
        "nothing to check: name files or directories of definitions, or a configuration with --config"
    );
    let loaded = definitions::load(&paths);
    if !sources.is_empty() {
        let names: Vec<&str> = sources.iter().map(String::as_str).collect();
        problems.extend(loaded.check_sources(&names));
    }
    problems.extend(loaded.problems);
    if report_problems(&problems) {
        return Ok(ExitCode::from(BAD_INPUT));
    }
    writeln!(out, "{} in {}: no errors", plural(loaded.slos.len(), "SLO"), plural(loaded.files, "file"))?;
    Ok(ExitCode::SUCCESS)
}
