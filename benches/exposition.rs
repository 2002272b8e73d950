//! How many bytes of exposition text a core reads in a second, beside
//! prometheus-parse on the same body in the same run:
//!
//!     cargo bench --bench exposition

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use evenkeel::sources::scrape::exposition::{Limits, TextFormat, collect, parse};

const SAMPLES: usize = 200_000;

/// Request counters of many pods: five labels each, whole numbers, one `# TYPE`.
fn body() -> String {
    let mut body =
        String::from("# HELP http_requests_total Requests by handler and code.\n# TYPE http_requests_total counter\n");
    for i in 0..SAMPLES {
        let code = if i % 50 == 0 { 500 } else { 200 };
        let count = (i as u64).wrapping_mul(2_654_435_761) % 100_000_000;
        // Writing to a String cannot fail.
        let _ = writeln!(
            body,
            "http_requests_total{{namespace=\"shop\",pod=\"checkout-{i:06}\",handler=\"/api/v1/orders\",method=\"POST\",code=\"{code}\"}} {count}"
        );
    }
    body
}

fn read(c: &mut Criterion) {
    let body = body();
    let mut group = c.benchmark_group("exposition");
    group.throughput(Throughput::Bytes(body.len() as u64)).sample_size(10);
    group.bench_function("parse", |b| {
        b.iter(|| {
            let mut sum = 0.0;
            let mut labels = 0;
            let done = parse(black_box(body.as_bytes()), TextFormat::Classic, &Limits::default(), |s| {
                sum += s.value;
                labels += s.labels.len();
            });
            assert!(done.is_ok());
            assert_eq!(labels, SAMPLES * 5);
            black_box(sum)
        });
    });
    group.bench_function("collect", |b| {
        b.iter(|| {
            collect(black_box(body.as_bytes()), TextFormat::Classic, &Limits::default(), |_| true).map(|s| s.len())
        });
    });
    group.bench_function("prometheus-parse", |b| {
        b.iter(|| {
            let lines = black_box(body.as_str()).lines().map(|l| Ok(l.to_owned()));
            prometheus_parse::Scrape::parse(lines).map(|s| s.samples.len()).ok()
        });
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
