//! One KPI: its value, its periods, its definition.

use axum::extract::{Path, RawQuery, State};
use maud::{Markup, html};

use super::status_chip;
use crate::evaluate::kpi::scorecard::{KpiHistory, KpiPeriod};
use crate::model::kpi::KpiSelector;
use crate::model::kpi::source::KpiSource;
use crate::publish::http::api::kpis::not_found;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::kpis;
use crate::publish::web::charts::kpi_points;
use crate::publish::web::parts::answer::{NoParameters, Page, asked, page};
use crate::publish::web::parts::layout::{self, Frame, Section};
use crate::publish::web::parts::{components, verdicts};

pub(crate) async fn show(State(daemon): State<ApiContext>, Path(name): Path<String>, query: RawQuery) -> Page {
    let (NoParameters {}, ignored) = asked(&query)?;
    let snapshot = daemon.snapshot();
    let found = snapshot.scorecard.as_deref().and_then(|card| card.kpis.iter().find(|one| one.kpi.name == name));
    let one = found.ok_or_else(|| not_found(&name))?;
    let frame = Frame {
        title: &one.kpi.title,
        section: Some(Section::Scorecard),
        snapshot: Some(&snapshot),
        ignored: Some(&ignored),
    };
    page(layout::page(&frame, &body(one)))
}

fn body(one: &KpiHistory) -> Markup {
    let kpi = &one.kpi;
    html! {
        p.crumbs { a href="/scorecard" { "Scorecard" } @if let Some(number) = kpi.number { " · KPI " (number) } }
        div.title { h1 { (components::user(&kpi.title)) } @if let Some(period) = one.shown() { (status_chip(period.status)) } }
        p.lead { (components::prose(&kpi.description)) }
        (tiles(one))
        figure {
            figcaption {
                h2 { "By period" }
                span.legend { span.key.line { "value" } span.key.unknown { "95\u{202f}% interval" } span.key.allowed { "target" } }
            }
            div.scroll { (kpi_points::history(one)) }
        }
        section { h2 { "Values" } (periods(one)) }
        section { h2 { "Definition" } (definition(one)) }
    }
}

fn tiles(one: &KpiHistory) -> Markup {
    let kpi = &one.kpi;
    let tile = |name: String, period: Option<&KpiPeriod>| {
        let Some(period) = period else { return html! {} };
        let reason = kpis::reason(kpi, period.value.gap);
        components::tile(
            &name,
            &html! { @match period.value.value { Some(value) => (kpis::value(kpi.unit, value)), None => span.no-data { "unknown" } } },
            &html! {
                @if let Some(interval) = kpis::interval(kpi.unit, (period.value.low, period.value.high)) { (interval) br; }
                @if let Some(reason) = reason { (components::prose(&reason)) } @else { (kpis::counted(kpi, period)) }
            },
        )
    };
    let named = |period: Option<&KpiPeriod>, so_far: &str| {
        period.map(|period| format!("{}{so_far}", kpis::period(kpi.cadence, period.period))).unwrap_or_default()
    };
    let (last, running) = (one.last_closed(), one.running());
    let target = one.shown().and_then(|period| kpis::wanted(kpi, period));
    html! {
        div.tiles {
            (tile(named(last, ""), last))
            (tile(named(running, ", so far"), running))
            (components::tile("Target", &html! {
                @match &target { Some(target) => (target), None => span.no-data { "none" } }
            }, &html! { @if let Some(rule) = kpis::target_rule(kpi).filter(|rule| Some(rule) != target.as_ref()) { (rule) } }))
            (components::tile("Trend", &html! { span.few { (verdicts::word(one.verdict)) } }, &html! {
                @match one.known() { 1 => "1 closed period is known", n => { (n) " closed periods are known" } }
                @if let Some(trend) = one.trend {
                    br; "median change per period " @if trend.slope < 0.0 { "−" } (kpis::value(kpi.unit, trend.slope.abs()))
                }
            }))
        }
    }
}

fn periods(one: &KpiHistory) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "Period" } th.num { "Value" } th.num { "95\u{202f}% interval" } th { "Counted" } th { "Not counted" }
                th { "Target" } th { "Status" } th { "Details" }
            } }
            tbody { @for period in one.periods.iter().rev() { (row(one, period)) } }
        } }
    }
}

fn row(one: &KpiHistory, period: &KpiPeriod) -> Markup {
    let (kpi, value) = (&one.kpi, &period.value);
    let excluded: Vec<String> = value.excluded.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    let details: Vec<String> = value
        .details
        .iter()
        .filter_map(|(name, number)| {
            let (name, number) = kpis::detail(name, *number);
            Some(format!("{name} {}", number?))
        })
        .collect();
    html! {
        tr {
            td { (kpis::period(kpi.cadence, period.period)) @if !period.is_closed { div.muted { "so far" } } }
            td.num { @match value.value { Some(value) => (kpis::value(kpi.unit, value)), None => span.no-data { "unknown" } } }
            td.num { @if let Some(interval) = kpis::interval(kpi.unit, (value.low, value.high)) { (interval) } }
            td { @match value.value { Some(_) => (kpis::counted(kpi, period)), None => span.muted { (value.gap.map_or("", |gap| gap.word())) } } }
            td { span.muted { (excluded.join(", ")) } }
            td { @if let Some(wanted) = kpis::wanted(kpi, period) { (wanted) } }
            td { (status_chip(period.status)) }
            td.words { span.muted { (details.join(", ")) } }
        }
    }
}

fn definition(one: &KpiHistory) -> Markup {
    let kpi = &one.kpi;
    let expressions = match &kpi.source {
        KpiSource::Promql(promql) => promql.question.expressions(),
        _ => Vec::new(),
    };
    html! {
        dl.facts {
            dt { "Name" } dd { code { (kpi.name) } ", version " (kpi.version) }
            dt { "Owner" } dd { (components::user(&kpi.owner)) }
            dt { "Cadence" } dd { (kpis::cadence(kpi.cadence)) }
            dt { "Better" } dd { (kpi.direction.word()) }
            @if let Some(rule) = kpis::target_rule(kpi) { dt { "Target" } dd { (rule) } }
            dt { "Source" } dd { (components::prose(&kpis::provenance(kpi))) }
            @for expression in expressions { dt { "Expression" } dd { code { (components::user(expression)) } } }
            @if !kpi.selector.is_empty() { dt { "Only" } dd { (selected(&kpi.selector)) } }
            @if !kpi.exclusions.is_empty() { dt { "Without" } dd { (selected(&kpi.exclusions)) } }
            dt { "To connect" } dd { (components::prose(&kpis::connect(kpi))) }
        }
    }
}

fn selected(selector: &KpiSelector) -> Markup {
    let lists = [
        ("clusters", &selector.clusters),
        ("namespaces", &selector.namespaces),
        ("services", &selector.services),
        ("teams", &selector.teams),
    ];
    html! {
        @for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            (name) " " (components::user(&list.join(", "))) " "
        }
    }
}
