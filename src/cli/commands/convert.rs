//! `evenkeel convert`: definitions of other tools in our format, and ours in OpenSLO's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::args::{ConvertArgs, ConvertFormat};
use crate::cli::files;
use crate::cli::output::terminal::{BAD_INPUT, print, report_problems};
use crate::definitions::writing::converted::{ConvertedFile, DefinitionForm, converted};
use crate::model::problem::{Level, Problem};

pub fn convert(args: &ConvertArgs) -> anyhow::Result<ExitCode> {
    let loaded = crate::definitions::load(&args.paths);
    let form = match args.to {
        ConvertFormat::Evenkeel => DefinitionForm::Evenkeel,
        ConvertFormat::Openslo => DefinitionForm::OpenSlo,
    };
    let written = converted(&loaded, form);
    let mut problems = loaded.problems;
    for file in &written {
        problems.extend(file.refused.iter().map(|(slo, reason)| {
            Problem::of_file(Level::Error, file.file.clone(), format!("`{slo}` cannot be converted: {reason}"), None)
        }));
    }
    let has_error = report_problems(&problems);
    match &args.output {
        None => print(&joined(&written))?,
        Some(directory) => write_all(directory, &written)?,
    }
    Ok(if has_error { ExitCode::from(BAD_INPUT) } else { ExitCode::SUCCESS })
}

/// All files as one stream of documents.
fn joined(files: &[ConvertedFile]) -> String {
    files.iter().filter(|file| file.slos > 0 || !file.refused.is_empty()).map(|file| file.text.as_str()).collect()
}

fn write_all(directory: &Path, written: &[ConvertedFile]) -> anyhow::Result<()> {
    let mut names: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut said = String::new();
    let with_slos: Vec<&ConvertedFile> = written.iter().filter(|file| file.slos > 0).collect();
    for file in &with_slos {
        let stem = Path::new(&file.file).file_stem().unwrap_or_default();
        let path = directory.join(stem).with_extension("yaml");
        if let Some(other) = names.insert(path.clone(), &file.file) {
            anyhow::bail!(
                "{other} and {} would both be written to {}; convert them separately",
                file.file,
                path.display()
            );
        }
    }
    for (file, path) in with_slos.iter().filter_map(|file| {
        let (path, _) = names.iter().find(|(_, from)| **from == file.file)?;
        Some((file, path))
    }) {
        anyhow::ensure!(
            std::fs::canonicalize(path).ok() != std::fs::canonicalize(&file.file).ok() || !path.exists(),
            "{} would be overwritten; name another directory",
            file.file
        );
        files::write(path, file.text.as_bytes())?;
        writeln!(said, "wrote {}", path.display())?;
    }
    print(&said)?;
    Ok(())
}
