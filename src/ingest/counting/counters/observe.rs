//! Observed and unseen time of targets, and how busy they were. Must not know which
//! events were counted why.

use super::Counting;
use super::rates::busiest_since;
use crate::ingest::counting::targets::target::{LastScrape, Timeline};
use crate::ingest::counting::targets::watch::any_alive;
use crate::model::slo::tile::Tail;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

/// The end of a process lies at most this long after its last scrape; what went unseen
/// for longer is not told by how busy it was. What a recount reads before its period
/// holds this and `TAIL_RATES`.
const TAIL_MAX: Millis = Millis::from_mins(5);

/// The busiest rate of a process in the minutes before its last scrape is the most that
/// its end is taken to have had.
const TAIL_RATES: Millis = Millis::from_mins(4);

impl Counting<'_> {
    /// Observed and unseen time, and rates, of each target.
    pub(super) fn observe_targets(&mut self) {
        let timelines = std::mem::take(&mut self.timelines);
        self.pushed_until = timelines.iter().filter(|l| !l.is_scraped()).filter_map(|l| l.ok.last()).max().copied();
        for (t, line) in timelines.iter().enumerate() {
            if !self.relevant.get(t).copied().unwrap_or(false) {
                continue;
            }
            self.open.before |= line.unproven;
            for (i, pair) in line.ok.windows(2).enumerate() {
                if let [a, b] = *pair {
                    self.observe_stretch(t, line, (a, b), self.total_of(t, i + 1));
                }
            }
            self.observe_begin(line, self.total_of(t, 0));
            self.observe_end(t, line);
        }
        self.timelines = timelines;
    }

    /// Events of the total that a scrape of a target found.
    fn total_of(&self, t: usize, scrape: usize) -> Option<i64> {
        self.scrape_counts.get(t).and_then(|scrapes| scrapes.get(scrape)).map(|counts| counts.total)
    }

    /// Between two successful scrapes.
    fn observe_stretch(&mut self, t: usize, line: &Timeline, (a, b): (Timestamp, Timestamp), total: Option<i64>) {
        let life = line.life_at(b);
        let begin = if line.life_at(a) == life {
            a
        } else {
            // The death of the old process lies somewhere before the start of
            // the new one.
            let started = line.lives.get(life).map_or(b, |l| l.started.unwrap_or(l.seen)).min(b);
            self.add_unseen(t, line, a, started, true);
            started
        };
        self.grid.add_observed(Period::new(begin, b));
        // While it did not answer, nobody knew that its process lived on.
        if b - a > line.overdue() && a.floor_slot() < self.emit.start && b > self.emit.start {
            self.recount_from(a.floor_slot());
        }
        let seconds = (b - begin.min(b - Millis(1_000))).secs_f64();
        if let Some(total) = total.filter(|n| *n > 0) {
            self.grid.add_rate(b, total as f64 / seconds);
        }
    }

    /// Before the first successful scrape of a target that was not known.
    fn observe_begin(&mut self, line: &Timeline, total: Option<i64>) {
        let (Some(first), 0) = (line.ok.first().copied(), line.carried) else {
            return;
        };
        let Some(life) = line.lives.first() else {
            return;
        };
        let from = life.started.unwrap_or(first - line.interval);
        let stretch = Period::new(from, first);
        if !life.from_zero {
            self.grid.add_unseen(stretch);
            return;
        }
        self.grid.add_observed(stretch);
        if let Some(total) = total.filter(|n| *n > 0) {
            self.grid.add_rate(first, total as f64 / stretch.length().secs_f64().max(1.0));
        }
    }

    /// After the last successful scrape.
    fn observe_end(&mut self, t: usize, line: &Timeline) {
        let end = self.observed.read.end;
        if line.is_succeeded {
            return;
        }
        let Some(last) = line.ok.last().copied() else {
            // It never answered: expected for as long as it was asked.
            if let Some(up) = line.last_up {
                self.grid.add_unseen(Period::new(self.observed.read.start, up));
            }
            return;
        };
        let failing = line.last_up.is_some_and(|up| up > last);
        if !failing && end - last <= line.overdue() {
            // The next scrape is not due, or a little late; it will tell.
            self.grid.add_observed(Period::new(last, end));
            return;
        }
        self.open.after |= !self.add_unseen(t, line, last, end, false);
    }

    /// Time in which a target did not answer, from its last good scrape. Whether
    /// it was taken off the list of targets before the end: then it owed nothing
    /// for the rest. `ended` says that its process was over by the end.
    fn add_unseen(&mut self, t: usize, line: &Timeline, last: Timestamp, end: Timestamp, ended: bool) -> bool {
        let asked_until = line.asked_before(end + Millis(1)).unwrap_or(last).max(last) + line.interval;
        // A minute that began earlier may have had its scrapes before.
        let later = Period::new(asked_until + Millis(SLOT_MS - 1), end);
        // Where nobody scrapes, others that push show that pushes arrive.
        let pushes_arrive = !line.is_scraped() && self.pushed_until.is_some_and(|at| at > later.start);
        let is_alive = any_alive(self.observed.alive, later) || pushes_arrive;
        let gone = end - asked_until > line.overdue() && is_alive;
        // Who did not answer once and then was no target any more had ended by then.
        let single = line.asked_after(last).filter(|asked| *asked + line.interval == asked_until);
        let until = if gone { single.unwrap_or(asked_until) } else { end };
        let stretch = Period::new(last, until);
        let tail = if ended || gone { self.tail(t, line, last, until - last) } else { None };
        match tail {
            Some(tail) => self.grid.add_tail(stretch, tail),
            None => self.grid.add_unseen(stretch),
        }
        gone
    }

    /// What the end of a process may have held, by its last scrape and how long after
    /// it the process was over.
    fn tail(&self, t: usize, line: &Timeline, last: Timestamp, length: Millis) -> Option<Tail> {
        let LastScrape { stretch, counts } = self.found_at(t, line, last).filter(|_| length <= TAIL_MAX)?;
        let (total, bad) = (counts.total.max(0) as f64, counts.bad().min(counts.total.max(0)) as f64);
        let busy = self.busy.get(t).map_or(&[][..], Vec::as_slice);
        let busiest = busiest_since(busy, last - TAIL_RATES, last).max(total / stretch.secs_f64());
        // Ends fall anywhere in the time.
        let expected = length.secs_f64() / 2.0 / stretch.secs_f64();
        Some(Tail {
            ms: u32::try_from(length.0).unwrap_or(u32::MAX),
            // A process that did nothing lately may still have had an event.
            most_milli: ((busiest * length.0 as f64).ceil() as i64).max(1_000),
            events_milli: (total * expected * 1_000.0).round() as i64,
            bad_milli: (bad * expected * 1_000.0).round() as i64,
        })
    }

    /// What a scrape of a target found, and in which time.
    pub(super) fn found_at(&self, t: usize, line: &Timeline, at: Timestamp) -> Option<LastScrape> {
        let i = line.ok.binary_search(&at).ok()?;
        if i < line.carried {
            return line.last_scrape;
        }
        let counts = *self.scrape_counts.get(t)?.get(i)?;
        let life = line.life_at(at);
        let before = i.checked_sub(1).and_then(|before| line.ok.get(before)).filter(|ok| line.life_at(**ok) == life);
        let begun = || line.lives.get(life).filter(|life| life.from_zero).and_then(|life| life.started);
        let stretch = at - before.copied().or_else(begun)?;
        Some(LastScrape { stretch: stretch.max(Millis(1_000)), counts })
    }
}
