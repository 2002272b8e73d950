//! What the tests of this room have in common.

use std::sync::Arc;

use crate::definitions;
use crate::model::slo::Slo;

/// The SLO `checkout` over 30 days, with this objective; `more` goes below `spec`.
pub fn checkout(objective: &str, more: &str) -> Arc<Slo> {
    let text = format!(
        "
apiVersion: evenkeel/v1
kind: SLO
metadata: {{name: checkout, service: checkout}}
spec:
  objective: {objective}
  windows: [30d]
  indicator: {{ratio: {{bad: 'http_requests_total{{code=\"500\"}}', total: http_requests_total}}}}
{more}"
    );
    let (mut slos, problems) = definitions::parse(&text, "checkout.yaml");
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(slos.remove(0))
}
