//! `evenkeel backup`: one moment of the store as a file.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::args::BackupArgs;
use crate::cli::output::terminal::{BAD_INPUT, print, report_problems};
use crate::config;
use crate::config::Overrides;
use crate::store::Store;

pub fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let dir = match &args.data {
        Some(dir) => dir.clone(),
        None => {
            let file = args.config.as_deref();
            let (config, problems) = config::load(file, &Overrides::default(), &config::Environment::real());
            let Some(config) = config.filter(|_| !report_problems(&problems)) else {
                return Ok(ExitCode::from(BAD_INPUT));
            };
            config.data
        }
    };
    anyhow::ensure!(Store::exists(&dir), "no store in {}; name its directory with --data", dir.display());
    anyhow::ensure!(!args.file.exists(), "{} exists already; choose another name", args.file.display());
    Store::back_up(&dir, &args.file).with_context(|| format!("back up {}", dir.display()))?;
    let bytes = std::fs::metadata(&args.file).map(|found| found.len()).unwrap_or_default();
    print(&format!("{}: {bytes} bytes, checked\n", args.file.display()))?;
    Ok(ExitCode::SUCCESS)
}
