//! The world judged from outside: it is the same however it is asked, its pages
//! and its samples agree, and what a plain counting of the samples finds is what
//! the event log says that can be found.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::ingest::raw::RawSeries;
use crate::model::labels::{Labels, NAME};
use crate::model::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::{Comparison, ComparisonOp, Indicator, Numerator};
use crate::model::tile::EventCounts;
use crate::model::time::{Millis, Period, Timestamp};

pub(super) fn world(seed: u64) -> World {
    World::new(WorldConfig::new(seed, Timestamp::parse("2026-10-25T15:00:00Z").unwrap()))
}

/// Hours since the start of the world.
pub(super) fn hours(world: &World, from: i64, to: i64) -> Period {
    let start = world.config().start;
    Period::new(start + Millis::from_hours(from), start + Millis::from_hours(to))
}

pub(super) fn select(metric: &str, matchers: &[(&str, MatchOp, &str)]) -> Selector {
    Selector::new(
        metric,
        matchers.iter().map(|(label, op, value)| Matcher::new(*label, *op, *value).unwrap()).collect(),
    )
}

fn availability(job: &str) -> Indicator {
    let job = ("job", MatchOp::Equal, job);
    let bad = select("http_requests_total", &[job, ("code", MatchOp::Regex, "5..")]);
    Indicator::Ratio { numerator: Numerator::Bad(bad), total: select("http_requests_total", &[job]) }
}

fn indicators() -> Vec<Indicator> {
    let ours = [("job", MatchOp::NotEqual, "blackbox")];
    let not_failed =
        select("http_requests_total", &[("job", MatchOp::Equal, "payments"), ("code", MatchOp::NotRegex, "5..")]);
    let payments = select("http_requests_total", &[("job", MatchOp::Equal, "payments")]);
    let fast = select("http_request_duration_seconds_bucket", &[ours[0], ("le", MatchOp::Equal, "0.3")]);
    let mut all: Vec<Indicator> = world(1).services().iter().map(|job| availability(job)).collect();
    all.push(Indicator::Ratio { numerator: Numerator::Good(not_failed), total: payments });
    all.push(Indicator::Ratio {
        numerator: Numerator::Good(fast),
        total: select("http_request_duration_seconds_count", &ours),
    });
    all
}

/// Counts a selector's events as a careful reader of raw samples would, with
/// the process's start time as the only evidence of a restart.
fn count_samples(world: &World, selector: &Selector, period: Period) -> i64 {
    let target = |s: &RawSeries| s.labels.without(&[NAME, "method", "code", "le"]);
    let by_time = |series: Vec<RawSeries>| -> BTreeMap<Labels, BTreeMap<Timestamp, f64>> {
        series.into_iter().map(|s| (target(&s), s.samples.iter().map(|x| (x.at, x.value)).collect())).collect()
    };
    let starts = by_time(world.samples(&select("process_start_time_seconds", &[]), period));
    let mut sum = 0;
    for series in world.samples(selector, period) {
        let values: BTreeMap<Timestamp, f64> = series.samples.iter().map(|s| (s.at, s.value)).collect();
        let (mut started, mut last) = (None, 0.0);
        for (at, start) in &starts[&target(&series)] {
            let value = values.get(at).copied();
            if started != Some(*start) {
                // A process older than the world was counting before anyone looked.
                let is_old = started.is_none() && *start < world.config().start.secs_f64();
                last = if is_old { value.unwrap_or(0.0) } else { 0.0 };
                started = Some(*start);
            }
            if let Some(value) = value {
                assert!(value >= last, "{} fell without a restart at {at}", series.labels);
                sum += (value - last) as i64;
                last = value;
            }
        }
    }
    sum
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
    let world = World::new(WorldConfig { end: Some(end), ..config });
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
            let Exposition::Page(text) = page else {
                assert_eq!((sample.value, page), (0.0, Exposition::Failing), "{target} {}", sample.at);
                continue;
            };
            assert_eq!(sample.value, 1.0, "{target} {}", sample.at);
            assert_eq!(parse(&text, &target), at(&history, &target, sample.at), "{target} {}", sample.at);
        }
    }
    assert!(seen[0] > 10 && seen[1] > 400, "{seen:?}");
    assert_eq!(world.exposition("10.99.0.1:8080", period.start), Exposition::Absent);
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
fn counting_the_samples_finds_what_the_log_says_can_be_found() {
    let world = world(7);
    let start = world.config().start - Millis(1);
    let period = Period::new(start, start + Millis::from_hours(51));
    let mut log: BTreeMap<Kind, Logged> = BTreeMap::new();
    for entry in world.event_log(period) {
        let kind = (entry.service.to_string(), entry.method, entry.code, entry.within_seconds);
        let logged = log.entry(kind).or_default();
        logged.happened += entry.count as i64;
        logged.seen += if entry.seen_at.is_some_and(|at| at <= period.end) { entry.count as i64 } else { 0 };
    }
    let logged = |selector: &Selector, of: fn(&Logged) -> i64| -> i64 {
        log.iter().filter(|(kind, _)| in_log(selector, kind)).map(|(_, logged)| of(logged)).sum()
    };
    let mut hidden = 0;
    for indicator in indicators() {
        let truth = world.truth(&indicator, period);
        let Indicator::Ratio { numerator, total } = &indicator else { panic!("ratios only") };
        let of = |selector: &Selector, counts: EventCounts, named: bool| {
            let expected = match (named, numerator) {
                (false, _) => counts.total,
                (true, Numerator::Good(_)) => counts.good,
                (true, Numerator::Bad(_)) => counts.bad(),
            };
            (selector.clone(), expected)
        };
        for (selector, observable) in
            [of(total, truth.observable, false), of(numerator.selector(), truth.observable, true)]
        {
            assert_eq!(count_samples(&world, &selector, period), observable, "{selector}");
            assert_eq!(logged(&selector, |l| l.seen), observable, "{selector}");
        }
        let (selector, happened) = of(total, truth.happened, false);
        assert_eq!(logged(&selector, |l| l.happened), happened, "{selector}");
        hidden += truth.happened.total - truth.observable.total;
    }
    assert!(hidden > 1_000, "restarts hide some events: {hidden}");
}

/// Service, method, code and latency class of logged requests.
type Kind = (String, &'static str, &'static str, &'static str);

#[derive(Default)]
struct Logged {
    happened: i64,
    seen: i64,
}

/// Whether a selector counts requests of a kind.
fn in_log(selector: &Selector, (service, method, code, within_seconds): &Kind) -> bool {
    let series = Labels::new().with(NAME, &selector.metric).with("job", service);
    let le = |bound: &str| bound.parse::<f64>().unwrap();
    match selector.metric.as_str() {
        "http_requests_total" => selector.matches(&series.with("method", method).with("code", code)),
        "http_request_duration_seconds_count" => selector.matches(&series),
        "http_request_duration_seconds_bucket" => {
            let above =
                ["0.05", "0.1", "0.3", "1.0", "2.5", "+Inf"].into_iter().filter(|b| le(b) >= le(within_seconds));
            above.into_iter().any(|b| selector.matches(&series.clone().with("le", b)))
        }
        other => panic!("no log of {other}"),
    }
}

#[test]
fn what_a_later_period_brings_to_light_adds_up() {
    let world = world(8);
    let start = world.config().start - Millis(1);
    let indicator = availability("checkout");
    let whole = world.truth(&indicator, Period::new(start, start + Millis::from_hours(50)));
    let mut sum = Truth::default();
    for hour in 0..50 {
        let from = start + Millis::from_hours(hour);
        let part = world.truth(&indicator, Period::new(from, from + Millis::from_hours(1)));
        sum.happened += part.happened;
        sum.observable += part.observable;
    }
    assert_eq!(sum, whole);
}

#[test]
fn the_truth_of_the_worlds_own_scrapes_is_the_observable_one() {
    let world = world(9);
    let start = world.config().start - Millis(1);
    let period = Period::new(start, start + Millis::from_hours(30));
    let scrapes: Vec<AnsweredScrape> = world
        .samples(&select("up", &[]), period)
        .iter()
        .flat_map(|s| {
            let instance = s.labels.get("instance").unwrap().to_owned();
            let answered = s.samples.iter().filter(|x| x.value == 1.0);
            answered.map(|x| AnsweredScrape { instance: instance.clone(), at: x.at }).collect::<Vec<_>>()
        })
        .collect();
    for indicator in indicators() {
        let expected = world.truth(&indicator, period).observable;
        assert_eq!(world.truth_of_scrapes(&indicator, &scrapes, world.config().start), expected, "{indicator}");
    }
}

#[test]
fn resets_are_there_and_some_of_them_can_only_be_told_from_the_start_time() {
    let world = world(10);
    let period = hours(&world, 0, 60 * 24);
    let total = select("http_requests_total", &[("job", MatchOp::Equal, "checkout"), ("code", MatchOp::Equal, "200")]);
    let starts = world.samples(&select("process_start_time_seconds", &[("job", MatchOp::Equal, "checkout")]), period);
    let starts: BTreeMap<&str, &RawSeries> = starts.iter().map(|s| (s.labels.get("pod").unwrap(), s)).collect();
    let (mut falls, mut hidden) = (0, 0);
    for series in world.samples(&total, period) {
        let start = starts[series.labels.get("pod").unwrap()];
        let started: BTreeMap<Timestamp, f64> = start.samples.iter().map(|s| (s.at, s.value)).collect();
        for pair in series.samples.windows(2) {
            let restarted = started[&pair[0].at] != started[&pair[1].at];
            let fell = pair[1].value < pair[0].value;
            assert!(restarted || !fell, "{} at {}", series.labels, pair[1].at);
            falls += usize::from(fell);
            hidden += usize::from(restarted && !fell);
        }
    }
    assert!(falls > 20 && hidden > 5, "{falls} {hidden}");
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
        let slow = Indicator::Latency {
            histogram: select("http_request_duration_seconds", &[("job", MatchOp::Equal, d.service)]),
            threshold_seconds: 0.3,
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
    for (job, events) in [("storefront", 60e6..100e6), ("payments", 8e6..14e6), ("notifications", 15e3..40e3)] {
        assert!(events.contains(&(total(job, month) as f64)), "{job}: {}", total(job, month));
    }
    let noon = Timestamp::parse("2026-11-03T12:00:00Z").unwrap();
    assert_eq!(total("billing", Period::new(noon, noon + Millis::from_hours(8))), 0);
    assert!(total("billing", Period::new(noon - Millis::from_hours(12), noon)) > 50_000);
}

#[test]
fn the_probe_fails_with_the_storefront() {
    let world = world(14);
    let good = Comparison { op: ComparisonOp::Equal, value: 1.0 };
    let probe = Indicator::Gauge { metric: select("probe_success", &[]), good };
    let blip = world.disturbances(hours(&world, 0, 14 * 24)).into_iter().find(|d| d.plot == Plot::Blip).unwrap();
    let during = world.truth(&probe, blip.period).observable;
    assert!(during.total >= 6 && during.good <= 1, "{during:?}");
    let month = world.truth(&probe, hours(&world, 0, 30 * 24)).observable;
    assert_eq!(month.total, 30 * 24 * 60);
    assert!((20..80).contains(&month.bad()), "{month:?}");
}

#[test]
fn a_world_can_be_made_large() {
    let world = World::new(WorldConfig { extra_services: 20, ..world(15).config().clone() });
    let up = world.samples(&select("up", &[]), hours(&world, 0, 1));
    assert!(up.iter().filter(|s| s.labels.get("namespace") == Some("extra")).count() >= 40);
    let indicator = availability("service-020");
    assert!(world.truth(&indicator, hours(&world, 0, 1)).happened.total > 1_000);
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
    let files = std::fs::read_dir("slo-definitions/demo").unwrap().count();
    assert_eq!(files, DEFINITIONS.len());
    let mut promised = BTreeSet::new();
    for (file, text) in DEFINITIONS {
        let name = file.strip_suffix(".yaml").unwrap();
        assert!(text.contains(&format!("\n  name: {name}\n")), "{file}");
        let keys: Vec<(&str, &str)> = text.lines().filter_map(|line| line.trim().split_once(": ")).collect();
        let service = keys.iter().find(|(key, _)| *key == "service").unwrap().1;
        promised.insert(service);
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
            assert!(!world.samples(&selector, three_days).is_empty(), "{file}: {selector}");
        }
    }
    assert_eq!(promised, world.services().into_iter().collect());
}
