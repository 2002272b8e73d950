//! Targets whose labels change while their process runs: the one with the new labels
//! goes on where the one with the old labels ended.

use std::collections::HashMap;

use super::target::{Timeline, target_key};
use crate::model::labels::Labels;
use crate::model::time::{Millis, Timestamp};

/// Start times that differ by less are those of one process.
const SAME_START: Millis = Millis::from_secs(1);

/// For each timeline that goes on as another one the place of that one, as pairs of
/// places: the same job and instance, scraped in turn without a pause, and the same start
/// time, or none on either side. Of several that could be meant none is.
pub(super) fn successions(lines: &[Timeline]) -> Vec<(usize, usize)> {
    let mut by_key: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.is_scraped()) {
        by_key.entry(target_key(&line.labels)).or_default().push(i);
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for places in by_key.into_values().filter(|places| places.len() > 1) {
        for new in &places {
            let mut before = places.iter().filter(|old| goes_on(lines.get(**old), lines.get(*new)));
            if let (Some(old), None) = (before.next(), before.next()) {
                found.push((*old, *new));
            }
        }
    }
    let is_only = |(old, _): &(usize, usize)| found.iter().filter(|(other, _)| other == old).count() == 1;
    let mut only: Vec<(usize, usize)> = found.iter().filter(|pair| is_only(pair)).copied().collect();
    only.sort_unstable();
    only
}

fn goes_on(old: Option<&Timeline>, new: Option<&Timeline>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return false };
    let (Some(last), Some(first)) = (old.ok.last().copied(), new.ok.first().copied()) else { return false };
    let starts = (old.start.and_then(Timestamp::from_secs_f64), new.begun_at(first));
    let is_same_process = match starts {
        (Some(old), Some(new)) => (old - new).0.abs() <= SAME_START.0,
        (None, None) => true,
        _ => false,
    };
    // The old one was not asked any more, and the new one never before.
    new.carried == 0
        && last < first
        && old.asked_before(Timestamp::MAX).is_none_or(|asked| asked < first)
        && new.asked_since >= last
        && first - last <= old.overdue()
        && is_same_process
}

/// The labels that a series had at the target before: those of the target exchanged,
/// its own as they are.
pub(crate) fn labels_before(series: &Labels, old: &Labels, new: &Labels) -> Labels {
    let mut labels = series.clone();
    for (name, _) in new.iter().filter(|(name, value)| series.get(name) == Some(*value)) {
        match old.get(name) {
            Some(before) => labels.set(name, before),
            None => labels = labels.without(&[name]),
        }
    }
    for (name, value) in old.iter().filter(|(name, _)| new.get(name).is_none() && series.get(name).is_none()) {
        labels.set(name, value);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    #[test]
    fn labels_of_the_target_are_exchanged_and_those_of_the_series_stay() {
        let series = labels(&[("__name__", "m"), ("instance", "a"), ("region", "eu"), ("code", "500")]);
        let (old, new) = (labels(&[("instance", "a")]), labels(&[("instance", "a"), ("region", "eu")]));
        let before = labels(&[("__name__", "m"), ("instance", "a"), ("code", "500")]);
        assert_eq!(labels_before(&series, &old, &new), before);
        assert_eq!(labels_before(&before, &new, &old), series);
        let other = labels(&[("instance", "a"), ("region", "us")]);
        assert_eq!(labels_before(&series, &other, &new).get("region"), Some("us"));
        let own = labels(&[("__name__", "m"), ("instance", "a"), ("region", "of the request")]);
        assert_eq!(labels_before(&own, &old, &new), own, "the series' own label hides that of the target");
    }
}
