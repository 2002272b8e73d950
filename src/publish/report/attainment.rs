//! SLO attainment of the month: objective, attainment, result, and the days that spent the budget.

use std::collections::BTreeMap;

use super::document::{Block, Cell, Section, Table, few, number, text as column, words};
use super::strip::strip;
use crate::evaluate::slo::likely::Likely;
use crate::evaluate::slo::result::SloResult;
use crate::evaluate::slo::status::{Corrected, HistorySlot, SloStatus};
use crate::model::operations::correction::Correction;
use crate::model::time::Period;
use crate::publish::report::input::{ReportInput, SloReport};
use crate::publish::report::strip::{date_of, share_of};
use crate::publish::web::charts::budget::burn_down;
use crate::publish::web::charts::picture::Size;
use crate::publish::web::charts::series::{Pointer, Series, left_out};
use crate::publish::web::parts::text;

/// Times and promises that are named of one correction.
const CORRECTION_TIMES_MAX: usize = 6;
const CORRECTION_SLOS_MAX: usize = 10;
/// Pictures beyond this make a report that nobody reads; the table has all.
const PICTURES_MAX: usize = 24;

fn result_cell(result: SloResult) -> Cell {
    match result {
        SloResult::Met => Cell::chip("met", "met"),
        SloResult::Missed => Cell::chip("missed", "missed"),
        SloResult::Undetermined => Cell::chip("undetermined", "unknown"),
    }
}

/// What would have to be so for a result to be another one: what was not observed may
/// always hold more than a likely interval allows for.
pub(super) fn unless(status: &SloStatus) -> Option<String> {
    let objective = status.required_ratio();
    let (counts, lo, hi) = match &status.corrected {
        Some(corrected) => (corrected.counts, corrected.lo?, corrected.hi?),
        None => (status.counts, status.lo?, status.hi?),
    };
    let unseen = status.unseen_events.ceil();
    let allowed = (1.0 - objective) * (counts.total as f64 + unseen);
    let spare = text::count((allowed - counts.bad() as f64).floor().max(0.0) as i64);
    let unseen = text::count(unseen as i64);
    match SloResult::of(status) {
        SloResult::Met if lo < objective => {
            Some(format!("unless more than {spare} of {unseen} unobserved events failed"))
        }
        SloResult::Missed if hi >= objective => {
            Some(format!("unless nearly all of {unseen} unobserved events were good"))
        }
        _ => None,
    }
}

/// Why a verdict is not known, in words.
pub(super) fn why_not_known(status: &SloStatus) -> String {
    match status.judged_likely() {
        Some(Likely { lo, hi }) if status.counts.uncertain > 0 => {
            format!("no histogram bound equals the threshold: between {} and {}", text::percent(lo), text::percent(hi))
        }
        Some(Likely { lo, hi }) => format!(
            "{} was observed: likely between {} and {}",
            text::percent(status.coverage),
            text::percent(lo),
            text::percent(hi)
        ),
        _ if status.coverage > 0.0 => "no events".to_owned(),
        _ => "nothing was observed".to_owned(),
    }
}

/// The share of the budget that was spent; above 1 when overspent.
pub(super) fn spent(status: &SloStatus) -> Option<f64> {
    status.budget.map(|budget| 1.0 - budget.remaining_ratio)
}

/// The worst first: missed, undetermined, met, and by what was spent.
pub(super) fn by_need(input: &ReportInput) -> Vec<&SloReport> {
    let mut all: Vec<&SloReport> = input.slos.iter().collect();
    all.sort_by(|a, b| {
        let key = |r: &SloReport| (SloResult::of(&r.status), spent(&r.status));
        let ((va, sa), (vb, sb)) = (key(a), key(b));
        va.cmp(&vb).then(sb.partial_cmp(&sa).unwrap_or(std::cmp::Ordering::Equal))
    });
    all
}

pub(super) fn anchor(name: &str) -> String {
    format!("definition-{}", text::segment(name))
}

pub(super) fn section(input: &ReportInput) -> Section {
    let rows: Vec<Vec<Cell>> = by_need(input).into_iter().map(|report| row(&report.status)).collect();
    let blocks = if rows.is_empty() {
        vec![Block::Text("No SLO is defined.".to_owned())]
    } else {
        let columns = vec![
            column("SLO"),
            column("verdict"),
            number("objective"),
            number("attainment"),
            number("likely from"),
            number("likely to"),
            number("budget left"),
            number("bad"),
            number("total (n)"),
            number("coverage"),
            column("method"),
        ];
        vec![
            Block::Text(
                "An SLO is met or missed where the likely interval (95 %) of its attainment lies on one side of the objective. It holds what was counted and, by a model, what was not observed; beneath it are the worst and the best case, in which all unobserved events were bad or good."
                    .to_owned(),
            ),
            Block::Table(Table { columns, rows }),
        ]
    };
    Section { id: "attainment", title: "SLO attainment", blocks }
}

fn row(status: &SloStatus) -> Vec<Cell> {
    let percent = |ratio: Option<f64>| Cell::known(ratio.map(text::percent));
    let extreme = |what: &str, ratio: Option<f64>| {
        ratio.map_or(String::new(), |ratio| format!("{what} {}", text::percent(ratio)))
    };
    let seen = status.counts.total > 0;
    let team = status.slo.team().map_or(String::new(), |team| format!(", team {team}"));
    vec![
        Cell::new(&status.slo.name).remark(format!("{}{team}", status.slo.service)).to(anchor(&status.slo.name)),
        result_cell(SloResult::of(status)).remark(unless(status).unwrap_or_default()),
        objective(status),
        percent(status.attainment).remark(corrected(status, |c| c.attainment.map(text::percent))),
        percent(status.likely.map(|likely| likely.lo)).remark(extreme("at worst", status.lo)),
        percent(status.likely.map(|likely| likely.hi)).remark(extreme("at best", status.hi)),
        Cell {
            meter: status.budget.map(|b| b.remaining_ratio),
            ..Cell::known(status.budget.map(|b| text::share(b.remaining_ratio)))
                .remark(corrected(status, |c| c.budget.map(|b| text::share(b.remaining_ratio))))
        },
        Cell::known(seen.then(|| text::count(status.counts.bad()))),
        Cell::known(seen.then(|| text::count(status.counts.total))),
        Cell::new(text::percent(status.coverage)),
        Cell::new(status.method.word()),
    ]
}

/// The objective, and since when if that changed within the month.
fn objective(status: &SloStatus) -> Cell {
    let Some(then) = &status.then else {
        return Cell::new(text::chosen(status.slo.objective.ratio()));
    };
    let parts = then.objectives.iter().map(|(period, objective)| match period.start == status.period.start {
        true => text::chosen(objective.ratio()),
        false => format!("{} from {}", text::chosen(objective.ratio()), text::short_moment(period.start)),
    });
    let parts: Vec<String> = parts.collect();
    Cell::new(text::percent(status.required_ratio())).remark(parts.join(", then "))
}

/// A figure without what corrections leave out, for beneath the one as counted.
fn corrected(status: &SloStatus, figure: impl Fn(&Corrected) -> Option<String>) -> String {
    match &status.corrected {
        Some(corrected) => format!("corrected: {}", figure(corrected).unwrap_or_else(|| "not known".to_owned())),
        None => String::new(),
    }
}

/// The corrections that apply, each with the promises that it is about.
pub(super) fn corrections(input: &ReportInput) -> Section {
    let mut applied: BTreeMap<&str, (&Correction, Vec<String>)> = BTreeMap::new();
    for report in &input.slos {
        for correction in report.status.corrected.iter().flat_map(|c| &c.corrections) {
            let entry = applied.entry(&correction.name).or_insert((correction, Vec::new()));
            entry.1.push(report.status.slo.name.clone());
        }
    }
    if applied.is_empty() {
        return Section { id: "corrections", title: "Corrections", blocks: Vec::new() };
    }
    let row = |(correction, slos): &(&Correction, Vec<String>)| {
        let periods = correction.periods(input.period);
        let when = periods.iter().map(|p| format!("{} for {}", text::short_moment(p.start), p.length().human()));
        vec![
            Cell::new(&correction.name),
            Cell::new(few(&when.collect::<Vec<_>>(), CORRECTION_TIMES_MAX)),
            Cell::new(few(slos, CORRECTION_SLOS_MAX)),
            Cell::new(&correction.author),
            Cell::new(&correction.reason),
        ]
    };
    let columns = vec![column("correction"), words("when (UTC)"), words("SLOs"), column("author"), words("reason")];
    let rows = applied.values().map(row).collect();
    let text = "Time that is left out of the verdicts and of the figures called corrected. Every other figure is as it was counted.";
    Section {
        id: "corrections",
        title: "Corrections",
        blocks: vec![Block::Text(text.to_owned()), Block::Table(Table { columns, rows })],
    }
}

/// How much budget was spent, and when.
pub(super) fn budgets(input: &ReportInput) -> Section {
    let reports: Vec<&SloReport> = by_spending(input);
    let columns = vec![
        column("SLO"),
        number("budget, events"),
        number("spent, events"),
        number("spent"),
        column("spent completely"),
        column("costliest day"),
        words("policy step entered"),
    ];
    let rows: Vec<Vec<Cell>> = reports.iter().filter_map(|report| budget_row(report)).collect();
    if rows.is_empty() {
        return Section { id: "budgets", title: "Error budgets", blocks: Vec::new() };
    }
    let mut blocks = vec![
        Block::Text(
            "The budget is the share of events that may fail, (1 − objective) × total, so a failed event weighs the same at any hour."
                .to_owned(),
        ),
        Block::Table(Table { columns, rows }),
    ];
    let drawn: Vec<Block> = reports.iter().filter_map(|report| picture(report, input)).collect();
    let left_out = drawn.len().saturating_sub(PICTURES_MAX);
    blocks.extend(drawn.into_iter().take(PICTURES_MAX));
    if left_out > 0 {
        blocks.push(Block::Text(format!("Pictures of the {left_out} that spent least are left out.")));
    }
    Section { id: "budgets", title: "Error budgets", blocks }
}

fn by_spending(input: &ReportInput) -> Vec<&SloReport> {
    let mut all: Vec<&SloReport> = input.slos.iter().collect();
    all.sort_by(|a, b| spent(&b.status).partial_cmp(&spent(&a.status)).unwrap_or(std::cmp::Ordering::Equal));
    all
}

fn budget_row(report: &SloReport) -> Option<Vec<Cell>> {
    let status = &report.status;
    let budget = status.budget?;
    let share = spent(status)?;
    let costliest = costliest(report).map(|(slot, share)| format!("{}: {}", date_of(report, slot), text::share(share)));
    Some(vec![
        Cell::new(&status.slo.name).remark(&status.slo.service),
        Cell::new(events(budget.total_events)),
        Cell::new(events(budget.total_events - budget.remaining_events)),
        Cell::new(text::share(share)),
        Cell::new(budget.exhausted_at.map_or("–".to_owned(), text::moment)),
        Cell::new(costliest.unwrap_or_else(|| "–".to_owned())),
        policy_step(status),
    ])
}

/// What was agreed for as little budget as was left in the end, without what
/// corrections leave out.
fn policy_step(status: &SloStatus) -> Cell {
    match status.policy_step() {
        Some(step) => Cell::new(format!("{}: {}", step.name(), step.text)).remark(format!("owner {}", step.owner)),
        None if status.slo.budget_policy.is_empty() => Cell::new("no policy"),
        None => Cell::new("none"),
    }
}

/// The slot that burned most, with its share of the whole budget.
fn costliest(report: &SloReport) -> Option<(&HistorySlot, f64)> {
    let worst = report.slots.iter().max_by_key(|slot| (slot.counts.bad(), std::cmp::Reverse(slot.start)))?;
    let share = share_of(report, worst)?;
    (share > 0.0).then_some((worst, share))
}

/// Budgets of quiet services are fractions of an event.
fn events(n: f64) -> String {
    if n.abs() < 100.0 && n.fract() != 0.0 {
        format!("{n:.1}").replace('-', "−")
    } else {
        text::count(n.round() as i64)
    }
}

fn picture(report: &SloReport, input: &ReportInput) -> Option<Block> {
    let status = &report.status;
    let pointers: Vec<Pointer> = input
        .review
        .incidents
        .iter()
        .filter(|i| i.service == status.slo.service)
        .filter_map(|i| {
            let start = i.start()?;
            let period = Period::new(start, i.end().unwrap_or(input.period.end)).intersect(input.period);
            (!period.is_empty()).then(|| Pointer {
                period,
                title: format!("Incident of {}", text::moment(start)),
                href: format!("#{}", super::incidents::anchor(i)),
            })
        })
        .collect();
    let left_out = left_out(status.corrected.as_ref(), input.period);
    let series = Series {
        period: input.period,
        step: report.step,
        slots: &report.slots,
        pointers: &pointers,
        changes: &[],
        left_out: &left_out,
        even: status.window.is_calendar().then_some(status.period),
    };
    let burn_down = burn_down(&series, Size::Desk)?;
    let remark = match (spent(status), SloResult::of(status)) {
        (Some(share), _) if !left_out.is_empty() => {
            format!("{} of the budget was spent; the blue stretches are left out by corrections", text::share(share))
        }
        (Some(share), _) => format!("{} of the budget was spent", text::share(share)),
        (None, _) => why_not_known(status),
    };
    Some(Block::Picture {
        caption: format!("{}, objective {}", status.slo.name, text::chosen(status.required_ratio())),
        remark,
        picture: maud::html! { (burn_down) (strip(report)) },
    })
}
