//! Who lives when: rollouts replace pods, pods die of age, processes crash and
//! are restarted in place. Every life is found from the schedule around the
//! asked period; must not know what a process counts.

use super::chance::{Key, round_at};
use super::services::{PROBED, Service, Slot, Turnover};
use crate::model::labels::Labels;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::alerts::script::Effect;
use crate::sources::demo::world::DemoPlatform;

/// From one pod's replacement to the next in the same rollout.
const STAGGER: Millis = Millis::from_secs(45);
/// A crash of chance keeps away from the ends of its pod's life.
const CRASH_MARGIN: Millis = Millis::from_mins(10);

/// One revision that replaces all pods of a service, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rollout {
    pub at: Timestamp,
    pub kind: RolloutKind,
    /// The pod template; a rollback returns to an earlier one.
    pub template: Key,
    /// When the template was first rolled out.
    pub built_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RolloutKind {
    Planned,
    /// This share of what its pods answer is an error, until the rollback.
    Bad {
        error_ratio: f64,
        rolled_back_at: Timestamp,
    },
    Rollback,
}

impl Rollout {
    /// When the last pod is replaced and ready.
    pub fn done_at(&self, service: &Service) -> Timestamp {
        self.at + Millis(STAGGER.0 * i64::from(service.replicas)) + Millis::from_secs(10)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Pod<'w> {
    pub slot: &'w Slot,
    pub name: String,
    /// The labels that service discovery gives to its target.
    pub labels: Labels,
    pub life: Period,
    pub key: Key,
    /// Set while its revision is the bad one.
    pub bad_revision: Option<f64>,
}

impl Pod<'_> {
    pub fn instance(&self) -> &str {
        self.labels.get("instance").unwrap_or("")
    }
}

/// One process of a pod; its counters start at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Process {
    pub life: Period,
    pub key: Key,
}

/// The end of one pod in a slot, and what comes next.
#[derive(Clone, Copy, Debug)]
struct Replacement {
    at: Timestamp,
    template: Key,
    bad_revision: Option<f64>,
}

impl DemoPlatform {
    /// The rollouts of a service that begin in a period, in order.
    pub(crate) fn rollouts(&self, service: &Service, period: Period) -> Vec<Rollout> {
        let Turnover::Rollouts(every) = service.turnover else { return Vec::new() };
        // Far enough back to know which template a rollback returns to.
        let wide = Period::new(period.start - Millis(3 * every.0), period.end);
        let mut all: Vec<Rollout> = (self.number(wide.start, every) - 1..=self.number(wide.end, every))
            .map(|k| {
                let key = service.key.word("rollout").at(k);
                let at = self.regular(k, every) + key.between(Millis(0), Millis(every.0 / 2));
                Rollout { at: round_at(at), kind: RolloutKind::Planned, template: key, built_at: round_at(at) }
            })
            .filter(|r| !self.script.is_scripted(&service.name, r.at))
            .collect();
        for d in self.script.disturbances(wide).iter().filter(|d| d.service == service.name) {
            let Effect::BadRevision(error_ratio) = d.effect else { continue };
            let (at, back) = (d.period.start, d.period.end);
            let bad = RolloutKind::Bad { error_ratio, rolled_back_at: back };
            let key = service.key.word("bad rollout").at(at.millis());
            all.push(Rollout { at, kind: bad, template: key, built_at: at });
            all.push(Rollout { at: back, kind: RolloutKind::Rollback, template: key, built_at: at });
        }
        all.sort_by_key(|r| r.at);
        let mut last_good = (service.key, Timestamp::MIN);
        for rollout in &mut all {
            match rollout.kind {
                RolloutKind::Planned => last_good = (rollout.template, rollout.built_at),
                RolloutKind::Rollback => (rollout.template, rollout.built_at) = last_good,
                RolloutKind::Bad { .. } => {}
            }
        }
        all.retain(|r| period.contains(r.at) && service.since.is_none_or(|since| since <= r.at));
        all
    }

    /// The pods of a slot that live at some time of a period, in order.
    pub(crate) fn pods<'w>(&self, slot: &'w Slot, period: Period) -> Vec<Pod<'w>> {
        let mut back = match slot.service.turnover {
            Turnover::Rollouts(every) | Turnover::PodLife(every) => Millis(2 * every.0),
            Turnover::Never => {
                let life = Period::new(self.config.start - Millis::from_days(40), Timestamp::MAX);
                return vec![prober(slot, life)];
            }
        };
        // The script holds back a few rollouts in a row at most; doubling the
        // look-back finds the pod's beginning within two or three rounds.
        let replacements = loop {
            let wide = Period::new(period.start - back, period.end + back);
            let found = self.replacements(slot, wide);
            let enclosed = found.first().is_some_and(|r| r.at <= period.start - Millis::from_mins(1))
                && found.last().is_some_and(|r| r.at > period.end);
            if enclosed || back > Millis::from_days(400) {
                break found;
            }
            back = Millis(back.0 * 2);
        };
        let next = replacements.iter().skip(1);
        let pods = replacements.iter().zip(next).map(|(from, to)| pod(slot, *from, to.at));
        let since = slot.service.since.unwrap_or(Timestamp::MIN);
        let born = pods
            .filter(|p| p.life.end > since)
            .map(|p| Pod { life: Period::new(p.life.start.max(since), p.life.end), ..p });
        born.filter(|p| p.life.start < period.end && period.start < p.life.end).collect()
    }

    fn replacements(&self, slot: &Slot, period: Period) -> Vec<Replacement> {
        match slot.service.turnover {
            Turnover::Never => Vec::new(),
            Turnover::PodLife(life) => (self.number(period.start, life) - 1..=self.number(period.end, life))
                .map(|k| {
                    let key = slot.key.word("age").at(k);
                    let own = Millis(life.0 * i64::from(slot.ordinal) / i64::from(slot.service.replicas.max(1)));
                    let at = self.regular(k, life) + own + key.between(Millis(0), Millis(life.0 / 8));
                    Replacement { at: round_at(at), template: slot.service.key, bad_revision: None }
                })
                .collect(),
            Turnover::Rollouts(_) => {
                let own = Millis(STAGGER.0 * i64::from(slot.ordinal) + 5_000);
                let rollouts = self.rollouts(&slot.service, period);
                let replacement = |r: Rollout| Replacement {
                    at: r.at + own,
                    template: r.template,
                    bad_revision: match r.kind {
                        RolloutKind::Bad { error_ratio, .. } => Some(error_ratio),
                        RolloutKind::Planned | RolloutKind::Rollback => None,
                    },
                };
                rollouts.into_iter().map(replacement).collect()
            }
        }
    }

    /// The processes of a pod that live at some time of a period, in order.
    pub(crate) fn processes(&self, pod: &Pod<'_>, period: Period) -> Vec<Process> {
        let mut all = Vec::new();
        let mut start = pod.life.start;
        for down in self.restarts(pod) {
            all.push(Period::new(start, down.start));
            start = down.end;
        }
        all.push(Period::new(start, pod.life.end));
        all.retain(|life| life.start < period.end && period.start < life.end);
        let process = |life: Period| Process { life, key: pod.key.word("process").at(life.start.millis()) };
        all.into_iter().map(process).collect()
    }

    /// When a pod's process is down between two lives, in order.
    pub(crate) fn restarts(&self, pod: &Pod<'_>) -> Vec<Period> {
        let service = &pod.slot.service;
        if service.turnover == Turnover::Never {
            return Vec::new();
        }
        let faults = self.script.scrape_faults(pod.life).into_iter();
        let mut all: Vec<Period> = faults
            .filter(|f| f.ends_in_restart && f.service == service.name && f.ordinal == pod.slot.ordinal)
            .map(|f| down(f.period.end, pod.key.word("scripted restart").at(f.period.end.millis())))
            .filter(|down| pod.life.start < down.start && down.end < pod.life.end)
            .collect();
        if let Some(every) = service.crash_every {
            for j in self.number(pod.life.start, every) - 1..=self.number(pod.life.end, every) {
                let key = pod.slot.key.word("crash").at(j);
                let at = round_at(self.regular(j, every) + key.between(Millis(0), Millis(every.0 / 2)));
                let calm = Period::new(pod.life.start + CRASH_MARGIN, pod.life.end - CRASH_MARGIN);
                if calm.contains(at) && !self.script.is_scripted(&service.name, at) {
                    all.extend(crash(pod.slot, at, key));
                }
            }
        }
        all.sort();
        all
    }

    /// How many steps of `every` lie between the world's start and `at`.
    fn number(&self, at: Timestamp, every: Millis) -> i64 {
        (at - self.config.start).0.div_euclid(every.0.max(1))
    }

    fn regular(&self, k: i64, every: Millis) -> Timestamp {
        self.config.start + Millis(k.saturating_mul(every.0))
    }
}

fn down(at: Timestamp, key: Key) -> Period {
    Period::new(at, at + key.word("down").between(Millis::from_secs(2), Millis::from_secs(25)))
}

/// One restart, or, for three in ten, two in a row around one scrape, so that
/// the counters at the next scrape stand above those before although they were
/// reset: nothing but the start time tells.
fn crash(slot: &Slot, at: Timestamp, key: Key) -> Vec<Period> {
    if key.word("twice").unit() >= 0.3 {
        return vec![down(at, key)];
    }
    let interval = slot.grid.interval.0;
    let scrape = slot.grid.at_or_after(at);
    let moment = |percent: i64| round_at(scrape + Millis(interval * percent / 100));
    vec![Period::new(moment(-60), moment(-25)), Period::new(moment(10), moment(15))]
}

fn pod<'w>(slot: &'w Slot, from: Replacement, end: Timestamp) -> Pod<'w> {
    let key = slot.key.word("pod").at(from.at.millis());
    let start = from.at + key.word("starts").between(Millis::from_secs(2), Millis::from_secs(7));
    let name = format!("{}-{}-{}", slot.service.name, from.template.suffix(9), key.suffix(5));
    let address = key.word("address");
    let instance = format!("{}{}.{}:8080", slot.network(), address.at(0).below(256), 1 + address.at(1).below(254));
    let labels = [
        ("job", slot.service.name.as_str()),
        ("instance", &instance),
        ("namespace", slot.service.namespace),
        ("pod", &name),
    ];
    let labels = labels.into_iter().collect();
    Pod { slot, labels, name, life: Period::new(start, end), key, bad_revision: from.bad_revision }
}

fn prober(slot: &Slot, life: Period) -> Pod<'_> {
    let labels = [("job", slot.service.name.as_str()), ("instance", PROBED)].into_iter().collect();
    Pod { slot, name: String::new(), labels, life, key: slot.key, bad_revision: None }
}
