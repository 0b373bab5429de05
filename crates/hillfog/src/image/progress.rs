//! What people see while an image is made: a bar on a terminal, a line for each step elsewhere, nothing for scripts.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal, time::Duration};

/// Tells how far it is, on standard error.
pub struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    /// For people, or for a script that wants to hear the end alone.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::no_length();
        bar.set_draw_target(if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() });
        bar.set_style(style("{spinner} {msg}"));
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, lines: !quiet && !terminal }
    }

    /// A step begins.
    pub fn step(&self, what: impl Into<String>) {
        let what = what.into();
        if self.lines {
            eprintln!("{what}");
        }
        self.bar.set_message(what);
    }

    /// What the step is at, on a terminal only.
    pub fn detail(&self, what: &str) {
        let line: String = what.chars().filter(|c| !c.is_control()).take(100).collect();
        self.bar.set_message(line);
    }

    /// The step is about so many bytes.
    pub fn measure(&self, bytes: u64) {
        self.bar.set_length(bytes);
        self.bar.set_style(style("{spinner} {msg} {bar:30} {bytes}/{total_bytes}"));
    }

    /// So many bytes are done.
    pub fn reach(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// It is done: nothing of it stays.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// A template that is wrong is no reason to stop.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
