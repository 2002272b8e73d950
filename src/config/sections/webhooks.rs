//! Who may push facts to the daemon, and how each proves who it is. Must not
//! know what is pushed.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::contents::Webhook;
use crate::config::layers::{Reading, path, readable_path};
use crate::model::kinds::WebhookKind;
use crate::net::Secret;
use crate::yaml::fields::At;
use crate::yaml::words::{dns_label, label_value, one_of};

/// Webhooks of one daemon: a few tools, each for some teams.
const WEBHOOKS_MAX: usize = 64;
/// Secrets of one webhook: the old one, the new one, and room.
const SECRETS_MAX: usize = 16;
const SERVICES_MAX: usize = 10_000;

pub(crate) fn webhooks(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<Webhook>> {
    let Some(at) = at else {
        return Some(Vec::new());
    };
    let items = at.items(&mut reading.source, WEBHOOKS_MAX)?;
    let mut names = BTreeSet::new();
    let mut webhooks = Vec::new();
    for item in &items {
        let Some(webhook) = webhook(item, reading) else { continue };
        if !names.insert(webhook.name.clone()) {
            let message = format!("two webhooks are named `{}`", webhook.name);
            item.error(&mut reading.source, message, Some("the name is the path that is posted to".to_owned()));
        }
        webhooks.push(webhook);
    }
    (webhooks.len() == items.len()).then_some(webhooks)
}

fn webhook(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<Webhook> {
    let mut fields = at.fields(&mut reading.source)?;
    let name_at = fields.required("name", &mut reading.source, "for example `pagerduty`; posts go to /in/pagerduty");
    let kind_at =
        fields.required("type", &mut reading.source, "`alertmanager`, `events`, `pagerduty`, `oncall` or `records`");
    let (tokens_at, secrets_at) = (fields.optional("token_files"), fields.optional("secret_files"));
    let service_names_at = fields.optional("service_names");
    fields.finish(&mut reading.source);
    let name = name_at.and_then(|at| at.parse(&mut reading.source, dns_label));
    let kind = kind_at.and_then(|at| {
        at.parse(&mut reading.source, |text| one_of(text, &WebhookKind::ALL.map(|kind| (kind.word(), kind))))
    });
    let tokens = files(tokens_at, reading);
    let secrets = files(secrets_at, reading);
    let service_names = service_names_at.map_or(Some(BTreeMap::new()), |at| service_names(&at, reading));
    let (kind, tokens, secrets) = (kind?, tokens?, secrets?);
    let complaint = match kind {
        WebhookKind::PagerDuty if secrets.is_empty() || !tokens.is_empty() => {
            Some(("PagerDuty signs what it sends", "name the secrets of its webhook as `secret_files`, and no tokens"))
        }
        WebhookKind::Records if secrets.is_empty() && tokens.is_empty() => {
            Some(("nothing tells who may push", "name `token_files` or `secret_files`"))
        }
        WebhookKind::Alertmanager | WebhookKind::Events | WebhookKind::OnCall
            if tokens.is_empty() || !secrets.is_empty() =>
        {
            Some(("this tool sends a token and signs nothing", "name `token_files`, and no secrets"))
        }
        _ => None,
    };
    if let Some((message, hint)) = complaint {
        at.error(&mut reading.source, message, Some(hint.to_owned()));
        return None;
    }
    Some(Webhook { name: name?, kind, tokens, secrets, service_names: service_names? })
}

fn files(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<Secret>> {
    let Some(at) = at else {
        return Some(Vec::new());
    };
    let (directory, readable) = (reading.directory.clone(), reading.surroundings.readable);
    let items = at.items(&mut reading.source, SECRETS_MAX)?;
    let read = |item: &At<'_>| {
        item.parse(&mut reading.source, |text| readable_path(&directory.join(path(text)?), readable)).map(Secret::File)
    };
    let read: Vec<Option<Secret>> = items.iter().map(read).collect();
    read.into_iter().collect()
}

fn service_names(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<BTreeMap<String, String>> {
    let before = reading.source.errors();
    let mut services = BTreeMap::new();
    for entry in at.entries(&mut reading.source, SERVICES_MAX)? {
        let value = at.entry(entry).parse(&mut reading.source, label_value);
        services.insert(entry.key.clone(), value.unwrap_or_default());
    }
    (reading.source.errors() == before).then_some(services)
}
