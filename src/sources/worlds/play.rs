//! Plays a script: draws every event, and scrapes. What it writes down is the
//! event log, and beside it the samples that a scraper would have got. Must not
//! know how events are counted from samples.

use super::chance::Chance;
use super::script::{AddedLabel, Class, Delivery, Load, Moment, Process, Rename, Scraper, Script, Target};
use std::collections::BTreeMap;

use crate::ingest::raw::{RawSeries, Sample};
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::sources::worlds::log::EventEntry;

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
    pub log: Vec<EventEntry>,
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
    for list in [&mut record.series, &mut record.up, &mut record.starts] {
        join_alike(list);
    }
    record
}

/// Several processes that answer under one address write one series.
fn join_alike(list: &mut Vec<RawSeries>) {
    let mut joined: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
    for mut one in std::mem::take(list) {
        joined.entry(one.labels).or_default().append(&mut one.samples);
    }
    list.extend(joined.into_iter().map(|(labels, mut samples)| {
        samples.sort_by_key(|s| s.at);
        RawSeries { labels, samples }
    }));
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
            let is_over = self.script.up_at(*at) > self.stage.history.end;
            if let Some(pages) = pages.get_mut(*scraper).filter(|_| *outcome != Scrape::Skipped && !is_over) {
                pages.up(self.script.up_at(*at), if *outcome == Scrape::Answered { 1.0 } else { 0.0 });
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
        let interval = self.target.interval.unwrap_or(self.stage.interval).0.max(1);
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

    fn play_process(&mut self, process: &Process, pages: &mut [Pages], log: &mut Vec<EventEntry>) {
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
                log.push(EventEntry { after, at, bad, count: new, seen_at });
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
        all.extend(self.script.dying.map(|dying| process.life.end - dying.length).filter(|at| *at < end));
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
        let dying = self.script.dying.filter(|dying| middle > process.life.end - dying.length);
        let bad_ratio = dying.map_or(bad_ratio, |dying| dying.bad_ratio);
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

/// By which a pushed process tells that it is there.
const TARGET_INFO: &str = "target_info";

/// The label of series that tell what happened since their last sample.
const TEMPORALITY: &str = "__temporality__";

/// The samples of one target, series by series.
struct Pages {
    delivery: Delivery,
    up: Written,
    /// Of the process: when it started, or that it is there.
    sign: Written,
    classes: Vec<Written>,
    /// What the counters held at the last push.
    pushed: Vec<u64>,
}

impl Pages {
    fn new(script: &Script, target: &Target, replica: &str) -> Pages {
        let of_target = |name: &str| target.labels.clone().with(NAME, name).with(REPLICA, replica);
        let added = script.added.as_ref();
        let class = |class: &Class| {
            let mut labels =
                class.labels.iter().fold(of_target(REQUESTS), |labels, (name, value)| labels.with(name, value));
            if script.delivery == Delivery::PushedAsDelta {
                labels.set(TEMPORALITY, "delta");
            }
            Written::new(labels, script.renamed.as_ref(), added)
        };
        let is_pushed = matches!(script.delivery, Delivery::Pushed | Delivery::PushedAsDelta);
        let sign = if is_pushed { TARGET_INFO } else { "process_start_time_seconds" };
        Pages {
            delivery: script.delivery,
            up: Written::new(of_target("up"), None, added),
            sign: Written::new(of_target(sign), None, added),
            classes: script.classes.iter().map(class).collect(),
            pushed: vec![0; script.classes.len()],
        }
    }

    fn up(&mut self, at: Timestamp, value: f64) {
        match self.delivery {
            Delivery::Scraped | Delivery::Late(_) => self.up.push(at, value),
            Delivery::Pushed | Delivery::PushedAsDelta => {}
        }
    }

    /// A series that has counted nothing is not there yet, and a difference of nothing
    /// is not sent.
    fn answer(&mut self, at: Timestamp, start: Option<Timestamp>, counts: &[u64]) {
        let is_pushed = matches!(self.delivery, Delivery::Pushed | Delivery::PushedAsDelta);
        match start {
            _ if is_pushed => self.sign.push(at, 1.0),
            Some(start) => self.sign.push(at, start.secs_f64()),
            None => {}
        }
        let is_delta = self.delivery == Delivery::PushedAsDelta;
        for ((series, count), pushed) in self.classes.iter_mut().zip(counts).zip(&mut self.pushed) {
            // A process that is new began at zero.
            let before = if is_delta && *count >= *pushed { *pushed } else { 0 };
            *pushed = *count;
            if *count > before {
                series.push(at, (*count - before) as f64);
            }
        }
    }

    fn finish(self, record: &mut Record) {
        record.up.extend(self.up.series);
        record.starts.extend(self.sign.series);
        record.series.extend(self.classes.into_iter().flat_map(|class| class.series));
    }
}

/// One series, which goes on as another when its labels change.
struct Written {
    labels: Labels,
    /// Until they are due.
    rename: Option<Rename>,
    added: Option<AddedLabel>,
    series: Vec<RawSeries>,
}

impl Written {
    fn new(labels: Labels, rename: Option<&Rename>, added: Option<&AddedLabel>) -> Written {
        Written { labels, rename: rename.cloned(), added: added.cloned(), series: Vec::new() }
    }

    fn push(&mut self, at: Timestamp, value: f64) {
        let mut is_other = false;
        if let Some(rename) = self.rename.take_if(|rename| at >= rename.since) {
            let value = self.labels.get(rename.from).unwrap_or("").to_owned();
            self.labels = self.labels.without(&[rename.from]).with(rename.to, &value);
            is_other = true;
        }
        if let Some(added) = self.added.take_if(|added| at >= added.since) {
            self.labels.set(added.name, added.value);
            is_other = true;
        }
        let sample = Sample { at, value };
        match self.series.last_mut().filter(|_| !is_other) {
            Some(series) => series.samples.push(sample),
            None => self.series.push(RawSeries { labels: self.labels.clone(), samples: vec![sample] }),
        }
    }
}
