//! Plays a script: draws every event, and scrapes. What it writes down is the
//! event log, and beside it the samples that a scraper would have got. Must not
//! know how events are counted from samples.

use super::chance::Chance;
use super::script::{Class, Load, Moment, Process, Rename, Scraper, Script, Target};
use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::sources::worlds::log::Entry;

/// Tells the scrapers of a pair apart.
const REPLICA: &str = "prometheus_replica";

/// The counter of requests.
pub const REQUESTS: &str = "http_requests_total";

/// The time of a world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub seed: u64,
    /// Samples have `start < t <= end`.
    pub history: Period,
    /// What is judged; it lies within the history.
    pub window: Period,
    pub interval: Millis,
}

/// Around the edges of the window users pause, so that no event's minute decides
/// whether it lies in it: a scrape tells only later of what happened.
const PAUSE: Millis = Millis::from_mins(2);

/// Around the edges of the window, and at the end of the history, single scrapes
/// do not go wrong.
const CALM: Millis = Millis::from_mins(10);

impl Stage {
    fn is_pause(&self, at: Timestamp) -> bool {
        [self.window.start, self.window.end].iter().any(|edge| (at - *edge).0.abs() <= PAUSE.0)
    }

    fn is_calm(&self, at: Timestamp) -> bool {
        [self.window.start, self.window.end, self.history.end].iter().any(|edge| (at - *edge).0.abs() <= CALM.0)
    }
}

/// What is written down of one world.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub log: Vec<Entry>,
    pub series: Vec<RawSeries>,
    pub up: Vec<RawSeries>,
    pub starts: Vec<RawSeries>,
}

pub(super) fn play(script: &Script, stage: &Stage) -> Record {
    let mut record = Record::default();
    for (number, target) in script.targets.iter().enumerate() {
        let chance = Chance::new(stage.seed, &format!("target {number}"));
        Player { script, stage, target, chance, scrapes: Vec::new() }.play(&mut record);
    }
    record
}

/// What a scrape came to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scrape {
    Answered,
    Failed,
    /// Nobody asked.
    Skipped,
}

/// One target on its way through time.
struct Player<'a> {
    script: &'a Script,
    stage: &'a Stage,
    target: &'a Target,
    chance: Chance,
    /// Of all scrapers, by time.
    scrapes: Vec<Attempt>,
}

/// One scrape by one of the scrapers.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: Timestamp,
    scraper: usize,
    outcome: Scrape,
}

impl Player<'_> {
    fn play(&mut self, record: &mut Record) {
        let scrapers = self.script.scrapers();
        for (number, scraper) in scrapers.iter().enumerate() {
            for at in self.scrape_times(scraper.offset) {
                let outcome = self.outcome(at, scraper);
                self.scrapes.push(Attempt { at, scraper: number, outcome });
            }
        }
        self.scrapes.sort_by_key(|scrape| (scrape.at, scrape.scraper));
        let mut pages: Vec<Pages> =
            scrapers.iter().map(|scraper| Pages::new(self.script, self.target, scraper.replica)).collect();
        for Attempt { at, scraper, outcome } in &self.scrapes {
            if let Some(pages) = pages.get_mut(*scraper).filter(|_| *outcome != Scrape::Skipped) {
                pages.up(*at, if *outcome == Scrape::Answered { 1.0 } else { 0.0 });
            }
        }
        for process in &self.target.processes {
            self.play_process(process, &mut pages, &mut record.log);
        }
        pages.into_iter().for_each(|pages| pages.finish(record));
    }

    fn scrape_times(&self, later: Millis) -> Vec<Timestamp> {
        let offset = Millis(self.target.offset.0 + later.0);
        let known = self.target.known.intersect(Period::new(self.stage.history.start + Millis(1), Timestamp::MAX));
        let interval = self.stage.interval.0.max(1);
        let number = (known.start - Timestamp::from_millis(offset.0)).0;
        let first = offset.0 - (-number).div_euclid(interval) * interval;
        let last = (known.end.millis() - 1).min(self.stage.history.end.millis());
        (first..=last).step_by(interval as usize).map(Timestamp::from_millis).collect()
    }

    fn outcome(&mut self, at: Timestamp, scraper: &Scraper) -> Scrape {
        let luck = self.chance.unit();
        let calm = self.stage.is_calm(at);
        if scraper.off_hours.iter().any(|p| p.contains(at)) || (!calm && luck < self.script.skipped_ratio) {
            return Scrape::Skipped;
        }
        let lives = self.target.processes.iter().any(|p| p.answers_at(at));
        let fails = self.target.failing.iter().any(|p| p.contains(at));
        let unlucky = !calm && luck > 1.0 - self.script.failed_ratio;
        if lives && !fails && !unlucky { Scrape::Answered } else { Scrape::Failed }
    }

    fn play_process(&mut self, process: &Process, pages: &mut [Pages], log: &mut Vec<Entry>) {
        let history = self.stage.history;
        let answered: Vec<(Timestamp, usize)> = self
            .scrapes
            .iter()
            .filter(|scrape| scrape.outcome == Scrape::Answered && process.answers_at(scrape.at))
            .map(|scrape| (scrape.at, scrape.scraper))
            .collect();
        // What stands on the counters of a process that ran before anyone looked
        // is no news.
        let baseline =
            (process.life.start <= history.start).then(|| answered.first().map_or(history.end, |(at, _)| *at));
        let mut counts = vec![0_u64; self.script.classes.len()];
        let mut next = answered.iter().copied().peekable();
        let mut after = process.life.start;
        for at in self.cuts(process, &answered) {
            let seen_at = next.peek().map(|(at, _)| *at).filter(|scrape| baseline.is_none_or(|b| *scrape > b));
            for (class, new) in self.draw(process, after, at).into_iter().enumerate().filter(|(_, new)| *new > 0) {
                if let Some(count) = counts.get_mut(class) {
                    *count += new;
                }
                let bad = self.script.classes.get(class).is_some_and(|c| c.bad);
                log.push(Entry { after, at, bad, count: new, seen_at });
            }
            while let Some((_, scraper)) = next.next_if(|(scrape, _)| *scrape == at) {
                if let Some(pages) = pages.get_mut(scraper) {
                    pages.answer(at, self.script.tells_start.then(|| process.reported_start(at)), &counts);
                }
            }
            after = at;
        }
    }

    /// Where the log of a process is cut: no scrape, no minute and no life ends
    /// within a stretch of it.
    fn cuts(&self, process: &Process, answered: &[(Timestamp, usize)]) -> Vec<Timestamp> {
        let end = process.life.end.min(self.stage.history.end);
        let minutes = (process.life.start + Millis(1)).ceil_slot().millis()..end.millis();
        let mut all: Vec<Timestamp> = minutes.step_by(SLOT_MS as usize).map(Timestamp::from_millis).collect();
        all.extend(answered.iter().map(|(at, _)| *at));
        all.push(end);
        all.sort_unstable();
        all.dedup();
        all.retain(|at| *at > process.life.start);
        all
    }

    /// The events of `(after, at]`, by class.
    fn draw(&mut self, process: &Process, after: Timestamp, at: Timestamp) -> Vec<u64> {
        let mut new = vec![0; self.script.classes.len()];
        let middle = after + Millis((at - after).0 / 2);
        if self.stage.is_pause(middle) {
            return new;
        }
        let Load { per_second, bad_ratio } =
            (self.script.traffic)(Moment { at: middle, age: middle - process.life.start });
        let burst = if self.script.bursty { self.chance.burst() } else { 1.0 };
        let expected = per_second * burst * (at - after).secs_f64();
        for (bad, mean) in [(false, expected * (1.0 - bad_ratio)), (true, expected * bad_ratio)] {
            let count = self.chance.poisson(mean);
            share_out(count, &self.script.classes, bad, &mut self.chance, &mut new);
        }
        new
    }
}

/// Gives each of `count` events a class that is as good or bad as asked for.
fn share_out(count: u64, classes: &[Class], bad: bool, chance: &mut Chance, new: &mut [u64]) {
    let mut add = |class: Option<usize>, events: u64| {
        if let Some(sum) = class.and_then(|c| new.get_mut(c)) {
            *sum += events;
        }
    };
    // The good ones are many, and all of one class.
    if classes.iter().filter(|c| c.bad == bad).count() == 1 {
        return add(classes.iter().position(|c| c.bad == bad), count);
    }
    (0..count).for_each(|_| add(pick(classes, bad, chance), 1));
}

/// A class that is as good or bad as asked for, by weight.
fn pick(classes: &[Class], bad: bool, chance: &mut Chance) -> Option<usize> {
    let alike = || classes.iter().enumerate().filter(|(_, c)| c.bad == bad);
    let mut place = chance.unit() * alike().map(|(_, c)| c.weight).sum::<f64>();
    let mut last = None;
    for (number, class) in alike() {
        last = Some(number);
        place -= class.weight;
        if place < 0.0 {
            break;
        }
    }
    last
}

/// The samples of one target, series by series.
struct Pages {
    up: Renamed,
    start: Renamed,
    classes: Vec<Renamed>,
}

impl Pages {
    fn new(script: &Script, target: &Target, replica: &str) -> Pages {
        let of_target = |name: &str| target.labels.clone().with(NAME, name).with(REPLICA, replica);
        let class = |class: &Class| {
            let labels =
                class.labels.iter().fold(of_target(REQUESTS), |labels, (name, value)| labels.with(name, value));
            Renamed::new(labels, script.renamed.as_ref())
        };
        Pages {
            up: Renamed::new(of_target("up"), None),
            start: Renamed::new(of_target("process_start_time_seconds"), None),
            classes: script.classes.iter().map(class).collect(),
        }
    }

    fn up(&mut self, at: Timestamp, value: f64) {
        self.up.push(at, value);
    }

    /// A series that has counted nothing is not there yet.
    fn answer(&mut self, at: Timestamp, start: Option<Timestamp>, counts: &[u64]) {
        if let Some(start) = start {
            self.start.push(at, start.secs_f64());
        }
        for (series, count) in self.classes.iter_mut().zip(counts).filter(|(_, count)| **count > 0) {
            series.push(at, *count as f64);
        }
    }

    fn finish(self, record: &mut Record) {
        record.up.extend(self.up.series);
        record.starts.extend(self.start.series);
        record.series.extend(self.classes.into_iter().flat_map(|class| class.series));
    }
}

/// One series, which goes on as another when a label gets another name.
struct Renamed {
    labels: Labels,
    /// Until it is due.
    rename: Option<Rename>,
    series: Vec<RawSeries>,
}

impl Renamed {
    fn new(labels: Labels, rename: Option<&Rename>) -> Renamed {
        Renamed { labels, rename: rename.cloned(), series: Vec::new() }
    }

    fn push(&mut self, at: Timestamp, value: f64) {
        let due = self.rename.take_if(|rename| at >= rename.since);
        if let Some(rename) = &due {
            let value = self.labels.get(rename.from).unwrap_or("").to_owned();
            self.labels = self.labels.without(&[rename.from]).with(rename.to, &value);
        }
        let sample = Sample { at, value };
        match self.series.last_mut().filter(|_| due.is_none()) {
            Some(series) => series.samples.push(sample),
            None => self.series.push(RawSeries { labels: self.labels.clone(), samples: vec![sample] }),
        }
    }
}
