//! The samples of one read to alerts. Must not know what was read before.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::ingest::alerts::spacing::{INTERVAL_DEFAULT, bridge, silence_limit};
use crate::ingest::raw::RawSeries;
use crate::model::labels::{Labels, NAME};
use crate::model::operations::alert::{Alert, Mark, MarkSource};
use crate::model::operations::severity;
use crate::model::time::{Millis, Period, Timestamp};

/// The value of `ALERTS_FOR_STATE` may lie after its sample: rules can be
/// evaluated with a query offset, which moves the sample but not the value.
const QUERY_OFFSET_MAX: Millis = Millis::from_mins(10);

/// Without `ALERTS_FOR_STATE` only a hole in everything tells of a restart, and
/// both sides of it must fit into one read (`REREAD`, less the 5 minutes in
/// which a witness must be seen again).
const RESTART_BRIDGE: Millis = Millis::from_mins(20);

/// Alerts from the samples of `ALERTS` and `ALERTS_FOR_STATE` in `(read.start,
/// read.end]`; both metrics must have been read completely for that stretch.
///
/// Two firings are told apart by the value of `ALERTS_FOR_STATE`: Prometheus
/// keeps it, also over a restart, for as long as the condition holds, and gives
/// it anew when it holds again. Where that series is missing, a hole in the
/// samples tells them apart if it is longer than two evaluations and 5 minutes.
///
/// An alert is over once it was silent for that long while others were still
/// evaluated, or for 10 minutes in any case; before, its `ended` is `None`.
pub fn spans(alerts: &[RawSeries], for_state: &[RawSeries], read: Period) -> Vec<Alert> {
    let instances = collect(alerts, for_state, read);
    let intervals = Intervals::learn(&instances);
    let mut out = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        let others = Others { instances: &instances, own: index };
        let interval = intervals.of(instance);
        for spell in split(&instance.seen, interval, &others) {
            out.push(alert(instance, &spell, interval, read, &others));
        }
    }
    out
}

/// All that was seen of one label set.
struct Instance {
    rule: String,
    labels: Labels,
    /// In order of time, one per instant; never empty.
    seen: Vec<Seen>,
}

/// What was seen of an instance at one evaluation.
#[derive(Clone, Copy)]
struct Seen {
    at: Timestamp,
    firing: bool,
    /// The value of `ALERTS_FOR_STATE`.
    since: Option<Timestamp>,
}

fn collect(alerts: &[RawSeries], for_state: &[RawSeries], read: Period) -> Vec<Instance> {
    let mut by_labels: BTreeMap<Labels, Vec<Seen>> = BTreeMap::new();
    let within = |at: Timestamp| read.start < at && at <= read.end;
    for series in alerts {
        let firing = match series.labels.get("alertstate") {
            Some("firing") => true,
            Some("pending") => false,
            _ => continue,
        };
        let seen = by_labels.entry(series.labels.without(&[NAME, "alertstate"])).or_default();
        // Prometheus 1 wrote a 0 when an alert ended.
        let samples = series.samples.iter().filter(|s| within(s.at) && s.value > 0.0);
        seen.extend(samples.map(|s| Seen { at: s.at, firing, since: None }));
    }
    for series in for_state {
        let seen = by_labels.entry(series.labels.without(&[NAME, "alertstate"])).or_default();
        for s in series.samples.iter().filter(|s| within(s.at)) {
            let since = Timestamp::from_secs_f64(s.value.trunc());
            if let Some(since) = since.filter(|t| t.millis() > 0 && *t <= s.at + QUERY_OFFSET_MAX) {
                seen.push(Seen { at: s.at, firing: false, since: Some(since) });
            }
        }
    }
    by_labels
        .into_iter()
        .filter_map(|(labels, seen)| {
            let rule = labels.get("alertname")?.to_owned();
            let seen = fold_instants(seen);
            (!seen.is_empty()).then_some(Instance { rule, labels, seen })
        })
        .collect()
}

/// Both metrics are written at the same instant: one `Seen` for each.
fn fold_instants(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.sort_by_key(|s| (s.at, s.since, s.firing));
    seen.dedup_by(|later, kept| {
        let same = later.at == kept.at;
        if same {
            kept.firing |= later.firing;
            kept.since = kept.since.max(later.since);
        }
        same
    });
    seen
}

/// How far apart the evaluations of each rule are, learned from the distances
/// of neighbouring samples: the shortest one that comes at least twice. Holes
/// are longer and a single odd evaluation comes once, so neither moves it.
struct Intervals {
    by_rule: HashMap<String, Millis>,
    of_all: Option<Millis>,
}

impl Intervals {
    fn learn(instances: &[Instance]) -> Intervals {
        let mut by_rule: HashMap<String, Vec<Millis>> = HashMap::new();
        for instance in instances {
            by_rule.entry(instance.rule.clone()).or_default().extend(distances(&instance.seen));
        }
        let mut all: Vec<Millis> = by_rule.values().flatten().copied().collect();
        let of_all = shortest_repeated(&mut all);
        let by_rule =
            by_rule.into_iter().filter_map(|(rule, mut v)| Some((rule, shortest_repeated(&mut v)?))).collect();
        Intervals { by_rule, of_all }
    }

    /// That of its rule, else the shortest of all, else the default.
    fn of(&self, instance: &Instance) -> Millis {
        self.by_rule.get(&instance.rule).copied().or(self.of_all).unwrap_or(INTERVAL_DEFAULT)
    }
}

/// In whole seconds, at least one: samples can be some milliseconds off.
fn distances(seen: &[Seen]) -> impl Iterator<Item = Millis> {
    seen.windows(2).filter_map(|w| {
        let distance = w.get(1)?.at - w.first()?.at;
        Some(Millis::from_secs(((distance.0 + 500) / 1_000).max(1)))
    })
}

fn shortest_repeated(distances: &mut [Millis]) -> Option<Millis> {
    distances.sort_unstable();
    distances.windows(2).find(|w| w.first() == w.get(1)).and_then(|w| w.first().copied())
}

/// The other instances of the same read: witnesses of whether rules were
/// evaluated at all.
struct Others<'a> {
    instances: &'a [Instance],
    own: usize,
}

impl Others<'_> {
    /// Whether another instance was seen in `[from, to]`.
    fn seen(&self, from: Timestamp, to: Timestamp) -> bool {
        from <= to && self.iter().any(|i| seen_in(i, from, to))
    }

    /// As `seen`, the own instance included.
    fn any_seen(&self, from: Timestamp, to: Timestamp) -> bool {
        from <= to && self.instances.iter().any(|i| seen_in(i, from, to))
    }

    /// Whether one other instance was seen in both stretches.
    fn seen_on_both_sides(&self, before: (Timestamp, Timestamp), after: (Timestamp, Timestamp)) -> bool {
        self.iter().any(|i| seen_in(i, before.0, before.1) && seen_in(i, after.0, after.1))
    }

    fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().enumerate().filter(|(i, _)| *i != self.own).map(|(_, instance)| instance)
    }
}

fn seen_in(instance: &Instance, from: Timestamp, to: Timestamp) -> bool {
    let first = instance.seen.partition_point(|s| s.at < from);
    instance.seen.get(first).is_some_and(|s| s.at <= to)
}

/// What was seen of one firing.
#[derive(Clone, Copy)]
struct Spell {
    since: Option<Timestamp>,
    first: Timestamp,
    last: Timestamp,
    /// The first sample that fires, and the one before it.
    firing: Option<(Timestamp, Option<Timestamp>)>,
}

fn split(seen: &[Seen], interval: Millis, others: &Others<'_>) -> Vec<Spell> {
    let mut spells: Vec<Spell> = Vec::new();
    for s in seen {
        match spells.last_mut() {
            Some(spell) if goes_on(spell, s, interval, others) => {
                if s.firing && spell.firing.is_none() {
                    spell.firing = Some((s.at, Some(spell.last)));
                }
                spell.since = spell.since.or(s.since);
                spell.last = s.at;
            }
            _ => {
                spells.push(Spell { since: s.since, first: s.at, last: s.at, firing: s.firing.then_some((s.at, None)) })
            }
        }
    }
    spells
}

fn goes_on(spell: &Spell, next: &Seen, interval: Millis, others: &Others<'_>) -> bool {
    match (spell.since, next.since) {
        (Some(a), Some(b)) => a == b,
        // The condition began after the last sample: what came before is over.
        (None, Some(since)) if since > spell.last => false,
        _ => {
            let hole = next.at - spell.last;
            hole <= bridge(interval) || (hole <= RESTART_BRIDGE && blind(spell.last, next.at, interval, others))
        }
    }
}

/// Whether nothing at all was evaluated between two samples, although another
/// instance was there shortly before and shortly after.
fn blind(from: Timestamp, to: Timestamp, interval: Millis, others: &Others<'_>) -> bool {
    let near = bridge(interval);
    !others.seen(from + interval, to - interval)
        && others.seen_on_both_sides((from - near, from + interval), (to - interval, to + near))
}

fn alert(instance: &Instance, spell: &Spell, interval: Millis, read: Period, others: &Others<'_>) -> Alert {
    let cut = is_cut(spell.first, interval, read, others);
    let condition = condition(spell, interval, cut);
    let over = is_over(spell.last, interval, read.end, others);
    Alert {
        rule: instance.rule.clone(),
        severity: severity::usual_of(&instance.labels),
        labels: instance.labels.clone(),
        condition,
        firing: firing(spell, interval, cut),
        ended: over.then(|| Mark::new(spell.last + interval, MarkSource::Alerts, interval)),
        last_seen: spell.last,
        suppressed: false,
        receivers: Default::default(),
    }
}

/// Whether the read does not show what came before a first sample: it begins so
/// shortly before that a hole could be bridged, or nothing at all was evaluated
/// in it until then.
fn is_cut(first: Timestamp, interval: Millis, read: Period, others: &Others<'_>) -> bool {
    let all_begin =
        || !others.any_seen(read.start, first - interval) && others.seen(first - interval, first + interval);
    first - read.start <= bridge(interval) || all_begin()
}

fn condition(spell: &Spell, interval: Millis, cut: bool) -> Option<Mark> {
    let fires_at_once = spell.firing.is_some_and(|(at, _)| at == spell.first);
    match spell.since {
        Some(since) => Some(Mark::new(since, MarkSource::AlertsForState, interval)),
        // An alert that fires at once may have been pending before the read.
        None if fires_at_once => None,
        None => Some(Mark { estimated: cut, ..Mark::new(spell.first, MarkSource::Alerts, interval) }),
    }
}

fn firing(spell: &Spell, interval: Millis, cut: bool) -> Option<Mark> {
    let (at, before) = spell.firing?;
    let resolution = match (before, spell.since) {
        (Some(before), _) => at - before,
        // It fired at some time between the condition and the first sample.
        (None, Some(since)) => (at - since).max(interval),
        (None, None) => interval,
    };
    let estimated = cut && before.is_none() && spell.since.is_none();
    Some(Mark { estimated, ..Mark::new(at, MarkSource::Alerts, resolution) })
}

fn is_over(last: Timestamp, interval: Millis, read_end: Timestamp, others: &Others<'_>) -> bool {
    let silence = read_end - last;
    let evaluated = || others.seen(last + interval + Millis(1), last + bridge(interval));
    silence > silence_limit(interval) || (silence > bridge(interval) && evaluated())
}
