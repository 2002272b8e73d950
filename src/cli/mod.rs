//! The command line: what may be typed, what is started, how answers are
//! printed. Must not know how any of it is computed.

pub mod args;
mod check;
mod demo;
mod log;
pub mod problems;
mod run;
pub mod settings;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use self::args::{Cli, Commands};

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
        _ => anyhow::bail!("not wired"),
    }
}

/// Prints problems, in colour on a terminal; whether there is an error.
fn report_problems(problems: &[crate::model::problem::Problem]) -> bool {
    let mut out = io::stderr();
    let _ = write!(out, "{}", problems::render(problems, out.is_terminal()));
    problems.iter().any(|p| p.level == crate::model::problem::Level::Error)
}
