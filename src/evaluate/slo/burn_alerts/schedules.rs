//! Ten thousand schedules of faults against the decisions about burn alerts: sources
//! that are away, a store that fails, restarts, an Alertmanager that is away. No
//! alert is lost, none keeps firing, and its beginning stays. A schedule is its seed.

use super::tests::{at, judged, moment};
use super::*;

const SCHEDULES: u64 = 10_000;
const MINUTES: i64 = 40;
/// At the end everything works and nothing burns: longer than an outage of the
/// Alertmanager in which alerts wait.
const CALM: i64 = 8;

/// A generator of its own, so that a seed is the same schedule everywhere.
struct Chance(u64);

impl Chance {
    fn one_in(&mut self, n: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).is_multiple_of(n)
    }
}

/// What the minutes of a schedule are like; each lasts for some.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    burns: bool,
    source_down: bool,
    store_fails: bool,
    alertmanager_down: bool,
    restarts: bool,
}

impl Weather {
    fn next(self, chance: &mut Chance, is_calm: bool) -> Weather {
        if is_calm {
            return Weather::default();
        }
        let mut turn =
            |now: bool, begins: u64, ends: u64| if now { !chance.one_in(ends) } else { chance.one_in(begins) };
        Weather {
            burns: turn(self.burns, 6, 6),
            source_down: turn(self.source_down, 12, 4),
            store_fails: turn(self.store_fails, 12, 4),
            alertmanager_down: turn(self.alertmanager_down, 10, 6),
            restarts: turn(false, 10, 1),
        }
    }
}

/// What an Alertmanager knows of the one alert.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    starts_at: Timestamp,
    ends_at: Timestamp,
}

#[test]
fn no_schedule_of_faults_loses_an_alert_or_keeps_one_firing() {
    let (quiet, firing, frozen) =
        (judged(&[TierVerdict::Quiet]), judged(&[TierVerdict::Firing]), judged(&[TierVerdict::Frozen]));
    let mut fired = 0;
    for seed in 1..=SCHEDULES {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut weather = Weather::default();
        let (mut alerts, mut stored) = (BurnAlerts::new(), BurnAlerts::new());
        let mut waiting: Option<Seen> = None;
        let mut alertmanager: Option<Seen> = None;
        for minute in 0..MINUTES {
            weather = weather.next(&mut chance, minute >= MINUTES - CALM);
            if weather.restarts {
                alerts = stored.clone();
                alerts.values_mut().for_each(|alert| alert.sent_at = None);
                waiting = None;
            }
            let before = alerts.clone();
            let now = match (weather.source_down, weather.burns) {
                (true, _) => &frozen,
                (false, true) => &firing,
                (false, false) => &quiet,
            };
            let due = step(&mut alerts, std::slice::from_ref(now), &Labels::new(), moment(minute));
            assert!(due.len() <= 1, "seed {seed}, minute {minute}: {due:?}");
            if !weather.store_fails {
                stored = alerts.clone();
            }
            if let Some(due) = due.first() {
                waiting = Some(Seen { starts_at: due.starts_at, ends_at: due.ends_at });
            }
            if !weather.alertmanager_down {
                alertmanager = waiting.take().or(alertmanager);
            }
            let shown = alertmanager.filter(|alert| alert.ends_at > at(minute));
            let has_fired = |alerts: &BurnAlerts| alerts.values().find(|alert| alert.is_active()).cloned();
            // Nothing that fires is unknown to an Alertmanager that answers.
            // One that waits whether another is about the same outage is not sent yet.
            let is_sent = |alert: &BurnAlert| alert.held_by.is_none();
            if let (Some(alert), false) = (has_fired(&alerts).filter(is_sent), weather.alertmanager_down) {
                let shown = shown.map(|seen| seen.starts_at);
                assert_eq!(shown, Some(alert.starts_at), "seed {seed}, minute {minute}: {weather:?}");
                fired += 1;
            }
            // It began once, and what is not seen moves nothing.
            if let (Some(was), Some(is)) = (has_fired(&before), has_fired(&alerts)) {
                assert_eq!(was.starts_at, is.starts_at, "seed {seed}, minute {minute}");
            }
            if weather.source_down {
                assert_eq!(has_fired(&before).is_some(), has_fired(&alerts).is_some(), "seed {seed}, minute {minute}");
            }
        }
        let still_firing = alertmanager.filter(|alert| alert.ends_at > at(MINUTES));
        assert_eq!(still_firing, None, "seed {seed}: an alert keeps firing");
    }
    assert!(fired > SCHEDULES, "{fired} minutes with an alert are too few to say anything");
}
