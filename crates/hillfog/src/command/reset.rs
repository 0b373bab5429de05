//! `hillfog reset`: an empty cloud.

use super::down;
use crate::{
    client::Server,
    folders::{DataArg, Folders},
};
use anyhow::Result;
use serde_json::Value;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
}

/// A running cloud is emptied and goes on; of one that is down, the data are deleted.
pub fn run(args: Args) -> Result<ExitCode> {
    let folders = Folders::of(&args.data)?;
    match Server::running(&folders) {
        Some(server) => {
            server.post("/_hillfog/reset", &Value::Null)?;
            println!("The cloud is empty.");
        }
        None => {
            down::teardown(&folders)?;
            crate::cloud::wipe(&folders)?;
            println!("The cloud is down, and its data are deleted.");
        }
    }
    Ok(ExitCode::SUCCESS)
}
