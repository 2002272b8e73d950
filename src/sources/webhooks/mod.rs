//! What other systems push: webhooks of Alertmanager, Grafana's alerting, PagerDuty
//! and Grafana OnCall, Alertmanager's event recorder, and records in a form of our
//! own, as JSON and CSV. Bytes to facts, and who may send them.

mod alertmanager;
pub mod auth;
mod change_words;
mod events;
mod flaw;
mod oncall;
mod pagerduty;
mod records;
mod sender;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use crate::model::labels::{Labels, content_hash, hex};
use crate::model::operations::alert::{Alert, MarkSource};
use crate::model::operations::record::{Record, RecordKind, ReportedChange};
use crate::model::operations::silence::Silence;
use crate::model::time::Timestamp;

pub use flaw::Flaw;
pub use records::{lines_of, statement_key};

/// Records, events or lines of one delivery: what 1 MiB can hold.
const ITEMS_MAX: usize = 20_000;

/// Flaws that are reported of one delivery; the others show once these are fixed.
const FLAWS_MAX: usize = 100;

/// A longer key is kept as its hash.
const KEY_BYTES_MAX: usize = 200;

/// The longest title, link or name of a record.
const TEXT_CHARS_MAX: usize = 500;

/// Event types of one webhook that are named, and the longest name of one.
const EVENT_TYPE_CHARS_MAX: usize = 80;

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Alertmanager's webhook, or that of Grafana's alerting.
    Alertmanager,
    /// Alertmanager's event recorder, one event or a list.
    Events,
    /// PagerDuty's webhook, version 3.
    PagerDuty,
    /// Grafana OnCall's or IRM's outgoing webhook.
    OnCall,
    /// Our own records in JSON, one or a list.
    Json,
    /// Our own records, or events of the event recorder, one in a line.
    JsonLines,
    /// Our own records in CSV with a header.
    Csv,
}

/// An event that no time follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoredEvent {
    /// A kind of event that says nothing of incidents, such as a ping or a note.
    Irrelevant,
    /// A type that nothing here knows.
    Unknown(String),
}

/// What one delivery says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveredFacts {
    pub records: Vec<Record>,
    /// Keys of statements that are withdrawn without being stated again.
    pub withdrawn: Vec<String>,
    pub ignored: Vec<IgnoredEvent>,
    /// Instances of alerts, to be joined to those that are known.
    pub alerts: Vec<Alert>,
    /// Alerts that were held back.
    pub muted: Vec<Muted>,
    pub silences: Vec<Silence>,
    /// Alerts that the sender left out.
    pub truncated: u64,
}

/// An alert that a silence or an inhibition held back at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muted {
    pub labels: Labels,
    pub at: Timestamp,
}

impl DeliveredFacts {
    fn of_record(record: Record) -> DeliveredFacts {
        DeliveredFacts { records: vec![record], ..DeliveredFacts::default() }
    }

    fn irrelevant() -> DeliveredFacts {
        DeliveredFacts { ignored: vec![IgnoredEvent::Irrelevant], ..DeliveredFacts::default() }
    }

    fn unknown(event_type: &str) -> DeliveredFacts {
        let name = event_type.chars().filter(|c| !c.is_control()).take(EVENT_TYPE_CHARS_MAX).collect();
        DeliveredFacts { ignored: vec![IgnoredEvent::Unknown(name)], ..DeliveredFacts::default() }
    }

    fn add(&mut self, other: DeliveredFacts) {
        self.records.extend(other.records);
        self.withdrawn.extend(other.withdrawn);
        self.ignored.extend(other.ignored);
        self.alerts.extend(other.alerts);
        self.muted.extend(other.muted);
        self.silences.extend(other.silences);
        self.truncated = self.truncated.saturating_add(other.truncated);
    }
}

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

/// Through what a body came, and when.
struct Context<'a> {
    source: &'a str,
    now: Timestamp,
    /// What is over before it is not kept.
    since: Timestamp,
    items_max: usize,
    flaws_max: usize,
}

impl Context<'_> {
    /// A record with what every one has.
    fn record(&self, kind: RecordKind, told_by: MarkSource, key: &str, occurred_at: Timestamp) -> Record {
        let key = short_key(key);
        Record {
            source: self.source.to_owned(),
            key,
            kind,
            told_by,
            external_id: String::new(),
            occurred_at,
            estimated: false,
            ended_at: None,
            service: None,
            cluster: None,
            severity: None,
            labels: Labels::new(),
            other_alerts: Vec::new(),
            dedup_key: None,
            merged_into: None,
            change: ReportedChange::default(),
            refs: Vec::new(),
            actor: None,
            human: None,
            withdrawn: false,
            earlier: Vec::new(),
            received_at: self.now,
        }
    }
}

/// A key of bounded length.
fn short_key(key: &str) -> String {
    match key.len() <= KEY_BYTES_MAX {
        true => key.to_owned(),
        false => hex(&content_hash([key.as_bytes()])),
    }
}

/// The key under which Alertmanager's integrations page for a group of alerts.
fn group_hash(group_key: &str) -> String {
    hex(&Sha256::digest(group_key.as_bytes()))
}

/// Texts that are not empty, cut to a length that can be shown.
fn shown_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let cut = |text: &str| text.chars().take(TEXT_CHARS_MAX).collect();
    texts.into_iter().filter(|text| !text.trim().is_empty()).map(cut).collect()
}

fn shown_text(text: &str) -> Option<String> {
    shown_texts([text]).pop()
}
