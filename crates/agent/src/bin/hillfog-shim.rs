//! The processes that the agent starts, for this crate's own tests; users have them inside `hillfog`.

use std::{env::args_os, process::ExitCode};

fn main() -> ExitCode {
    if let Some(code) = machine_init::called_as(args_os().next(), args_os().skip(1)) {
        return code;
    }
    // As `hillfog init …`, `hillfog volume …` and `hillfog shim …`.
    match args_os().nth(1) {
        Some(what) if what == "init" => machine_init::main(args_os().skip(2)),
        Some(what) if what == "volume" => blocks::serve::main(args_os().skip(2)),
        _ => agent::shim::main(args_os().skip(2)),
    }
}
