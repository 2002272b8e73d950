//! The shop's planned work.

use std::sync::Arc;

use evenkeel::definitions::parse_correction;
use evenkeel::model::operations::correction::Correction;

/// One that is over and one that comes again.
pub fn planned() -> [Arc<Correction>; 2] {
    let document = |name: &str, spec: &str| {
        let head = format!("apiVersion: evenkeel/v1\nkind: Correction\nmetadata: {{name: {name}}}\n");
        parse_correction(&format!(
            "{head}spec: {{{spec}, author: ops@shop.example, reason: 'Upgrade of the <database>.'}}"
        ))
    };
    let once = document(
        "checkout-availability",
        "slos: [search-availability], from: 2026-11-15T01:00, to: 2026-11-15T05:00, timezone: Europe/Berlin",
    );
    let weekly = "labels: {service: billing}, every: FREQ=WEEKLY;BYDAY=SU, start: 2026-01-04T02:00, duration: 2h";
    [once, document("sunday-night", weekly)].map(|made| Arc::new(made.unwrap()))
}
