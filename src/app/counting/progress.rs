//! How far the backfill is: a bar on a terminal, a line in the log elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use crate::publish::answers::BackfillProgress;

/// In the log: a line for each tenth.
const LOG_STEPS: usize = 10;

pub struct Bar {
    bar: Option<ProgressBar>,
    on_terminal: bool,
    logged: usize,
    finished: bool,
}

impl Bar {
    pub fn new(on_terminal: bool) -> Bar {
        Bar { bar: None, on_terminal, logged: 0, finished: false }
    }

    pub fn show(&mut self, progress: &BackfillProgress) {
        if progress.done >= progress.wanted {
            self.finish(progress);
            return;
        }
        self.finished = false;
        if self.on_terminal {
            let bar = self.bar.get_or_insert_with(new_bar);
            bar.set_length(progress.wanted as u64);
            bar.set_position(progress.done as u64);
            return;
        }
        let step = progress.done * LOG_STEPS / progress.wanted.max(1);
        if step > self.logged {
            self.logged = step;
            tracing::info!(
                done = progress.done,
                wanted = progress.wanted,
                complete_since = progress.complete_since.map(tracing::field::display),
                "history is being read"
            );
        }
    }

    fn finish(&mut self, progress: &BackfillProgress) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if !self.finished && progress.wanted > 0 {
            self.finished = true;
            tracing::info!(indicator_days = progress.wanted, "history is complete");
        }
    }
}

fn new_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("reading history  [{bar:40}] {pos}/{len} indicator-days, {eta} left");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
