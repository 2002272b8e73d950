//! What a sound definition becomes, what holds over several files, and that no
//! text makes reading panic. Mistakes and their messages stand as files in
//! `tests/it/golden/definitions`.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::model::labels::Labels;
use crate::model::operations::comparison::{ComparisonOp, ValueCondition};
use crate::model::operations::correction::When;
use crate::model::slo::objectives::Objective;
use crate::model::slo::sli::{Numerator, Sli};
use crate::model::slo::{AlertTier, Budgeting, NoDataPolicy, Severity};
use crate::model::time::window::{Calendar, CalendarUnit, ComplianceWindow};
use crate::model::time::{Millis, Period, Timestamp};

const FULL: &str = r#"
apiVersion: evenkeel/v1
kind: SLO
metadata:
  name: checkout-availability
  service: checkout
  labels: {team: payments, tier_of: 1}
spec:
  description: Checkout requests that are answered without a server error.
  objective: 99.9%
  windows: [30d, month]
  timezone: Europe/Berlin
  calendar: {weekStart: sunday, fiscalYearStart: april}
  source: main
  indicator:
    ratio:
      bad: http_requests_total{job="checkout",code=~"5.."}
      total: http_requests_total{job="checkout"}
  budgeting: {timeslices: {slice: 5m, target: 95%}}
  noData: freeze
  groupBy: []
  alerts:
    tiers:
      - {name: fast, severity: page, budget: 2%, long: 1h, short: 5m, labels: {pager: loud}, annotations: {summary_of: basket}}
    labels: {route: night}
    annotations: {runbook_url: "https://runbooks.example/checkout"}
"#;

/// The smallest definition, with one more line in its spec.
fn minimal(name: &str, line: &str) -> String {
    format!(
        "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: {name}, service: s}}\nspec:\n  objective: 0.999\n  \
         indicator: {{gauge: {{metric: up, good: \"== 1\"}}}}\n  {line}\n"
    )
}

fn sound(text: &str) -> Slo {
    let (mut slos, problems) = parse(text, "f.yaml");
    assert_eq!(problems, [], "{text}");
    assert_eq!(slos.len(), 1);
    slos.remove(0)
}

#[test]
fn a_full_definition_becomes_what_it_says() {
    let slo = sound(FULL);
    let zone = chrono_tz::Europe::Berlin;
    assert_eq!((slo.name.as_str(), slo.service.as_str()), ("checkout-availability", "checkout"));
    assert_eq!(slo.labels, Labels::new().with("team", "payments").with("tier_of", "1"));
    assert_eq!(slo.objective, Objective::new(0.999).unwrap());
    let calendar = Calendar { zone, week_start: chrono::Weekday::Sun, year_start: chrono::Month::April };
    let month = ComplianceWindow::Calendar { unit: CalendarUnit::Month, calendar };
    assert_eq!(slo.windows, [ComplianceWindow::rolling_days(30), month]);
    assert_eq!(slo.source.as_deref(), Some("main"));
    assert_eq!(
        slo.indicator.to_string(),
        r#"bad http_requests_total{code=~"5..",job="checkout"} of http_requests_total{job="checkout"}"#
    );
    assert_eq!(slo.budgeting, Budgeting::Timeslices { slice: Millis::from_mins(5), target: 0.95 });
    assert_eq!(slo.no_data, NoDataPolicy::Freeze);
    let fast = AlertTier {
        name: "fast".to_owned(),
        severity: Severity::Page,
        budget_ratio: 0.02,
        long: Millis::from_hours(1),
        short: Millis::from_mins(5),
        labels: Labels::new().with("pager", "loud"),
        annotations: Labels::new().with("summary_of", "basket"),
    };
    assert_eq!(slo.alerts.tiers, [fast]);
    assert_eq!(slo.alerts.labels.get("route"), Some("night"));
    assert_eq!(slo.alerts.annotations.get("runbook_url"), Some("https://runbooks.example/checkout"));
}

#[test]
fn what_is_left_out_has_a_default() {
    let slo = sound(&minimal("a", "description: x"));
    assert_eq!(slo.windows, [ComplianceWindow::rolling_days(30)]);
    assert_eq!((slo.source, slo.budgeting, slo.no_data), (None, Budgeting::Events, NoDataPolicy::Ignore));
    assert_eq!(slo.alerts.tiers, AlertTier::standard());
    let good = ValueCondition { op: ComparisonOp::Equal, value: 1.0 };
    assert!(matches!(slo.indicator, Sli::Gauge { good: g, .. } if g == good));
    assert_eq!(sound(&minimal("a", "alerts: {tiers: none}")).alerts.tiers, []);
    assert_eq!(sound(&minimal("a", "windows:")).windows.len(), 1);
}

#[test]
fn latency_and_good_of_total_are_read() {
    let text = FULL.replace(
        "ratio:\n      bad: http_requests_total{job=\"checkout\",code=~\"5..\"}\n      total: http_requests_total{job=\"checkout\"}",
        "latency: {histogram: 'http_request_duration_seconds{job=\"checkout\"}', threshold: 300ms}",
    );
    assert!(matches!(sound(&text).indicator, Sli::Latency { threshold_seconds, .. } if threshold_seconds == 0.3));
    let text = FULL.replace("bad: http", "good: http");
    assert!(matches!(sound(&text).indicator, Sli::Ratio { numerator: Numerator::Good(_), .. }));
}

#[test]
fn standard_tiers_that_do_not_fit_are_left_out_and_named() {
    let (slos, problems) = parse(&minimal("a", "windows: [7d]"), "f");
    let names: Vec<&str> = slos[0].alerts.tiers.iter().map(|tier| tier.name.as_str()).collect();
    assert_eq!(names, ["fast", "medium"]);
    assert!(problems.iter().all(|p| p.level == Level::Warning && p.message.starts_with("standard tiers left out: ")));
    assert_eq!(problems.len(), 1);
    let (slos, _) = parse(&minimal("a", "alerts: {tiers: standard}").replace("0.999", "90%"), "f");
    assert_eq!(slos[0].alerts.tiers.first().unwrap().name, "medium", "14.4 is never reached at 90 %");
}

#[test]
fn one_broken_document_does_not_hide_the_others() {
    let text =
        [minimal("a", "windows: [30d]"), minimal("b", "windows: [1x]"), minimal("c", "noData: bad")].join("---\n");
    let (slos, problems) = parse(&text, "f.yaml");
    assert_eq!(slos.iter().map(|slo| slo.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(problems.len(), 1);
}

#[test]
fn names_are_unique_over_files_and_both_places_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("a.yaml"), minimal("one", "noData: bad")).unwrap();
    fs::write(at("b.yaml"), [minimal("two", "noData: bad"), minimal("one", "noData: good")].join("---\n")).unwrap();
    let loaded = load(&[directory.path().to_path_buf()]);
    assert_eq!((loaded.slos.len(), loaded.files), (2, 2));
    let [problem] = loaded.problems.as_slice() else { panic!("{:?}", loaded.problems) };
    assert!(problem.message.contains("a.yaml:3:18"), "{problem:?}");
    assert_eq!((problem.file.as_str(), problem.line), (at("b.yaml").to_str().unwrap(), 11));
    assert_eq!(loaded.slos[0].no_data, NoDataPolicy::Bad, "the first one stays");
}

#[test]
fn sources_are_compared_with_those_that_exist() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.yaml"), [minimal("a", "source: mian"), minimal("b", "")].join("---\n")).unwrap();
    let loaded = load(&[directory.path().to_path_buf()]);
    let told = |names: &[&str]| loaded.check_sources(names).into_iter().map(|p| p.hint.unwrap()).collect::<Vec<_>>();
    assert_eq!(told(&["main"]), ["did you mean `main`?"]);
    assert_eq!(told(&["mian"]), Vec::<String>::new());
    assert_eq!(told(&["mian", "edge"]), ["add `source:` to its spec, one of mian, edge"]);
}

#[test]
fn problems_of_one_text_are_bounded() {
    let text: String = (0..5_000).map(|n| format!("x{n}: 1\n")).collect();
    let (_, problems) = parse(&format!("apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{}}\nspec: {{}}\n{text}"), "f");
    assert!(problems.len() <= 201 && problems.last().unwrap().message.contains("more errors"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&String::from_utf8_lossy(&bytes), "f");
    }

    #[test]
    fn no_mutation_makes_it_panic(at in 0..FULL.len(), cut in 0_usize..60, text in "[ -~\n]{0,20}|\\PC{0,10}") {
        let mutated: String = FULL.chars().take(at).chain(text.chars()).chain(FULL.chars().skip(at + cut)).collect();
        let (slos, problems) = parse(&mutated, "f");
        // What is accepted is sound: it prints, and reads back as the same.
        for slo in &slos {
            prop_assert!(slo.objective.ratio() > 0.0 && slo.objective.ratio() < 1.0);
            for selector in slo.indicator.selectors() {
                prop_assert_eq!(&crate::definitions::queries::selector::selector(&selector.to_string()).unwrap(), selector);
            }
        }
        prop_assert!(!slos.is_empty() || !problems.is_empty() || mutated.trim().is_empty());
    }

    #[test]
    fn no_selector_makes_it_panic(text in "[a-z_{}()\\[\\]\"'`=~!,\\\\0-9 .:|+*^@-]{0,120}") {
        let _ = crate::definitions::queries::selector::selector(&text);
    }
}

fn correction(spec: &str) -> Correction {
    let text = format!(
        "apiVersion: evenkeel/v1\nkind: Correction\nmetadata: {{name: upgrade}}\nspec: {{{spec}, author: ops, reason: why}}\n"
    );
    parse_correction(&text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn corrections_become_what_they_say() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let once = correction("slos: [a, b], from: 2026-07-01T02:00, to: '2026-07-01T02:30:00Z', timezone: Europe/Berlin");
    assert_eq!(once.scope.slos, ["a", "b"]);
    assert_eq!(once.when, When::Once(Period::new(at("2026-07-01T00:00:00Z"), at("2026-07-01T02:30:00Z"))));
    assert_eq!((once.author.as_str(), once.reason.as_str()), ("ops", "why"));
    let rule = "labels: {service: s}, every: 'FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU,-1FR;UNTIL=20271231', start: 2026-01-01T02:00, duration: 90m";
    let When::Recurring(recurrence) = correction(rule).when else { panic!("{rule}") };
    let weekdays: Vec<i32> = recurrence.rule.weekdays.iter().map(|day| day.nth).collect();
    assert_eq!((weekdays, recurrence.rule.interval, recurrence.duration), (vec![2, -1], 2, Millis::from_mins(90)));
    assert!(correction(rule).scope.holds(&sound(&minimal("a", "noData: bad"))));
    assert!(!once.scope.holds(&sound(&minimal("c", "noData: bad"))));
}

#[test]
fn corrections_of_nothing_are_warned_of_and_names_are_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let about = |name: &str, scope: &str| {
        format!(
            "apiVersion: evenkeel/v1\nkind: Correction\nmetadata: {{name: {name}}}\nspec: {{{scope}, from: 2026-07-01, to: 2026-07-02, author: a, reason: r}}\n"
        )
    };
    // A correction may be called like an SLO.
    let all = [
        minimal("one", "noData: bad"),
        about("one", "slos: [one]"),
        about("x", "slos: [ones]"),
        about("y", "labels: {team: z}"),
    ];
    fs::write(directory.path().join("a.yaml"), all.join("---\n")).unwrap();
    let loaded = load(&[directory.path().to_path_buf()]);
    assert_eq!((loaded.slos.len(), loaded.corrections.len()), (1, 3));
    let told: Vec<&str> = loaded.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("`ones`") && told[1].contains("`y`"), "{told:?}");
    assert!(loaded.problems.iter().all(|p| p.level == Level::Warning));
}

#[test]
fn only_one_correction_comes_over_the_api() {
    let refused = |text: &str| parse_correction(text).unwrap_err();
    assert!(refused(&minimal("a", "noData: bad"))[0].message.contains("one correction"));
    assert!(refused("")[0].hint.as_ref().unwrap().contains("kind: Correction"));
    assert!(refused("{").iter().all(Problem::is_error));
}
