//! Who pushes, to whom, and what can fail on the way.

use crate::net::{Endpoint, EndpointError, Http, HttpError};

/// What a receiver may answer; answers of OTLP have a few bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024;

pub(crate) const PROTOBUF: &str = "application/x-protobuf";

/// Who speaks, on everything that is pushed.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    pub version: &'static str,
    /// Tells replicas apart; empty where there is none.
    pub instance: String,
    /// External labels of the configuration.
    pub labels: Vec<(String, String)>,
}

#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error("the OTLP receiver did not accept a push: {0}")]
    Failed(#[from] HttpError),
    #[error("the OTLP receiver rejected {points} points: {reason}")]
    Rejected { points: i64, reason: String },
    #[error("OTLP could not be set up: {0}")]
    Setup(String),
    #[error("the last traces and logs were not pushed: {0}")]
    Shutdown(String),
}

impl From<EndpointError> for OtlpError {
    fn from(error: EndpointError) -> Self {
        OtlpError::Setup(error.to_string())
    }
}

/// The client of a receiver, whose address is the base of all kinds of data.
pub(crate) fn client(destination: &Endpoint) -> Result<Http, EndpointError> {
    Http::new(&Endpoint { body_limit_bytes: ANSWER_BYTES_MAX, ..destination.clone() })
}
