//! What SLOs counted and promised, and since when. A changed indicator counts anew from the source, and its tiles are
//! stored under its own id, so the old ones stay as they are.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::slo::Slo;
use crate::model::slo::objectives::{Objective, Objectives};
use crate::model::time::Timestamp;
use crate::publish::answers::Generation;
use crate::store::{Definition, ObjectiveChange, Reader, StoreError};

/// What is noted of definitions when the daemon starts with them.
pub fn definitions(slos: &[Arc<Slo>], now: Timestamp) -> Vec<Definition> {
    let note = |slo: &Arc<Slo>| Definition {
        indicator: slo.indicator_id(),
        slo: slo.name.clone(),
        text: slo.indicator.to_string(),
        first_seen: now,
    };
    slos.iter().map(note).collect()
}

/// What is noted of promises when the daemon starts with them.
pub fn promises(slos: &[Arc<Slo>], now: Timestamp) -> Vec<ObjectiveChange> {
    let note = |slo: &Arc<Slo>| ObjectiveChange {
        slo: slo.name.clone(),
        indicator: slo.indicator_id(),
        objective: slo.objective.ratio(),
        since: now,
    };
    slos.iter().map(note).collect()
}

/// The SLOs with the objectives that were noted of each; what a definition
/// states of the past goes before that.
pub fn with_objectives(slos: &[Arc<Slo>], reader: &Reader) -> Result<Vec<Arc<Slo>>, StoreError> {
    let promises = reader.promises()?;
    let mut by_slo: HashMap<&str, Vec<&ObjectiveChange>> = HashMap::new();
    for change in &promises {
        by_slo.entry(&change.slo).or_default().push(change);
    }
    let noted = |slo: &Arc<Slo>| {
        let mine = by_slo.get(slo.name.as_str()).into_iter().flatten();
        Objectives::new(mine.filter_map(|p| Some((p.since, Objective::new(p.objective)?))))
    };
    let known = |slo: &Arc<Slo>| match slo.objectives.is_empty() {
        true => Arc::new(Slo { objectives: noted(slo), ..Slo::clone(slo) }),
        false => Arc::clone(slo),
    };
    Ok(slos.iter().map(known).collect())
}

/// What an SLO has counted, oldest first, from all that was noted.
pub fn generations(slo: &Slo, noted: &[Definition], promises: &[ObjectiveChange]) -> Vec<Generation> {
    let current = slo.indicator_id();
    let mine: Vec<&ObjectiveChange> = promises.iter().filter(|p| p.slo == slo.name).collect();
    // Where it was counted after another one, for the last time.
    let active_since = |d: &Definition| {
        let turns = mine.windows(2).filter_map(|pair| match pair {
            [before, after] if before.indicator != after.indicator => Some(after),
            _ => None,
        });
        turns.filter(|p| p.indicator == d.indicator).map(|p| p.since).next_back().unwrap_or(d.first_seen)
    };
    let generation = |d: &Definition| Generation {
        indicator: d.indicator,
        counted: d.text.clone(),
        first_seen: d.first_seen,
        active_since: active_since(d),
        current: d.indicator == current,
    };
    noted.iter().filter(|d| d.slo == slo.name).map(generation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::model::time::Millis;
    use crate::publish::answers::seam;
    use crate::store::{Batch, Store};

    fn slo(code: &str, objective: &str) -> Arc<Slo> {
        let text = format!(
            "apiVersion: evenkeel/v1\nkind: SLO\nmetadata: {{name: checkout, service: checkout}}\nspec:\n  objective: {objective}\n  \
             indicator: {{ratio: {{bad: 'requests_total{{code=\"{code}\"}}', total: requests_total}}}}\n"
        );
        let (mut slos, problems) = definitions::parse(&text, "checkout.yaml");
        assert!(problems.is_empty(), "{problems:?}");
        Arc::new(slos.remove(0))
    }

    #[test]
    fn a_changed_indicator_begins_a_generation_and_a_changed_objective_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, reader) = Store::open(dir.path()).unwrap();
        let at = |day: i64| Timestamp::day_start(20_000) + Millis::from_days(day);
        let mut start = |slo: &Arc<Slo>, day: i64| {
            let definitions = super::definitions(std::slice::from_ref(slo), at(day));
            let promises = super::promises(std::slice::from_ref(slo), at(day));
            writer.write(&Batch { definitions, promises, recorded_at: at(day), ..Batch::default() }).unwrap();
            generations(slo, &reader.definitions().unwrap(), &reader.promises().unwrap())
        };
        let first = start(&slo("500", "99.9%"), 0);
        assert_eq!((first.len(), seam(&first)), (1, None));
        let promised_more = start(&slo("500", "99.99%"), 3);
        assert_eq!(promised_more, first, "what is counted is the same, and so is since when");

        let changed = start(&slo("503", "99.9%"), 5);
        assert_eq!(seam(&changed), Some(at(5)));
        let told: Vec<(bool, Timestamp)> = changed.iter().map(|g| (g.current, g.first_seen)).collect();
        assert_eq!(told, [(false, at(0)), (true, at(5))]);
        assert!(changed[0].counted.contains("500") && changed[1].counted.contains("503"));

        let back = start(&slo("500", "99.9%"), 9);
        assert_eq!((back[0].current, back[0].first_seen), (true, at(0)), "the oldest one counts again");
        assert_eq!(seam(&back), Some(at(9)), "and says since when");
        assert_eq!(start(&slo("500", "99.9%"), 12), back, "a restart changes nothing");

        // Each objective since when it was first seen.
        let known = with_objectives(&[slo("500", "99.9%")], &reader).unwrap();
        assert_eq!(known[0].objectives.changes().collect::<Vec<_>>(), [at(3), at(5)]);
        let stated = Arc::new(Slo {
            objectives: Objectives::new([(at(1), Objective::new(0.9).unwrap())]),
            ..Slo::clone(&slo("500", "99.9%"))
        });
        assert_eq!(with_objectives(&[Arc::clone(&stated)], &reader).unwrap(), [stated], "what is stated stands");
    }
}
