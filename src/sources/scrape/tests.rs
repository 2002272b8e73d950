//! Scrapes of targets good and bad, and what the buffer answers afterwards.

use super::*;
use crate::ingest::raw::RawSeries;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::time::Period;
use crate::net::fake_server::{FakeServer, Step, answer};

fn target(url: &str) -> ScrapeTarget {
    ScrapeTarget {
        endpoint: Endpoint { timeout: Millis::from_secs(5), ..Endpoint::new(url.parse().unwrap()) },
        job: "shop".into(),
        labels: Labels::new().with("instance", "i").with("zone", "z1"),
        honor_labels: false,
        metrics: None,
        limits: Limits::default(),
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

async fn scrape_with(change: impl Fn(&mut ScrapeTarget), steps: Vec<Step>) -> ScrapeOutcome {
    let server = FakeServer::start(move |_| steps.clone()).await;
    let mut target = target(server.url.join("metrics").unwrap().as_str());
    change(&mut target);
    Scraper::new(&target).unwrap().scrape(at(100)).await
}

async fn scrape(body: &str) -> ScrapeOutcome {
    scrape_with(|_| (), answer(200, &[("content-type", "text/plain; version=0.0.4")], body)).await
}

fn shown(outcome: &ScrapeOutcome) -> Vec<String> {
    outcome.result.as_ref().unwrap().iter().map(|(labels, value)| format!("{labels} {value}")).collect()
}

#[tokio::test]
async fn a_scrape_carries_the_labels_of_its_target() {
    let server = FakeServer::start(|_| answer(200, &[("content-type", "text/plain")], "b 2 99\na{x=\"1\"} 1\n")).await;
    let scraper = Scraper::new(&target(server.url.join("metrics?a=b").unwrap().as_str())).unwrap();
    let outcome = scraper.scrape(at(100)).await;
    assert_eq!(
        shown(&outcome),
        [
            r#"{__name__="a", instance="i", job="shop", x="1", zone="z1"} 1"#,
            r#"{__name__="b", instance="i", job="shop", zone="z1"} 2"#
        ]
    );
    assert_eq!(
        (outcome.at, outcome.up.to_string().as_str()),
        (at(100), r#"{__name__="up", instance="i", job="shop", zone="z1"}"#)
    );
    let request = server.request();
    assert_eq!(request.target, "/metrics?a=b");
    assert!(request.header("accept").unwrap().starts_with("application/openmetrics-text;version=1.0.0"));
    assert_eq!(request.header("x-prometheus-scrape-timeout-seconds"), Some("5"));
}

#[tokio::test]
async fn labels_that_collide_are_renamed_or_honored() {
    let body = "m{job=\"theirs\",exported_job=\"old\",zone=\"z9\",a=\"1\"} 1\n";
    let steps = answer(200, &[("content-type", "text/plain")], body);
    let renamed = scrape_with(|_| (), steps.clone()).await;
    assert_eq!(
        shown(&renamed),
        [
            r#"{__name__="m", a="1", exported_exported_job="theirs", exported_job="old", exported_zone="z9", instance="i", job="shop", zone="z1"} 1"#
        ]
    );
    let honored = scrape_with(|t| t.honor_labels = true, steps).await;
    assert_eq!(
        shown(&honored),
        [r#"{__name__="m", a="1", exported_job="old", instance="i", job="theirs", zone="z9"} 1"#]
    );
}

#[test]
fn the_instance_is_host_and_port_unless_it_is_given() {
    let labels = |url: &str| ScrapeTarget { labels: Labels::new(), ..target(url) }.all_labels().to_string();
    assert_eq!(labels("http://shop:8080/metrics"), r#"{instance="shop:8080", job="shop"}"#);
    assert_eq!(labels("https://[::1]/metrics"), r#"{instance="[::1]:443", job="shop"}"#);
    assert_eq!(target("http://x/").all_labels().get("instance"), Some("i"));
}

#[tokio::test]
async fn a_target_that_cannot_be_read_gives_nothing_at_all() {
    let text = [("content-type", "text/plain")];
    let om = [("content-type", "application/openmetrics-text; version=1.0.0")];
    for (steps, word, reason) in [
        (answer(200, &text, "a 1\nb x\n"), "bad-response", "line 2: the value is not a number"),
        (answer(200, &text, "a 1\na 2\n"), "bad-response", "line 2: duplicate series"),
        (answer(200, &om, "a 1\n"), "bad-response", "without `# EOF`"),
        (answer(200, &[("content-type", "text/html")], "a 1\n"), "bad-response", "an HTML page instead of data"),
        (answer(200, &[("content-type", "image/png")], "a 1\n"), "bad-response", "content type is image/png"),
        (answer(200, &text, "a 1\nb 1\nc 1\n"), "too-large", "line 3: more than 2 samples"),
        (answer(200, &text, "#".repeat(2_000)), "too-large", "more than 1000 bytes"),
        (answer(500, &[], "oops"), "overloaded", "oops"),
        (answer(404, &[], ""), "refused", "404"),
        (vec![], "unreachable", ""),
    ] {
        let limit = |t: &mut ScrapeTarget| {
            t.limits.samples = 2;
            t.endpoint.body_limit_bytes = 1_000;
        };
        let error = scrape_with(limit, steps).await.result.unwrap_err();
        assert_eq!(error.word(), word, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn only_the_metrics_that_are_wanted_are_kept() {
    let body = "a 1\nb 2\nc 3\n";
    let only_b = |t: &mut ScrapeTarget| t.metrics = Some(BTreeSet::from(["b".to_owned()]));
    let outcome = scrape_with(only_b, answer(200, &[], body)).await;
    assert_eq!(shown(&outcome).len(), 1);
}

#[tokio::test]
async fn of_one_series_with_several_times_the_latest_counts() {
    assert_eq!(
        shown(&scrape("m 5 2000\nm 7 1000\nm 6\n").await),
        [r#"{__name__="m", instance="i", job="shop", zone="z1"} 5"#]
    );
}

fn outcome(secs: i64, series: &[(&str, f64)]) -> ScrapeOutcome {
    let labels = |name: &str| Labels::new().with(NAME, name).with("job", "j");
    ScrapeOutcome {
        at: at(secs),
        up: labels("up"),
        result: Ok(series.iter().map(|(name, value)| (labels(name), *value)).collect()),
        duration: Millis(1),
    }
}

fn failed(secs: i64) -> ScrapeOutcome {
    let error = HttpError::Unreachable { url: "u".into(), reason: "r".into() };
    ScrapeOutcome { result: Err(error), ..outcome(secs, &[]) }
}

fn read(buffer: &SampleBuffer, metric: &str, from: i64, to: i64) -> Vec<(i64, f64)> {
    let series: Vec<RawSeries> = buffer.read(&Selector::new(metric, Vec::new()), Period::new(at(from), at(to)));
    assert!(series.len() <= 1);
    series.iter().flat_map(|s| s.samples.iter().map(|s| (s.at.millis() / 1_000, s.value))).collect()
}

#[test]
fn the_buffer_answers_like_prometheus() {
    let mut buffer = SampleBuffer::new(Millis::from_mins(10), 100);
    buffer.push(outcome(60, &[("a", 1.0)])).unwrap();
    assert!(buffer.push(failed(90)).is_err());
    buffer.push(outcome(120, &[("a", 3.0), ("b", 0.0)])).unwrap();
    assert_eq!(read(&buffer, "a", 0, 120), [(60, 1.0), (120, 3.0)]);
    assert_eq!(read(&buffer, "a", 60, 119), []);
    assert_eq!(read(&buffer, "up", 0, 120), [(60, 1.0), (90, 0.0), (120, 1.0)]);
    assert_eq!(read(&buffer, "c", 0, 120), []);
    let selected = Selector::new("a", vec![Matcher::new("job", MatchOp::NotEqual, "j").unwrap()]);
    assert!(buffer.read(&selected, Period::new(at(0), at(120))).is_empty());
    assert_eq!(buffer.series_count(), 3);
}

#[test]
fn the_buffer_forgets_what_is_old() {
    let mut buffer = SampleBuffer::new(Millis::from_mins(10), 100);
    buffer.push(outcome(0, &[("gone", 1.0), ("a", 0.0)])).unwrap();
    for secs in (30..=1_200).step_by(30) {
        buffer.push(outcome(secs, &[("a", secs as f64)])).unwrap();
    }
    assert_eq!(read(&buffer, "gone", -1, 2_000), []);
    assert_eq!(buffer.series_count(), 2);
    let kept = read(&buffer, "a", -1, 2_000);
    assert_eq!(kept.last(), Some(&(1_200, 1_200.0)));
    assert!(kept.first().is_some_and(|(secs, _)| (500..=600).contains(secs)), "{kept:?}");
}

#[test]
fn a_scrape_that_does_not_fit_fails_as_a_whole() {
    let mut buffer = SampleBuffer::new(Millis::from_mins(10), 3);
    buffer.push(outcome(0, &[("a", 1.0)])).unwrap();
    let error = buffer.push(outcome(30, &[("a", 2.0), ("b", 1.0), ("c", 1.0)])).unwrap_err();
    assert_eq!(error.word(), "too-large");
    assert_eq!(read(&buffer, "a", -1, 60), [(0, 1.0)]);
    assert_eq!(read(&buffer, "up", -1, 60), [(0, 1.0), (30, 0.0)]);
    buffer.push(outcome(60, &[("a", 3.0), ("b", 1.0)])).unwrap();
    assert_eq!(read(&buffer, "a", -1, 60), [(0, 1.0), (60, 3.0)]);
}

#[test]
fn a_clock_that_jumps_does_no_lasting_harm() {
    let mut buffer = SampleBuffer::new(Millis::from_mins(10), 100);
    buffer.push(outcome(100, &[("a", 1.0)])).unwrap();
    buffer.push(outcome(50, &[("a", 0.5)])).unwrap();
    buffer.push(outcome(100, &[("a", 1.5)])).unwrap();
    assert_eq!(read(&buffer, "a", -1, 200), [(50, 0.5), (100, 1.5)]);
    buffer.push(outcome(1_000_000, &[("a", 9.0)])).unwrap();
    buffer.push(outcome(130, &[("a", 2.0)])).unwrap();
    assert_eq!(read(&buffer, "a", -1, 2_000_000), [(130, 2.0)]);
}

#[test]
fn what_a_target_says_of_its_own_up_does_not_count() {
    let mut buffer = SampleBuffer::new(Millis::from_mins(10), 100);
    buffer.push(outcome(0, &[("up", 0.0)])).unwrap();
    assert_eq!(read(&buffer, "up", -1, 0), [(0, 1.0)]);
}
