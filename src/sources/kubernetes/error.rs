//! What can go wrong with an API server, in the classes that need different
//! answers: refused, unreachable, unintelligible. Texts are for the operator and
//! say what to do. Must not print what a server or a file may hold as a secret.

use std::fmt;
use std::time::Duration;

use kube::client::AuthError;
use kube::config::KubeconfigError;

/// Characters that are quoted of what a server said.
const SAID_CHARS_MAX: usize = 500;

/// Why the cluster cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig or the in-cluster credentials cannot be used.
    #[error("no access to Kubernetes: {0}")]
    Config(String),
    /// The API server does not know the caller.
    #[error(
        "the API server does not accept the credentials: {0}; \
         check that the token or certificate is of this cluster and has not expired"
    )]
    Unauthorized(String),
    /// The API server knows the caller but does not let it read.
    #[error("{}", forbidden(.0))]
    Forbidden(Vec<Denied>),
    /// No answer, a broken answer, or an answer that asks to come back later.
    #[error("the API server cannot be reached: {0}")]
    Unreachable(String),
    /// Whatever answers does not speak the Kubernetes API as expected.
    #[error("the API server gave an answer that cannot be used: {0}")]
    Answer(String),
}

impl ClusterError {
    /// Whether only a change of credentials or permissions helps.
    pub fn is_refusal(&self) -> bool {
        matches!(self, ClusterError::Config(_) | ClusterError::Unauthorized(_) | ClusterError::Forbidden(_))
    }
}

/// A permission that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub verb: &'static str,
    /// The API group; empty for the core group.
    pub api_group: &'static str,
    pub resource: &'static str,
    /// `None` for the whole cluster.
    pub namespace: Option<String>,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.api_group.is_empty() {
            write!(f, " of {}", self.api_group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => f.write_str(" in all namespaces"),
        }
    }
}

/// What is read of a cluster, by the API groups that serve it.
const RULES: [(&str, &[&str]); 4] = [
    ("\"\", \"events.k8s.io\"", &["events"]),
    ("\"apps\"", &["deployments", "replicasets", "statefulsets", "daemonsets"]),
    ("\"batch\"", &["cronjobs", "jobs"]),
    ("\"\"", &["nodes"]),
];

/// Names all that is missing, and the rules that give it.
fn forbidden(denied: &[Denied]) -> String {
    let missing: Vec<String> = denied.iter().map(ToString::to_string).collect();
    let role = match denied.iter().any(|d| d.namespace.is_none()) {
        true => "ClusterRole",
        false => "Role",
    };
    let mut text = format!(
        "the API server does not allow to {}; add to a {role} that is bound to this account \
         (deploy/rbac.yaml has it all):",
        missing.join(", to ")
    );
    for (groups, readable) in RULES {
        let resources = denied.iter().filter(|d| readable.contains(&d.resource));
        let resources: Vec<String> = resources.map(|d| format!("\"{}\"", d.resource)).collect();
        if !resources.is_empty() {
            text.push_str(&format!(
                "\n  - apiGroups: [{groups}]\n    resources: [{}]\n    verbs: [\"get\", \"list\", \"watch\"]",
                resources.join(", ")
            ));
        }
    }
    text
}

/// How one request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// 401 or 403.
    Refused(Refusal),
    /// 404: the API server has no such resource.
    Absent,
    /// The answer was larger than allowed.
    TooLarge,
    /// Any other answer with an error.
    Answered { code: u16, said: String, retry_after: Option<Duration> },
    /// No answer, or one that broke off.
    Unreachable(String),
    /// An answer that is not of the API.
    Nonsense(String),
}

#[derive(Debug)]
pub(super) enum Refusal {
    Unauthorized(String),
    Forbidden,
}

impl Failure {
    pub(super) fn of_status(status: &kube::core::Status) -> Failure {
        let said = clip(&status.message);
        match status.code {
            401 => Failure::Refused(Refusal::Unauthorized(said)),
            403 => Failure::Refused(Refusal::Forbidden),
            404 => Failure::Absent,
            code => {
                let secs = status.details.as_ref().map_or(0, |d| d.retry_after_seconds);
                let retry_after = (secs > 0).then(|| Duration::from_secs(secs.into()));
                Failure::Answered { code, said, retry_after }
            }
        }
    }

    pub(super) fn of_request(error: kube::Error) -> Failure {
        match error {
            kube::Error::Api(status) => Failure::of_status(&status),
            kube::Error::Auth(auth) => Failure::Refused(Refusal::Unauthorized(auth_text(&auth))),
            // The service in front of the connection wraps what happens in it.
            kube::Error::Service(inner) => match inner.downcast::<kube::Error>() {
                Ok(inner) => Failure::of_request(*inner),
                Err(inner) => match inner.downcast_ref::<AuthError>() {
                    Some(auth) => Failure::Refused(Refusal::Unauthorized(auth_text(auth))),
                    None => Failure::Unreachable(chain(inner.as_ref())),
                },
            },
            other => Failure::Unreachable(chain(&other)),
        }
    }

    /// The error to report for a request to `verb` the resource.
    pub(super) fn into_error(self, denied: impl FnOnce() -> Denied) -> ClusterError {
        match self {
            Failure::Refused(Refusal::Unauthorized(said)) => ClusterError::Unauthorized(said),
            Failure::Refused(Refusal::Forbidden) => ClusterError::Forbidden(vec![denied()]),
            Failure::Absent => ClusterError::Answer(format!("it has no resource {}", denied().resource)),
            Failure::TooLarge => ClusterError::Answer("it is too large".to_owned()),
            Failure::Answered { code, said, .. } => ClusterError::Unreachable(format!("it answers {code}: {said}")),
            Failure::Unreachable(why) => ClusterError::Unreachable(why),
            Failure::Nonsense(why) => ClusterError::Answer(why),
        }
    }
}

/// The text of a kubeconfig's error, without the lines of the file that the
/// parser quotes.
pub(super) fn kubeconfig_text(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(yaml) => match yaml.location() {
            Some(at) => format!("it is not valid at line {}, column {}", at.line(), at.column()),
            None => "it is not valid YAML of a kubeconfig".to_owned(),
        },
        other => chain(other),
    }
}

/// The text of an error of authentication, without the output of a credential
/// plugin, which may hold a token.
fn auth_text(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, out } => {
            format!("the credential plugin `{}` failed with {}", clip(cmd), out.status)
        }
        AuthError::AuthExecParse(_) => "the credential plugin's output is not an ExecCredential".to_owned(),
        other => chain(other),
    }
}

/// An error with its causes, each said once.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    clip(&text)
}

/// One line of bounded length.
fn clip(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(resource: &'static str, api_group: &'static str) -> Denied {
        Denied { verb: "list", api_group, resource, namespace: None }
    }

    #[test]
    fn a_refusal_names_each_missing_permission_and_the_rules_to_add() {
        let all = [("events", "events.k8s.io"), ("deployments", "apps"), ("replicasets", "apps"), ("nodes", "")];
        let text = ClusterError::Forbidden(all.map(|(resource, group)| denied(resource, group)).to_vec()).to_string();
        assert_eq!(
            text,
            "the API server does not allow to list events of events.k8s.io in all namespaces, to list deployments \
             of apps in all namespaces, to list replicasets of apps in all namespaces, to list nodes in all \
             namespaces; add to a ClusterRole that is bound to this account (deploy/rbac.yaml has it all):\n\
             \x20 - apiGroups: [\"\", \"events.k8s.io\"]\n    resources: [\"events\"]\n    \
             verbs: [\"get\", \"list\", \"watch\"]\n\
             \x20 - apiGroups: [\"apps\"]\n    resources: [\"deployments\", \"replicasets\"]\n    \
             verbs: [\"get\", \"list\", \"watch\"]\n\
             \x20 - apiGroups: [\"\"]\n    resources: [\"nodes\"]\n    verbs: [\"get\", \"list\", \"watch\"]"
        );
        let narrow = Denied { namespace: Some("shop".to_owned()), ..denied("events", "") };
        let text = ClusterError::Forbidden(vec![narrow]).to_string();
        assert!(text.contains("list events in namespace shop; add to a Role that"), "{text}");
    }

    #[test]
    fn answers_fall_into_their_classes() {
        let status = |code| kube::core::Status::failure("no", "reason").with_code(code);
        assert!(matches!(Failure::of_status(&status(401)), Failure::Refused(Refusal::Unauthorized(_))));
        assert!(matches!(Failure::of_status(&status(403)), Failure::Refused(Refusal::Forbidden)));
        assert!(matches!(Failure::of_status(&status(404)), Failure::Absent));
        let expired = Failure::of_status(&status(410));
        assert!(matches!(expired, Failure::Answered { code: 410, retry_after: None, .. }));
        assert!(ClusterError::Forbidden(vec![]).is_refusal());
        assert!(!expired.into_error(|| denied("events", "")).is_refusal());
    }

    #[test]
    fn a_broken_kubeconfig_is_not_quoted() {
        let canary = "s3cr3t-canary";
        let yaml = format!("users:\n- name: a\n  user: {{token: {canary}\nclusters: ][");
        let error = kube::config::Kubeconfig::from_yaml(&yaml).unwrap_err();
        let text = kubeconfig_text(&error);
        assert!(!text.contains(canary), "{text}");
        assert!(text.contains("line"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn the_output_of_a_credential_plugin_is_not_quoted() {
        let out = std::process::Command::new("sh").args(["-c", "echo s3cr3t-canary; exit 3"]).output().unwrap();
        let error = AuthError::AuthExecRun { cmd: "get-token".to_owned(), out: Box::new(out) };
        let text = auth_text(&error);
        assert!(text.contains("get-token") && text.contains('3'), "{text}");
        assert!(!text.contains("s3cr3t-canary"), "{text}");
    }
}
