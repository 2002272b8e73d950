//! What other systems push: webhooks of Alertmanager, Grafana's alerting, PagerDuty
//! and Grafana OnCall, Alertmanager's event recorder, and records in a form of our
//! own, as JSON and CSV. Bytes to facts, and who may send them.

mod alertmanager;
pub mod auth;
mod change_words;
mod context;
mod delivered;
mod events;
mod flaw;
mod measurements;
mod oncall;
mod pagerduty;
mod records;
mod sender;
#[cfg(test)]
mod tests;

use context::Context;

use crate::model::time::Timestamp;

pub use context::Form;
pub use delivered::{DeliveredFacts, IgnoredEvent, Muted};
pub use flaw::Flaw;
pub use records::{lines_of, statement_key};

/// Records, events or lines of one delivery: what 1 MiB can hold.
const ITEMS_MAX: usize = 20_000;

/// Flaws that are reported of one delivery; the others show once these are fixed.
const FLAWS_MAX: usize = 100;

/// Reads a body that was received at `now` through `source`: all of it, or with
/// flaws nothing. Records from before `since` are flaws, as they would not be kept.
pub fn read(
    form: Form,
    source: &str,
    body: &[u8],
    now: Timestamp,
    since: Timestamp,
) -> Result<DeliveredFacts, Vec<Flaw>> {
    read_within(form, &Context { source, now, since, items_max: ITEMS_MAX, flaws_max: FLAWS_MAX }, body)
}

/// Reads a file, which may be larger, and finds all of its flaws.
pub fn read_file(form: Form, source: &str, body: &[u8], now: Timestamp) -> Result<DeliveredFacts, Vec<Flaw>> {
    let since = Timestamp::MIN;
    read_within(form, &Context { source, now, since, items_max: usize::MAX, flaws_max: usize::MAX }, body)
}

fn read_within(form: Form, context: &Context<'_>, body: &[u8]) -> Result<DeliveredFacts, Vec<Flaw>> {
    let text = std::str::from_utf8(body).map_err(|error| vec![Flaw::no_text(body, error.valid_up_to())])?;
    // Spreadsheets on Windows write it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match form {
        Form::Alertmanager => alertmanager::read(text, context),
        Form::Events => events::read(text, context),
        Form::PagerDuty => pagerduty::read(text, context),
        Form::OnCall => oncall::read(text, context),
        Form::Json => records::json(text, context),
        Form::JsonLines => records::lines(text, context),
        Form::Csv => records::csv(text, context),
    }
}
