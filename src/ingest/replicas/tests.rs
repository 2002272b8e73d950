//! Two replicas that look at the same targets.

use super::*;

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_millis(1_700_000_040_000 + (seconds * 1e3) as i64)
}

fn series(name: &str, replica: &str, samples: &[(f64, f64)]) -> RawSeries {
    let labels = Labels::new().with(NAME, name).with("job", "shop").with("instance", "a").with("replica", replica);
    RawSeries { labels, samples: samples.iter().map(|(s, v)| Sample { at: at(*s), value: *v }).collect() }
}

fn both() -> ReplicaLabels {
    ReplicaLabels::new(["prometheus_replica".to_owned(), "replica".to_owned()])
}

/// Seconds and values.
type Shown = Vec<(f64, f64)>;

/// Merges and gives the samples of the only series, and those of `up`.
fn merged(mut all: Vec<RawSeries>, mut up: Vec<RawSeries>) -> (Shown, Shown) {
    both().merge(&mut all, &mut up, &mut Vec::new());
    let shown = |list: &[RawSeries]| {
        assert_eq!(list.len(), 1, "{list:?}");
        let samples = list[0].samples.iter();
        samples.map(|s| ((s.at - at(0.0)).secs_f64(), s.value)).collect::<Vec<_>>()
    };
    (shown(&all), shown(&up))
}

#[test]
fn one_replica_counts_while_it_has_no_gap() {
    // The clock of `b` is 3 s behind: at its 14 s it reads what came at 17 s.
    let up = |r: &str, from: f64| series("up", r, &[0.0, 15.0, 30.0, 45.0].map(|s| (s + from, 1.0)));
    let (samples, up) = merged(
        vec![
            series("m", "a", &[(0.0, 1.0), (15.0, 2.0), (30.0, 3.0), (45.0, 4.0)]),
            series("m", "b", &[(14.0, 9.0), (29.0, 9.5), (44.0, 10.0), (59.0, 11.0)]),
        ],
        vec![up("a", 0.0), up("b", 14.0)],
    );
    assert_eq!(samples, [(0.0, 1.0), (15.0, 2.0), (30.0, 3.0), (45.0, 4.0)]);
    assert_eq!(up.len(), 4);
}

#[test]
fn the_other_replica_fills_a_gap_and_its_failures_do_not_count() {
    let up_a = [(0.0, 1.0), (15.0, 1.0), (30.0, 0.0), (45.0, 0.0), (60.0, 0.0), (75.0, 0.0), (90.0, 1.0)];
    let up_b = [7.0, 22.0, 37.0, 52.0, 67.0, 82.0].map(|s| (s, 1.0));
    let (samples, up) = merged(
        vec![
            series("m", "a", &[(0.0, 1.0), (15.0, 2.0), (90.0, 9.0)]),
            series("m", "b", &[(7.0, 1.0), (22.0, 2.0), (37.0, 3.0), (52.0, 5.0), (67.0, 6.0), (82.0, 8.0)]),
        ],
        vec![series("up", "a", &up_a), series("up", "b", &up_b)],
    );
    // 37 s lies within 22.5 s of 15 s, and 82 s within as much of 90 s; 67 s does not.
    assert_eq!(samples, [(0.0, 1.0), (15.0, 2.0), (52.0, 5.0), (67.0, 6.0), (90.0, 9.0)]);
    assert!(up.iter().all(|(_, value)| *value == 1.0), "{up:?}");
}

#[test]
fn a_target_that_is_down_is_down_for_both() {
    let down = |r: &str, from: f64| series("up", r, &[(from, 1.0), (from + 15.0, 0.0), (from + 30.0, 0.0)]);
    let (_, up) = merged(vec![series("m", "a", &[(0.0, 1.0)])], vec![down("a", 0.0), down("b", 7.0)]);
    assert_eq!(up, [(0.0, 1.0), (15.0, 0.0), (30.0, 0.0)]);
}

#[test]
fn a_label_that_up_does_not_carry_belongs_to_the_application() {
    let mut all = vec![series("m", "1", &[(0.0, 1.0)]), series("m", "2", &[(0.0, 1.0)])];
    let mut up = vec![series("up", "", &[(0.0, 1.0)])];
    both().merge(&mut all, &mut up, &mut Vec::new());
    assert_eq!(all.len(), 2);
    let asked = both().not_asked_for(["replica"]);
    let mut up = vec![series("up", "1", &[(0.0, 1.0)]), series("up", "2", &[(0.0, 1.0)])];
    asked.merge(&mut all, &mut up, &mut Vec::new());
    assert_eq!((all.len(), up.len()), (2, 2));
}

#[test]
fn baselines_come_from_the_replica_on_duty() {
    let of = |ups: [(f64, f64); 2]| {
        let mut baselines = Baselines {
            series: vec![series("m", "a", &[(ups[0].0, 5.0)]), series("m", "b", &[(ups[1].0, 7.0)])],
            up: vec![series("up", "a", &[ups[0]]), series("up", "b", &[ups[1]])],
            starts: Vec::new(),
        };
        both().merge_baselines(&mut baselines);
        (baselines.series[0].samples[0].value, baselines.up.len())
    };
    assert_eq!(of([(-10.0, 1.0), (-3.0, 1.0)]), (5.0, 1));
    assert_eq!(of([(-900.0, 1.0), (-3.0, 1.0)]), (7.0, 1));
}

#[test]
fn an_alert_of_two_replicas_is_one() {
    let alert = |name: &str, replica: &str, samples: &[(f64, f64)]| {
        let mut one = series(name, replica, samples);
        one.labels.set("alertname", "Down");
        one
    };
    let mut alerts = vec![
        alert("ALERTS", "a", &[(0.0, 1.0), (30.0, 1.0)]),
        alert("ALERTS", "b", &[(12.0, 1.0), (42.0, 1.0), (72.0, 1.0), (102.0, 1.0)]),
    ];
    let mut states = vec![
        alert("ALERTS_FOR_STATE", "a", &[(0.0, 100.0), (30.0, 100.0)]),
        alert("ALERTS_FOR_STATE", "b", &[(12.0, 112.0), (42.0, 112.0), (72.0, 112.0), (102.0, 112.0)]),
    ];
    both().merge_alerts(&mut alerts, &mut states);
    let times: Vec<f64> = alerts[0].samples.iter().map(|s| (s.at - at(0.0)).secs_f64()).collect();
    assert_eq!((alerts.len(), states.len(), times), (1, 1, vec![0.0, 30.0, 102.0]));
    // A change of duty is no second firing.
    assert!(states[0].samples.iter().all(|s| s.value == 100.0), "{states:?}");
}
