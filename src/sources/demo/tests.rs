//! The world judged from outside: it is the same however it is asked, its pages
//! and its samples agree, and its users are hurt as the script says.

mod counting;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::ingest::raw::RawSeries;
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::labels::{Labels, NAME};
use crate::model::operations::comparison::{ComparisonOp, ValueCondition};
use crate::model::slo::sli::{HistogramUnit, Numerator, Sli};
use crate::model::time::{Millis, Period, Timestamp};

pub(super) fn world(seed: u64) -> DemoPlatform {
    DemoPlatform::new(WorldConfig::new(seed, Timestamp::parse("2026-10-25T15:00:00Z").unwrap()))
}

/// Hours since the start of the world.
pub(super) fn hours(world: &DemoPlatform, from: i64, to: i64) -> Period {
    let start = world.config().start;
    Period::new(start + Millis::from_hours(from), start + Millis::from_hours(to))
}

pub(super) fn select(metric: &str, matchers: &[(&str, MatchOp, &str)]) -> Selector {
    Selector::new(
        metric,
        matchers.iter().map(|(label, op, value)| Matcher::new(*label, *op, *value).unwrap()).collect(),
    )
}

fn availability(job: &str) -> Sli {
    let job = ("job", MatchOp::Equal, job);
    let bad = select("http_requests_total", &[job, ("code", MatchOp::Regex, "5..")]);
    Sli::Ratio { numerator: Numerator::Bad(bad.into()), total: select("http_requests_total", &[job]).into() }
}

#[test]
fn equal_settings_make_equal_worlds_and_other_seeds_make_others() {
    let day = hours(&world(1), 20, 26);
    assert_eq!(world(1).history(day), world(1).history(day));
    assert_ne!(world(1).history(day), world(2).history(day));
}

#[test]
fn a_period_in_pieces_is_the_same_as_in_one() {
    let world = world(3);
    type Whole = BTreeMap<Labels, (Vec<(Timestamp, f64)>, Vec<Timestamp>)>;
    let add = |all: &mut Whole, period: Period| {
        for series in world.history(period) {
            let (samples, stale) = all.entry(series.labels).or_default();
            samples.extend(series.samples.iter().map(|s| (s.at, s.value)));
            stale.extend(series.stale);
        }
    };
    // From a while before the outage until the bad rollout is over.
    let (mut whole, mut pieces) = (Whole::new(), Whole::new());
    add(&mut whole, hours(&world, 20, 50));
    let mut from = world.config().start + Millis::from_hours(20);
    let end = world.config().start + Millis::from_hours(50);
    while from < end {
        let to = end.min(from + Millis(7_777_777));
        add(&mut pieces, Period::new(from, to));
        from = to;
    }
    assert_eq!(pieces.len(), whole.len());
    for (labels, series) in &whole {
        assert_eq!(pieces.get(labels), Some(series), "{labels}");
    }
}

#[test]
fn a_selector_gives_its_part_of_the_history() {
    let world = world(4);
    let period = hours(&world, 36, 39);
    let all = world.history(period);
    for selector in [
        select("up", &[]),
        select("http_requests_total", &[("job", MatchOp::Equal, "catalog"), ("code", MatchOp::Regex, "5..")]),
        select("http_request_duration_seconds_sum", &[("namespace", MatchOp::Equal, "shop")]),
        select("probe_success", &[("instance", MatchOp::Equal, "shop.example.com")]),
        select("ALERTS", &[("alertstate", MatchOp::Equal, "firing")]),
        select("ALERTS_FOR_STATE", &[]),
    ] {
        let expected: Vec<RawSeries> = all
            .iter()
            .filter(|s| selector.matches(&s.labels) && !s.samples.is_empty())
            .map(|s| RawSeries { labels: s.labels.clone(), samples: s.samples.clone() })
            .collect();
        assert!(!expected.is_empty(), "{selector}");
        assert_eq!(world.samples(&selector, period), expected, "{selector}");
    }
    assert_eq!(world.samples(&select("no_such_metric", &[]), period), []);
}

#[test]
fn a_world_has_no_samples_outside_of_its_time() {
    let config = world(5).config().clone();
    let end = config.start + Millis::from_hours(2);
    let world = DemoPlatform::new(WorldConfig { end: Some(end), ..config });
    let wide = hours(&world, -48, 48);
    let up = world.samples(&select("up", &[]), wide);
    let times = || up.iter().flat_map(|s| s.samples.iter().map(|x| x.at));
    assert!(times().min().unwrap() >= world.config().start && times().max().unwrap() <= end);
    assert!(world.event_log(wide).all(|e| e.after >= world.config().start - Millis(1) && e.at <= end));
    assert!(world.changes(wide).iter().all(|c| c.started_at >= world.config().start && c.started_at < end));
}

#[test]
fn pages_show_what_samples_hold() {
    let world = world(6);
    let outage = world.disturbances(hours(&world, 0, 48)).into_iter().find(|d| d.plot == Plot::Outage).unwrap();
    let period = Period::new(outage.period.start + Millis::from_mins(4), outage.period.start + Millis::from_mins(16));
    let history = world.history(period);
    let mut seen = [0, 0];
    for up in history.iter().filter(|s| s.labels.get(NAME) == Some("up")) {
        let target = up.labels.without(&[NAME]);
        for sample in &up.samples {
            let page = world.exposition(target.get("instance").unwrap(), sample.at);
            seen[sample.value as usize] += 1;
            let PageFormat::Page(text) = page else {
                assert_eq!((sample.value, page), (0.0, PageFormat::Failing), "{target} {}", sample.at);
                continue;
            };
            assert_eq!(sample.value, 1.0, "{target} {}", sample.at);
            assert_eq!(parse(&text, &target), at(&history, &target, sample.at), "{target} {}", sample.at);
        }
    }
    assert!(seen[0] > 10 && seen[1] > 400, "{seen:?}");
    assert_eq!(world.exposition("10.99.0.1:8080", period.start), PageFormat::Absent);
}

/// The samples of one target at one instant, without `up`.
fn at(history: &[HistorySeries], target: &Labels, at: Timestamp) -> BTreeMap<Labels, f64> {
    let ours = history
        .iter()
        .filter(|s| s.labels.contains_all(target) && !matches!(s.labels.get(NAME), Some("up" | "ALERTS")));
    let sample = |s: &HistorySeries| s.samples.iter().find(|x| x.at == at).map(|x| (s.labels.clone(), x.value));
    ours.filter_map(sample).collect()
}

/// A page as an independent parser reads it.
fn parse(text: &str, target: &Labels) -> BTreeMap<Labels, f64> {
    let page = prometheus_parse::Scrape::parse(text.lines().map(|l| Ok(l.to_owned()))).unwrap();
    let mut all = BTreeMap::new();
    for sample in page.samples {
        let mut labels = target.clone().with(NAME, &sample.metric);
        for (name, value) in sample.labels.iter() {
            labels.set(name, value);
        }
        match sample.value {
            prometheus_parse::Value::Histogram(buckets) => {
                for bucket in buckets {
                    let le = match bucket.less_than {
                        le if le.is_infinite() => "+Inf".to_owned(),
                        le if le.fract() == 0.0 => format!("{le:.1}"),
                        le => le.to_string(),
                    };
                    let name = format!("{}_bucket", sample.metric);
                    all.insert(labels.clone().with(NAME, &name).with("le", &le), bucket.count);
                }
            }
            prometheus_parse::Value::Counter(v)
            | prometheus_parse::Value::Gauge(v)
            | prometheus_parse::Value::Untyped(v) => {
                all.insert(labels, v);
            }
            prometheus_parse::Value::Summary(_) => panic!("no summaries here"),
        }
    }
    all
}

#[test]
fn error_children_are_born_with_their_first_error() {
    let world = world(11);
    let period = hours(&world, 0, 72);
    let errors = select("http_requests_total", &[("code", MatchOp::Regex, "5.."), ("job", MatchOp::Equal, "catalog")]);
    let catalog_pods: BTreeSet<String> =
        world.targets(period).iter().filter(|t| t.job() == "catalog").map(|t| t.labels.to_string()).collect();
    let series = world.samples(&errors, period);
    assert!(series.iter().all(|s| s.samples[0].value >= 1.0));
    let born: BTreeSet<String> =
        series.iter().map(|s| s.labels.without(&[NAME, "method", "code"]).to_string()).collect();
    // An hour's life has two or three errors of catalog: some pods see none.
    assert!(catalog_pods.len() > 140, "{}", catalog_pods.len());
    assert!(born.len() > 50 && born.len() < catalog_pods.len(), "{} of {}", born.len(), catalog_pods.len());
}

#[test]
fn disturbances_hurt_as_much_as_the_script_says() {
    let world = world(12);
    for d in world.disturbances(hours(&world, 0, 14 * 24)) {
        let slow = Sli::Latency {
            histogram: select("http_request_duration_seconds", &[("job", MatchOp::Equal, d.service)]),
            threshold_seconds: 0.3,
            unit: HistogramUnit::Seconds,
        };
        let (indicator, ratio) = match d.effect {
            Effect::Errors(ratio) | Effect::BadRevision(ratio) => (availability(d.service), ratio),
            Effect::Slowness(ratio) => (slow, ratio),
        };
        let counts = world.truth(&indicator, d.period).happened;
        let seen = counts.bad() as f64 / counts.total as f64;
        // Pods get a bad revision one after the other, and few events vary much.
        let tolerance = if counts.total < 200 || matches!(d.effect, Effect::BadRevision(_)) { 0.35 } else { 0.12 };
        assert!((seen / ratio - 1.0).abs() < tolerance, "{d:?}: {seen} of {}", counts.total);
        let before = Period::new(d.period.start - Millis::from_hours(4), d.period.start - Millis::from_mins(1));
        let usual = world.truth(&indicator, before).happened;
        assert!((usual.bad() as f64) < 0.01 * usual.total as f64, "{d:?}: {usual:?} before");
    }
}

#[test]
fn every_service_has_its_rhythm() {
    let world = world(13);
    let month = hours(&world, 0, 30 * 24);
    let total = |job: &str, period| world.truth(&availability(job), period).happened.total;
    for (job, events) in [("storefront", 60e6..100e6), ("payments", 12e6..21e6), ("notifications", 15e3..40e3)] {
        assert!(events.contains(&(total(job, month) as f64)), "{job}: {}", total(job, month));
    }
    let noon = Timestamp::parse("2026-11-03T12:00:00Z").unwrap();
    assert_eq!(total("billing", Period::new(noon, noon + Millis::from_hours(8))), 0);
    assert!(total("billing", Period::new(noon - Millis::from_hours(12), noon)) > 50_000);
}

#[test]
fn the_probe_fails_with_the_storefront() {
    let world = world(14);
    let good = ValueCondition { op: ComparisonOp::Equal, value: 1.0 };
    let probe = Sli::Gauge { metric: select("probe_success", &[]), good };
    let blip = world.disturbances(hours(&world, 0, 14 * 24)).into_iter().find(|d| d.plot == Plot::Blip).unwrap();
    let during = world.truth(&probe, blip.period).observable;
    assert!(during.total >= 6 && during.good <= 1, "{during:?}");
    let month = world.truth(&probe, hours(&world, 0, 30 * 24)).observable;
    // The first and the last minute are cut where the world does not start with one.
    assert!((43_200..=43_201).contains(&month.total), "{month:?}");
    assert!((20..80).contains(&month.bad()), "{month:?}");
}

#[test]
fn a_world_can_be_made_large() {
    let world = DemoPlatform::new(WorldConfig { extra_services: 20, ..world(15).config().clone() });
    let up = world.samples(&select("up", &[]), hours(&world, 0, 1));
    assert!(up.iter().filter(|s| s.labels.get("namespace") == Some("extra")).count() >= 40);
    let indicator = availability("service-020");
    assert!(world.truth(&indicator, hours(&world, 0, 1)).happened.total > 100);
}

/// The selector that stands behind a key of a definition.
fn selector_of(text: &str) -> Selector {
    let Ok(promql_parser::parser::Expr::VectorSelector(parsed)) = promql_parser::parser::parse(text) else {
        panic!("no selector: {text}");
    };
    let matchers = parsed.matchers.matchers.iter().map(|m| {
        let op = match &m.op {
            promql_parser::label::MatchOp::Equal => MatchOp::Equal,
            promql_parser::label::MatchOp::NotEqual => MatchOp::NotEqual,
            promql_parser::label::MatchOp::Re(_) => MatchOp::Regex,
            promql_parser::label::MatchOp::NotRe(_) => MatchOp::NotRegex,
        };
        Matcher::new(&m.name, op, &m.value).unwrap()
    });
    Selector::new(parsed.name.clone().unwrap(), matchers.collect())
}

#[test]
fn definitions_promise_what_the_world_has_metrics_for() {
    let world = world(16);
    let three_days = hours(&world, 0, 72);
    let mut promised = BTreeSet::new();
    for file in std::fs::read_dir("slo-definitions/demo").unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let keys: Vec<(&str, &str)> = text.lines().filter_map(|line| line.trim().split_once(": ")).collect();
        let service = keys.iter().find(|(key, _)| *key == "service").unwrap().1;
        promised.insert(service.to_owned());
        let selectors =
            keys.iter().filter(|(key, _)| matches!(*key, "bad" | "good" | "total" | "histogram" | "metric"));
        for (key, value) in selectors.filter(|(_, value)| !value.starts_with('"')) {
            let selector = selector_of(value);
            let selector = if *key == "histogram" {
                selector.derive(
                    "http_request_duration_seconds_bucket",
                    [Matcher::new("le", MatchOp::Equal, "0.3").unwrap()],
                )
            } else {
                selector
            };
            assert!(!world.samples(&selector, three_days).is_empty(), "{service}: {selector}");
        }
    }
    assert_eq!(promised, world.services().into_iter().map(str::to_owned).collect());
}
