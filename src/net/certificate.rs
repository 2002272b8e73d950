//! Why a TLS handshake failed, in words that say what to change. The messages of
//! the TLS library name its own types.

use std::error::Error as _;

use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError};

use super::error::shown;
use crate::model::time::Timestamp;

/// What is behind a failed request, if it was TLS.
pub(super) fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        // An input/output error has the real one inside, and calls only the cause
        // of that its source.
        let inside = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = inside.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| cause.source());
    }
    None
}

/// One sentence about a server and its certificate.
pub(super) fn explain(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(why) => certificate(why),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not speak TLS on this port; does its address begin with http://?".to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server requires a client certificate, which Evenkeel does not have".to_owned()
        }
        other => shown(&other.to_string()),
    }
}

fn certificate(why: &CertificateError) -> String {
    let at = |seconds: u64| i64::try_from(seconds).map(|s| Timestamp::from_millis(s.saturating_mul(1_000)).rfc3339());
    match why {
        CertificateError::UnknownIssuer => {
            "the server's certificate is self-signed, or signed by an authority that is not trusted; \
             name the certificate of that authority in `ca_file`"
                .to_owned()
        }
        CertificateError::Other(other) if is_authority(other) => {
            "the server's certificate is that of an authority (self-signed, CA:TRUE), which no server may use; \
             issue a server certificate (CA:FALSE), and name the authority in `ca_file`"
                .to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the server's certificate expired at {}", at(not_after.as_secs()).unwrap_or_default())
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the server's certificate is not valid before {}", at(not_before.as_secs()).unwrap_or_default())
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = if presented.is_empty() { "no name".to_owned() } else { presented.join(", ") };
            format!("the server's certificate is for {}, not for `{}`", shown(&names), expected.to_str())
        }
        other => format!("the server's certificate is invalid: {}", shown(&other.to_string())),
    }
}

fn is_authority(other: &OtherError) -> bool {
    other.0.downcast_ref::<webpki::Error>() == Some(&webpki::Error::CaUsedAsEndEntity)
}
