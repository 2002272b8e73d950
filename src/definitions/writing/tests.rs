//! What is written reads back as what it was made of.

use std::path::PathBuf;

use super::converted::{ConvertedFile, DefinitionForm, converted};
use crate::definitions::{load, parse};
use crate::model::problem::Problem;
use crate::model::slo::Slo;
use crate::model::slo::sli::Sli;

fn shipped(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(text: &str) -> (Vec<Slo>, Vec<Problem>) {
    parse(text, "written.yaml")
}

/// As it is judged: which series an estimate looks for follows from its text.
fn comparable(slo: &Slo) -> Slo {
    let mut slo = slo.clone();
    if let Sli::Estimated { numerator, total, .. } = &mut slo.indicator {
        numerator.selectors.clear();
        total.selectors.clear();
    }
    slo
}

fn same(written: &[ConvertedFile], slos: &[Slo]) {
    let text: String = written.iter().map(|file| format!("{}---\n", file.text)).collect();
    let (read, problems) = read(&text);
    assert!(!problems.iter().any(Problem::is_error), "{problems:?}\n{text}");
    for slo in slos {
        let again = read.iter().find(|one| one.name == slo.name).unwrap_or_else(|| panic!("{} in {text}", slo.name));
        assert_eq!(comparable(again), comparable(slo), "{text}");
        assert_eq!(again.indicator_id(), slo.indicator_id());
    }
}

#[test]
fn our_own_definitions_come_back_as_they_were() {
    let loaded = load(&[shipped("slo-definitions")]);
    assert!(loaded.slos.len() > 20);
    same(&converted(&loaded, DefinitionForm::Evenkeel), &loaded.slos);
}

const EVERYTHING: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata: {name: all, service: press, dependsOn: [paper], labels: {team: "2", note: "a: 'b'"}}
spec:
  description: "Sheets,\nprinted: all."
  objective: 99.95%
  objectiveHistory: [{from: "2026-01-01", objective: 99%}, {from: "2026-02-01", objective: 99.95%}]
  windows: [28d, month, week]
  timezone: Europe/Oslo
  calendar: {weekStart: sunday, fiscalYearStart: april}
  source: main
  indicator: {latency: {histogram: 'print_seconds{job="press"}', threshold: 290ms, unit: us}}
  budgeting: {timeslices: {slice: 5m, target: 95.5%}}
  noData: bad
  groupBy: {labels: [line], max: 7}
  alerts:
    tiers: [{name: fast, severity: page, budget: 14.285714285714286%, long: 4d, short: 6h, labels: {pager: "yes"}}]
    minBadEvents: 0
    coverageFloor: 80%
    missingData: ticket
    labels: {on: call}
    annotations: {runbook: "https://wiki/x?y=1#z"}
  budgetPolicy: [{remaining: 50%, text: "No risk.", owner: press, severity: info}]
"#;

#[test]
fn every_key_is_written() {
    let of = |indicator: &str| {
        EVERYTHING
            .replace("latency: {histogram: 'print_seconds{job=\"press\"}', threshold: 290ms, unit: us}", indicator)
    };
    for text in [
        EVERYTHING.to_owned(),
        of("gauge: {metric: heat, good: \"!= 1.5\"}").replace("groupBy: {labels: [line], max: 7}", "groupBy: [line]"),
        of("ratio: {bad: ['a{x=~\"1|2\"}', b], total: [a, b, c]}"),
        of(
            "promql: {good: 'sum(rate(a{x=\"1\"}[5m])) + sum(rate(b[5m]))', total: 'sum(rate(a[5m])) + sum(rate(c[5m]))'}",
        ),
        of("promql: {good: 'count(a > 1)', total: 'count(a)'}").replace("groupBy: {labels: [line], max: 7}", ""),
        of("alert: {rule: Jam, labels: {line: a}}").replace("groupBy: {labels: [line], max: 7}", ""),
        of("pushed: {}").replace("groupBy: {labels: [line], max: 7}", "").replace("  source: main\n", ""),
        of("rawRatio: {bad: share, unit: percent}")
            .replace("timeslices: {slice: 5m, target: 95.5%}", "ratio-timeslices: {slice: 5m}"),
    ] {
        let (slos, problems) = read(&text);
        assert_eq!(slos.len(), 1, "{problems:?}");
        let file = ConvertedFile {
            file: String::new(),
            text: crate::yaml::write::document(&super::slo::document(&slos[0]), Default::default()),
            slos: 1,
            refused: Vec::new(),
        };
        same(&[file], &slos);
    }
}

#[test]
fn foreign_files_come_to_the_same_slos_with_their_warnings_as_comments() {
    let dir = tempfile::tempdir().unwrap();
    let sloth = "version: prometheus/v1\nservice: press\nlabels: {tier: \"1\"}\nslos:\n- name: sheets\n  objective: 99.9\n  sli: \
                 {events: {error_query: 'sum(rate(sheets_total{ok=\"no\"}[{{.window}}]))', total_query: \
                 'sum(rate(sheets_total[{{.window}}]))'}}\n  alerting: {name: Jam, page_alert: {labels: {pager: loud}}}\n- {name: raw, \
                 objective: 95, sli: {raw: {error_ratio_query: 'avg(x)'}}}\n- {name: gone, objective: 95, sli: {plugin: {id: x}}}\n";
    let pyrra = "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: {name: folds}\nspec: {target: \"98\", window: \
                 2w, indicator: {ratio: {errors: {metric: 'folds_total{ok=\"no\"}'}, total: {metric: folds_total}, grouping: [line, \
                 paper]}}}\n";
    std::fs::write(dir.path().join("sloth.yaml"), sloth).unwrap();
    std::fs::write(dir.path().join("pyrra.yaml"), pyrra).unwrap();
    let loaded = load(&[dir.path().to_owned()]);
    let written = converted(&loaded, DefinitionForm::Evenkeel);
    assert_eq!(loaded.slos.len(), 3);
    same(&written, &loaded.slos);
    let of_sloth = &written[1].text;
    assert!(
        of_sloth.contains("ratio:\n      bad: 'sheets_total{ok=\"no\"}'\n      total: sheets_total\n"),
        "{of_sloth}"
    );
    assert!(of_sloth.contains("# line 8: not carried over: `slos[0].alerting.name`\n"), "{of_sloth}");
    assert!(of_sloth.contains(": NOT CONVERTED: the SLI plugin `x` is not supported\n"), "{of_sloth}");
}

#[test]
fn openslo_keeps_what_it_has_a_place_for_and_names_the_rest() {
    for indicator in [
        "ratio: {bad: 'a{x=\"1\"}', total: a}",
        "gauge: {metric: heat, good: \"<= 1.5\"}",
        "rawRatio: {bad: share}",
        "promql: {good: 'count(a > 1)', total: 'count(a)'}",
    ] {
        let latency = "latency: {histogram: 'print_seconds{job=\"press\"}', threshold: 290ms, unit: us}";
        let text = EVERYTHING.replace(latency, indicator).replace("groupBy: {labels: [line], max: 7}", "");
        let text = text.replace("budget: 14.285714285714286%, long: 4d, short: 6h", "budget: 2%, long: 1h, short: 5m");
        let text = if indicator.starts_with("raw") {
            text.replace("timeslices: {slice: 5m, target: 95.5%}", "ratio-timeslices: {slice: 5m}")
        } else {
            text
        };
        let (slos, _) = read(&text);
        let (node, lost) = super::openslo::document(&slos[0]).unwrap();
        let plain_keys = &super::openslo::PLAIN_KEYS;
        let written = crate::yaml::write::document(&node, crate::yaml::write::Style { plain_keys });
        let (again, problems) = read(&written);
        assert!(!problems.iter().any(Problem::is_error), "{problems:?}\n{written}");
        let (one, other) = (&slos[0], &again[0]);
        assert_eq!(one.indicator.to_string(), other.indicator.to_string());
        assert_eq!(
            (one.objective, one.budgeting, &one.description),
            (other.objective, other.budgeting, &other.description)
        );
        assert_eq!((one.first_window(), &one.labels), (other.first_window(), &other.labels));
        let factor = |slo: &Slo| (slo.alerts.tiers[0].factor(slo.first_window().nominal_length()) * 1e6).round();
        assert_eq!(factor(one), factor(other), "{written}");
        for part in
            ["dependsOn", "objectiveHistory", "noData", "alerts.labels", "budgetPolicy", "windows but the first one"]
        {
            assert!(lost.iter().any(|one| one == part), "{part}: {lost:?}");
        }
    }
}
