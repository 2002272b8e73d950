//! The scorecard that ships, with values of three KPIs; of the others nothing is known.

use std::path::Path;
use std::sync::Arc;

use evenkeel::definitions;
use evenkeel::evaluate::kpi::scorecard::{Scorecard, scorecard};
use evenkeel::evaluate::kpi::value::{KpiGap, KpiValue};
use evenkeel::evaluate::statistics::shares::Share;
use evenkeel::model::kpi::Kpi;
use evenkeel::model::time::window::{Calendar, CalendarUnit, calendar_period};
use evenkeel::model::time::{Millis, Period, Timestamp};

const PERIODS: usize = 10;

pub fn scored(now: Timestamp) -> Scorecard {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("slo-definitions/scorecard");
    let loaded = definitions::load(&[shipped]);
    let of = |kpi: Kpi| {
        let periods = periods(kpi.cadence, now);
        let values = periods.into_iter().enumerate().map(|(n, period)| (period, value(&kpi, n))).collect();
        (Arc::new(kpi), values)
    };
    scorecard(loaded.kpis.into_iter().map(of).collect(), now)
}

fn value(kpi: &Kpi, n: usize) -> KpiValue {
    match kpi.name.as_str() {
        "time-to-restore" => KpiValue {
            value: Some(4_200.0 - 360.0 * n as f64),
            n: 12,
            low: Some(3_000.0 - 300.0 * n as f64),
            high: Some(5_400.0 - 360.0 * n as f64),
            censored: usize::from(n == PERIODS - 1),
            details: vec![("p90_seconds", Some(9_000.0)), ("resolve_median_seconds", None)],
            ..KpiValue::default()
        }
        .covering(Some(if n == 0 { 0.4 } else { 1.0 })),
        "change-failure-rate" => {
            let mut value = KpiValue::of_share(Share { k: 2, n: 20 }).covering(Some(1.0));
            value.exclude("outcome unknown", 3);
            value
        }
        "runbook-coverage" => KpiValue::counted(0.9, 10).covering(Some(1.0)),
        _ => KpiValue::unknown(KpiGap::NotConnected),
    }
}

/// Some closed ones and the one that runs, oldest first.
fn periods(unit: CalendarUnit, now: Timestamp) -> Vec<Period> {
    let calendar = Calendar::of_zone(chrono_tz::Tz::UTC);
    let mut periods = vec![calendar_period(unit, calendar, now)];
    while periods.len() < PERIODS {
        let before = periods.last().unwrap().start - Millis(1);
        periods.push(calendar_period(unit, calendar, before));
    }
    periods.reverse();
    periods
}
