//! What can go wrong when another system is asked, in the classes that callers
//! treat differently. Every text is safe to show: no credentials, no queries.

use crate::model::time::Millis;

/// Why a request brought nothing. In every case nothing is known; none of it is
/// zero.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No answer came: name, connection, TLS, time. Try again later.
    #[error("cannot reach {url}: {reason}")]
    Unreachable { url: String, reason: String },
    /// Our own credential cannot be read or sent.
    #[error("cannot authenticate at {url}: {reason}")]
    Credential { url: String, reason: String },
    /// The question was understood and refused. Asking again will not help.
    #[error("{url} refuses the request (status {status}{}): {message}", kind_text(.kind))]
    Refused { url: String, status: u16, kind: String, message: String },
    /// It would answer at another time: 429 or 5xx.
    #[error("{url} cannot answer now (status {status}{}): {message}", kind_text(.kind))]
    Overloaded { url: String, status: u16, kind: String, message: String, retry_after: Option<Millis> },
    /// A part of the data behind the source was missing: the answer must not be
    /// taken for known.
    #[error("{url} answers with a part of its data only: {}", .warnings.join("; "))]
    Partial { url: String, warnings: Vec<String> },
    /// More than we are willing to hold. Ask for less.
    #[error("the answer of {url} is too large: {limit}")]
    TooLarge { url: String, limit: String },
    /// An answer that is not in the format it should have.
    #[error("the answer of {url} cannot be read: {reason}")]
    BadResponse { url: String, reason: String },
}

fn kind_text(kind: &str) -> String {
    if kind.is_empty() { String::new() } else { format!(", {kind}") }
}

/// Words by which Prometheus, Thanos, Mimir and VictoriaMetrics say that a query is
/// beyond their limits.
const LIMITS: [&str; 6] = ["too many", "limit", "exceed", "too large", "not enough memory", "cannot process more"];

impl HttpError {
    /// Whether the same question over a shorter period may be answered: too many
    /// samples for the source's limits or for ours, or too slow.
    pub fn asks_too_much(&self) -> bool {
        match self {
            HttpError::TooLarge { .. } => true,
            HttpError::Refused { status: 413, .. } => true,
            // The same status as that of a query which can never be evaluated.
            HttpError::Refused { status: 422, message, .. } => {
                let message = message.to_lowercase();
                LIMITS.iter().any(|limit| message.contains(limit))
            }
            HttpError::Refused { .. } => false,
            HttpError::Overloaded { kind, .. } => kind == "timeout",
            HttpError::Unreachable { .. }
            | HttpError::Credential { .. }
            | HttpError::Partial { .. }
            | HttpError::BadResponse { .. } => false,
        }
    }

    /// Whether it took too long: more questions for less would not make it faster.
    pub fn is_slow(&self) -> bool {
        matches!(self, HttpError::Overloaded { .. })
    }

    /// Whether the source limits how many series a query reads, so that a shorter
    /// period would not help.
    pub fn limits_series(&self) -> bool {
        let (HttpError::Refused { message, .. } | HttpError::TooLarge { limit: message, .. }) = self else {
            return false;
        };
        let message = message.to_lowercase();
        self.asks_too_much() && ["series", "unique"].iter().any(|word| message.contains(word))
    }

    /// What the source says of a query that it understood and refused.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            HttpError::Refused { status: 400 | 422 | 200, message, .. } => Some(message),
            _ => None,
        }
    }

    /// The server does not know what was asked for.
    pub fn is_not_found(&self) -> bool {
        matches!(self, HttpError::Refused { status: 404, .. })
    }

    /// How long the source asks to be left alone.
    pub fn retry_after(&self) -> Option<Millis> {
        match self {
            HttpError::Overloaded { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// One word of a closed set, for a label or a column.
    pub fn word(&self) -> &'static str {
        match self {
            HttpError::Unreachable { .. } => "unreachable",
            HttpError::Credential { .. } => "credential",
            HttpError::Refused { .. } => "refused",
            HttpError::Overloaded { .. } => "overloaded",
            HttpError::Partial { .. } => "partial",
            HttpError::TooLarge { .. } => "too-large",
            HttpError::BadResponse { .. } => "bad-response",
        }
    }
}

/// How much of a foreign text is shown in a message.
const SHOWN_CHARS_MAX: usize = 200;

/// A foreign text that may stand in a message or a log: one line, no control
/// characters, cut to a bearable length.
pub fn shown(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.trim().chars().enumerate() {
        if i == SHOWN_CHARS_MAX {
            out.push('…');
            break;
        }
        if is_harmless(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// Not a control character, nor one that turns the direction of the text around.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_on_one_line_and_short() {
        assert_eq!(shown("  a\nb\x1b[31m\u{202e}c "), "a\\u{a}b\\u{1b}[31m\\u{202e}c");
        let long = shown(&"ü".repeat(1000));
        assert_eq!(long.chars().count(), 201);
    }

    #[test]
    fn messages_name_who_and_why() {
        let error = HttpError::Refused {
            url: "http://p/".into(),
            status: 422,
            kind: "execution".into(),
            message: "too many samples".into(),
        };
        assert_eq!(error.to_string(), "http://p/ refuses the request (status 422, execution): too many samples");
        assert!(error.asks_too_much() && !error.limits_series());
        let refused = |message: &str| HttpError::Refused {
            url: "http://p/".into(),
            status: 422,
            kind: "execution".into(),
            message: message.into(),
        };
        for series in [
            "the query exceeded the maximum number of series (limit: 500 series) (err-mimir-max-series-per-query)",
            "the number of matching timeseries exceeds 300; either narrow down the search or increase the limit",
        ] {
            assert!(refused(series).limits_series(), "{series}");
        }
        assert!(!refused("many-to-many matching not allowed: matching labels must be unique").asks_too_much());
        let error = HttpError::Partial { url: "http://p/".into(), warnings: vec!["a".into(), "b".into()] };
        assert_eq!(error.to_string(), "http://p/ answers with a part of its data only: a; b");
        assert!(!error.asks_too_much());
    }
}
