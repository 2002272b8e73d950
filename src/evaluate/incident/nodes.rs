//! Which nodes an alert is about.

use crate::model::operations::alert::Alert;
use crate::model::operations::subject::exporters::NODES;

/// What may be the name of a node in the labels of an alert: that which names one,
/// and the target of an exporter on it, with and without its port.
pub fn named_nodes(alert: &Alert) -> impl Iterator<Item = &str> {
    let named = NODES.iter().find_map(|label| alert.labels.get(label));
    named.into_iter().chain(alert.labels.get("instance")).flat_map(|value| {
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let host = value.rsplit_once(':').filter(|(_, port)| is_port(port)).map(|(host, _)| host);
        [Some(value), host].into_iter().flatten()
    })
}
