//! A group gets what it would get alone, and a source is asked as seldom as can be.

use super::*;
use crate::app::catalog::slis::group;
use crate::definitions;
use crate::ingest::raw::{Sample, unite};
use crate::ingest::replicas::ReplicaLabels;
use crate::model::slo::Slo;
use crate::model::time::Millis;
use crate::net::Endpoint;
use crate::net::fake_server::{FakeServer, Step, answer, json};
use crate::sources::prometheus::Prometheus;
use crate::sources::prometheus::memory::MemorySource;
use crate::sources::prometheus::samples::SampleSource;

const NOTHING: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
const TOO_MUCH: &str = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;

fn period() -> Period {
    Period::new(Timestamp::from_millis(0), Timestamp::from_millis(180_000))
}

/// An SLO for each pair of a job and a metric.
fn slos(pairs: &[(&str, &str)]) -> Vec<Arc<Slo>> {
    let text: Vec<String> = pairs
        .iter()
        .map(|(job, metric)| {
            format!(
                "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: {job}-{metric}, service: {job}}}\nspec:\n  objective: 99.9%\n  windows: [30d]\n  indicator:\n    ratio:\n      bad: '{metric}_total{{job=\"{job}\",code=\"500\"}}'\n      total: '{metric}_total{{job=\"{job}\"}}'\n"
            )
        })
        .collect();
    let (slos, problems) = definitions::parse(&text.join("---\n"), "test");
    assert!(problems.is_empty(), "{problems:?}");
    slos.into_iter().map(Arc::new).collect()
}

fn groups(pairs: &[(&str, &str)], samples: SampleSource) -> Vec<QueryGroup> {
    let source = Source {
        name: "main".to_owned(),
        samples,
        ingest_delay: Millis::from_secs(60),
        replica_labels: ReplicaLabels::default(),
        labels: Default::default(),
    };
    let (groups, problems) = group(&slos(pairs), &[], &[Arc::new(source)]);
    assert!(problems.is_empty(), "{problems:?}");
    groups
}

fn series(name: &str, job: &str, code: &str) -> RawSeries {
    let labels = [(NAME, name), ("job", job), ("instance", "i"), ("code", code)];
    let samples = (1..=12).map(|n| Sample { at: Timestamp::from_millis(n * 15_000), value: n as f64 }).collect();
    RawSeries { labels: labels.into_iter().filter(|(_, value)| !value.is_empty()).collect(), samples }
}

async fn shared(groups: &[QueryGroup], apart: &Arc<Apart>) -> SharedQuery {
    SharedQuery::of(&groups[0].source, &groups.iter().collect::<Vec<_>>(), apart).await
}

#[tokio::test]
async fn each_group_gets_what_it_would_get_alone() {
    let pairs = [("shop", "a"), ("shop", "b"), ("pay", "b"), ("pay", "c"), ("shop", "d"), ("mail", "e"), ("pay", "f")];
    let mut all = Vec::new();
    for job in ["shop", "pay", "mail", "other"] {
        all.push(series("up", job, ""));
        // One of them does not tell when it started: `_created` is asked for.
        all.extend((job != "pay").then(|| series("process_start_time_seconds", job, "")));
        for metric in ["a", "b", "c", "d", "e", "f", "g"] {
            all.extend(["200", "500"].map(|code| series(&format!("{metric}_total"), job, code)));
            all.push(series(&format!("{metric}_created"), job, "200"));
        }
    }
    let groups = groups(&pairs, SampleSource::Memory(MemorySource::new(all)));
    assert!(groups.len() > 3);
    let together = shared(&groups, &Arc::default()).await;
    assert!(!together.joints.is_empty() && together.up.is_some());
    for group in &groups {
        let mut alone = SharedQuery::alone(group).read_batch(&group.batch, period()).await.unwrap();
        // A second time nothing is left in the joint answer, and it is read anew.
        for _ in 0..2 {
            let mut mine = together.read_batch(&group.batch, period()).await.unwrap();
            for (mine, alone) in [
                (&mut mine.series, &mut alone.series),
                (&mut mine.up, &mut alone.up),
                (&mut mine.starts, &mut alone.starts),
            ] {
                [&mut *mine, &mut *alone].into_iter().for_each(unite);
                assert_eq!(mine, alone);
            }
            assert!(!mine.series.is_empty() && !mine.up.is_empty());
        }
        assert_eq!(together.alive(period()).await, SharedQuery::alone(group).alive(period()).await);
    }
}

async fn prometheus(script: fn(&str) -> Vec<Step>) -> (FakeServer, SampleSource) {
    let server = FakeServer::start(move |request| script(&request.field("query").unwrap_or_default())).await;
    let endpoint = Endpoint { timeout: Millis::from_secs(5), ..Endpoint::new(server.url.clone()) };
    let client = Prometheus::new(&endpoint).unwrap();
    (server, SampleSource::Prometheus(client))
}

async fn read_all(groups: &[QueryGroup], apart: &Arc<Apart>) {
    let shared = shared(groups, apart).await;
    let all = groups.iter().map(|group| async {
        shared.read_batch(&group.batch, period()).await.unwrap();
        shared.alive(period()).await.unwrap();
    });
    futures_util::future::join_all(all).await;
}

fn forty() -> Vec<String> {
    (0..40).map(|n| format!("requests{n}")).collect()
}

#[tokio::test]
async fn forty_metrics_of_one_job_cost_five_questions() {
    let (server, samples) = prometheus(|_| json(NOTHING)).await;
    let metrics = forty();
    let pairs: Vec<(&str, &str)> = metrics.iter().map(|metric| ("shop", metric.as_str())).collect();
    read_all(&groups(&pairs, samples), &Arc::default()).await;
    let mut asked: Vec<String> = server.requests().iter().filter_map(|r| r.field("query")).collect();
    asked.sort();
    assert_eq!(asked.len(), 5, "{asked:?}");
    assert_eq!(asked.iter().filter(|q| q.starts_with(r#"{__name__=~"requests"#)).count(), 2, "{asked:?}");
    assert!(asked.contains(&r#"up{job="shop"}[180000ms]"#.to_owned()), "{asked:?}");
}

#[tokio::test]
async fn what_is_too_large_together_is_asked_apart_from_then_on() {
    let (server, samples) =
        prometheus(|query| match query.starts_with("{__name__") && !query.contains("process_start") {
            true => answer(422, &[("content-type", "application/json")], TOO_MUCH),
            false => json(NOTHING),
        })
        .await;
    let groups = groups(&[("shop", "a"), ("shop", "b")], samples);
    let apart = Arc::default();
    let joined = |server: &FakeServer| {
        let requests = server.requests();
        let joined = |query: String| query.starts_with("{__name__") && !query.contains("process_start");
        requests.iter().filter(|r| r.field("query").is_some_and(joined)).count()
    };
    read_all(&groups, &apart).await;
    assert_eq!((joined(&server), server.requests().len()), (1, 6));
    read_all(&groups, &apart).await;
    assert_eq!((joined(&server), server.requests().len()), (1, 11));
}

#[tokio::test]
async fn both_forms_of_a_histogram_are_one_question() {
    const NATIVE: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"h_bucket","job":"shop","le":"+Inf"},"values":[[60,"4"]]},
        {"metric":{"__name__":"h","job":"shop"},"histograms":[[60,{"count":"5","sum":"2","buckets":[[0,"0.25","0.5","3"]]}]]}]}}"#;
    let (server, samples) = prometheus(|query| json(if query.contains('|') { NATIVE } else { NOTHING })).await;
    let definition = r#"{apiVersion: evenkeel/v1, kind: SLO, metadata: {name: fast, service: shop}, spec: {objective: 99%, windows: [30d], indicator: {latency: {histogram: 'h{job="shop"}', threshold: 500ms}}}}"#;
    let (slos, problems) = definitions::parse(definition, "test");
    assert!(problems.is_empty(), "{problems:?}");
    let source = Source {
        name: "main".to_owned(),
        samples,
        ingest_delay: Millis::from_secs(60),
        replica_labels: ReplicaLabels::default(),
        labels: Default::default(),
    };
    let (groups, _) = group(&slos.into_iter().map(Arc::new).collect::<Vec<_>>(), &[], &[Arc::new(source)]);
    let [group] = groups.as_slice() else { panic!("one group") };
    for shared in [SharedQuery::alone(group), shared(&groups, &Arc::default()).await] {
        let before = server.requests().len();
        let found = shared.read_batch(&group.batch, period()).await.unwrap().series;
        let value = |name: &str, le: &str| {
            let one = found.iter().find(|s| s.labels.get(NAME) == Some(name) && s.labels.get("le") == Some(le));
            one.map(|s| s.samples[0].value)
        };
        assert_eq!([value("h_bucket", "+Inf"), value("h native", "+Inf")], [Some(4.0), Some(5.0)]);
        assert_eq!([value("h native", "0.25"), value("h native", "0.5")], [Some(0.0), Some(3.0)]);
        let asked: Vec<String> = server.requests()[before..].iter().filter_map(|r| r.field("query")).collect();
        assert_eq!(asked.len(), 3, "histogram, up and start times: {asked:?}");
    }
}
