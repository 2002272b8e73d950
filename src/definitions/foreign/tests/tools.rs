//! The shapes of Sloth and of Pyrra.

use super::{named, read, sound, tiers};

fn sloth(alerting: &str) -> String {
    format!(
        "version: prometheus/v1\nservice: press\nlabels: {{tier: \"2\", a-b: c}}\nslos:\n- name: sheets\n  objective: \
         99.9\n  sli: {{events: {{error_query: 'sum(rate(sheets_total{{ok=\"no\"}}[{{{{.window}}}}]))', total_query: \
         'sum(rate(sheets_total[{{{{.window}}}}]))'}}}}\n  alerting: {alerting}\n"
    )
}

#[test]
fn each_alert_of_sloth_keeps_what_it_carries() {
    let (slos, problems) = read(&sloth(
        "{name: Burn, labels: {category: print}, annotations: {summary: Jam, info: '{{ $labels.x }}'}, page_alert: \
         {labels: {severity: loud, pager: one}}, ticket_alert: {annotations: {board: paper}}}",
    ));
    let slo = &slos[0];
    assert_eq!(slo.alerts.labels.get("category"), Some("print"));
    assert_eq!(slo.alerts.annotations.iter().collect::<Vec<_>>(), [("summary", "Jam")]);
    let pager = |i: usize| slo.alerts.tiers[i].labels.get("pager");
    assert_eq!((pager(0), pager(1), pager(2)), (Some("one"), Some("one"), None));
    assert_eq!(slo.alerts.tiers[3].annotations.get("board"), Some("paper"));
    assert_eq!((slo.labels.get("definition_tier"), slo.labels.get("a_b")), (Some("2"), Some("c")));
    let said = named(&problems);
    for part in [
        "3: the label `tier` is named `definition_tier`",
        "3: the label `a-b` is named `a_b`",
        "8: not carried over: `slos[0].alerting.name`",
        "8: `slos[0].alerting.annotations.info` is not carried over: it holds a template",
        "8: `slos[0].alerting.page_alert.labels.severity` is not carried over: Evenkeel sets it",
    ] {
        assert!(said.iter().any(|one| one.starts_with(part)), "{part}: {said:?}");
    }
    assert_eq!(said.len(), 5, "{said:?}");
}

#[test]
fn alerts_of_sloth_are_sent_as_asked() {
    let of = |alerting: &str, objective: &str| sound(&sloth(alerting).replace("99.9", objective));
    let all = ["fast page 14.4 1h/5m", "medium page 6 6h/30m", "slow ticket 3 1d/2h", "creeping ticket 1 3d/6h"];
    assert_eq!(tiers(&of("{name: x}", "99.9")[0]), all);
    assert_eq!(tiers(&of("{page_alert: {disable: true}}", "99.9")[0]), all[2..]);
    assert_eq!(tiers(&of("{page_alert: {disable: true}, ticket_alert: {disable: true}}", "99.9")[0]), [""; 0]);
    assert_eq!(tiers(&of("{name: x}", "90")[0]), all[1..], "no error ratio is that high");
    let (slos, problems) = read(&sloth("{name: x}").replace("99.9", "100"));
    assert!(slos.is_empty() && named(&problems)[0].starts_with("6: an objective of 100% leaves no error budget"));
}

#[test]
fn plugins_of_sloth_are_named() {
    let plugins = "plugins: {chain: [{id: a/b/v1, priority: 1}, {id: c/d/v1}]}\n  sli:";
    let (slos, problems) = read(&sloth("{name: x}").replace("sli:", plugins));
    assert_eq!(slos.len(), 1);
    assert!(named(&problems).iter().any(|one| one == "7: plugins are not run: `a/b/v1`, `c/d/v1`"), "{problems:?}");
}

fn pyrra(spec: &str) -> String {
    format!(
        "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata:\n  name: sheets\n  labels: {{role: rules, \
         pyrra.dev/team: print}}\n  annotations: {{pyrra.dev/runbook: wiki}}\nspec:\n  target: \"99\"\n  window: 4w\n{spec}"
    )
}

const RATIO: &str = "  indicator: {ratio: {errors: {metric: 'sheets_total{ok=\"no\"}'}, total: {metric: sheets_total}, grouping: [press]}}\n";

#[test]
fn alerts_of_pyrra_grow_with_the_window() {
    let of = |more: &str, window: &str| {
        let slos = sound(&pyrra(&format!("{RATIO}{more}")).replace("4w", window));
        (tiers(&slos[0]), slos[0].alerts.missing_data.map(|severity| severity.word()))
    };
    let usual = ["fast page 14 1h/5m", "medium page 7 6h/30m", "slow ticket 2 1d/2h", "creeping ticket 1 4d/6h"];
    assert_eq!(of("", "4w"), (usual.map(str::to_owned).to_vec(), Some("page")));
    let fortnight = ["fast page 14 30m/3m", "medium page 7 3h/15m", "slow ticket 2 12h/1h", "creeping ticket 1 2d/3h"];
    assert_eq!(of("", "2w").0, fortnight);
    assert_eq!(of("  alerting: {disabled: true}\n", "4w"), (vec![], None));
    assert_eq!(of("  alerting: {burnrates: false, severities: {absent: warning}}\n", "4w"), (vec![], Some("ticket")));
    let told = of("  alerting: {absent: false, severities: {fastBurn: info}}\n", "4w");
    assert_eq!((told.0[0].as_str(), told.1), ("fast info 14 1h/5m", None));
}

#[test]
fn pyrra_keeps_groups_labels_and_annotations() {
    let (slos, problems) =
        read(&pyrra(&format!("{RATIO}  performanceOverAccuracy: true\n  alerting: {{name: Jam}}\n")));
    let slo = &slos[0];
    assert_eq!(slo.group_by.as_ref().unwrap().labels, ["press"]);
    assert_eq!((slo.labels.get("team"), slo.labels.get("role")), (Some("print"), None));
    assert_eq!(slo.alerts.annotations.get("runbook"), Some("wiki"));
    assert_eq!(
        named(&problems),
        ["11: not carried over: `spec.performanceOverAccuracy`", "12: not carried over: `spec.alerting.name`"]
    );
}

#[test]
fn indicators_of_pyrra_are_counted() {
    for (indicator, counted) in [
        (
            "latency: {success: {metric: 'h_bucket{le=\"0.1\"}'}, total: {metric: h_count}}",
            "good h_bucket{le=\"0.1\"} of h_count",
        ),
        ("latencyNative: {latency: 200ms, total: {metric: h}}", "h within 0.2 s"),
        ("bool_gauge: {metric: 'up{job=\"x\"}', grouping: [instance]}", "up{job=\"x\"} == 1"),
    ] {
        let slos = sound(&pyrra(&format!("  indicator: {{{indicator}}}\n")));
        assert_eq!(slos[0].indicator.to_string(), counted);
    }
}
