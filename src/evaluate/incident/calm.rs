//! What the SLOs of a service say of a time in which none of its budget burned. Only
//! one that was observed and had events shows that nobody was hurt: without requests
//! nothing can fail, and what was not observed may have.

use super::episodes::SloBurn;
use super::incidents::LEAD;
use super::incidents::place::Place;
use crate::model::operations::alert_settings::IncidentScope;
use crate::model::time::{Millis, Period};

/// An SLO that was observed for less than this share of the time may have burned
/// unseen.
const OBSERVED_MIN: f64 = 0.9;

/// An SLO that had events in less than this share of the time says nothing: its users
/// were away, or nothing of theirs arrived.
const BUSY_MIN: f64 = 0.5;

/// Whether an SLO is usually observed shows in this time before.
const USUAL: Millis = Millis::from_days(1);

/// What is known of a time without a burn.
#[derive(Clone, Debug, PartialEq)]
pub enum Calm<'a> {
    /// Nobody was hurt, as these SLOs show.
    Known(Vec<&'a str>),
    /// The service has no SLO.
    NoSlo,
    /// Its SLOs are all of another place.
    Elsewhere,
    /// This one was observed for so small a share of the time.
    Unobserved(&'a str, f64),
    /// They had too few events.
    Idle(Vec<&'a str>),
}

/// What the SLOs of a service say of an alert or incident in a place. `burns`: those of
/// the service. What corrections leave out counts as observed and busy: planned work
/// hurts nobody.
pub fn calm<'a>(burns: &[&'a SloBurn], place: Place<'_>, scope: IncidentScope, time: Period) -> Calm<'a> {
    if burns.is_empty() {
        return Calm::NoSlo;
    }
    let here: Vec<&'a SloBurn> = burns.iter().copied().filter(|burn| burn.is_at(place, scope)).collect();
    if here.is_empty() {
        return Calm::Elsewhere;
    }
    let time = Period::new(time.start, time.end.max(time.start));
    let around = Period::new(time.start - LEAD, time.end);
    let (seen, unseen): (Vec<&SloBurn>, Vec<&SloBurn>) =
        here.iter().partition(|burn| observed(burn, around) >= OBSERVED_MIN);
    // Its source was down just then.
    let before = Period::new(time.start - USUAL, around.start);
    let lost = unseen.iter().find(|burn| observed(burn, before) >= OBSERVED_MIN);
    let best = || unseen.iter().max_by(|a, b| observed(a, around).total_cmp(&observed(b, around)));
    if let Some(burn) = lost.or_else(|| best().filter(|_| seen.is_empty())) {
        return Calm::Unobserved(&burn.slo, observed(burn, around));
    }
    let (busy, idle): (Vec<&SloBurn>, Vec<&SloBurn>) = seen.iter().partition(|burn| busy(burn, time) >= BUSY_MIN);
    let names = |burns: Vec<&'a SloBurn>| burns.into_iter().map(|burn| burn.slo.as_str()).collect();
    if busy.is_empty() { Calm::Idle(names(idle)) } else { Calm::Known(names(busy)) }
}

/// The share of a period that was observed, or left out.
fn observed(burn: &SloBurn, period: Period) -> f64 {
    burn.coverage(period) + excluded(burn, period)
}

/// The share of a period with events, or left out.
fn busy(burn: &SloBurn, period: Period) -> f64 {
    burn.busy_share(period) + excluded(burn, period)
}

fn excluded(burn: &SloBurn, period: Period) -> f64 {
    burn.left_out.length_within(period).0 as f64 / period.length().0.max(1) as f64
}
