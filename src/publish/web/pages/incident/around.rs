//! The time around an incident: how long before and after it is shown, and the errors and
//! the traffic of the SLO that lost most.

use std::sync::Arc;

use maud::{Markup, html};

use crate::evaluate::review::result::Review;
use crate::evaluate::review::snapshot::Snapshot;
use crate::evaluate::slo::status::HistorySlot;
use crate::model::operations::change::Change;
use crate::model::operations::incident::{Episode, Incident};
use crate::model::slo::Slo;
use crate::model::time::{Millis, Period, Timestamp};
use crate::publish::http::plumbing::query::step_for;
use crate::publish::web::charts::picture::Size;
use crate::publish::web::charts::series::{Moment, Pointer, Series};
use crate::publish::web::charts::traffic::{cut, errors_and_traffic};
use crate::publish::web::charts::values;
use crate::publish::web::parts::{components, text};

/// At least so much is shown on both sides of an incident, to see what was usual.
const LEAST: Millis = Millis::from_mins(30);
/// And at most so much: what a chart of weeks shows is not the incident.
const MOST: Millis = Millis::from_days(2);

/// What is shown around an incident, and in which steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub period: Period,
    pub step: Millis,
}

impl Around {
    /// Half of its length on both sides, up to now.
    pub fn of(incident: &Incident, now: Timestamp) -> Option<Around> {
        let (start, end) = (incident.start()?, incident.end().unwrap_or(now));
        let margin = Millis((end - start).0 / 2).max(LEAST).min(MOST);
        let period = Period::new((start - margin).floor_slot(), (end + margin).min(now).floor_slot());
        (!period.is_empty()).then(|| Around { period, step: step_for(period) })
    }
}

/// The SLO that lost most of its budget in an incident; without one, the first of its
/// service.
pub(super) fn most_hurt(incident: &Incident, review: &Review, snapshot: &Snapshot) -> Option<Arc<Slo>> {
    let own = review.episodes.iter().filter(|episode| incident.episodes.contains(&episode.id));
    let worst = own.max_by(|a: &&Episode, b| a.budget_burned_ratio.total_cmp(&b.budget_burned_ratio));
    let named = worst.and_then(|worst| snapshot.slos.iter().find(|one| one.slo.name == worst.slo));
    let of_service = || snapshot.slos.iter().find(|one| one.slo.service == incident.service);
    named.or_else(of_service).map(|one| Arc::clone(&one.slo))
}

/// The chart, with the incident and the changes marked.
pub(super) fn chart(
    incident: &Incident,
    (slo, slots): (&Slo, &[HistorySlot]),
    around: Around,
    changes: &[Change],
    now: Timestamp,
) -> Markup {
    let Some(start) = incident.start() else { return html! {} };
    let whole = Period::new(start, incident.end().unwrap_or(now));
    let title = format!("The incident, {}, {}", text::short_moment(start), whole.length().human());
    let pointers = [Pointer { period: whole, title, href: String::new() }];
    let moment = |change: &Change| {
        let when = text::short_moment(change.started_at);
        Moment {
            at: change.started_at,
            title: text::clean(&format!("{when}: {}, {}", change.kind.word(), change.summary)),
        }
    };
    let changes: Vec<Moment> = changes.iter().map(moment).collect();
    let series = Series {
        period: around.period,
        step: around.step,
        slots,
        pointers: &pointers,
        changes: &changes,
        left_out: &[],
        even: None,
    };
    let allowed = slo.objective.allowed_bad_ratio();
    html! {
        figure {
            figcaption {
                h2 { "Errors and traffic of " a href={ "/slos/" (text::segment(&slo.name)) } { (components::user(&slo.name)) } }
                span.legend {
                    span.key.spent { "bad ratio in " (around.step.compact()) }
                    @if let Some(cut) = cut(&series, allowed) { span.muted { "cut at " (text::chosen(cut)) } }
                    span.key.allowed { "allowed " (text::chosen(allowed)) }
                    span.key.incident { "incident" }
                    @if !changes.is_empty() { span.key.change { "change" } }
                    @if !series.unknown().is_empty() { span.key.unknown { "not observed" } }
                }
            }
            @if series.is_known() {
                @for size in [Size::Desk, Size::Phone] {
                    @if let Some(picture) = errors_and_traffic(&series, allowed, size) { (picture) }
                }
                (values::values(&series))
            } @else {
                (components::empty("Nothing was observed around this incident."))
            }
        }
    }
}
