//! The machine's console: standard output. It may be gone, or full of what nobody reads away; nothing in a machine fails for that.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// One line, whole, if it can be written.
pub fn say(line: impl Display) {
    let mut console = io::stdout().lock();
    let _ = console.write_all(format!("{line}\n").as_bytes()).and_then(|()| console.flush());
}
