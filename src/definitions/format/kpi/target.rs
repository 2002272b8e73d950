//! The value that is wanted of a KPI, in the words of its unit.

use super::parts::whole;
use crate::definitions::format::ratio::ratio;
use crate::model::kpi::KpiUnit;
use crate::model::kpi::target::{KpiTarget, TargetSwitch, TrendTarget};
use crate::model::time::Millis;
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, duration, shown};

const FORMS: &str = "`{absolute: 95%}`, or `{trend: {improvement: 20%, baselinePeriods: 3}}`";

/// The longest duration that is wanted: a release train of a year.
const DURATION_MAX: Millis = Millis::from_days(366);
/// Periods of a baseline, and of a stable stretch: two years of months.
const PERIODS_MAX: u32 = 24;

pub(super) fn read_target(at: &At<'_>, unit: Option<KpiUnit>, source: &mut SourceText<'_>) -> Option<KpiTarget> {
    let mut fields = at.fields(source)?;
    let (absolute, trend, switch) = (fields.optional("absolute"), fields.optional("trend"), fields.optional("switch"));
    if absolute.is_none() && trend.is_none() {
        fields.error(source, "neither `absolute` nor `trend` is written", Some(FORMS.to_owned()));
    }
    if let Some(switch) = &switch
        && (absolute.is_none() || trend.is_none())
    {
        let hint = "write both, or leave `switch` out";
        switch.error(source, "a switch needs a trend and an absolute target", Some(hint.to_owned()));
    }
    fields.finish(source);
    let absolute = match (absolute, unit) {
        (Some(at), Some(unit)) => Some(at.parse(source, |text| amount(text, unit))),
        // Without a unit nobody knows what was meant.
        (Some(_), None) => Some(None),
        (None, _) => None,
    };
    let switch = switch.map(|at| read_switch(&at, source));
    let trend = trend.map(|at| read_trend(&at, source));
    let absolute = absolute.map_or(Some(None), |read| read.map(Some))?;
    let switch = switch.map_or(Some(None), |read| read.map(Some))?;
    let trend = trend.map_or(Some(None), |read| read.map(Some))?;
    let trend = trend.map(|trend| TrendTarget { switch, ..trend });
    Some(KpiTarget { absolute, trend }).filter(|target| target.absolute.is_some() || target.trend.is_some())
}

fn amount(text: &str, unit: KpiUnit) -> Result<f64, Complaint> {
    match unit {
        KpiUnit::Ratio => ratio(text),
        KpiUnit::Seconds => duration(text, Millis(0), DURATION_MAX).map(Millis::secs_f64),
        KpiUnit::Count | KpiUnit::Money => match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
            _ => Err(Complaint::new(format!("`{}` is not a number", shown(text)), "write for example `10`")),
        },
    }
}

fn read_trend(at: &At<'_>, source: &mut SourceText<'_>) -> Option<TrendTarget> {
    let mut fields = at.fields(source)?;
    let improvement = fields.required("improvement", source, "how much better than the baseline, for example `20%`");
    let periods = fields.required("baselinePeriods", source, "how many known periods are the baseline, for example 3");
    fields.finish(source);
    let improvement = improvement.and_then(|at| at.parse(source, ratio));
    let periods = periods.and_then(|at| at.parse(source, |text| whole(text, PERIODS_MAX)));
    Some(TrendTarget { improvement: improvement?, baseline_periods: periods?, switch: None })
}

fn read_switch(at: &At<'_>, source: &mut SourceText<'_>) -> Option<TargetSwitch> {
    let mut fields = at.fields(source)?;
    let periods = fields.required("stablePeriods", source, "how many periods in a row must be alike, for example 3");
    let within = fields.required("within", source, "how far from their median they may be, for example `10%`");
    fields.finish(source);
    let periods = periods.and_then(|at| at.parse(source, |text| whole(text, PERIODS_MAX)));
    let within = within.and_then(|at| at.parse(source, ratio));
    Some(TargetSwitch { stable_periods: periods?, within: within? })
}
