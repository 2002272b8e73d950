//! All incidents of the stored history: how long they took, when they were,
//! and each one.

use axum::extract::{RawQuery, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::trends;
use crate::evaluate::incident::detect_split::DetectSplit;
use crate::evaluate::incident::durations::{DurationStat, time_to_detect};
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::trends::Trends;
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::incident_floor;
use crate::publish::web::charts::timeline;
use crate::publish::web::charts::timeline::{Lane, Span};
use crate::publish::web::parts::answer::{Page, asked, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{components, text, verdicts};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceQuery {
    service: Option<String>,
}

/// Incidents on the page, newest first; the API has all.
const ROWS_MAX: usize = 200;
/// What the timeline shows.
const TIMELINE: Millis = Millis::from_days(30);
/// Below so many values a median has no 95 % interval; then the values
/// themselves say more.
const MEDIAN_MIN: usize = 6;

pub(crate) async fn show(State(daemon): State<ApiContext>, query: RawQuery) -> Page {
    let ServiceQuery { service } = asked(&query)?;
    let service = service.as_deref();
    let evaluated = daemon.evaluated()?;
    let review = &evaluated.snapshot.review;
    let wanted: Vec<&Incident> =
        review.incidents.iter().filter(|i| service.is_none_or(|service| i.concerns(service))).collect();
    let frame = Frame {
        title: "Incidents",
        section: Some(Section::Incidents),
        snapshot: Some(&evaluated.snapshot),
        refresh: None,
    };
    let comparison = evaluated.snapshot.comparison.as_deref().filter(|c| service.is_none() && !c.is_lopsided());
    let trends = evaluated.snapshot.trends.as_deref().filter(|trends| service.is_none() && trends.is_told());
    page(layout::page(&frame, &body(review, comparison, trends, &wanted, service, evaluated.as_of)))
}

fn body(
    review: &Review,
    comparison: Option<&Comparison>,
    trends: Option<&Trends>,
    wanted: &[&Incident],
    service: Option<&str>,
    now: Timestamp,
) -> Markup {
    html! {
        div.title {
            h1 { "Incidents" }
            @if let Some(service) = service { span.muted { "of " (components::user(service)) " · " a href="/incidents" { "all services" } } }
        }
        (durations(review))
        @if let Some(sentence) = incident_floor::sentence(review) { p.muted { (sentence) } }
        @if wanted.is_empty() {
            (components::empty("No incidents in the stored history."))
            (over_months(trends))
        } @else {
            figure {
                figcaption {
                    h2 { "The last 30 days" }
                    span.legend {
                        span.key.page { "page" } span.key.ticket { "ticket" } span.key.undetected { "nobody was paged" }
                    }
                }
                (timeline::lanes(Period::new(now - TIMELINE, now), &lanes(wanted, now)))
            }
            @if let Some(comparison) = comparison {
                section {
                    h2 { "Better or worse" }
                    (verdicts::table(comparison))
                }
            }
            (over_months(trends))
            section {
                h2 { "All incidents" }
                (table(&wanted.iter().copied().take(ROWS_MAX).collect::<Vec<_>>(), now))
                @if wanted.len() > ROWS_MAX { p.muted { "and " (wanted.len() - ROWS_MAX) " more" } }
            }
        }
    }
}

fn over_months(trends: Option<&Trends>) -> Markup {
    html! {
        @if let Some(trends) = trends {
            section {
                h2 { "Over months" }
                (trends::table(trends))
            }
        }
    }
}

/// One lane for each service that had an incident, in order of name.
fn lanes(incidents: &[&Incident], now: Timestamp) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for incident in incidents {
        let Some(start) = incident.start() else {
            continue;
        };
        let period = Period::new(start, incident.end().unwrap_or(now));
        if period.end < now - TIMELINE {
            continue;
        }
        let class = if incident.detected { incident.severity.word() } else { "undetected" };
        let span = Span {
            period,
            class: class.to_owned(),
            title: format!("{}, {}", text::short_moment(start), period.length().human()),
            href: Some(format!("/incidents/{}", incident.id)),
        };
        match lanes.iter_mut().find(|lane| lane.name == incident.service) {
            Some(lane) => lane.spans.push(span),
            None => lanes.push(Lane { name: incident.service.clone(), spans: vec![span] }),
        }
    }
    lanes.sort_by(|a, b| a.name.cmp(&b.name));
    lanes
}

fn durations(review: &Review) -> Markup {
    let (durations, incidents) = (&review.durations, &review.incidents);
    let open = incidents.iter().filter(|incident| incident.state == IncidentState::Open).count();
    let unseen = incidents.iter().filter(|incident| !incident.detected).count();
    let again = incidents.iter().filter(|incident| incident.reopens.is_some()).count();
    html! {
        div.tiles {
            (components::tile("Incidents", &html! { (text::count(incidents.len() as i64)) }, &html! {
                (open) " open, " (again) " again within a day" br; (unseen) " without a page"
            }))
            (duration_tile("Time to detect", &durations.detect, &split(&review.split)))
            (duration_tile("Time to acknowledge", &durations.acknowledge, &in_business_hours(&review.business.acknowledge)))
            (duration_tile("Time to restore", &durations.restore, &in_business_hours(&review.business.restore)))
            (duration_tile("Time to resolve", &durations.resolve, &html! {}))
            @if review.deployments.failed.n > 0 {
                (duration_tile("Failed-deployment recovery", &review.deployments.recovery, &html! {
                    br; (review.deployments.failed.k) " of " (review.deployments.failed.n) " deployments failed"
                }))
            }
        }
    }
}

/// What the time to detect was spent on, as medians.
fn split(split: &DetectSplit) -> Markup {
    let parts = split.named().into_iter().filter_map(|(name, stat)| Some((name, stat.median?)));
    let parts: Vec<String> = parts.map(|(name, median)| format!("{name} {}", median.human())).collect();
    html! { @if !parts.is_empty() { br; span title="medians: onset to condition, condition to page, page to notification" { (parts.join(", ")) } } }
}

fn in_business_hours(stat: &DurationStat) -> Markup {
    html! { @if let Some(median) = stat.median {
        br; span title="median of the time on Monday to Friday outside off-hours" { (median.human()) " in business hours" }
    } }
}

fn duration_tile(name: &str, stat: &DurationStat, more: &Markup) -> Markup {
    let censored = html! { @if stat.censored > 0 { ", " (stat.censored) " not over yet" } };
    if stat.n == 0 {
        return components::tile(name, &components::no_data(), &html! { "n = 0" (censored) (more) });
    }
    if stat.n < MEDIAN_MIN {
        let values: Vec<String> = stat.values.iter().map(|length| length.human()).collect();
        return components::tile(
            name,
            &html! { span.few { (values.join(", ")) } },
            &html! {
                "n = " (stat.n) (censored) br; "too few for a median" (more)
            },
        );
    }
    components::tile(
        name,
        &components::known(stat.median.map(Millis::human)),
        &html! {
            "median, n = " (stat.n) (censored)
            @if let Some((low, high)) = stat.median_interval {
                br; span title="95 % confidence interval of the median" { "95\u{202f}% from " (low.human()) @if let Some(high) = high { " to " (high.human()) } @else { " on" } }
            }
            @if let Some(p90) = stat.p90 { br; "9 of 10 within " (p90.human()) }
            (more)
        },
    )
}

/// Incidents as a table.
pub(crate) fn table(incidents: &[&Incident], now: Timestamp) -> Markup {
    html! {
        div.scroll { table.incidents {
            thead { tr {
                th { "Began" } th { "Service" } th { "State" } th { "Severity" } th.num { "Detected after" }
                th.num { "Restored after" } th { "Onset, page, restored" } th.num { "Budget burned" }
            } }
            tbody { @for incident in incidents { (row(incident, now)) } }
        } }
    }
}

fn row(incident: &Incident, now: Timestamp) -> Markup {
    let times = &incident.times;
    let start = incident.start();
    let after = |mark: Option<crate::model::operations::alert::Mark>| Some(mark?.at - start?);
    html! {
        tr {
            td { a href={ "/incidents/" (incident.id) } {
                @match start { Some(start) => (components::time(start)), None => "unknown" }
            } }
            td.name {
                (components::user(&incident.service))
                @for other in incident.others() { div.muted { "with " (components::user(other)) } }
                @if incident.reopens.is_some() { div.muted { "reopened" } }
            }
            td { (components::tag(incident.state.word(), incident.state.word())) }
            td { (components::severity_chip(incident.severity)) }
            td.num { @if incident.detected { (components::length(time_to_detect(incident))) } @else { span.warn { "no page" } } }
            td.num {
                @match (times.restored, incident.state, start) {
                    (None, IncidentState::Open, Some(start)) => { "ongoing, " ((now - start).human()) " so far" }
                    _ => (components::length(after(times.restored))),
                }
            }
            td { (timeline::phases(incident, now)) }
            td.num { @match incident.budget_burned_ratio {
                Some(ratio) => (text::share(ratio)),
                None => span.no-data { "–" },
            } }
        }
    }
}
