//! Who may change anything over HTTP.

use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};

use crate::model::labels::content_hash;
use crate::publish::http::plumbing::problem::Problem;

/// Who may change corrections, and times of incidents, over HTTP.
#[derive(Clone, Debug)]
pub enum Writes {
    /// Nobody: whoever can reach the port could take an outage out of a report.
    Refused,
    /// Whoever reaches the port; for a server that listens on this machine only.
    /// Requests that a page of a browser makes are refused.
    Local,
    /// Who knows the token.
    Token(SecretString),
}

impl Writes {
    /// Whether a request may change anything, or why not.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match self {
            Writes::Refused => Err(Problem::forbidden("nothing can be changed over the API here")
                .hint("set `write_token_file` in the configuration, listen on 127.0.0.1, or write a definition file")),
            // Browsers send the origin with every request that changes something.
            Writes::Local if headers.contains_key(header::ORIGIN) => {
                Err(Problem::forbidden("pages of a browser may not change anything"))
            }
            Writes::Local => Ok(()),
            Writes::Token(token) => {
                let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                let sent = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
                // Hashes take the same time to compare however much is right.
                let hash = |text: &str| content_hash([text.as_bytes()]);
                let right = hash(sent.trim()) == hash(token.expose_secret());
                right.then_some(()).ok_or_else(|| {
                    Problem::forbidden("authentication failed: missing or invalid token")
                        .hint("send `Authorization: Bearer TOKEN`")
                })
            }
        }
    }
}
