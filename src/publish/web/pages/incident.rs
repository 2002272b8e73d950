//! One incident: its eight times with where each comes from, the alerts, the
//! budget that burned and the changes around it.

mod around;
mod meaning;
mod postmortem;
mod story;

use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use self::meaning::meaning;
use self::story::Story;
use super::incidents;
use crate::evaluate::incident::durations::time_to_detect;
use crate::model::link::{LinkSubject, LinkTemplate};
use crate::model::operations::alert::{Alert, Mark};
use crate::model::operations::change::Change;
use crate::model::operations::incident::{Episode, Incident, StatedTime};
use crate::model::operations::record::{IncidentTime, TimeOverride};
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::text::ignored::ignored;
use crate::publish::web::charts::timeline::{across, px};
use crate::publish::web::pages::failure::Failure;
use crate::publish::web::parts::answer::{NoParameters, asked, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{change_table, components, links, text};

/// Links are about so much time on both sides of an incident.
const AROUND: Millis = Millis::from_mins(30);

/// Other changes in the table, the newest.
const CHANGES_SHOWN_MAX: usize = 50;

/// Alerts in the table, the newest: an outage of a service with hundreds of pods has
/// as many.
const ALERTS_SHOWN_MAX: usize = 200;

pub(crate) async fn show(State(daemon): State<ApiContext>, Path(id): Path<String>, query: RawQuery) -> Response {
    let asked = asked::<NoParameters>(&query).map_err(Failure::from);
    let read = Story::read(&daemon, &id).await.map_err(Failure::from);
    match (asked, read) {
        (Err(failure), _) | (_, Err(failure)) => failure.into_response(),
        (_, Ok(Err(renamed))) => moved(&format!("/incidents/{renamed}")),
        (Ok((_, ignored)), Ok(Ok(story))) => {
            let frame = Frame {
                title: &format!("Incident of {}", story.incident.service),
                section: Some(Section::Incidents),
                snapshot: Some(&story.snapshot),
                ignored: Some(&ignored),
            };
            page(layout::page(&frame, &body(&story, daemon.links()))).into_response()
        }
    }
}

/// The draft of a post-mortem, as a file.
pub(crate) async fn postmortem(State(daemon): State<ApiContext>, Path(id): Path<String>) -> Response {
    match Story::read(&daemon, &id).await {
        Err(problem) => problem.into_response(),
        Ok(Err(renamed)) => moved(&format!("/incidents/{renamed}/postmortem.md")),
        Ok(Ok(story)) => {
            let name = format!("attachment; filename=\"postmortem-{}.md\"", story.incident.id);
            let kind = "text/markdown; charset=utf-8".to_owned();
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], postmortem::document(&story))
                .into_response()
        }
    }
}

fn moved(to: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response()
}

fn body(story: &Story, templates: &[LinkTemplate]) -> Markup {
    let (incident, now) = (&story.incident, story.now);
    let (episodes, alerts) = (story.episodes(), story.alerts());
    let id = incident.id.to_string();
    let subject = LinkSubject { incident: Some(&id), ..subject(incident, now) };
    let length = incident.start().map(|start| incident.end().unwrap_or(now) - start);
    html! {
        p.crumbs { a href="/incidents" { "Incidents" } " / " code { (incident.id) } }
        div.title {
            h1 { "Incident of " (components::user(&incident.service)) }
            (components::tag(incident.state.word(), incident.state.word()))
            (components::severity_chip(incident.severity))
        }
        p.ways {
            a href={ "/services/" (text::segment(&incident.service)) } { (components::user(&incident.service)) }
            a href={ "/incidents/" (id) "/postmortem.md" } download { "Post-mortem draft (Markdown)" }
            (links::out(templates, &subject, None))
        }
        @if incident.others().next().is_some() || incident.reopens.is_some() {
            p {
                @for (i, other) in incident.others().enumerate() {
                    @if i == 0 { "Also affected: " } @else { ", " }
                    a href={ "/incidents?service=" (text::segment(other)) } { (components::user(other)) }
                }
                @if incident.others().next().is_some() { ". " }
                @if let Some(before) = incident.reopens {
                    "The same had ended less than a day before: " a href={ "/incidents/" (before) } { "the incident that it reopens" } "."
                }
            }
        }
        div.tiles {
            (components::tile("Began", &components::known(incident.start().map(text::short_moment)), &html! {
                @if let Some(start) = incident.start() { (components::ago(start, now)) }
            }))
            @if incident.end().is_some() {
                (components::tile("Lasted", &components::length(length), &html! { "until users were served again" }))
            } @else {
                (components::tile("Ongoing", &components::length(length), &html! { "so far" }))
            }
            (components::tile("Budget burned", &incidents::burned(incident), &html! { "the most that one SLO lost" }))
            (components::tile("Detected", &html! { @if incident.detected { "by a page" } @else { span.warn { "no page" } } }, &html! {
                @if let Some(after) = time_to_detect(incident) { @if after < Millis::from_secs(1) && after >= Millis(0) { "at once" } @else { (delay(after)) " after the onset" } }
            }))
        }
        @if let (Some(around), Some((slo, slots))) = (story.around, &story.slo) {
            (around::chart(incident, (slo, slots), around, &story.nearby, now))
        }
        section { h2 { "Timeline" } (times(incident, now)) }
        @if !incident.told.is_empty() || !story.trail.is_empty() {
            section { h2 { "Reported by tools and people" } (said(incident, &story.trail)) }
        }
        section { h2 { "Budget that burned" } (burned(&episodes, now)) }
        section { h2 { "Alerts" } (fired(&alerts, templates, &subject, now)) }
        section {
            h2 { "Changes that may have caused it" }
            @if story.changes.is_empty() { (components::empty("None are known.")) } @else { (change_table::changes(&story.changes, now)) }
        }
        @let others: Vec<&Change> = story.nearby.iter().filter(|change| !incident.changes.contains(&change.id)).collect();
        @if !others.is_empty() {
            section {
                h2 { "Other changes of its services around it" }
                (change_table::changes(others.into_iter().rev().take(CHANGES_SHOWN_MAX), now))
            }
        }
    }
}

fn times(incident: &Incident, now: Timestamp) -> Markup {
    let start = incident.start();
    html! {
        (line(incident, now))
        div.scroll tabindex="0" role="region" aria-label="Times" { table.cards {
            thead { tr { th { "Time" } th { "At (UTC)" } th.num { "After the beginning" } th { "From" } th { "Resolution" } } }
            tbody { @for (name, mark) in incident.times.named() {
                tr {
                    td.name { (name) div.muted { (meaning(name)) } }
                    @match mark {
                        Some(mark) => {
                            td data-name="At (UTC)" { (exact(mark.at)) @for stated in incident.stated.iter().filter(|s| s.time.word() == name) { (beside(stated)) } }
                            td.num data-name="After the beginning" { (components::known(start.map(|start| delay(mark.at - start)))) }
                            td data-name="From" { code { (mark.source.word()) } @if mark.estimated { " " (components::tag("estimated", "estimated")) } }
                            td data-name="Resolution" {
                                @match incident.times.onset_between.filter(|_| name == IncidentTime::Onset.word()) {
                                    Some(between) => { "between " (text::clock(between.start)) " and " (text::clock(between.end)) }
                                    None if mark.resolution.0 > 0 => { "within " (mark.resolution.human()) }
                                    None => { "exact" }
                                }
                            }
                        }
                        None => { td colspan="4" { span.no-data { "not known" } } }
                    }
                }
            } }
        } }
    }
}

/// What was computed where something else stands, or what was stated and does
/// not stand.
fn beside(stated: &StatedTime) -> Markup {
    html! { div.muted.note {
        @if stated.stands {
            @match stated.computed { Some(mark) => { "computed: " (exact(mark.at)) }, None => { "not computed" } }
            "; set by " (components::user(&stated.by)) ": " (components::user(&stated.reason))
        } @else {
            (components::user(&stated.by)) " says " (exact(stated.stated.at)) "; " (stated.reason)
        }
    } }
}

fn said(incident: &Incident, trail: &[TimeOverride]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Reports" { table.cards {
            thead { tr { th { "At (UTC)" } th { "What" } th { "By" } th { "Reported by" } th { "About" } } }
            tbody {
                @for told in &incident.told {
                    @let record = &told.record;
                    tr {
                        td.name { (exact(record.occurred_at)) }
                        td data-name="What" { (record.kind.word()) @if let Some(why) = told.ignored { div.muted { "ignored: " (ignored(why)) } } }
                        td data-name="By" { @match &record.actor { Some(actor) => (components::user(actor)), None => span.no-data { "–" } } }
                        td data-name="Reported by" { code { (record.told_by.word()) } " " (components::user(&record.source)) }
                        td.words data-name="About" { (components::user(&record.external_id)) @for text in &record.refs { div { (components::user(text)) } } }
                    }
                }
                @for set in trail {
                    tr {
                        td.name { (exact(set.recorded_at)) }
                        td data-name="What" { (set.time.word()) @match set.at { Some(at) => { " set to " (exact(at)) }, None => " withdrawn" } }
                        td data-name="By" { (components::user(&set.author)) }
                        td data-name="Reported by" { code { "override" } }
                        td.words data-name="About" { (components::user(&set.reason)) }
                    }
                }
            }
        } }
    }
}

fn exact(at: Timestamp) -> Markup {
    html! { time datetime=(at.rfc3339()) title=(at.rfc3339()) { (text::day(at)) " " (text::clock(at)) } }
}

fn delay(after: Millis) -> String {
    if after.0 == 0 { "at once".to_owned() } else { after.human() }
}

const WIDTH: f64 = 1_120.0;
const MARGIN: f64 = 60.0;

/// The known times on one line, names above and below in turn.
fn line(incident: &Incident, now: Timestamp) -> Markup {
    let marks: Vec<(&str, Mark)> =
        incident.times.named().into_iter().filter_map(|(name, mark)| Some((name, mark?))).collect();
    let first = marks.iter().map(|(_, mark)| mark.at).min();
    let last = marks.iter().map(|(_, mark)| mark.at).max();
    let (Some(first), Some(last)) = (first, last) else {
        return html! {};
    };
    let whole = Period::new(first, if incident.end().is_some() { last } else { now });
    let x = |at: Timestamp| MARGIN + across(whole, at) * (WIDTH - 2.0 * MARGIN);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Timeline" { svg.marks viewBox=(format!("0 0 {WIDTH} 112")) role="img" aria-label="The times of the incident in order" {
            path.whole d=(format!("M{:.1} 56H{:.1}", x(whole.start), x(whole.end))) {}
            @if let (Some(onset), Some(firing)) = (incident.times.onset, incident.times.firing) {
                path.unseen d=(format!("M{:.1} 56H{:.1}", x(onset.at), x(firing.at))) {}
                path.repair d=(format!("M{:.1} 56H{:.1}", x(firing.at), x(incident.end().unwrap_or(now)))) {}
            }
            @for (i, (name, mark)) in marks.iter().enumerate() {
                @let above = i % 2 == 0;
                // Four heights, so that names of times that lie close do not cover each other.
                @let far = if i % 4 < 2 { 0.0 } else { 20.0 };
                @let y = if above { 34.0 - far } else { 84.0 + far };
                path.stem d=(format!("M{0:.1} 56V{1:.1}", x(mark.at), if above { y + 4.0 } else { y - 12.0 })) {}
                circle class={ "dot " (name) } cx=(px(x(mark.at))) cy="56" r="6" { title { (name) " " (text::clock(mark.at)) } }
                text x=(px(x(mark.at))) y=(px(y)) text-anchor="middle" { (name) }
            }
        } }
    }
}

fn burned(episodes: &[&Episode], now: Timestamp) -> Markup {
    if episodes.is_empty() {
        return components::empty("No SLO of this service burned faster than allowed.");
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Budget that burned" { table.cards {
            thead { tr { th { "SLO" } th { "From" } th.num { "For" } th.num { "Bad" } th.num { "Total" } th.num { "Budget burned" } th.num { "Peak burn rate" } } }
            tbody { @for episode in episodes {
                tr {
                    td.name { a href={ "/slos/" (text::segment(&episode.slo)) } { (components::user(&episode.slo)) } }
                    td data-name="From" { (exact(episode.start)) }
                    td.num data-name="For" { (episode.period(now).length().human()) @if episode.end.is_none() { " so far" } }
                    td.num data-name="Bad" { (text::count(episode.bad)) }
                    td.num data-name="Total" { (text::count(episode.total)) }
                    td.num data-name="Budget burned" { (text::share(episode.budget_burned_ratio)) }
                    td.num data-name="Peak burn rate" { (text::burn(episode.peak_burn_rate)) }
                }
            } }
        } }
    }
}

/// What links of an incident are filled with, some time before and after it included.
fn subject(incident: &Incident, now: Timestamp) -> LinkSubject<'_> {
    let period = |start| Period::new(start - AROUND, (incident.end().unwrap_or(now) + AROUND).min(now));
    LinkSubject {
        service: Some(&incident.service),
        team: incident.team.as_deref(),
        cluster: incident.cluster.as_deref(),
        namespace: incident.namespace.as_deref(),
        period: incident.start().map(period),
        ..LinkSubject::default()
    }
}

fn fired(alerts: &[&Alert], templates: &[LinkTemplate], subject: &LinkSubject<'_>, now: Timestamp) -> Markup {
    if alerts.is_empty() {
        return components::empty("No alert belongs to it.");
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Alerts" { table.cards {
            thead { tr { th { "Rule" } th { "Severity" } th { "Condition" } th { "Firing" } th.num { "For" } th { "Labels" } th { "Links" } } }
            tbody { @for alert in alerts.iter().take(ALERTS_SHOWN_MAX) {
                tr {
                    td.name { (components::user(&alert.rule)) @if alert.suppressed { " " (components::tag("planned", "suppressed")) } }
                    td data-name="Severity" { (components::severity_chip(alert.severity)) }
                    td data-name="Condition" { @match alert.condition { Some(mark) => (exact(mark.at)), None => span.no-data { "–" } } }
                    td data-name="Firing" { @match alert.firing { Some(mark) => (exact(mark.at)), None => span.no-data { "never" } } }
                    td.num data-name="For" { (components::length(alert.firing_time(now))) @if alert.ended.is_none() { " so far" } }
                    td.words data-name="Labels" { code { (components::user(&alert.labels.without(&["alertname", "severity"]).to_string())) } }
                    td data-name="Links" { span.ways { (links::out(templates, &LinkSubject { alert: Some(&alert.rule), ..*subject }, None)) } }
                }
            } }
        } }
        @if alerts.len() > ALERTS_SHOWN_MAX { p.muted { "and " (alerts.len() - ALERTS_SHOWN_MAX) " more" } }
    }
}
