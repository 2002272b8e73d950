//! What a plain counting of the samples finds is what the event log says that
//! can be found.

use std::collections::BTreeMap;

use super::super::*;
use super::{availability, hours, select, world};
use crate::ingest::raw::RawSeries;
use crate::model::labels::selector::{MatchOp, Selector, SelectorSum};
use crate::model::labels::{Labels, NAME};
use crate::model::slo::sli::{Numerator, Sli};
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Millis, Period, Timestamp};

fn indicators() -> Vec<Sli> {
    let ours = [("job", MatchOp::NotEqual, "blackbox")];
    let not_failed =
        select("http_requests_total", &[("job", MatchOp::Equal, "payments"), ("code", MatchOp::NotRegex, "5..")]);
    let payments = select("http_requests_total", &[("job", MatchOp::Equal, "payments")]);
    let fast = select("http_request_duration_seconds_bucket", &[ours[0], ("le", MatchOp::Equal, "0.3")]);
    let mut all: Vec<Sli> = world(1).services().iter().map(|job| availability(job)).collect();
    all.push(Sli::Ratio { numerator: Numerator::Good(not_failed.into()), total: payments.into() });
    all.push(Sli::Ratio {
        numerator: Numerator::Good(fast.into()),
        total: select("http_request_duration_seconds_count", &ours).into(),
    });
    all
}

/// Counts a selector's events as a careful reader of raw samples would, with
/// the process's start time as the only evidence of a restart.
fn count_samples(world: &DemoPlatform, selector: &Selector, period: Period) -> i64 {
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
        let Sli::Ratio { numerator, total } = &indicator else { panic!("ratios only") };
        let of = |sum: &SelectorSum, counts: EventCounts, named: bool| {
            let expected = match (named, numerator) {
                (false, _) => counts.total,
                (true, Numerator::Good(_)) => counts.good,
                (true, Numerator::Bad(_)) => counts.bad(),
            };
            (sum.iter().next().unwrap().clone(), expected)
        };
        for (selector, observable) in [of(total, truth.observable, false), of(numerator.sum(), truth.observable, true)]
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
    let mut sum = DemoTruth::default();
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
