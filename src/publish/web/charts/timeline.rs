//! Spans of time as pictures: lanes of incidents, and the phases of one. Must
//! not know what the spans mean beyond their class.

use maud::{Markup, html};

use super::axis::TimeAxis;
use crate::model::operations::incident::Incident;
use crate::model::time::{Period, Timestamp};
use crate::publish::web::parts::text;

const WIDTH: f64 = 1_120.0;
const NAMES: f64 = 150.0;
const LANE: f64 = 30.0;
const AXIS: f64 = 26.0;
/// A span is never drawn narrower: it could not be seen nor hit.
const SPAN_MIN: f64 = 5.0;
/// Longer names are cut; the whole is under the hand.
const NAME_CHARS: usize = 20;

/// Spans of one thing, one after the other.
pub(crate) struct Lane {
    pub name: String,
    pub spans: Vec<Span>,
}

pub(crate) struct Span {
    pub period: Period,
    pub class: String,
    pub title: String,
    pub href: Option<String>,
}

/// Lanes under one another over one period.
pub(crate) fn lanes(period: Period, lanes: &[Lane]) -> Markup {
    let height = lanes.len() as f64 * LANE + AXIS;
    let x = |at: Timestamp| NAMES + across(period, at) * (WIDTH - NAMES - 12.0);
    let marks = TimeAxis(period).marks(10);
    html! {
        div.scroll {
            svg.lanes viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label="Timeline" {
                @for at in &marks {
                    path.grid d=(format!("M{:.1} 0V{:.1}", x(*at), height - AXIS)) {}
                    text.tick x=(px(x(*at))) y=(px(height - 8.0)) text-anchor="middle" { (TimeAxis::label(*at)) }
                }
                @for (i, lane) in lanes.iter().enumerate() {
                    @let top = i as f64 * LANE;
                    path.grid d=(format!("M0 {0:.1}H{WIDTH}", top + LANE)) {}
                    text.lane-name x="2" y=(px(top + LANE / 2.0 + 4.5)) { title { (text::clean(&lane.name)) } (short(&lane.name)) }
                    @for span in &lane.spans { (drawn(span, &x, top)) }
                }
            }
        }
    }
}

fn drawn(span: &Span, x: &impl Fn(Timestamp) -> f64, top: f64) -> Markup {
    let left = x(span.period.start);
    let width = (x(span.period.end) - left).max(SPAN_MIN);
    let bar = html! {
        rect class={ "span " (span.class) } x=(px(left)) y=(px(top + 6.0)) width=(px(width)) height=(px(LANE - 12.0)) rx="2" {
            title { (span.title) }
        }
    };
    html! { @match &span.href { Some(href) => a href=(href) { (bar) }, None => (bar) } }
}

/// The stretch of an incident in two parts: until someone was paged, and until
/// users were served again.
pub(crate) fn phases(incident: &Incident, now: Timestamp) -> Markup {
    let Some(start) = incident.start() else {
        return html! { span.no-data { "–" } };
    };
    let end = incident.end().unwrap_or(now).max(start);
    let whole = Period::new(start, end);
    let paged = incident.times.firing.filter(|_| incident.detected).map_or(end, |mark| mark.at.max(start).min(end));
    let share = across(whole, paged) * 100.0;
    let said = format!("{} until a page, {} until the end", (paged - start).human(), (end - paged).human());
    html! {
        svg.phases viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=(said) {
            title { (said) }
            rect.unseen x="0" y="0" width=(px(share)) height="8" {}
            rect.repair x=(px(share)) y="0" width=(px(100.0 - share)) height="8" {}
        }
    }
}

/// Where an instant lies in a period, 0..1.
pub(crate) fn across(period: Period, at: Timestamp) -> f64 {
    let length = period.length().0.max(1) as f64;
    ((at - period.start).0 as f64 / length).clamp(0.0, 1.0)
}

pub(crate) fn px(x: f64) -> String {
    format!("{x:.1}")
}

fn short(name: &str) -> String {
    let clean = text::clean(name);
    if clean.chars().count() <= NAME_CHARS {
        return clean;
    }
    clean.chars().take(NAME_CHARS - 1).chain(['…']).collect()
}
