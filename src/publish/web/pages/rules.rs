//! Alert rules on the page of alerts: what each told of and what it cost, by
//! rule and by team, and what needs upkeep.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::evaluate::alerting::load::Load;
use crate::evaluate::alerting::measures::Measure;
use crate::evaluate::alerting::noise::result::{ReceiverNoise, RuleNoise, TeamNoise};
use crate::evaluate::alerting::page_class::PageClass;
use crate::evaluate::alerting::rules::RuleScore;
use crate::evaluate::alerting::upkeep::Upkeep;
use crate::evaluate::review::result::Review;
use crate::evaluate::statistics::shares::Share;
use crate::publish::web::parts::classes_bar::stacked;
use crate::publish::web::parts::{components, text};

/// Rules that are listed; the API has all.
const RULES_MAX: usize = 100;
/// Names in one line.
const NAMES_MAX: usize = 30;

/// What all pages together told of, and what they cost.
pub(crate) fn tiles(review: &Review) -> Markup {
    let (all, load) = (&review.rules.all, &review.noise.load);
    html! {
        div.tiles {
            (components::tile("Precision", &share(all.precision), &html! {
                (count(all.precision)) " paging occasions met a burn"
                @if all.unjudgeable > 0 { br; (all.unjudgeable) " more on services no SLO could judge" }
            }))
            (components::tile("Recall", &share(all.recall), &html! {
                (count(all.recall)) " burns were paged for" br; (count(all.early_detection)) " before a tenth had burned"
            }))
            (components::tile("Budget recall", &components::known(all.recall_budget_ratio.map(text::share)), &html! {
                "of the budget that burned, burned in episodes that were paged for"
            }))
            (components::tile("Interruptions per shift", &components::known(load.per_shift().map(|n| format!("{n:.2}"))), &html! {
                (load.interruptions) " in all, " (load.worst_shift) " in the worst shift of a team" br; (night(load))
            }))
        }
    }
}

fn night(load: &Load) -> Markup {
    html! { (count(load.off_hours)) " off-hours" }
}

fn count(share: Share) -> String {
    format!("{} of {}", share.k, share.n)
}

/// A share with its interval as a tooltip.
fn share(share: Share) -> Markup {
    let interval = share.interval().map(|(low, high)| {
        format!("{} of {}; {} to {} with 95 % confidence", share.k, share.n, text::share(low), text::share(high))
    });
    match share.ratio() {
        Some(ratio) => html! { span title=(interval.unwrap_or_default()) { (text::share(ratio)) } },
        None => components::no_data(),
    }
}

/// One line per rule, of all or of some: the noisiest first, then those that only made
/// tickets.
pub(crate) fn league(review: &Review, only: Option<&BTreeSet<&str>>) -> Markup {
    let score = |rule: &str| review.rules.rules.iter().find(|s| s.rule == rule);
    let is_wanted = |rule: &str| only.is_none_or(|only| only.contains(rule));
    let noise: Vec<&RuleNoise> = review.noise.rules.iter().filter(|rule| is_wanted(&rule.rule)).collect();
    let is_silent = |s: &&RuleScore| is_wanted(&s.rule) && !noise.iter().any(|n| n.rule == s.rule);
    let silent: Vec<&RuleScore> = review.rules.rules.iter().filter(is_silent).collect();
    if noise.is_empty() && silent.is_empty() {
        return components::empty("No rule matches the filter.");
    }
    let left_out = (noise.len() + silent.len()).saturating_sub(RULES_MAX);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Rules" { table {
            thead { tr {
                th { "Rule" } th.num { "Pages" } th.num { "Noise" } th { "What the pages were" }
                th.num title="What the noisy pages cost, in pages by day; one in off-hours costs three" { "Cost" }
                th.num title="Occasions that met a burn, of those that an SLO could judge" { "Precision" }
                th.num title="Burns detected, of all burns on the services of the rule" { "Recall" }
                th.num title="Median time from the onset of a burn to the first alert" { "Time to page" }
                th.num { "Fired for" }
            } }
            tbody {
                @for rule in noise.iter().take(RULES_MAX) { (row(rule, score(&rule.rule))) }
                @for score in silent.iter().take(RULES_MAX.saturating_sub(noise.len())) { (silent_row(score)) }
            }
        } }
        @if left_out > 0 { p.muted { "and " (left_out) " more" } }
    }
}

fn row(rule: &RuleNoise, score: Option<&RuleScore>) -> Markup {
    html! {
        tr {
            td.name { (components::user(&rule.rule)) }
            td.num { (text::count(rule.pages as i64)) }
            td.num { (band(rule.lower, rule.upper)) }
            td { (stacked(&rule.classes, "Pages of this rule by class")) div.muted { (told(&rule.classes)) } }
            td.num { (cost(rule.noise_cost)) }
            (against_burn(score))
            td.num { (components::length(Some(rule.firing))) }
        }
    }
}

fn silent_row(score: &RuleScore) -> Markup {
    html! {
        tr {
            td.name { (components::user(&score.rule)) }
            td.num { "0" } td.num { span.no-data { "–" } }
            td.muted { "never paged" @if let Some(severity) = score.severity { ", " (severity.word()) } }
            td.num { span.no-data { "–" } }
            (against_burn(Some(score)))
            td.num { span.no-data { "–" } }
        }
    }
}

fn against_burn(score: Option<&RuleScore>) -> Markup {
    let known = |part: fn(&RuleScore) -> Share| score.map(part).filter(|s| s.n > 0);
    let cell = |part: Option<Share>| part.map_or_else(|| html! { span.no-data { "–" } }, share);
    html! {
        td.num { (cell(known(|s| s.precision))) }
        td.num { (cell(known(|s| s.recall))) }
        td.num { (components::length(score.and_then(|s| s.detection.median))) }
    }
}

fn cost(cost: f64) -> Markup {
    if cost > 0.0 {
        html! { (format!("{cost:.0}")) }
    } else {
        html! { span.no-data { "–" } }
    }
}

fn band(lower: Option<f64>, upper: Option<f64>) -> Markup {
    match (lower, upper) {
        (Some(lower), Some(upper)) if lower == upper => html! { (text::share(lower)) },
        (Some(lower), Some(upper)) => html! { (text::share(lower)) " – " (text::share(upper)) },
        _ => components::no_data(),
    }
}

fn told(classes: &[(PageClass, usize)]) -> String {
    let parts = classes.iter().filter(|(_, n)| *n > 0).map(|(class, n)| format!("{n} {}", class.word()));
    parts.collect::<Vec<_>>().join(", ")
}

/// One line per team.
pub(crate) fn teams(teams: &[TeamNoise]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Teams" { table {
            thead { tr {
                th { "Team" } th.num { "Pages" } th.num { "Noise" } th { "What the pages were" }
                th.num { "Per shift" } th.num { "Worst shift" } th.num { "Off-hours" }
            } }
            tbody { @for team in teams {
                tr {
                    td.name { @match &team.team { Some(name) => (components::user(name)), None => span.no-data { "no team" } } }
                    td.num { (text::count(team.pages as i64)) }
                    td.num { (band(team.lower, team.upper)) }
                    td { (stacked(&team.classes, "Pages of this team by class")) div.muted { (told(&team.classes)) } }
                    td.num { (components::known(team.load.per_shift().map(|n| format!("{n:.2}")))) }
                    td.num { (team.load.worst_shift) }
                    td.num { (share(team.load.off_hours)) }
                }
            } }
        } }
    }
}

/// One line per receiver of notifications.
pub(crate) fn receivers(receivers: &[ReceiverNoise]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Receivers" { table {
            thead { tr { th { "Receiver" } th.num { "Pages" } th.num { "Noise" } th { "What the pages were" } } }
            tbody { @for one in receivers {
                tr {
                    td.name { (components::user(&one.receiver)) }
                    td.num { (text::count(one.pages as i64)) }
                    td.num { (band(one.lower, one.upper)) }
                    td { (stacked(&one.classes, "Pages of this receiver by class")) div.muted { (told(&one.classes)) } }
                }
            } }
        } }
    }
}

/// Rules and silences that a person should look after.
pub(crate) fn upkeep(upkeep: &Upkeep) -> Markup {
    html! {
        dl.facts {
            dt { "Runbooks" }
            dd {
                @if upkeep.with_runbook.n == 0 { span.no-data { "no paging rule is known" } } @else {
                    (count(upkeep.with_runbook)) " paging rules name one, behind " (count(upkeep.pages_with_runbook)) " pages."
                    @if !upkeep.without_runbook.is_empty() { " Without: " (names(&upkeep.without_runbook)) }
                }
            }
            dt { "Never fired" }
            dd { @match upkeep.rules {
                None => span.no-data { "no source tells which rules it has" },
                Some(rules) => {
                    (upkeep.never_fired.len()) " of " (rules) " rules were not even pending in " (upkeep.watched.human())
                    @if upkeep.is_too_early() { ", which is too short to say that they never will" } "."
                    @if !upkeep.never_fired.is_empty() { " " (names(&upkeep.never_fired)) }
                }
            } }
            dt { "Silences" }
            dd {
                @if upkeep.stale_silences.is_empty() { (upkeep.silences) " hold; none is stale." }
                @for silence in &upkeep.stale_silences {
                    div {
                        code { (components::user(&silence.id)) } " by " (components::user(&silence.created_by)) " since " (components::time(silence.since))
                        @if silence.is_old { ": older than a week" } @if silence.is_idle { ": nothing that it is about has fired" }
                        @if !silence.comment.is_empty() { " (" (components::user(&silence.comment)) ")" }
                    }
                }
            }
        }
    }
}

fn names(names: &[String]) -> Markup {
    html! {
        @for (i, name) in names.iter().take(NAMES_MAX).enumerate() {
            @if i > 0 { ", " }
            code { (components::user(name)) }
        }
        @if names.len() > NAMES_MAX { " and " (names.len() - NAMES_MAX) " more" }
    }
}

/// Noise as others measure it.
pub(crate) fn measures(measures: &[Measure]) -> Markup {
    html! {
        details {
            summary { "Noise as others measure it" }
            div.scroll tabindex="0" role="region" aria-label="Measures of noise" { table {
                thead { tr { th { "Measure" } th.num { "Value" } th.num { "Counts" } th { "What it is" } } }
                tbody { @for measure in measures {
                    tr {
                        td.name { (measure.name) }
                        td.num { @match (measure.share, measure.value) {
                            (Some(of), Some(_)) => (share(of)),
                            (None, Some(value)) => (format!("{value:.2}")),
                            _ => (components::no_data()),
                        } }
                        td.num { @match measure.share { Some(share) => (count(share)), None => span.no-data { "–" } } }
                        td.words { (measure.about) }
                    }
                } }
            } }
        }
    }
}
