//! The project's own chores, run as `cargo xtask <chore>`: making generated code, and checking what no compiler checks.
//!
//! * `codegen [--check]`: writes `crates/api/src` from `models/` and `crates/api/ops.toml`, or says what differs;
//! * `new-op <service> <Operation>`: lists an operation as built, and generates its code;
//! * `models --from <botocore/data>`: makes `models/` anew from botocore's service models;
//! * `tidy`: the directions in which crates lean, the lengths of files, the docs at their heads.

mod botocore;
mod codegen;
mod models;
mod new_op;
mod ops;
mod tidy;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["codegen"] => codegen::write(&root()),
        ["codegen", "--check"] => codegen::check(&root()),
        ["new-op", service, operation] => new_op::add(&root(), service, operation),
        ["models", "--from", data] => models::make(&root(), Path::new(data)),
        ["tidy"] => tidy::check(&root()),
        _ => bail!("usage: cargo xtask codegen [--check] | new-op <service> <Operation> | models --from <botocore/data> | tidy"),
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_path_buf()
}
