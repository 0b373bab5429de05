//! What people see: colours on a terminal only, tables, errors with a way out.

use comfy_table::{Cell, Table, presets};
use std::io::IsTerminal;

/// A colour by its ANSI number, on a terminal.
fn coloured(text: &str, code: &str, terminal: bool) -> String {
    let plain = !terminal || std::env::var_os("NO_COLOR").is_some();
    if plain { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

/// What is well.
pub fn good(text: &str) -> String {
    coloured(text, "32", std::io::stdout().is_terminal())
}

/// What needs a look.
pub fn bad(text: &str) -> String {
    coloured(text, "33", std::io::stdout().is_terminal())
}

/// What stands above other things.
pub fn strong(text: &str) -> String {
    coloured(text, "1", std::io::stdout().is_terminal())
}

/// An error with its causes, to standard error.
pub fn error(error: &anyhow::Error) {
    let terminal = std::io::stderr().is_terminal();
    eprintln!("{} {error:#}", coloured("error:", "31;1", terminal));
}

/// A table without lines, to standard output.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.map(|title| Cell::new(strong(title))));
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    println!("{table}");
}
