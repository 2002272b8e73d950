//! What happens in a world, before chance: pods and their processes, users and
//! errors, and what goes wrong with scraping. Must not know how it is recorded.

use std::sync::Arc;

use crate::model::labels::Labels;
use crate::model::time::{Millis, Period, Timestamp};

/// One process of a pod: its counters start at zero with it.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// `[start, end)`.
    pub life: Period,
    /// From an instant on, `process_start_time_seconds` is off by a length: the
    /// clock of the machine was set.
    pub clock_step: Option<(Timestamp, Millis)>,
    /// Start times of another process, whose metrics it serves with its own: from each
    /// of them on that is the start time that a scrape finds.
    pub served_starts: Vec<Timestamp>,
}

impl Process {
    pub fn new(life: Period) -> Process {
        Process { life, clock_step: None, served_starts: Vec::new() }
    }

    /// Whether it can answer: a page takes a moment to be there.
    pub fn answers_at(&self, at: Timestamp) -> bool {
        self.life.start < at && at < self.life.end
    }

    /// `process_start_time_seconds` as a scrape at `at` finds it.
    pub fn reported_start(&self, at: Timestamp) -> Timestamp {
        if let Some(served) = self.served_starts.iter().rev().find(|start| **start <= at) {
            return *served;
        }
        match self.clock_step {
            Some((since, by)) if at >= since => self.life.start + by,
            _ => self.life.start,
        }
    }
}

/// From an instant on, a label has another name.
#[derive(Clone, Debug)]
pub(super) struct Rename {
    pub since: Timestamp,
    pub from: &'static str,
    pub to: &'static str,
}

/// From an instant on, targets have a label more.
#[derive(Clone, Debug)]
pub(super) struct AddedLabel {
    pub since: Timestamp,
    pub name: &'static str,
    pub value: &'static str,
}

/// In the last moments of a process a share of its requests fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dying {
    pub length: Millis,
    pub bad_ratio: f64,
}

/// How samples come to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Scraped, with `up`.
    Scraped,
    /// Scraped, with times of their own, so long before the scrape.
    Late(Millis),
    /// Pushed without `up`; `target_info` tells that the process is there.
    Pushed,
    /// The same, each sample with what happened since the one before.
    PushedAsDelta,
}

/// What a scraper knows as one target: processes one after another under one
/// `job` and `instance`.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// `job`, `instance` and whatever else it carries.
    pub labels: Labels,
    /// In order of time; they do not overlap.
    pub processes: Vec<Process>,
    /// It is scraped while service discovery knows it.
    pub known: Period,
    /// Its scrapes are at `offset + n * interval`.
    pub offset: Millis,
    /// Where it is not that of all.
    pub interval: Option<Millis>,
    /// Scrapes fail, though its process lives.
    pub failing: Vec<Period>,
}

/// One label set of the request counter.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub labels: Vec<(&'static str, String)>,
    pub bad: bool,
    /// How often it is met, among those that are as good or bad.
    pub weight: f64,
}

/// The moment that the load is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub at: Timestamp,
    /// Since the start of the process.
    pub age: Millis,
}

/// What one process has to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub per_second: f64,
    /// Expected share of errors, 0..1.
    pub bad_ratio: f64,
}

pub(super) type Traffic = Arc<dyn Fn(Moment) -> Load + Send + Sync>;

/// A whole world.
#[derive(Clone)]
pub(super) struct Script {
    pub targets: Vec<Target>,
    pub classes: Vec<Class>,
    pub traffic: Traffic,
    /// Counts of neighbouring stretches differ by more than those of independent
    /// events would.
    pub bursty: bool,
    /// The scraper itself is down: not even `up` is written.
    pub off_hours: Vec<Period>,
    /// Share of single scrapes that are left out, 0..1.
    pub skipped_ratio: f64,
    /// Share of single scrapes that fail, 0..1.
    pub failed_ratio: f64,
    /// Whether targets tell when their process started.
    pub tells_start: bool,
    /// A label of the counters gets another name.
    pub renamed: Option<Rename>,
    /// All targets get a label.
    pub added: Option<AddedLabel>,
    pub delivery: Delivery,
    /// Processes fail more as they end.
    pub dying: Option<Dying>,
    /// Two scrapers of the same targets, and when each of them is down.
    pub pair: Option<(Vec<Period>, Vec<Period>)>,
}

/// Who scrapes.
pub(super) struct Scraper<'a> {
    /// The value of `prometheus_replica`; empty for one that is alone.
    pub replica: &'static str,
    /// How long after the target's own time it scrapes.
    pub offset: Millis,
    /// When it is down.
    pub off_hours: &'a [Period],
}

impl Script {
    /// Nothing goes wrong with scraping, and errors have one code.
    pub fn new(targets: Vec<Target>, traffic: impl Fn(Moment) -> Load + Send + Sync + 'static) -> Script {
        Script {
            targets,
            classes: vec![class("200", "/", false), class("500", "/", true)],
            traffic: Arc::new(traffic),
            bursty: false,
            off_hours: Vec::new(),
            skipped_ratio: 0.0,
            failed_ratio: 0.0,
            tells_start: true,
            renamed: None,
            added: None,
            delivery: Delivery::Scraped,
            dying: None,
            pair: None,
        }
    }

    /// When the scrape is that gives the samples of an instant.
    pub fn up_at(&self, at: Timestamp) -> Timestamp {
        if let Delivery::Late(late) = self.delivery { at + late } else { at }
    }

    /// The second of a pair scrapes half an interval after the first.
    pub fn scrapers(&self) -> Vec<Scraper<'_>> {
        match &self.pair {
            None => vec![Scraper { replica: "", offset: Millis(0), off_hours: &self.off_hours }],
            Some((first, second)) => vec![
                Scraper { replica: "a", offset: Millis(0), off_hours: first },
                Scraper { replica: "b", offset: Millis(SCRAPE_INTERVAL.0 / 2), off_hours: second },
            ],
        }
    }

    /// Errors are spread over codes and routes, of which the first ones are met
    /// most: each combination is a series that is born with its first error.
    pub fn with_errors(mut self, codes: &[&str], routes: usize) -> Script {
        self.classes = vec![class("200", "/", false)];
        for route in 1..=routes {
            for code in codes {
                let weight = 1.0 / self.classes.len() as f64;
                self.classes.push(Class { weight, ..class(code, &format!("/r{route}"), true) });
            }
        }
        self
    }
}

fn class(code: &str, route: &str, bad: bool) -> Class {
    Class { labels: vec![("code", code.to_owned()), ("route", route.to_owned())], bad, weight: 1.0 }
}

/// The `job` of all targets.
pub const JOB: &str = "shop";

/// From one scrape of a target to its next.
pub const SCRAPE_INTERVAL: Millis = Millis::from_secs(30);
