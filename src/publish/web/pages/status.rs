//! How the daemon itself is doing. Shown before the first evaluation, too.

use axum::extract::{RawQuery, State};
use maud::{Markup, html};

use crate::evaluate::review::finding::Finding;
use crate::model::latency::{LatencyFigures, Percentiles};
use crate::model::time::{Millis, Timestamp};
use crate::publish::answers::{BackfillProgress, CatalogStatus, LoopStatus, ServiceStatus, SourceStatus};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::web::parts::answer::{NoParameters, Page, asked, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{components, text};

/// Findings that are listed; the API has all.
const FINDINGS_MAX: usize = 100;

pub(crate) async fn show(State(daemon): State<ApiContext>, query: RawQuery) -> Page {
    let (NoParameters {}, ignored) = asked(&query)?;
    let status = daemon.status();
    let snapshot = daemon.snapshot();
    let frame =
        Frame { title: "Status", section: Some(Section::Status), snapshot: Some(&snapshot), ignored: Some(&ignored) };
    page(layout::page(&frame, &body(&status, daemon.now())))
}

fn body(status: &ServiceStatus, now: Timestamp) -> Markup {
    let store = &status.store;
    html! {
        h1 { "Status" }
        div.tiles {
            (components::tile("Evenkeel", &html! { (status.version) }, &html! { "started " (components::ago(status.started_at, now)) }))
            (components::tile("Ready", &html! { @if status.not_ready.is_none() { "yes" } @else { span.warn { "not yet" } } }, &html! {
                @if let Some(reason) = &status.not_ready { (reason) } @else { "answers are given" }
            }))
            (backfill(&status.backfill))
            (components::tile("Store", &html! { (text::bytes(store.bytes)) }, &html! {
                (text::count(i64::try_from(store.sealed_days).unwrap_or(i64::MAX))) " sealed days" br;
                (text::count(i64::try_from(store.open_tiles).unwrap_or(i64::MAX))) " open tiles"
            }))
            (components::tile("Findings", &html! { (status.findings.len()) }, &html! { "problems" }))
        }
        @if let Some(error) = &store.last_error {
            p.alarm { strong { "The store reports: " } (components::user(error)) }
        }
        section { h2 { "Sources" } (sources(&status.sources, now)) }
        section { h2 { "Definitions" } (definitions(&status.catalog, now)) }
        section { h2 { "Loops" } (loops(&status.loops, now)) }
        section { h2 { "Findings" } (findings(&status.findings)) }
    }
}

fn definitions(catalog: &CatalogStatus, now: Timestamp) -> Markup {
    html! {
        p {
            "Generation " (catalog.generation) ", hash " code { (catalog.hash) }
            @if let Some(at) = catalog.complete_at { ", last complete reload " (components::ago(at, now)) }
            "."
        }
        @if !catalog.files.is_empty() {
            table {
                thead { tr { th { "File" } th { "Hash" } th { "In force" } } }
                tbody { @for one in &catalog.files {
                    tr {
                        td { (components::user(&one.file)) }
                        td { code { (one.hash) } }
                        td { @if one.is_current { "as it is" } @else { span.warn { "last good text; see findings" } } }
                    }
                } }
            }
        }
    }
}

fn backfill(backfill: &BackfillProgress) -> Markup {
    let since = html! {
        @match backfill.complete_since {
            Some(since) => { "complete since " (components::time(since)) }
            None => "nothing complete yet",
        }
    };
    if backfill.wanted == 0 {
        return components::tile("History", &html! { "–" }, &since);
    }
    let ratio = backfill.done as f64 / backfill.wanted as f64;
    components::tile(
        "History",
        &html! { (text::share(ratio)) },
        &html! {
            (components::meter("left", ratio))
            (text::count(backfill.done as i64)) " of " (text::count(backfill.wanted as i64)) " indicator-days" br;
            (since)
        },
    )
}

fn sources(sources: &[SourceStatus], now: Timestamp) -> Markup {
    if sources.is_empty() {
        return components::empty("None are configured.");
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Sources" { table {
            thead { tr { th { "Source" } th { "Kind" } th { "State" } th { "Address" } th.num { "p50" } th.num { "p99" } th.num { "Max" } th { "Last success" } th { "Last error" } } }
            tbody { @for source in sources {
                tr {
                    td.name { (components::user(&source.name)) }
                    td { (source.kind.word()) }
                    td { @match source.up {
                        Some(true) => (components::tag("ok", "up")),
                        Some(false) => (components::tag("exhausted", "down")),
                        None => (components::tag("unknown", "not asked yet")),
                    } }
                    td.words { (components::user(&source.address)) }
                    (latency(source.latency))
                    td { (when(source.last_success, now)) }
                    td.words { (error(source.last_error.as_deref())) }
                }
            } }
        } }
    }
}

fn loops(loops: &[LoopStatus], now: Timestamp) -> Markup {
    if loops.is_empty() {
        return components::empty("No background tasks are running.");
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Loops" { table {
            thead { tr { th { "Loop" } th.num { "Rounds" } th.num { "Failures" } th.num { "Last took" } th.num { "p50" } th.num { "p99" } th.num { "Max" } th { "Last success" } th { "Last error" } } }
            tbody { @for status in loops {
                tr {
                    td.name { (status.name) }
                    td.num { (text::count(i64::try_from(status.iterations).unwrap_or(i64::MAX))) }
                    td.num { span class=[(status.failures > 0).then_some("warn")] { (text::count(i64::try_from(status.failures).unwrap_or(i64::MAX))) } }
                    td.num { @match status.last_duration { Some(length) => (text::took(length)), None => span.no-data { "–" } } }
                    (latency(status.latency))
                    td { (when(status.last_ok_at, now)) }
                    td.words { (error(status.last_error.as_deref())) }
                }
            } }
        } }
    }
}

/// Cells of the percentiles of the last minutes.
fn latency(figures: LatencyFigures) -> Markup {
    let cells = |r: Percentiles| [r.p50, r.p99, r.max].map(|seconds| Some(Millis((seconds * 1_000.0).ceil() as i64)));
    html! {
        @for cell in figures.recent.map_or([None; 3], cells) {
            td.num { @match cell { Some(length) => (text::took(length)), None => span.no-data { "–" } } }
        }
    }
}

fn when(at: Option<Timestamp>, now: Timestamp) -> Markup {
    match at {
        Some(at) => components::ago(at, now),
        None => html! { span.no-data { "never" } },
    }
}

fn error(error: Option<&str>) -> Markup {
    match error {
        Some(text) => components::user(text),
        None => html! { span.no-data { "–" } },
    }
}

fn findings(findings: &[Finding]) -> Markup {
    if findings.is_empty() {
        return components::empty("No problems.");
    }
    html! {
        ul.findings {
            @for finding in findings.iter().take(FINDINGS_MAX) {
                (components::finding(finding))
            }
        }
        @if findings.len() > FINDINGS_MAX { p.muted { "and " (findings.len() - FINDINGS_MAX) " more" } }
    }
}
