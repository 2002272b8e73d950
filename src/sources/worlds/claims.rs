//! Worlds in which series are not those of one process that is scraped with `up`: a
//! start time of another process, labels of a target that change, pushes, samples with
//! times of their own, several processes behind one series.

use super::cast::{HOUR, by_day, churning, lasting, lives, minutes, on_some_day, restarting, seconds, target};
use super::chance::Chance;
use super::play::Stage;
use super::script::{AddedLabel, Delivery, Load, Process, SCRAPE_INTERVAL, Script};
use crate::model::time::{Millis, Period};

pub(super) fn lying_start_time(stage: &Stage, chance: &mut Chance) -> Script {
    let mut targets = lasting(stage, 3, chance);
    for process in targets.iter_mut().flat_map(|target| &mut target.processes) {
        let applications = lives(stage, minutes(3 * 60, 20 * 60), seconds(1, 30), chance);
        process.served_starts = applications.iter().map(|application| application.life.start).collect();
    }
    Script::new(targets, |m| Load { per_second: by_day(m.at, 10.0, 40.0), bad_ratio: 0.001 })
        .with_errors(&["502", "503"], 3)
}

pub(super) fn late_samples(stage: &Stage, chance: &mut Chance) -> Script {
    let script =
        Script::new(lasting(stage, 2, chance), |m| Load { per_second: by_day(m.at, 2.0, 20.0), bad_ratio: 0.001 });
    Script {
        tells_start: false,
        delivery: Delivery::Late(Millis::from_secs(287)),
        ..script.with_errors(&["500", "503"], 2)
    }
}

pub(super) fn delta(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = churning(stage, 2, minutes(4 * 60, 20 * 60), seconds(5, 90), chance);
    let script = Script::new(targets, |m| Load { per_second: by_day(m.at, 0.5, 12.0), bad_ratio: 0.002 });
    Script { delivery: Delivery::PushedAsDelta, ..script.with_errors(&["500", "503"], 3) }
}

pub(super) fn no_up(stage: &Stage, chance: &mut Chance) -> Script {
    let targets = restarting(stage, 3, minutes(5 * 60, 15 * 60), seconds(5, 60), chance);
    let script = Script::new(targets, |m| Load { per_second: by_day(m.at, 2.0, 12.0), bad_ratio: 0.002 });
    Script { delivery: Delivery::Pushed, ..script.with_errors(&["500", "503"], 2) }
}

pub(super) fn added_label(stage: &Stage, chance: &mut Chance) -> Script {
    let script =
        Script::new(lasting(stage, 3, chance), |m| Load { per_second: by_day(m.at, 2.0, 20.0), bad_ratio: 0.001 });
    let since = on_some_day(stage, 11, HOUR).start;
    let added = AddedLabel { since, name: "region", value: "eu-1" };
    Script { added: Some(added), ..script.with_errors(&["500", "503"], 3) }
}

pub(super) fn several_writers(stage: &Stage, chance: &mut Chance) -> Script {
    let mut targets = Vec::new();
    for number in 0..2_i64 {
        // One has counted for days, the other since lately.
        let age = if number == 0 { Millis::from_days(9) } else { HOUR };
        let life = Period::new(stage.history.start - age, stage.history.end + HOUR);
        let mut one = target("shop-0", 0, vec![Process::new(life)], chance);
        one.offset = Millis(number * SCRAPE_INTERVAL.0);
        one.interval = Some(Millis(2 * SCRAPE_INTERVAL.0));
        targets.push(one);
    }
    let script = Script::new(targets, |m| Load { per_second: by_day(m.at, 2.0, 12.0), bad_ratio: 0.002 });
    Script { tells_start: false, ..script }
}
