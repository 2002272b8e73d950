//! The life of one target, from its `up` and its process start times: when it
//! was scraped, when its process restarted, and what could not be seen.

use super::watch::Watch;
use crate::ingest::counting::counters::rates::Rates;
use crate::ingest::counting::late::Newest;
use crate::ingest::counting::notices::SignOfLife;
use crate::ingest::counting::targets::watch::NEW_TARGET_PROOF;
use crate::ingest::raw::Sample;
use crate::model::labels::Labels;
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Millis, Period, Timestamp};

/// What is kept of a target from one reading to the next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TargetState {
    pub labels: Labels,
    /// The last successful scrape.
    pub last_ok: Option<Timestamp>,
    /// The first scrape that was tried, as far as is known.
    pub asked_since: Timestamp,
    /// `process_start_time_seconds` at the last successful scrape that had it.
    pub start: Option<f64>,
    /// The last scrapes, failed ones included, at most `RECENT_MAX`.
    pub recent: Vec<Timestamp>,
    /// When the process began that answered last, as far as is known.
    pub begun: Option<Timestamp>,
    /// How busy it was lately.
    pub rates: Rates,
    /// What its last scrape found.
    pub last_scrape: Option<LastScrape>,
    /// What told that it was observed.
    pub sign: SignOfLife,
    /// The newest of its samples that do not have the time of a scrape.
    pub own_times: Option<Newest>,
}

/// What one scrape of a target found, and since when: the last of a process says what
/// its unseen end may have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastScrape {
    pub stretch: Millis,
    pub counts: EventCounts,
}

/// One process life of a target, from the first scrape that saw it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Life {
    /// The first scrape in this life.
    pub seen: Timestamp,
    /// When its process started, where that is known and lies in our past.
    pub started: Option<Timestamp>,
    /// Counters of this life start at zero within the time that we know of.
    /// False for a process that ran before we looked.
    pub from_zero: bool,
    /// The start time does not lie between the scrapes before and after: either
    /// the clocks differ, or the clock was set and there was no restart.
    pub doubtful: bool,
}

/// The timeline of one target over a reading.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    pub labels: Labels,
    /// Successful scrapes in order, the last one before the reading included.
    pub ok: Vec<Timestamp>,
    /// How many of `ok` lie before the reading (0 or 1).
    pub carried: usize,
    /// The last sample of `up` in the reading, whatever its value; `None`
    /// without any.
    pub last_up: Option<Timestamp>,
    /// All scrapes, failed ones included; the last ones before the reading too.
    asked: Vec<Timestamp>,
    pub interval: Millis,
    /// In order of `seen`; the first one may begin before the reading.
    pub lives: Vec<Life>,
    pub start: Option<f64>,
    /// The first scrape that was tried, as far as is known.
    pub asked_since: Timestamp,
    /// Whether its first sight depends on the time before the reading.
    pub unproven: bool,
    /// What tells that it was observed.
    pub sign: SignOfLife,
    /// Whether it tells when its process started: then a start time that stays the
    /// same says that there was no restart.
    pub tells_start: bool,
    /// When the process began that was there before the reading.
    begun: Option<Timestamp>,
    /// How busy it was before the reading.
    pub rates: Rates,
    /// What the last scrape before the reading found.
    pub last_scrape: Option<LastScrape>,
    /// The place of the timeline that it goes on from, under other labels.
    pub succeeds: Option<usize>,
    /// It goes on under other labels.
    pub is_succeeded: bool,
    /// The newest of its samples that do not have the time of a scrape.
    pub own_times: Option<Newest>,
}

/// The distance of scrapes that is assumed until two were seen.
pub(crate) const INTERVAL_DEFAULT: Millis = Millis::from_secs(60);
/// Scrapes that are remembered to know their distance, where a reading holds
/// one or none: three distances, so that one that is out of order does not count.
const RECENT_MAX: usize = 4;
/// How much the clocks of target and scraper may differ: a start time that lies
/// between two scrapes, give or take this much, is taken at its word.
const START_SKEW_MAX: Millis = Millis::from_secs(5);
/// Changes of `process_start_time_seconds` below this are rounding, in seconds.
const START_JITTER_SECONDS: f64 = 1.0;

impl Timeline {
    pub fn build(
        labels: &Labels,
        up: &[Sample],
        starts: &[Sample],
        before: Option<&TargetState>,
        sign: SignOfLife,
        watch: &Watch<'_>,
    ) -> Timeline {
        let mut ok: Vec<Timestamp> = before.and_then(|b| b.last_ok).into_iter().collect();
        let carried = ok.len();
        ok.extend(up.iter().filter(|s| s.value == 1.0).map(|s| s.at));
        let mut asked = before.map(|b| b.recent.clone()).unwrap_or_default();
        asked.extend(up.iter().map(|s| s.at));
        let interval = usual_interval(&asked).unwrap_or(INTERVAL_DEFAULT);
        let mut line = Timeline {
            labels: labels.clone(),
            carried,
            last_up: up.last().map(|s| s.at),
            asked,
            interval,
            lives: Vec::new(),
            start: before.and_then(|b| b.start),
            asked_since: before.map(|b| b.asked_since).or(up.first().map(|s| s.at)).unwrap_or(watch.start()),
            unproven: false,
            sign,
            tells_start: !starts.is_empty(),
            begun: before.and_then(|b| b.begun),
            rates: before.map(|b| b.rates.clone()).unwrap_or_default(),
            own_times: before.and_then(|b| b.own_times),
            last_scrape: before.and_then(|b| b.last_scrape),
            succeeds: None,
            is_succeeded: false,
            ok,
        };
        line.find_lives(starts, carried > 0, watch);
        line
    }

    fn find_lives(&mut self, starts: &[Sample], known_before: bool, watch: &Watch<'_>) {
        let Some(first) = self.ok.first().copied() else {
            return;
        };
        let first_start = starts.first().filter(|s| self.ok.get(self.carried) == Some(&s.at)).map(|s| s.value);
        let mut life = Life { seen: first, started: None, from_zero: false, doubtful: false };
        if !known_before {
            let started = first_start.and_then(Timestamp::from_secs_f64).map(|s| s.min(first));
            let in_our_time = started.is_some_and(|s| watch.began(s, self.asked_since));
            let proven = watch.complete || first - watch.start() >= NEW_TARGET_PROOF;
            let scraped = self.sign == SignOfLife::Up;
            let new_to_source = started.is_none() && proven && scraped && watch.alive_before(first);
            self.begun = started;
            life.started = started.filter(|_| in_our_time);
            life.from_zero = in_our_time || new_to_source;
            // Without a word on the time before, the process may have been
            // scraped then, and its counters may have a baseline there.
            self.unproven = !life.from_zero && !watch.complete;
        }
        self.lives.push(life);
        // The last process was seen first by a scrape that does not count as one: what
        // the scrape before it saw was of another.
        if let Some(begun) = self.begun.filter(|begun| known_before && *begun > first) {
            self.begun = None;
            self.lives.push(Life { seen: begun, started: None, from_zero: true, doubtful: false });
        }
        let mut last_ok = self.ok.iter().copied().take(self.carried).next_back();
        for sample in starts {
            let known = self.start.replace(sample.value);
            let changed = known.is_some_and(|old| (sample.value - old).abs() > START_JITTER_SECONDS);
            let started = Timestamp::from_secs_f64(sample.value);
            if changed && let (Some(started), Some(ok)) = (started, last_ok) {
                let between = started >= ok - START_SKEW_MAX && started <= sample.at + START_SKEW_MAX;
                let started = started.clamp(ok, sample.at);
                // Scrapes without the start time may have seen the process before.
                let first = self.ok.get(self.ok.partition_point(|at| *at <= started)).filter(|_| between);
                self.lives.push(Life {
                    seen: first.map_or(sample.at, |first| (*first).min(sample.at)),
                    started: Some(started),
                    from_zero: true,
                    doubtful: !between,
                });
            }
            last_ok = Some(sample.at);
        }
    }

    /// The claim of a start time that a process is new at a scrape.
    pub fn claim(&self, at: Timestamp) -> Option<Life> {
        self.lives.iter().skip(1).find(|l| l.seen == at).copied()
    }

    /// Whether an instant is the first scrape of a process that began before our eyes.
    pub fn is_begin(&self, at: Timestamp) -> bool {
        self.lives.first().is_some_and(|life| life.from_zero && life.seen == at)
    }

    /// What was claimed of a scrape is not so.
    pub fn refute(&mut self, at: Timestamp) {
        let first = self.lives.first().copied();
        self.lives.retain(|l| l.seen != at || Some(*l) == first);
    }

    /// When the process began that answers at an instant, as far as is known.
    pub fn begun_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self.life_at(at) {
            0 => self.begun,
            // What the last scrape before it saw was of the process before.
            life => self.lives.get(life).map(|l| {
                let after = self.ok_before(l.seen).map_or(l.seen, |ok| ok + Millis(1));
                l.started.unwrap_or(l.seen).max(after).min(l.seen)
            }),
        }
    }

    /// Adds a restart that only the counters tell of, at a scrape.
    pub fn add_restart(&mut self, at: Timestamp) {
        if self.lives.iter().any(|l| l.seen == at) {
            return;
        }
        self.lives.push(Life { seen: at, started: None, from_zero: true, doubtful: false });
        self.lives.sort_by_key(|l| l.seen);
    }

    /// How long after a scrape the next one has surely been missed.
    pub fn overdue(&self) -> Millis {
        Millis(self.interval.0 * 5 / 2)
    }

    /// The number of the life at an instant.
    pub fn life_at(&self, at: Timestamp) -> usize {
        self.lives.partition_point(|l| l.seen <= at).saturating_sub(1)
    }

    /// The last scrape before an instant, whether it succeeded or not.
    pub fn asked_before(&self, at: Timestamp) -> Option<Timestamp> {
        self.asked.get(..self.asked.partition_point(|t| *t < at)).and_then(<[Timestamp]>::last).copied()
    }

    /// The first scrape after an instant, whether it succeeded or not.
    pub fn asked_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.asked.get(self.asked.partition_point(|t| *t <= at)).copied()
    }

    /// Whether a scrape succeeded in `(period.start, period.end]`.
    pub fn ok_within(&self, period: Period) -> bool {
        self.ok_before(period.end + Millis(1)).is_some_and(|ok| ok > period.start)
    }

    /// The last successful scrape before an instant.
    pub fn ok_before(&self, at: Timestamp) -> Option<Timestamp> {
        self.ok.get(..self.ok.partition_point(|t| *t < at)).and_then(<[Timestamp]>::last).copied()
    }

    /// The place in `ok` of the first scrape at or after an instant.
    pub fn scrape_index(&self, at: Timestamp) -> usize {
        self.ok.partition_point(|t| *t < at)
    }

    /// Whether a scrape succeeded at just this instant.
    pub fn answered(&self, at: Timestamp) -> bool {
        self.ok.binary_search(&at).is_ok()
    }

    /// Whether its scrapes are known: then a sample has the time of one.
    pub fn is_scraped(&self) -> bool {
        self.sign == SignOfLife::Up
    }

    /// Whether a scrape was tried at just this instant.
    pub fn was_asked(&self, at: Timestamp) -> bool {
        self.asked.binary_search(&at).is_ok()
    }

    /// `rates` with those of the reading.
    pub fn state(&self, rates: Rates, last_scrape: Option<LastScrape>) -> TargetState {
        TargetState {
            // A restart may show in a scrape that does not count as one.
            begun: self.begun_at(Timestamp::MAX),
            rates,
            last_scrape,
            own_times: self.own_times,
            sign: self.sign,
            labels: self.labels.clone(),
            last_ok: self.ok.last().copied(),
            asked_since: self.asked_since,
            start: self.start,
            recent: self.asked.iter().skip(self.asked.len().saturating_sub(RECENT_MAX)).copied().collect(),
        }
    }
}

/// The median distance of scrapes, failed ones included: missed scrapes and
/// restarts of the scraper do not move it.
pub(crate) fn usual_interval(scrapes: &[Timestamp]) -> Option<Millis> {
    let gap = |pair: &[Timestamp]| Some((*pair.get(1)? - *pair.first()?).0);
    let mut gaps: Vec<i64> = scrapes.windows(2).filter_map(gap).collect();
    if gaps.is_empty() {
        return None;
    }
    let middle = gaps.len() / 2;
    let (_, median, _) = gaps.select_nth_unstable(middle);
    Some(Millis((*median).max(1)))
}

/// The identity by which series and targets find each other.
pub(crate) fn target_key(labels: &Labels) -> (&str, &str) {
    (labels.get("job").unwrap_or(""), labels.get("instance").unwrap_or(""))
}
