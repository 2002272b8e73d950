//! What a scenario expects at an instant, in the words of the API: counts,
//! ratios, states, tiers, single minutes and sums over some. Must not know how
//! any of them is computed.

use super::values::signed_duration;
use super::wanted::Wanted;
use crate::model::slo::Slo;
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{Millis, Period, SLOT_MS, Timestamp};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::Span;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, meant, shown};

/// Instants of one scenario: each is counted anew, both ways.
const EXPECTATIONS_MAX: usize = 100;
/// Minutes and stretches of one instant.
const TILES_MAX: usize = 1_000;
/// Lookbacks and tiers of one instant.
const RATES_MAX: usize = 100;
/// The longest scenario: the longest window, twice.
const LENGTH_MAX: Millis = Millis::from_days(800);

const STATES: [&str; 4] = ["ok", "burning", "exhausted", "unknown"];
const VERDICTS: [&str; 4] = ["firing", "quiet", "held-back", "frozen"];
const SLOT_STATES: [&str; 3] = ["measured", "idle", "unknown"];
const METHODS: [&str; 3] = ["exact", "interval", "estimated"];

/// Where something stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    pub(super) span: Span,
    pub(super) path: String,
}

/// What must hold at one instant, with all that was scraped until then.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub at: Timestamp,
    pub window: ComplianceWindow,
    pub checks: Vec<Check>,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Check {
    pub figure: Figure,
    pub wanted: Wanted,
    pub spot: Spot,
}

/// Which figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    Good,
    Bad,
    Total,
    Attainment,
    Lo,
    Hi,
    Coverage,
    UnseenEvents,
    Elapsed,
    /// Seconds from the start of the scenario to that of the period.
    PeriodStart,
    PeriodEnd,
    State,
    Method,
    BudgetTotal,
    BudgetRemainingEvents,
    BudgetRemaining,
    BurnRate(Millis),
    Tier(String),
    /// A figure without what corrections leave out.
    Corrected(Box<Figure>),
    /// A figure by the objectives that were in force.
    Historical(Box<Figure>),
    /// Of the minutes of a period.
    Tiles(Period, TileFigure),
}

/// A figure of some minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileFigure {
    Good,
    Bad,
    Total,
    Uncertain,
    Coverage,
    /// Seconds that nobody could see, summed over targets.
    UnseenSeconds,
    /// Events that may have happened besides those that were counted.
    PossibleGood,
    PossibleBad,
    /// Of every minute.
    State,
}

impl Figure {
    pub fn name(&self) -> String {
        let word = match self {
            Figure::Good => "good",
            Figure::Bad => "bad",
            Figure::Total => "total",
            Figure::Attainment => "attainment",
            Figure::Lo => "lo",
            Figure::Hi => "hi",
            Figure::Coverage => "coverage",
            Figure::UnseenEvents => "unseen_events",
            Figure::Elapsed => "elapsed",
            Figure::PeriodStart => "period_start",
            Figure::PeriodEnd => "period_end",
            Figure::State => "state",
            Figure::Method => "method",
            Figure::BudgetTotal => "budget_total",
            Figure::BudgetRemainingEvents => "budget_remaining_events",
            Figure::BudgetRemaining => "budget_remaining",
            Figure::BurnRate(lookback) => return format!("burn rate over {lookback}"),
            Figure::Tier(name) => return format!("tier {name}"),
            Figure::Historical(figure) => return format!("then {}", figure.name()),
            Figure::Corrected(figure) => return format!("corrected {}", figure.name()),
            Figure::Tiles(_, figure) => figure.name(),
        };
        word.to_owned()
    }
}

impl TileFigure {
    const ALL: [TileFigure; 9] = [
        TileFigure::Good,
        TileFigure::Bad,
        TileFigure::Total,
        TileFigure::Uncertain,
        TileFigure::Coverage,
        TileFigure::UnseenSeconds,
        TileFigure::PossibleGood,
        TileFigure::PossibleBad,
        TileFigure::State,
    ];

    fn name(self) -> &'static str {
        match self {
            TileFigure::Good => "good",
            TileFigure::Bad => "bad",
            TileFigure::Total => "total",
            TileFigure::Uncertain => "uncertain",
            TileFigure::Coverage => "coverage",
            TileFigure::UnseenSeconds => "unseen_seconds",
            TileFigure::PossibleGood => "possible_good",
            TileFigure::PossibleBad => "possible_bad",
            TileFigure::State => "state",
        }
    }
}

/// Figures that are plain keys with a number.
const NUMBERS: [(&str, Figure); 12] = [
    ("good", Figure::Good),
    ("bad", Figure::Bad),
    ("total", Figure::Total),
    ("attainment", Figure::Attainment),
    ("lo", Figure::Lo),
    ("hi", Figure::Hi),
    ("coverage", Figure::Coverage),
    ("unseen_events", Figure::UnseenEvents),
    ("elapsed", Figure::Elapsed),
    ("budget_total", Figure::BudgetTotal),
    ("budget_remaining_events", Figure::BudgetRemainingEvents),
    ("budget_remaining", Figure::BudgetRemaining),
];

/// Those of them that are told without what corrections leave out, too.
const CORRECTED: [&str; 10] = [
    "good",
    "bad",
    "total",
    "attainment",
    "lo",
    "hi",
    "coverage",
    "budget_total",
    "budget_remaining_events",
    "budget_remaining",
];

/// Those of them that are told by the objectives that were in force, too.
const HISTORICAL: [&str; 3] = ["budget_total", "budget_remaining_events", "budget_remaining"];

/// Reads the list below `expect`, in order of time.
pub(super) fn expectations(
    field: &At<'_>,
    start: Timestamp,
    slo: Option<&Slo>,
    source: &mut SourceText<'_>,
) -> Option<Vec<Expectation>> {
    let before = source.errors();
    let items = field.items(source, EXPECTATIONS_MAX)?;
    if items.is_empty() {
        field.error(source, "a scenario must expect something", Some("for example `- {at: 1h, bad: 3}`".to_owned()));
    }
    let mut all: Vec<Expectation> = items.iter().filter_map(|item| expectation(item, start, slo, source)).collect();
    all.sort_by_key(|e| e.at);
    (source.errors() == before).then_some(all)
}

fn expectation(item: &At<'_>, start: Timestamp, slo: Option<&Slo>, source: &mut SourceText<'_>) -> Option<Expectation> {
    let mut fields = item.fields(source)?;
    let at = fields.required("at", source, "when, counted from `start`, for example `2h`; or an instant");
    let window_at = fields.optional("window");
    let mut checks = Vec::new();
    for (key, figure) in NUMBERS {
        number(fields.optional(key), figure, &mut checks, source);
    }
    for (key, figure, known) in
        [("state", Figure::State, STATES.as_slice()), ("method", Figure::Method, METHODS.as_slice())]
    {
        word(fields.optional(key), figure, known, &mut checks, source);
    }
    for (key, figure) in [("period_start", Figure::PeriodStart), ("period_end", Figure::PeriodEnd)] {
        instant_check(fields.optional(key), figure, start, &mut checks, source);
    }
    some_numbers(fields.optional("corrected"), &CORRECTED, Figure::Corrected, &mut checks, source);
    some_numbers(fields.optional("historical"), &HISTORICAL, Figure::Historical, &mut checks, source);
    burn_rates(fields.optional("burn_rates"), &mut checks, source);
    tiers(fields.optional("tiers"), slo, &mut checks, source);
    tiles(fields.optional("tiles"), start, true, &mut checks, source);
    tiles(fields.optional("sums"), start, false, &mut checks, source);
    if checks.is_empty() {
        let keys: Vec<&str> = NUMBERS.iter().map(|(key, _)| *key).collect();
        let hint = format!(
            "name figures: {}, state, method, corrected, then, burn_rates, tiers, tiles, sums",
            keys.join(", ")
        );
        fields.error(source, "nothing is expected here", Some(hint));
    }
    fields.finish(source);
    let at = at.and_then(|at| at.parse(source, |text| instant(text, start)))?;
    let window = match (window_at, slo) {
        (None, slo) => slo.map(|slo| *slo.first_window()),
        (Some(at), Some(slo)) => at.parse(source, |text| window(text, slo)),
        (Some(_), None) => None,
    };
    Some(Expectation { at, window: window?, checks })
}

fn window(text: &str, slo: &Slo) -> Result<ComplianceWindow, Complaint> {
    let words: Vec<String> = slo.windows.iter().map(ToString::to_string).collect();
    let found = slo.windows.iter().zip(&words).find(|(_, word)| *word == text).map(|(window, _)| *window);
    found.ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(String::as_str).collect();
        Complaint::new(format!("the SLO has no window `{}`", shown(text)), meant(text, &known))
    })
}

/// A whole minute, counted from the start or as an instant.
pub(super) fn instant(text: &str, start: Timestamp) -> Result<Timestamp, Complaint> {
    let how = "a length of time from `start`, such as `90m`, or an instant such as 2026-03-29T01:00:00Z";
    let at = match signed_duration(text) {
        Some(after) => start + after,
        None if text.contains('T') => Timestamp::parse(text).map_err(|error| Complaint::new(error.to_string(), how))?,
        None => return Err(Complaint::new(format!("invalid moment of the scenario `{}`", shown(text)), how)),
    };
    if at.floor_slot() != at {
        return Err(Complaint::new(format!("`{}` is not a whole minute", shown(text)), "minutes are what is judged"));
    }
    if (at - start).0.abs() > LENGTH_MAX.0 {
        return Err(Complaint::new(format!("`{}` is too far from the start", shown(text)), how));
    }
    Ok(at)
}

fn push(figure: Figure, at: &At<'_>, wanted: Option<Wanted>, checks: &mut Vec<Check>) {
    let spot = Spot { span: at.node.span, path: at.path.clone() };
    checks.extend(wanted.map(|wanted| Check { figure, wanted, spot }));
}

fn number(at: Option<At<'_>>, figure: Figure, checks: &mut Vec<Check>, source: &mut SourceText<'_>) {
    let Some(at) = at else { return };
    let wanted = at.parse(source, Wanted::number);
    push(figure, &at, wanted, checks);
}

fn word(at: Option<At<'_>>, figure: Figure, of: &[&'static str], checks: &mut Vec<Check>, source: &mut SourceText<'_>) {
    let Some(at) = at else { return };
    let wanted = at.parse(source, |text| Wanted::word(text, of));
    push(figure, &at, wanted, checks);
}

fn instant_check(
    at: Option<At<'_>>,
    figure: Figure,
    start: Timestamp,
    checks: &mut Vec<Check>,
    source: &mut SourceText<'_>,
) {
    let Some(at) = at else { return };
    let wanted = at.parse(source, |text| instant(text, start)).map(|at| Wanted::exactly((at - start).secs_f64()));
    push(figure, &at, wanted, checks);
}

/// `{bad: 0, attainment: 1}`
fn some_numbers(
    field: Option<At<'_>>,
    keys: &[&str],
    figure_of: fn(Box<Figure>) -> Figure,
    checks: &mut Vec<Check>,
    source: &mut SourceText<'_>,
) {
    let Some(mut fields) = field.and_then(|field| field.fields(source)) else { return };
    for (key, figure) in NUMBERS.into_iter().filter(|(key, _)| keys.contains(key)) {
        number(fields.optional(key), figure_of(Box::new(figure)), checks, source);
    }
    fields.finish(source);
}

/// `{1h: 14.4, 6h: absent}`
fn burn_rates(field: Option<At<'_>>, checks: &mut Vec<Check>, source: &mut SourceText<'_>) {
    let Some(field) = field else { return };
    for entry in field.entries(source, RATES_MAX).unwrap_or_default() {
        match entry.key.parse() {
            Ok(lookback) => number(Some(field.entry(entry)), Figure::BurnRate(lookback), checks, source),
            Err(error) => {
                let error: crate::model::time::TimeError = error;
                source.error(entry.key_span, &field.path, error.to_string(), None);
            }
        }
    }
}

/// `{fast: firing, slow: quiet}`
fn tiers(field: Option<At<'_>>, slo: Option<&Slo>, checks: &mut Vec<Check>, source: &mut SourceText<'_>) {
    let Some(field) = field else { return };
    for entry in field.entries(source, RATES_MAX).unwrap_or_default() {
        let known: Vec<&str> = slo.iter().flat_map(|slo| &slo.alerts.tiers).map(|tier| tier.name.as_str()).collect();
        if slo.is_some() && !known.contains(&entry.key.as_str()) {
            let message = format!("the SLO has no tier `{}`", shown(&entry.key));
            source.error(entry.key_span, &field.path, message, Some(meant(&entry.key, &known)));
        }
        word(Some(field.entry(entry)), Figure::Tier(entry.key.clone()), &VERDICTS, checks, source);
    }
}

/// `{10m: {good: 40, state: measured}, 20m..30m: {state: idle}}`. `each`: what
/// stands there holds for every minute; else for their sum.
fn tiles(field: Option<At<'_>>, start: Timestamp, each: bool, checks: &mut Vec<Check>, source: &mut SourceText<'_>) {
    let Some(field) = field else { return };
    let mut count = 0;
    for entry in field.entries(source, TILES_MAX).unwrap_or_default() {
        let at = field.entry(entry);
        let period = match stretch(&entry.key, start) {
            Ok(period) => period,
            Err(Complaint { message, hint }) => {
                source.error(entry.key_span, &at.path, message, hint);
                continue;
            }
        };
        let minutes = period.length().0 / SLOT_MS;
        count += if each { minutes } else { 1 };
        if count > TILES_MAX as i64 {
            let hint = Some("use `sums` for the sum over many minutes".to_owned());
            source.error(entry.key_span, &at.path, format!("more than {TILES_MAX} minutes"), hint);
            return;
        }
        let minute = |i: i64| Period::new(period.start + Millis(i * SLOT_MS), period.start + Millis((i + 1) * SLOT_MS));
        let periods: Vec<Period> = if each { (0..minutes).map(minute).collect() } else { vec![period] };
        if let Some(fields) = at.fields(source) {
            tile_figures(fields, &periods, checks, source);
        }
    }
}

fn tile_figures(mut fields: Fields<'_>, periods: &[Period], checks: &mut Vec<Check>, source: &mut SourceText<'_>) {
    for figure in TileFigure::ALL {
        let Some(at) = fields.optional(figure.name()) else { continue };
        let wanted = at.parse(source, |text| match figure {
            TileFigure::State => Wanted::word(text, &SLOT_STATES),
            _ => Wanted::number(text),
        });
        for period in periods {
            push(Figure::Tiles(*period, figure), &at, wanted.clone(), checks);
        }
    }
    fields.finish(source);
}

/// `10m`, the minute that begins then, or `10m..20m`.
fn stretch(text: &str, start: Timestamp) -> Result<Period, Complaint> {
    let Some((from, to)) = text.split_once("..") else {
        let from = instant(text, start)?;
        return Ok(Period::new(from, from + Millis(SLOT_MS)));
    };
    let (from, to) = (instant(from.trim(), start)?, instant(to.trim(), start)?);
    if to <= from {
        return Err(Complaint::new(format!("`{}` ends before it begins", shown(text)), "for example `10m..20m`"));
    }
    Ok(Period::new(from, to))
}
