//! What a change of alerting would have done, as tables.

use crate::api::alerts::replay::{OutcomeJson, ReplaysJson};
use crate::api::shares::ShareJson;
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{band, counts, many, moment, share, took};
use crate::net::error::shown;

/// The changes that would have saved most.
pub fn fixes(answer: &ReplaysJson, colour: Colour) -> String {
    let mut table = Table::new(&[
        ("SAVES", Align::Right),
        ("PAGES", Align::Right),
        ("NOISE", Align::Right),
        ("BURNS DETECTED", Align::Right),
        ("CHANGE", Align::Left),
    ]);
    for replay in &answer.replays {
        let (before, after) = (&replay.before, &replay.after);
        table.row(vec![
            Cell::new(&format!("{:.0}", replay.saved)).tone(Tone::Good),
            Cell::new(&format!("{} -> {}", before.pages, after.pages)),
            Cell::new(&format!("{} -> {}", noise(before), noise(after))),
            Cell::new(&format!("{} -> {}", of_all(&before.recall), of_all(&after.recall))),
            Cell::new(&replay.change),
        ]);
    }
    let found = many(answer.replays.len(), "change", "changes");
    format!(
        "{}{found} that would have saved pages and lost no burn; {} to {}. SAVES counts a page in the night three times.\n",
        table.render(colour),
        moment(answer.from),
        moment(answer.to)
    )
}

fn of_all(share: &ShareJson) -> String {
    counts(share).unwrap_or_else(|| "-".to_owned())
}

fn noise(outcome: &OutcomeJson) -> String {
    band(outcome.lower, outcome.upper, share).unwrap_or_else(|| "-".to_owned())
}

/// One change, beside what was.
pub fn replay(answer: &ReplaysJson, colour: Colour) -> String {
    let Some(replay) = answer.replays.first() else { return "nothing was replayed\n".to_owned() };
    let mut table = Table::new(&[("", Align::Left), ("WAS", Align::Right), ("WOULD HAVE BEEN", Align::Right)]);
    let mut row = |name: &str, part: &dyn Fn(&OutcomeJson) -> String| {
        table.row(vec![Cell::new(name), Cell::new(&part(&replay.before)), Cell::new(&part(&replay.after))]);
    };
    row("pages", &|o| o.pages.to_string());
    row("noise", &noise);
    row("cost of the noise", &|o| format!("{:.0}", o.noise_cost));
    row("interruptions", &|o| o.load.interruptions.to_string());
    row("in the night", &|o| of_all(&o.load.off_hours));
    row("precision", &|o| of_all(&o.precision));
    row("burns detected", &|o| of_all(&o.recall));
    row("budget of them", &|o| o.recall_budget_ratio.map_or("-".to_owned(), share));
    row("detected early", &|o| of_all(&o.early_detection));
    row("time to page", &|o| o.detection.median_seconds.map_or("-".to_owned(), took));
    let kept =
        if replay.recall_unchanged { "no burn is missed" } else { "some burns are missed or detected much later" };
    format!(
        "{}\n{}{kept}; {} to {}\n",
        shown(&replay.change),
        table.render(colour),
        moment(answer.from),
        moment(answer.to)
    )
}
