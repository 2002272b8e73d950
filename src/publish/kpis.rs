//! KPIs as people read them, the same on pages, in reports, on a terminal and in the API.

use std::fmt::Write as _;

use crate::evaluate::kpi::recurrence::LOOK_BACK;
use crate::evaluate::kpi::scorecard::KpiPeriod;
use crate::evaluate::kpi::targets::{COVERAGE_MIN, KpiStatus};
use crate::evaluate::kpi::value::KpiGap;
use crate::model::kpi::source::{BuiltinKpi, KpiSource, PromqlQuestion};
use crate::model::kpi::target::KpiTarget;
use crate::model::kpi::{Kpi, KpiDirection, KpiUnit};
use crate::model::time::window::CalendarUnit;
use crate::model::time::{Millis, Period};
use crate::publish::web::parts::text;

/// A value in its unit.
pub(crate) fn value(unit: KpiUnit, value: f64) -> String {
    match unit {
        // As many decimals as the distance to 100 % needs: 99.85 % is not 99.9 %.
        KpiUnit::Ratio => text::percent(value),
        KpiUnit::Seconds => text::took(Millis((value * 1_000.0) as i64)),
        KpiUnit::Count | KpiUnit::Money if value.fract() == 0.0 => text::count(value as i64),
        KpiUnit::Count | KpiUnit::Money => format!("{value:.2}"),
    }
}

/// A value that somebody chose.
pub(crate) fn target(unit: KpiUnit, target: f64) -> String {
    match unit {
        KpiUnit::Ratio => text::chosen((target * 1e6).round() / 1e6),
        unit => value(unit, target),
    }
}

/// `at least 95 %`, `at most 1h`.
pub(crate) fn wanted(kpi: &Kpi, period: &KpiPeriod) -> Option<String> {
    let wanted = period.target.value?;
    Some(format!("{} {}", bound(kpi.direction), target(kpi.unit, wanted)))
}

/// The target of a period, or why it has none yet; nothing where none is defined.
pub(crate) fn wanted_or_why(kpi: &Kpi, period: &KpiPeriod) -> Option<String> {
    let is_awaited = kpi.target.is_some_and(|target| target.trend.is_some());
    wanted(kpi, period).or_else(|| is_awaited.then(|| "baseline not complete".to_owned()))
}

fn bound(direction: KpiDirection) -> &'static str {
    match direction {
        KpiDirection::Higher => "at least",
        KpiDirection::Lower => "at most",
    }
}

/// `6.1 % to 12 %`; nothing where everything was counted, and no end where it is open.
pub(crate) fn interval(unit: KpiUnit, (low, high): (Option<f64>, Option<f64>)) -> Option<String> {
    match (low.map(|v| value(unit, v)), high.map(|v| value(unit, v))) {
        (Some(low), Some(high)) if low == high => None,
        (Some(low), Some(high)) => Some(format!("{low} to {high}")),
        (Some(low), None) => Some(format!("{low} or more")),
        (None, Some(high)) => Some(format!("{high} or less")),
        (None, None) => None,
    }
}

pub(crate) fn status(status: KpiStatus) -> &'static str {
    match status {
        KpiStatus::OnTarget => "on target",
        KpiStatus::OffTarget => "off target",
        KpiStatus::TooFew => "too few",
        KpiStatus::Unknown => "unknown",
        KpiStatus::NoTarget => "no target",
    }
}

/// `July 2026`, `week of 6 Jul`, `Q3 2026`; by the days of UTC, half a day into the period.
pub(crate) fn period(cadence: CalendarUnit, period: Period) -> String {
    let within = period.start + Millis::from_hours(15);
    let Some(date) = chrono::DateTime::from_timestamp_millis(within.millis()) else { return period.start.rfc3339() };
    match cadence {
        CalendarUnit::Week => date.format("week of %-d %b %Y").to_string(),
        CalendarUnit::Month => date.format("%B %Y").to_string(),
        CalendarUnit::Quarter | CalendarUnit::Year => {
            let month = date.format("%-m").to_string().parse::<u32>().unwrap_or(1);
            format!("Q{} {}", month.saturating_sub(1) / 3 + 1, date.format("%Y"))
        }
    }
}

pub(crate) fn cadence(unit: CalendarUnit) -> &'static str {
    match unit {
        CalendarUnit::Week => "weekly",
        CalendarUnit::Month => "monthly",
        CalendarUnit::Quarter | CalendarUnit::Year => "quarterly",
    }
}

/// Why a value is not known, and what to do; nothing where it is known.
pub(crate) fn reason(kpi: &Kpi, gap: Option<KpiGap>) -> Option<String> {
    let connect = connect(kpi);
    Some(match gap? {
        KpiGap::NotConnected => format!("No data. {connect}"),
        KpiGap::NotObserved => {
            format!("The period was not observed. {connect} A longer `backfill` reads more history.")
        }
        KpiGap::NothingHappened => nothing_happened(kpi).to_owned(),
        KpiGap::Undecided if kpi.source == KpiSource::Builtin(BuiltinKpi::SloAttainment) => {
            "All SLOs are undetermined: too little of the period was observed.".to_owned()
        }
        KpiGap::Undecided => "What was counted is not over, or its outcome is not known.".to_owned(),
        KpiGap::TooFew => match kpi.source {
            KpiSource::Builtin(BuiltinKpi::IncidentRecurrence) => {
                format!("The {} before the incidents are not known yet.", LOOK_BACK.human())
            }
            _ => "There are fewer rows than the definition asks for.".to_owned(),
        },
    })
}

fn nothing_happened(kpi: &Kpi) -> &'static str {
    match kpi.source {
        KpiSource::Builtin(BuiltinKpi::SloAttainment) => "No SLO had events.",
        KpiSource::Builtin(BuiltinKpi::AlertNoise) => "Nobody was paged.",
        KpiSource::Builtin(BuiltinKpi::RunbookCoverage) => "No alert rule pages.",
        KpiSource::Builtin(BuiltinKpi::ChangeFailureRate | BuiltinKpi::DeploymentSuccess) => "Nothing was deployed.",
        KpiSource::Builtin(_) => "There were no incidents.",
        KpiSource::Promql(_) => "The denominator was 0 in all hours.",
        KpiSource::Records(_) => "The rows hold no numbers.",
    }
}

/// What to configure so that a KPI has values.
pub(crate) fn connect(kpi: &Kpi) -> String {
    match &kpi.source {
        KpiSource::Builtin(builtin) => of_builtin(*builtin).to_owned(),
        KpiSource::Promql(_) => "Connect a Prometheus that answers its expressions (`sources`).".to_owned(),
        KpiSource::Records(_) => format!(
            "Import rows with `kind: measurement` and `kpi: {}` by `evenkeel import`, or push them to a webhook of the \
             type `records`.",
            kpi.name
        ),
    }
}

fn of_builtin(builtin: BuiltinKpi) -> &'static str {
    match builtin {
        BuiltinKpi::SloAttainment => "Define SLOs (`--definitions`).",
        BuiltinKpi::TimeToAcknowledge => {
            "Connect acknowledgements: a webhook of PagerDuty or OnCall, or silences of an Alertmanager."
        }
        BuiltinKpi::TimeToDetect => "The onset is measured by an SLO of the service, and detection by a page.",
        BuiltinKpi::TimeToRestore | BuiltinKpi::IncidentRecurrence => {
            "Incidents follow from SLOs and from the alerts of a Prometheus."
        }
        BuiltinKpi::ChangeFailureRate | BuiltinKpi::DeploymentSuccess => {
            "Watch a cluster (`kubernetes.enabled`), or report deployments to a webhook with an outcome."
        }
        BuiltinKpi::AlertNoise => "Connect a Prometheus with alert rules.",
        BuiltinKpi::RunbookCoverage => "Connect a Prometheus that lists its rules, with paging rules.",
    }
}

/// What the values are made of.
pub(crate) fn provenance(kpi: &Kpi) -> String {
    match &kpi.source {
        KpiSource::Builtin(builtin) => format!(
            "Computed from the stored facts of the period (`builtin: {}`), as the monthly review computes it.",
            builtin.word()
        ),
        KpiSource::Promql(promql) => {
            let what = match &promql.question {
                PromqlQuestion::Ratio { .. } => "numerators and denominators are added up over the hours".to_owned(),
                PromqlQuestion::Average { .. } => "the mean of the hours".to_owned(),
                PromqlQuestion::Quantile { quantile, .. } => format!("the {quantile} quantile of the hours"),
            };
            let source = promql.source.as_deref().unwrap_or("the only source");
            format!("Asked of {source} at the end of every hour and stored: {what}.")
        }
        KpiSource::Records(records) => {
            format!("Imported or pushed rows, combined by `{}`.", records.combine.word())
        }
    }
}

/// The target as it is defined.
pub(crate) fn target_rule(kpi: &Kpi) -> Option<String> {
    let KpiTarget { absolute, trend } = kpi.target?;
    let absolute = absolute.map(|wanted| format!("{} {}", bound(kpi.direction), target(kpi.unit, wanted)));
    let Some(trend) = trend else { return absolute };
    let better = format!(
        "{} better than the baseline, the median of the first {} known periods",
        text::chosen(trend.improvement),
        trend.baseline_periods
    );
    Some(match absolute.zip(trend.switch) {
        None => better,
        Some((absolute, switch)) => format!(
            "{better}; {absolute} once {} known periods in a row lie within {} of their median",
            switch.stable_periods,
            text::chosen(switch.within)
        ),
    })
}

/// The remark under a value: how it was counted.
pub(crate) fn counted(kpi: &Kpi, one: &KpiPeriod) -> String {
    let value = &one.value;
    let mut parts = Vec::new();
    match (value.numerator, value.denominator) {
        (Some(k), Some(n)) if kpi.unit == KpiUnit::Ratio && n.fract() == 0.0 && k.fract() == 0.0 => {
            parts.push(format!("{} of {}", text::count(k as i64), text::count(n as i64)));
        }
        _ => parts.push(format!("n = {}", value.n)),
    }
    if value.censored > 0 {
        parts.push(format!("{} not over", value.censored));
    }
    if let Some(coverage) = value.coverage.filter(|share| *share < 0.995) {
        let little = if coverage < COVERAGE_MIN { ", too little" } else { "" };
        parts.push(format!("{} observed{little}", text::share(coverage)));
    }
    parts.join(", ")
}

/// A detail: its name without the unit, and its value.
pub(crate) fn detail(name: &str, number: Option<f64>) -> (String, Option<String>) {
    let (name, unit) = match (name.strip_suffix("_ratio"), name.strip_suffix("_seconds")) {
        (Some(name), _) => (name, KpiUnit::Ratio),
        (_, Some(name)) => (name, KpiUnit::Seconds),
        _ => (name, KpiUnit::Count),
    };
    (name.replace('_', " "), number.map(|number| value(unit, number)))
}

/// KPIs as a Markdown table: number, name, unit, source, target, what is counted.
pub fn markdown(kpis: &[Kpi]) -> String {
    let mut sorted: Vec<&Kpi> = kpis.iter().collect();
    sorted.sort_by_key(|kpi| (kpi.number.unwrap_or(u8::MAX), kpi.name.clone()));
    let mut table = String::from(
        "| no. | KPI | source | unit, better | cadence | target | what is counted |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for kpi in sorted {
        let number = kpi.number.map(|number| number.to_string()).unwrap_or_default();
        let source = match &kpi.source {
            KpiSource::Builtin(_) => "builtin",
            KpiSource::Promql(_) => "promql",
            KpiSource::Records(_) => "records",
        };
        let rule = target_rule(kpi).unwrap_or_default().replace('\u{202f}', " ");
        let (unit, better) = (kpi.unit.word(), kpi.direction.word());
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| {number} | {} (`{}`) | {source} | {unit}, {better} | {} | {rule} | {} |",
            kpi.title,
            kpi.name,
            cadence(kpi.cadence),
            kpi.description.replace('|', "\\|")
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kpi::target::{TargetSwitch, TrendTarget};
    use crate::model::testing::kpi;
    use crate::model::time::Timestamp;

    fn plain(text: String) -> String {
        text.replace('\u{202f}', " ")
    }

    #[test]
    fn values_targets_and_intervals_have_their_unit() {
        assert_eq!(plain(value(KpiUnit::Ratio, 0.154)), "15.4 %");
        assert_eq!(plain(value(KpiUnit::Ratio, 0.9985)), "99.85 %");
        assert_eq!(value(KpiUnit::Seconds, 1_500.0), "25m");
        assert_eq!(
            (value(KpiUnit::Count, 1_204.0), value(KpiUnit::Money, 12.5)),
            ("1,204".to_owned(), "12.50".to_owned())
        );
        assert_eq!(plain(target(KpiUnit::Ratio, 0.999)), "99.9 %");
        let seconds = |ends| interval(KpiUnit::Seconds, ends);
        assert_eq!(seconds((Some(60.0), Some(120.0))).as_deref(), Some("1m to 2m"));
        assert_eq!(seconds((Some(60.0), None)).as_deref(), Some("1m or more"));
        assert_eq!(seconds((Some(60.0), Some(60.0))), None, "everything was counted");
    }

    #[test]
    fn a_trend_target_says_when_the_absolute_one_takes_over() {
        let mut kpi = kpi("noise");
        kpi.direction = KpiDirection::Lower;
        let switch = Some(TargetSwitch { stable_periods: 4, within: 0.1 });
        let trend = Some(TrendTarget { improvement: 0.2, baseline_periods: 3, switch });
        kpi.target = Some(KpiTarget { absolute: Some(0.3), trend });
        assert_eq!(
            plain(target_rule(&kpi).unwrap()),
            "20 % better than the baseline, the median of the first 3 known periods; at most 30 % once 4 known periods \
             in a row lie within 10 % of their median"
        );
    }

    #[test]
    fn periods_have_names() {
        let of = |start: &str| Period::new(Timestamp::parse(start).unwrap(), Timestamp::MAX);
        assert_eq!(period(CalendarUnit::Month, of("2026-06-30T22:00:00Z")), "July 2026", "of Berlin");
        assert_eq!(period(CalendarUnit::Month, of("2026-07-01T07:00:00Z")), "July 2026", "of Los Angeles");
        assert_eq!(period(CalendarUnit::Quarter, of("2026-07-01T00:00:00Z")), "Q3 2026");
        assert_eq!(period(CalendarUnit::Week, of("2026-07-06T00:00:00Z")), "week of 6 Jul 2026");
    }
}
