//! The shim alone, for this crate's own tests; users have it inside `hillfog`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // As `hillfog shim …`.
    agent::shim::main(std::env::args_os().skip(2))
}
