//! An incident as the draft of a post-mortem in Markdown: what was measured and reported is
//! filled in, what people have to find out is left open.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::meaning::meaning;
use super::story::Story;
use crate::evaluate::incident::durations::time_to_detect;
use crate::model::operations::incident::IncidentState;
use crate::model::time::Timestamp;
use crate::publish::report::markdown::escaped;
use crate::publish::web::parts::text;

/// Alerts and reports of a long outage fill pages; the incident's own page has all.
const LINES_MAX: usize = 200;

/// What people have to write.
const OPEN: &str = "
## Root cause

_What made it possible, and what set it off._

## What went well, what did not

-

## Actions

| Action | Owner | Due |
| --- | --- | --- |
| | | |
";

pub(super) fn document(story: &Story) -> String {
    let incident = &story.incident;
    let started = incident.start().map_or("unknown".to_owned(), text::moment);
    let mut out = format!("# Incident of {}, {started}\n", escaped(&incident.service));
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "\n_Draft made from measurements and reports as of {}. All times are in UTC._",
        text::moment(story.now)
    );
    summary(story, &mut out);
    timeline(story, &mut out);
    impact(story, &mut out);
    changes(story, &mut out);
    out.push_str(OPEN);
    let _ = writeln!(out, "\n---\n\nIncident `{}`", incident.id);
    out
}

fn summary(story: &Story, out: &mut String) {
    let incident = &story.incident;
    let length = incident.start().map(|start| (incident.end().unwrap_or(story.now) - start).human());
    let known = |text: Option<String>| text.unwrap_or_else(|| "not known".to_owned());
    let duration = match (length, incident.state) {
        (Some(length), _) if incident.end().is_some() => format!("{length}, until users were served again"),
        (Some(length), IncidentState::Open) => format!("ongoing, {length} so far"),
        (length, _) => known(length),
    };
    let affected = if incident.services.is_empty() { incident.service.clone() } else { incident.services.join(", ") };
    let detected = match time_to_detect(incident) {
        _ if !incident.detected => "no page was sent".to_owned(),
        Some(after) => format!("by a page, {} after the onset", after.human()),
        None => "by a page".to_owned(),
    };
    let _ = writeln!(out, "\n## Summary\n\n| | |\n| --- | --- |");
    for (name, value) in [
        ("Services", escaped(&affected)),
        ("Team", escaped(&known(incident.team.clone()))),
        ("Severity", incident.severity.word().to_owned()),
        ("Duration", duration),
        ("Detected", detected),
        ("First sign", escaped(&incident.cause)),
        (
            "Budget burned",
            known(
                incident.budget_burned_ratio.map(|ratio| format!("{} of the SLO that lost most", text::share(ratio))),
            ),
        ),
    ] {
        let _ = writeln!(out, "| {name} | {value} |");
    }
}

fn timeline(story: &Story, out: &mut String) {
    let incident = &story.incident;
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    for (name, mark) in incident.times.named() {
        if let Some(mark) = mark {
            let about = if mark.estimated { " (estimated)" } else { "" };
            lines.push((mark.at, format!("**{name}**: {}{about}", meaning(name))));
        }
    }
    lines.extend(story.nearby.iter().map(|change| {
        let what = format!("{} of {}: {}", change.kind.word(), change.object, change.summary);
        (change.started_at, format!("change: {}", escaped(&what)))
    }));
    lines.extend(incident.told.iter().map(|told| {
        let by = told.record.actor.as_deref().unwrap_or(&told.record.source);
        (told.record.occurred_at, format!("reported: {} by {}", told.record.kind.word(), escaped(by)))
    }));
    lines.extend(story.trail.iter().map(|set| {
        let what = format!("{} set the time \"{}\": {}", set.author, set.time.word(), set.reason);
        (set.recorded_at, escaped(&what))
    }));
    lines.extend(story.alerts().into_iter().filter_map(|alert| {
        let firing = alert.firing?;
        Some((firing.at, format!("alert {} fires ({})", escaped(&alert.rule), alert.severity.word())))
    }));
    lines.sort_by_key(|(at, _)| *at);
    let lines = once(lines);
    let _ = writeln!(out, "\n## Timeline\n");
    for (at, line, count) in lines.iter().take(LINES_MAX) {
        let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
        let _ = writeln!(out, "- {} {}: {line}{times}", text::day(*at), text::clock(*at));
    }
    if lines.len() > LINES_MAX {
        let _ = writeln!(out, "- and {} more", lines.len() - LINES_MAX);
    }
}

/// Each line at its first time, with how often it occurs: an outage of a service with many
/// pods has as many alerts.
fn once(lines: Vec<(Timestamp, String)>) -> Vec<(Timestamp, String, usize)> {
    let mut found: Vec<(Timestamp, String, usize)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, line) in lines {
        match places.get(&line).and_then(|place| found.get_mut(*place)) {
            Some((_, _, count)) => *count += 1,
            None => {
                places.insert(line.clone(), found.len());
                found.push((at, line, 1));
            }
        }
    }
    found
}

fn impact(story: &Story, out: &mut String) {
    let _ = writeln!(out, "\n## Impact\n");
    let episodes = story.episodes();
    if episodes.is_empty() {
        let _ = writeln!(out, "No SLO of the service burned its budget faster than allowed.");
        return;
    }
    let _ =
        writeln!(out, "| SLO | From | For | Bad | Total | Budget burned |\n| --- | --- | ---: | ---: | ---: | ---: |");
    for episode in episodes.iter().take(LINES_MAX) {
        let (slo, start) = (escaped(&episode.slo), text::moment(episode.start));
        let length = episode.period(story.now).length().human();
        let (bad, total) = (text::count(episode.bad), text::count(episode.total));
        let burned = text::share(episode.budget_burned_ratio);
        let _ = writeln!(out, "| {slo} | {start} | {length} | {bad} | {total} | {burned} |");
    }
}

fn changes(story: &Story, out: &mut String) {
    let _ = writeln!(out, "\n## Changes that may have caused it\n");
    if story.changes.is_empty() {
        let _ = writeln!(out, "None are known.");
    }
    for change in story.changes.iter().take(LINES_MAX) {
        let what =
            format!("{} of {}, {}: {}", change.kind.word(), change.object, change.outcome.word(), change.summary);
        let _ = writeln!(out, "- {}: {}", text::moment(change.started_at), escaped(&what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_occurs_many_times_is_one_line() {
        let at = Timestamp::from_millis;
        let lines = [(0, "a"), (1, "b"), (2, "a")].map(|(ms, line)| (at(ms), line.to_owned()));
        assert_eq!(once(lines.into()), [(at(0), "a".to_owned(), 2), (at(1), "b".to_owned(), 1)]);
    }
}
