//! What one process has counted at any instant of its life, in closed form.
//! Must not know scrapes or metric names.

use crate::model::time::{Period, Timestamp};
use crate::sources::demo::alerts::script::Effect;
use crate::sources::demo::world::DemoPlatform;
use crate::sources::demo::world::chance::Key;
use crate::sources::demo::world::lives::{Pod, Process};
use crate::sources::demo::world::traffic::{BUCKET_COUNT, CELL_COUNT, CELLS, CHILDREN, Mix, Shares};

/// Requests of each cell since the process started.
pub(crate) type Counts = [u64; CELL_COUNT];

/// The counts as metrics show them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    pub children: [u64; CHILDREN.len()],
    /// Cumulative, so the last one has all requests.
    pub buckets: [u64; BUCKET_COUNT],
    pub seconds: f64,
}

impl Numbers {
    pub fn new(counts: &Counts) -> Numbers {
        let mut numbers = Numbers::default();
        for (cell, count) in CELLS.iter().zip(counts) {
            if let Some(child) = numbers.children.get_mut(cell.child) {
                *child += count;
            }
            for bucket in numbers.buckets.iter_mut().skip(cell.bucket) {
                *bucket += count;
            }
            numbers.seconds += cell.seconds * *count as f64;
        }
        numbers
    }
}

/// Counts the requests of one process.
#[derive(Debug)]
pub(crate) struct Meter<'w> {
    world: &'w DemoPlatform,
    pod: &'w Pod<'w>,
    pub process: Process,
    streams: [Key; CELL_COUNT],
    /// Never empty; the first begins with the process.
    stretches: Vec<Stretch>,
}

/// From here on the cells have these shares.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Timestamp,
    load: f64,
    /// Expected requests of each cell before `from`.
    before: Shares,
    shares: Shares,
}

impl<'w> Meter<'w> {
    pub fn new(world: &'w DemoPlatform, pod: &'w Pod<'w>, process: Process) -> Meter<'w> {
        let mut streams = [process.key; CELL_COUNT];
        for (i, stream) in streams.iter_mut().enumerate() {
            *stream = process.key.at(i as i64);
        }
        let mut meter = Meter { world, pod, process, streams, stretches: Vec::new() };
        for (from, shares) in meter.turns() {
            let (load, before) = (meter.load(from), meter.expected(from));
            meter.stretches.push(Stretch { from, load, before, shares });
        }
        meter
    }

    /// When the shares change in the process's life, from its start.
    fn turns(&self) -> Vec<(Timestamp, Shares)> {
        let service = &self.pod.slot.service;
        let life = self.process.life;
        let usual = service.mix;
        let hurt = |effect: Effect| match effect {
            Effect::Errors(error_ratio) => Mix { error_ratio, ..usual },
            Effect::Slowness(slow_ratio) => Mix { slow_ratio, ..usual },
            // What a bad revision does is known to its pods.
            Effect::BadRevision(_) => usual,
        };
        if let Some(error_ratio) = self.pod.bad_revision {
            return vec![(life.start, hurt(Effect::Errors(error_ratio)).shares())];
        }
        let mut turns = vec![(life.start, usual.shares())];
        for d in self.world.script.disturbances(life).iter().filter(|d| d.service == service.name) {
            let Period { start, end } = d.period.intersect(life);
            turns.push((start, hurt(d.effect).shares()));
            turns.push((end, usual.shares()));
        }
        turns
    }

    fn load(&self, at: Timestamp) -> f64 {
        self.pod.slot.load.expected(&self.pod.slot.week, at)
    }

    fn stretch(&self, at: Timestamp) -> Option<&Stretch> {
        self.stretches.iter().rev().find(|s| s.from <= at)
    }

    fn expected(&self, at: Timestamp) -> Shares {
        let mut expected = [0.0; CELL_COUNT];
        if let Some(stretch) = self.stretch(at) {
            let load = self.load(at) - stretch.load;
            for (sum, (before, share)) in expected.iter_mut().zip(stretch.before.iter().zip(&stretch.shares)) {
                *sum = before + load * share;
            }
        }
        expected
    }

    /// What stands on the counters at `at`: zero before the process starts,
    /// and what it ended with afterwards.
    pub fn counts(&self, at: Timestamp) -> Counts {
        let mut counts = [0; CELL_COUNT];
        let expected = self.expected(at.min(self.process.life.end));
        for (count, (stream, expected)) in counts.iter_mut().zip(self.streams.iter().zip(expected)) {
            *count = self.world.arrivals.count(*stream, expected);
        }
        counts
    }
}
