//! Burn-rate tiers: the standard ones, none, or a list. A tier that can never
//! fire, or that fires on a service within its budget, is refused with the
//! numbers that say why. After Google's SRE workbook, chapter 5.

use super::labels::{annotations, labels};
use super::ratio::ratio;
use crate::model::slo::objectives::Objective;
use crate::model::slo::{AlertPolicy, AlertTier, Budgeting, Severity};
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{Millis, SLOT_MS};
use crate::yaml::fields::At;
use crate::yaml::node::Value;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, dns_label, duration, one_of, shown};

/// Tiers of one SLO; more than a few pairs say nothing new.
const TIERS_MAX: usize = 16;
/// The longest lookback that is evaluated every tick.
const LOOKBACK_MAX: Millis = Millis::from_days(90);
/// The shortest one: a slot.
const LOOKBACK_MIN: Millis = Millis(SLOT_MS);
/// The highest guard: a service that may fail more than this in an hour needs none.
const BAD_EVENTS_MAX: i64 = 1_000_000;
/// Slack for factors that are whole in decimal but not in binary.
const FACTOR_SLACK: f64 = 1e-9;

const TIERS_HINT: &str =
    "write `standard`, `none`, or a list of {name: fast, severity: page, budget: 2%, long: 1h, short: 5m}";

/// What the tiers are judged against.
pub(crate) struct Promise<'p> {
    pub objective: Objective,
    pub window: &'p ComplianceWindow,
    pub budgeting: Budgeting,
}

/// Reads the mapping below `spec.alerts`. The tiers need the rest of the SLO:
/// without a sound promise they are read, but not judged.
pub(crate) fn alerts(
    field: Option<At<'_>>,
    place: &At<'_>,
    promise: Option<&Promise<'_>>,
    source: &mut SourceText<'_>,
) -> Option<AlertPolicy> {
    let Some(field) = field else {
        let tiers = standard(place, promise, source)?;
        return Some(AlertPolicy { tiers, ..AlertPolicy::default() });
    };
    let mut fields = field.fields(source)?;
    let tiers_at = fields.optional("tiers");
    let labels = labels(fields.optional("labels"), source);
    let annotations = annotations(fields.optional("annotations"), source);
    let usual = AlertPolicy::default();
    let floor = fields.optional("coverageFloor");
    let floor = floor.map_or(Some(usual.coverage_floor), |at| at.parse(source, coverage_floor));
    let missing = fields.optional("missingData");
    let missing = missing.map_or(Some(None), |at| at.parse(source, |text| one_of(text, &MISSING_DATA)));
    let guard = fields.optional("minBadEvents");
    let guard = guard.map_or(Some(usual.bad_events_min), |at| at.parse(source, bad_events_min));
    fields.finish(source);
    let tiers = match &tiers_at {
        None => standard(&field, promise, source),
        Some(at) => tiers(at, promise, source),
    };
    Some(AlertPolicy {
        tiers: tiers?,
        labels: labels?,
        annotations: annotations?,
        coverage_floor: floor?,
        bad_events_min: guard?,
        missing_data: missing?,
    })
}

/// Who is told that data are missing.
const MISSING_DATA: [(&str, Option<Severity>); 4] = [
    ("none", None),
    ("info", Some(Severity::Info)),
    ("ticket", Some(Severity::Ticket)),
    ("page", Some(Severity::Page)),
];

fn coverage_floor(text: &str) -> Result<f64, Complaint> {
    match ratio(text)? {
        0.0 => Err(Complaint::new("a floor of 0 never holds an alert", "for example `90%`; or `noData: ignore`")),
        floor => Ok(floor),
    }
}

fn bad_events_min(text: &str) -> Result<i64, Complaint> {
    let number = text.parse::<i64>().ok().filter(|n| (0..=BAD_EVENTS_MAX).contains(n));
    number.ok_or_else(|| {
        let message = format!("invalid number of events `{}`", shown(text));
        Complaint::new(message, format!("a whole number of 0 (no guard) to {BAD_EVENTS_MAX}; 5 is usual"))
    })
}

fn tiers(at: &At<'_>, promise: Option<&Promise<'_>>, source: &mut SourceText<'_>) -> Option<Vec<AlertTier>> {
    if let Value::Text(word) = &at.node.value {
        return match word.as_str() {
            "standard" => standard(at, promise, source),
            "none" => Some(Vec::new()),
            _ => {
                at.parse(source, |word| one_of(word, &[("standard", ()), ("none", ())]));
                None
            }
        };
    }
    if let Value::Map(_) = &at.node.value {
        at.error(source, "tiers are a word or a list", Some(TIERS_HINT.to_owned()));
        return None;
    }
    let before = source.errors();
    let items = at.items(source, TIERS_MAX)?;
    if items.is_empty() {
        at.error(
            source,
            "the list of tiers is empty",
            Some("write `tiers: none` for an SLO without alerts".to_owned()),
        );
    }
    let mut read: Vec<AlertTier> = Vec::new();
    for item in items {
        let Some(tier) = tier(&item, source) else {
            continue;
        };
        if read.iter().any(|other| other.name == tier.name) {
            let message = format!("two tiers are named `{}`", tier.name);
            item.error(source, message, Some("the name becomes the label `tier`; each needs its own".to_owned()));
        }
        if let Some((promise, unfit)) = promise.and_then(|promise| Some((promise, unfit(&tier, promise)?))) {
            let Complaint { message, hint } = explain(&unfit, &tier, promise);
            item.error(source, message, hint);
        }
        read.push(tier);
    }
    (source.errors() == before).then_some(read)
}

fn tier(at: &At<'_>, source: &mut SourceText<'_>) -> Option<AlertTier> {
    let mut fields = at.fields(source)?;
    let name = fields.required("name", source, "for example `fast`; it becomes the label `tier`");
    let severity = fields.required("severity", source, "page, ticket or info");
    let budget =
        fields.required("budget", source, "the share of the budget that may burn within `long`, for example 2%");
    let long = fields.required("long", source, "the long lookback, for example 1h");
    let short = fields.required("short", source, "the short lookback, usually a twelfth of `long`, for example 5m");
    let labels = labels(fields.optional("labels"), source);
    let annotations = annotations(fields.optional("annotations"), source);
    let severities = [("page", Severity::Page), ("ticket", Severity::Ticket), ("info", Severity::Info)];
    let name = name.and_then(|at| at.parse(source, dns_label));
    let severity = severity.and_then(|at| at.parse(source, |text| one_of(text, &severities)));
    let budget_ratio = budget.and_then(|at| {
        at.parse(source, |text| match ratio(text)? {
            0.0 => Err(Complaint::new("a tier that burns nothing fires always", "for example `2%`")),
            share => Ok(share),
        })
    });
    let long_length = long.and_then(|at| at.parse(source, lookback));
    let short_length = short.as_ref().and_then(|at| at.parse(source, lookback));
    fields.finish(source);
    let (long, short_length) = (long_length?, short_length?);
    if short_length >= long {
        let message = format!("the short lookback ({short_length}) is not shorter than the long one ({long})");
        let hint = "the short one lets the alert end soon after the burning ends; a twelfth of the long one is usual";
        short?.error(source, message, Some(hint.to_owned()));
        return None;
    }
    Some(AlertTier {
        name: name?,
        severity: severity?,
        budget_ratio: budget_ratio?,
        long,
        short: short_length,
        labels: labels?,
        annotations: annotations?,
    })
}

fn lookback(text: &str) -> Result<Millis, Complaint> {
    let length = duration(text, LOOKBACK_MIN, LOOKBACK_MAX)?;
    if length.0 % SLOT_MS == 0 {
        Ok(length)
    } else {
        Err(Complaint::new("a lookback is made of whole minutes", "for example `5m`"))
    }
}

/// What keeps a tier from being of use.
enum Unfit {
    /// The burn rate that it waits for cannot be reached.
    Never { factor: f64, most: f64 },
    /// It fires although the budget lasts.
    Always { factor: f64 },
    /// Its short lookback holds no whole slice.
    NoSlice { slice: Millis },
}

/// Why a tier would never fire, or fire on a service within its budget.
fn unfit(tier: &AlertTier, promise: &Promise<'_>) -> Option<Unfit> {
    let factor = tier.factor(promise.window.nominal_length());
    let most = 1.0 / promise.objective.allowed_bad_ratio();
    let slice = match promise.budgeting {
        Budgeting::Events => Millis(SLOT_MS),
        Budgeting::Timeslices { slice, .. } | Budgeting::RatioTimeslices { slice } => slice,
    };
    if factor > most + FACTOR_SLACK {
        Some(Unfit::Never { factor, most })
    } else if factor < 1.0 - FACTOR_SLACK {
        Some(Unfit::Always { factor })
    } else {
        (tier.short < slice).then_some(Unfit::NoSlice { slice })
    }
}

/// The reason in numbers, and what would fit.
fn explain(unfit: &Unfit, tier: &AlertTier, promise: &Promise<'_>) -> Complaint {
    let period = promise.window.nominal_length();
    let AlertTier { name, long, short, budget_ratio, .. } = tier;
    let what = |factor: f64| {
        format!(
            "tier `{name}`: {} of a budget of {period} in {long} is a burn rate of {}",
            percent(*budget_ratio),
            number(factor)
        )
    };
    let share = |factor: f64| percent(factor * long.0 as f64 / period.0 as f64);
    match *unfit {
        Unfit::Never { factor, most } => Complaint::new(
            format!(
                "{}, which can never be reached: at an objective of {} the most is {}",
                what(factor),
                promise.objective,
                number(most)
            ),
            format!("with `long: {long}` the budget may be {} at most, when every event is bad", share(most)),
        ),
        Unfit::Always { factor } => Complaint::new(
            format!("burn rate threshold {} is below 1: the alert would fire while the SLO is met", what(factor)),
            format!("with `long: {long}` the budget must be {} at least", share(1.0)),
        ),
        Unfit::NoSlice { slice } => Complaint::new(
            format!("tier `{name}`: the short lookback ({short}) is shorter than one slice ({slice})"),
            "a lookback must hold at least one slice",
        ),
    }
}

fn standard(at: &At<'_>, promise: Option<&Promise<'_>>, source: &mut SourceText<'_>) -> Option<Vec<AlertTier>> {
    fitting(AlertTier::standard(), "standard tiers", at, promise?, source)
}

/// The tiers that fit the promise. Those that do not are named: they were not asked
/// for one by one, so leaving them out is no error. `whose`: "standard tiers".
pub(crate) fn fitting(
    tiers: Vec<AlertTier>,
    whose: &str,
    at: &At<'_>,
    promise: &Promise<'_>,
    source: &mut SourceText<'_>,
) -> Option<Vec<AlertTier>> {
    let mut fit = Vec::new();
    let (mut never, mut always, mut no_slice) = (Vec::new(), Vec::new(), Vec::new());
    for tier in tiers {
        let with = |factor: f64| format!("`{}` (burn rate {})", tier.name, number(factor));
        match unfit(&tier, promise) {
            None => fit.push(tier),
            Some(Unfit::Never { factor, .. }) => never.push(with(factor)),
            Some(Unfit::Always { factor }) => always.push(with(factor)),
            Some(Unfit::NoSlice { .. }) => no_slice.push(format!("`{}` ({})", tier.name, tier.short)),
        }
    }
    if fit.is_empty() {
        let message = format!("none of the {whose} fits a window of {} and {}", promise.window, promise.objective);
        at.error(source, message, Some(TIERS_HINT.to_owned()));
        return None;
    }
    let most = number(1.0 / promise.objective.allowed_bad_ratio());
    let reasons = [
        (never, format!("at {} no burn rate exceeds {most}", promise.objective)),
        (always, format!("below 1 the alert would fire while the SLO is met, in a window of {}", promise.window)),
        (no_slice, "their short lookback holds no whole slice".to_owned()),
    ];
    for (names, reason) in reasons.into_iter().filter(|(names, _)| !names.is_empty()) {
        let message = format!("{whose} left out: {}: {reason}", names.join(", "));
        at.warning(source, message, Some("name the tiers that you want in `spec.alerts.tiers`".to_owned()));
    }
    Some(fit)
}

/// At most four digits after the point, none that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn percent(ratio: f64) -> String {
    format!("{}%", number(ratio * 100.0))
}
