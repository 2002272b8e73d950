//! How alerts are read: which labels name the service, which word is how urgent,
//! who is notified, and what counts as an incident.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::alert::ReceiverState;
use super::change::{Change, ObjectRef};
use super::severity::SeverityWords;
use super::subject::known::KnownServices;
use super::subject::{Subject, SubjectRules};
use crate::model::labels::Labels;
use crate::model::labels::selector::Matcher;
use crate::model::slo::Severity;

/// What is left out of the incidents where no setting says otherwise: a burn that
/// nobody was paged for and that cost less than this share of the budget. A month
/// could hold a hundred of them before the budget is gone.
pub const INCIDENT_FLOOR_DEFAULT: f64 = 0.01;

/// The settings of `alerts:`.
#[derive(Clone, Debug, Default)]
pub struct AlertSettings {
    pub subjects: SubjectRules,
    pub severity: SeverityWords,
    pub scope: IncidentScope,
    pub receivers: Receivers,
    pub floor: IncidentFloor,
}

/// What tells two installations of one service apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncidentScope {
    /// The cluster, and the namespace where the service is named by an object of
    /// one.
    #[default]
    Auto,
    /// The cluster and the namespace.
    Namespace,
    Cluster,
    /// The service is one, wherever it runs.
    Service,
}

impl IncidentScope {
    pub const WORDS: [(&str, IncidentScope); 4] = [
        ("auto", IncidentScope::Auto),
        ("namespace", IncidentScope::Namespace),
        ("cluster", IncidentScope::Cluster),
        ("service", IncidentScope::Service),
    ];

    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, scope)| *scope == self).map_or("auto", |(word, _)| word)
    }
}

/// Which receivers of Alertmanager notify somebody.
#[derive(Clone, Debug, Default)]
pub struct Receivers {
    /// If there are any, only these interrupt somebody.
    pub paging: Vec<Matcher>,
    /// These notify nobody.
    pub silent: Vec<Matcher>,
}

impl Receivers {
    /// Whether a notification of this receiver interrupts somebody.
    pub fn interrupts(&self, receiver: &str) -> bool {
        let named = |receivers: &[Matcher]| receivers.iter().any(|m| m.matches_value(receiver));
        (self.paging.is_empty() || named(&self.paging)) && !named(&self.silent)
    }
}

/// What a burn must cost to be an incident although nobody was paged for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IncidentFloor {
    /// Share of the budget of the SLO's first window.
    pub budget_ratio: f64,
}

impl Default for IncidentFloor {
    fn default() -> Self {
        IncidentFloor { budget_ratio: INCIDENT_FLOOR_DEFAULT }
    }
}

/// The settings, and the names that are known beside them.
#[derive(Clone, Debug, Default)]
pub struct AlertContext {
    pub settings: Arc<AlertSettings>,
    pub known: Arc<KnownServices>,
}

impl AlertContext {
    pub fn subject(&self, labels: &Labels) -> Subject {
        self.settings.subjects.subject(labels, &self.known)
    }

    /// The service of an object of the cluster, as of an alert about it.
    pub fn service_of(&self, object: &ObjectRef) -> Option<String> {
        self.settings.subjects.service_of(object, &self.known)
    }

    /// Changes with the services that alerts about their objects have.
    pub fn changes_of(&self, mut changes: Vec<Change>) -> Vec<Change> {
        for change in changes.iter_mut().filter(|change| !change.service.is_empty()) {
            change.service = self.service_of(&change.object).unwrap_or(std::mem::take(&mut change.service));
        }
        changes
    }

    /// Whether a notification of this receiver interrupts somebody: by the settings,
    /// else whether it has an integration.
    fn interrupts(&self, receiver: &str) -> bool {
        let receivers = &self.settings.receivers;
        let is_empty = receivers.paging.is_empty() && self.known.silent_receivers.contains(receiver);
        receivers.interrupts(receiver) && !is_empty
    }

    /// Whether an alert was sent to somebody before anything held it back.
    pub fn was_sent(&self, receivers: &BTreeMap<String, ReceiverState>) -> bool {
        receivers.iter().any(|(name, state)| *state == ReceiverState::Sent && self.interrupts(name))
    }

    /// Whether an alert with these receivers interrupts nobody. `false` where no
    /// receiver is known.
    pub fn reaches_nobody(&self, receivers: &BTreeMap<String, ReceiverState>) -> bool {
        let is_quiet =
            |(name, state): (&String, &ReceiverState)| *state == ReceiverState::Muted || !self.interrupts(name);
        !receivers.is_empty() && receivers.iter().all(is_quiet)
    }

    /// The severity by the words in force; `stored` where the labels have none.
    pub fn severity(&self, labels: &Labels, stored: Severity) -> Severity {
        let words = &self.settings.severity;
        if words.word(labels).is_some() { words.severity(labels) } else { stored }
    }
}
