//! Which pages and rules are asked for, and the form that asks.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde::Deserialize;

use crate::api::shares::PageClassJson;
use crate::evaluate::alerting::page_class::{PageClass, PageReason};
use crate::evaluate::review::result::Review;
use crate::model::time::window::Month;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::web::parts::{asked, components};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AlertFilter {
    q: Option<String>,
    service: Option<String>,
    team: Option<String>,
    class: Option<PageClassJson>,
    month: Option<String>,
    min_cost: Option<String>,
}

impl AlertFilter {
    /// Whether it shows less than all of its period.
    pub fn is_subset(&self) -> bool {
        let texts = [&self.q, &self.service, &self.team, &self.min_cost];
        texts.into_iter().any(Option::is_some) || self.class.is_some()
    }

    pub fn month(&self) -> Result<Option<Month>, Problem> {
        asked::month(self.month.as_deref())
    }

    /// The least cost of a rule's noisy pages.
    pub fn least(&self) -> Result<Option<f64>, Problem> {
        asked::number("min_cost", self.min_cost.as_deref(), "pages by day, for example `3`")
    }

    pub fn admits(&self, page: &PageReason) -> bool {
        self.service.as_ref().is_none_or(|service| page.service.as_ref() == Some(service))
            && self.team.as_ref().is_none_or(|team| page.team.as_ref() == Some(team))
            && self.class.is_none_or(|class| class == PageClassJson::from(page.class))
            && self.names(page)
    }

    fn names(&self, page: &PageReason) -> bool {
        let Some(words) = self.q.as_deref() else { return true };
        let service = page.service.as_deref().unwrap_or("");
        let text = [&page.rule, service, page.class.word(), &page.reason].join("\n").to_lowercase();
        words.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    }

    /// The rules with a page that the filter leaves, whose noise cost enough; `None`
    /// without a filter.
    pub fn rules<'a>(&self, review: &'a Review, least: Option<f64>) -> Option<BTreeSet<&'a str>> {
        if !self.is_subset() {
            return None;
        }
        let noise = &review.noise;
        let of_pages = noise.page_reasons.iter().filter(|page| self.admits(page)).map(|page| page.rule.as_str());
        let mut rules: BTreeSet<&str> = of_pages.collect();
        let costly =
            |name: &&str| noise.rules.iter().any(|r| r.rule == *name && least.is_none_or(|l| r.noise_cost >= l));
        rules.retain(|name| costly(name));
        Some(rules)
    }

    pub fn form(&self, review: &Review, zone: &str) -> Markup {
        let pages = || review.noise.page_reasons.iter();
        let services: BTreeSet<&str> = pages().filter_map(|page| page.service.as_deref()).collect();
        let teams: BTreeSet<&str> = pages().filter_map(|page| page.team.as_deref()).collect();
        let classes = PageClass::ALL.map(PageClass::word);
        html! {
            form.filter action="/alerts" method="get" role="search" {
                (components::search(self.q.as_deref(), "rule, service, reason"))
                (components::choice("service", "Service", services, self.service.as_deref()))
                (components::choice("team", "Team", teams, self.team.as_deref()))
                (components::choice("class", "Class of page", classes, self.class.map(PageClassJson::as_str)))
                (asked::month_field(self.month.as_deref(), zone))
                label { span title="what its noisy pages cost, in pages by day" { "Rule costs at least" } input type="number" name="min_cost" min="0" step="any" value=[self.min_cost.as_deref()]; }
                button type="submit" { "Show" }
                @if self.is_subset() || self.month.is_some() { a href="/alerts" { "Clear" } }
            }
        }
    }
}
