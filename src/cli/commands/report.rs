//! `evenkeel report`: the reliability review of a month, from a running daemon
//! or from a store that is read where it lies.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use crate::api::reviews::{ReportFormatJson, ReportQuery};
use crate::app::catalog::corrections::Corrections;
use crate::app::catalog::generations::with_objectives;
use crate::app::reviewing::closed_months::ClosedMonths;
use crate::app::reviewing::report::Reporting;
use crate::app::runtime::clock::Clock;
use crate::app::scoring::kept::KeptScores;
use crate::app::scoring::scorecard::Scoring;
use crate::cli::args::{ExportFormat, ReportArgs, ReportFormat};
use crate::cli::client::ApiClient;
use crate::cli::output::terminal::{BAD_INPUT, print};
use crate::cli::{files, promises};
use crate::evaluate::kpi::scorecard::Scorecard;
use crate::model::kpi::Kpi;
use crate::model::slo::Slo;
use crate::publish::report::{ReportInput, html, markdown};
use crate::store::{Store, StoreError};

pub fn report(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    match &args.data {
        Some(dir) => from_store(args, dir),
        None => from_daemon(args),
    }
}

fn from_daemon(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        args.export.is_none(),
        "--export reads a store: give its directory with --data, while no daemon runs on it"
    );
    let format = match args.format {
        ReportFormat::Md => ReportFormatJson::Markdown,
        ReportFormat::Html => ReportFormatJson::Html,
    };
    let query = ReportQuery { month: Some(args.month.to_string()), format: Some(format) };
    let text = ApiClient::new(&args.daemon)?.text(&["api", "v1", "report"], &query)?;
    deliver(args, &text)
}

fn from_store(args: &ReportArgs, dir: &Path) -> anyhow::Result<ExitCode> {
    let Some(promises::Promises { config, slos, corrections, kpis }) =
        promises::load(&args.definitions, args.config.as_deref())?
    else {
        return Ok(ExitCode::from(BAD_INPUT));
    };
    anyhow::ensure!(
        Store::exists(dir),
        "no store found in {}: use the directory that `evenkeel run --data` writes to",
        dir.display()
    );
    let slos: Vec<Arc<Slo>> = slos.into_iter().map(Arc::new).collect();
    let (writer, reader) = Store::open(dir).map_err(|error| match error {
        StoreError::Locked { .. } => anyhow::anyhow!(
            "a running evenkeel has the store in {}; leave --data out to ask it, or stop it first",
            dir.display()
        ),
        other => other.into(),
    })?;
    let slos = with_objectives(&slos, &reader).context("read the objectives")?;
    let corrections = Corrections::new(corrections, &reader).context("read the corrections")?.in_force();
    let now = Clock::System.now();
    let delay = config.sources.iter().map(|source| source.ingest_delay).max().unwrap_or_default();
    let sources: Vec<String> = config.sources.iter().map(|source| source.name.clone()).collect();
    let reporting = Reporting {
        slos: &slos,
        reader: &reader,
        corrections: &corrections,
        on_call: &config.on_call,
        alerting: &config.alerts,
        closed: &ClosedMonths::default(),
        sources: &sources,
        timezone: config.timezone,
        now,
        as_of: (now - delay).floor_slot(),
        scorecard: None,
        findings: Vec::new(),
    };
    let scorecard = scorecard(&reporting, kpis)?;
    let reporting = Reporting { scorecard: Some(Arc::new(scorecard)), ..reporting };
    let month = args.month.at(reporting.as_of, config.timezone);
    let made = reporting.month(month);
    writer.close().context("close the store")?;
    let input = made?.with_context(|| format!("{} has not begun", month.name()))?;
    match (args.export, &args.output) {
        (Some(format), Some(output)) => export(&input, format, output),
        _ => deliver(args, &render(args.format, &input)),
    }
}

/// The KPIs of the definitions, from the store.
fn scorecard(reporting: &Reporting<'_>, kpis: Vec<Kpi>) -> anyhow::Result<Scorecard> {
    let kept = KeptScores::default();
    let scoring = Scoring {
        reviewing: reporting.reviewing(),
        kept: &kept,
        sources: reporting.sources,
        zone: reporting.timezone,
        has_history: true,
    };
    let kpis: Vec<Arc<Kpi>> = kpis.into_iter().map(Arc::new).collect();
    scoring.scorecard(&kpis, reporting.as_of).context("compute the scorecard")
}

fn render(format: ReportFormat, input: &ReportInput) -> String {
    match format {
        ReportFormat::Md => markdown(input),
        ReportFormat::Html => html(input),
    }
}

fn deliver(args: &ReportArgs, text: &str) -> anyhow::Result<ExitCode> {
    match &args.output {
        Some(path) => {
            files::write(path, text.as_bytes())?;
            print(&format!("wrote {}\n", path.display()))?;
        }
        None => print(text)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "analytics")]
fn export(input: &ReportInput, format: ExportFormat, dir: &Path) -> anyhow::Result<ExitCode> {
    use crate::publish::frames::{Frames, TableFormat};
    let format = match format {
        ExportFormat::Parquet => TableFormat::Parquet,
        ExportFormat::Csv => TableFormat::Csv,
    };
    let written = Frames::new(input)?.write(dir, format)?;
    print(&written.iter().map(|path| format!("wrote {}\n", path.display())).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "analytics"))]
fn export(_: &ReportInput, _: ExportFormat, _: &Path) -> anyhow::Result<ExitCode> {
    anyhow::bail!("this evenkeel was built without the feature `analytics`, which --export needs")
}
