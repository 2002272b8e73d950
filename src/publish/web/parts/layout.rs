//! The frame of every page: head, navigation, footer. Must not know what a
//! page shows.

use maud::{DOCTYPE, Markup, html};

use super::text;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::evaluate::review::snapshot::Snapshot;
use crate::publish::http::plumbing::query::Ignored;
use crate::publish::text::findings;

/// The pages that the navigation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Slos,
    Incidents,
    Alerts,
    Scorecard,
    Status,
}

impl Section {
    const ALL: [(Section, &'static str, &'static str); 5] = [
        (Section::Slos, "/", "SLOs"),
        (Section::Incidents, "/incidents", "Incidents"),
        (Section::Alerts, "/alerts", "Alerts"),
        (Section::Scorecard, "/scorecard", "Scorecard"),
        (Section::Status, "/status", "Status"),
    ];
}

/// More push the page itself out of sight; the status page has all.
const BANNERS_MAX: usize = 3;

/// Names of parameters that are shown.
const IGNORED_MAX: usize = 5;

/// What surrounds a page.
pub(crate) struct Frame<'a> {
    pub title: &'a str,
    pub section: Option<Section>,
    /// What the numbers are of. What makes them doubtful is said above the page.
    pub snapshot: Option<&'a Snapshot>,
    /// What was asked for and has no meaning on this page.
    pub ignored: Option<&'a Ignored>,
}

pub(crate) fn page(frame: &Frame<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (text::clean(frame.title)) " · Evenkeel" }
                link rel="stylesheet" href={ "/assets/evenkeel.css?v=" (env!("CARGO_PKG_VERSION")) };
                link rel="icon" type="image/svg+xml" href="/assets/icon.svg";
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    a.brand href="/" { (mark()) span { "Evenkeel" } }
                    nav aria-label="Pages" {
                        @for (section, path, name) in Section::ALL {
                            a href=(path) aria-current=[(frame.section == Some(section)).then_some("page")] { (name) }
                        }
                    }
                    @if let Some(as_of) = frame.snapshot.and_then(|snapshot| snapshot.as_of) {
                        p.as-of {
                            "as of " time datetime=(as_of.rfc3339()) { (text::moment(as_of)) }
                            // An empty address is that of the page itself, with its parameters.
                            " · " a href="" { "Reload" }
                        }
                    }
                }
                (banners(frame.snapshot.map_or(&[], |snapshot| &snapshot.findings)))
                @if let Some(ignored) = frame.ignored { (without_meaning(ignored)) }
                main #content tabindex="-1" { (body) }
                footer {
                    span { "Evenkeel " (env!("CARGO_PKG_VERSION")) }
                    a href="/api/v1/report?format=html" { "Report of this month" }
                    a href="/api/v1/openapi.json" { "API" }
                    a href="/metrics" { "Metrics" }
                    span { "All times are in UTC." }
                }
            }
        }
    }
}

/// Parameters of the address that changed nothing.
fn without_meaning(ignored: &Ignored) -> Markup {
    html! {
        @if !ignored.names.is_empty() {
            p.notice role="status" {
                "Not used on this page: "
                @for (i, name) in ignored.names.iter().take(IGNORED_MAX).enumerate() {
                    @if i > 0 { ", " }
                    code { (text::clean(name)) }
                }
                ". "
                @if ignored.known.is_empty() { "It has no parameters." } @else {
                    "Its parameters are " (ignored.known.join(", ")) "."
                }
            }
        }
    }
}

/// What makes figures of any page doubtful: a source that does not answer, damage of
/// the store.
fn banners(all: &[Finding]) -> Markup {
    let is_for_every_page =
        |finding: &&Finding| matches!(finding.kind, FindingKind::SourceDown { .. } | FindingKind::Store(_));
    let doubtful: Vec<&Finding> = all.iter().filter(is_for_every_page).collect();
    html! {
        @for finding in doubtful.iter().take(BANNERS_MAX) {
            p.banner role="status" {
                strong { (text::clean(&finding.subject)) } ": " (text::clean(&findings::text(finding).message)) " "
                a href="/status" { "Status" }
            }
        }
        @if doubtful.len() > BANNERS_MAX {
            p.banner role="status" { "and " (doubtful.len() - BANNERS_MAX) " more: " a href="/status" { "Status" } }
        }
    }
}

/// A hull on a level waterline.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" {
            path.hull d="M5 15h22c-1.2 6-5.4 10-11 10S6.2 21 5 15z" {}
            path.mast d="M16 4v8M16 5l7 6.5H16z" {}
            path.water d="M2 28.2c2.3-1.6 4.7-1.6 7 0s4.7 1.6 7 0 4.7-1.6 7 0 4.7 1.6 7 0" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::kinds::SourceKind;

    fn down(source: usize) -> Finding {
        let (kind, error) = (SourceKind::Prometheus, "connection <refused>".to_owned());
        Finding::new(format!("main-{source}"), FindingKind::SourceDown { kind, error })
    }

    fn shown(findings: &[Finding]) -> String {
        let snapshot = Snapshot { findings: Arc::new(findings.to_vec()), ..Snapshot::default() };
        let frame = Frame { title: "SLOs", section: None, snapshot: Some(&snapshot), ignored: None };
        page(&frame, &html! {}).into_string()
    }

    #[test]
    fn every_page_says_which_source_is_down() {
        let other = Finding::other("shop", "a remark", "nothing to do");
        assert!(!shown(std::slice::from_ref(&other)).contains("banner"));
        let one = shown(&[other, down(1)]);
        assert_eq!(one.matches("class=\"banner\"").count(), 1, "{one}");
        assert!(one.contains("main-1") && one.contains("connection &lt;refused&gt;"), "{one}");
        let many = shown(&(0..9).map(down).collect::<Vec<_>>());
        assert_eq!(many.matches("class=\"banner\"").count(), BANNERS_MAX + 1);
        assert!(many.contains("and 6 more"), "{many}");
    }
}
