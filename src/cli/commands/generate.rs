//! `evenkeel generate`: files for other systems.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::cli::args::DashboardArgs;
use crate::cli::output::terminal::{BAD_INPUT, print};
use crate::cli::{files, promises};
use crate::publish::dashboards;

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
