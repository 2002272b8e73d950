//! The command line: what may be typed, what is started, how answers are
//! printed. Must not know how any of it is computed.

use crate::cli::commands::ask;
use crate::cli::commands::backup;
use crate::cli::commands::check;
use crate::cli::commands::convert;
use crate::cli::commands::demo;
use crate::cli::commands::gate;
use crate::cli::commands::generate;
use crate::cli::commands::import;
use crate::cli::commands::report;
use crate::cli::commands::run;
use crate::cli::commands::trial;
use crate::cli::commands::verify;
pub mod args;
mod client;
pub mod commands;
mod files;
pub mod output;
mod promises;
mod reference;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use self::args::{Cli, CliCommands, GenerateCommands};

pub use self::reference::reference_markdown;

/// Runs the command that was typed.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli.command) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: CliCommands) -> anyhow::Result<ExitCode> {
    match command {
        CliCommands::Run(args) => run::run(&args),
        CliCommands::Demo(args) => demo::demo(&args),
        CliCommands::Check(args) => check::check(&args),
        CliCommands::Convert(args) => convert::convert(&args),
        CliCommands::Completions(args) => {
            clap_complete::generate(args.shell, &mut Cli::command(), "evenkeel", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        CliCommands::Try(args) => trial::try_on_history(&args),
        CliCommands::Verify(args) => verify::verify(&args),
        CliCommands::Report(args) => report::report(&args),
        CliCommands::Backup(args) => backup::backup(&args),
        CliCommands::Import(args) => import::import(&args),
        CliCommands::Generate(GenerateCommands::Dashboards(args)) => generate::dashboards(&args),
        CliCommands::Generate(GenerateCommands::InhibitRules(args)) => generate::inhibit_rules(&args),
        CliCommands::Generate(GenerateCommands::Rules(args)) => generate::rules(&args),
        CliCommands::Generate(GenerateCommands::Alertmanager(args)) => generate::alertmanager(&args),
        CliCommands::Status(args) => ask::status(&args),
        CliCommands::Slo(args) => ask::slo(&args),
        CliCommands::Explain(args) => ask::explain(&args),
        CliCommands::Incidents(args) => ask::incidents(&args),
        CliCommands::Alerts(args) => ask::alerts(&args),
        CliCommands::Gate(args) => gate::gate(&args),
        CliCommands::Kpis(args) => ask::kpis(&args),
        CliCommands::Replay(args) => ask::replay(&args),
    }
}
