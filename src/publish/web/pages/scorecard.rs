//! The scorecard: the primary KPIs as tiles, all of them as a table, and why what is
//! unknown is so.

pub(crate) mod kpi;

use axum::extract::{RawQuery, State};
use maud::{Markup, html};

use crate::evaluate::kpi::scorecard::{KpiHistory, KpiPeriod, Scorecard};
use crate::evaluate::kpi::targets::KpiStatus;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::kpis;
use crate::publish::web::charts::kpi_points;
use crate::publish::web::parts::answer::{NoParameters, Page, asked, page};
use crate::publish::web::parts::layout::{self, Frame, Section};
use crate::publish::web::parts::{components, text, verdicts};

pub(crate) async fn show(State(daemon): State<ApiContext>, query: RawQuery) -> Page {
    let (NoParameters {}, ignored) = asked(&query)?;
    let snapshot = daemon.snapshot();
    let frame = Frame {
        title: "Scorecard",
        section: Some(Section::Scorecard),
        snapshot: Some(&snapshot),
        ignored: Some(&ignored),
    };
    page(layout::page(&frame, &body(snapshot.scorecard.as_deref())))
}

fn body(scorecard: Option<&Scorecard>) -> Markup {
    let all = scorecard.map_or(&[] as &[KpiHistory], |scorecard| &scorecard.kpis);
    html! {
        div.title { h1 { "Scorecard" } @if !all.is_empty() { span.muted { (counts(all)) } } }
        @match scorecard {
            None => (components::empty("The first scorecard is made once the history is read; the status page shows how far that is.")),
            Some(_) if all.is_empty() => (components::empty(
                "No KPIs are defined. Load slo-definitions/scorecard with --definitions, or write definitions of kind KPI.",
            )),
            Some(_) => (tables(all)),
        }
    }
}

fn tables(all: &[KpiHistory]) -> Markup {
    let is_known = |one: &&KpiHistory| one.shown().is_some_and(|period| period.value.value.is_some());
    let (known, unknown): (Vec<&KpiHistory>, Vec<&KpiHistory>) = all.iter().partition(is_known);
    html! {
        div.tiles { @for one in all.iter().filter(|one| one.kpi.is_primary) { (tile(one)) } }
        @if !known.is_empty() {
            section {
                h2 { "KPIs with values" }
                p.muted {
                    "A KPI is on or off its target only where the whole 95\u{202f}% interval is; "
                    "\"too few\" means that chance could decide."
                }
                (known_table(&known))
            }
        }
        @if !unknown.is_empty() {
            section {
                h2 { "Not known yet" }
                p.muted { "What is not known is not 0. Each row says what to connect." }
                (unknown_table(&unknown))
            }
        }
    }
}

/// `3 on target, 1 off target, 12 unknown`.
fn counts(all: &[KpiHistory]) -> String {
    let status = |one: &KpiHistory| one.shown().map_or(KpiStatus::Unknown, |period| period.status);
    let order = [KpiStatus::OnTarget, KpiStatus::OffTarget, KpiStatus::TooFew, KpiStatus::Unknown, KpiStatus::NoTarget];
    let count = |wanted: KpiStatus| match all.iter().filter(|one| status(one) == wanted).count() {
        0 => None,
        n => Some(format!("{n} {}", kpis::status(wanted))),
    };
    order.into_iter().filter_map(count).collect::<Vec<_>>().join(", ")
}

fn tile(one: &KpiHistory) -> Markup {
    let kpi = &one.kpi;
    let shown = one.shown();
    html! {
        a.tile href={ "/scorecard/" (text::segment(&kpi.name)) } {
            div.name { (components::user(&kpi.title)) }
            div.value { @match shown.and_then(|period| Some((period, period.value.value?))) {
                Some((_, value)) => (kpis::value(kpi.unit, value)),
                None => span.no-data { "unknown" },
            } }
            div.remark {
                @if let Some(period) = shown {
                    (status_chip(period.status)) " "
                    @if let Some(wanted) = kpis::wanted_or_why(kpi, period) { (wanted) }
                    @if period.value.value.is_some() {
                        br; (label(one, period)) ", " (kpis::counted(kpi, period))
                    }
                }
            }
        }
    }
}

/// `July 2026`, or `November 2026 so far`.
fn label(one: &KpiHistory, period: &KpiPeriod) -> String {
    let name = kpis::period(one.kpi.cadence, period.period);
    if period.is_closed { name } else { format!("{name} so far") }
}

pub(super) fn status_chip(status: KpiStatus) -> Markup {
    let class = match status {
        KpiStatus::OnTarget => "ok",
        KpiStatus::OffTarget => "failed",
        KpiStatus::TooFew => "ticket",
        KpiStatus::Unknown | KpiStatus::NoTarget => "unknown",
    };
    components::tag(class, kpis::status(status))
}

fn known_table(all: &[&KpiHistory]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th.num { "No." } th { "KPI" } th.num { "Last period" } th.num { "Running period" } th { "Target" }
                th { "Status" } th { "Periods" } th { "Trend" }
            } }
            tbody { @for one in all { (row(one)) } }
        } }
    }
}

fn row(one: &KpiHistory) -> Markup {
    let kpi = &one.kpi;
    let shown = one.shown();
    html! {
        tr {
            td.num { (number(one)) }
            (name(one))
            td.num { (cell(one, one.last_closed())) }
            td.num { (cell(one, one.running())) }
            td { @match shown.and_then(|period| kpis::wanted_or_why(kpi, period)) {
                Some(wanted) => { (wanted) @if shown.is_some_and(|period| period.target.is_trend && period.target.value.is_some()) { div.muted { "from the baseline" } } }
                None => span.no-data { "–" },
            } }
            td { @if let Some(period) = shown { (status_chip(period.status)) } }
            td { (kpi_points::points(one)) }
            td { (verdicts::word(one.verdict)) div.muted { "n = " (one.known()) } }
        }
    }
}

fn name(one: &KpiHistory) -> Markup {
    let kpi = &one.kpi;
    html! {
        td.name {
            a href={ "/scorecard/" (text::segment(&kpi.name)) } { (components::user(&kpi.title)) }
            div.muted { (components::user(&kpi.owner)) ", " (kpis::cadence(kpi.cadence)) }
        }
    }
}

fn number(one: &KpiHistory) -> Markup {
    html! { @match one.kpi.number { Some(number) => (number), None => span.no-data { "–" } } }
}

fn cell(one: &KpiHistory, period: Option<&KpiPeriod>) -> Markup {
    let known = period.and_then(|period| Some((period, period.value.value?)));
    html! {
        @match known {
            Some((period, value)) => {
                (kpis::value(one.kpi.unit, value))
                @if let Some(interval) = kpis::interval(one.kpi.unit, (period.value.low, period.value.high)) {
                    div.muted { (interval) }
                }
                div.muted { (kpis::counted(&one.kpi, period)) }
            }
            None => span.no-data { "unknown" },
        }
    }
}

fn unknown_table(all: &[&KpiHistory]) -> Markup {
    let reason = |one: &KpiHistory| {
        // Of two unknown periods the one that runs says what is missing now.
        let period = one.running().or(one.last_closed());
        kpis::reason(&one.kpi, period.and_then(|period| period.value.gap)).unwrap_or_else(|| kpis::connect(&one.kpi))
    };
    html! {
        div.scroll { table {
            thead { tr { th.num { "No." } th { "KPI" } th { "Target" } th { "Why, and what to do" } } }
            tbody { @for one in all { tr {
                td.num { (number(one)) }
                (name(one))
                td { @match kpis::target_rule(&one.kpi) { Some(rule) if rule.len() < 40 => (rule), Some(_) => "from the baseline", None => span.no-data { "–" } } }
                td.reason { (components::prose(&reason(one))) }
            } } }
        } }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::evaluate::kpi::scorecard::scorecard;
    use crate::evaluate::kpi::value::{KpiGap, KpiValue};
    use crate::evaluate::statistics::shares::Share;
    use crate::model::kpi::source::{CombineRows, KpiSource, RecordsKpi};
    use crate::model::testing::kpi;
    use crate::model::time::{Period, Timestamp};

    fn shown(value: KpiValue) -> String {
        let mut kpi = kpi("adoption");
        kpi.is_primary = true;
        kpi.source = KpiSource::Records(RecordsKpi { combine: CombineRows::Ratio, rows_min: 1 });
        let period = Period::new(Timestamp::day_start(20_000), Timestamp::day_start(20_031));
        body(Some(&scorecard(vec![(Arc::new(kpi), vec![(period, value)])], period.end))).into_string()
    }

    #[test]
    fn what_is_unknown_says_what_to_connect_and_is_never_zero() {
        let page = shown(KpiValue::unknown(KpiGap::NotConnected));
        assert!(page.contains("Import rows with") && page.contains("kpi: adoption"), "{page}");
        assert!(!page.contains("0\u{202f}%"), "{page}");
        assert!(body(None).into_string().contains("once the history is read"));
        assert!(body(Some(&Scorecard::default())).into_string().contains("slo-definitions/scorecard"));
    }

    #[test]
    fn a_known_value_has_its_counts_and_its_interval() {
        let page = shown(KpiValue::of_share(Share { k: 2, n: 20 }));
        assert!(
            page.contains("10.0\u{202f}%") && page.contains("2 of 20") && page.contains("2.8\u{202f}% to 30.1"),
            "{page}"
        );
    }
}
