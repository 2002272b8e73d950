//! `evenkeel import`: records and events from files, to a running daemon or into
//! a store that is read where it lies. Nothing is taken before everything reads
//! well, and what is known already is not taken again.

use std::fs;
use std::io::{IsTerminal, Read, Write, stderr};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::alerting::intake;
use crate::app::runtime::clock::Clock;
use crate::cli::args::ImportArgs;
use crate::cli::client::ApiClient;
use crate::cli::output::terminal::{BAD_INPUT, print};
use crate::model::time::Timestamp;
use crate::publish::answers::Received;
use crate::sources::webhooks::{DeliveredFacts, Form, lines_of, read_file};

/// The largest file: some years of a large team.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// What is sent at once: half of what a webhook accepts.
const PART_BYTES_MAX: usize = 512 * 1024;
const PART_LINES_MAX: usize = 500;

/// A file that was read.
struct Source {
    form: Form,
    text: String,
    told: DeliveredFacts,
}

pub fn import(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let now = Clock::System.now();
    let name = args.webhook.as_deref().unwrap_or("import");
    let mut files = Vec::new();
    let mut is_sound = true;
    for path in &args.files {
        match read(path, name, now)? {
            Ok(file) => files.push(file),
            Err(flaws) => {
                is_sound = false;
                for flaw in flaws {
                    writeln!(stderr(), "error: {}: {flaw}", path.display())?;
                }
            }
        }
    }
    if !is_sound {
        writeln!(stderr(), "nothing was imported")?;
        return Ok(ExitCode::from(BAD_INPUT));
    }
    let received = match &args.data {
        Some(dir) => into_store(dir, name, files, now)?,
        None => to_daemon(args, &files)?,
    };
    print(&sentence(&received))?;
    Ok(ExitCode::SUCCESS)
}

/// What became of the records; replaced and withdrawn ones only where there are any.
fn sentence(received: &Received) -> String {
    let some = |n: usize, word: &str| if n > 0 { format!(", {n} {word}") } else { String::new() };
    let (replaced, withdrawn) = (some(received.replaced, "replaced"), some(received.withdrawn, "withdrawn"));
    format!("{} new{replaced}{withdrawn}, {} duplicates\n", received.accepted, received.duplicates)
}

/// What a file says, or all that is wrong with it.
fn read(path: &Path, name: &str, now: Timestamp) -> anyhow::Result<Result<Source, Vec<String>>> {
    let file = fs::File::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(|| format!("read {}", path.display()))?;
    anyhow::ensure!(
        u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_BYTES_MAX),
        "{} is larger than {} MiB; import it in parts",
        path.display(),
        FILE_BYTES_MAX >> 20
    );
    let is_list = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    let form = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Form::Csv,
        _ if is_list => Form::Json,
        _ => Form::JsonLines,
    };
    let told = match read_file(form, name, &bytes, now) {
        Ok(told) => told,
        Err(flaws) => return Ok(Err(flaws.iter().map(ToString::to_string).collect())),
    };
    Ok(Ok(Source { form, text: String::from_utf8(bytes).unwrap_or_default(), told }))
}

fn into_store(dir: &Path, name: &str, files: Vec<Source>, now: Timestamp) -> anyhow::Result<Received> {
    let bar = bar(files.iter().map(|file| file.told.records.len()).sum());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let told = files.into_iter().map(|file| file.told).collect();
    let received = runtime.block_on(intake::import(dir, name, told, now, |done| bar.set_position(done as u64)));
    bar.finish_and_clear();
    received
}

fn to_daemon(args: &ImportArgs, files: &[Source]) -> anyhow::Result<Received> {
    let (Some(webhook), Some(_)) = (&args.webhook, &args.daemon.token_file) else {
        anyhow::bail!(
            "name a webhook of type `records` or `events`: --webhook NAME --token-file FILE; or a store: --data DIR"
        );
    };
    let daemon = ApiClient::new(&args.daemon)?;
    let lines: Vec<String> = files.iter().flat_map(|file| lines_of(file.form, &file.text)).collect();
    let bar = bar(lines.len());
    let mut sum = Received::default();
    for part in parts(&lines) {
        sum.add(&daemon.push(webhook, part.join("\n"))?);
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    Ok(sum)
}

/// Stretches of lines that can be sent at once.
fn parts(lines: &[String]) -> Vec<&[String]> {
    let mut parts = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (n, line) in lines.iter().enumerate() {
        if n > from && (n - from >= PART_LINES_MAX || bytes + line.len() > PART_BYTES_MAX) {
            parts.extend(lines.get(from..n));
            (from, bytes) = (n, 0);
        }
        bytes += line.len() + 1;
    }
    parts.extend(lines.get(from..).filter(|rest| !rest.is_empty()));
    parts
}

/// On a terminal only.
fn bar(length: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("importing  [{bar:40}] {pos}/{len}, {eta} left");
    ProgressBar::new(length as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_small_enough_and_lose_nothing() {
        let lines: Vec<String> = (0..1_201).map(|n| "x".repeat(n)).collect();
        let parts = parts(&lines);
        assert_eq!(parts.concat(), lines);
        assert!(parts.iter().all(|part| part.len() <= PART_LINES_MAX));
        assert!(parts.iter().all(|part| part.join("\n").len() <= PART_BYTES_MAX));
        assert!(super::parts(&[]).is_empty());
    }
}
