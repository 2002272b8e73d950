//! Rules of Prometheus for the present definitions: error ratios over the lookbacks of
//! each SLO's tiers, and alerts on them. They estimate with `rate` what the daemon
//! counts, and serve where it does not run.

mod examples;
mod expressions;
mod group;
#[cfg(test)]
mod tests;
mod text;
mod unit_tests;

use crate::model::slo::Slo;
use crate::model::slo::family::Families;

use group::{RuleGroup, group_of};

/// For whom the rules are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFormat {
    /// A file for `rule_files` of Prometheus.
    Prometheus,
    /// A resource of the Prometheus operator for each SLO.
    PrometheusRule,
    /// A namespace for `mimirtool rules sync`.
    Mimir,
}

/// Rules in one group that Mimir takes where nothing else is configured.
const MIMIR_RULES_MAX: usize = 20;

/// What the definitions come to.
#[derive(Debug)]
pub struct GeneratedRules {
    pub text: String,
    /// Names and texts of files: the rules of each SLO, and their unit tests for
    /// `promtool test rules`.
    pub tests: Vec<(String, String)>,
    /// SLOs that rules cannot say, with the reason.
    pub left_out: Vec<(String, String)>,
    /// SLOs without a unit test, with the reason.
    pub untested: Vec<(String, String)>,
}

pub fn generate(slos: &[Slo], format: RuleFormat) -> GeneratedRules {
    let families = Families::of(slos);
    let (mut groups, mut left_out, mut untested) = (Vec::new(), Vec::new(), Vec::new());
    let mut tests = Vec::new();
    for slo in slos {
        match group_of(slo, &families) {
            Ok(group) => {
                match unit_tests::of_slo(slo, &group) {
                    Ok(cases) => {
                        let (rules, test) = (format!("{}.rules.yml", slo.name), format!("{}.test.yml", slo.name));
                        tests.push((test, text::unit_tests((&rules, unit_tests::moment(slo)), &cases)));
                        tests.push((rules, text::groups(std::slice::from_ref(&group), 0)));
                    }
                    Err(reason) => untested.push((slo.name.clone(), reason)),
                }
                groups.push(group);
            }
            Err(reason) => left_out.push((slo.name.clone(), reason)),
        }
    }
    let header = text::header(&left_out);
    let text = match format {
        RuleFormat::Prometheus => format!("{header}{}", text::groups(&groups, 0)),
        RuleFormat::Mimir => {
            let groups: Vec<RuleGroup> = groups.into_iter().flat_map(|group| group.split(MIMIR_RULES_MAX)).collect();
            format!("{header}namespace: evenkeel\n{}", text::groups(&groups, 0))
        }
        RuleFormat::PrometheusRule => format!("{header}{}", resources(&groups)),
    };
    GeneratedRules { text, tests, left_out, untested }
}

/// One resource for each SLO, as a single one of many could be too large to store.
fn resources(groups: &[RuleGroup]) -> String {
    let one = |group: &RuleGroup| {
        format!(
            "---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {}\n  labels:\n    \
             app.kubernetes.io/managed-by: evenkeel\nspec:\n{}",
            group.name,
            text::groups(std::slice::from_ref(group), 2)
        )
    };
    groups.iter().map(one).collect()
}
