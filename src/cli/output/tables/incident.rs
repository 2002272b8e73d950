//! One incident: what it was, its timeline, what burned, what was reported.

use crate::api::incidents::{IncidentDetailJson, IncidentJson, IncidentStateJson, TimesJson};
use crate::api::time::MarkJson;
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{count, moment, plain, share, took};
use crate::publish::web::parts::text;

const FACTS: [(&str, Align); 2] = [("", Align::Left), ("", Align::Left)];

pub fn incident(answer: &IncidentDetailJson, colour: Colour) -> String {
    let parts = [facts(&answer.incident), timeline(&answer.incident.times), burned(answer), records(&answer.incident)];
    let parts: Vec<String> = parts.iter().map(|t| t.render(colour)).filter(|text| !text.is_empty()).collect();
    parts.join("\n")
}

fn facts(incident: &IncidentJson) -> Table {
    let mut table = Table::new(&FACTS);
    let mut fact = |name: &str, cell: Cell| table.row(vec![Cell::new(name), cell]);
    fact("incident", Cell::new(&incident.id));
    let is_open = incident.state == IncidentStateJson::Open;
    fact("state", Cell::new(incident.state.as_str()).tone(if is_open { Tone::Bad } else { Tone::Plain }));
    fact("services", Cell::new(&incident.services.join(", ")));
    for (name, place) in [("team", &incident.team), ("namespace", &incident.namespace), ("cluster", &incident.cluster)]
    {
        if let Some(place) = place {
            fact(name, Cell::new(place));
        }
    }
    fact("cause", Cell::new(&incident.cause));
    fact("severity", Cell::new(incident.severity.as_str()));
    fact("page sent", if incident.detected { Cell::new("yes") } else { Cell::new("no").tone(Tone::Warning) });
    fact("budget burned", Cell::known(incident.budget_burned_ratio.map(share)));
    if let Some(before) = &incident.reopens {
        fact("reopens", Cell::new(before));
    }
    table
}

fn timeline(times: &TimesJson) -> Table {
    let mut table =
        Table::new(&[("TIME", Align::Left), ("AT", Align::Left), ("SOURCE", Align::Left), ("WITHIN", Align::Right)]);
    let named = [
        ("onset", times.onset),
        ("first alert condition", times.condition),
        ("firing", times.firing),
        ("notified", times.notified),
        ("acknowledged", times.acknowledged),
        ("mitigated", times.mitigated),
        ("restored", times.restored),
        ("resolved", times.resolved),
    ];
    for (name, mark) in named {
        let source = |mark: MarkJson| format!("{}{}", mark.source, if mark.estimated { ", estimated" } else { "" });
        table.row(vec![
            Cell::new(name),
            mark.map_or_else(|| Cell::new("unknown").tone(Tone::Faint), |m| Cell::new(&moment(m.at))),
            Cell::new(&mark.map(source).unwrap_or_default()),
            Cell::new(&mark.map(|m| took(m.resolution_seconds)).unwrap_or_default()),
        ]);
    }
    table
}

fn burned(answer: &IncidentDetailJson) -> Table {
    let mut table = Table::new(&[
        ("BURNED", Align::Left),
        ("FROM", Align::Left),
        ("TO", Align::Left),
        ("BAD", Align::Right),
        ("TOTAL", Align::Right),
        ("BUDGET", Align::Right),
        ("PEAK", Align::Right),
    ]);
    for episode in &answer.burned {
        table.row(vec![
            Cell::new(&episode.slo),
            Cell::new(&moment(episode.start)),
            Cell::new(&episode.end.map_or_else(|| "ongoing".to_owned(), moment)),
            Cell::new(&count(episode.bad)),
            Cell::new(&count(episode.total)),
            Cell::new(&share(episode.budget_burned_ratio)),
            Cell::new(&plain(&text::burn(episode.peak_burn_rate))),
        ]);
    }
    table
}

fn records(incident: &IncidentJson) -> Table {
    let mut table = Table::new(&[
        ("REPORTED", Align::Left),
        ("AT", Align::Left),
        ("BY", Align::Left),
        ("THROUGH", Align::Left),
        ("IGNORED", Align::Left),
    ]);
    for attached in &incident.told {
        let record = &attached.record;
        table.row(vec![
            Cell::new(record.kind.as_str()),
            Cell::new(&moment(record.occurred_at)),
            Cell::new(record.actor.as_deref().unwrap_or_default()),
            Cell::new(&record.source),
            Cell::new(attached.ignored_reason.map_or("", |reason| reason.as_str())),
        ]);
    }
    table
}
