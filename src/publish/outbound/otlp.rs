//! OTLP over HTTP with protobuf: results as metrics with the exact moment they
//! were judged at, and this process' own traces and logs. The only place that
//! knows OpenTelemetry.

mod receiver;
mod results;
mod telemetry;
#[cfg(test)]
mod tests;

use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use prost::Message;

use crate::evaluate::review::snapshot::Snapshot;
use crate::model::time::Timestamp;
use crate::net::error::shown;
use crate::net::{Endpoint, Http};

pub use receiver::{Identity, OtlpError};
use receiver::{PROTOBUF, client};
pub use results::requests;
pub use telemetry::{BoxedLayer, Telemetry, telemetry};

/// Pushes results.
#[derive(Clone, Debug)]
pub struct ResultPusher {
    http: Http,
    identity: Identity,
    /// When counting began: the start of the cumulative counters.
    started_at: Timestamp,
}

impl ResultPusher {
    /// Fails when TLS cannot be set up or a header cannot be sent.
    pub fn new(destination: &Endpoint, identity: Identity, started_at: Timestamp) -> Result<Self, OtlpError> {
        Ok(ResultPusher { http: client(destination)?, identity, started_at })
    }

    /// Pushes one snapshot, in as many requests as its size asks for; nothing
    /// before the first evaluation. Stops at the first failure.
    pub async fn push(&self, snapshot: &Snapshot) -> Result<(), OtlpError> {
        for request in requests(snapshot, &self.identity, self.started_at) {
            self.post(&request).await?;
        }
        Ok(())
    }

    async fn post(&self, request: &ExportMetricsServiceRequest) -> Result<(), OtlpError> {
        let answer = self.http.post(&["v1", "metrics"], PROTOBUF, request.encode_to_vec()).await?;
        // Receivers that answer with nothing, or with JSON, accepted it all.
        let decoded = ExportMetricsServiceResponse::decode(answer.bytes.as_slice());
        match decoded.ok().and_then(|answer| answer.partial_success) {
            Some(partial) if partial.rejected_data_points > 0 => {
                Err(OtlpError::Rejected { points: partial.rejected_data_points, reason: shown(&partial.error_message) })
            }
            _ => Ok(()),
        }
    }
}
