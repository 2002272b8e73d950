//! `evenkeel generate`: files for other systems.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::cli::args::{DashboardArgs, InhibitRulesArgs};
use crate::cli::output::terminal::{BAD_INPUT, print, report_problems};
use crate::cli::{files, promises};
use crate::config;
use crate::publish::dashboards;
use crate::publish::outbound::inhibit_rules;

pub fn dashboards(args: &DashboardArgs) -> anyhow::Result<ExitCode> {
    let Some(promises::Promises { slos, .. }) = promises::load(&args.definitions, args.config.as_deref())? else {
        return Ok(ExitCode::from(BAD_INPUT));
    };
    let mut told = String::new();
    for file in dashboards::generate(&slos) {
        let path = args.output.join(&file.path);
        files::write(&path, file.content.as_bytes())?;
        writeln!(told, "wrote {}", path.display())?;
    }
    print(&told)?;
    Ok(ExitCode::SUCCESS)
}

pub fn inhibit_rules(args: &InhibitRulesArgs) -> anyhow::Result<ExitCode> {
    let (config, problems) =
        config::load(args.config.as_deref(), &config::Overrides::default(), &config::Environment::real());
    let has_error = report_problems(&problems);
    let Some(config) = config.filter(|_| !has_error) else {
        return Ok(ExitCode::from(BAD_INPUT));
    };
    print(&inhibit_rules::inhibit_rules(config.external_labels.iter().map(|(name, _)| name)))?;
    Ok(ExitCode::SUCCESS)
}
