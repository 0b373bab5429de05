//! `hillfog instance`: what the owner of the hosts does with instances. It is scheduled, as EC2 schedules it, and happens on the cloud's clock.

use crate::{
    client::Server,
    folders::{DataArg, Folders},
    span::seconds,
};
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Schedule the retirement of an instance: it is stopped, unless it was stopped and started before
    Retire(Event),
    /// Schedule a stop
    Stop(Event),
    /// Schedule a reboot
    Reboot(Event),
}

#[derive(clap::Args)]
struct Event {
    #[command(flatten)]
    data: DataArg,
    /// The instance's id
    #[arg(value_name = "i-…")]
    instance: String,
    /// In so long by the cloud's clock, such as 90m, 2h or 3d
    #[arg(long = "in", value_name = "TIME", value_parser = seconds, default_value = "1d")]
    after: i64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<ExitCode> {
    let (name, event) = match args.command {
        Command::Retire(event) => ("retire", event),
        Command::Stop(event) => ("stop", event),
        Command::Reboot(event) => ("reboot", event),
    };
    let server = Server::expect(&Folders::of(&event.data)?)?;
    let asked = json!({ "instance": event.instance, "event": name, "in_seconds": event.after });
    let made = server.post("/_hillfog/instances/events", &asked)?;
    if event.json {
        println!("{made}");
    } else {
        let text = |field: &str| made[field].as_str().unwrap_or_default().to_owned();
        println!("{} is scheduled for {} at {}: {}", text("code"), event.instance, text("not_before"), text("id"));
    }
    Ok(ExitCode::SUCCESS)
}
