//! Many SLOs as one row for each service, the worst first.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::status::SloState;
use crate::publish::web::parts::{components, text};

/// Rows of one page; a search finds the others.
const GROUPS_MAX: usize = 500;

/// The SLOs in their order; the address shows them as a list.
pub(crate) fn groups(slos: &[&SloJudgement], as_list: String) -> Markup {
    let mut services: Vec<(&str, Vec<&SloJudgement>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for slo in slos {
        let service = slo.slo.service.as_str();
        let place = *places.entry(service).or_insert(services.len());
        match services.get_mut(place) {
            Some((_, group)) => group.push(slo),
            None => services.push((service, vec![slo])),
        }
    }
    html! {
        p.muted {
            (text::count(slos.len() as i64)) " SLOs of " (text::count(services.len() as i64)) " services, those with the worst SLO first. "
            a href=(as_list) { "Show as a list" }
        }
        (components::scroll("Services", &html! {
            table.services {
                thead { tr {
                    th scope="col" { "Service" } th scope="col" { "SLOs by state" } th scope="col" { "Worst SLO" } th scope="col" { "Its error budget left" }
                } }
                tbody { @for (service, group) in services.iter().take(GROUPS_MAX) { (row(service, group)) } }
            }
        }))
        @if services.len() > GROUPS_MAX { p.muted { "and " (text::count((services.len() - GROUPS_MAX) as i64)) " more services: search for them" } }
    }
}

fn row(service: &str, group: &[&SloJudgement]) -> Markup {
    let count = |state: SloState| {
        group.iter().filter(|slo| slo.windows.first().is_some_and(|status| status.state == state)).count()
    };
    let worst = group.first().and_then(|slo| Some((&slo.slo, slo.windows.first()?)));
    html! {
        tr {
            td.name {
                a href={ "/services/" (text::segment(service)) } { (components::user(service)) }
                @if let Some(team) = group.iter().find_map(|slo| slo.slo.team()) { div.muted { (components::user(team)) } }
            }
            td { span.states {
                @for state in SloState::ALL {
                    @let n = count(state);
                    @if n > 0 { span { (components::state_chip(state)) " " (n) } }
                }
            } }
            @if let Some((slo, status)) = worst {
                td.name data-name="Worst SLO" { a href={ "/slos/" (text::segment(&slo.name)) } { (components::user(&slo.name)) } }
                td data-name="Its error budget left" { (components::budget_bar(status)) }
            }
        }
    }
}
