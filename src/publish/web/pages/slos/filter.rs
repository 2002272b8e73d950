//! What the list of SLOs is asked for: words, filters, order and page; and the form and
//! the links that ask for it. Must not know rows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::list::Column;
use super::order::{self, SortBy};
use crate::api::query::Whole;
use crate::api::slos::{SloStateJson, SlosQuery};
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::evaluate::slo::status::SloState;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::SloFilter;
use crate::publish::web::parts::{components, text};

/// Rows on one page: some hundred kilobytes, which a phone still scrolls.
const ROWS_MAX: usize = 500;
/// More pages than any catalogue has.
const PAGES_MAX: usize = 10_000;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    q: Option<String>,
    service: Option<String>,
    team: Option<String>,
    label: Vec<String>,
    state: Option<SloStateJson>,
    sort: Option<SortBy>,
    order: Option<Order>,
    pub view: Option<View>,
    page: Option<Whole<PAGES_MAX>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Asc,
    Desc,
}

/// How many SLOs are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum View {
    List,
    Services,
}

/// Which rows of the list a page has.
pub(super) struct Place {
    pub rows: Range<usize>,
    page: usize,
    last: usize,
}

const COLUMNS: [(SortBy, &str, &str, bool); 7] = [
    (SortBy::State, "state", "State", false),
    (SortBy::Slo, "slo", "SLO", false),
    (SortBy::Objective, "objective", "Objective", true),
    (SortBy::Attainment, "attainment", "Attainment", true),
    (SortBy::Budget, "budget", "Error budget left", false),
    (SortBy::Burn, "burn", "Burn 1h", true),
    (SortBy::Coverage, "coverage", "Coverage", true),
];

impl ListQuery {
    pub fn filter(&self) -> Result<SloFilter, Problem> {
        SloFilter::new(SlosQuery {
            q: self.q.clone(),
            service: self.service.clone(),
            team: self.team.clone(),
            label: self.label.clone(),
            state: self.state,
        })
    }

    /// Whether anything was asked for that the whole list would hide.
    pub fn is_narrowed(&self) -> bool {
        self.is_filtered() || self.sort.is_some() || self.page.is_some()
    }

    fn is_filtered(&self) -> bool {
        let given = [&self.q, &self.service, &self.team];
        given.into_iter().any(Option::is_some) || !self.label.is_empty() || self.state.is_some()
    }

    /// Worst first without another order.
    pub fn sort(&self, slos: &mut [&SloJudgement]) {
        order::sort(slos, self.sort, self.order == Some(Order::Desc));
    }

    pub fn place(&self, all: usize) -> Place {
        let last = all.div_ceil(ROWS_MAX).max(1);
        let page = self.page.map_or(1, |page| page.0).min(last);
        let start = (page - 1) * ROWS_MAX;
        Place { rows: start..(start + ROWS_MAX).min(all), page, last }
    }

    /// The heads of the table, each with where it leads and how it sorts now.
    pub fn columns(&self) -> Vec<Column> {
        let column = |(by, word, name, is_number): (SortBy, &'static str, &'static str, bool)| {
            let is_now = self.sort == Some(by);
            let is_descending = self.order == Some(Order::Desc);
            let next = if is_now && !is_descending { Order::Desc } else { Order::Asc };
            let to =
                ListQuery { sort: Some(by), order: Some(next), view: Some(View::List), page: None, ..self.clone() };
            Column {
                name,
                is_number,
                to: Some(to.address(Some(word))),
                sorted: is_now.then_some(if is_descending { "descending" } else { "ascending" }),
            }
        };
        COLUMNS.map(column).into()
    }

    /// The address of the same as a list.
    pub fn as_list(&self) -> String {
        ListQuery { view: Some(View::List), ..self.clone() }.address(None)
    }

    /// `sort` is the word of the column, which the query has only as a value.
    fn address(&self, sort: Option<&str>) -> String {
        let sort = sort.or_else(|| COLUMNS.iter().find(|column| Some(column.0) == self.sort).map(|column| column.1));
        let mut pairs = Serializer::new(String::new());
        let given = [("q", &self.q), ("service", &self.service), ("team", &self.team)];
        for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))) {
            pairs.append_pair(name, value);
        }
        for label in &self.label {
            pairs.append_pair("label", label);
        }
        if let Some(state) = self.state {
            pairs.append_pair("state", state.as_str());
        }
        if let Some(sort) = sort {
            pairs.append_pair("sort", sort);
        }
        if let Some(order) = self.order {
            pairs.append_pair("order", if order == Order::Desc { "desc" } else { "asc" });
        }
        if let Some(view) = self.view {
            pairs.append_pair("view", if view == View::List { "list" } else { "services" });
        }
        if let Some(page) = self.page {
            pairs.append_pair("page", &page.0.to_string());
        }
        let query = pairs.finish();
        if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
    }

    pub fn pages(&self, place: &Place) -> Markup {
        let address = |page: usize| ListQuery { page: Some(Whole(page)), ..self.clone() }.address(None);
        components::pages(place.page, place.last, &address)
    }

    /// The states with their numbers, a search, and the filters.
    pub fn form(&self, snapshot: &Snapshot, shown: usize) -> Markup {
        let services: BTreeSet<&str> = snapshot.slos.iter().map(|slo| slo.slo.service.as_str()).collect();
        let teams: BTreeSet<&str> = snapshot.slos.iter().filter_map(|slo| slo.slo.team()).collect();
        html! {
            div.title {
                h2.big { "All SLOs" }
                (self.states(snapshot))
            }
            form.filter action="/" method="get" role="search" {
                (components::search(self.q.as_deref(), "name, service, team, state"))
                (components::choice("service", "Service", services, self.service.as_deref()))
                (components::choice("team", "Team", teams, self.team.as_deref()))
                (components::choice("state", "State", SloState::ALL.map(SloState::word), self.state.map(SloStateJson::as_str)))
                @for label in &self.label { input type="hidden" name="label" value=(label); }
                button type="submit" { "Show" }
                @if self.is_filtered() {
                    span.muted { (text::count(shown as i64)) " of " (text::count(snapshot.slos.len() as i64)) }
                    a href="/" { "Clear" }
                }
            }
        }
    }

    fn states(&self, snapshot: &Snapshot) -> Markup {
        let states = snapshot.slos.iter().filter_map(|slo| slo.windows.first()).map(|status| status.state);
        let counts = states.fold(BTreeMap::<SloState, i64>::new(), |mut counts, state| {
            *counts.entry(state).or_default() += 1;
            counts
        });
        html! {
            nav.states aria-label="SLOs by state" {
                @for state in SloState::ALL {
                    @if let Some(count) = counts.get(&state) {
                        a href={ "/?state=" (state.word()) } aria-current=[(self.state == Some(state.into())).then_some("true")] title=(meaning(state)) {
                            (components::state_chip(state)) " " (text::count(*count))
                        }
                    }
                }
            }
        }
    }
}

fn meaning(state: SloState) -> &'static str {
    match state {
        SloState::Exhausted => "no budget remains",
        SloState::Burning => "a burn-rate alert fires",
        SloState::Unknown => "no events, or nothing observed, or bounds only",
        SloState::Reading => "its history is still being read",
        SloState::Ok => "within budget",
    }
}
