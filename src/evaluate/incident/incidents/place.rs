//! What an incident is of, and where: the service, node or rule, and the place that
//! makes it another one.

use crate::model::operations::alert::Alert;
use crate::model::operations::alert_settings::IncidentScope;
use crate::model::operations::subject::Subject;
use crate::model::slo::Slo;

/// What members are grouped by where nothing ties services together: the
/// service, the node of an alert about a node as a whole, or the rule of an alert
/// that names neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key<'a> {
    Service(&'a str),
    Node(&'a str),
    Rule(&'a str),
}

impl<'a> Key<'a> {
    pub fn service(self) -> Option<&'a str> {
        match self {
            Key::Service(service) => Some(service),
            Key::Node(_) | Key::Rule(_) => None,
        }
    }
}

/// Where a service runs, as far as that makes it another one. What is not known is
/// the same place as any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    pub cluster: Option<&'a str>,
    pub namespace: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub fn of_alert(subject: &'a Subject, scope: IncidentScope) -> Place<'a> {
        let (cluster, namespace) = (subject.cluster.as_deref(), subject.namespace.as_deref());
        match scope {
            IncidentScope::Auto => Place { cluster, namespace: namespace.filter(|_| subject.is_namespaced) },
            IncidentScope::Namespace => Place { cluster, namespace },
            IncidentScope::Cluster => Place { cluster, namespace: None },
            IncidentScope::Service => Place::default(),
        }
    }

    pub fn of_slo(slo: &'a Slo, scope: IncidentScope) -> Place<'a> {
        Place::of_names(slo.labels.get("cluster"), slo.labels.get("namespace"), scope)
    }

    /// Where an SLO or an incident is by its labels.
    pub fn of_names(cluster: Option<&'a str>, namespace: Option<&'a str>, scope: IncidentScope) -> Place<'a> {
        match scope {
            IncidentScope::Namespace => Place { cluster, namespace },
            IncidentScope::Auto | IncidentScope::Cluster => Place { cluster, namespace: None },
            IncidentScope::Service => Place::default(),
        }
    }

    /// Whether two places may be one.
    pub fn fits(self, other: Place<'_>) -> bool {
        let same = |a: Option<&str>, b: Option<&str>| a.zip(b).is_none_or(|(a, b)| a == b);
        same(self.cluster, other.cluster) && same(self.namespace, other.namespace)
    }

    pub fn or(self, other: Place<'a>) -> Place<'a> {
        Place { cluster: self.cluster.or(other.cluster), namespace: self.namespace.or(other.namespace) }
    }
}

/// What an alert is grouped by.
pub fn key_of<'a>(alert: &'a Alert, subject: &'a Subject) -> Key<'a> {
    match (&subject.service, &subject.node) {
        (Some(service), _) => Key::Service(service),
        (None, Some(node)) => Key::Node(node),
        (None, None) => Key::Rule(&alert.rule),
    }
}
