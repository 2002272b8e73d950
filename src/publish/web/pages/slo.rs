//! One SLO: its numbers over every window, its charts, its alerts, and what
//! happened to its service.

mod burn_alerts;
mod pictures;
mod range;

use axum::extract::{Path, RawQuery, State};
use maud::{Markup, html};

use self::range::RangeQuery;
use super::incidents;
use crate::api::slos::UnitJson;
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::{HistorySlot, Method, SloStatus};
use crate::model::link::{LinkSubject, LinkTemplate};
use crate::model::operations::change::Change;
use crate::model::operations::incident::Incident;
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::answers::Generation;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::step_for;
use crate::publish::web::charts::series::{Moment, Pointer, Series, left_out};
use crate::publish::web::parts::answer::{Page, asked, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{change_table, components, history_notes, links, slo_figures, text};

/// Related incidents and changes that are listed; the API has all.
const RELATED_MAX: usize = 12;

pub(crate) async fn show(State(daemon): State<ApiContext>, Path(name): Path<String>, query: RawQuery) -> Page {
    let (query, ignored) = asked::<RangeQuery>(&query)?;
    let evaluated = daemon.evaluated()?;
    let judgement = evaluated.slo(&name)?;
    let status = chosen(judgement, query.window.as_deref())?;

    let period = query.period(status, evaluated.as_of)?;
    let step = step_for(period);
    let (slo, window, service) = (name.clone(), status.window.to_string(), judgement.slo.service.clone());
    let (generations, slots, changes) = daemon
        .ask(move |queries| {
            let slots = queries.slos.history(&slo, Some(&window), period, step, Basis::Current)?.unwrap_or_default();
            let changes = queries.incidents.changes(period)?;
            let generations = queries.slos.generations(&slo)?;
            Ok((generations, slots, changes.into_iter().filter(|change| change.service == service).collect::<Vec<_>>()))
        })
        .await?;
    let incidents = evaluated.snapshot.review.incidents.iter();
    let incidents = incidents.filter(|incident| incident.service == judgement.slo.service);
    let incidents: Vec<&Incident> = incidents.filter(|incident| overlaps(incident, period, evaluated.as_of)).collect();
    let findings = evaluated.snapshot.findings.iter().filter(|finding| finding.subject == name).collect();
    let now = evaluated.as_of;
    let links = daemon.links();
    let view =
        View { query, generations, judgement, status, period, step, slots, incidents, changes, findings, links, now };
    let frame = Frame {
        title: &name,
        section: Some(Section::Slos),
        snapshot: Some(&evaluated.snapshot),
        ignored: Some(&ignored),
    };
    page(layout::page(&frame, &view.body()))
}

fn chosen<'a>(judgement: &'a SloJudgement, window: Option<&str>) -> Result<&'a SloStatus, Problem> {
    let mut windows = judgement.windows.iter();
    let found = match window {
        None => windows.next(),
        Some(word) => windows.find(|status| status.window.to_string() == word),
    };
    found.ok_or_else(|| Problem::not_found("the SLO has no such window").about("window"))
}

/// The zone in which a calendar window begins, where it is another than that of the page.
fn zone_of(window: &ComplianceWindow) -> Option<&'static str> {
    match window {
        ComplianceWindow::Calendar { calendar, .. } if calendar.zone != chrono_tz::UTC => Some(calendar.zone.name()),
        _ => None,
    }
}

fn overlaps(incident: &Incident, period: Period, now: Timestamp) -> bool {
    incident.start().is_some_and(|start| start < period.end) && incident.end().unwrap_or(now) > period.start
}

struct View<'a> {
    query: RangeQuery,
    generations: Vec<Generation>,
    judgement: &'a SloJudgement,
    status: &'a SloStatus,
    period: Period,
    step: Millis,
    slots: Vec<HistorySlot>,
    incidents: Vec<&'a Incident>,
    changes: Vec<Change>,
    /// What is wrong with its series.
    findings: Vec<&'a Finding>,
    links: &'a [LinkTemplate],
    now: Timestamp,
}

impl View<'_> {
    fn body(&self) -> Markup {
        let slo = &self.judgement.slo;
        let path = format!("/slos/{}", text::segment(&slo.name));
        let pointers: Vec<Pointer> = self.incidents.iter().filter_map(|one| pictures::pointer(one, self.now)).collect();
        let changes: Vec<Moment> = self.changes.iter().map(pictures::moment).collect();
        let left_out = left_out(self.status.corrected.as_ref(), self.period);
        let series = Series {
            period: self.period,
            step: self.step,
            slots: &self.slots,
            pointers: &pointers,
            changes: &changes,
            left_out: &left_out,
            even: self.status.window.is_calendar().then_some(self.status.period),
        };
        let allowed = slo.objective.allowed_bad_ratio();
        html! {
            (self.head())
            @if !self.findings.is_empty() {
                section { h2 { "Findings about this SLO" } ul.findings { @for finding in &self.findings { (components::finding(finding)) } } }
            }
            (self.tiles())
            (history_notes::corrected(self.status))
            (history_notes::objectives(self.status))
            (self.query.form(&path, self.status, self.period))
            @if self.query.is_given() { (pictures::range(&series, allowed)) }
            (pictures::both(&series, allowed, UnitJson::from(slo.budgeting).as_str()))
            section {
                h2 { "Every window" }
                (self.windows())
            }
            section {
                h2 { "Burn-rate alerts" }
                (burn_alerts::tiers(&self.judgement.tiers))
            }
            (burn_alerts::policy(self.status))
            (history_notes::changed(&self.generations))
            section {
                h2 { "Incidents of " (components::user(&slo.service)) }
                @if self.incidents.is_empty() { (components::empty("None in this period.")) }
                @else {
                    (incidents::table(&self.incidents.iter().copied().take(RELATED_MAX).collect::<Vec<_>>(), self.now))
                    (more(self.incidents.len()))
                }
            }
            section {
                h2 { "Changes of " (components::user(&slo.service)) }
                @if self.changes.is_empty() { (components::empty("None in this period.")) }
                @else {
                    (change_table::changes(self.changes.iter().take(RELATED_MAX), self.now))
                    (more(self.changes.len()))
                }
            }
        }
    }

    fn head(&self) -> Markup {
        let slo = &self.judgement.slo;
        let path = format!("/slos/{}", text::segment(&slo.name));
        html! {
            p.crumbs {
                a href="/" { "SLOs" } " / " a href={ "/services/" (text::segment(&slo.service)) } { (components::user(&slo.service)) }
                @if let Some(team) = slo.team() { " · team " a href={ "/teams/" (text::segment(team)) } { (components::user(team)) } }
            }
            div.title {
                h1 { (components::user(&slo.name)) }
                (components::state_chip(self.status.state))
            }
            p.ways { (links::out(self.links, &LinkSubject { period: Some(self.period), ..links::of_slo(slo) }, links::runbook(&slo.alerts.annotations))) }
            @if !slo.description.is_empty() { p.lead { (components::user(&slo.description)) } }
            p.labels {
                @for (name, value) in slo.labels.iter() {
                    span.label { (components::user(name)) "=" (components::user(value)) }
                }
                code { (components::user(&slo.indicator.to_string())) }
            }
            nav.tabs aria-label="Windows" {
                @for status in &self.judgement.windows {
                    @let word = status.window.to_string();
                    a href={ (path) "?window=" (word) } aria-current=[(status.window == self.status.window).then_some("page")] { (word) }
                }
            }
        }
    }

    fn tiles(&self) -> Markup {
        let (slo, status) = (&self.judgement.slo, self.status);
        let unit = UnitJson::from(slo.budgeting).as_str();
        html! {
            div.tiles {
                (components::tile("Attainment", &value(status.attainment.map(text::percent), status.method), &html! {
                    "objective " (text::chosen(slo.objective.ratio()))
                    br; (bound(status))
                }))
                (components::tile("Error budget left", &budget_value(status), &budget_remark(status, unit, self.now)))
                (components::tile("Burn rate over 1h", &slo_figures::burn_now(status), &html! {
                    @match status.budget.and_then(|budget| budget.time_to_exhaustion) {
                        Some(left) => { "exhausted in " (left.human()) " at this rate" (exhaustion_bound(status)) }
                        None => { "at 1× a budget lasts exactly its window" }
                    }
                }))
                (components::tile("Coverage", &slo_figures::coverage(status), &html! {
                    "counted " (status.method.word()) br; "unknown time: " (slo.no_data.word())
                    @if status.idle_ratio > 0.0 { br; "idle " (text::percent(status.idle_ratio)) }
                }))
                (components::tile(if unit == "slices" { "Slices" } else { "Events" }, &counted(status, text::short_count(status.counts.total as f64)), &html! {
                    @if status.coverage > 0.0 || status.counts.total > 0 {
                        (text::count(status.counts.bad())) " bad of " (text::count(status.counts.total))
                    } @else { "nothing was observed" }
                    @if status.unseen_events >= 1.0 { br; "up to " (text::count(status.unseen_events as i64)) " unseen" }
                }))
            }
        }
    }

    fn windows(&self) -> Markup {
        html! {
            div.scroll tabindex="0" role="region" aria-label="Windows" { table {
                thead { tr {
                    th { "Window" } th { "Period (UTC)" } th { "State" } th.num { "Attainment" } th.num { "Bad" }
                    th.num { "Total" } th { "Budget left" } th.num { "Coverage" }
                } }
                tbody { @for status in &self.judgement.windows {
                    tr {
                        td { (status.window) @if status.elapsed_ratio < 1.0 { div.muted { (text::share(status.elapsed_ratio)) " elapsed" } } }
                        td {
                            (components::time(status.period.start)) " – " (components::time(status.period.end))
                            @if let Some(zone) = zone_of(&status.window) { div.muted { "a " (status.window) " of " (zone) } }
                        }
                        td { (components::state_chip(status.state)) }
                        td.num { (slo_figures::attainment(status)) }
                        td.num { (counted(status, text::count(status.counts.bad()))) }
                        td.num { (counted(status, text::count(status.counts.total))) }
                        td { (components::budget_bar(status)) }
                        td.num { (slo_figures::coverage(status)) }
                    }
                } }
            } }
        }
    }
}

/// A count; where nothing was observed there is none.
fn counted(status: &SloStatus, count: String) -> Markup {
    components::known(Some(count).filter(|_| status.coverage > 0.0 || status.counts.total > 0))
}

fn value(text: Option<String>, method: Method) -> Markup {
    match text {
        Some(text) => html! { (text) },
        None => components::absent(method),
    }
}

/// The likely interval of the attainment; nothing unseen makes it as sharp as the value.
fn bound(status: &SloStatus) -> Markup {
    match (status.lo.zip(status.hi), status.likely) {
        (Some((lo, hi)), _) if lo == hi => html! { "all events observed" },
        (Some((lo, hi)), Some(likely)) => {
            let hard = format!(
                "in 95 of 100 cases; {} if every unobserved event was bad, {} if every one was good",
                text::percent(lo),
                text::percent(hi)
            );
            html! { span title=(hard) { "likely " (text::percent(likely.lo)) " – " (text::percent(likely.hi)) } }
        }
        _ => html! { "no bound" },
    }
}

/// Between which times the budget ends, where what went unseen makes them differ.
fn exhaustion_bound(status: &SloStatus) -> Markup {
    let Some(budget) = status.budget else { return html! {} };
    match (budget.exhaustion_soonest, budget.exhaustion_latest) {
        (Some(soonest), Some(latest)) if soonest.human() != latest.human() => {
            html! { br; "between " (soonest.human()) " and " (latest.human()) }
        }
        (Some(soonest), None) => html! { br; (soonest.human()) " at the soonest" },
        _ => html! {},
    }
}

fn budget_value(status: &SloStatus) -> Markup {
    match status.budget {
        Some(budget) => {
            html! { span class=[(budget.remaining_ratio < 0.0).then_some("bad")] { (text::share(budget.remaining_ratio)) } }
        }
        None => components::absent(status.method),
    }
}

fn budget_remark(status: &SloStatus, unit: &str, now: Timestamp) -> Markup {
    let Some(budget) = status.budget else {
        return html! { @if status.counts.total > 0 { "the bad events are not known for certain" } @else { "no events, no budget" } };
    };
    html! {
        (text::count(budget.remaining_events.floor() as i64)) " of " (text::count(budget.total_events.floor() as i64)) " bad " (unit)
        @if let (Some(left), Some(all)) = (budget.remaining_minutes(), budget.total_minutes()) {
            ", " (text::minutes(left)) " of " (text::minutes(all))
        }
        @if let Some(at) = budget.exhausted_at { br; "spent " (components::ago(at, now)) }
    }
}

fn more(all: usize) -> Markup {
    html! { @if all > RELATED_MAX { p.muted { "and " (all - RELATED_MAX) " more" } } }
}
