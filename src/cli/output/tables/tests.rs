//! The tables of the answers that the contract's golden files hold.

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::cli::output::table::Colour;

/// The table of a golden answer, below the file's own place.
fn made<T: for<'a> Deserialize<'a>>(answer: &str, table: impl Fn(&T, Colour) -> String) -> String {
    let answer = serde_json::from_str(answer).unwrap();
    let coloured = table(&answer, Colour::On);
    let plain = table(&answer, Colour::Off);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let codes = ["\u{1b}[31m", "\u{1b}[33m", "\u{1b}[32m", "\u{1b}[2m", "\u{1b}[0m"];
    assert_eq!(codes.iter().fold(coloured, |text, code| text.replace(code, "")), plain);
    plain
}

#[test]
fn slos_are_a_list() {
    let expected = "\
STATE      SLO                    WINDOW  OBJECTIVE  ATTAINMENT  BUDGET LEFT  BURN 1H  COVERAGE
exhausted  checkout-availability  30d         99.9%      99.88%       -17.9%    0.23x      100%
1 SLO: 1 exhausted; as of 24 Nov 2026, 15:42 UTC
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/slos.json"), slos), expected);
}

#[test]
fn the_worst_slo_stands_first_and_what_is_not_known_is_no_data() {
    let golden: Value = serde_json::from_str(include_str!("../../../../tests/it/golden/slo.json")).unwrap();
    let slo = |name: &str, state: &str, remaining: Option<f64>, figures: [Option<f64>; 3]| {
        let mut slo = golden.clone();
        slo["budget"]["remaining_ratio"] = json!(remaining);
        if remaining.is_none() {
            slo["budget"] = Value::Null;
        }
        (slo["slo"], slo["state"], slo["objective"]) = (json!(name), json!(state), json!(0.99));
        (slo["coverage"], slo["burn_rates"]) = (json!(0.0), json!([]));
        [slo["attainment"], slo["lo"], slo["hi"]] = figures.map(|figure| json!(figure));
        slo
    };
    let (known, unknown) = ([Some(0.995), Some(0.99), Some(0.996)], [None; 3]);
    let all = [
        slo("calm", "ok", Some(0.9), known),
        slo("tired", "ok", Some(0.1), known),
        slo("blind\u{1b}[2J", "unknown", None, unknown),
        slo("between", "unknown", None, [None, Some(0.98), Some(0.996)]),
        slo("hot", "burning", Some(0.5), known),
        slo("spent", "exhausted", Some(-0.5), known),
    ];
    let answer = json!({"as_of": "2026-11-24T15:42:00Z", "slos": all}).to_string();
    let expected = "\
STATE      SLO             WINDOW  OBJECTIVE       ATTAINMENT  BUDGET LEFT  BURN 1H  COVERAGE
exhausted  spent           month         99%           99.50%       -50.0%  no data        0%
burning    hot             month         99%           99.50%        50.0%  no data        0%
unknown    between         month         99%  98.0% to 99.60%      no data  no data        0%
unknown    blind\\u{1b}[2J  month         99%          no data      no data  no data        0%
ok         tired           month         99%           99.50%        10.0%  no data        0%
ok         calm            month         99%           99.50%        90.0%  no data        0%
6 SLOs: 1 exhausted, 1 burning, 2 unknown, 2 ok; as of 24 Nov 2026, 15:42 UTC
";
    assert_eq!(made(&answer, slos), expected);
    let none = made(r#"{"as_of": "2026-11-24T15:42:00Z", "slos": []}"#, slos);
    assert_eq!(none, "0 SLOs; as of 24 Nov 2026, 15:42 UTC\n");
}

#[test]
fn one_slo_has_all_its_facts() {
    let expected = "\
name               search-availability
service            search
description        Searches that are answered without a server error.
state              ok
objective          99.9%
attainment         99.971%
likely (95%)       99.63% to 99.971%
at worst, at best  96.6% to 99.972%
window             month: 31 Oct 2026, 23:00 UTC to 30 Nov 2026, 23:00 UTC
coverage           98.7%
good               164,194,726 of 164,243,050 events
budget left        70.6% (115,919 of 164,243 bad events)

LOOKBACK  BURN RATE    BAD       TOTAL  COVERAGE
5m            0.09x      4      42,880      100%
30m           0.18x     50     272,520      100%
1h            0.20x    108     549,333      100%
2h            0.21x    224   1,084,547      100%
6h            0.21x    560   2,719,839      100%
1d            0.21x  1,560   7,420,984      100%
3d            0.21x  4,281  20,114,674      100%
as of 24 Nov 2026, 15:42 UTC
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/slo.json"), slo), expected);
}

#[test]
fn incidents_say_how_long_they_took() {
    let expected = "\
STATE   BEGAN                   SERVICE   SEVERITY  PAGED  RESTORED IN  BUDGET BURNED  ID
closed  18 Nov 2026, 09:12 UTC  checkout  page      yes         1h 35m          74.2%  13131313131313131313131313131313
1 incident, 0 open, 0 without a page; 18 Nov 2026, 00:00 UTC to 19 Nov 2026, 00:00 UTC
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/incidents.json"), incidents), expected);
}

#[test]
fn an_incident_has_a_timeline_and_what_was_reported() {
    let shown = made(include_str!("../../../../tests/it/golden/incident.json"), incident);
    let line =
        |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {shown}"));
    assert!(line("incident  ").ends_with("13131313131313131313131313131313"));
    assert!(line("onset").contains("18 Nov 2026, 09:12 UTC"), "{shown}");
    assert!(line("checkout-availability").contains("74.2%"), "{shown}");
    assert!(line("acknowledge  ").ends_with("automation"), "{shown}");
    assert_eq!(shown.split("\n\n").count(), 4, "facts, timeline, burned, reported: {shown}");
}

#[test]
fn an_explanation_shows_what_each_figure_is_made_of() {
    let slo: Value = serde_json::from_str(include_str!("../../../../tests/it/golden/slo.json")).unwrap();
    let definitions: Value =
        serde_json::from_str(include_str!("../../../../tests/it/golden/generations.json")).unwrap();
    let (good, total) = (slo["good"].as_i64().unwrap(), slo["total"].as_i64().unwrap());
    let shown = made(&json!({ "slo": slo, "definitions": definitions }).to_string(), explanation);
    let line =
        |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {shown}"));
    assert!(line("counted").ends_with("of http_requests_total{job=\"checkout\"}"), "the present definition: {shown}");
    assert!(line("attainment").contains(&format!("{} good / {} total", cells::count(good), cells::count(total))));
    assert!(line("burn rate 1h").contains("/ (1 - 99.9%)"), "{shown}");
}

#[test]
fn months_that_are_over_are_a_row_for_each_series() {
    let expected = "\
OF EACH MONTH                  FIRST     LAST  CHANGE A MONTH  MONTHS  TREND
Incidents                          5        4               0       9  no evidence
Incidents without a page       40.0%    25.0%     -1.5 points       8  no evidence
Time to detect, median            4m       4m         no data       3  too few
Time to acknowledge, median  no data  no data         no data       0  too few
Time to restore, median          49m      25m             -3m       8  better
Budget burned by incidents     40.0%    80.0%     +2.9 points       8  no evidence
Pages                             61       61               0       9  no evidence
Noise, at least                60.0%    60.0%               0       9  no evidence
Noise, at most                 65.0%    65.0%               0       9  no evidence
12 months, 9 of them known; 2025-11 to 2026-10
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/trends.json"), trends), expected);
}

#[test]
fn alerts_that_were_cut_say_so() {
    let expected = "\
STATE  BEGAN                   FIRED FOR  SEVERITY  RULE                 SERVICE   SILENCED
ended  18 Nov 2026, 09:17 UTC     1h 33m  page      KubePodCrashLooping  checkout  no
ended  18 Nov 2026, 09:16 UTC     1h 34m  page      ErrorBudgetBurn      checkout  no
3 alerts (2 shown, the newest), 0 firing; 18 Nov 2026, 00:00 UTC to 19 Nov 2026, 00:00 UTC
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/alerts.json"), alerts), expected);
}

#[test]
fn the_noisiest_rule_stands_first() {
    let expected = "\
RULE                            PAGES           NOISE  MET A BURN  BURNS DETECTED  FIRED FOR  WHAT THE PAGES WERE
NodeMemoryPressure                  7            100%     no data         no data      1d 7h  4 no-impact, 3 short
PodFlapping                         6            100%     no data         no data         2h  6 flap
CPUThrottlingHigh                   1            100%     no data         no data    25d 12h  1 always-on
KubePodCrashLooping                13           92.3%      1 of 1          1 of 2     1d 20h  9 duplicate, 2 short, 1 actionable, 1 no-impact
TargetDown                          9   88.9% to 100%     no data         no data        18h  4 duplicate, 2 repeat, 1 no-impact, 1 planned, 1 short, 1 unknown
LatencyP99High                     12  66.7% to 83.3%     no data         no data      1d 3h  3 duplicate, 2 actionable, 2 no-impact, 2 short, 2 unknown, 1 repeat
CheckoutHighErrorRate               5           40.0%      2 of 2          2 of 2         5h  3 actionable, 2 duplicate
ErrorBudgetBurn                     5              0%      4 of 4          4 of 4         6h  5 actionable
IngressErrorsHigh                   1              0%      1 of 1          1 of 1         1h  1 actionable
LoginFailuresHigh                   1              0%      1 of 1          1 of 1         1h  1 actionable
KubeAPIErrorBudgetBurn              0         no data      1 of 1          1 of 1    no data  never paged
KubeDeploymentReplicasMismatch      0         no data     no data         no data    no data  never paged
PaymentsErrorRateHigh               0         no data      1 of 1          1 of 1    no data  never paged
13 rules, 60 pages; 25 Oct 2026, 15:42 UTC to 24 Nov 2026, 15:42 UTC
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/rules.json"), rules), expected);
}

#[test]
fn a_replay_stands_beside_what_was() {
    let expected = "\
CheckoutHighErrorRate: for 20m
                      WAS  WOULD HAVE BEEN
pages                   3                3
noise               66.7%            66.7%
cost of the noise       2                2
interruptions           1                2
in the night       0 of 1           0 of 2
precision          1 of 1           1 of 1
burns detected     1 of 1           1 of 1
budget of them       100%             100%
detected early     0 of 1           0 of 1
time to page       4m 30s           4m 30s
no burn is missed; 18 Nov 2026, 00:00 UTC to 19 Nov 2026, 00:00 UTC
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/replay.json"), replay), expected);
}

#[test]
fn the_status_begins_with_what_is_down() {
    let expected = "\
SOURCE          STATE          KIND           P50    P99  LAST ANSWER  ADDRESS                                     ERROR
alertmanager-1  down           alertmanager   1ms    4ms  1h 29m ago   http://alertmanager-1.monitoring.svc:9093/  connection refused (os error 111)
main            up             prometheus    31ms  124ms  2s ago       https://prometheus.monitoring.svc:9090/
alertmanager-0  up             alertmanager   4ms   16ms  15s ago      http://alertmanager-0.monitoring.svc:9093/
prod-eu-1       not asked yet  kubernetes       -      -  never        https://10.0.0.1:443/

LOOP      ROUNDS  FAILED   TOOK    P50    P99  LAST SUCCESS  LAST ERROR
collect     6282       3  412ms  412ms   1.6s  just now      main: the query took longer than 10s
evaluate    6282       0   38ms   38ms  152ms  just now
alerts     12560     181   95ms   95ms  380ms  just now      alertmanager-1: connection refused
seal           5       0   1.9s   1.9s   7.7s  just now

warning search-latency: no bucket of the histogram equals the threshold; its bounds are 0.1, 0.25, 0.5, 1
  hint: add a bucket at the threshold to the histogram, or choose one of its bounds as the threshold; until then only bounds of the attainment are known
warning recommendations-availability: `total`: the series of `http_requests_total{job=\"recommendations\"}` have no sample since 2026-10-25T00:00:00.000Z
  hint: the metric may be renamed or its target gone: query it in Prometheus; if its samples arrive late, set a longer `ingest_delay` for the source

history: 99.2% read, complete since 26 Oct 2026, 00:00 UTC; store: 18.0 MiB
evenkeel 0.1.0, started 4d 8h ago; ready, as of 24 Nov 2026, 15:42 UTC; 2 findings
";
    assert_eq!(made(include_str!("../../../../tests/it/golden/status.json"), status), expected);
}
