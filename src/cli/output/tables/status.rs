//! How the daemon itself is doing.

use crate::api::slos::{FindingJson, FindingSeverityJson};
use crate::api::status::{LatencyJson, SourceJson, StatusJson};
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{many, moment, share, took};
use crate::net::error::shown;
use crate::publish::web::parts::text;

pub fn status(status: &StatusJson, colour: Colour) -> String {
    let parts = [sources(status, colour), loops(status, colour), findings(status, colour), summary(status, colour)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn sources(status: &StatusJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("SOURCE", Align::Left),
        ("STATE", Align::Left),
        ("KIND", Align::Left),
        ("P50", Align::Right),
        ("P99", Align::Right),
        ("LAST ANSWER", Align::Left),
        ("ADDRESS", Align::Left),
        ("ERROR", Align::Left),
    ]);
    let mut all: Vec<&SourceJson> = status.sources.iter().collect();
    all.sort_by_key(|source| source.up != Some(false));
    for source in all {
        let (word, tone) = match source.up {
            Some(true) => ("up", Tone::Good),
            Some(false) => ("down", Tone::Bad),
            None => ("not asked yet", Tone::Faint),
        };
        table.row(vec![
            Cell::new(&source.name),
            Cell::new(word).tone(tone),
            Cell::new(source.kind.as_str()),
            percentile(&source.latency, |latency| latency.p50_seconds),
            percentile(&source.latency, |latency| latency.p99_seconds),
            Cell::new(&source.last_success.map_or("never".to_owned(), |at| text::ago(at.0, status.now.0))),
            Cell::new(&source.address),
            Cell::new(source.last_error.as_deref().unwrap_or("")),
        ]);
    }
    table.render(colour)
}

/// Of the last minutes.
fn percentile(latency: &Option<LatencyJson>, which: impl Fn(&LatencyJson) -> f64) -> Cell {
    Cell::new(&latency.as_ref().map_or("-".to_owned(), |latency| took(which(latency))))
}

fn loops(status: &StatusJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("LOOP", Align::Left),
        ("ROUNDS", Align::Right),
        ("FAILED", Align::Right),
        ("TOOK", Align::Right),
        ("P50", Align::Right),
        ("P99", Align::Right),
        ("LAST SUCCESS", Align::Left),
        ("LAST ERROR", Align::Left),
    ]);
    for one in &status.loops {
        let failed = Cell::new(&one.failures.to_string());
        table.row(vec![
            Cell::new(&one.name),
            Cell::new(&one.iterations.to_string()),
            if one.failures > 0 { failed.tone(Tone::Warning) } else { failed },
            Cell::new(&one.last_duration_seconds.map_or("-".to_owned(), took)),
            percentile(&one.latency, |latency| latency.p50_seconds),
            percentile(&one.latency, |latency| latency.p99_seconds),
            Cell::new(&one.last_ok_at.map_or("never".to_owned(), |at| text::ago(at.0, status.now.0))),
            Cell::new(one.last_error.as_deref().unwrap_or("")),
        ]);
    }
    table.render(colour)
}

fn findings(status: &StatusJson, colour: Colour) -> String {
    let one = |finding: &FindingJson| {
        let tone = if finding.severity == FindingSeverityJson::Error { Tone::Bad } else { Tone::Warning };
        let subject = tone.paint(&format!("{} {}", finding.severity, shown(&finding.subject)), colour);
        format!("{subject}: {}\n  hint: {}\n", shown(&finding.message), shown(&finding.hint))
    };
    status.findings.iter().map(one).collect()
}

fn summary(status: &StatusJson, colour: Colour) -> String {
    let mut lines = String::new();
    if let Some(error) = &status.store.last_error {
        lines.push_str(&format!("{} {}\n", Tone::Bad.paint("the store reports:", colour), shown(error)));
    }
    let history = &status.backfill;
    let read = match history.expected {
        0 => String::new(),
        expected => format!("{} read, ", share(history.done as f64 / expected as f64)),
    };
    let since =
        history.complete_since.map_or("nothing complete yet".to_owned(), |at| format!("complete since {}", moment(at)));
    lines.push_str(&format!("history: {read}{since}; store: {}\n", text::bytes(status.store.bytes)));
    let ready = match status.as_of {
        Some(as_of) if status.ready => format!("ready, as of {}", moment(as_of)),
        _ => {
            let reason = status.not_ready.as_deref().unwrap_or("the first evaluation is not done");
            Tone::Warning.paint(&format!("not ready: {reason}"), colour)
        }
    };
    lines.push_str(&format!(
        "evenkeel {}, started {}; {ready}; {}\n",
        shown(&status.version),
        text::ago(status.started_at.0, status.now.0),
        many(status.findings.len(), "finding", "findings")
    ));
    lines
}
