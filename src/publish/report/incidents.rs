//! Incidents with their times and where each was learned, and how long things
//! took. Few durations are shown themselves: a median of three says nothing.

use super::document::{Block, Cell, Section, Table, few, many, number, text as column, words};
use crate::evaluate::incident::durations::DurationStat;
use crate::evaluate::review::compare::{ComparedGroup, Comparison, DurationChange, GroupedBy};
use crate::model::operations::alert::Mark;
use crate::model::operations::incident::{Incident, IncidentState};
use crate::model::time::Timestamp;
use crate::publish::incident_floor;
use crate::publish::report::input::ReportInput;
use crate::publish::web::parts::text;

/// Below this many the 95 % interval of a median has no bound.
const MEDIAN_MIN: usize = 6;
/// The same for the 90th percentile.
const P90_MIN: usize = 36;
/// Incidents whose every time is told; the table has all.
const DETAILS_MAX: usize = 40;
/// Groups of one kind beside the month before.
const GROUPS_MAX: usize = 20;
/// Names in one field.
const NAMES_MAX: usize = 6;

pub(super) fn anchor(incident: &Incident) -> String {
    format!("incident-{}", incident.id)
}

pub(super) fn section(input: &ReportInput) -> Section {
    let all = &input.review.incidents;
    let mut blocks = Vec::new();
    if all.is_empty() {
        blocks.push(Block::Text("No incidents were found, as far as the coverage shows.".to_owned()));
    } else {
        blocks.push(Block::Table(durations(input)));
        blocks.push(Block::Text(
            "An incident counts in the month in which it began. Those that went on at the end count as at least so long (censored), so that they do not vanish. Business hours are Monday to Friday outside the off-hours of the team."
                .to_owned(),
        ));
        blocks.extend(input.comparison.as_ref().into_iter().flat_map(compared));
        blocks.push(Block::Title { id: "list".to_owned(), text: "All incidents".to_owned() });
        blocks.push(Block::Table(list(input)));
        blocks.extend(details(input));
    }
    blocks.extend(incident_floor::sentence(&input.review).map(Block::Text));
    Section { id: "incidents", title: "Incidents", blocks }
}

/// Beside the month before, as a whole and by team and service.
fn compared(comparison: &Comparison) -> Vec<Block> {
    let of = |by: GroupedBy| comparison.groups.iter().filter(move |g| g.by == by);
    let told = [GroupedBy::All, GroupedBy::Team, GroupedBy::Service]
        .into_iter()
        .filter(|by| *by == GroupedBy::All || of(*by).count() > 1);
    let rows = told.flat_map(|by| of(by).take(GROUPS_MAX)).map(|group| {
        let name = if group.name.is_empty() { "all" } else { &group.name };
        let about = if group.by == GroupedBy::All { String::new() } else { group.by.word().to_owned() };
        let counts = format!("{}, was {}", group.incidents.now, group.incidents.before);
        vec![
            Cell::new(name).remark(about),
            Cell::new(counts).remark(group.incidents.verdict.word()),
            change(&group.detect),
            change(&group.acknowledge),
            change(&group.restore),
            again(group),
        ]
    });
    let columns = vec![
        column("incidents of"),
        column("number"),
        column("to detect"),
        column("to acknowledge"),
        column("to restore"),
        number("again in 7, 30, 60 days"),
    ];
    vec![
        Block::Title { id: "compared".to_owned(), text: "Better or worse".to_owned() },
        Block::Text(format!(
            "Compared with the {} before. A difference is called better or worse only where chance alone would bring it in fewer than 5 % of cases (log-rank and exact tests; of many groups at most a tenth are called so by chance).",
            comparison.before.length().human()
        )),
        Block::Table(Table { columns, rows: rows.collect() }),
    ]
}

/// Unknown where no incident was watched for so long.
fn again(group: &ComparedGroup) -> Cell {
    let shares = group.recurrence.map(|r| r.ratio.map_or_else(|| "unknown".to_owned(), text::share));
    Cell::new(shares.join(", "))
}

fn change(change: &DurationChange) -> Cell {
    let median = |stat: &DurationStat| stat.median.map(|m| m.human());
    let now = median(&change.now);
    let told = match (now, median(&change.before)) {
        (None, None) => None,
        (now, before) => {
            let word = |told: Option<String>| told.unwrap_or_else(|| "not known".to_owned());
            Some(format!("{}, was {}", word(now), word(before)))
        }
    };
    Cell::known(told).remark(change.verdict.word())
}

fn durations(input: &ReportInput) -> Table {
    let (all, business) = (&input.review.durations, &input.review.business);
    let split = &input.review.split;
    let stats = [
        ("Time to detect", "first harm to first page", &all.detect, Some(&business.detect)),
        ("to the condition", "first harm until an alert's condition was true", &split.condition, None),
        ("`for` of the rule", "from the condition to the first page", &split.hold, None),
        ("Page to notification", "until somebody was notified", &split.notification, None),
        ("Time to acknowledge", "first page to the answer", &all.acknowledge, Some(&business.acknowledge)),
        ("Time to restore", "first harm until users were served again", &all.restore, Some(&business.restore)),
        ("Time to resolve", "first harm until the last alert ended", &all.resolve, Some(&business.resolve)),
        (
            "Recovery from a failed deployment",
            "its start until users were served again, or until it was rolled back",
            &input.review.deployments.recovery,
            None,
        ),
    ];
    let row = |(name, about, stat, business): (&str, &str, &DurationStat, Option<&DurationStat>)| {
        vec![
            Cell::new(name).remark(about),
            Cell::known(headline(stat)),
            Cell::known(ninety(stat)),
            business.map_or_else(|| Cell::new(""), |stat| Cell::known(headline(stat))),
            Cell::new(stat.n.to_string()),
            Cell::new(stat.censored.to_string()),
        ]
    };
    let columns = vec![
        column("duration"),
        words("median, or all when few"),
        words("90 %, or the longest"),
        words("in business hours"),
        number("n"),
        number("censored"),
    ];
    Table { columns, rows: stats.into_iter().map(row).collect() }
}

/// The median, or each value when there are too few for one; `None` when
/// nothing ended.
pub(super) fn headline(stat: &DurationStat) -> Option<String> {
    if stat.n == 0 {
        return None;
    }
    if stat.n < MEDIAN_MIN {
        let values: Vec<String> = stat.values.iter().map(|v| v.human()).collect();
        return Some(values.join(", "));
    }
    // Absent while fewer than half have ended: then it is longer than all that did.
    stat.median.map(|median| median.human()).or_else(|| stat.values.last().map(|v| format!("more than {}", v.human())))
}

fn ninety(stat: &DurationStat) -> Option<String> {
    let enough = stat.n + stat.censored >= P90_MIN;
    match stat.p90.filter(|_| enough) {
        Some(p90) => Some(p90.human()),
        None => stat.values.last().map(|longest| format!("longest {}", longest.human())),
    }
}

/// How many values stand behind a number.
pub(super) fn sample(stat: &DurationStat) -> String {
    let kind = if stat.n >= MEDIAN_MIN { "median, " } else { "" };
    match (stat.n, stat.censored) {
        (0, 0) => String::new(),
        (n, 0) => format!("{kind}n = {n}"),
        (n, open) => format!("{kind}n = {n}, {open} still open"),
    }
}

/// The time to restore as a sentence.
pub(super) fn restored_in(stat: &DurationStat) -> String {
    match (headline(stat), sample(stat)) {
        (Some(_), _) if stat.n < MEDIAN_MIN => {
            let values: Vec<String> = stat.values.iter().map(|v| v.human()).collect();
            let open = if stat.censored > 0 { format!(" ({} not yet)", stat.censored) } else { String::new() };
            format!("Users were served again after {}{open}.", few(&values, MEDIAN_MIN))
        }
        (Some(median), sample) => format!("Users were served again after {median} ({sample})."),
        (None, _) => "Time to restore is unknown for all incidents.".to_owned(),
    }
}

/// Services that were drawn in, and whether it had happened a short while before.
fn beside(incident: &Incident) -> String {
    let others: Vec<String> = incident.others().map(str::to_owned).collect();
    let drawn_in = (!others.is_empty()).then(|| format!("with {}", few(&others, NAMES_MAX)));
    let again = incident.reopens.map(|_| "again within a day".to_owned());
    drawn_in.into_iter().chain(again).collect::<Vec<String>>().join(", ")
}

fn list(input: &ReportInput) -> Table {
    let columns = vec![
        column("began (UTC)"),
        column("service"),
        column("severity"),
        column("paged after"),
        column("restored after"),
        number("budget burned"),
        column("state"),
    ];
    let rows = input
        .review
        .incidents
        .iter()
        .map(|incident| {
            let start = incident.start();
            let after = |mark: Option<Mark>| Some((mark?.at - start?).human());
            let paged = if incident.detected { after(incident.times.firing) } else { Some("never".to_owned()) };
            let restored = match (incident.times.restored, incident.state) {
                (None, IncidentState::Open) => Some("ongoing".to_owned()),
                (mark, _) => after(mark),
            };
            vec![
                Cell::known(start.map(text::short_moment)).to(anchor(incident)),
                Cell::new(&incident.service).remark(beside(incident)),
                Cell::chip(incident.severity.word(), incident.severity.word()),
                Cell::known(paged),
                Cell::known(restored),
                Cell::known(incident.budget_burned_ratio.map(text::share)),
                Cell::chip(incident.state.word(), incident.state.word()),
            ]
        })
        .collect();
    Table { columns, rows }
}

/// Every time of the costliest incidents, oldest first.
fn details(input: &ReportInput) -> Vec<Block> {
    let mut costliest: Vec<&Incident> = input.review.incidents.iter().collect();
    costliest
        .sort_by(|a, b| b.budget_burned_ratio.partial_cmp(&a.budget_burned_ratio).unwrap_or(std::cmp::Ordering::Equal));
    let left_out = costliest.len().saturating_sub(DETAILS_MAX);
    costliest.truncate(DETAILS_MAX);
    costliest.sort_by_key(|i| (i.start(), i.id));
    let mut blocks = Vec::new();
    for incident in costliest {
        let start = incident.start().map_or("at an unknown time".to_owned(), text::moment);
        blocks.push(Block::Title { id: anchor(incident), text: format!("{}, {start}", incident.service) });
        blocks.push(Block::Text(about(incident, input)));
        blocks.push(Block::Table(times(incident)));
    }
    if left_out > 0 {
        blocks.push(Block::Text(format!(
            "The times of the {left_out} that burned least are left out; the list above has them."
        )));
    }
    blocks
}

fn about(incident: &Incident, input: &ReportInput) -> String {
    let mut names: Vec<String> =
        incident.alerts.iter().filter_map(|id| input.review.alerts.find(*id)).map(|a| a.rule.clone()).collect();
    names.sort();
    names.dedup();
    let alerts = match names.is_empty() {
        true => "No alert belongs to it".to_owned(),
        false => format!("{} of {}", many(incident.alerts.len(), "alert", "alerts"), few(&names, NAMES_MAX)),
    };
    let burned = match incident.budget_burned_ratio {
        Some(share) => format!("it burned {} of a budget", text::share(share)),
        None => "burned budget unknown".to_owned(),
    };
    let near: Vec<String> = input
        .changes
        .iter()
        .filter(|c| incident.changes.contains(&c.id))
        .map(|c| format!("{} of {} at {}", c.kind.word(), c.object, clock(c.started_at)))
        .collect();
    let changes = if near.is_empty() { String::new() } else { format!(" Close to it: {}.", few(&near, NAMES_MAX)) };
    format!("{alerts}; {burned}.{changes}")
}

fn clock(at: Timestamp) -> String {
    text::clock(at)
}

fn times(incident: &Incident) -> Table {
    let start = incident.start();
    let rows = incident
        .times
        .named()
        .into_iter()
        .map(|(name, mark)| {
            let known = |tell: &dyn Fn(Mark) -> String| Cell::known(mark.map(tell));
            vec![
                Cell::new(name),
                known(&|m| format!("{} {}", text::day(m.at), clock(m.at))),
                known(&|m| start.map_or(String::new(), |s| format!("+{}", (m.at - s).human()))),
                known(&|m| m.source.word().to_owned()),
                known(&|m| {
                    let stated = if m.estimated { ", estimated" } else { "" };
                    format!("{}{stated}", m.resolution.human())
                }),
            ]
        })
        .collect();
    let columns =
        vec![column("time"), column("at (UTC)"), number("since the start"), column("source"), column("resolution")];
    Table { columns, rows }
}
