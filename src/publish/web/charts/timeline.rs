//! Spans of time as pictures: lanes of incidents, and the phases of one. Must
//! not know what the spans mean beyond their class.

use maud::{Markup, html};

use super::axis::TimeAxis;
use crate::model::operations::incident::Incident;
use crate::model::time::{Period, Timestamp};
use crate::publish::web::parts::text;

const LANE: f64 = 30.0;
const AXIS: f64 = 26.0;
/// A span is never drawn narrower: it could not be seen nor hit.
const SPAN_MIN: f64 = 5.0;
/// Of a drawing for a desk, and of one with fewer labels for a phone.
const SHEETS: [Sheet; 2] = [
    Sheet { class: "lanes desk", width: 1_120.0, names: 150.0, name_chars: 20, labels: 10 },
    Sheet { class: "lanes phone", width: 400.0, names: 96.0, name_chars: 13, labels: 4 },
];

struct Sheet {
    class: &'static str,
    width: f64,
    names: f64,
    /// Longer names are cut; the whole is under the hand.
    name_chars: usize,
    /// Labels along the time.
    labels: usize,
}

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
    html! { @for sheet in &SHEETS { (on_sheet(sheet, period, lanes)) } }
}

fn on_sheet(sheet: &Sheet, period: Period, lanes: &[Lane]) -> Markup {
    let (width, height) = (sheet.width, lanes.len() as f64 * LANE + AXIS);
    let x = |at: Timestamp| sheet.names + across(period, at) * (width - sheet.names - 12.0);
    let marks = TimeAxis(period).marks(sheet.labels);
    html! {
        svg class=(sheet.class) viewBox=(format!("0 0 {width} {height}")) role="group" aria-label="Timeline" {
            @for at in &marks {
                path.grid d=(format!("M{:.1} 0V{:.1}", x(*at), height - AXIS)) {}
                text.tick x=(px(x(*at))) y=(px(height - 8.0)) text-anchor="middle" { (TimeAxis::label(*at)) }
            }
            @for (i, lane) in lanes.iter().enumerate() {
                @let top = i as f64 * LANE;
                path.grid d=(format!("M0 {0:.1}H{width}", top + LANE)) {}
                text.lane-name x="2" y=(px(top + LANE / 2.0 + 4.5)) { title { (text::clean(&lane.name)) } (short(&lane.name, sheet.name_chars)) }
                @for span in &lane.spans { (drawn(span, &x, top)) }
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
    html! { @match &span.href { Some(href) => a href=(href) aria-label=(span.title) { (bar) }, None => (bar) } }
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

fn short(name: &str, chars: usize) -> String {
    let clean = text::clean(name);
    if clean.chars().count() <= chars {
        return clean;
    }
    clean.chars().take(chars - 1).chain(['…']).collect()
}
