//! The first page where no SLO is defined: an example, and the commands that come next.

use maud::{Markup, html};

use crate::evaluate::review::snapshot::Snapshot;
use crate::publish::web::parts::components;

/// The status page has all.
const FINDINGS_MAX: usize = 10;

const EXAMPLE: &str = r#"apiVersion: evenkeel/v1
kind: SLO
metadata:
  name: checkout-availability
  service: checkout
  labels: {team: shop}
spec:
  description: Checkouts that do not fail.
  objective: 99.9%
  windows: [30d]
  indicator:
    ratio:
      bad: http_requests_total{job="checkout",code=~"5.."}
      total: http_requests_total{job="checkout"}
"#;

pub(super) fn body(snapshot: &Snapshot) -> Markup {
    html! {
        h1 { "No SLOs are defined yet" }
        p.lead { "An SLO says how much of what a service does must succeed. Three steps lead to the first one:" }
        section {
            h2 { "1. Write a definition" }
            p { "Save this as " code { "slos/checkout.yaml" } ", with the metric and the labels of a service of yours:" }
            pre tabindex="0" role="region" aria-label="Example of a definition" { code { (EXAMPLE) } }
        }
        section {
            h2 { "2. Check it" }
            pre { code { "evenkeel check slos/" } }
            p { "It names each problem with its place and what to write. With " code { "--prometheus URL" } " it also asks whether the series exist." }
        }
        section {
            h2 { "3. Start with it" }
            pre { code { "evenkeel run --prometheus http://prometheus:9090 --definitions slos/" } }
            p { "A daemon that runs with that directory already reads new files within half a minute. " a href="/status" { "Status" } " shows its sources." }
        }
        @if !snapshot.findings.is_empty() {
            section {
                h2 { "Findings" }
                ul.findings { @for finding in snapshot.findings.iter().take(FINDINGS_MAX) { (components::finding(finding)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EXAMPLE;

    #[test]
    fn the_example_is_a_definition() {
        let (slos, problems) = crate::definitions::parse(EXAMPLE, "slos/checkout.yaml");
        assert_eq!((slos.len(), problems), (1, Vec::new()));
    }
}
