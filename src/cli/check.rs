//! `evenkeel check`: everything that is wrong, at once.

use std::io::{self, Write};
use std::process::ExitCode;

use super::args::CheckArgs;
use super::{BAD_INPUT, report_problems};
use crate::config;
use crate::definitions;

pub fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let mut problems = Vec::new();
    let mut paths = args.paths.clone();
    let mut out = io::stdout();
    if args.config.is_some() || args.show_config {
        let overrides = config::Overrides::default();
        let (config, found) = config::load(args.config.as_deref(), &overrides, &config::Surroundings::real());
        problems.extend(found);
        if let Some(config) = config {
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
    problems.extend(loaded.problems);
    if report_problems(&problems) {
        return Ok(ExitCode::from(BAD_INPUT));
    }
    writeln!(out, "{} SLOs in {} files: no errors", loaded.slos.len(), loaded.files)?;
    Ok(ExitCode::SUCCESS)
}
