//! The sentences of findings.

use super::finding_text::FindingText;
use super::{sli_problems, store_problems};
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::kinds::SourceKind;
use crate::model::time::{Millis, Timestamp};

/// The text of a finding.
pub fn text(finding: &Finding) -> FindingText {
    text_of(&finding.subject, &finding.kind)
}

/// The text of what was found about a subject.
pub fn text_of(subject: &str, kind: &FindingKind) -> FindingText {
    match kind {
        FindingKind::Sli(problem) => sli_problems::text(problem),
        FindingKind::SourceDown { kind, error } => FindingText::new(
            format!("source `{subject}` unreachable: {error}"),
            match kind {
                SourceKind::Alertmanager => {
                    "burn alerts do not reach it, and its alerts and silences are unknown, until it recovers; check its \
                     address and credentials in `alertmanagers`"
                }
                SourceKind::Kubernetes => {
                    "changes and events of the cluster are unknown until it recovers; check the account and the network"
                }
                SourceKind::Prometheus | SourceKind::Demo => {
                    "SLOs that read from it are unknown until it recovers; check its address and credentials in `sources`"
                }
            },
        ),
        FindingKind::UnmatchedRecords { records, services } => {
            let of = if services.is_empty() { String::new() } else { format!(" (services: {})", services.join(", ")) };
            FindingText::new(
                format!("{records} records match no incident{of}"),
                "map the names of their services in `webhooks[].service_names`; /api/v1/records lists all records",
            )
        }
        FindingKind::UnreadableSilence { id, matcher } => FindingText::new(
            format!(
                "silence {id} has the pattern `{matcher}`, which Evenkeel cannot read: pages that it suppresses count as \
                 planned only where Alertmanager lists them as suppressed"
            ),
            "recreate the silence with a simpler or shorter matcher",
        ),
        FindingKind::AccessDenied { denied } => FindingText::new(
            format!(
                "the API server does not allow to {}; manual changes there are not seen as evidence that somebody acted on a page",
                denied.join(", or to ")
            ),
            "give this account the rules of deploy/rbac.yaml; it is tried again every half minute",
        ),
        FindingKind::ClockAhead { now, measured } => FindingText::new(
            format!(
                "no measurement is newer than {measured}, and this machine's clock says {now}: nothing is removed from \
                 the store until a newer one comes"
            ),
            "compare `date -u` on this machine with another one; if the clock is right, look at why the sources have no \
             new samples",
        ),
        FindingKind::NeedsRestart { settings } => FindingText::new(
            format!("the configuration changed and is not in force: {}", settings.join(", ")),
            "restart the daemon; a reload applies definitions only",
        ),
        FindingKind::Store(problem) => store_problems::text(problem),
        FindingKind::ClockMoved { by } => FindingText::new(
            format!(
                "this machine's clock moved {} by {}: it was set, or the machine was suspended",
                if by.0 < 0 { "back" } else { "ahead" },
                Millis(by.0.abs()).human()
            ),
            "nothing, if the clock is right now: what happened meanwhile is read from the sources; if it moves again, look at \
             its time synchronisation",
        ),
        FindingKind::Paused { length } => FindingText::new(
            format!("nothing was done for {}: the process was stopped, or had no processor time", length.human()),
            "nothing, if it was meant: what happened meanwhile is read from the sources, and alerts of that time came late",
        ),
        FindingKind::ClockApart { ahead } => FindingText::new(
            format!(
                "this machine's clock is {} {} that of source `{subject}`; {}",
                Millis(ahead.0.abs()).human(),
                if ahead.0 < 0 { "behind" } else { "ahead of" },
                if ahead.0 < 0 { "alerts come late" } else { "the time of the source is used to read from it" },
            ),
            "synchronise the clocks of both machines (`date -u` shows them)",
        ),
        FindingKind::UnmappedRule { labels } => FindingText::new(
            format!(
                "no label of the alert {subject} names a service, so its incidents belong to none; it has {labels}"
            ),
            "name the service with a rule under `alerts.service`, or give the alert a label `service`",
        ),
        FindingKind::UnknownSeverity { severity, rules } => FindingText::new(
            format!("unknown severity `{severity}`; alerts that have it count as tickets: {}", rules.join(", ")),
            format!("define it with `alerts: {{severity: {{{severity}: page}}}}`, or ticket, or info"),
        ),
        FindingKind::LostOverride { author, time, at } => FindingText::new(
            format!(
                "{author} set its time `{}` to {}, and no incident of that service overlaps it any more",
                time.word(),
                at.map(Timestamp::rfc3339).unwrap_or_default()
            ),
            "set the time of the incident that it is about, or withdraw this one",
        ),
        FindingKind::Other { message, hint } => FindingText::new(message, hint),
        FindingKind::TaskFailed { at, message } => FindingText::new(
            format!("the task `{subject}` panicked at {at} and was started again: {message}"),
            "this is a fault of Evenkeel: report it with the log lines before it; restart the daemon if the task keeps \
             failing",
        ),
    }
}
