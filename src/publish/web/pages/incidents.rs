//! Incidents: how long they took, when they were, and each one; all of the stored
//! history, or those that a filter leaves.

mod filter;
mod table;

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use maud::{Markup, html};

use self::filter::IncidentFilter;
pub(crate) use self::table::{burned, table};
use super::trends;
use crate::evaluate::incident::detect_split::DetectSplit;
use crate::evaluate::incident::durations::{DurationStat, durations};
use crate::evaluate::review::compare::Comparison;
use crate::evaluate::review::result::Review;
use crate::evaluate::review::trends::Trends;
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::incident_floor;
use crate::publish::web::charts::timeline;
use crate::publish::web::charts::timeline::{Lane, Span};
use crate::publish::web::parts::answer::{Page, asked, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{components, text, verdicts};

/// What the timeline shows without a month.
const TIMELINE: Millis = Millis::from_days(30);
/// Below so many values a median has no 95 % interval; then the values
/// themselves say more.
const MEDIAN_MIN: usize = 6;

pub(crate) async fn show(State(daemon): State<ApiContext>, query: RawQuery) -> Page {
    let (query, ignored) = asked::<IncidentFilter>(&query)?;
    let evaluated = daemon.evaluated()?;
    let now = evaluated.as_of;
    let least = query.least()?;
    let (review, period) = match query.month()? {
        None => (Arc::clone(&evaluated.snapshot.review), Period::new(now - TIMELINE, now)),
        Some(month) => {
            let whole = month.period(daemon.timezone);
            let period = Period::new(whole.start, whole.end.min(now));
            if period.is_empty() {
                return Err(Problem::bad_parameter("month", format!("{} has not begun", month.name())).into());
            }
            (daemon.judge(move |queries| queries.incidents.review(period)).await?.into(), period)
        }
    };
    let wanted: Vec<&Incident> = review.incidents.iter().filter(|incident| query.admits(incident, least)).collect();
    let frame = Frame {
        title: "Incidents",
        section: Some(Section::Incidents),
        snapshot: Some(&evaluated.snapshot),
        ignored: Some(&ignored),
    };
    let whole = !query.is_narrowed();
    let snapshot = &evaluated.snapshot;
    let view = View {
        review: &review,
        comparison: snapshot.comparison.as_deref().filter(|c| whole && !c.is_lopsided()),
        trends: snapshot.trends.as_deref().filter(|trends| whole && trends.is_told()),
        wanted: &wanted,
        query: &query,
        period,
        zone: daemon.timezone.name(),
        now,
    };
    page(layout::page(&frame, &view.body()))
}

struct View<'a> {
    review: &'a Review,
    comparison: Option<&'a Comparison>,
    trends: Option<&'a Trends>,
    wanted: &'a [&'a Incident],
    query: &'a IncidentFilter,
    period: Period,
    /// Of the months that are asked for.
    zone: &'a str,
    now: Timestamp,
}

impl View<'_> {
    fn body(&self) -> Markup {
        let (wanted, now) = (self.wanted, self.now);
        let place = self.query.place(wanted.len());
        html! {
            h1 { "Incidents" }
            (self.query.form(self.review, self.zone, wanted.len()))
            @if self.query.is_subset() { (tiles_of(wanted, now)) } @else { (tiles(self.review)) }
            @if let Some(sentence) = incident_floor::sentence(self.review) { p.muted { (sentence) } }
            @if wanted.is_empty() {
                (components::empty(if self.query.is_narrowed() { "No incident matches the filter." } else { "No incidents in the stored history." }))
                (over_months(self.trends))
            } @else {
                figure {
                    figcaption {
                        h2 { (text::short_moment(self.period.start)) " – " (text::short_moment(self.period.end)) " (UTC)" }
                        span.legend {
                            span.key.page { "page" } span.key.ticket { "ticket" } span.key.undetected { "nobody was paged" }
                        }
                    }
                    (timeline::lanes(self.period, &lanes(wanted, self.period, now)))
                }
                @if let Some(comparison) = self.comparison {
                    section {
                        h2 { "Better or worse" }
                        (verdicts::table(comparison))
                    }
                }
                (over_months(self.trends))
                section {
                    h2 { "All incidents" }
                    (table(wanted.get(place.clone()).unwrap_or_default(), now))
                }
                (self.query.pages(wanted.len()))
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
fn lanes(incidents: &[&Incident], shown: Period, now: Timestamp) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for incident in incidents {
        let Some(start) = incident.start() else {
            continue;
        };
        let period = Period::new(start, incident.end().unwrap_or(now));
        if period.end < shown.start {
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

/// The figures of the whole history, as they are published elsewhere.
fn tiles(review: &Review) -> Markup {
    let durations = &review.durations;
    html! {
        div.tiles {
            (number(&review.incidents.iter().collect::<Vec<_>>()))
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

/// The figures of those that a filter left.
fn tiles_of(incidents: &[&Incident], now: Timestamp) -> Markup {
    let first = incidents.iter().filter_map(|incident| incident.start()).min().unwrap_or(now);
    let durations = durations(incidents.iter().copied(), Period::new(first, now + Millis(1)), now);
    html! {
        div.tiles {
            (number(incidents))
            (duration_tile("Time to detect", &durations.detect, &html! {}))
            (duration_tile("Time to acknowledge", &durations.acknowledge, &html! {}))
            (duration_tile("Time to restore", &durations.restore, &html! {}))
            (duration_tile("Time to resolve", &durations.resolve, &html! {}))
        }
    }
}

fn number(incidents: &[&Incident]) -> Markup {
    let open = incidents.iter().filter(|incident| incident.state == IncidentState::Open).count();
    let unseen = incidents.iter().filter(|incident| !incident.detected).count();
    let again = incidents.iter().filter(|incident| incident.reopens.is_some()).count();
    components::tile(
        "Incidents",
        &html! { (text::count(incidents.len() as i64)) },
        &html! {
            (open) " open, " (again) " again within a day" br; (unseen) " without a page"
        },
    )
}

/// What the time to detect was spent on, as medians.
fn split(split: &DetectSplit) -> Markup {
    let parts = split.named().into_iter().filter_map(|(name, stat)| Some((name, stat.median?)));
    let parts: Vec<String> = parts.map(|(name, median)| format!("{name} {}", median.human())).collect();
    html! { @if !parts.is_empty() { br; span title="medians: onset to condition, condition to page, page to notification" { (parts.join(", ")) } } }
}

fn in_business_hours(stat: &DurationStat) -> Markup {
    html! { @if let Some(median) = stat.median {
        br; span title="median of the time on Monday to Friday outside off-hours" {
            @if median == Millis(0) { "most of it outside business hours" } @else { (median.human()) " in business hours" }
        }
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
