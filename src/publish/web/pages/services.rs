//! A service, or a team, on one page: what needs attention, its SLOs and incidents.

use axum::extract::{Path, RawQuery, State};
use maud::{Markup, html};

use super::incidents;
use super::slos::attention::Attention;
use super::slos::list::{Listed, plain_columns, table};
use super::slos::order::worse_first;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::model::link::LinkSubject;
use crate::model::operations::incident::Incident;
use crate::model::time::{Millis, Period};
use crate::publish::http::plumbing::context::{ApiContext, Evaluated};
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::web::charts::sparklines::Sparks;
use crate::publish::web::parts::answer::{NoParameters, Page, asked, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{change_table, components, links, text};

/// Rows of each list; their own pages have all.
const INCIDENTS_MAX: usize = 12;
const SLOS_MAX: usize = 200;
/// Changes of a service that are listed, and how far back.
const CHANGES_MAX: usize = 12;
const CHANGES: Millis = Millis::from_days(7);
/// The time that links of a service are about.
const LINKED: Millis = Millis::from_hours(6);

pub(crate) async fn service(
    State((daemon, sparks)): State<(ApiContext, Sparks)>,
    Path(name): Path<String>,
    query: RawQuery,
) -> Page {
    let (NoParameters {}, ignored) = asked(&query)?;
    let evaluated = daemon.evaluated()?;
    let slos = chosen(&evaluated, |slo| slo.slo.service == name);
    let incidents: Vec<&Incident> =
        evaluated.snapshot.review.incidents.iter().filter(|incident| incident.concerns(&name)).collect();
    if slos.is_empty() && incidents.is_empty() {
        return Err(Problem::not_found(format!("service `{name}` has no SLO and no incident")).about("name").into());
    }
    let now = evaluated.as_of;
    let of = name.clone();
    let mut changes = daemon.ask(move |queries| queries.incidents.changes(Period::new(now - CHANGES, now))).await?;
    changes.retain(|change| change.service == of);
    let team = slos.iter().find_map(|slo| slo.slo.team());
    let subject = LinkSubject {
        service: Some(&name),
        team,
        period: Some(Period::new(now - LINKED, now)),
        ..LinkSubject::default()
    };
    let head = html! {
        p.crumbs { a href="/" { "SLOs" } " / service" }
        div.title { h1 { (components::user(&name)) } @if let Some(team) = team { (team_link(team)) } }
        p.ways { (links::out(daemon.links(), &subject, None)) }
    };
    let tail = html! {
        section {
            h2 { "Changes in the last " (CHANGES.human()) }
            @if changes.is_empty() { (components::empty("None.")) }
            @else { (change_table::changes(changes.iter().take(CHANGES_MAX), now)) }
        }
    };
    let all = format!("/incidents?service={}", text::segment(&name));
    let body = body(&daemon, &sparks, &evaluated, &slos, (&incidents, &all)).await?;
    let frame = Frame {
        title: &name,
        section: Some(Section::Slos),
        snapshot: Some(&evaluated.snapshot),
        ignored: Some(&ignored),
    };
    page(layout::page(&frame, &html! { (head) (body) (tail) }))
}

pub(crate) async fn team(
    State((daemon, sparks)): State<(ApiContext, Sparks)>,
    Path(name): Path<String>,
    query: RawQuery,
) -> Page {
    let (NoParameters {}, ignored) = asked(&query)?;
    let evaluated = daemon.evaluated()?;
    let slos = chosen(&evaluated, |slo| slo.slo.team() == Some(name.as_str()));
    let incidents: Vec<&Incident> =
        evaluated.snapshot.review.incidents.iter().filter(|incident| incident.team.as_ref() == Some(&name)).collect();
    if slos.is_empty() && incidents.is_empty() {
        return Err(Problem::not_found(format!("team `{name}` has no SLO and no incident")).about("name").into());
    }
    let services: std::collections::BTreeSet<&str> = slos.iter().map(|slo| slo.slo.service.as_str()).collect();
    let head = html! {
        p.crumbs { a href="/" { "SLOs" } " / team" }
        h1 { (components::user(&name)) }
        p.ways { @for service in services { a href={ "/services/" (text::segment(service)) } { (components::user(service)) } } }
    };
    let all = format!("/incidents?team={}", text::segment(&name));
    let body = body(&daemon, &sparks, &evaluated, &slos, (&incidents, &all)).await?;
    let frame = Frame {
        title: &name,
        section: Some(Section::Slos),
        snapshot: Some(&evaluated.snapshot),
        ignored: Some(&ignored),
    };
    page(layout::page(&frame, &html! { (head) (body) }))
}

fn chosen(evaluated: &Evaluated, is_wanted: impl Fn(&SloJudgement) -> bool) -> Vec<&SloJudgement> {
    let mut slos: Vec<&SloJudgement> = evaluated.snapshot.slos.iter().filter(|slo| is_wanted(slo)).collect();
    slos.sort_by(|a, b| worse_first(a, b));
    slos
}

/// What needs attention, the SLOs, and the newest incidents with the address of all.
async fn body(
    daemon: &ApiContext,
    sparks: &Sparks,
    evaluated: &Evaluated,
    slos: &[&SloJudgement],
    (all, address): (&[&Incident], &str),
) -> Result<Markup, Problem> {
    let (snapshot, now) = (&evaluated.snapshot, evaluated.as_of);
    let rows = Listed::read(daemon, sparks, slos.get(..SLOS_MAX.min(slos.len())).unwrap_or_default()).await?;
    let newest: Vec<&Incident> = all.iter().copied().take(INCIDENTS_MAX).collect();
    let attention = Attention { snapshot, now, links: daemon.links() };
    Ok(html! {
        (attention.body(slos))
        section {
            h2 { "SLOs" }
            @if rows.is_empty() { (components::empty("None is defined.")) } @else { (table(&rows, &plain_columns())) }
            @if slos.len() > SLOS_MAX { p.muted { "and " (text::count((slos.len() - SLOS_MAX) as i64)) " more" } }
        }
        section {
            h2 { "Incidents" a.more href=(address) { "All " (text::count(all.len() as i64)) } }
            @if newest.is_empty() { (components::empty("None in the stored history.")) } @else { (incidents::table(&newest, now)) }
        }
    })
}

fn team_link(team: &str) -> Markup {
    html! { span.muted { "team " a href={ "/teams/" (text::segment(team)) } { (components::user(team)) } } }
}
