//! `hillfog doctor`: tries what the cloud needs of this host, without starting a cloud.

use super::status::{by_runtime, runtimes_section, section};
use crate::{
    cloud,
    folders::{DataArg, Folders},
    print,
};
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<ExitCode> {
    let folders = Folders::of(&args.data)?;
    let was_there = folders.runtime.exists();
    let found = cloud::capabilities(&folders)?;
    if !was_there {
        folders.remove_runtime()?;
    }
    let usable = !found.missing.iter().any(|missing| missing.fatal);
    let code = if usable { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let runtimes = by_runtime(cloud::runtimes());
    if args.json {
        let mut all = json!(found);
        all["runtimes"] = runtimes;
        println!("{all:#}");
        return Ok(code);
    }
    println!("{} processors, {} MiB of memory, {}", found.cpus, found.memory_mib, found.architecture);
    match (usable, found.missing.is_empty()) {
        (true, true) => println!("{}", print::good("This host has all that Hillfog can use.")),
        (true, false) => println!("{}", print::good("This host can run Hillfog, with less than all of it.")),
        (false, _) => println!("{}", print::bad("This host can't run Hillfog as it is.")),
    }
    runtimes_section(&runtimes);
    section("Missing", ["WHAT", "COSTS", "REMEDY"], &json!(found.missing), ["what", "costs", "remedy"]);
    Ok(code)
}
