//! The counters of one target, scrape by scrape: what is new at each of them, and
//! what may be.

use super::counter::{Counter, is_count, whole};
use super::evidence::{Signs, Verdict, Witness, is_step};
use super::pushes::{push_time, pushed_since};
use super::rates::Busy;
use super::reset::{FALLS_MAX, FALLS_WITHIN, Fall, returns};
use super::{Counting, Spread};
use crate::ingest::counting::notices::NoticeKind;
use crate::ingest::counting::state::{Fallen, Last, Rise};
use crate::ingest::counting::targets::target::Timeline;
use crate::ingest::raw::Sample;
use crate::model::time::{Millis, Timestamp};

/// A counter of the target, with what it held last.
pub(super) struct Held<'c, 'a> {
    pub counter: &'c Counter<'a>,
    pub last: Option<Last>,
}

/// One scrape of a target.
#[derive(Clone, Copy)]
pub(super) struct Scrape {
    pub at: Timestamp,
    pub ok_before: Option<Timestamp>,
    /// Since the last scrape.
    pub stretch: Millis,
    /// When the process began that answers.
    pub begun: Option<Timestamp>,
    pub verdict: Verdict,
    /// How busy the target is, and the busiest target of the SLI.
    pub busy: Busy,
    pub busiest: Busy,
    /// What the counters that fell hold now.
    left: f64,
    /// Nothing but falls tells of the restart.
    by_falls: bool,
    /// A start time claimed a restart that the counters contradict.
    refuted: bool,
    /// A counter goes on from before it fell: so do the others.
    returned: bool,
    /// A counter falls so that only another process explains it: so do the others.
    is_shared: bool,
}

/// What a sample adds.
struct Step {
    from: Timestamp,
    events: i64,
    possible: i64,
    last: Last,
}

/// A sample of a counter, by its place among those of the target. Scrapes at which
/// only a start time is new have no place.
type Entry = (Timestamp, Option<usize>, f64);

impl Counting<'_> {
    pub(super) fn count_target(&mut self, t: usize, line: &mut Timeline, held: &mut [Held<'_, '_>]) {
        let entries = entries(line, held);
        for scrape in entries.chunk_by(|a, b| a.0 == b.0) {
            let Some((at, _, _)) = scrape.first().copied() else { continue };
            let values: Vec<(usize, f64)> = scrape.iter().filter_map(|(_, i, value)| Some(((*i)?, *value))).collect();
            let scrape = self.judge(t, line, held, at, &values);
            if scrape.verdict == Verdict::Restart {
                self.note_restart(t, held, scrape, &values);
            }
            let mut births: Vec<(usize, f64)> = Vec::new();
            for (i, value) in values {
                let Some(Held { counter, last }) = held.get_mut(i) else { continue };
                let sample = Sample { at, value };
                if counter.weights.at(at).is_zero() {
                    *last = Some(Last { created: counter.created_at(at), ..Last::new(sample) });
                    continue;
                }
                let proven = self.proven(counter, line, last.as_ref(), scrape, sample);
                let step = match (proven, last.take()) {
                    (Some(step), _) => step,
                    (None, Some(known)) => self.step(counter, line, known, scrape, sample),
                    (None, None) => {
                        births.push((i, value));
                        *last =
                            Some(Last { pushed: counter.pushed.and_then(|p| push_time(p, at)), ..Last::new(sample) });
                        continue;
                    }
                };
                self.add(counter, line, Spread { from: step.from, to: at, events: step.events });
                self.add_possible(counter, at, step.possible);
                *last = Some(Last { pushed: counter.pushed.and_then(|p| push_time(p, at)), ..step.last });
            }
            if !births.is_empty() {
                self.count_births(line, held, scrape, &births);
            }
        }
    }

    /// Weighs the signs of a restart, and settles the lives of the target.
    fn judge(
        &self,
        t: usize,
        line: &mut Timeline,
        held: &[Held<'_, '_>],
        at: Timestamp,
        values: &[(usize, f64)],
    ) -> Scrape {
        let ok_before = line.ok_before(at);
        let stretch = ok_before.map_or(line.interval, |ok| at - ok);
        let mut scrape = Scrape {
            at,
            ok_before,
            stretch,
            begun: line.begun_at(at),
            verdict: Verdict::GoesOn,
            busy: Busy { per_second: self.busiest(t, at) },
            busiest: Busy { per_second: 0.0 },
            left: 0.0,
            by_falls: false,
            refuted: false,
            returned: false,
            is_shared: false,
        };
        let before = |i: usize| held.get(i).and_then(|h| h.last.as_ref());
        let begun = scrape.begun;
        let is_plain = |(i, value): &(usize, f64)| {
            let goes_on =
                |last: &Last| *value >= last.value && last.fallen.is_none() && begun.is_none_or(|b| last.at >= b);
            before(*i).is_some_and(goes_on)
        };
        if line.claim(at).is_none() && values.iter().all(is_plain) && line.life_at(at) == 0 {
            return scrape;
        }
        scrape.busiest = Busy { per_second: (0..self.busy.len()).map(|t| self.busiest(t, at)).fold(0.0, f64::max) };
        let previous = line.claim(at).map_or(scrape.begun, |_| line.begun_at(at - Millis(1)));
        let mut witnesses: Vec<Witness> = Vec::new();
        for (i, one) in
            held.iter().enumerate().filter(|(_, h)| h.counter.weights.witness() && h.counter.delta.is_none())
        {
            let Some(last) = one.last.as_ref().filter(|l| previous.is_none_or(|begun| l.at >= begun)) else { continue };
            let now = values.binary_search_by_key(&i, |(i, _)| *i).ok().and_then(|n| values.get(n)).map(|(_, v)| *v);
            witnesses.push(Witness { before: last.value, lately: ok_before.is_some_and(|ok| last.at >= ok), now });
        }
        let usual = Busy { per_second: self.busiest(t, at - Millis(1)) };
        scrape.verdict = Signs { line, at, stretch, witnesses: &witnesses, busy: scrape.busy, usual }.verdict();
        scrape.by_falls = scrape.verdict == Verdict::Restart && line.claim(at).is_none();
        scrape.refuted = scrape.verdict == Verdict::GoesOn && line.claim(at).is_some_and(|life| !life.doubtful);
        match scrape.verdict {
            Verdict::Restart if line.claim(at).is_none() => line.add_restart(at),
            Verdict::Restart => {}
            Verdict::GoesOn | Verdict::AnotherProcess => line.refute(at),
        }
        let fallen = witnesses.iter().filter_map(|w| w.now.filter(|now| *now < w.before));
        let is_back = |(i, value): &(usize, f64)| {
            before(*i).is_some_and(|last| returns(last, &Sample { at, value: *value }, scrape.busy))
        };
        let is_other = |(i, value): &(usize, f64)| {
            before(*i).is_some_and(|last| {
                last.fallen.as_ref().is_some_and(|fallen| fallen.is_split(at))
                    || (is_step(last.value, *value) && !scrape.busy.can_have_done(*value, at - last.at))
            })
        };
        let goes_on = scrape.verdict == Verdict::GoesOn;
        let (returned, is_shared) = (goes_on && values.iter().any(is_back), goes_on && values.iter().any(is_other));
        Scrape { begun: line.begun_at(at), left: fallen.sum(), returned, is_shared, ..scrape }
    }

    /// The highest rate of a target in the minutes up to an instant.
    fn busiest(&self, t: usize, at: Timestamp) -> f64 {
        super::rates::busiest(self.busy.get(t).map_or(&[], Vec::as_slice), at)
    }

    /// What the counter itself tells of its beginning, or how it is pushed.
    fn proven(
        &self,
        counter: &Counter<'_>,
        line: &Timeline,
        last: Option<&Last>,
        scrape: Scrape,
        sample: Sample,
    ) -> Option<Step> {
        let seen = scrape.ok_before.into_iter().chain(last.map(|l| l.at)).max();
        let new = |from: Timestamp| Step {
            from: seen.map_or(from, |seen| seen.max(from)),
            events: whole(sample.value),
            possible: 0,
            last: Last { created: counter.created_at(sample.at).or(last.and_then(|l| l.created)), ..Last::new(sample) },
        };
        if counter.delta.is_some() {
            return Some(new(seen.unwrap_or(sample.at - line.interval)));
        }
        // A push before anybody asked the gateway was seen, or is older than all that is
        // known.
        let held_until = last.map_or(scrape.ok_before, |l| Some(l.at)).or(Some(line.asked_since));
        let before = last.and_then(|l| l.pushed);
        let pushed = counter.pushed.and_then(|pushes| pushed_since(pushes, before, held_until, sample.at));
        pushed.or_else(|| self.created_since(counter, line, last, scrape.busy, sample)).map(new)
    }

    /// When the counter was created, if that was since its last sample or, for a
    /// counter that was not seen before, before our eyes: then it began at zero. What
    /// nobody can have counted since is older than it claims.
    fn created_since(
        &self,
        counter: &Counter<'_>,
        line: &Timeline,
        last: Option<&Last>,
        busy: Busy,
        sample: Sample,
    ) -> Option<Timestamp> {
        let seconds = counter.created_at(sample.at)?;
        let can_be_new = |c: &Timestamp| *c <= sample.at && busy.can_be_fresh(sample.value, sample.at - *c);
        let created = Timestamp::from_secs_f64(seconds).filter(can_be_new)?;
        let new = match last {
            Some(Last { created: Some(before), .. }) => seconds > *before,
            Some(last) => created > last.at,
            None => self.watch.began(created, line.asked_since),
        };
        new.then_some(created)
    }

    /// What a sample adds to a counter that is known.
    fn step(&mut self, counter: &Counter<'_>, line: &Timeline, known: Last, scrape: Scrape, sample: Sample) -> Step {
        let at = sample.at;
        let created = counter.created_at(at).or(known.created);
        if scrape.verdict == Verdict::AnotherProcess {
            let possible = scrape.busy.possible(sample.value, scrape.stretch);
            return Step { from: at, events: 0, possible, last: Last { created, ..Last::new(sample) } };
        }
        let is_old = scrape.verdict == Verdict::Restart || scrape.begun.is_some_and(|begun| known.at < begun);
        let mut step = if is_old {
            after_a_restart(&known, scrape, sample)
        } else if let Some(line_before) = left_behind(&known, scrape, sample) {
            // What was counted since the fall was counted before.
            let counted = -whole(known.value);
            self.add(counter, line, Spread { from: line_before.at, to: known.at, events: counted });
            let events = whole(sample.value) - whole(line_before.value);
            let fallen = known.fallen.map(|fallen| Box::new(Fallen { lines: Vec::new(), ..*fallen }));
            Step { from: line_before.at, events, possible: 0, last: Last { fallen, ..Last::new(sample) } }
        } else if known.fallen.as_ref().is_some_and(|f| f.is_split(at)) {
            on_a_line(known, scrape, sample)
        } else if sample.value >= known.value {
            on(known, line, scrape, sample)
        } else {
            self.after_a_fall(counter, line, known, scrape, sample)
        };
        step.last.created = created;
        step
    }

    fn after_a_fall(
        &mut self,
        counter: &Counter<'_>,
        line: &Timeline,
        known: Last,
        scrape: Scrape,
        sample: Sample,
    ) -> Step {
        let fall = Fall::of(&known, &sample, was_absent(&known, line, scrape), scrape.busy);
        let mut fallen = known.fallen.clone().unwrap_or_default();
        fallen.note(sample.at);
        let nothing = |last: Last| Step {
            from: sample.at,
            events: 0,
            possible: scrape.busy.possible(sample.value, sample.at - known.at),
            last,
        };
        match fall {
            Fall::Reset if !scrape.is_shared => {
                fallen.lines = vec![Sample { at: known.at, value: known.value }];
                Step {
                    from: scrape.ok_before.unwrap_or(known.at).max(known.at),
                    events: whole(sample.value),
                    possible: 0,
                    last: Last { fallen: Some(fallen), ..Last::new(sample) },
                }
            }
            // A server that restored its counters goes on from what it restored.
            Fall::StepBack if scrape.refuted && known.fallen.is_none() => {
                nothing(Last { fallen: Some(fallen), ..Last::new(sample) })
            }
            Fall::StepBack => nothing(Last { at: sample.at, fallen: Some(fallen), ..known }),
            Fall::OtherLine { rise } => {
                // The rise was no rise, but the other process.
                let risen = whole(known.value) - whole(rise.under.value);
                self.add(counter, line, Spread { from: rise.under.at, to: rise.at, events: -risen });
                fallen.split(&known, sample);
                Step {
                    from: rise.under.at,
                    events: whole(sample.value) - whole(rise.under.value),
                    possible: 0,
                    last: Last { fallen: Some(fallen), ..Last::new(sample) },
                }
            }
            Fall::Reset | Fall::Unexplained => {
                fallen.split(&known, sample);
                nothing(Last { fallen: Some(fallen), ..Last::new(sample) })
            }
        }
    }

    /// Series that fall more often than processes restart.
    pub(super) fn note_falls(&mut self, held: &Held<'_, '_>) {
        let falls = held.last.as_ref().and_then(|l| l.fallen.as_ref()).map_or(0, |f| f.falls.len());
        if falls > FALLS_MAX && held.counter.delta.is_none() {
            let kind = NoticeKind::FrequentFalls { falls, within: FALLS_WITHIN };
            self.notices.add(kind, Some(&held.counter.series.labels));
        }
    }
}

/// All samples of a target's counters that are new, by scrape.
fn entries(line: &Timeline, held: &[Held<'_, '_>]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = line.lives.iter().skip(1).map(|life| (life.seen, None, 0.0)).collect();
    for (i, one) in held.iter().enumerate() {
        let known = one.last.as_ref().map(|l| l.at);
        let new = |s: &&Sample| is_count(s) && known.is_none_or(|at| s.at > at);
        entries.extend(one.counter.series.samples.iter().filter(new).map(|s| (s.at, Some(i), s.value)));
    }
    entries.sort_by_key(|(at, i, _)| (*at, *i));
    entries
}

/// Whether scrapes between the last sample and this one did not have the series.
fn was_absent(known: &Last, line: &Timeline, scrape: Scrape) -> bool {
    // A series with timestamps of its own is never at a scrape.
    let apart = |ok: Timestamp| ok > known.at && (line.answered(known.at) || (ok - known.at).0 * 2 > line.interval.0);
    line.answered(scrape.at) && scrape.ok_before.is_some_and(apart)
}

/// A counter that goes on, as far as anybody can see.
fn on(known: Last, line: &Timeline, scrape: Scrape, sample: Sample) -> Step {
    // Forgotten and made again, or of a new process, it may have counted what it holds.
    let forgotten = was_absent(&known, line, scrape);
    let possible =
        if forgotten || scrape.refuted { scrape.busy.possible(known.value, sample.at - known.at) } else { 0 };
    let under = Sample { at: known.at, value: known.value };
    let rise = if sample.value > known.value { Some(Rise { under, at: sample.at }) } else { known.rise };
    Step {
        from: known.at,
        events: whole(sample.value) - whole(known.value),
        possible,
        last: Last { rise, fallen: known.fallen, ..Last::new(sample) },
    }
}

/// A series that several processes write: each goes on from its own last value.
fn on_a_line(mut known: Last, scrape: Scrape, sample: Sample) -> Step {
    let mut fallen = known.fallen.take().unwrap_or_default();
    if sample.value < known.value {
        fallen.note(sample.at);
    }
    let line = fallen.go_on(sample, scrape.busy);
    let (from, events, possible) = match line {
        Some(line) => (line.at, whole(sample.value) - whole(line.value), 0),
        None => {
            fallen.add_line(sample);
            (sample.at, 0, scrape.busy.possible(sample.value, sample.at - known.at))
        }
    };
    Step { from, events, possible, last: Last { fallen: Some(fallen), ..Last::new(sample) } }
}

/// What a counter held before it fell, where it goes on from there.
fn left_behind(known: &Last, scrape: Scrape, sample: Sample) -> Option<Sample> {
    known.fallen.as_ref().filter(|_| scrape.returned)?.left_behind(known, &sample)
}

/// A counter of a process that ended. It began again at zero, unless what it holds
/// says that it is another process's than the one that ended.
fn after_a_restart(known: &Last, scrape: Scrape, sample: Sample) -> Step {
    let at = sample.at;
    let from = scrape.ok_before.unwrap_or(known.at).max(scrape.begun.unwrap_or(known.at)).max(known.at).min(at);
    let age = at - from;
    let fell = sample.value < known.value;
    let is_fresh = if scrape.by_falls {
        // Nothing else tells of a restart: it may hold what the others hold that fell.
        let rate = scrape.left / age.secs_f64().max(1.0);
        Busy { per_second: scrape.busy.per_second.max(rate) }.can_have_done(sample.value, age)
    } else {
        scrape.busiest.can_be_fresh(sample.value, age)
    };
    let mut last = Last::new(sample);
    if scrape.by_falls && fell && is_fresh {
        let mut fallen = known.fallen.clone().unwrap_or_default();
        fallen.note(at);
        fallen.lines = vec![Sample { at: known.at, value: known.value }];
        last.fallen = Some(fallen);
    }
    if is_fresh {
        Step { from, events: whole(sample.value), possible: 0, last }
    } else if fell {
        Step { from, events: 0, possible: scrape.busy.possible(sample.value, age), last }
    } else {
        let possible = scrape.busy.possible(known.value, at - known.at);
        Step { from: known.at, events: whole(sample.value) - whole(known.value), possible, last }
    }
}
