//! A drawing of plotters as a part of a page, in the widths that pages need: colours get
//! their meaning from the style sheet, and over the drawing lies what can be pointed at.

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::axis::TimeAxis;
use super::series::Series;
use crate::evaluate::slo::status::HistorySlot;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::web::parts::text;

// Each colour is a name that the style sheet knows; see `.chart` there.
pub(super) const GRID: RGBColor = RGBColor(0xd8, 0xde, 0xe6);
pub(super) const TEXT: RGBColor = RGBColor(0x5b, 0x66, 0x73);
pub(super) const LINE: RGBColor = RGBColor(0x12, 0x70, 0x7c);
pub(super) const SPENT: RGBColor = RGBColor(0xc0, 0x39, 0x2b);
pub(super) const UNKNOWN: RGBColor = RGBColor(0x9a, 0xa4, 0xaf);
pub(super) const LEFT_OUT: RGBColor = RGBColor(0x4f, 0x6d, 0xb0);

pub(super) const LABEL_SIZE: i32 = 28;
pub(super) const LEFT: u32 = 130;
pub(super) const BOTTOM: u32 = 56;

/// Drawn twice as large as shown, so that whole pixels are fine enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::publish) enum Size {
    Desk,
    /// Fewer labels, so that the whole fits a phone.
    Phone,
}

impl Size {
    fn width(self) -> u32 {
        match self {
            Size::Desk => 2_240,
            Size::Phone => 780,
        }
    }

    /// Labels along the time.
    pub(super) fn labels(self) -> usize {
        match self {
            Size::Desk => 10,
            Size::Phone => 4,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Size::Desk => "desk",
            Size::Phone => "phone",
        }
    }
}

pub(super) type Drawn<T> = Result<T, Box<dyn std::error::Error>>;
pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Where in the picture the data lies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plot {
    pub left: i32,
    pub right: i32,
    pub top: i32,
    pub bottom: i32,
}

impl Plot {
    pub fn of((x, y): &(std::ops::Range<i32>, std::ops::Range<i32>)) -> Plot {
        Plot { left: x.start, right: x.end, top: y.start, bottom: y.end }
    }

    /// Left edge and width of a stretch in the picture.
    fn across(self, whole: Period, part: Period) -> (i32, i32) {
        let axis = TimeAxis(whole);
        let part = part.intersect(whole);
        let x = |at: Timestamp| {
            use plotters::coord::ranged1d::Ranged;
            axis.map(&at.millis(), (self.left, self.right))
        };
        (x(part.start), x(part.end) - x(part.start))
    }
}

/// Whether what a chart points at leads there. One chart of a page does: the same stops
/// twice would be in the way of a keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pointing {
    Leads,
    Marks,
}

/// Draws, and lays over it what can be pointed at. `None` when there is nothing to draw.
pub(super) fn picture(
    series: &Series<'_>,
    (size, height): (Size, u32),
    name: &str,
    (pointing, hatched): (Pointing, &[Period]),
    draw: impl FnOnce(&Canvas<'_>) -> Drawn<Plot>,
) -> Option<Markup> {
    if !series.is_known() {
        return None;
    }
    let mut svg = String::new();
    let mut plot = Plot::default();
    let drawn: Drawn<()> = {
        let canvas = SVGBackend::with_string(&mut svg, (size.width(), height)).into_drawing_area();
        draw(&canvas).and_then(|place| {
            plot = place;
            Ok(canvas.present()?)
        })
    };
    if let Err(error) = drawn {
        tracing::error!(%error, chart = name, "a chart could not be drawn");
        return None;
    }
    let inner = svg.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>")).map_or("", |(inner, _)| inner);
    Some(html! {
        svg class={ "chart " (size.class()) } viewBox={ "0 0 " (size.width()) " " (height) } role="group" aria-label=(name) {
            (hatching(size))
            g aria-hidden="true" {
                // Plotters escapes what it writes; only numbers and dates are in it.
                (PreEscaped(inner))
                @for stretch in hatched {
                    @let (x, width) = plot.across(series.period, *stretch);
                    rect.uncertain fill={ "url(#hatch-" (size.class()) ")" } x=(x) y=(plot.top) width=(width) height=(plot.bottom - plot.top) {}
                }
                @if size == Size::Desk { (slots_to_point_at(series, plot)) }
                (changes(series, plot))
            }
            (pointers(series, plot, pointing))
        }
    })
}

/// Drawings with the same name look the same, so it does not matter which one is found.
fn hatching(size: Size) -> Markup {
    html! {
        defs { pattern id={ "hatch-" (size.class()) } width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
            path.hatch d="M0 0V12" {}
        } }
    }
}

fn pointers(series: &Series<'_>, plot: Plot, pointing: Pointing) -> Markup {
    html! {
        @for pointer in series.pointers {
            @let (x, width) = plot.across(series.period, pointer.period);
            @let marks = html! {
                title { (pointer.title) }
                rect.pointer x=(x) y=(plot.top) width=(width.max(6)) height=(plot.bottom - plot.top) {}
                rect.pointer-top x=(x) y=(plot.top) width=(width.max(6)) height="8" {}
            };
            @match pointing {
                Pointing::Leads => a href=(pointer.href) aria-label=(pointer.title) { (marks) },
                Pointing::Marks => g aria-hidden="true" { (marks) },
            }
        }
    }
}

/// A small mark under the time at which something was changed.
fn changes(series: &Series<'_>, plot: Plot) -> Markup {
    html! {
        @for change in series.changes.iter().filter(|change| series.period.contains(change.at)) {
            @let (x, _) = plot.across(series.period, Period::new(change.at, change.at));
            path.change d={ "M" (x) " " (plot.bottom - 20) "l11 20h-22z" } { title { (change.title) } }
        }
    }
}

/// An invisible stripe for each slot, so that its numbers show under the hand.
fn slots_to_point_at(series: &Series<'_>, plot: Plot) -> Markup {
    html! {
        @for slot in series.slots {
            @let (x, width) = plot.across(series.period, Period::new(slot.start, slot.start + series.step));
            rect.slot x=(x) y=(plot.top) width=(width) height=(plot.bottom - plot.top) {
                title { (said(slot, series.step)) }
            }
        }
    }
}

fn said(slot: &HistorySlot, step: Millis) -> String {
    let when = format!("{} – {}", text::short_moment(slot.start), text::short_moment(slot.start + step));
    if slot.coverage <= 0.0 {
        return format!("{when}\nnot observed");
    }
    let events = match slot.counts.total {
        0 => "no events".to_owned(),
        total => format!("{} bad of {}", text::count(slot.counts.bad()), text::count(total)),
    };
    let budget = match (slot.budget_remaining_ratio, slot.budget_likely) {
        (Some(ratio), _) => format!("\nbudget left {}", text::share(ratio)),
        (None, Some((lo, hi))) => format!("\nbudget left {} to {}", text::share(lo), text::share(hi)),
        (None, None) => String::new(),
    };
    let seen = if slot.coverage < 1.0 { format!("\ncoverage {}", text::percent(slot.coverage)) } else { String::new() };
    let corrected = match slot.left_out {
        Millis(0) => String::new(),
        left_out => format!("\nleft out by corrections: {}", left_out.human()),
    };
    format!("{when}\n{events}{budget}{seen}{corrected}")
}
