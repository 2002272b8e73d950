//! Figures of an SLO as cells of tables: attainment, burn rate, coverage.

use maud::{Markup, html};

use super::{components, text};
use crate::evaluate::slo::compliance::PRESENT;
use crate::evaluate::slo::status::{BurnRate, Method, SloStatus};

/// Below this coverage a figure is marked: a tenth of the time may hide a whole budget.
const COVERAGE_LOW: f64 = 0.9;

/// Attainment with its likely interval under it where they differ on the page.
pub(crate) fn attainment(status: &SloStatus) -> Markup {
    let ends = status.likely.map(|likely| (text::percent(likely.lo), text::percent(likely.hi)));
    let likely = ends.filter(|(lo, hi)| lo != hi);
    html! {
        @match status.attainment {
            Some(ratio) => (text::percent(ratio)),
            None => (components::absent(status.method)),
        }
        @if let Some((lo, hi)) = &likely {
            div.muted title="where it lies in 95 of 100 cases, with what was not observed" { (lo) " – " (hi) }
        }
    }
}

/// The burn rate of the present.
pub(crate) fn burn(status: &SloStatus) -> Option<f64> {
    present(status).and_then(|burn| burn.rate)
}

fn present(status: &SloStatus) -> Option<&BurnRate> {
    status.burn_rates.iter().find(|burn| burn.lookback == PRESENT)
}

/// The same for people; where only bounds are known, those.
pub(crate) fn burn_now(status: &SloStatus) -> Markup {
    let bounds = present(status).and_then(|burn| burn.lo.zip(burn.hi)).filter(|_| status.method == Method::Interval);
    match (burn(status), bounds) {
        (Some(rate), _) => html! { span.warn[rate > 1.0] { (text::burn(rate)) } },
        (None, Some((lo, hi))) => html! {
            span title="no histogram bound equals the threshold; see the findings" { (text::burn(lo)) " – " (text::burn(hi)) }
        },
        (None, None) => components::absent(status.method),
    }
}

pub(crate) fn coverage(status: &SloStatus) -> Markup {
    html! { span.warn[status.coverage < COVERAGE_LOW] { (text::percent(status.coverage)) } }
}
