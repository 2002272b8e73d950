//! Routes and inhibitions of Alertmanager for alerts of SLOs, whether the daemon sends
//! them or generated rules do.

use std::collections::{BTreeMap, BTreeSet};

use super::inhibit_rules::inhibit_rules;
use crate::model::slo::family::{FAMILY_LABEL, PLACE_LABELS};
use crate::model::slo::{AlertTier, Slo};

/// A configuration that Alertmanager takes as it is: copy `route` and `inhibit_rules`,
/// and name your receivers. `external`: names of labels that the daemon adds.
pub fn routing(slos: &[Slo], external: &[&str]) -> String {
    let mut places: Vec<&str> = PLACE_LABELS.to_vec();
    places.extend(external.iter().copied().filter(|name| !PLACE_LABELS.contains(name)));
    let group_by: Vec<&str> = [FAMILY_LABEL].into_iter().chain(places.iter().copied()).collect();
    let mut out = format!(
        "\
# Routes and inhibitions for alerts of SLOs, written by `evenkeel generate alertmanager`. Copy `route`
# and `inhibit_rules` into your configuration, and put your own receivers in place of `slo-...`.
route:
  receiver: default
  routes:
    # Every alert of an SLO carries `slo`, `service`, `{FAMILY_LABEL}` and `severity`.
    - matchers: ['slo != \"\"']
      # One notification for the alerts of one outage.
      group_by: [{}]
      group_wait: 30s
      group_interval: 5m
      repeat_interval: 4h
      receiver: slo-ticket
      routes:
        - matchers: ['severity = page']
          receiver: slo-page
        - matchers: ['severity = info']
          repeat_interval: 1d
          receiver: slo-info
receivers:
  - name: default
  - name: slo-page
  - name: slo-ticket
  - name: slo-info
",
        group_by.join(", ")
    );
    out.push_str(&inhibit_rules(external.iter().copied()));
    let equal: Vec<&str> = ["slo"].into_iter().chain(places).collect();
    out.push_str("  # Of the tiers of one SLO the fastest speaks: rules, unlike the daemon, send all that fire.\n");
    for (slo, source, targets) in tier_inhibitions(slos) {
        let of_slo = slo.map_or_else(String::new, |slo| format!("'slo = {slo}', "));
        let targets = targets.into_iter().collect::<Vec<_>>().join("|");
        out.push_str(&format!(
            "  - source_matchers: [{of_slo}'alertname = ErrorBudgetBurn', 'tier = {source}']\n    target_matchers: \
             [{of_slo}'alertname = ErrorBudgetBurn', 'tier =~ \"{targets}\"']\n    equal: [{}]\n",
            equal.join(", ")
        ));
    }
    out
}

/// SLO, tier, and the tiers that it speaks for; without an SLO for all that have them.
/// Two tiers that speak for each other in different SLOs would silence both, so these
/// are named with their SLO.
fn tier_inhibitions(slos: &[Slo]) -> Vec<(Option<&str>, &str, BTreeSet<&str>)> {
    let mut pairs: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for slo in slos {
        let window = slo.first_window().nominal_length();
        let rank = |tier: &AlertTier| (tier.severity, tier.factor(window));
        for tier in &slo.alerts.tiers {
            for other in slo.alerts.tiers.iter().filter(|other| rank(other) < rank(tier)) {
                pairs.entry((&tier.name, &other.name)).or_default().push(&slo.name);
            }
        }
    }
    let mut rules: BTreeMap<(Option<&str>, &str), BTreeSet<&str>> = BTreeMap::new();
    for ((source, target), of) in &pairs {
        if pairs.contains_key(&(*target, *source)) {
            of.iter().for_each(|slo| {
                rules.entry((Some(slo), source)).or_default().insert(target);
            });
        } else {
            rules.entry((None, source)).or_default().insert(target);
        }
    }
    rules.into_iter().map(|((slo, source), targets)| (slo, source, targets)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::slo;

    #[test]
    fn faster_tiers_speak_for_slower_ones() {
        let standard = Slo {
            alerts: crate::model::slo::AlertPolicy { tiers: AlertTier::standard(), ..slo("a").alerts },
            ..slo("a")
        };
        let text = routing(std::slice::from_ref(&standard), &["region"]);
        assert!(text.contains(
            "'tier = fast']\n    target_matchers: ['alertname = ErrorBudgetBurn', 'tier =~ \"creeping|medium|slow\"']"
        ));
        assert!(text.contains("equal: [slo, team, cluster, group_cluster, region]"), "{text}");
        // The same names in another order.
        let mut other = standard.clone();
        other.name = "b".to_owned();
        other.alerts.tiers.iter_mut().for_each(|tier| {
            tier.name = match tier.name.as_str() {
                "fast" => "medium".to_owned(),
                "medium" => "fast".to_owned(),
                same => same.to_owned(),
            };
        });
        let rules = tier_inhibitions(std::slice::from_ref(&standard)).len();
        assert_eq!(rules, 3);
        let mixed = [standard, other];
        let of_slo: Vec<_> = tier_inhibitions(&mixed).into_iter().filter(|(slo, ..)| slo.is_some()).collect();
        assert_eq!(of_slo, [(Some("a"), "fast", ["medium"].into()), (Some("b"), "medium", ["fast"].into())]);
    }
}
