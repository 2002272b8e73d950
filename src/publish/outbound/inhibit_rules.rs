//! `inhibit_rules` of Alertmanager for burn alerts. Evenkeel sends one alert of an
//! outage by itself; the rules hold for alerts of several daemons, and for those that
//! were out before the page of the whole began.

use crate::model::slo::family::{FAMILY_LABEL, FamilyRole, PLACE_LABELS, ROLE_LABEL};

/// The rules as a part of Alertmanager's configuration. `external`: names of labels that
/// the daemon adds to its alerts.
pub fn inhibit_rules<'a>(external: impl Iterator<Item = &'a str>) -> String {
    let mut equal: Vec<&str> = [FAMILY_LABEL].into_iter().chain(PLACE_LABELS).collect();
    equal.extend(external.filter(|name| !PLACE_LABELS.contains(name)));
    let equal = equal.join(", ");
    let (whole, part) = (FamilyRole::Whole.as_str(), FamilyRole::Part.as_str());
    format!(
        "\
# Burn alerts of SLOs that are about the same thing carry the same `{FAMILY_LABEL}`.
inhibit_rules:
  # The page of a composite speaks for its components.
  - source_matchers: ['alertname = ErrorBudgetBurn', 'severity = page', '{ROLE_LABEL} = {whole}']
    target_matchers: ['alertname = ErrorBudgetBurn', '{ROLE_LABEL} = {part}']
    equal: [{equal}]
  # A page speaks for tickets about the same burn, and for the budget that it uses up.
  - source_matchers: ['alertname = ErrorBudgetBurn', 'severity = page']
    target_matchers: ['alertname =~ \"ErrorBudget.*\"', 'severity != page']
    equal: [{equal}]
  - source_matchers: ['alertname = ErrorBudgetBurn', 'severity = page']
    target_matchers: ['alertname = ErrorBudgetExhausted']
    equal: [{equal}]
# In `route`, `group_by: [{FAMILY_LABEL}]` puts what is left into one notification.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_daemon_must_be_equal_too() {
        let rules = inhibit_rules(["region", "cluster"].into_iter());
        assert_eq!(rules.matches("equal: [slo_family, team, cluster, group_cluster, region]").count(), 3, "{rules}");
    }
}
