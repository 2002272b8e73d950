//! The command line: what may be typed, what is started, how answers are
//! printed. Must not know how any of it is computed.

use crate::cli::commands::check;
use crate::cli::commands::demo;
use crate::cli::commands::generate;
use crate::cli::commands::import;
use crate::cli::commands::report;
use crate::cli::commands::run;
use crate::cli::commands::verify;
use crate::cli::output::problems;
pub mod args;
mod client;
pub mod commands;
mod files;
pub mod output;
mod promises;
mod reference;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use self::args::{Cli, Commands, GenerateCommands};

pub use self::reference::reference_markdown;

/// What is wrong is in the input: a configuration, a definition, a flag.
const BAD_INPUT: u8 = 2;

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

/// Prints problems, in colour on a terminal; whether there is an error.
fn report_problems(problems: &[crate::model::problem::Problem]) -> bool {
    let mut out = io::stderr();
    let _ = write!(out, "{}", problems::render(problems, out.is_terminal()));
    problems.iter().any(|p| p.level == crate::model::problem::Level::Error)
}

/// Prints a text; on a terminal nothing in it is obeyed as a command. A pipe
/// that was closed early has had enough, which is no error.
fn print(text: &str) -> anyhow::Result<()> {
    if io::stdout().is_terminal() { print_as_is(&tame(text)) } else { print_as_is(text) }
}

fn print_as_is(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A text of several lines without anything that a terminal obeys.
fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
