//! What the alerts were worth: the noise ratio, each rule, the latest pages.

mod filter;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use maud::{Markup, html};

use self::filter::AlertFilter;
use super::rules;
use crate::evaluate::alerting::noise::result::Noise;
use crate::evaluate::alerting::page_class::PageReason;
use crate::evaluate::review::result::Review;
use crate::model::link::{LinkSubject, LinkTemplate};
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::web::parts::answer::{Page, asked, page};
use crate::publish::web::parts::classes_bar::{meaning, stacked};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{components, links, text};

/// Pages that are listed; the API has all.
const PAGES_MAX: usize = 50;
/// Links for a page are about so much time on both sides of it.
const AROUND: Millis = Millis::from_hours(1);

pub(crate) async fn show(State(daemon): State<ApiContext>, query: RawQuery) -> Page {
    let (query, ignored) = asked::<AlertFilter>(&query)?;
    let evaluated = daemon.evaluated()?;
    let now = evaluated.as_of;
    let least = query.least()?;
    let review = match query.month()? {
        None => Arc::clone(&evaluated.snapshot.review),
        Some(month) => {
            let whole = month.period(daemon.timezone);
            let period = Period::new(whole.start, whole.end.min(now));
            if period.is_empty() {
                return Err(Problem::bad_parameter("month", format!("{} has not begun", month.name())).into());
            }
            daemon.judge(move |queries| queries.alerts.review(period)).await?.into()
        }
    };
    let pages: Vec<&PageReason> = review.noise.page_reasons.iter().filter(|page| query.admits(page)).collect();
    let frame = Frame {
        title: "Alerts",
        section: Some(Section::Alerts),
        snapshot: Some(&evaluated.snapshot),
        ignored: Some(&ignored),
    };
    let form = query.form(&review, daemon.timezone.name());
    let view = View { review: &review, pages, rule: query.rules(&review, least), links: daemon.links(), now };
    page(layout::page(&frame, &view.body(&form, query.is_subset())))
}

struct View<'a> {
    review: &'a Review,
    pages: Vec<&'a PageReason>,
    /// Rules that the filter leaves; `None`: all.
    rule: Option<BTreeSet<&'a str>>,
    links: &'a [LinkTemplate],
    now: Timestamp,
}

impl View<'_> {
    fn body(&self, form: &Markup, is_subset: bool) -> Markup {
        let (review, noise) = (self.review, &self.review.noise);
        html! {
            h1 { "Alerts" }
            (form)
            @if !is_subset {
                (headline(noise, review.alerts.len()))
                @if review.as_of.is_some() { (rules::tiles(review)) }
            }
            @if !review.rules.rules.is_empty() {
                section {
                    h2 { "Rules, noisiest first" a.more href="/alerts/fixes" { "Suggested rule changes" } }
                    (rules::league(review, self.rule.as_ref()))
                }
            }
            @if !is_subset && !noise.teams.is_empty() {
                section {
                    h2 { "Teams" }
                    (rules::teams(&noise.teams))
                }
            }
            @if !is_subset && !noise.receivers.is_empty() {
                section {
                    h2 { "Receivers" }
                    (rules::receivers(&noise.receivers))
                }
            }
            section {
                h2 { "Latest pages" }
                @if self.pages.is_empty() { (components::empty(if is_subset { "No page matches the filter." } else { "No pages in the stored history." })) }
                @else { (self.latest()) }
            }
            @if !is_subset && review.as_of.is_some() {
                section {
                    h2 { "Upkeep" }
                    (rules::upkeep(&review.upkeep))
                }
                (rules::measures(&review.measures))
            }
        }
    }

    fn latest(&self) -> Markup {
        html! {
            (components::scroll("Latest pages", &html! { table.cards {
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Rule" } th scope="col" { "Service" }
                    th scope="col" { "Class" } th scope="col" { "Reason" } th scope="col" { "Links" }
                } }
                tbody { @for page in self.pages.iter().take(PAGES_MAX) { (self.one(page)) } }
            } }))
            @if self.pages.len() > PAGES_MAX { p.muted { "and " (text::count((self.pages.len() - PAGES_MAX) as i64)) " older ones" } }
        }
    }

    fn one(&self, page: &PageReason) -> Markup {
        let incident = self.review.incidents.iter().find(|incident| incident.alerts.contains(&page.alert));
        let subject = LinkSubject {
            service: page.service.as_deref(),
            team: page.team.as_deref(),
            alert: Some(&page.rule),
            period: Some(Period::new(page.at - AROUND, (page.at + AROUND).min(self.now))),
            ..LinkSubject::default()
        };
        html! {
            tr {
                td.name { (components::time(page.at)) div.muted { (components::ago(page.at, self.now)) } }
                td.name data-name="Rule" { (components::user(&page.rule)) }
                td data-name="Service" { @match &page.service {
                    Some(service) => a href={ "/services/" (text::segment(service)) } { (components::user(service)) },
                    None => span.no-data { "–" },
                } }
                td data-name="Class" { span class={ "key " (page.class.word()) } { (page.class.word()) } }
                td.words data-name="Reason" { (components::user(&page.reason)) }
                td data-name="Links" { span.ways {
                    @if let Some(incident) = incident { a href={ "/incidents/" (incident.id) } { "Incident" } }
                    (links::out(self.links, &subject, None))
                } }
            }
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
    if noise.pages == 0 {
        return html! {
            p.empty { "No incident-level page was sent in the stored history: nothing can be said about noise. " (text::count(alerts as i64)) " firings of alert rules are stored." }
        };
    }
    html! {
        div.headline {
            div {
                p.big { (band(noise)) }
                p { "of " strong { (text::count(noise.pages as i64)) } " incident-level pages were noise: nobody had to act on them." }
                p.muted { "The range is as wide as the pages that are undetermined" @if let Some((low, high)) = noise.interval { "; were they a sample of many, " (text::share(low)) " – " (text::share(high)) " with 95\u{202f}% confidence" } ". " (text::count(alerts as i64)) " firings of alert rules are stored." }
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
