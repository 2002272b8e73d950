//! The small pieces that pages are made of: chips, bars, sparklines, user
//! text. Must not know where the values come from.

use crate::evaluate::review::finding::Finding;
use crate::publish::text::findings;
use maud::{Markup, html};

use super::text;
use crate::evaluate::slo::status::{HistorySlot, Method, SloState, SloStatus};
use crate::model::slo::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::publish::budget_level::BudgetLevel;

/// A text that came from outside, kept to itself in length and direction. A long name may
/// be broken between its words.
pub(crate) fn user(text: &str) -> Markup {
    let clean = text::clean(text);
    html! { bdi { @for (i, word) in words(&clean).into_iter().enumerate() { @if i > 0 { wbr; } (word) } } }
}

/// The words of a name such as `HighErrorRate` or `http_requests`, which browsers do not
/// tell apart.
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut before) = (0, ' ');
    for (at, c) in name.char_indices() {
        if at > start && ((before.is_lowercase() && c.is_uppercase()) || before == '_') {
            words.extend(name.get(start..at));
            start = at;
        }
        before = c;
    }
    words.extend(name.get(start..));
    words
}

/// A finding with its subject, as an item of a list.
pub(crate) fn finding(finding: &Finding) -> Markup {
    let sentences = findings::text(finding);
    html! {
        li {
            strong { (user(&finding.subject)) }
            " " span.muted { (finding.kind.severity().as_str()) }
            p { (prose(&sentences.message)) }
            p.muted { (prose(&sentences.hint)) }
        }
    }
}

pub(crate) fn no_data() -> Markup {
    html! { span.no-data { "no data" } }
}

/// Why a number is absent: events that nobody can tell good from bad leave
/// bounds; else there was nothing to see.
pub(crate) fn absent(method: Method) -> Markup {
    match method {
        Method::Exact | Method::Estimated => no_data(),
        Method::Interval => {
            html! { span.no-data title="no histogram bound equals the threshold; see the findings" { "bounds only" } }
        }
    }
}

/// A message with `code` in backticks.
pub(crate) fn prose(text: &str) -> Markup {
    let clean = text::clean(text);
    html! {
        @for (i, piece) in clean.split('`').enumerate() {
            @if i % 2 == 1 { code { bdi { (piece) } } } @else { bdi { (piece) } }
        }
    }
}

/// A value, or "no data".
pub(crate) fn known(value: Option<String>) -> Markup {
    match value {
        Some(text) => html! { (text) },
        None => no_data(),
    }
}

/// The state as a word with a shape, so that colour alone says nothing.
pub(crate) fn state_chip(state: SloState) -> Markup {
    let word = state.word();
    html! {
        span class={ "chip " (word) } {
            svg viewBox="0 0 12 12" aria-hidden="true" {
                @match state {
                    SloState::Ok => path d="M2 6.5 5 9.5 10 3" {},
                    SloState::Burning => path d="M6 1.5 11 10.5H1z" {},
                    SloState::Exhausted => path d="M2.5 2.5l7 7M9.5 2.5l-7 7" {},
                    SloState::Unknown | SloState::Reading => path d="M2 6h8" {},
                }
            }
            (word)
        }
    }
}

pub(crate) fn severity_chip(severity: Severity) -> Markup {
    html! { span class={ "chip " (severity.word()) } { (severity.word()) } }
}

/// A small word with a meaning by colour and name.
pub(crate) fn tag(class: &str, word: &str) -> Markup {
    html! { span class={ "chip " (class) } { (word) } }
}

/// A horizontal bar that is filled to a share of its length.
pub(crate) fn meter(class: &str, ratio: f64) -> Markup {
    let filled = ratio.clamp(0.0, 1.0) * 100.0;
    html! {
        svg class={ "meter " (class) } viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect.track x="0" y="0" width="100" height="8" {}
            rect.fill x="0" y="0" width={ (format!("{filled:.1}")) } height="8" {}
        }
    }
}

/// What remains of a budget: a bar that empties, and the number. That of a spent budget
/// is empty.
pub(crate) fn budget_bar(status: &SloStatus) -> Markup {
    match status.budget.map(|budget| budget.remaining_ratio) {
        None => {
            html! { div.budget { (meter("none", 0.0)) span.number { (absent(status.method)) } } }
        }
        Some(ratio) => {
            let level = BudgetLevel::of(ratio);
            html! {
                div.budget title=(match level {
                    BudgetLevel::Spent => format!("the budget is overspent by {}", text::share(-ratio)),
                    BudgetLevel::Low | BudgetLevel::Left => format!("{} of the budget remains", text::share(ratio)),
                }) {
                    (meter(level.class(), ratio))
                    span.number.bad[level == BudgetLevel::Spent] { (text::share(ratio)) }
                }
            }
        }
    }
}

/// A table, or another wide thing, that scrolls where it does not fit. It can be reached
/// by keyboard, which needs a name.
pub(crate) fn scroll(name: &str, wide: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(text::clean(name)) { (wide) } }
}

const SPARK_WIDTH: f64 = 120.0;
const SPARK_HEIGHT: f64 = 28.0;

/// The budget that remained over the window, small. Unknown slots are gaps.
/// `None` when none is known.
pub(crate) fn sparkline(slots: &[HistorySlot]) -> Option<Markup> {
    let values: Vec<Option<f64>> = slots.iter().map(|slot| slot.budget_remaining_ratio).collect();
    let known = || values.iter().flatten().copied();
    known().next()?;
    let low = known().fold(0.0, f64::min);
    let high = known().fold(1.0, f64::max);
    let last = values.len().saturating_sub(1).max(1) as f64;
    let x = |i: usize| 2.0 + i as f64 / last * (SPARK_WIDTH - 4.0);
    let y = |v: f64| 2.0 + (high - v) / (high - low) * (SPARK_HEIGHT - 4.0);
    let mut path = String::new();
    let mut end = None;
    let mut pen_down = false;
    for (i, value) in values.iter().enumerate() {
        if let Some(v) = value {
            path.push_str(&format!("{}{:.1} {:.1}", if pen_down { "L" } else { "M" }, x(i), y(*v)));
            end = Some((x(i), y(*v)));
        }
        pen_down = value.is_some();
    }
    Some(html! {
        svg.spark viewBox={ "0 0 " (SPARK_WIDTH) " " (SPARK_HEIGHT) } aria-hidden="true" {
            path.zero d=(format!("M0 {0:.1}H{SPARK_WIDTH}", y(0.0))) {}
            path.line d=(path) {}
            @if let Some((cx, cy)) = end { circle.end cx=(format!("{cx:.1}")) cy=(format!("{cy:.1}")) r="2.4" {} }
        }
    })
}

/// A time with the whole instant under the hand.
pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.rfc3339()) title=(at.rfc3339()) { (text::short_moment(at)) } }
}

/// How long ago, with the whole instant under the hand.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.rfc3339()) title=(at.rfc3339()) { (text::ago(at, now)) } }
}

pub(crate) fn length(length: Option<Millis>) -> Markup {
    match length {
        Some(length) => html! { (length.human()) },
        None => html! { span.no-data { "–" } },
    }
}

/// A number with a name over it and a remark under it.
pub(crate) fn tile(name: &str, value: &Markup, remark: &Markup) -> Markup {
    html! {
        div.tile {
            div.name { (name) }
            div.value { (value) }
            div.remark { (remark) }
        }
    }
}

/// What a list shows when it has nothing.
pub(crate) fn empty(words: &str) -> Markup {
    html! { p.empty { (words) } }
}

/// A field of a form with a few values.
pub(crate) fn choice<'a>(
    name: &str,
    label: &str,
    values: impl IntoIterator<Item = &'a str>,
    chosen: Option<&str>,
) -> Markup {
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

/// A field of a form for words.
pub(crate) fn search(words: Option<&str>, of: &str) -> Markup {
    html! { label { span { "Search" } input type="search" name="q" value=[words] placeholder=(of); } }
}

/// Where the other pages of a list are.
pub(crate) fn pages(number: usize, last: usize, address: &dyn Fn(usize) -> String) -> Markup {
    html! {
        @if last > 1 {
            nav.pages aria-label="Pages of the list" {
                @if number > 1 { a href=(address(number - 1)) rel="prev" { "← Before" } }
                span { "Page " (number) " of " (last) }
                @if number < last { a href=(address(number + 1)) rel="next" { "After →" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_broken_between_their_words() {
        let shown = |name: &str| user(name).into_string();
        assert_eq!(shown("HighErrorRate"), "<bdi>High<wbr>Error<wbr>Rate</bdi>");
        assert_eq!(shown("http_requests"), "<bdi>http_<wbr>requests</bdi>");
        assert_eq!(shown("checkout-latency é<b>"), "<bdi>checkout-latency é&lt;b&gt;</bdi>");
        assert_eq!(shown(""), "<bdi></bdi>");
    }
}
