//! What tools push to a webhook, who sent it, and what became of it.

use super::store_fault::StoreFault;

/// What the head of a delivery says of its sender.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The header `X-PagerDuty-Signature`.
    pub pagerduty_signature: Option<String>,
    /// The header `X-Evenkeel-Signature`.
    pub signature: Option<String>,
}

/// What was pushed to a webhook, with what shows who sent it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    pub credentials: Credentials,
    /// Without parameters, in small letters.
    pub content_type: String,
    pub body: Vec<u8>,
}

/// What was stored of a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Records that are new.
    pub accepted: usize,
    /// Records that took the place of an earlier statement.
    pub replaced: usize,
    /// Statements that count for nothing any more.
    pub withdrawn: usize,
    /// Records that were stored before, and change nothing.
    pub duplicates: usize,
    /// Events that no time of an incident follows from.
    pub ignored: usize,
    /// Alerts and silences.
    pub facts: usize,
    /// Alerts that the sender left out.
    pub truncated: u64,
}

/// What a delivery is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryOutcome {
    /// Something of it is new.
    Accepted,
    /// All of it was stored before, or its signature was used before.
    Duplicate,
    /// It holds nothing that incidents are made of, such as a note or a ping.
    Ignored,
    Invalid,
    Unauthorized,
    ExpiredSignature,
    /// It could not be stored.
    Failed,
}

impl DeliveryOutcome {
    pub const ALL: [DeliveryOutcome; 7] = [
        DeliveryOutcome::Accepted,
        DeliveryOutcome::Duplicate,
        DeliveryOutcome::Ignored,
        DeliveryOutcome::Invalid,
        DeliveryOutcome::Unauthorized,
        DeliveryOutcome::ExpiredSignature,
        DeliveryOutcome::Failed,
    ];

    pub fn word(self) -> &'static str {
        match self {
            DeliveryOutcome::Accepted => "accepted",
            DeliveryOutcome::Duplicate => "duplicate",
            DeliveryOutcome::Ignored => "ignored",
            DeliveryOutcome::Invalid => "invalid",
            DeliveryOutcome::Unauthorized => "unauthorized",
            DeliveryOutcome::ExpiredSignature => "expired_signature",
            DeliveryOutcome::Failed => "failed",
        }
    }
}

impl Received {
    /// Nothing of it is of use here.
    pub fn is_ignored(&self) -> bool {
        self.ignored > 0 && self.duplicates + self.stored() == 0
    }

    /// Adds what became of another part of the same.
    pub fn add(&mut self, part: &Received) {
        self.accepted += part.accepted;
        self.replaced += part.replaced;
        self.withdrawn += part.withdrawn;
        self.duplicates += part.duplicates;
        self.ignored += part.ignored;
        self.facts += part.facts;
        self.truncated = self.truncated.saturating_add(part.truncated);
    }

    /// All of it was stored before.
    pub fn is_duplicate(&self) -> bool {
        self.duplicates > 0 && self.accepted + self.replaced + self.withdrawn == 0
    }

    fn stored(&self) -> usize {
        self.accepted + self.replaced + self.withdrawn + self.facts
    }
}

/// Why a delivery was rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryRefused {
    /// The webhook does not exist, or the token or the signature is missing or wrong:
    /// the sender does not learn which.
    #[error("authentication failed: unknown webhook, or missing or invalid token or signature")]
    Unauthorized,
    #[error("expired signature: the signed time is more than five minutes from the time of this server")]
    ExpiredSignature,
    #[error("duplicate delivery: its signature was used before, and the delivery is stored")]
    Duplicate,
    /// All problems, with their places.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The cause is for the log.
    #[error("the delivery could not be stored: {0}")]
    NotStored(StoreFault),
}

/// Why a record was not withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawalRefused {
    #[error("record not found: nothing is stated under this source, kind and id")]
    Unknown,
    /// The cause is for the log.
    #[error("the withdrawal could not be stored: {0}")]
    NotStored(StoreFault),
}
