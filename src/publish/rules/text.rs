//! Rule files and their unit tests as YAML. Strings are quoted as in JSON, which YAML
//! reads, too.

use std::fmt::Write as _;

use super::group::{GeneratedRule, RuleGroup};
use super::unit_tests::TestCase;
use crate::model::labels::Labels;
use crate::model::time::Millis;

/// What stands above the rules.
const ABOUT: &str = "\
# Rules of Prometheus for SLOs, written by `evenkeel generate rules`; change the definitions instead.
#
# These rules estimate. `rate` extrapolates to the edges of its range, loses what a new series
# counts before its second scrape, and knows nothing of time in which nothing was scraped; a long
# lookback is read from raw samples at every evaluation. Evenkeel counts events one by one and
# says how much was observed, so its figures differ, most where pods live shortly, events are few
# or scrapes are missing. Corrections, the guard for low traffic (`minBadEvents`), budgets and
# likely intervals exist in the daemon only.
";

pub fn header(left_out: &[(String, String)]) -> String {
    let mut out = ABOUT.to_owned();
    for (slo, reason) in left_out {
        let _ = writeln!(out, "# not here: {slo}: {}", line(reason));
    }
    out
}

pub fn groups(groups: &[RuleGroup], indent: usize) -> String {
    let pad = " ".repeat(indent);
    if groups.is_empty() {
        return format!("{pad}groups: []\n");
    }
    let mut out = format!("{pad}groups:\n");
    for group in groups {
        if let Some(source) = &group.source {
            let _ = writeln!(out, "{pad}  # for the source `{source}`");
        }
        let _ = writeln!(out, "{pad}  - name: {}\n{pad}    rules:", group.name);
        group.rules.iter().for_each(|rule| one(rule, &format!("{pad}      "), &mut out));
    }
    out
}

fn one(rule: &GeneratedRule, pad: &str, out: &mut String) {
    let (head, expression, labels, annotations) = match rule {
        GeneratedRule::Record { name, expression, labels } => (format!("record: {name}"), expression, labels, None),
        GeneratedRule::Alert { name, expression, labels, annotations } => {
            (format!("alert: {name}"), expression, labels, Some(annotations))
        }
    };
    let _ = writeln!(out, "{pad}- {head}\n{pad}  expr: |");
    for line in expression.lines() {
        let _ = writeln!(out, "{pad}    {line}");
    }
    pairs("labels", labels, &format!("{pad}  "), out);
    if let Some(annotations) = annotations {
        pairs("annotations", annotations, &format!("{pad}  "), out);
    }
}

fn pairs(key: &str, labels: &Labels, pad: &str, out: &mut String) {
    let _ = writeln!(out, "{pad}{key}:");
    for (name, value) in labels.iter() {
        let _ = writeln!(out, "{pad}  {name}: {}", quoted(value));
    }
}

/// A file for `promtool test rules`.
/// The cases look at `moment`.
pub fn unit_tests((rule_file, moment): (&str, Millis), cases: &[TestCase]) -> String {
    let mut out = "# Unit tests of the rules: `promtool test rules` with this file.\n".to_owned();
    let _ = writeln!(
        out,
        "rule_files: [{}]\nevaluation_interval: {moment}\ntests:{}",
        quoted(rule_file),
        if cases.is_empty() { " []" } else { "" }
    );
    for case in cases {
        let _ = writeln!(
            out,
            "  - name: {}\n    interval: 1m\n    input_series:{}",
            quoted(&case.name),
            if case.series.is_empty() { " []" } else { "" }
        );
        for (series, values) in &case.series {
            let _ = writeln!(out, "      - {{series: {}, values: {}}}", quoted(series), quoted(values));
        }
        let _ = writeln!(out, "    alert_rule_test:");
        for (alert, expected) in &case.alerts {
            let none = if expected.is_empty() { " []" } else { "" };
            let _ =
                writeln!(out, "      - eval_time: {}\n        alertname: {alert}\n        exp_alerts:{none}", case.at);
            for (labels, annotations) in expected {
                let _ = writeln!(out, "          - exp_labels:");
                for (name, value) in labels.iter() {
                    let _ = writeln!(out, "              {name}: {}", quoted(value));
                }
                let _ = writeln!(out, "            exp_annotations:");
                for (name, value) in annotations.iter() {
                    let _ = writeln!(out, "              {name}: {}", quoted(value));
                }
            }
        }
    }
    out
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
