//! The incidents of a period beside those of the period before, with a verdict
//! for each difference.

use maud::{Markup, html};

use super::text;
use crate::evaluate::review::compare::{ComparedGroup, Comparison, DurationChange, GroupedBy};
use crate::evaluate::review::verdict::TrendVerdict;
use crate::publish::web::parts::components;

/// Groups that are listed of each kind; the API has all.
const GROUPS_MAX: usize = 50;

pub(crate) fn table(comparison: &Comparison) -> Markup {
    let of = |by: GroupedBy| comparison.groups.iter().filter(move |group| group.by == by);
    // One team, or one cluster, says no more than all together.
    let told = |by: GroupedBy| by == GroupedBy::All || of(by).count() > 1;
    html! {
        p.muted {
            (comparison.period.length().human()) " compared with the " (comparison.before.length().human()) " before. "
            "A difference is called better or worse only where chance alone would bring it in fewer than 5\u{202f}% of cases."
        }
        div.scroll tabindex="0" role="region" aria-label="Comparison with the time before" { table {
            thead { tr {
                th { "Incidents of" } th.num { "Number" } th.num { "To detect" } th.num { "To acknowledge" }
                th.num { "To restore" } th.num { "To resolve" } th.num title="incidents of the same service and cause" { "Again in 7, 30, 60 days" }
            } }
            tbody {
                @for by in GroupedBy::ALL.into_iter().filter(|by| told(*by)) {
                    @for group in of(by).take(GROUPS_MAX) { (row(group)) }
                }
            }
        } }
    }
}

fn row(group: &ComparedGroup) -> Markup {
    html! {
        tr {
            td.name {
                @match group.by {
                    GroupedBy::All => strong { "all services" },
                    by => { span.muted { (by.word()) " " } (components::user(&group.name)) }
                }
            }
            td.num {
                (group.incidents.now) span.muted { ", was " (group.incidents.before) }
                (word(group.incidents.verdict))
            }
            @for (_, change) in group.durations() { td.num { (duration(change)) } }
            td.num { @for (number, recurrence) in group.recurrence.iter().enumerate() {
                @if number > 0 { ", " }
                @match recurrence.ratio {
                    Some(ratio) => span title=(format!("{} of {} incidents", recurrence.recurred, recurrence.n)) { (text::share(ratio)) },
                    None => span.no-data title="no incident was watched for so long" { "–" },
                }
            } }
        }
    }
}

fn duration(change: &DurationChange) -> Markup {
    let median = |stat: &crate::evaluate::incident::durations::DurationStat| stat.median.map(|m| m.human());
    html! {
        @match median(&change.now) { Some(now) => (now), None => span.no-data { "–" } }
        @if let Some(before) = median(&change.before) { span.muted { ", was " (before) } }
        @if change.now.n + change.before.n > 0 { (word(change.verdict)) }
    }
}

pub(crate) fn word(verdict: TrendVerdict) -> Markup {
    let class = match verdict {
        TrendVerdict::Better => "verdict better",
        TrendVerdict::Worse => "verdict worse",
        TrendVerdict::NoEvidence | TrendVerdict::TooFew => "verdict",
    };
    html! { div class=(class) { (verdict.word()) } }
}
