//! What the alerts were worth: the noise band, each rule, the latest pages.

use axum::extract::State;
use maud::{Markup, html};

use super::rules;
use crate::evaluate::alerting::noise::result::Noise;
use crate::evaluate::review::result::Review;
use crate::model::time::Timestamp;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::web::parts::answer::{Page, page};
use crate::publish::web::parts::classes_bar::{meaning, stacked};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{components, text};

/// Pages that are listed; the API has all.
const PAGES_MAX: usize = 50;

pub(crate) async fn show(State(daemon): State<ApiContext>) -> Page {
    let evaluated = daemon.evaluated()?;
    let frame =
        Frame { title: "Alerts", section: Some(Section::Alerts), snapshot: Some(&evaluated.snapshot), refresh: None };
    page(layout::page(&frame, &body(&evaluated.snapshot.review, evaluated.as_of)))
}

fn body(review: &Review, now: Timestamp) -> Markup {
    let noise = &review.noise;
    html! {
        h1 { "Alerts" }
        (headline(noise, review.alerts.len()))
        @if review.as_of.is_some() { (rules::tiles(review)) }
        @if !review.rules.rules.is_empty() {
            section {
                h2 { "Rules, noisiest first" a.more href="/alerts/fixes" { "Suggested rule changes" } }
                (rules::league(review))
            }
        }
        @if !noise.teams.is_empty() {
            section {
                h2 { "Teams" }
                (rules::teams(&noise.teams))
            }
        }
        @if !noise.receivers.is_empty() {
            section {
                h2 { "Receivers" }
                (rules::receivers(&noise.receivers))
            }
        }
        @if !noise.page_reasons.is_empty() {
            section {
                h2 { "Latest pages" }
                (pages(noise, now))
            }
        }
        @if review.as_of.is_some() {
            section {
                h2 { "Upkeep" }
                (rules::upkeep(&review.upkeep))
            }
            (rules::measures(&review.measures))
        }
    }
}

/// `61.0 % – 66.0 %`, or one number where both are equal.
pub(crate) fn band(noise: &Noise) -> Markup {
    match (noise.lower, noise.upper) {
        (Some(lower), Some(upper)) if text::share(lower) == text::share(upper) => {
            html! { (text::share(lower)) }
        }
        (Some(lower), Some(upper)) => html! { (text::share(lower)) " – " (text::share(upper)) },
        _ => components::no_data(),
    }
}

/// The band in whole per cent, for a small place.
pub(crate) fn short_band(noise: &Noise) -> Markup {
    let whole = |ratio: f64| (ratio * 100.0).round();
    match (noise.lower, noise.upper) {
        (Some(lower), Some(upper)) if whole(lower) == whole(upper) => {
            html! { (whole(lower)) "\u{202f}%" }
        }
        (Some(lower), Some(upper)) => html! { (whole(lower)) "–" (whole(upper)) "\u{202f}%" },
        _ => components::no_data(),
    }
}

fn headline(noise: &Noise, alerts: usize) -> Markup {
    html! {
        div.headline {
            div {
                p.big { (band(noise)) }
                p { "of " strong { (text::count(noise.pages as i64)) } " incident-level pages were noise: not worth waking anyone." }
                p.muted { "The band is as wide as the pages of unknown worth" @if let Some((low, high)) = noise.interval { "; were they a sample of many, " (text::share(low)) " – " (text::share(high)) " with 95\u{202f}% confidence" } ". " (text::count(alerts as i64)) " firings of alert rules are stored." }
            }
            div {
                (classes_bar(noise))
                ul.classes {
                    @for (class, n) in noise.classes.iter().filter(|(_, n)| *n > 0) {
                        li { span class={ "key " (class.word()) } title=(meaning(*class)) { (class.word()) } " " strong { (text::count(*n as i64)) } }
                    }
                }
            }
        }
    }
}

/// All pages as one bar, by class.
fn classes_bar(noise: &Noise) -> Markup {
    stacked(&noise.classes, "Pages by class")
}

fn pages(noise: &Noise, now: Timestamp) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "When" } th { "Rule" } th { "Service" } th { "Class" } th { "Reason" } } }
            tbody { @for page in noise.page_reasons.iter().take(PAGES_MAX) {
                tr {
                    td { (components::time(page.at)) div.muted { (components::ago(page.at, now)) } }
                    td.name { (components::user(&page.rule)) }
                    td { @match &page.service { Some(service) => (components::user(service)), None => span.no-data { "–" } } }
                    td { span class={ "key " (page.class.word()) } { (page.class.word()) } }
                    td.words { (components::user(&page.reason)) }
                }
            } }
        } }
        @if noise.page_reasons.len() > PAGES_MAX { p.muted { "and " (noise.page_reasons.len() - PAGES_MAX) " older ones" } }
    }
}
