//! What would have helped: the changes of alerting that would have saved most
//! pages and lost no burn.

use axum::extract::State;
use maud::{Markup, html};

use crate::evaluate::alerting::replay::{Outcome, Replay};
use crate::model::time::{Millis, Period};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::web::parts::answer::{Page, page};
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};
use crate::publish::web::parts::{components, text};

/// What is replayed.
const REPLAYED: Millis = Millis::from_days(30);

pub(crate) async fn show(State(daemon): State<ApiContext>) -> Page {
    let evaluated = daemon.evaluated()?;
    let period = Period::new(evaluated.as_of - REPLAYED, evaluated.as_of);
    let replays = daemon.replay("page", period, None).await?;
    let frame = Frame {
        title: "Suggested rule changes",
        section: Some(Section::Alerts),
        snapshot: Some(&evaluated.snapshot),
        ignored: None,
    };
    page(layout::page(&frame, &body(&replays)))
}

fn body(replays: &[Replay]) -> Markup {
    html! {
        div.title { h1 { "Suggested rule changes" } span.muted { a href="/alerts" { "all alerts" } } }
        p.muted {
            "The alerts of the last 30 days, evaluated again with each change: for each noisy rule the smallest change that "
            "would have saved most pages and missed no burn. "
            code { "evenkeel replay --rule RULE --for 10m" } " tries another one."
        }
        @if replays.is_empty() {
            (components::empty("No change would have saved a page without missing a burn."))
        } @else {
            section {
                div.scroll tabindex="0" role="region" aria-label="Suggested rule changes" { table {
                    thead { tr {
                        th { "Change" }
                        th.num title="Cost of noisy pages, in pages by day; one in off-hours costs three" { "Saves" }
                        th.num { "Pages" } th.num { "Noise" } th.num { "Burns detected" } th.num { "Time to page" } th.num { "Off-hours" }
                    } }
                    tbody { @for replay in replays { (row(replay)) } }
                } }
            }
        }
    }
}

fn row(replay: &Replay) -> Markup {
    let both = |part: &dyn Fn(&Outcome) -> String| {
        let (before, after) = (part(&replay.before), part(&replay.after));
        html! { @if before == after { (after) } @else { (after) div.muted { "was " (before) } } }
    };
    html! {
        tr {
            td.name { (components::user(&replay.lever.to_string())) }
            td.num { strong { (format!("{:.0}", replay.saved())) } }
            td.num { (both(&|o| o.pages.to_string())) }
            td.num { (both(&|o| o.lower.map_or("–".to_owned(), text::share))) }
            td.num { (both(&|o| format!("{} of {}", o.recall.k, o.recall.n))) }
            td.num { (both(&|o| o.detection.median.map_or("–".to_owned(), Millis::human))) }
            td.num { (both(&|o| o.load.off_hours.k.to_string())) }
        }
    }
}
