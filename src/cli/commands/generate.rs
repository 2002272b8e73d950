//! `evenkeel generate`: files for other systems.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::cli::args::{AlertmanagerArgs, DashboardArgs, InhibitRulesArgs, RulesArgs, RulesFormat};
use crate::cli::output::problems::plural;
use crate::cli::output::terminal::{BAD_INPUT, print, report_problems};
use crate::cli::{files, promises};
use crate::config;
use crate::publish::dashboards;
use crate::publish::outbound::{inhibit_rules, routing};
use crate::publish::rules::{RuleFormat, generate};

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

pub fn rules(args: &RulesArgs) -> anyhow::Result<ExitCode> {
    let Some(promises::Promises { slos, .. }) = promises::load(&args.definitions, args.config.as_deref())? else {
        return Ok(ExitCode::from(BAD_INPUT));
    };
    let format = match args.format {
        RulesFormat::Prometheus => RuleFormat::Prometheus,
        RulesFormat::Prometheusrule => RuleFormat::PrometheusRule,
        RulesFormat::Mimir => RuleFormat::Mimir,
    };
    let generated = generate(&slos, format);
    for (slo, reason) in &generated.left_out {
        writeln!(io::stderr(), "warning: no rules for `{slo}`: {reason}")?;
    }
    let mut written = Vec::new();
    if let Some(directory) = &args.tests {
        for (slo, reason) in &generated.untested {
            writeln!(io::stderr(), "warning: no unit test for `{slo}`: {reason}")?;
        }
        written.extend(generated.tests.iter().map(|(name, text)| (directory.join(name), text)));
    }
    match &args.output {
        Some(path) => written.push((path.clone(), &generated.text)),
        None => print(&generated.text)?,
    }
    for (path, text) in &written {
        files::write(path, text.as_bytes())?;
    }
    writeln!(io::stderr(), "wrote {}", plural(written.len(), "file"))?;
    Ok(ExitCode::SUCCESS)
}

pub fn alertmanager(args: &AlertmanagerArgs) -> anyhow::Result<ExitCode> {
    let Some(promises::Promises { slos, config, .. }) = promises::load(&args.definitions, args.config.as_deref())?
    else {
        return Ok(ExitCode::from(BAD_INPUT));
    };
    let external: Vec<&str> = config.external_labels.iter().map(|(name, _)| name).collect();
    print(&routing::routing(&slos, &external))?;
    Ok(ExitCode::SUCCESS)
}
