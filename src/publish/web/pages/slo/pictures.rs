//! The charts of an SLO with their legends, and the figures of the time that they show.

use maud::{Markup, html};

use crate::model::operations::change::Change;
use crate::model::operations::incident::Incident;
use crate::model::time::{Period, Timestamp};
use crate::publish::web::charts::budget::burn_down;
use crate::publish::web::charts::picture::Size;
use crate::publish::web::charts::series::{Moment, Pointer, Series};
use crate::publish::web::charts::traffic::{cut, errors_and_traffic};
use crate::publish::web::charts::values;
use crate::publish::web::parts::{components, text};

const SIZES: [Size; 2] = [Size::Desk, Size::Phone];

/// The budget, the errors with the traffic, and the values of both.
pub(super) fn both(series: &Series<'_>, allowed: f64, unit: &str) -> Markup {
    let missing = || components::empty("Nothing was observed in this period.");
    let budget = SIZES.map(|size| burn_down(series, size));
    let traffic = SIZES.map(|size| errors_and_traffic(series, allowed, size));
    html! {
        figure {
            figcaption {
                h2 { "Error budget" }
                span.legend {
                    span.key.line { "remaining" }
                    @if series.slots.iter().any(|slot| slot.budget_likely.is_some_and(|(lo, hi)| lo < hi)) { span.key.likely { "likely (95\u{202f}%)" } }
                    @if series.even.is_some() { span.key.allowed { "spent evenly" } }
                    span.key.spent { "overspent" }
                    (marks(series))
                    @if !series.uncertain().is_empty() { span.key.uncertain { "window not fully observed" } }
                    @if !series.left_out.is_empty() { span.key.left-out { "left out by corrections" } }
                }
            }
            @for picture in budget { @if let Some(picture) = picture { (picture) } }
            @if !series.is_known() { (missing()) }
        }
        figure {
            figcaption {
                h2 { "Errors and traffic" }
                span.legend {
                    span.key.spent { "bad ratio in " (series.step.compact()) }
                    @if let Some(cut) = cut(series, allowed) { span.muted { "cut at " (text::chosen(cut)) } }
                    span.key.allowed { "allowed " (text::chosen(allowed)) }
                    span.key.line { (unit) " per minute" }
                }
            }
            @for picture in traffic { @if let Some(picture) = picture { (picture) } }
            @if series.is_known() { (values::values(series)) } @else { (missing()) }
        }
    }
}

fn marks(series: &Series<'_>) -> Markup {
    html! {
        @if !series.pointers.is_empty() { span.key.incident { "incident" } }
        @if !series.changes.is_empty() { span.key.change { "change" } }
        @if !series.unknown().is_empty() { span.key.unknown { "not observed" } }
    }
}

/// What the time holds that is shown, as far as it was observed.
pub(super) fn range(series: &Series<'_>, allowed: f64) -> Markup {
    let counts = values::sum(series);
    let burn = counts.attainment().filter(|_| allowed > 0.0).map(|ratio| (1.0 - ratio) / allowed);
    html! {
        div.tiles {
            (components::tile("In this time", &html! { (series.period.length().human()) }, &html! {
                (text::moment(series.period.start)) " to " (text::moment(series.period.end))
            }))
            (components::tile("Attainment", &components::known(counts.attainment().map(text::percent)), &html! { "of what was observed" }))
            (components::tile("Burn rate", &components::known(burn.map(text::burn)), &html! { "on average" }))
            (components::tile("Bad", &html! { @if series.is_known() { (text::count(counts.bad())) } @else { (components::no_data()) } }, &html! {
                "of " (text::count(counts.total))
            }))
        }
    }
}

pub(super) fn pointer(incident: &Incident, now: Timestamp) -> Option<Pointer> {
    let period = Period::new(incident.start()?, incident.end().unwrap_or(now));
    let length = period.length().human();
    Some(Pointer {
        period,
        title: format!("Incident, {}, {length}", text::short_moment(period.start)),
        href: format!("/incidents/{}", incident.id),
    })
}

pub(super) fn moment(change: &Change) -> Moment {
    let when = text::short_moment(change.started_at);
    Moment { at: change.started_at, title: text::clean(&format!("{when}: {}, {}", change.kind.word(), change.summary)) }
}
