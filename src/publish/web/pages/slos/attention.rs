//! What needs attention now: what burns, what is exhausted, what is unknown and why, and
//! what should be done next.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::super::alerts::short_band;
use super::super::why_unknown::by_reason;
use crate::evaluate::review::finding::{Finding, FindingSeverity};
use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::evaluate::slo::status::{SloState, SloStatus};
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::model::link::{LinkSubject, LinkTemplate};
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::operations::record::RecordKind;
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::text::findings;
use crate::publish::web::parts::{components, links, text};

/// Lines of one answer; the list under it has all.
const LINES_MAX: usize = 10;
/// Names in one line.
const NAMES_MAX: usize = 8;
/// What should be done next is no list of everything.
const NEXT_MAX: usize = 6;
/// Links for something that burns begin so long before it, to show what it was before.
const BEFORE: Millis = Millis::from_mins(30);

pub(crate) struct Attention<'a> {
    pub snapshot: &'a Snapshot,
    pub now: Timestamp,
    pub links: &'a [LinkTemplate],
}

impl Attention<'_> {
    /// The four answers for some SLOs.
    pub fn body(&self, slos: &[&SloJudgement]) -> Markup {
        let state = |slo: &SloJudgement| slo.windows.first().map(|status| status.state);
        let mut burning: Vec<(&SloJudgement, &TierStatus)> =
            slos.iter().filter_map(|slo| Some((*slo, firing(slo)?))).collect();
        burning.sort_by(|(_, a), (_, b)| b.tier.severity.cmp(&a.tier.severity).then(b.factor.total_cmp(&a.factor)));
        let quiet = |slo: &&&SloJudgement| firing(slo).is_none();
        let of = |states: &[SloState]| -> Vec<&SloJudgement> {
            let is_of = |slo: &&&SloJudgement| state(slo).is_some_and(|state| states.contains(&state));
            slos.iter().filter(is_of).filter(quiet).copied().collect()
        };
        let exhausted = of(&[SloState::Exhausted]);
        let unknown = of(&[SloState::Unknown, SloState::Reading]);
        let is_all_known = unknown.is_empty();
        let no_burn = if is_all_known { "nothing burns" } else { "nothing that is known burns" };
        let none_spent = if is_all_known { "no budget is spent" } else { "no budget that is known is spent" };
        html! {
            section.now {
                (answer("Burning now", burning.len(), "/?state=burning", no_burn, &html! {
                    ul { @for (slo, tier) in burning.iter().take(LINES_MAX) { li { (self.burns(slo, tier)) } } }
                }))
                (answer("Exhausted", exhausted.len(), "/?state=exhausted", none_spent, &html! {
                    ul { @for slo in exhausted.iter().take(LINES_MAX) { li { (self.spent(slo)) } } }
                }))
                (self.unknown(&unknown))
                (self.next(slos, &unknown))
            }
        }
    }

    /// How much of the alerting was noise, and what is open, in one line.
    pub fn figures(&self) -> Markup {
        let review = &self.snapshot.review;
        let open = review.incidents.iter().filter(|incident| incident.state == IncidentState::Open).count();
        html! {
            p.figures {
                a href="/incidents?state=open" { (open) @if open == 1 { " open incident" } @else { " open incidents" } }
                " of " (text::count(review.incidents.len() as i64)) " in the stored history · "
                a href="/alerts" {
                    @match review.noise.pages {
                        0 => "no pages",
                        pages => { (short_band(&review.noise)) " noise in " (text::count(pages as i64)) " pages" }
                    }
                }
            }
        }
    }

    fn burns(&self, slo: &SloJudgement, tier: &TierStatus) -> Markup {
        let episode = self.snapshot.review.episodes.iter().find(|e| e.slo == slo.slo.name && e.end.is_none());
        let incident = self.incident(&slo.slo);
        let since = episode.map(|e| e.start).or_else(|| incident?.start());
        let status = slo.windows.first();
        html! {
            p {
                (components::severity_chip(tier.tier.severity)) " "
                (name(&slo.slo)) " burns at "
                strong { @match tier.long_rate { Some(rate) => (text::burn(rate)), None => "an unknown rate" } }
                " over " (tier.tier.long)
                @if let Some(since) = since { " since " (components::time(since)) }
                @if let Some(status) = status { ", " (left(status)) }
            }
            p.muted { (attended(incident)) " " (self.ways(&slo.slo, incident, since)) }
        }
    }

    fn spent(&self, slo: &SloJudgement) -> Markup {
        let Some(status) = slo.windows.first() else { return html! {} };
        let incident = self.incident(&slo.slo);
        let budget = status.judged_budget();
        html! {
            p {
                (name(&slo.slo)) " has "
                strong { (components::known(budget.map(|budget| text::share(budget.remaining_ratio)))) }
                " of its budget of " (status.window) " left"
                @if let Some(at) = budget.and_then(|budget| budget.exhausted_at) { ", spent since " (components::time(at)) }
                @if let Some(rate) = crate::publish::web::parts::slo_figures::burn(status) { ", burns at " (text::burn(rate)) " now" }
            }
            p.muted { @if incident.is_some() { (attended(incident)) } (self.ways(&slo.slo, incident, None)) }
        }
    }

    fn unknown(&self, slos: &[&SloJudgement]) -> Markup {
        let reasons = by_reason(slos, &self.snapshot.findings);
        answer(
            "Unknown",
            slos.len(),
            "/?state=unknown",
            "every SLO is known",
            &html! {
                ul {
                    @for (reason, slos) in reasons.iter().take(LINES_MAX) {
                        li { p {
                            @for (i, slo) in slos.iter().take(NAMES_MAX).enumerate() { @if i > 0 { ", " } (name(slo)) }
                            @if slos.len() > NAMES_MAX { " and " (text::count((slos.len() - NAMES_MAX) as i64)) " more" }
                            ": " (components::prose(reason))
                        } }
                    }
                }
            },
        )
    }

    /// Agreed steps of budgets, and what to do about findings.
    fn next(&self, slos: &[&SloJudgement], unknown: &[&SloJudgement]) -> Markup {
        let is_unknown = |slo: &&&SloJudgement| slo.windows.first().is_some_and(|s| s.state == SloState::Unknown);
        let named: BTreeSet<&str> = unknown.iter().filter(is_unknown).map(|slo| slo.slo.name.as_str()).collect();
        let steps: Vec<Markup> = slos.iter().filter_map(|slo| agreed(slo)).collect();
        // What is about no SLO is said where all of them are.
        let of_these: BTreeSet<&str> = slos.iter().map(|slo| slo.slo.name.as_str()).collect();
        let is_of_all = slos.len() == self.snapshot.slos.len();
        let is_to_do = |f: &&Finding| {
            f.kind.severity() > FindingSeverity::Info && (is_of_all || of_these.contains(f.subject.as_str()))
        };
        let mut found: Vec<&Finding> = self.snapshot.findings.iter().filter(is_to_do).collect();
        found.sort_by_key(|finding| std::cmp::Reverse(finding.kind.severity()));
        let advised = found.iter().map(|finding| advice(finding, named.contains(finding.subject.as_str())));
        let lines = steps.into_iter().chain(advised);
        let lines: Vec<Markup> = lines.collect();
        answer(
            "Next",
            lines.len(),
            "/status",
            "no findings, and no step of a budget policy",
            &html! {
                ul { @for line in lines.iter().take(NEXT_MAX) { li { (line) } } }
                @if lines.len() > NEXT_MAX { p.muted { "and " (lines.len() - NEXT_MAX) " more on " a href="/status" { "Status" } } }
            },
        )
    }

    /// The open incident of an SLO's service.
    fn incident(&self, slo: &Slo) -> Option<&Incident> {
        let mut open = self.snapshot.review.incidents.iter().filter(|incident| incident.state == IncidentState::Open);
        open.find(|incident| incident.concerns(&slo.service))
    }

    fn ways(&self, slo: &Slo, incident: Option<&Incident>, since: Option<Timestamp>) -> Markup {
        let period = Period::new(since.map_or(self.now - Millis::from_hours(1), |at| at - BEFORE), self.now);
        let subject = LinkSubject { period: Some(period), ..links::of_slo(slo) };
        html! {
            span.ways {
                @if let Some(incident) = incident { a href={ "/incidents/" (incident.id) } { "Incident" } }
                a href={ "/services/" (text::segment(&slo.service)) } { (components::user(&slo.service)) }
                (links::out(self.links, &subject, links::runbook(&slo.alerts.annotations)))
            }
        }
    }
}

/// One of the four answers; with nothing in it, a word.
fn answer(name: &str, count: usize, all: &str, nothing: &str, lines: &Markup) -> Markup {
    html! {
        div.answer {
            h2 { (name) @if count > 0 { " " a.count href=(all) { (text::count(count as i64)) } } }
            @if count == 0 { p.muted { (nothing) } } @else { div { (lines) } }
        }
    }
}

fn name(slo: &Slo) -> Markup {
    html! { a.slo href={ "/slos/" (text::segment(&slo.name)) } { (components::user(&slo.name)) } }
}

/// The gravest alert that fires, if one does.
fn firing(slo: &SloJudgement) -> Option<&TierStatus> {
    let firing = slo.tiers.iter().filter(|tier| tier.verdict == TierVerdict::Firing);
    firing.max_by(|a, b| a.tier.severity.cmp(&b.tier.severity).then(a.factor.total_cmp(&b.factor)))
}

fn left(status: &SloStatus) -> Markup {
    let Some(budget) = status.judged_budget() else { return html! { "its budget is not known" } };
    html! {
        @match budget.time_to_exhaustion {
            _ if budget.remaining_ratio <= 0.0 => "its budget is spent",
            Some(left) => { "spent in " strong { (left.human()) } " at this rate" }
            None => { (text::share(budget.remaining_ratio)) " left" }
        }
    }
}

/// Who works on an incident, as far as anybody says.
fn attended(incident: Option<&Incident>) -> Markup {
    let Some(incident) = incident else { return html! { "No incident is open. " } };
    let Some(at) = incident.times.acknowledged else {
        return html! { span.warn { "Nobody has acknowledged it." } " " };
    };
    let accepted =
        incident.told.iter().filter(|one| one.record.kind == RecordKind::Acknowledge && one.ignored.is_none());
    let who = accepted.filter_map(|one| one.record.actor.as_deref()).next();
    html! {
        @match who { Some(who) => { (components::user(who)) " has" }, None => "Somebody has" }
        " acknowledged it at " (components::time(at.at)) ". "
    }
}

/// What the budget policy asks for at what is left.
fn agreed(slo: &SloJudgement) -> Option<Markup> {
    let status = slo.windows.first()?;
    let step = status.policy_step()?;
    let remaining = status.judged_budget()?.remaining_ratio;
    Some(html! {
        p { (components::user(&step.text)) " (" (components::user(&step.owner)) "): " (name(&slo.slo)) " has " (text::share(remaining)) " of its budget left" }
    })
}

/// What to do about a finding, and what it is unless that was said above.
fn advice(finding: &Finding, is_said: bool) -> Markup {
    let sentences = findings::text(finding);
    html! {
        @if !is_said { p { strong { (components::user(&finding.subject)) } ": " (components::prose(&sentences.message)) } }
        p.muted {
            @if is_said { strong { (components::user(&finding.subject)) } ": " }
            (components::prose(&sentences.hint))
        }
    }
}
