//! `cloud-init status`, for scripts and provisioners that wait for the boot's end by it.

use super::wait;
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path, process::ExitCode, time::Duration};

/// Where cloud-init leaves what came of a boot, in memory: it is gone with the boot.
const RESULT: &str = "/run/cloud-init/result.json";

/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Serialize, Deserialize)]
struct Result {
    v1: Version1,
}

#[derive(Serialize, Deserialize)]
struct Version1 {
    datasource: String,
    errors: Vec<String>,
}

/// The boot is over; what of it failed.
pub fn finished(failures: &[String]) -> io::Result<()> {
    let path = Path::new(RESULT);
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    let result = Result { v1: Version1 { datasource: "DataSourceEc2".into(), errors: failures.to_vec() } };
    let beside = path.with_extension("new");
    fs::write(&beside, serde_json::to_vec(&result)?)?;
    fs::rename(beside, path)
}

/// Runs `cloud-init` with its arguments; only `status` is built.
pub fn command(args: &[String]) -> ExitCode {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (wanted, options) = words.split_first().map_or(("", &words[..]), |(first, rest)| (*first, rest));
    if wanted != "status" || options.iter().any(|option| !["--wait", "-w", "--long", "-l"].contains(option)) {
        eprintln!("cloud-init: only \"status [--wait] [--long]\" is built: this machine is booted by Hillfog's small init");
        return ExitCode::FAILURE;
    }
    let has = |names: [&str; 2]| options.iter().any(|option| names.contains(option));
    let mut result = read();
    while result.is_none() && has(["--wait", "-w"]) {
        wait(PAUSE);
        result = read();
    }
    let (word, errors) = match &result {
        None => ("running", &[][..]),
        Some(result) if result.v1.errors.is_empty() => ("done", &[][..]),
        Some(result) => ("error", &result.v1.errors[..]),
    };
    println!("status: {word}");
    if has(["--long", "-l"]) {
        errors.iter().for_each(|error| println!("- {error}"));
    }
    if word == "error" { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn read() -> Option<Result> {
    serde_json::from_slice(&fs::read(RESULT).ok()?).ok()
}
