//! The events of the sample shop: traffic with days and nights, a little error
//! all the time, and the bursts of its incidents. Made by arithmetic alone, so
//! it is the same on every machine.

use evenkeel::model::labels::Labels;
use evenkeel::model::labels::selector::{MatchOp, Matcher, Selector};
use evenkeel::model::operations::comparison::ValueCondition;
use evenkeel::model::slo::objectives::{Objective, Objectives};
use evenkeel::model::slo::sli::{HistogramUnit, Numerator, Sli};
use evenkeel::model::slo::tile::EventCounts;
use evenkeel::model::slo::{AlertPolicy, AlertTier, Budgeting, NoDataPolicy, PolicyStep, Severity, Slo};
use evenkeel::model::time::window::ComplianceWindow;
use evenkeel::model::time::{DAY_MS, Millis, Period, Timestamp};

/// The history is made in pieces of this length.
const PIECE_MS: i64 = 5 * 60_000;
/// A rolling window of 30 days at the beginning of a chart of 30 days needs 60.
const DAYS: i64 = 62;

/// How the events of one SLO look.
pub struct Shape {
    pub per_minute: f64,
    /// Bad ratio when nothing happens.
    pub usual_bad: f64,
    pub bursts: Vec<Burst>,
    /// Not observed.
    pub blind: Option<(&'static str, &'static str)>,
    /// Share of the events that may be either.
    pub uncertain: f64,
    /// One event a minute, whatever the traffic.
    pub slices: bool,
}

pub struct Burst {
    from: &'static str,
    to: &'static str,
    bad: f64,
}

/// Running sums over the pieces of the history.
pub struct Traffic {
    start: Timestamp,
    good: Vec<f64>,
    total: Vec<f64>,
    uncertain: Vec<f64>,
    covered: Vec<f64>,
}

impl Traffic {
    pub fn new(shape: &Shape, now: Timestamp) -> Traffic {
        let start = now - Millis::from_days(DAYS);
        let pieces = DAYS * DAY_MS / PIECE_MS;
        let mut traffic =
            Traffic { start, good: vec![0.0], total: vec![0.0], uncertain: vec![0.0], covered: vec![0.0] };
        let time = |text: &str| Timestamp::parse(text).unwrap();
        let blind = shape.blind.map(|(from, to)| Period::new(time(from), time(to)));
        let bursts: Vec<(Period, f64)> =
            shape.bursts.iter().map(|b| (Period::new(time(b.from), time(b.to)), b.bad)).collect();
        for i in 0..pieces {
            let at = start + Millis(i * PIECE_MS);
            let seen = shape.per_minute > 0.0 && !blind.is_some_and(|gap| gap.contains(at));
            let burst = bursts.iter().find(|(period, _)| period.contains(at));
            let wobble = wobble(at.millis() / PIECE_MS);
            let events = if shape.slices { 5.0 } else { (shape.per_minute * 5.0 * day_curve(at) * wobble).round() };
            let events = if seen { events } else { 0.0 };
            let ratio = burst.map_or(shape.usual_bad * (0.4 + 1.2 * (wobble - 0.9) * 5.0), |(_, bad)| bad * wobble);
            let bad = (events * ratio.min(1.0)).round();
            let uncertain = (events * shape.uncertain).round();
            push(&mut traffic.good, events - bad - uncertain);
            push(&mut traffic.total, events);
            push(&mut traffic.uncertain, uncertain);
            push(&mut traffic.covered, if seen { PIECE_MS as f64 } else { 0.0 });
        }
        traffic
    }

    pub fn counts(&self, period: Period) -> EventCounts {
        let between =
            |sums: &[f64]| (self.until(sums, period.end).round() - self.until(sums, period.start).round()) as i64;
        let (good, total, uncertain) = (between(&self.good), between(&self.total), between(&self.uncertain));
        EventCounts { good: good.min(total - uncertain), total, uncertain }
    }

    /// Observed share of a period.
    pub fn coverage(&self, period: Period) -> f64 {
        let covered = self.until(&self.covered, period.end) - self.until(&self.covered, period.start);
        let share = covered / period.length().0.max(1) as f64;
        (share * 1e6).round() / 1e6
    }

    /// The running sum at an instant, straight between the pieces.
    fn until(&self, sums: &[f64], at: Timestamp) -> f64 {
        let pieces = ((at - self.start).0 as f64 / PIECE_MS as f64).clamp(0.0, (sums.len() - 1) as f64);
        let i = (pieces as usize).min(sums.len() - 2);
        sums[i] + (sums[i + 1] - sums[i]) * (pieces - i as f64)
    }
}

fn push(sums: &mut Vec<f64>, value: f64) {
    sums.push(sums.last().unwrap() + value);
}

/// Traffic over a day, most in the evening, least before dawn; quieter at
/// weekends.
fn day_curve(at: Timestamp) -> f64 {
    let hour = at.millis().rem_euclid(DAY_MS) as f64 / 3_600_000.0;
    let curve = 0.55 - 0.45 * ((hour - 4.0) / 24.0 * std::f64::consts::TAU).cos();
    // The epoch was a Thursday.
    let weekend = matches!((at.day() + 3).rem_euclid(7), 5 | 6);
    curve * if weekend { 0.8 } else { 1.0 }
}

/// A number in 0.9..1.1 that looks like chance.
fn wobble(i: i64) -> f64 {
    let x = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    0.9 + ((x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / (1u64 << 24) as f64 * 0.2
}

fn burst(from: &'static str, to: &'static str, bad: f64) -> Burst {
    Burst { from, to, bad }
}

pub fn selector(metric: &str, matchers: &[(&str, MatchOp, &str)]) -> Selector {
    Selector::new(metric, matchers.iter().map(|(l, op, v)| Matcher::new(*l, *op, *v).unwrap()).collect())
}

fn requests(job: &str) -> Sli {
    let total = selector("http_requests_total", &[("job", MatchOp::Equal, job)]);
    let code = Matcher::new("code", MatchOp::Regex, "5..").unwrap();
    Sli::Ratio { numerator: Numerator::Bad(total.derive("http_requests_total", [code]).into()), total: total.into() }
}

fn latency(job: &str, threshold_seconds: f64) -> Sli {
    let metric = format!("{job}_request_duration_seconds");
    let histogram = selector(&metric, &[("job", MatchOp::Equal, job)]);
    Sli::Latency { histogram, threshold_seconds, unit: HistogramUnit::Seconds }
}

fn slo(name: &str, service: &str, team: &str, objective: f64, description: &str, indicator: Sli) -> Slo {
    let zone = chrono_tz::Europe::Berlin;
    Slo {
        name: name.to_owned(),
        service: service.to_owned(),
        depends_on: Vec::new(),
        labels: Labels::new().with("team", team).with("tier", "1"),
        description: description.to_owned(),
        objective: Objective::new(objective).unwrap(),
        objectives: Objectives::default(),
        windows: vec![ComplianceWindow::rolling_days(30), ComplianceWindow::month(zone)],
        source: Some("main".to_owned()),
        indicator,
        group_by: None,
        group_of: None,
        whole_sli: None,
        budgeting: Budgeting::Events,
        no_data: NoDataPolicy::Ignore,
        alerts: AlertPolicy { tiers: AlertTier::standard(), ..AlertPolicy::default() },
        budget_policy: Vec::new(),
    }
}

fn shape(per_minute: f64, usual_bad: f64, bursts: Vec<Burst>) -> Shape {
    Shape { per_minute, usual_bad, bursts, blind: None, uncertain: 0.0, slices: false }
}

/// The promises of the shop, with what happens to them.
pub fn definitions() -> Vec<(Slo, Shape)> {
    let mut probe = slo(
        "shop-reachable",
        "edge",
        "platform",
        0.999,
        "Minutes in which the shop answers the probe from outside.",
        Sli::Gauge {
            metric: selector("probe_success", &[("instance", MatchOp::Equal, "https://shop.example")]),
            good: ValueCondition::parse("== 1").unwrap(),
        },
    );
    probe.budgeting = Budgeting::Timeslices { slice: Millis::from_mins(1), target: 0.95 };
    let mut frozen = slo(
        "kube-apiserver-availability",
        "kube-apiserver",
        "platform",
        0.9995,
        "API server requests that do not fail.",
        requests("apiserver"),
    );
    frozen.no_data = NoDataPolicy::Freeze;
    frozen.budget_policy = [(0.5, "Rollouts need a second pair of eyes."), (0.0, "No rollouts but those that mend.")]
        .map(|(remaining_ratio, text)| PolicyStep {
            remaining_ratio,
            text: text.to_owned(),
            owner: "platform".to_owned(),
            severity: Severity::Ticket,
        })
        .to_vec();
    vec![
        (
            slo(
                "checkout-availability",
                "checkout",
                "payments",
                0.999,
                "Checkout requests that are answered without a server error.",
                requests("checkout"),
            ),
            shape(
                3_100.0,
                0.000_24,
                vec![
                    burst("2026-11-18T09:12:00Z", "2026-11-18T10:47:00Z", 0.29),
                    burst("2026-11-03T19:55:00Z", "2026-11-03T20:36:00Z", 0.21),
                ],
            ),
        ),
        (
            slo(
                "checkout-latency",
                "checkout",
                "payments",
                0.995,
                "Checkout requests that are answered within 300 ms.",
                latency("checkout", 0.3),
            ),
            shape(3_100.0, 0.002_1, vec![burst("2026-11-18T09:12:00Z", "2026-11-18T10:47:00Z", 0.31)]),
        ),
        (
            slo(
                "payments-authorization",
                "payments",
                "payments",
                0.9995,
                "Card authorizations that our side does not fail.",
                requests("payments"),
            ),
            shape(820.0, 0.000_11, vec![burst("2026-11-24T15:04:00Z", "2026-11-24T15:42:00Z", 0.086)]),
        ),
        (
            slo(
                "search-availability",
                "search",
                "discovery",
                0.999,
                "Searches that are answered without a server error.",
                requests("search"),
            ),
            Shape {
                blind: Some(("2026-11-15T01:00:00Z", "2026-11-15T08:40:00Z")),
                ..shape(9_400.0, 0.000_21, vec![burst("2026-11-09T13:40:00Z", "2026-11-09T14:04:00Z", 0.055)])
            },
        ),
        (
            slo(
                "search-latency",
                "search",
                "discovery",
                0.99,
                "Searches that are answered within 300 ms.",
                latency("search", 0.3),
            ),
            Shape { uncertain: 0.006, ..shape(9_400.0, 0.003, vec![]) },
        ),
        (
            slo(
                "catalog-availability",
                "catalog",
                "discovery",
                0.999,
                "Product pages that are answered without a server error.",
                requests("catalog"),
            ),
            shape(14_200.0, 0.000_05, vec![]),
        ),
        (
            slo(
                "cart-availability",
                "cart",
                "discovery",
                0.999,
                "Cart requests that are answered without a server error.",
                requests("cart"),
            ),
            shape(4_050.0, 0.000_27, vec![burst("2026-11-20T18:03:00Z", "2026-11-20T18:22:00Z", 0.12)]),
        ),
        (
            slo(
                "login-success",
                "auth",
                "identity",
                0.999,
                "Logins with right credentials that succeed.",
                requests("auth"),
            ),
            shape(610.0, 0.000_26, vec![burst("2026-11-12T02:31:00Z", "2026-11-12T06:02:00Z", 0.44)]),
        ),
        (
            slo(
                "ingress-availability",
                "edge",
                "platform",
                0.9999,
                "Requests at the edge that end without a gateway error.",
                requests("ingress"),
            ),
            shape(31_000.0, 0.000_019, vec![burst("2026-10-29T06:12:00Z", "2026-10-29T06:44:00Z", 0.061)]),
        ),
        (
            probe,
            Shape { slices: true, ..shape(1.0, 0.0, vec![burst("2026-10-29T06:12:00Z", "2026-10-29T06:32:00Z", 1.0)]) },
        ),
        (
            slo(
                "recommendations-availability",
                "recommendations",
                "discovery",
                0.99,
                "Recommendations that are answered without a server error.",
                requests("recommendations"),
            ),
            shape(0.0, 0.0, vec![]),
        ),
        (
            slo(
                "email-delivery",
                "notifications",
                "identity",
                0.99,
                "Order mails that the relay accepts.",
                requests("mailer"),
            ),
            shape(52.0, 0.0, vec![]),
        ),
        (frozen, shape(5_600.0, 0.000_12, vec![burst("2026-11-15T22:10:00Z", "2026-11-15T22:58:00Z", 0.05)])),
    ]
}
