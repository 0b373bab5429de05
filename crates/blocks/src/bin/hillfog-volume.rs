//! A volume's server alone, for this crate's own tests; users have it inside `hillfog`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // As `hillfog volume …`.
    blocks::serve::main(std::env::args_os().skip(2))
}
