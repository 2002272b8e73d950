//! The list of all SLOs, worst first.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use maud::{Markup, html};
use serde::Deserialize;

use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::evaluate::slo::status::{HistorySlot, SloState, SloStatus};
use crate::model::operations::incident::IncidentState;
use crate::model::time::Millis;
use crate::publish::http::plumbing::context::{ApiContext, Evaluated};
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::SloFilter;
use crate::publish::web::charts::sparklines::Sparks;
use crate::publish::web::parts::answer::{Page, asked, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{components, text};

/// SLOs on one page: each has a small chart, which costs a read of its history.
const ROWS_MAX: usize = 50;
/// The page shows a state that changes each minute.
const REFRESH_SECONDS: u32 = 60;

pub(crate) async fn show(State((daemon, sparks)): State<(ApiContext, Sparks)>, query: RawQuery) -> Page {
    let wanted = SloFilter::new(asked(&query)?)?;
    let evaluated = daemon.evaluated()?;
    let mut slos: Vec<&SloJudgement> = evaluated.snapshot.slos.iter().filter(|slo| wanted.admits(slo)).collect();
    slos.sort_by(|a, b| worse_first(a, b));
    let matching = slos.len();
    let last_page = matching.div_ceil(ROWS_MAX).max(1);
    let number = asked::<ListQuery>(&query)?.number()?.clamp(1, last_page);
    let shown: Vec<SloJudgement> = slos.into_iter().skip((number - 1) * ROWS_MAX).take(ROWS_MAX).cloned().collect();
    let rows = daemon
        .ask(move |queries| {
            let row = |judgement: SloJudgement| {
                let spark = sparks.of(&*queries.slos, &judgement)?;
                Ok(Row { judgement, spark })
            };
            shown.into_iter().map(row).collect()
        })
        .await?;
    let list = List { evaluated: &evaluated, wanted: &wanted, rows, matching, number, last_page };
    page(layout::page(
        &Frame {
            title: "SLOs",
            section: Some(Section::Slos),
            snapshot: Some(&evaluated.snapshot),
            refresh: Some(REFRESH_SECONDS),
        },
        &list.body(),
    ))
}

/// What is asked beyond the filter of the API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    page: Option<String>,
}

impl ListQuery {
    fn number(&self) -> Result<usize, Problem> {
        let wrong = |text: &str| Problem::bad_parameter("page", format!("invalid page number `{text}`"));
        self.page.as_deref().map_or(Ok(1), |text| text.parse().map_err(|_| wrong(text)))
    }
}

/// Worst first: exhausted, burning, unknown, then ok; inside each by what
/// remains of the budget; by name where that is equal.
fn worse_first(a: &SloJudgement, b: &SloJudgement) -> Ordering {
    let rank = |judgement: &SloJudgement| match judgement.windows.first().map(|status| status.state) {
        Some(SloState::Exhausted) => 0,
        Some(SloState::Burning) => 1,
        Some(SloState::Unknown | SloState::Reading) | None => 2,
        Some(SloState::Ok) => 3,
    };
    let remaining = |judgement: &SloJudgement| {
        let budget = judgement.windows.first().and_then(|status| status.budget);
        budget.map_or(0.0, |budget| budget.remaining_ratio)
    };
    rank(a).cmp(&rank(b)).then_with(|| remaining(a).total_cmp(&remaining(b))).then_with(|| a.slo.name.cmp(&b.slo.name))
}

struct Row {
    judgement: SloJudgement,
    spark: Arc<Vec<HistorySlot>>,
}

struct List<'a> {
    evaluated: &'a Evaluated,
    wanted: &'a SloFilter,
    rows: Vec<Row>,
    matching: usize,
    number: usize,
    last_page: usize,
}

impl List<'_> {
    fn body(&self) -> Markup {
        let snapshot = &self.evaluated.snapshot;
        html! {
            h1.hidden { "SLOs" }
            (summary(snapshot))
            (filter(snapshot, self.wanted))
            @if self.rows.is_empty() {
                @if snapshot.slos.is_empty() {
                    (components::empty("No SLOs yet. Write a definition and start with --definitions DIR."))
                } @else {
                    (components::empty("No SLO matches the filter."))
                }
            } @else {
                div.scroll { table.slos {
                    thead { tr {
                        th { "State" } th { "SLO" } th.num { "Objective" } th.num { "Attainment" }
                        th { "Error budget left" } th.num { "Burn 1h" } th.num { "Coverage" } th { "Budget over time" }
                    } }
                    tbody { @for row in &self.rows { (self.row(row)) } }
                } }
                (self.pages())
            }
        }
    }

    fn row(&self, row: &Row) -> Markup {
        let slo = &row.judgement.slo;
        let href = format!("/slos/{}", text::segment(&slo.name));
        let Some(status) = row.judgement.windows.first() else {
            return html! {};
        };
        html! {
            tr class=(status.state.word()) {
                td { (components::state_chip(status.state)) }
                td.name {
                    a href=(href) { (components::user(&slo.name)) }
                    div.muted {
                        (components::user(&slo.service))
                        @if let Some(team) = slo.team() { " · " (components::user(team)) }
                    }
                }
                td.num data-name="Objective" { (text::chosen(slo.objective.ratio())) div.muted { (status.window) } }
                td.num data-name="Attainment" { (attainment(status)) }
                td data-name="Error budget left" { (components::budget_bar(status)) }
                td.num data-name="Burn 1h" { (burn_of_an_hour(status)) }
                td.num data-name="Coverage" { (coverage(status)) }
                td data-name="Budget over time" { (components::sparkline(&row.spark).unwrap_or_else(|| components::absent(status.method))) }
            }
        }
    }

    fn pages(&self) -> Markup {
        let link = |number: usize| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in [("service", &self.wanted.service), ("team", &self.wanted.team)] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            for (name, value) in &self.wanted.labels {
                query.append_pair("label", &format!("{name}={value}"));
            }
            if let Some(state) = self.wanted.state {
                query.append_pair("state", state.word());
            }
            query.append_pair("page", &number.to_string());
            format!("/?{}", query.finish())
        };
        html! {
            @if self.last_page > 1 {
                nav.pages aria-label="Pages of the list" {
                    @if self.number > 1 { a href=(link(self.number - 1)) rel="prev" { "← Worse" } }
                    span { "Page " (self.number) " of " (self.last_page) ", " (text::count(self.matching as i64)) " SLOs" }
                    @if self.number < self.last_page { a href=(link(self.number + 1)) rel="next" { "Better →" } }
                }
            }
        }
    }
}

/// Attainment with its likely interval under it where they differ on the page.
pub(crate) fn attainment(status: &SloStatus) -> Markup {
    let ends = status.likely.map(|likely| (text::percent(likely.lo), text::percent(likely.hi)));
    let likely = ends.filter(|(lo, hi)| lo != hi);
    html! {
        @match status.attainment {
            Some(ratio) => (text::percent(ratio)),
            None => (components::absent(status.method)),
        }
        @if let Some((lo, hi)) = &likely {
            div.muted title="where it lies in 95 of 100 cases, with what was not observed" { (lo) " – " (hi) }
        }
    }
}

fn burn_of_an_hour(status: &SloStatus) -> Markup {
    let burn = status.burn_rates.iter().find(|burn| burn.lookback == Millis::from_hours(1)).and_then(|burn| burn.rate);
    match burn {
        Some(rate) => html! { span class=[(rate > 1.0).then_some("warn")] { (text::burn(rate)) } },
        None => components::absent(status.method),
    }
}

pub(crate) fn coverage(status: &SloStatus) -> Markup {
    html! { span class=[(status.coverage < 0.9).then_some("warn")] { (text::percent(status.coverage)) } }
}

fn summary(snapshot: &Snapshot) -> Markup {
    let states = snapshot.slos.iter().filter_map(|slo| slo.windows.first()).map(|status| status.state);
    let counts = states.fold(BTreeMap::<SloState, i64>::new(), |mut counts, state| {
        *counts.entry(state).or_default() += 1;
        counts
    });
    let open = snapshot.review.incidents.iter().filter(|i| i.state == IncidentState::Open).count();
    let noise = &snapshot.review.noise;
    html! {
        div.tiles {
            @for state in SloState::ALL.into_iter().filter(|s| *s != SloState::Reading || counts.contains_key(s)) {
                a.tile href={ "/?state=" (state.word()) } {
                    div.name { (components::state_chip(state)) }
                    div.value { (text::count(counts.get(&state).copied().unwrap_or(0))) }
                    div.remark { (meaning(state)) }
                }
            }
            a.tile href="/incidents" {
                div.name { "Open incidents" }
                div.value { (open) }
                div.remark { (text::count(snapshot.review.incidents.len() as i64)) " in the stored history" }
            }
            a.tile href="/alerts" {
                div.name { "Alert noise" }
                div.value { (super::alerts::short_band(noise)) }
                div.remark { "of " (text::count(noise.pages as i64)) " pages" }
            }
        }
    }
}

fn meaning(state: SloState) -> &'static str {
    match state {
        SloState::Exhausted => "no budget remains",
        SloState::Burning => "a burn-rate alert fires",
        SloState::Unknown => "nothing was observed",
        SloState::Reading => "its history is still being read",
        SloState::Ok => "within budget",
    }
}

fn filter(snapshot: &Snapshot, wanted: &SloFilter) -> Markup {
    let services: BTreeSet<&str> = snapshot.slos.iter().map(|slo| slo.slo.service.as_str()).collect();
    let teams: BTreeSet<&str> = snapshot.slos.iter().filter_map(|slo| slo.slo.team()).collect();
    let states = SloState::ALL.map(SloState::word);
    let chosen_state = wanted.state.map(SloState::word);
    html! {
        form.filter action="/" method="get" {
            (choice("service", "Service", services, wanted.service.as_deref()))
            (choice("team", "Team", teams, wanted.team.as_deref()))
            (choice("state", "State", states, chosen_state))
            button type="submit" { "Filter" }
            @if *wanted != SloFilter::default() { a href="/" { "Clear" } }
        }
    }
}

fn choice<'a>(name: &str, label: &str, values: impl IntoIterator<Item = &'a str>, chosen: Option<&str>) -> Markup {
    html! {
        label {
            span { (label) }
            select name=(name) {
                option value="" { "all" }
                @for value in values { option value=(value) selected[chosen == Some(value)] { (text::clean(value)) } }
            }
        }
    }
}
