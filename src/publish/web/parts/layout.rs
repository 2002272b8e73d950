//! The frame of every page: head, navigation, footer. Must not know what a
//! page shows.

use maud::{DOCTYPE, Markup, html};

use super::text;
use crate::model::time::Timestamp;

/// The pages that the navigation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Slos,
    Incidents,
    Alerts,
    Status,
}

impl Section {
    const ALL: [(Section, &'static str, &'static str); 4] = [
        (Section::Slos, "/", "SLOs"),
        (Section::Incidents, "/incidents", "Incidents"),
        (Section::Alerts, "/alerts", "Alerts"),
        (Section::Status, "/status", "Status"),
    ];
}

/// What stands around a page.
pub(crate) struct Frame<'a> {
    pub title: &'a str,
    pub section: Option<Section>,
    /// The moment that the numbers are of.
    pub as_of: Option<Timestamp>,
    /// Seconds after which the page loads again by itself.
    pub refresh: Option<u32>,
}

pub(crate) fn page(frame: &Frame<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(seconds) = frame.refresh { meta http-equiv="refresh" content=(seconds); }
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
                    @if let Some(as_of) = frame.as_of {
                        p.as-of { "as of " time datetime=(as_of.rfc3339()) { (text::moment(as_of)) } }
                    }
                }
                main #content { (body) }
                footer {
                    span { "Evenkeel " (env!("CARGO_PKG_VERSION")) }
                    a href="/api/v1/report?format=html" { "Report of this month" }
                    a href="/api/v1/openapi.json" { "API" }
                    a href="/metrics" { "Metrics" }
                    span { "All times are UTC." }
                }
            }
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
