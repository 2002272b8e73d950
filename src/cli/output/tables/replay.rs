//! What a change of alerting would have done, as tables.

use serde::Deserialize;

use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::tables::cells::{Instant, band, many, share, took};
use crate::net::error::shown;

#[derive(Debug, Deserialize)]
pub struct Replays {
    from: Instant,
    to: Instant,
    replays: Vec<Replay>,
}

#[derive(Debug, Deserialize)]
struct Replay {
    change: String,
    saved: f64,
    recall_unchanged: bool,
    before: Outcome,
    after: Outcome,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    pages: usize,
    lower: Option<f64>,
    upper: Option<f64>,
    noise_cost: f64,
    load: Load,
    precision: Share,
    recall: Share,
    recall_budget_ratio: Option<f64>,
    early_detection: Share,
    detection: Duration,
}

#[derive(Debug, Deserialize)]
struct Load {
    interruptions: usize,
    off_hours: Share,
}

#[derive(Debug, Deserialize)]
struct Share {
    count: usize,
    of: usize,
}

impl Share {
    fn text(&self) -> String {
        if self.of == 0 { "-".to_owned() } else { format!("{} of {}", self.count, self.of) }
    }
}

#[derive(Debug, Deserialize)]
struct Duration {
    median_seconds: Option<f64>,
}

/// The changes that would have saved most.
pub fn fixes(answer: &Replays, colour: Colour) -> String {
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
            Cell::new(&format!("{} -> {}", before.recall.text(), after.recall.text())),
            Cell::new(&replay.change),
        ]);
    }
    let found = many(answer.replays.len(), "change", "changes");
    format!(
        "{}{found} that would have saved pages and lost no burn; {} to {}. SAVES counts a page in the night three times.\n",
        table.render(colour),
        answer.from.moment(),
        answer.to.moment()
    )
}

fn noise(outcome: &Outcome) -> String {
    band(outcome.lower, outcome.upper, share).unwrap_or_else(|| "-".to_owned())
}

/// One change, beside what was.
pub fn replay(answer: &Replays, colour: Colour) -> String {
    let Some(replay) = answer.replays.first() else { return "nothing was replayed\n".to_owned() };
    let mut table = Table::new(&[("", Align::Left), ("WAS", Align::Right), ("WOULD HAVE BEEN", Align::Right)]);
    let mut row = |name: &str, part: &dyn Fn(&Outcome) -> String| {
        table.row(vec![Cell::new(name), Cell::new(&part(&replay.before)), Cell::new(&part(&replay.after))]);
    };
    row("pages", &|o| o.pages.to_string());
    row("noise", &noise);
    row("cost of the noise", &|o| format!("{:.0}", o.noise_cost));
    row("interruptions", &|o| o.load.interruptions.to_string());
    row("in the night", &|o| o.load.off_hours.text());
    row("precision", &|o| o.precision.text());
    row("burns detected", &|o| o.recall.text());
    row("budget of them", &|o| o.recall_budget_ratio.map_or("-".to_owned(), share));
    row("detected early", &|o| o.early_detection.text());
    row("time to page", &|o| o.detection.median_seconds.map_or("-".to_owned(), took));
    let kept =
        if replay.recall_unchanged { "no burn is missed" } else { "some burns are missed or detected much later" };
    format!(
        "{}\n{}{kept}; {} to {}\n",
        shown(&replay.change),
        table.render(colour),
        answer.from.moment(),
        answer.to.moment()
    )
}
