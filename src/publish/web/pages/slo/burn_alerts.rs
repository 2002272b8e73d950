//! The burn-rate alerts of an SLO against their thresholds, and its budget policy.

use maud::{Markup, html};

use crate::api::slos::TierVerdictJson;
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::publish::web::parts::{components, text};

pub(super) fn tiers(tiers: &[TierStatus]) -> Markup {
    if tiers.is_empty() {
        return components::empty("This SLO has none.");
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Burn-rate alerts" { table {
            thead { tr {
                th { "Alert" } th { "State" } th { "Severity" } th.num { "Fires above" } th.num { "Long lookback" } th.num { "Short lookback" }
            } }
            tbody { @for status in tiers {
                tr {
                    td { (components::user(&status.tier.name)) div.muted { (text::chosen(status.tier.budget_ratio)) " of the budget in " (status.tier.long) } }
                    td title=(explained(status)) {
                        @let word = if is_judged(status) { TierVerdictJson::from(status.verdict).as_str() } else { "not judged" };
                        (components::tag(if is_judged(status) { word } else { "unknown" }, word))
                        @if let Some(lookback) = status.stretched { div.muted { "few events: judged over " (lookback) } }
                        @if status.held_back > 0 { div.muted { "held back " (status.held_back) "×" } }
                    }
                    td { (components::severity_chip(status.tier.severity)) }
                    td.num { (text::factor(status.factor)) }
                    td.num { (rate(status.long_rate, status)) " " span.muted { "in " (status.tier.long) } }
                    td.num { (rate(status.short_rate, status)) " " span.muted { "in " (status.tier.short) } }
                }
            } }
        } }
    }
}

/// What is agreed to be done as the budget goes, and where that stands.
pub(super) fn policy(status: &SloStatus) -> Markup {
    let steps = &status.slo.budget_policy;
    let entered = status.policy_step();
    html! {
        @if !steps.is_empty() {
            section {
                h2 { "Error budget policy" }
                div.scroll tabindex="0" role="region" aria-label="Error budget policy" { table {
                    thead { tr { th.num { "Budget left" } th { "In force" } th { "Action" } th { "Owner" } } }
                    tbody { @for step in steps {
                        tr {
                            td.num { "at most " (text::chosen(step.remaining_ratio)) }
                            td {
                                @match status.judged_budget() {
                                    None => (components::absent(status.method)),
                                    Some(_) if entered == Some(step) => (components::tag("firing", "yes")),
                                    Some(_) => { "no" }
                                }
                            }
                            td.words { (components::user(&step.text)) }
                            td { (components::user(&step.owner)) }
                        }
                    } }
                } }
            }
        }
    }
}

/// A burn rate, and how much of the threshold it is.
fn rate(rate: Option<f64>, status: &TierStatus) -> Markup {
    let factor = status.factor;
    // One lookback above the threshold is no alert: only both are shown in red.
    let fires = matches!(status.verdict, TierVerdict::Firing | TierVerdict::HeldBack);
    match rate {
        Some(rate) => html! {
            span.bad[rate > factor && fires] { (text::burn(rate)) }
            span.against title={ (text::share(rate / factor)) " of the threshold" } {
                (components::meter(if rate <= factor { "left" } else if fires { "spent" } else { "low" }, rate / factor))
            }
        },
        None => components::no_data(),
    }
}

/// Whether anything was observed that an alert could be judged by.
fn is_judged(status: &TierStatus) -> bool {
    status.verdict != TierVerdict::Quiet || status.long_rate.is_some() || status.short_rate.is_some()
}

fn explained(status: &TierStatus) -> &'static str {
    match status.verdict {
        _ if !is_judged(status) => "no events were observed in either lookback",
        TierVerdict::Firing => "both lookbacks burn faster than the factor",
        TierVerdict::Quiet => "at least one lookback burns slower than the factor",
        TierVerdict::HeldBack => "both lookbacks burn faster, but too few events failed to wake anyone",
        TierVerdict::Frozen => "too little is known; the alert stays as it is",
    }
}
