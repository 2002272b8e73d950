//! `evenkeel verify`: the proof as a table for people, or as JSON. Must not know
//! how worlds are made or how anything is counted.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::run::signal;
use crate::app::proof::verify::{PeerFigure, Proof, Size, prove};
use crate::cli::args::VerifyArgs;
use crate::cli::output::table::{Align, Cell, Colour, Table, Tone};
use crate::cli::output::terminal::{print, print_as_is};
use crate::sources::worlds::{Tools, WorldScenario, all, named};

pub fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let tools = Tools::find(args.prometheus.as_deref(), &folders())?;
    let scenarios: Vec<&'static WorldScenario> = match args.scenario.as_slice() {
        [] => all().iter().collect(),
        names => names.iter().filter_map(|name| named(name)).collect(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let proofs = runtime.block_on(async {
        tokio::select! {
            proofs = prove_all(args, &tools, &scenarios) => proofs,
            // What was started ends with what is dropped here.
            () = signal() => anyhow::bail!("stopped by a signal"),
        }
    })?;
    let holds = proofs.iter().all(Proof::holds);
    if args.json {
        print(&format!("{:#}\n", as_json(args, &proofs)))?;
    } else {
        // Nothing of a table comes from outside.
        print_as_is(&as_table(args, &proofs, Colour::of(&io::stdout())))?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where programs are looked for.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn folders() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

async fn prove_all(
    args: &VerifyArgs,
    tools: &Tools,
    scenarios: &[&'static WorldScenario],
) -> anyhow::Result<Vec<Proof>> {
    let size = Size { seed: args.seed, days: args.days };
    let bar = bar(scenarios.len() as u64);
    let mut proofs = Vec::new();
    for scenario in scenarios {
        let temporary = tempfile::Builder::new().prefix("evenkeel-verify-").tempdir().context("make a directory")?;
        let dir = match &args.keep {
            Some(keep) => fresh(keep.join(scenario.name))?,
            None => temporary.path().to_owned(),
        };
        let step = |what: &str| bar.set_message(format!("{}: {what}", scenario.name));
        let proof = prove(scenario, size, tools, &dir, &step).await;
        proofs.push(proof.with_context(|| format!("prove {}", scenario.name))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(proofs)
}

/// A world is written into nothing else: it would be mixed with what is there.
fn fresh(dir: PathBuf) -> anyhow::Result<PathBuf> {
    let is_empty = std::fs::read_dir(&dir).map_or(true, |mut entries| entries.next().is_none());
    anyhow::ensure!(is_empty, "{} is not empty; remove it, or keep the worlds in another directory", dir.display());
    Ok(dir)
}

/// On a terminal only.
fn bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {elapsed} {msg}");
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn as_json(args: &VerifyArgs, proofs: &[Proof]) -> Value {
    json!({
        "seed": args.seed,
        "days": args.days,
        "holds": proofs.iter().all(Proof::holds),
        "scenarios": proofs.iter().map(proof_json).collect::<Vec<_>>(),
    })
}

fn proof_json(proof: &Proof) -> Value {
    let figure = |figure: PeerFigure| match figure {
        PeerFigure::Used(ratio) => json!({"budget_used_ratio": ratio, "error": error(Some(ratio), proof.used_ratio)}),
        PeerFigure::NotANumber => json!({"budget_used_ratio": null, "error": null, "reason": "not a number"}),
        PeerFigure::NoData => json!({"budget_used_ratio": null, "error": null, "reason": "no data"}),
    };
    let events = |bad: i64, total: i64| json!({"bad": bad, "total": total});
    let status = &proof.evenkeel;
    let (bad_off, total_off) = proof.miscounted();
    json!({
        "scenario": proof.scenario.name,
        "about": proof.scenario.about,
        "samples": proof.samples,
        "truth": {
            "budget_used_ratio": proof.used_ratio,
            "happened": events(proof.truth.happened.bad(), proof.truth.happened.total),
            "observable": events(proof.truth.observable.bad(), proof.truth.observable.total),
        },
        "sloth": figure(proof.sloth),
        "pyrra": figure(proof.pyrra),
        "evenkeel": {
            "budget_used_ratio": proof.evenkeel_used_ratio(),
            "error": error(proof.evenkeel_used_ratio(), proof.used_ratio),
            "lo": proof.bound().map(|bound| bound.0),
            "hi": proof.bound().map(|bound| bound.1),
            "bound_width": proof.bound_width(),
            "likely_lo": proof.likely().map(|likely| likely.0),
            "likely_hi": proof.likely().map(|likely| likely.1),
            "likely_width": proof.likely_width(),
            "truth_is_likely": proof.is_likely(),
            "counted": events(status.counts.bad(), status.counts.total),
            "unseen_events": status.unseen_events,
            "coverage": status.coverage,
            "miscounted": events(bad_off, total_off),
            "truth_in_bound": proof.is_in_bound(),
        },
        "holds": proof.holds(),
    })
}

fn error(figure: Option<f64>, truth: Option<f64>) -> Option<f64> {
    Some(figure? - truth?)
}

fn as_table(args: &VerifyArgs, proofs: &[Proof], colour: Colour) -> String {
    let right = Align::Right;
    let mut table = Table::new(&[
        ("SCENARIO", Align::Left),
        ("TRUE", right),
        ("SLOTH", right),
        ("OFF", right),
        ("PYRRA", right),
        ("OFF", right),
        ("EVENKEEL", right),
        ("OFF", right),
        ("BOUND", right),
        ("WIDTH", right),
        ("LIKELY", right),
        ("WIDTH", right),
        ("TRUTH", Align::Left),
        ("MISCOUNTED", right),
    ]);
    for proof in proofs {
        table.row(row(proof));
    }
    let failed = proofs.iter().filter(|proof| !proof.holds()).count();
    let verdict = if failed == 0 {
        let text = "Every truth lies in the bound, and no event is counted twice; those that are not counted may be \
                    first values that nothing proves to be new.";
        Tone::Good.paint(text, colour)
    } else {
        Tone::Bad.paint(&format!("{failed} of {} scenarios do not hold.", proofs.len()), colour)
    };
    format!(
        "{}\nShare of the error budget (of 99.9 % over {} d, seed {}) that was used; OFF and WIDTH in points of it.\nBOUND: every unobserved event good or bad. LIKELY: the interval that holds the truth in 95 of 100 cases, which pages and reports show.\n{verdict}\n",
        table.render(colour),
        args.days,
        args.seed
    )
}

fn row(proof: &Proof) -> Vec<Cell> {
    let truth = proof.used_ratio;
    let mut cells = vec![Cell::new(proof.scenario.name), number(truth)];
    for figure in [proof.sloth, proof.pyrra] {
        cells.push(match figure {
            PeerFigure::NotANumber => Cell::new("NaN").tone(Tone::Bad),
            other => number(other.used_ratio()),
        });
        cells.push(off(figure.used_ratio(), truth));
    }
    cells.push(number(proof.evenkeel_used_ratio()));
    cells.push(off(proof.evenkeel_used_ratio(), truth));
    let bound = proof.bound().map(|(least, most)| format!("{:.1} to {:.1}%", least * 100.0, most * 100.0));
    cells.push(Cell::known(bound).tone(if proof.is_in_bound() { Tone::Plain } else { Tone::Bad }));
    cells.push(Cell::known(proof.bound_width().map(|width| format!("{:.1}", width * 100.0))));
    let likely = proof.likely().map(|(least, most)| format!("{:.1} to {:.1}%", least * 100.0, most * 100.0));
    cells.push(Cell::known(likely));
    cells.push(Cell::known(proof.likely_width().map(|width| format!("{:.1}", width * 100.0))));
    cells.push(match (proof.is_in_bound(), proof.is_likely()) {
        (false, _) => Cell::new("outside").tone(Tone::Bad),
        (true, Some(false)) => Cell::new("in the bound only").tone(Tone::Warning),
        (true, _) => Cell::new("inside both").tone(Tone::Good),
    });
    cells.push(match proof.miscounted() {
        (0, 0) => Cell::new("none").tone(Tone::Good),
        (bad, total) => {
            let tone = if proof.is_counted_right() { Tone::Plain } else { Tone::Bad };
            Cell::new(&format!("{bad:+} bad, {total:+} in all")).tone(tone)
        }
    });
    cells
}

fn number(used: Option<f64>) -> Cell {
    Cell::known(used.map(|used| format!("{:.1}%", used * 100.0)))
}

/// Points of the budget; red where an answer would be another one.
fn off(figure: Option<f64>, truth: Option<f64>) -> Cell {
    /// A twentieth of the budget.
    const FAR: f64 = 0.05;
    match error(figure, truth) {
        None => Cell::new(""),
        // Nothing is written as -0.0.
        Some(error) => {
            Cell::new(&format!("{:+.1}", (error * 1_000.0).round() / 10.0 + 0.0)).tone(match error.abs() > FAR {
                true => Tone::Bad,
                false => Tone::Faint,
            })
        }
    }
}
