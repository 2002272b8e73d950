//! The command line: what may be typed, what is started, how answers are
//! printed. Must not know how any of it is computed.

use crate::cli::commands::check;
use crate::cli::commands::demo;
use crate::cli::commands::generate;
use crate::cli::commands::import;
use crate::cli::commands::report;
use crate::cli::commands::run;
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

use self::args::{Cli, Commands, GenerateCommands};

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

fn dispatch(command: Commands) -> anyhow::Result<ExitCode> {
    match command {
        Commands::Run(args) => run::run(&args),
        Commands::Demo(args) => demo::demo(&args),
        Commands::Check(args) => check::check(&args),
        Commands::Completions(args) => {
            clap_complete::generate(args.shell, &mut Cli::command(), "evenkeel", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Commands::Verify(args) => verify::verify(&args),
        Commands::Report(args) => report::report(&args),
        Commands::Import(args) => import::import(&args),
        Commands::Generate(GenerateCommands::Dashboards(args)) => generate::dashboards(&args),
        Commands::Status(args) => client::status(&args),
        Commands::Slo(args) => client::slo(&args),
        Commands::Incidents(args) => client::incidents(&args),
        Commands::Alerts(args) => client::alerts(&args),
        Commands::Replay(args) => client::replay(&args),
    }
}
