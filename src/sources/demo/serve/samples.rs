//! What a Prometheus that scrapes the world at its fixed intervals would hold:
//! raw samples and, for writing them into one, the instants of stale markers.
//! Must not know what the samples are counted for.

use super::meter::{Meter, Numbers};
use super::page::{Page, Reading, readings};
use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::Labels;
use crate::model::labels::selector::Selector;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::alerts::rules::{ALERTS, ALERTS_FOR_STATE};
use crate::sources::demo::world::DemoPlatform;
use crate::sources::demo::world::grid::Grid;
use crate::sources::demo::world::lives::{Pod, Process};

/// One series as Prometheus stores it.
#[derive(Clone, Debug, PartialEq)]
pub struct HistorySeries {
    /// The metric's name stands in `__name__`.
    pub labels: Labels,
    pub samples: Vec<Sample>,
    /// Where Prometheus writes a stale marker: the first scrape or evaluation
    /// at which the series was absent.
    pub stale: Vec<Timestamp>,
}

/// Which series are asked for, from the cheap questions to the exact one.
struct Wanted<'a> {
    /// `None` for all.
    metric: Option<&'a str>,
    target: &'a dyn Fn(&Labels) -> bool,
    series: &'a dyn Fn(&Labels) -> bool,
}

impl DemoPlatform {
    /// The samples of all selected series with `start < t <= end`, exactly as
    /// scraped: `up`, `process_start_time_seconds`, the request metrics and the
    /// gauges of pods, `ALERTS` and `ALERTS_FOR_STATE`. Series without a sample
    /// in the period are left out; stale markers are no samples.
    pub fn samples(&self, selector: &Selector, period: Period) -> Vec<RawSeries> {
        let target = |labels: &Labels| selector.admits_target(labels);
        let series = |labels: &Labels| selector.matches(labels);
        let all = self
            .record(period, &Wanted { metric: Some(&selector.metric), target: &target, series: &series })
            .into_iter();
        let with_samples = all.filter(|s| !s.samples.is_empty());
        with_samples.map(|s| RawSeries { labels: s.labels, samples: s.samples }).collect()
    }

    /// All series of the world with their samples and stale markers in
    /// `start < t <= end`. Consecutive periods join without a seam.
    pub fn history(&self, period: Period) -> Vec<HistorySeries> {
        let mut all = self.record(period, &Wanted { metric: None, target: &|_| true, series: &|_| true });
        all.retain(|s| !s.samples.is_empty() || !s.stale.is_empty());
        all
    }

    fn record(&self, period: Period, wanted: &Wanted<'_>) -> Vec<HistorySeries> {
        let visible = self.visible(period);
        let mut all = Vec::new();
        for slot in &self.slots {
            // One more scrape in front shows which series vanish at the first.
            let wide = self.visible(Period::new(visible.start - slot.grid.interval, visible.end));
            for pod in self.pods(slot, wide) {
                if (wanted.target)(&pod.labels) {
                    all.extend(self.record_pod(&pod, wide, wanted).into_iter().map(|track| track.finish(visible)));
                }
            }
        }
        if !wanted.metric.is_none_or(|metric| metric == ALERTS || metric == ALERTS_FOR_STATE) {
            return all;
        }
        let wide = self.visible(Period::new(visible.start - self.evaluations.interval, visible.end));
        all.extend(self.record_alerts(wide, wanted.series).into_iter().map(|track| track.finish(visible)));
        all
    }

    fn record_pod(&self, pod: &Pod<'_>, wide: Period, wanted: &Wanted<'_>) -> Vec<Track> {
        let grid = pod.slot.grid;
        let mut tracks: Vec<(Reading, Track)> = readings(pod)
            .into_iter()
            .map(|reading| (reading, Track::new(reading.labels(&pod.labels), grid)))
            .filter(|(_, track)| (wanted.series)(&track.series.labels))
            .collect();
        if tracks.is_empty() {
            return Vec::new();
        }
        let counted = tracks.iter().any(|(reading, _)| reading.is_counted());
        let page = Page::new(self, pod, wide);
        let mut processes = self.processes(pod, wide).into_iter();
        let mut running: Option<(Process, Option<Meter<'_>>)> = None;
        for at in grid.instants(scrapes_of(pod.life).intersect(wide)) {
            if running.as_ref().is_none_or(|(process, _)| process.life.end <= at) {
                let next = processes.find(|process| at < process.life.end);
                running = next.map(|process| (process, counted.then(|| Meter::new(self, pod, process))));
            }
            let alive = running.as_ref().filter(|(process, _)| process.life.start <= at && !page.scrape_fails(at));
            let meter = alive.and_then(|(_, meter)| meter.as_ref());
            let numbers = meter.map_or_else(Numbers::default, |meter| Numbers::new(&meter.counts(at)));
            for (reading, track) in &mut tracks {
                match alive {
                    Some((process, _)) => track.extend(at, page.value(*reading, process.life.start, &numbers, at)),
                    None if *reading == Reading::Up => track.extend(at, Some(0.0)),
                    None => {}
                }
            }
        }
        tracks.into_iter().map(|(_, track)| track).collect()
    }
}

/// A life `[start, end)` as the stretch `(start, end]` of scrapes that meet it.
pub(crate) fn scrapes_of(life: Period) -> Period {
    Period::new(life.start - Millis(1), life.end - Millis(1))
}

/// One series that grows sample by sample along its grid.
pub(crate) struct Track {
    series: HistorySeries,
    grid: Grid,
}

impl Track {
    pub fn new(labels: Labels, grid: Grid) -> Track {
        Track { series: HistorySeries { labels, samples: Vec::new(), stale: Vec::new() }, grid }
    }

    pub fn extend(&mut self, at: Timestamp, value: Option<f64>) {
        let Some(value) = value else { return };
        self.mark_stale_before(at);
        self.series.samples.push(Sample { at, value });
    }

    /// A run of samples that ended before `at` gets its stale marker.
    fn mark_stale_before(&mut self, at: Timestamp) {
        if let Some(last) = self.series.samples.last() {
            let next = last.at + self.grid.interval;
            if next < at {
                self.series.stale.push(next);
            }
        }
    }

    /// The series with what lies in `visible`, of which its samples may begin
    /// earlier.
    pub fn finish(mut self, visible: Period) -> HistorySeries {
        self.mark_stale_before(visible.end + Millis(1));
        self.series.samples.retain(|s| s.at > visible.start);
        self.series.stale.retain(|at| *at > visible.start);
        self.series
    }
}
