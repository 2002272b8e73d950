//! What the `/metrics` page of one pod shows: which series, with which labels
//! and values, and whether it can be had at all. Must not know who asks.

use std::fmt::Write as _;

use super::meter::{Counts, Meter, Numbers};
use crate::model::labels::{Labels, NAME, quote};
use crate::model::time::{Period, Timestamp};
use crate::sources::demo::alerts::script::{Gauge, Plot};
use crate::sources::demo::world::DemoPlatform;
use crate::sources::demo::world::chance::Key;
use crate::sources::demo::world::grid::Grid;
use crate::sources::demo::world::lives::Pod;
use crate::sources::demo::world::services::{PROBED, PROBED_SERVICE, Slot};
use crate::sources::demo::world::traffic::{BOUND_TEXTS, BUCKET_COUNT, CHILDREN};

pub(crate) const REQUESTS: &str = "http_requests_total";
pub(crate) const DURATION_BUCKET: &str = "http_request_duration_seconds_bucket";
pub(crate) const DURATION_COUNT: &str = "http_request_duration_seconds_count";
const DURATION_SUM: &str = "http_request_duration_seconds_sum";
pub(crate) const DURATION: &str = "http_request_duration_seconds";
const PROCESS_START: &str = "process_start_time_seconds";

/// One number of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// Made by Prometheus; not on the page.
    Up,
    ProcessStart,
    /// A child of the request counter, an index of `CHILDREN`.
    Requests(usize),
    /// All requests up to this bucket, an index of `BOUND_TEXTS`.
    Bucket(usize),
    DurationCount,
    DurationSum,
    Gauge(Gauge),
}

impl Gauge {
    pub fn metric(self) -> &'static str {
        match self {
            Gauge::Ready => "pod_ready",
            Gauge::QueueDepth => "queue_depth",
            Gauge::DiskUsed => "disk_used_ratio",
            Gauge::CpuUsed => "cpu_used_ratio",
            Gauge::ProbeSuccess => "probe_success",
        }
    }

    fn value(self, strained: bool, key: Key) -> f64 {
        match (self, strained) {
            (Gauge::Ready | Gauge::ProbeSuccess, true) => 0.0,
            (Gauge::Ready | Gauge::ProbeSuccess, false) => 1.0,
            (Gauge::QueueDepth, true) => 1_500.0 + key.below(300) as f64,
            (Gauge::QueueDepth, false) => 20.0 + key.below(40) as f64,
            (Gauge::DiskUsed, true) => 0.87,
            (Gauge::DiskUsed, false) => 0.64,
            (Gauge::CpuUsed, true) => 0.95,
            (Gauge::CpuUsed, false) => (30.0 + key.below(25) as f64) / 100.0,
        }
    }
}

impl Reading {
    /// Whether it is made from counted requests.
    pub fn is_counted(self) -> bool {
        matches!(self, Self::Requests(_) | Self::Bucket(_) | Self::DurationCount | Self::DurationSum)
    }

    pub fn metric(self) -> &'static str {
        match self {
            Reading::Up => "up",
            Reading::ProcessStart => PROCESS_START,
            Reading::Requests(_) => REQUESTS,
            Reading::Bucket(_) => DURATION_BUCKET,
            Reading::DurationCount => DURATION_COUNT,
            Reading::DurationSum => DURATION_SUM,
            Reading::Gauge(gauge) => gauge.metric(),
        }
    }

    /// The labels that the process itself gives.
    fn own_labels(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Reading::Requests(i) => CHILDREN.get(i).map_or(Vec::new(), |c| vec![("method", c.0), ("code", c.1)]),
            Reading::Bucket(i) => BOUND_TEXTS.get(i).map_or(Vec::new(), |le| vec![("le", *le)]),
            _ => Vec::new(),
        }
    }

    /// The series' labels as Prometheus stores them.
    pub fn labels(self, target: &Labels) -> Labels {
        let mut labels = target.clone().with(NAME, self.metric());
        for (name, value) in self.own_labels() {
            labels.set(name, value);
        }
        labels
    }
}

/// All readings of a pod, in the order of its page.
pub(crate) fn readings(pod: &Pod<'_>) -> Vec<Reading> {
    let service = &pod.slot.service;
    let mut all = vec![Reading::Up];
    if service.peak_per_second.is_some() {
        all.push(Reading::ProcessStart);
        all.extend((0..CHILDREN.len()).map(Reading::Requests));
        all.extend((0..BUCKET_COUNT).map(Reading::Bucket));
        all.extend([Reading::DurationSum, Reading::DurationCount]);
    }
    all.extend(service.gauges.iter().map(|g| Reading::Gauge(*g)));
    all
}

/// What surrounds a pod over a period: strained gauges and failing scrapes.
#[derive(Debug)]
pub(crate) struct Page {
    grid: Grid,
    faults: Vec<Period>,
    flaky: Option<Key>,
    strained: Vec<(Gauge, Period)>,
    key: Key,
}

/// One single scrape in so many fails by chance.
const FLAKY_ONE_IN: u64 = 400;
/// One single probe in so many fails by chance.
const PROBE_FAILS_ONE_IN: u64 = 4_000;

impl Page {
    pub fn new(world: &DemoPlatform, pod: &Pod<'_>, period: Period) -> Page {
        let slot = pod.slot;
        let service = slot.service.name.as_str();
        let ours = |s: &str, ordinal: Option<u16>| s == service && ordinal.is_none_or(|o| o == slot.ordinal);
        // An instant is a period too, one that overlaps what holds it.
        let period = Period::new(period.start - slot.grid.interval, period.end + slot.grid.interval);
        let faults = world.script.scrape_faults(period).into_iter();
        let mut strained: Vec<(Gauge, Period)> = world
            .script
            .strains(period)
            .into_iter()
            .filter(|s| ours(s.service, s.ordinal))
            .map(|s| (s.gauge, s.period))
            .collect();
        if slot.service.gauges.contains(&Gauge::ProbeSuccess) {
            let hurt = world.script.disturbances(period).into_iter();
            let seen = hurt.filter(|d| d.plot == Plot::Blip && d.service == PROBED_SERVICE);
            strained.extend(seen.map(|d| (Gauge::ProbeSuccess, d.period)));
        }
        Page {
            grid: slot.grid,
            faults: faults.filter(|f| ours(f.service, Some(f.ordinal))).map(|f| f.period).collect(),
            flaky: slot.service.flaky_scrapes.then(|| slot.key.word("flaky")),
            strained,
            key: slot.key.word("gauge"),
        }
    }

    /// Whether a scrape at this instant fails although the process lives. One
    /// that fails by chance does so from half an interval before to half an
    /// interval after its instant, for scrapers with other offsets.
    pub fn scrape_fails(&self, at: Timestamp) -> bool {
        self.faults.iter().any(|f| f.contains(at))
            || self.flaky.is_some_and(|key| key.at(self.grid.nearest(at)).below(FLAKY_ONE_IN) == 0)
    }

    /// The value at an instant at which the process lives; absent for a child
    /// that had no event yet.
    pub fn value(&self, reading: Reading, started: Timestamp, numbers: &Numbers, at: Timestamp) -> Option<f64> {
        match reading {
            Reading::Up => Some(1.0),
            Reading::ProcessStart => Some(started.secs_f64()),
            Reading::Requests(child) => numbers.children.get(child).filter(|n| **n > 0).map(|n| *n as f64),
            Reading::Bucket(bucket) => numbers.buckets.get(bucket).map(|n| *n as f64),
            Reading::DurationCount => numbers.buckets.last().map(|n| *n as f64),
            Reading::DurationSum => Some(numbers.seconds),
            Reading::Gauge(gauge) => {
                let minute = self.key.at(at.millis().div_euclid(30_000));
                let by_script = self.strained.iter().any(|(g, period)| *g == gauge && period.contains(at));
                let by_chance = gauge == Gauge::ProbeSuccess && minute.below(PROBE_FAILS_ONE_IN) == 0;
                Some(gauge.value(by_script || by_chance, minute))
            }
        }
    }
}

/// What a scrape of a target gets.
#[derive(Clone, Debug, PartialEq)]
pub enum PageFormat {
    /// The page, in the text format of Prometheus.
    Page(String),
    /// The pod is there, but its page is not to be had: it does not answer, or
    /// its process is down.
    Failing,
    /// There is no such pod at this time.
    Absent,
}

impl DemoPlatform {
    /// The `/metrics` page of one target as of `now`: at the instants of the
    /// world's own scrapes it has the values that `samples` has.
    pub fn exposition(&self, instance: &str, now: Timestamp) -> PageFormat {
        let moment = Period::new(now, now + crate::model::time::Millis(1));
        let ours = |slot: &&Slot| instance == PROBED || instance.starts_with(&slot.network());
        let mut pods = self.slots.iter().filter(ours).flat_map(|slot| self.pods(slot, moment));
        let Some(pod) = pods.find(|p| p.instance() == instance) else { return PageFormat::Absent };
        let page = Page::new(self, &pod, moment);
        match self.processes(&pod, moment).first() {
            Some(process) if !page.scrape_fails(now) => {
                let counts = |_| Meter::new(self, &pod, *process).counts(now);
                let numbers = Numbers::new(&pod.slot.service.peak_per_second.map_or_else(Counts::default, counts));
                PageFormat::Page(text(&pod, |reading| page.value(reading, process.life.start, &numbers, now)))
            }
            _ => PageFormat::Failing,
        }
    }
}

fn text(pod: &Pod<'_>, value: impl Fn(Reading) -> Option<f64>) -> String {
    let mut out = String::new();
    let mut family = "";
    for reading in readings(pod).into_iter().filter(|r| *r != Reading::Up) {
        let Some(value) = value(reading) else { continue };
        let (name, kind, help) = family_of(reading);
        if name != family {
            family = name;
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        }
        out.push_str(reading.metric());
        for (i, (label, text)) in reading.own_labels().into_iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}{label}=", if i == 0 { "{" } else { "," });
            let _ = quote(&mut out, text);
        }
        let _ = writeln!(out, "{} {value}", if reading.own_labels().is_empty() { "" } else { "}" });
    }
    out
}

fn family_of(reading: Reading) -> (&'static str, &'static str, &'static str) {
    match reading {
        Reading::Up => ("up", "gauge", "Whether the last scrape succeeded."),
        Reading::ProcessStart => (PROCESS_START, "gauge", "When the process started, in Unix seconds."),
        Reading::Requests(_) => (REQUESTS, "counter", "Requests that were answered, by method and status code."),
        Reading::Bucket(_) | Reading::DurationCount | Reading::DurationSum => {
            (DURATION, "histogram", "How long requests took.")
        }
        Reading::Gauge(Gauge::Ready) => (Gauge::Ready.metric(), "gauge", "Whether the pod is ready."),
        Reading::Gauge(Gauge::QueueDepth) => (Gauge::QueueDepth.metric(), "gauge", "Entries that wait to be indexed."),
        Reading::Gauge(Gauge::DiskUsed) => (Gauge::DiskUsed.metric(), "gauge", "Share of the volume that is in use."),
        Reading::Gauge(Gauge::CpuUsed) => (Gauge::CpuUsed.metric(), "gauge", "Share of the CPU limit that is in use."),
        Reading::Gauge(Gauge::ProbeSuccess) => (Gauge::ProbeSuccess.metric(), "gauge", "Whether the probe succeeded."),
    }
}
