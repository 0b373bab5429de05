//! `hillfog iam`: what a principal was allowed, and what it would be.

mod decide;
mod observed;

use anyhow::Result;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the least policy that covers what a principal was really allowed
    Observed(observed::Args),
    /// Say whether a principal may do something, and which statement of which policy says so
    Decide(decide::Args),
}

pub fn run(args: Args) -> Result<ExitCode> {
    match args.command {
        Command::Observed(args) => observed::run(args),
        Command::Decide(args) => decide::run(args),
    }
}
