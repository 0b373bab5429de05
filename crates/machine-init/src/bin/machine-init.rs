//! The small init alone, for this crate's own tests; users have it inside `hillfog`.

use std::{env::args_os, process::ExitCode};

fn main() -> ExitCode {
    if let Some(code) = machine_init::called_as(args_os().next(), args_os().skip(1)) {
        return code;
    }
    // As `hillfog init …`.
    machine_init::main(args_os().skip(2))
}
