//! `hillfog status`: what runs, and what this host can't do.

use crate::{
    client::Server,
    folders::{DataArg, Folders},
    print,
};
use anyhow::Result;
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, process::ExitCode};

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
    let Some(server) = Server::running(&folders) else {
        return Ok(not_running(&folders, args.json));
    };
    let status = server.get("/_hillfog/status")?;
    if args.json {
        println!("{status:#}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} on {}, data in {}", print::good("The cloud runs"), server.url(), folders.data.display());
    if let Some(address) = status["serial_console"].as_str().and_then(|address| address.parse::<SocketAddr>().ok()) {
        println!("Serial consoles: ssh -p {} INSTANCE.port0@{}", address.port(), address.ip());
    }
    capacity(&status["capacity"]);
    section("Workloads", ["ID", "WHAT", "CONTAINER", "STATE"], &status["workloads"], ["id", "label", "container", "state"]);
    section("Load balancers", ["NAME", "PORTS", "TARGETS"], &status["balancers"], ["name", "ports", "targets"]);
    runtimes_section(&status["runtimes"]);
    section("Failing loops", ["LOOP", "ERROR"], &status["failing"], ["name", "error"]);
    section("Missing on this host", ["WHAT", "COSTS", "REMEDY"], &status["missing"], ["what", "costs", "remedy"]);
    Ok(ExitCode::SUCCESS)
}

/// What machines may take, and what they do; nothing where the host doesn't say what it has.
fn capacity(it: &Value) {
    let number = |field: &str| it[field].as_u64().unwrap_or_default();
    let gib = |field: &str| number(field).div_ceil(1024);
    if number("memory_mib") > 0 {
        println!(
            "Machines take {} of {} vCPU ({} % of the host's) and {} of {} GiB ({} %)",
            number("vcpus_taken"),
            number("vcpus"),
            number("overcommit_cpu"),
            gib("memory_mib_taken"),
            gib("memory_mib"),
            number("overcommit_memory"),
        );
    }
}

/// What runs functions, by runtime identifier, as rows of a table.
pub fn by_runtime(all: BTreeMap<String, String>) -> Value {
    all.into_iter().map(|(runtime, by)| json!({ "runtime": runtime, "by": by })).collect()
}

/// The table of those rows.
pub fn runtimes_section(rows: &Value) {
    section("Runtimes of functions", ["RUNTIME", "RUN BY"], rows, ["runtime", "by"]);
}

fn not_running(folders: &Folders, as_json: bool) -> ExitCode {
    if as_json {
        println!("{}", json!({ "running": false, "data": folders.data }));
    } else {
        println!("{} on {}.", print::bad("No cloud runs"), folders.data.display());
    }
    ExitCode::from(3)
}

/// A titled table of an array's objects, or nothing where the array is empty.
pub fn section<const N: usize>(title: &str, header: [&str; N], rows: &Value, fields: [&str; N]) {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return;
    }
    println!("\n{}", print::strong(title));
    let cell = |row: &Value, field: &str| row[field].as_str().map_or_else(|| row[field].to_string(), str::to_owned);
    print::table(header, rows.iter().map(|row| fields.map(|field| cell(row, field))));
}
