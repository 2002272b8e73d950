//! Incidents as a table.

use maud::{Markup, html};

use crate::evaluate::incident::durations::time_to_detect;
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::time::{Millis, Timestamp};
use crate::publish::web::charts::timeline;
use crate::publish::web::parts::{components, text};

/// Incidents as a table.
pub(crate) fn table(incidents: &[&Incident], now: Timestamp) -> Markup {
    components::scroll(
        "Incidents",
        &html! {
            table.cards {
                thead { tr {
                    th scope="col" { "Began" } th scope="col" { "Service" } th scope="col" { "State" } th scope="col" { "Severity" }
                    th.num scope="col" { "Detected after" } th.num scope="col" { "Restored after" }
                    th scope="col" title="until a page, and until users were served again" { "Onset, page, restored" }
                    th.num scope="col" { "Budget burned" }
                } }
                tbody { @for incident in incidents { (row(incident, now)) } }
            }
        },
    )
}

fn row(incident: &Incident, now: Timestamp) -> Markup {
    let start = incident.start();
    html! {
        tr {
            td.name { a href={ "/incidents/" (incident.id) } {
                @match start { Some(start) => (components::time(start)), None => "unknown" }
            } }
            td.name data-name="Service" {
                (components::user(&incident.service))
                @for other in incident.others() { div.muted { "with " (components::user(other)) } }
                @if incident.reopens.is_some() { div.muted { "reopened" } }
            }
            td data-name="State" { (components::tag(incident.state.word(), incident.state.word())) }
            td data-name="Severity" { (components::severity_chip(incident.severity)) }
            td.num data-name="Detected after" { @if incident.detected { (detected(incident)) } @else { span.warn { "no page" } } }
            td.num data-name="Restored after" {
                @match (incident.times.restored, incident.state, start) {
                    (None, IncidentState::Open, Some(start)) => { "ongoing, " ((now - start).human()) " so far" }
                    (Some(restored), _, Some(start)) => (components::length(Some(restored.at - start))),
                    _ => (components::length(None)),
                }
            }
            td data-name="Onset, page, restored" { (timeline::phases(incident, now)) }
            td.num data-name="Budget burned" { (burned(incident)) }
        }
    }
}

/// A page within a second came at once.
fn detected(incident: &Incident) -> Markup {
    match time_to_detect(incident) {
        Some(after) if Millis(0) <= after && after < Millis::from_secs(1) => html! { "at once" },
        after => components::length(after),
    }
}

/// What it cost; that no SLO burned is known, which is not the same as nothing known.
pub(crate) fn burned(incident: &Incident) -> Markup {
    match incident.budget_burned_ratio {
        Some(0.0) => html! { span.muted title="the SLOs of that service did not burn" { "none" } },
        Some(ratio) => html! { (text::share(ratio)) },
        None => html! { span.no-data title="the service has no SLO, or was not observed" { "not known" } },
    }
}
