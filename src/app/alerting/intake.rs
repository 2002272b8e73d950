//! What is pushed, from the bytes to the store: authenticated, read, joined to what
//! is known, and durable before it is answered.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

use super::storing::store;
use crate::app::runtime::facts::{FactStore, fault};
use crate::config::Webhook;
use crate::evaluate::review::finding::Finding;
use crate::model::kinds::WebhookKind;
use crate::model::operations::record::Record;
use crate::model::time::Timestamp;
use crate::net::Secret;
use crate::publish::answers::{
    Credentials, Delivery, DeliveryOutcome, DeliveryRefused, Received, WebhookStatus, WithdrawalRefused,
};
use crate::sources::webhooks::auth::{self, Doubt};
use crate::sources::webhooks::{DeliveredFacts, Form, IgnoredEvent, read};
use crate::store::{Batch, Store, StoreError, UsedSignature};

/// Types of unknown events that are remembered, of all webhooks.
const UNKNOWN_TYPES_MAX: usize = 100;

/// Records of a file that are stored at once: a commit a few times a second.
const PART_RECORDS: usize = 1_000;

/// The webhooks, shared by all that accept deliveries.
pub struct Intake {
    webhooks: Vec<Arc<Webhook>>,
    /// By webhook and outcome.
    counts: Mutex<BTreeMap<(String, DeliveryOutcome), u64>>,
    truncated: Mutex<BTreeMap<String, u64>>,
    last_accepted: Mutex<BTreeMap<String, Timestamp>>,
    /// Events of unknown types, by webhook and type.
    unknown_events: Mutex<BTreeMap<(String, String), u64>>,
    /// One at a time: what is known is read before more is written. Whoever
    /// joins alerts to the known ones holds it.
    pub joining: tokio::sync::Mutex<()>,
}

impl Intake {
    pub fn new(webhooks: Vec<Webhook>) -> Intake {
        Intake {
            webhooks: webhooks.into_iter().map(Arc::new).collect(),
            counts: Mutex::default(),
            truncated: Mutex::default(),
            last_accepted: Mutex::default(),
            unknown_events: Mutex::default(),
            joining: tokio::sync::Mutex::default(),
        }
    }

    /// Whether a token of the webhook is shown. Where it does not exist, the tokens of
    /// another one are compared in vain, so that the time says nothing of names.
    pub fn has_token(&self, name: &str, credentials: &Credentials) -> bool {
        let named = self.webhooks.iter().find(|r| r.name == name && r.kind != WebhookKind::PagerDuty);
        let Some(webhook) = named.or(self.webhooks.first()) else { return false };
        let is_right = auth::token(credentials.authorization.as_deref(), &revealed(&webhook.tokens)).is_ok();
        let is_signed = credentials.pagerduty_signature.is_some() || credentials.signature.is_some();
        let is_shown = is_right && named.is_some();
        // It is refused unread, so `receive` will not count it.
        if !is_shown && !is_signed && self.webhooks.iter().any(|webhook| webhook.name == name) {
            self.count(name, DeliveryOutcome::Unauthorized);
        }
        is_shown
    }

    fn count(&self, name: &str, outcome: DeliveryOutcome) {
        *locked(&self.counts).entry((name.to_owned(), outcome)).or_default() += 1;
    }

    pub async fn receive(
        &self,
        facts: &FactStore,
        name: String,
        delivery: Delivery,
        (now, since): (Timestamp, Timestamp),
    ) -> Result<Received, DeliveryRefused> {
        let Some(webhook) = self.webhooks.iter().find(|r| r.name == name) else {
            return Err(DeliveryRefused::Unauthorized);
        };
        let received = self.take(facts, Arc::clone(webhook), delivery, (now, since)).await;
        let outcome = match &received {
            Ok(received) if received.is_ignored() => DeliveryOutcome::Ignored,
            Ok(received) if received.is_duplicate() => DeliveryOutcome::Duplicate,
            Ok(_) => DeliveryOutcome::Accepted,
            Err(DeliveryRefused::Unauthorized) => DeliveryOutcome::Unauthorized,
            Err(DeliveryRefused::ExpiredSignature) => DeliveryOutcome::ExpiredSignature,
            Err(DeliveryRefused::Duplicate) => DeliveryOutcome::Duplicate,
            Err(DeliveryRefused::Invalid(_)) => DeliveryOutcome::Invalid,
            Err(DeliveryRefused::NotStored(_)) => DeliveryOutcome::Failed,
        };
        self.count(&name, outcome);
        if let Ok(received) = &received {
            let mut truncated = locked(&self.truncated);
            let sum = truncated.entry(name.clone()).or_default();
            // The sender says how many, and may say anything.
            *sum = sum.saturating_add(received.truncated);
            locked(&self.last_accepted).insert(name, now);
        }
        received
    }

    async fn take(
        &self,
        facts: &FactStore,
        webhook: Arc<Webhook>,
        delivery: Delivery,
        (now, since): (Timestamp, Timestamp),
    ) -> Result<Received, DeliveryRefused> {
        let name = webhook.name.clone();
        // Reads secrets from files, and up to a megabyte of body.
        let opening = tokio::task::spawn_blocking(move || open(&webhook, &delivery, (now, since)));
        let (told, used) = opening.await.map_err(|e| DeliveryRefused::NotStored(fault(&e.into())))??;
        self.note_unknown(&name, &told.ignored);
        let _one_at_a_time = self.joining.lock().await;
        store(facts, name, told, used, now).await
    }

    /// Withdraws a statement that is stored.
    pub async fn withdraw(
        &self,
        facts: &FactStore,
        source: String,
        key: String,
        now: Timestamp,
    ) -> Result<(), WithdrawalRefused> {
        let _one_at_a_time = self.joining.lock().await;
        let failed = |error: anyhow::Error| WithdrawalRefused::NotStored(fault(&error));
        let before = facts.read(move |reader| reader.find_record(&source, &key)).await;
        let before = before.and_then(|before| Ok(before?)).map_err(failed)?;
        let before = before.filter(Record::is_statement).ok_or(WithdrawalRefused::Unknown)?;
        let later = Record { withdrawn: true, received_at: now, ..before.clone() };
        let Some(record) = before.replaced_by(&later) else { return Ok(()) };
        let batch = Batch { records: vec![record], recorded_at: now, ..Batch::default() };
        facts.write(batch).await.map_err(failed)
    }

    /// Counts events of unknown types.
    fn note_unknown(&self, webhook: &str, ignored: &[IgnoredEvent]) {
        let mut unknown = locked(&self.unknown_events);
        for event in ignored {
            let IgnoredEvent::Unknown(name) = event else { continue };
            let key = (webhook.to_owned(), name.clone());
            if unknown.len() < UNKNOWN_TYPES_MAX || unknown.contains_key(&key) {
                *unknown.entry(key).or_default() += 1;
            }
        }
    }

    /// A finding for each type of event that nothing here knows.
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |((webhook, name), n): (&(String, String), &u64)| {
            Finding::other(
                webhook.clone(),
                format!("unknown event type `{name}`: {n} deliveries were not used"),
                "leave the event out of the webhook's subscription, or send what it says as `records`".to_owned(),
            )
        };
        locked(&self.unknown_events).iter().map(finding).collect()
    }

    pub fn status(&self) -> Vec<WebhookStatus> {
        let (counts, truncated) = (locked(&self.counts), locked(&self.truncated));
        let last_accepted = locked(&self.last_accepted);
        let status = |webhook: &Arc<Webhook>| {
            let name = &webhook.name;
            let count = |outcome| counts.get(&(name.clone(), outcome)).copied().unwrap_or_default();
            WebhookStatus {
                name: name.clone(),
                kind: webhook.kind,
                deliveries: DeliveryOutcome::ALL.map(|outcome| (outcome, count(outcome))).to_vec(),
                truncated_alerts: truncated.get(name).copied().unwrap_or_default(),
                last_accepted: last_accepted.get(name).copied(),
            }
        };
        self.webhooks.iter().map(status).collect()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a delivery says, and the signature that is used up by it, if it has one.
fn open(
    webhook: &Webhook,
    delivery: &Delivery,
    (now, since): (Timestamp, Timestamp),
) -> Result<(DeliveredFacts, Option<UsedSignature>), DeliveryRefused> {
    let signature = believe(webhook, delivery, now)?;
    let told = read(form(webhook.kind, &delivery.content_type), &webhook.name, &delivery.body, now, since);
    let mut told = told.map_err(|f| DeliveryRefused::Invalid(f.iter().map(ToString::to_string).collect()))?;
    for record in &mut told.records {
        let known_as = record.service.as_ref().and_then(|service| webhook.service_names.get(service));
        record.service = known_as.cloned().or(record.service.take());
    }
    Ok((told, signature.map(|signature| UsedSignature { receiver: webhook.name.clone(), signature })))
}

/// Whether a delivery comes from who it should; the signature that is used up
/// by it, if it has one.
fn believe(webhook: &Webhook, delivery: &Delivery, now: Timestamp) -> Result<Option<String>, DeliveryRefused> {
    let (tokens, secrets) = (revealed(&webhook.tokens), revealed(&webhook.secrets));
    let Credentials { authorization, pagerduty_signature, signature } = &delivery.credentials;
    let believed = match (webhook.kind, signature) {
        (WebhookKind::PagerDuty, _) => {
            auth::signed(pagerduty_signature.as_deref(), &delivery.body, &secrets).map(|()| None)
        }
        (WebhookKind::Records, Some(header)) => auth::stamped(Some(header), &delivery.body, &secrets, now).map(Some),
        _ => auth::token(authorization.as_deref(), &tokens).map(|()| None),
    };
    believed.map_err(|doubt| match doubt {
        Doubt::Wrong => DeliveryRefused::Unauthorized,
        Doubt::Late => DeliveryRefused::ExpiredSignature,
    })
}

/// Those that can be read now; one that cannot is told in the log.
fn revealed(secrets: &[Secret]) -> Vec<SecretString> {
    let reveal = |secret: &Secret| secret.reveal().inspect_err(|reason| tracing::error!(reason, "a secret is missing"));
    secrets.iter().filter_map(|secret| reveal(secret).ok()).collect()
}

fn form(kind: WebhookKind, content_type: &str) -> Form {
    match (kind, content_type) {
        (WebhookKind::Alertmanager, _) => Form::Alertmanager,
        (WebhookKind::PagerDuty, _) => Form::PagerDuty,
        (WebhookKind::OnCall, _) => Form::OnCall,
        (WebhookKind::Events | WebhookKind::Records, "application/x-ndjson" | "application/jsonl") => Form::JsonLines,
        (WebhookKind::Events, _) => Form::Events,
        (WebhookKind::Records, "text/csv") => Form::Csv,
        (WebhookKind::Records, _) => Form::Json,
    }
}

/// Takes what files say into the store of a directory, in parts; `done` is called
/// with how many records there were so far.
pub async fn import(
    dir: &Path,
    source: &str,
    told: Vec<DeliveredFacts>,
    now: Timestamp,
    done: impl Fn(usize),
) -> anyhow::Result<Received> {
    anyhow::ensure!(Store::exists(dir), "no store found in {}; `evenkeel run` creates it", dir.display());
    let facts = FactStore::open(dir).map_err(|error| match error {
        StoreError::Locked { .. } => anyhow::anyhow!(
            "a running evenkeel has the store in {}; push to one of its webhooks, or stop it first",
            dir.display()
        ),
        other => other.into(),
    })?;
    let mut sum = Received::default();
    let mut stored = 0;
    for mut file in told {
        let records = std::mem::take(&mut file.records);
        // What is withdrawn may be stated in the same file.
        let withdrawn = std::mem::take(&mut file.withdrawn);
        let parts = records.chunks(PART_RECORDS).map(<[Record]>::to_vec);
        let parts = parts.map(|records| DeliveredFacts { records, ..DeliveredFacts::default() });
        let withdrawn = DeliveredFacts { withdrawn, ..DeliveredFacts::default() };
        for part in std::iter::once(file).chain(parts).chain([withdrawn]) {
            stored += part.records.len();
            sum.add(&store(&facts, source.to_owned(), part, None, now).await?);
            done(stored);
        }
    }
    facts.close().await?;
    Ok(sum)
}
