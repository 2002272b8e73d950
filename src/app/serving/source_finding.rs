//! The finding about a source that does not answer: what is unknown meanwhile, and
//! what to check.

use crate::evaluate::review::finding::Finding;

/// What it means that a source does not answer.
pub(super) fn down(name: &str, kind: &str, error: &str) -> Finding {
    let hint = match kind {
        "alertmanager" => {
            "burn alerts do not reach it, and its alerts and silences are unknown, until it recovers; check its address and credentials in `alertmanagers`"
        }
        "kubernetes" => {
            "changes and events of the cluster are unknown until it recovers; check the account and the network"
        }
        _ => "SLOs that read from it are unknown until it recovers; check its address and credentials in `sources`",
    };
    Finding {
        subject: name.to_owned(),
        message: format!("source `{name}` unreachable: {error}"),
        hint: hint.to_owned(),
    }
}
