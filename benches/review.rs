//! The review of a month of alerts: incidents, noise, rules against burn, and
//! all that follows. 1,000,000 alert events are half as many alerts, each with a
//! beginning and an end. Prints the memory of the inputs too.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use evenkeel::evaluate::alerting::alerts::Alerts;
use evenkeel::evaluate::incident::external_records::ExternalRecords;
use evenkeel::evaluate::review::{ReviewInputs, review};
use evenkeel::model::labels::Labels;
use evenkeel::model::operations::alert::{Alert, Mark, MarkSource};
use evenkeel::model::operations::on_call::OnCall;
use evenkeel::model::operations::severity::usual_of;

use evenkeel::model::time::{DAY_MS, Millis, Period, Timestamp};

const SERVICES: u64 = 500;
const RULES: u64 = 40;
const DAYS: i64 = 30;

fn start() -> Timestamp {
    Timestamp::from_millis(20_600 * DAY_MS)
}

/// Alerts spread over a month, services and rules, a tenth of them pages, in the
/// order of their beginning. With one pod a series fires again and again; with fifty
/// hardly any does. Equal labels are shared, as when they are read from the store.
fn alerts(n: u64, pods: u64) -> Vec<Alert> {
    let random = |i: u64, salt: u64| {
        let mut z = (i ^ (salt << 40)).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 29)
    };
    let mut known: HashMap<[u64; 4], Labels> = HashMap::new();
    let mut one = |i: u64| {
        let (number, service, pod) = (random(i, 1) % RULES, random(i, 3) % SERVICES, random(i, 4) % pods);
        // Every tenth rule pages.
        let severity = if number.is_multiple_of(10) { "page" } else { "ticket" };
        let rule = format!("Rule{number}");
        let labels = || {
            let (service, pod) = (format!("service-{service}"), format!("pod-{pod}"));
            let pairs = [
                ("alertname", rule.as_str()),
                ("service", &service),
                ("severity", severity),
                ("pod", &pod),
                ("namespace", "shop"),
                ("cluster", "eu-1"),
            ];
            pairs.into_iter().collect::<Labels>()
        };
        let labels = known.entry([number, service, pod, 0]).or_insert_with(labels).clone();
        let at = start() + Millis((random(i, 5) % (DAYS * DAY_MS) as u64) as i64 / 15_000 * 15_000);
        let mark = |after: i64| Some(Mark::new(at + Millis(after), MarkSource::Alerts, Millis::from_secs(15)));
        let length = 60_000 + (random(i, 6) % 3_600_000) as i64;
        Alert {
            rule,
            severity: usual_of(&labels),
            labels,
            condition: mark(0),
            firing: mark(60_000),
            ended: mark(60_000 + length),
            last_seen: at + Millis(length),
            suppressed: false,
            receivers: Default::default(),
        }
    };
    let mut alerts: Vec<Alert> = (0..n).map(&mut one).collect();
    alerts.sort_by_key(Alert::start);
    alerts
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("review");
    group.sample_size(10);
    for (n, pods) in [(5_000, 50), (50_000, 50), (500_000, 50), (500_000, 1)] {
        let before = resident_bytes();
        let alerts = alerts(n, pods);
        let name = format!("{n} alerts, {pods} pods");
        println!("{name}: {} MB", (resident_bytes() - before) / 1_000_000);
        let sort = |alerts: Vec<Alert>| alerts.into_iter().collect::<Alerts>();
        group.bench_function(BenchmarkId::new("sort and number", &name), |b| {
            b.iter_batched(|| alerts.clone(), sort, BatchSize::LargeInput);
        });
        let alerts = sort(alerts);
        let on_call = OnCall::new(Tz::UTC);
        let period = Period::new(start(), start() + Millis::from_days(DAYS));
        let inputs = ReviewInputs {
            period,
            now: period.end,
            slos: &[] as &[Arc<_>],
            alerts: &alerts,
            burns: &[],
            changes: &[],
            silences: &[],
            inhibitions: &[],
            rules: &[],
            on_call: &on_call,
            said: ExternalRecords::default(),
        };
        group.bench_with_input(BenchmarkId::new("judge", &name), &inputs, |b, inputs| {
            b.iter_with_large_drop(|| review(inputs));
        });
        println!("with a review: {} MB", (resident_bytes() - before) / 1_000_000);
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
