//! How a body came, and what every record of it has: keys and texts of bounded length.

use sha2::{Digest, Sha256};

use crate::model::labels::{Labels, content_hash, hex};
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{Record, RecordKind, ReportedChange};
use crate::model::time::Timestamp;

/// A longer key is kept as its hash.
const KEY_BYTES_MAX: usize = 200;

/// The longest title, link or name of a record.
const TEXT_CHARS_MAX: usize = 500;

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

/// Through what a body came, and when.
pub(super) struct Context<'a> {
    pub source: &'a str,
    pub now: Timestamp,
    /// What is over before it is not kept.
    pub since: Timestamp,
    pub items_max: usize,
    pub flaws_max: usize,
}

impl Context<'_> {
    /// A record with what every one has.
    pub(super) fn record(&self, kind: RecordKind, told_by: MarkSource, key: &str, occurred_at: Timestamp) -> Record {
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
pub(super) fn short_key(key: &str) -> String {
    match key.len() <= KEY_BYTES_MAX {
        true => key.to_owned(),
        false => hex(&content_hash([key.as_bytes()])),
    }
}

/// The key under which Alertmanager's integrations page for a group of alerts.
pub(super) fn group_hash(group_key: &str) -> String {
    hex(&Sha256::digest(group_key.as_bytes()))
}

/// Texts that are not empty, cut to a length that can be shown.
pub(super) fn shown_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let cut = |text: &str| text.chars().take(TEXT_CHARS_MAX).collect();
    texts.into_iter().filter(|text| !text.trim().is_empty()).map(cut).collect()
}

pub(super) fn shown_text(text: &str) -> Option<String> {
    shown_texts([text]).pop()
}
