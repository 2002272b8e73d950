//! `evenkeel check --prometheus` on a real server: definitions with one mistake each,
//! and what is wrong with the series of some.

use std::fmt::Write as _;
use std::process::Command;

use crate::support::monitoring::{VictoriaMetrics, now, tempdir};

/// Two hours of samples.
const HISTORY_SECONDS: i64 = 7_200;

/// Samples of one series, the last one so many seconds ago.
struct Series<'s> {
    name: &'s str,
    labels: &'s str,
    interval: i64,
    ago: i64,
}

impl Series<'_> {
    fn write(&self, lines: &mut String, value: impl Fn(i64) -> f64) {
        let end = now().millis() / 15_000 * 15 - self.ago;
        for n in 0..HISTORY_SECONDS / self.interval {
            let at = end - HISTORY_SECONDS + (n + 1) * self.interval;
            let _ = writeln!(lines, "{}{{{}}} {} {}", self.name, self.labels, value(n), at * 1_000);
        }
    }
}

/// A series that is scraped every 15 seconds.
fn scraped<'s>(name: &'s str, labels: &'s str) -> Series<'s> {
    Series { name, labels, interval: 15, ago: 0 }
}

fn samples() -> String {
    let mut lines = String::new();
    let shop = "job=\"shop\",instance=\"a\"";
    scraped("up", shop).write(&mut lines, |_| 1.0);
    scraped("up", "job=\"cloud\",instance=\"c\"").write(&mut lines, |_| 1.0);
    let with = |more: &str| format!("{shop},{more}");
    scraped("calls_total", &with("code=\"200\"")).write(&mut lines, |n| (900 + 8 * n) as f64);
    scraped("calls_total", &with("code=\"500\"")).write(&mut lines, |n| (40 + n / 9) as f64);
    // Two workers answer in turn; two writers disagree at every instant.
    scraped("jobs_total", shop).write(&mut lines, |n| (if n % 2 == 0 { 70_000 + 5 * n } else { 8_000 + 3 * n }) as f64);
    scraped("mails_total", shop).write(&mut lines, |n| (300 + 2 * n) as f64);
    scraped("mails_total", shop).write(&mut lines, |n| (90 + n) as f64);
    let pushed = "job=\"otel\",instance=\"p\"";
    scraped("rpc_total", pushed).write(&mut lines, |n| (n * 37 % 11 + 1) as f64);
    Series { name: "lb_total", labels: "job=\"cloud\",instance=\"c\"", interval: 60, ago: 360 }
        .write(&mut lines, |n| (n * 20) as f64);
    scraped("hit_percent", shop).write(&mut lines, |_| 98.5);
    scraped("wait_seconds_bucket", &with("le=\"0.5\"")).write(&mut lines, |n| (n * 7) as f64);
    lines
}

fn ratio(name: &str, side: &str, part: &str, total: &str) -> String {
    format!("{}    ratio: {{{side}: '{part}', total: '{total}'}}\n", head(name))
}

fn head(name: &str) -> String {
    format!(
        "---\napiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: {name}, service: shop}}\nspec:\n  objective: 99%\n  indicator:\n"
    )
}

#[test]
fn each_mistake_is_named_with_what_to_do() {
    let server = VictoriaMetrics::start();
    server.import(&samples());
    let total = "calls_total{job=\"shop\"}";
    // Each with what is said of it.
    let cases = [
        (ratio("no-metric", "bad", "call_total{job=\"shop\",code=\"500\"}", total), "has no metric `call_total`"),
        (
            ratio("no-label", "bad", "calls_total{job=\"shop\",status=\"500\"}", total),
            "the label `status` is not on any",
        ),
        (
            ratio("excludes-nothing", "good", "calls_total{job=\"shop\",status!~\"5..\"}", total),
            "the label `status` is on no series of `calls_total`",
        ),
        (ratio("no-value", "good", "calls_total{job=\"shop\",code=\"OK\"}", total), "matches code=\"OK\""),
        (
            ratio("workers", "bad", "jobs_total{job=\"shop\",result=\"x\"}", "jobs_total{job=\"shop\"}"),
            "`result` is not on any",
        ),
        (
            ratio("falls", "bad", "jobs_total{job=\"shop\",instance=\"z\"}", "jobs_total{job=\"shop\"}"),
            "more often than processes restart",
        ),
        (
            ratio("writers", "bad", "mails_total{job=\"shop\",instance=\"z\"}", "mails_total{job=\"shop\"}"),
            "several values at",
        ),
        (
            ratio("delta", "bad", "rpc_total{job=\"otel\",instance=\"z\"}", "rpc_total{job=\"otel\"}"),
            "hold differences",
        ),
        (
            ratio("late", "bad", "lb_total{job=\"cloud\",instance=\"z\"}", "lb_total{job=\"cloud\"}"),
            "set `ingest_delay:",
        ),
        (format!("{}    rawRatio: {{good: 'hit_percent{{job=\"shop\"}}'}}\n", head("percent")), "`unit: percent`"),
        (
            format!(
                "{}    latency: {{histogram: 'wait_seconds{{job=\"shop\"}}', threshold: 500ms}}\n",
                head("no-total")
            ),
            "neither a bucket `+Inf` nor a `_count`",
        ),
    ];
    let sound = ratio("sound", "bad", "calls_total{job=\"shop\",code=~\"5..\"}", total);
    let quiet = ratio("quiet", "bad", "calls_total{job=\"shop\",code=\"503\"}", total);
    let right = format!("{}    rawRatio: {{good: 'hit_percent{{job=\"shop\"}}', unit: percent}}\n", head("in-percent"));
    let dir = tempdir("mistakes");
    let check = |text: &str| {
        let file = dir.path().join("slo.yaml");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        let output = command.arg("check").arg(&file).args(["--prometheus", &server.url()]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    for (definition, said) in cases {
        let found = check(&definition);
        assert!(found.contains(said) && found.contains("hint: "), "{said}\n{definition}{found}");
    }
    assert_eq!(check(&format!("{sound}{quiet}{right}")), "", "nothing is wrong with these");
}
