//! What documents of several files refer to, and files of several formats together.

use std::fs;
use std::path::PathBuf;

use super::{named, tiers};
use crate::definitions::{Loaded, load};

const SLI: &str = "
apiVersion: openslo/v1
kind: SLI
metadata: {name: loaves}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {metricSourceRef: ovens, spec: {query: 'loaves_total{burnt=\"yes\"}'}}}
    total: {metricSource: {metricSourceRef: ovens, spec: {query: loaves_total}}}
";

const SLO: &str = "
apiVersion: openslo/v1
kind: SLO
metadata: {name: kiln}
spec:
  service: bakery
  indicatorRef: loaves
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  objectives: [{target: 0.99}]
  alertPolicies: [{alertPolicyRef: loud}]
";

const ALERTS: &str = "
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: loud}
spec:
  alertWhenBreaching: true
  conditions: [{conditionRef: fast}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: ovens}
spec: {type: Prometheus, connectionDetails: {}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: bakery}
spec: {}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: mill}
spec: {}
";

fn loaded(files: &[(&str, &str)]) -> Loaded {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| dir.path().join(name)).collect();
    paths.iter().zip(files).for_each(|(path, (_, text))| fs::write(path, text).unwrap());
    load(&[dir.path().to_owned()])
}

#[test]
fn references_lead_to_other_files() {
    let loaded = loaded(&[("a-slo.yaml", SLO), ("b-sli.yaml", SLI), ("c-alerts.yaml", ALERTS)]);
    let [slo] = loaded.slos.as_slice() else { panic!("{:?}", loaded.problems) };
    assert_eq!(slo.indicator.to_string(), "bad loaves_total{burnt=\"yes\"} of loaves_total");
    assert_eq!(tiers(slo), ["fast page 14.4 1h/5m"]);
    assert_eq!(
        named(&loaded.problems),
        ["15: DataSource `ovens` has no effect", "20: Service `bakery`, `mill` has no effect"]
    );
}

#[test]
fn what_is_wrong_elsewhere_is_named_where_it_is_used() {
    let other = SLI.replace("loaves_total{burnt", "loaves_total{{burnt");
    let broken = loaded(&[("a.yaml", SLO), ("b.yaml", &other), ("c.yaml", ALERTS)]);
    let errors: Vec<_> = broken.problems.iter().filter(|p| p.is_error()).collect();
    assert!(broken.slos.is_empty() && errors.iter().all(|p| p.file.ends_with("a.yaml") && p.line == 7), "{errors:?}");

    let twice = loaded(&[("a.yaml", SLO), ("b.yaml", SLI), ("c.yaml", ALERTS), ("d.yaml", SLI)]);
    assert!(named(&twice.problems)[0].contains("SLI `loaves` is defined at"), "{:?}", twice.problems);

    let none = loaded(&[("a.yaml", SLO), ("b.yaml", &SLI.replace("loaves}", "loafs}")), ("c.yaml", ALERTS)]);
    let error = none.problems.iter().find(|p| p.is_error()).unwrap();
    assert!(error.message.contains("SLI `loaves` not found") && error.hint.as_ref().unwrap().contains("`loafs`"));
    assert!(named(&none.problems).iter().any(|one| one.contains("SLI `loafs` is not used")), "{:?}", none.problems);
}

#[test]
fn alert_windows_of_sloth_set_the_period_of_its_slos() {
    let windows = |period: &str| {
        format!(
            "apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec:\n  sloPeriod: {period}\n  page:\n    quick: {{errorBudgetPercent: \
             8, shortWindow: 5m, longWindow: 1h}}\n    slow: {{errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}}\n  \
             ticket:\n    quick: {{errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}}\n    slow: {{errorBudgetPercent: 43, \
             shortWindow: 6h, longWindow: 3d}}\n"
        )
    };
    let sloth = "version: prometheus/v1\nservice: press\nslos:\n- {name: sheets, objective: 99.9, sli: {events: {error_query: \
                 'sum(rate(sheets_total{ok=\"no\"}[{{.window}}]))', total_query: 'sum(rate(sheets_total[{{.window}}]))'}}}\n";
    let week = loaded(&[("sloth.yaml", sloth), ("windows.yaml", &windows("7d"))]);
    assert_eq!(week.slos[0].windows[0].to_string(), "7d");
    let rates = ["fast page 13.44 1h/5m", "medium page 3.5 6h/30m", "slow ticket 1.4 1d/2h", "creeping ticket 1 3d/6h"];
    assert_eq!(tiers(&week.slos[0]), rates);
    assert_eq!(named(&week.problems), ["2: all SLOs of Sloth in these files have a window of 7d"]);
    let two = loaded(&[("a.yaml", sloth), ("b.yaml", &windows("7d")), ("c.yaml", &windows("28d"))]);
    assert_eq!(two.slos[0].windows[0].to_string(), "30d");
    assert_eq!(named(&two.problems).iter().filter(|one| one.contains("are not used: there are 2")).count(), 2);
}

#[test]
fn the_examples_of_the_guide_are_read() {
    let guide = include_str!("../../../../docs/guides/migrating.md");
    let blocks: Vec<&str> = guide.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        assert_eq!(super::sound(block).len(), 1, "{block}");
    }
}
