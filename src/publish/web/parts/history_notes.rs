//! What of the past of an SLO is not as the present definition has it: time that
//! is left out, objectives and indicators that were in force before.

use maud::{Markup, html};

use super::text;
use crate::evaluate::slo::status::SloStatus;
use crate::publish::answers::{Generation, seam};
use crate::publish::web::parts::components;

/// What the figures are without the time that corrections leave out, and whose
/// corrections they are.
pub(crate) fn corrected(status: &SloStatus) -> Markup {
    let Some(corrected) = &status.corrected else { return html! {} };
    html! {
        section {
            h2 { "Corrected" }
            p {
                "Without the " (corrected.left_out.human()) " that are left out: attainment "
                (components::known(corrected.attainment.map(text::percent))) ", budget left "
                (components::known(corrected.budget.map(|budget| text::share(budget.remaining_ratio))))
                ". State and alerts go by these figures; everything above is as it was counted."
            }
            ul { @for correction in &corrected.corrections {
                li { b { (components::user(&correction.name)) } ": " (components::user(&correction.reason)) " – " (components::user(&correction.author)) }
            } }
        }
    }
}

/// Which objectives were in force, where it was not the present one all the time.
pub(crate) fn objectives(status: &SloStatus) -> Markup {
    let Some(then) = &status.then else { return html! {} };
    html! {
        section {
            h2 { "The objective has changed" }
            p {
                "All figures above use the current objective. With the objectives that were in force, budget left is "
                (components::known(then.budget.map(|budget| text::share(budget.remaining_ratio))))
                @if then.corrected_budget.is_some() {
                    ", corrected " (components::known(then.corrected_budget.map(|budget| text::share(budget.remaining_ratio))))
                }
                "."
            }
            ul { @for (period, objective) in &then.objectives {
                li { (text::chosen(objective.ratio())) " from " (components::time(period.start)) " to " (components::time(period.end)) " (UTC)" }
            } }
        }
    }
}

/// Where the seam is, if what is counted has changed.
pub(crate) fn changed(generations: &[Generation]) -> Markup {
    html! {
        @if let Some(at) = seam(generations) {
            section {
                h2 { "The SLI definition changed" }
                p {
                    "On " (components::time(at)) " (UTC) the SLI definition changed. Earlier data was recomputed from the source where it was \
                     available; counts by older definitions are kept under their ids."
                }
                ul { @for generation in generations.iter().filter(|g| !g.current) {
                    li { "from " (components::time(generation.active_since)) ": " code { (components::user(&generation.counted)) } }
                } }
            }
        }
    }
}
