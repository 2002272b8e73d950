//! The event log: every request that the world's users made, and whether any
//! scrape could see it. Must not know how Evenkeel counts: it is the truth that
//! its counts are compared with.

use std::sync::Arc;

use super::meter::{Counts, Meter};
use super::page::Page;
use super::samples::scrapes_of;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::sources::demo::world::DemoPlatform;
use crate::sources::demo::world::lives::{Pod, Process};
use crate::sources::demo::world::traffic::{BOUND_TEXTS, CELLS};

/// Requests of one kind that one process answered in a short stretch: no scrape,
/// no minute and no life ends within it.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// The stretch is `(after, at]`.
    pub after: Timestamp,
    pub at: Timestamp,
    pub service: Arc<str>,
    pub instance: Arc<str>,
    pub pod: Arc<str>,
    pub method: &'static str,
    pub code: &'static str,
    /// The upper bound of the latency bucket that each of them falls into, as
    /// the label `le` has it; `+Inf` for the last.
    pub within_seconds: &'static str,
    pub count: u64,
    /// The first scrape of the same process that succeeds afterwards. Absent if
    /// the process dies before one; and for a process that ran before the world
    /// began, for what its first scrape found on the counters: nobody can tell
    /// when that was counted.
    pub seen_at: Option<Timestamp>,
}

impl LogEntry {
    /// Whether the scrapes of the world's own grid tell of it.
    pub fn is_observable(&self) -> bool {
        self.seen_at.is_some()
    }

    /// One line of JSON, without the newline; times in Unix milliseconds.
    pub fn json(&self) -> String {
        serde_json::json!({
            "after_ms": self.after.millis(),
            "at_ms": self.at.millis(),
            "service": &*self.service,
            "instance": &*self.instance,
            "pod": &*self.pod,
            "method": self.method,
            "code": self.code,
            "within_seconds": self.within_seconds,
            "count": self.count,
            "seen_at_ms": self.seen_at.map(Timestamp::millis),
        })
        .to_string()
    }
}

impl DemoPlatform {
    /// All requests that were answered in `start < t <= end`, pod by pod, each
    /// in order of time; what a stretch has none of is left out.
    pub fn event_log(&self, period: Period) -> impl Iterator<Item = LogEntry> {
        let visible = self.visible(period);
        let slots = self.slots.iter().filter(|slot| slot.service.peak_per_second.is_some());
        let pods = slots.flat_map(move |slot| self.pods(slot, visible));
        pods.flat_map(move |pod| self.log_of_pod(&pod, visible))
    }

    fn log_of_pod(&self, pod: &Pod<'_>, visible: Period) -> Vec<LogEntry> {
        let names: [Arc<str>; 3] =
            [pod.slot.service.name.as_str().into(), pod.instance().into(), pod.name.as_str().into()];
        let mut all = Vec::new();
        for process in self.processes(pod, visible) {
            let witness = Witness::new(self, pod, process);
            let mut after = process.life.start.max(visible.start);
            let mut before = witness.meter.counts(after);
            for at in self.cuts(pod, process, visible) {
                let counts = witness.meter.counts(at);
                let seen_at = witness.first_after(at).filter(|_| witness.baseline.is_none_or(|baseline| baseline < at));
                for (cell, (now, earlier)) in CELLS.iter().zip(counts.iter().zip(&before)) {
                    if now > earlier {
                        let [service, instance, pod] = names.clone();
                        let within_seconds = BOUND_TEXTS.get(cell.bucket).copied().unwrap_or("+Inf");
                        let (method, code, count) = (cell.method(), cell.code(), now - earlier);
                        let entry = LogEntry {
                            after,
                            at,
                            service,
                            instance,
                            pod,
                            method,
                            code,
                            within_seconds,
                            count,
                            seen_at,
                        };
                        all.push(entry);
                    }
                }
                (after, before) = (at, counts);
            }
        }
        all
    }

    /// Where the log of a process is cut: at every scrape, at every full minute
    /// and at the end.
    fn cuts(&self, pod: &Pod<'_>, process: Process, visible: Period) -> Vec<Timestamp> {
        let stretch = Period::new(process.life.start.max(visible.start), process.life.end.min(visible.end));
        let minutes = (stretch.start + Millis(1)).ceil_slot().millis()..=stretch.end.millis();
        let mut all: Vec<Timestamp> = pod.slot.grid.instants(stretch).collect();
        all.extend(minutes.step_by(SLOT_MS as usize).map(Timestamp::from_millis));
        all.push(stretch.end);
        all.sort();
        all.dedup();
        all.retain(|at| *at > stretch.start);
        all
    }
}

/// One process with the scrapes that saw it.
#[derive(Debug)]
pub(crate) struct Witness<'w> {
    world: &'w DemoPlatform,
    pod: &'w Pod<'w>,
    page: Page,
    pub meter: Meter<'w>,
    /// The first scrape, if the process is older than the world: what stands on
    /// its counters then is no news.
    baseline: Option<Timestamp>,
}

impl<'w> Witness<'w> {
    pub fn new(world: &'w DemoPlatform, pod: &'w Pod<'w>, process: Process) -> Witness<'w> {
        let page = Page::new(world, pod, process.life);
        let meter = Meter::new(world, pod, process);
        let mut witness = Witness { world, pod, page, meter, baseline: None };
        let is_old = process.life.start < world.config.start;
        witness.baseline = is_old.then(|| witness.first_after(world.config.start).unwrap_or(Timestamp::MAX));
        witness
    }

    /// The scrapes of the process that the world has, `(start, end]`.
    fn scrapes(&self) -> Period {
        self.world.visible(scrapes_of(self.meter.process.life))
    }

    /// The first scrape at or after `at` that succeeds.
    fn first_after(&self, at: Timestamp) -> Option<Timestamp> {
        let from = Period::new(at - Millis(1), Timestamp::MAX);
        self.pod.slot.grid.instants(self.scrapes().intersect(from)).find(|at| !self.page.scrape_fails(*at))
    }

    /// The last scrape at or before `at` that succeeds.
    fn last_before(&self, at: Timestamp) -> Option<Timestamp> {
        let scrapes = self.scrapes();
        let grid = self.pod.slot.grid;
        let mut scrape = grid.at_or_before(at.min(scrapes.end));
        while scrape > scrapes.start {
            if !self.page.scrape_fails(scrape) {
                return Some(scrape);
            }
            scrape = scrape - grid.interval;
        }
        None
    }

    /// What scrapes up to `at` can tell that the process has counted.
    fn known(&self, at: Timestamp) -> Counts {
        let baseline = self.baseline.unwrap_or(Timestamp::MIN);
        match self.last_before(at) {
            Some(scrape) => self.meter.counts(scrape.max(baseline)),
            None => self.meter.counts(baseline),
        }
    }

    /// The requests that scrapes in `start < t <= end` bring to light.
    pub fn observed(&self, period: Period) -> Counts {
        minus(self.known(period.end), &self.known(period.start))
    }

    /// The requests that were answered in `start < t <= end`.
    pub fn happened(&self, period: Period) -> Counts {
        minus(self.meter.counts(period.end), &self.meter.counts(period.start))
    }
}

fn minus(mut counts: Counts, earlier: &Counts) -> Counts {
    for (count, earlier) in counts.iter_mut().zip(earlier) {
        *count = count.saturating_sub(*earlier);
    }
    counts
}
