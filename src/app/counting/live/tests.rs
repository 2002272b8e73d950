//! Where live counting goes on, and what it leaves to the backfill.

use super::*;
use crate::app::catalog::slis::{Source, group};
use crate::app::testing::checkout;
use crate::definitions;
use crate::ingest::raw::{RawSeries, Sample};
use crate::ingest::replicas::ReplicaLabels;
use crate::net::Endpoint;
use crate::net::fake_server::{FakeServer, Step, answer, json};
use crate::sources::prometheus::Prometheus;
use crate::sources::prometheus::memory::MemorySource;
use crate::sources::prometheus::samples::SampleSource;

fn at(minute: i64) -> Timestamp {
    Timestamp::day_start(20_000) + Millis::from_mins(minute)
}

fn groups(objective: &str) -> Vec<QueryGroup> {
    let samples = SampleSource::Memory(MemorySource::new(Vec::<RawSeries>::new()));
    let source = Source {
        name: "main".to_owned(),
        samples,
        ingest_delay: Millis(0),
        replica_labels: ReplicaLabels::default(),
        labels: Default::default(),
    };
    group(&[checkout(objective, "")], &[], &[Arc::new(source)]).0
}

#[tokio::test]
async fn the_time_of_rounds_that_failed_is_left_to_the_backfill_whole() {
    let (mut live, holes) = (Live::new(), Holes::default());
    live.adopt(&groups("99%"), &BTreeMap::new(), at(0));
    // Nobody answered for two hours: nothing was counted, and nothing forgotten.
    for minute in [5, 30, 120] {
        assert_eq!(live.groups[0].stretch(at(minute)).hole, Some(Period::new(at(0), at(minute - 3))));
    }
    live.round(at(120), &holes).await;
    assert_eq!(
        holes.take_of(|_| true).iter().map(|(_, hole)| *hole).collect::<Vec<_>>(),
        [Period::new(at(0), at(117))]
    );
    assert_eq!(live.read_until(), Some(at(120)));
    // The same in the middle of its life.
    assert_eq!(live.groups[0].stretch(at(150)).hole, None, "half an hour is read at once");
    for minute in [200, 300] {
        let stretch = live.groups[0].stretch(at(minute));
        assert_eq!(stretch.hole, Some(Period::new(at(118), at(minute - 3))));
    }
}

#[tokio::test]
async fn what_is_counted_already_keeps_its_place_when_the_groups_change() {
    let (mut live, holes) = (Live::new(), Holes::default());
    live.adopt(&groups("99%"), &BTreeMap::new(), at(0));
    live.round(at(3), &holes).await;
    live.adopt(&groups("99.9%"), &BTreeMap::new(), at(60));
    assert_eq!(live.read_until(), Some(at(3)), "another objective counts the same");
    live.adopt(&[], &BTreeMap::new(), at(60));
    live.adopt(&groups("99%"), &BTreeMap::new(), at(60));
    assert_eq!(live.read_until(), None, "what was left out begins anew");
}

const NOTHING: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
const TOO_MUCH: &str =
    r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples"}"#;

/// Answers that there is nothing, and to each question about `big` that it is too much.
async fn limited() -> (FakeServer, SampleSource) {
    let script = |query: &str| -> Vec<Step> {
        match query {
            _ if query.contains("big") => answer(422, &[("content-type", "application/json")], TOO_MUCH),
            _ if query.starts_with("max_over_time") => json(&NOTHING.replace("matrix", "vector")),
            _ => json(NOTHING),
        }
    };
    let server = FakeServer::start(move |request| match request.target.contains("/label") {
        true => json(r#"{"status":"success","data":[]}"#),
        false => script(&request.field("query").unwrap_or_default()),
    })
    .await;
    let endpoint = Endpoint { timeout: Millis::from_secs(5), ..Endpoint::new(server.url.clone()) };
    let client = Prometheus::new(&endpoint).unwrap();
    (server, SampleSource::Prometheus(client))
}

/// An SLO for each of these services, all over one metric.
fn services(names: &[&str], samples: SampleSource) -> (Vec<QueryGroup>, Vec<String>) {
    let definition = |service: &&str| {
        format!(
            "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: {service}, service: {service}}}\nspec:\n  objective: 99%\n  \
             indicator: {{ratio: {{bad: 'm{{service=\"{service}\",code=\"500\"}}', total: 'm{{service=\"{service}\"}}'}}}}\n"
        )
    };
    let text: Vec<String> = names.iter().map(definition).collect();
    let (slos, problems) = definitions::parse(&text.join("---\n"), "test");
    assert!(problems.is_empty(), "{problems:?}");
    let source = Source {
        name: "main".to_owned(),
        samples,
        ingest_delay: Millis(0),
        replica_labels: ReplicaLabels::default(),
        labels: Default::default(),
    };
    group(&slos.into_iter().map(Arc::new).collect::<Vec<_>>(), &[], &[Arc::new(source)])
}

#[tokio::test]
async fn one_sli_that_is_too_much_for_the_source_is_a_finding_and_the_others_are_counted() {
    let (_server, samples) = limited().await;
    let (groups, problems) = services(&["a", "b", "big", "c", "d"], samples);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(groups.len(), 1, "they are read together");
    let (mut live, holes) = (Live::new(), Holes::default());
    live.adopt(&groups, &BTreeMap::new(), at(0));
    for minute in [10, 11] {
        let round = live.round(at(minute), &holes).await;
        assert!(round.error.is_none(), "{:?}", round.error);
        let too_large = |one: &&CountedMinute| {
            one.findings.iter().any(|f| matches!(f.kind, FindingKind::Sli(SliProblem::TooLarge { .. })))
        };
        let (big, others): (Vec<_>, Vec<_>) = round.found.iter().partition(too_large);
        let big: Vec<&str> = big.iter().map(|one| one.findings[0].subject.as_str()).collect();
        assert_eq!((big, others.len()), (vec!["big"], 4), "minute {minute}");
        assert!(others.iter().all(|one| one.counted.end == at(minute)));
    }
}

/// Two services of one target, of which one has values from some minute on that no
/// counter has.
#[tokio::test]
async fn a_sample_that_cannot_be_used_costs_only_the_sli_that_reads_it() {
    let series = |name: &str, service: &str, value: &dyn Fn(i64) -> f64| {
        let labels = [("__name__", name), ("job", "shop"), ("instance", "i"), ("service", service)];
        let sample = |n: i64| Sample { at: at(0) + Millis(n * 15_000), value: value(n) };
        RawSeries {
            labels: labels.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            samples: (1..48).map(sample).collect(),
        }
    };
    let all = vec![
        series("up", "", &|_| 1.0),
        series("m", "a", &|n| n as f64 * 10.0),
        series("m", "b", &|n| if n > 30 { f64::NAN } else { n as f64 }),
    ];
    let (groups, _) = services(&["a", "b"], SampleSource::Memory(MemorySource::new(all)));
    let (mut live, holes) = (Live::new(), Holes::default());
    live.adopt(&groups, &BTreeMap::new(), at(0));
    let found = live.round(at(11), &holes).await.found;
    let covered = |slo: usize| found[slo].tiles.iter().map(|tile| tile.covered_ms).sum::<u32>();
    assert_eq!((found.len(), covered(0)), (2, 180_000));
    assert!(covered(1) < 60_000, "{} ms", covered(1));
}
