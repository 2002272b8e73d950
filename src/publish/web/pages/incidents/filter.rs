//! Which incidents are asked for, and the form that asks. Must not know how they are
//! shown.

use std::collections::BTreeSet;
use std::ops::Range;

use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::api::incidents::IncidentStateJson;
use crate::api::query::Whole;
use crate::api::severity::SeverityJson;
use crate::evaluate::review::result::Review;
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::slo::Severity;
use crate::model::time::window::Month;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::web::parts::{asked, components, text};

/// Incidents on one page, newest first.
const ROWS_MAX: usize = 200;
const PAGES_MAX: usize = 10_000;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IncidentFilter {
    q: Option<String>,
    service: Option<String>,
    team: Option<String>,
    state: Option<IncidentStateJson>,
    severity: Option<SeverityJson>,
    month: Option<String>,
    min_cost: Option<String>,
    page: Option<Whole<PAGES_MAX>>,
}

impl IncidentFilter {
    /// Whether the page shows less than all of the stored history.
    pub fn is_narrowed(&self) -> bool {
        self.is_subset() || self.month.is_some()
    }

    /// Whether it shows less than all of its period.
    pub fn is_subset(&self) -> bool {
        let texts = [&self.q, &self.service, &self.team, &self.min_cost];
        texts.into_iter().any(Option::is_some) || self.state.is_some() || self.severity.is_some()
    }

    pub fn month(&self) -> Result<Option<Month>, Problem> {
        asked::month(self.month.as_deref())
    }

    /// The least share of a budget that was burned.
    pub fn least(&self) -> Result<Option<f64>, Problem> {
        asked::number("min_cost", self.min_cost.as_deref(), "percent of an error budget, for example `5`")
            .map(|percent| percent.map(|percent| percent / 100.0))
    }

    pub fn admits(&self, incident: &Incident, least: Option<f64>) -> bool {
        self.service.as_deref().is_none_or(|service| incident.concerns(service))
            && self.team.as_deref().is_none_or(|team| incident.team.as_deref() == Some(team))
            && self.state.is_none_or(|state| incident.state == IncidentState::from(state))
            && self.severity.is_none_or(|severity| incident.severity == Severity::from(severity))
            && least.is_none_or(|least| incident.budget_burned_ratio.is_some_and(|burned| burned >= least))
            && self.names(incident)
    }

    fn names(&self, incident: &Incident) -> bool {
        let Some(words) = self.q.as_deref() else { return true };
        let id = incident.id.to_string();
        let team = incident.team.as_deref().unwrap_or("");
        let text =
            [&incident.services.join(" "), &incident.service, team, &incident.cause, &id].join("\n").to_lowercase();
        words.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    }

    /// The rows of the page that is asked for, of so many.
    pub fn place(&self, all: usize) -> Range<usize> {
        let start = (self.number(all) - 1) * ROWS_MAX;
        start..(start + ROWS_MAX).min(all)
    }

    fn number(&self, all: usize) -> usize {
        self.page.map_or(1, |page| page.0).min(all.div_ceil(ROWS_MAX).max(1))
    }

    pub fn pages(&self, all: usize) -> Markup {
        components::pages(self.number(all), all.div_ceil(ROWS_MAX), &|page| self.address(page))
    }

    fn address(&self, page: usize) -> String {
        let mut pairs = Serializer::new(String::new());
        let texts = [
            ("q", self.q.as_deref()),
            ("service", self.service.as_deref()),
            ("team", self.team.as_deref()),
            ("state", self.state.map(IncidentStateJson::as_str)),
            ("severity", self.severity.map(SeverityJson::as_str)),
            ("month", self.month.as_deref()),
            ("min_cost", self.min_cost.as_deref()),
        ];
        for (name, value) in texts.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            pairs.append_pair(name, value);
        }
        pairs.append_pair("page", &page.to_string());
        format!("/incidents?{}", pairs.finish())
    }

    pub fn form(&self, review: &Review, zone: &str, shown: usize) -> Markup {
        let all = || review.incidents.iter();
        let services: BTreeSet<&str> = all().flat_map(|i| i.others().chain([i.service.as_str()])).collect();
        let teams: BTreeSet<&str> = all().filter_map(|incident| incident.team.as_deref()).collect();
        let severities = [Severity::Page, Severity::Ticket, Severity::Info].map(Severity::word);
        let state = self.state.map(IncidentStateJson::as_str);
        html! {
            form.filter action="/incidents" method="get" role="search" {
                (components::search(self.q.as_deref(), "service, cause, team, id"))
                (components::choice("service", "Service", services, self.service.as_deref()))
                (components::choice("team", "Team", teams, self.team.as_deref()))
                (components::choice("state", "State", ["open", "closed"], state))
                (components::choice("severity", "Severity", severities, self.severity.map(SeverityJson::as_str)))
                (asked::month_field(self.month.as_deref(), zone))
                label { span { "Burned at least, %" } input type="number" name="min_cost" min="0" step="any" value=[self.min_cost.as_deref()]; }
                button type="submit" { "Show" }
                @if self.is_narrowed() {
                    span.muted { (text::count(shown as i64)) " of " (text::count(review.incidents.len() as i64)) }
                    a href="/incidents" { "Clear" }
                }
            }
        }
    }
}
