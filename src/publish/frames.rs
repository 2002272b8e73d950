//! The month as tables of columns, for people who ask their own questions:
//! Parquet and CSV. The only place that knows polars. Must not know how numbers
//! were computed.
//!
//! Times are UTC without a zone; what is not known is null. There are no
//! percentiles of durations here: open incidents would bias them.

mod rows;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use polars_core::prelude::*;
use polars_io::SerWriter as _;
use polars_io::csv::write::CsvWriter;
use polars_io::parquet::write::{ParquetCompression, ParquetWriter};

use super::report::ReportInput;
use crate::model::time::Timestamp;

/// A table could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum FramesError {
    #[error("the table `{table}` could not be made: {cause}")]
    Table { table: &'static str, cause: PolarsError },
    #[error("{path} could not be written: {cause}")]
    Write { path: PathBuf, cause: io::Error },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    Parquet,
    Csv,
}

impl TableFormat {
    pub fn extension(self) -> &'static str {
        match self {
            TableFormat::Parquet => "parquet",
            TableFormat::Csv => "csv",
        }
    }
}

/// The tables of a month.
#[derive(Clone, Debug)]
pub struct Frames {
    /// One row for each SLO and slot of its history, usually a day.
    pub slo_days: DataFrame,
    /// Counts by service, over its SLOs.
    pub services: DataFrame,
    /// Counts by team; SLOs without a team have none.
    pub teams: DataFrame,
    pub incidents: DataFrame,
    pub alerts: DataFrame,
    /// Each judged page with its class and the reason.
    pub pages: DataFrame,
    pub changes: DataFrame,
}

impl Frames {
    pub fn new(input: &ReportInput) -> Result<Frames, FramesError> {
        let made = |table, frame: PolarsResult<DataFrame>| frame.map_err(|cause| FramesError::Table { table, cause });
        let slo_days = made("slo_days", rows::slo_days(input))?;
        Ok(Frames {
            services: made("services", rows::totals(&slo_days, "service"))?,
            teams: made("teams", rows::totals(&slo_days, "team"))?,
            incidents: made("incidents", rows::incidents(input))?,
            alerts: made("alerts", rows::alerts(input))?,
            pages: made("pages", rows::pages(input))?,
            changes: made("changes", rows::changes(input))?,
            slo_days,
        })
    }

    /// Name and table of each, in a fixed order.
    pub fn named(&self) -> [(&'static str, &DataFrame); 7] {
        [
            ("slo_days", &self.slo_days),
            ("services", &self.services),
            ("teams", &self.teams),
            ("incidents", &self.incidents),
            ("alerts", &self.alerts),
            ("pages", &self.pages),
            ("changes", &self.changes),
        ]
    }

    /// Writes each table to a file of its name in `dir`, which is made if
    /// absent. A file is there whole or, as before, not at all.
    pub fn write(&self, dir: &Path, format: TableFormat) -> Result<Vec<PathBuf>, FramesError> {
        let failed = |path: &Path, cause| FramesError::Write { path: path.to_owned(), cause };
        fs::create_dir_all(dir).map_err(|cause| failed(dir, cause))?;
        let mut written = Vec::new();
        for (name, frame) in self.named() {
            let path = dir.join(name).with_extension(format.extension());
            write_whole(frame, dir, &path, format).map_err(|cause| failed(&path, cause))?;
            written.push(path);
        }
        // The new names must survive a loss of power too.
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(|cause| failed(dir, cause))?;
        Ok(written)
    }
}

fn write_whole(frame: &DataFrame, dir: &Path, path: &Path, format: TableFormat) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any file that a program makes; the umask narrows it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".evenkeel-").tempfile_in(dir)?;
    let mut frame = frame.clone();
    match format {
        TableFormat::Parquet => {
            ParquetWriter::new(file.as_file_mut())
                .with_compression(ParquetCompression::Snappy)
                .finish(&mut frame)
                .map_err(io::Error::other)?;
        }
        TableFormat::Csv => {
            let mut texts = for_spreadsheets(frame).map_err(io::Error::other)?;
            CsvWriter::new(file.as_file_mut()).finish(&mut texts).map_err(io::Error::other)?;
        }
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Times as RFC 3339. A spreadsheet runs a text that begins like a formula; an
/// apostrophe before it keeps it a text.
fn for_spreadsheets(mut frame: DataFrame) -> PolarsResult<DataFrame> {
    let text = |column: &Column| -> PolarsResult<Option<StringChunked>> {
        Ok(match column.dtype() {
            DataType::String => Some(column.str()?.iter().map(|text| text.map(guarded)).collect()),
            DataType::Datetime(TimeUnit::Milliseconds, _) => {
                let times = column.as_materialized_series().to_physical_repr().into_owned();
                let shown = |ms: Option<i64>| ms.map(|ms| Timestamp::from_millis(ms).rfc3339());
                Some(times.i64()?.iter().map(shown).collect())
            }
            _ => None,
        })
    };
    let texts: Vec<Series> = frame
        .columns()
        .iter()
        .filter_map(|column| {
            text(column).map(|t| t.map(|t| t.into_series().with_name(column.name().clone()))).transpose()
        })
        .collect::<PolarsResult<_>>()?;
    for text in texts {
        frame.with_column(text.into_column())?;
    }
    Ok(frame)
}

fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
