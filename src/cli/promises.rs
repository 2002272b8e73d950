//! The definitions for commands that run nothing: those that were named, or
//! those of the configuration.

use std::path::{Path, PathBuf};

use crate::cli::output::terminal::report_problems;
use crate::config::{self, Config};
use crate::definitions;
use crate::model::kpi::Kpi;
use crate::model::operations::correction::Correction;
use crate::model::slo::Slo;

pub struct Promises {
    pub config: Config,
    pub slos: Vec<Slo>,
    pub corrections: Vec<Correction>,
    pub kpis: Vec<Kpi>,
}

/// Configuration and definitions; `None` after every problem was printed.
pub fn load(paths: &[PathBuf], file: Option<&Path>) -> anyhow::Result<Option<Promises>> {
    let (config, mut problems) = config::load(file, &config::Overrides::default(), &config::Environment::real());
    let Some(config) = config else {
        report_problems(&problems);
        return Ok(None);
    };
    let paths = if paths.is_empty() { &config.definitions } else { paths };
    anyhow::ensure!(
        !paths.is_empty(),
        "no definitions: name files or directories with --definitions, or a configuration with --config"
    );
    let loaded = definitions::load(paths);
    problems.extend(loaded.problems);
    let sound = !report_problems(&problems);
    Ok(sound.then_some(Promises { config, slos: loaded.slos, corrections: loaded.corrections, kpis: loaded.kpis }))
}
