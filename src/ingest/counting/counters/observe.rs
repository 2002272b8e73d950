//! Observed and unseen time of targets, and how busy they were. Must not know which
//! events were counted why.

use super::Counting;
use crate::ingest::counting::targets::target::Timeline;
use crate::ingest::counting::targets::watch::any_alive;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};

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
                    self.observe_stretch(line, a, b, self.scrape_totals.get(t).and_then(|s| s.get(i + 1)).copied());
                }
            }
            self.observe_begin(line, self.scrape_totals.get(t).and_then(|s| s.first()).copied());
            self.observe_end(line);
        }
        self.timelines = timelines;
    }

    /// Between two successful scrapes.
    fn observe_stretch(&mut self, line: &Timeline, a: Timestamp, b: Timestamp, total: Option<i64>) {
        let life = line.life_at(b);
        let begin = if line.life_at(a) == life {
            a
        } else {
            // The death of the old process lies somewhere before the start of
            // the new one.
            let started = line.lives.get(life).map_or(b, |l| l.started.unwrap_or(l.seen)).min(b);
            self.add_unseen(line, a, started);
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
    fn observe_end(&mut self, line: &Timeline) {
        let end = self.observed.read.end;
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
        self.open.after |= !self.add_unseen(line, last, end);
    }

    /// Time in which a target did not answer, from its last good scrape. Whether
    /// it was taken off the list of targets before the end: then it owed nothing
    /// for the rest.
    fn add_unseen(&mut self, line: &Timeline, last: Timestamp, end: Timestamp) -> bool {
        let asked_until = line.asked_before(end + Millis(1)).unwrap_or(last).max(last) + line.interval;
        // A minute that began earlier may have had its scrapes before.
        let later = Period::new(asked_until + Millis(SLOT_MS - 1), end);
        // Where nobody scrapes, others that push show that pushes arrive.
        let pushes_arrive = !line.is_scraped() && self.pushed_until.is_some_and(|at| at > later.start);
        let is_alive = any_alive(self.observed.alive, later) || pushes_arrive;
        let gone = end - asked_until > line.overdue() && is_alive;
        self.grid.add_unseen(Period::new(last, if gone { asked_until } else { end }));
        gone
    }
}
