//! `hillfog env`: exports for a shell.

use crate::{
    client::Server,
    folders::{DataArg, Folders},
};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
    /// The region
    #[arg(long, default_value = "us-east-1", env = "AWS_REGION")]
    region: String,
    /// Print a JSON object instead of exports
    #[arg(long)]
    json: bool,
}

/// A key, as it is kept for people beside the data.
#[derive(Serialize, Deserialize)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
}

pub fn run(args: Args) -> Result<ExitCode> {
    let folders = Folders::of(&args.data)?;
    let server = Server::expect(&folders)?;
    let key = credentials(&folders)?;
    let variables = [
        ("AWS_ENDPOINT_URL", server.url()),
        ("AWS_ACCESS_KEY_ID", key.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", key.secret_access_key),
        ("AWS_DEFAULT_REGION", args.region.clone()),
        ("AWS_REGION", args.region),
    ];
    if args.json {
        println!("{}", json!(std::collections::BTreeMap::from(variables)));
        return Ok(ExitCode::SUCCESS);
    }
    for (name, value) in variables {
        println!("export {name}='{value}'");
    }
    // What would otherwise win over these, or send clients elsewhere.
    println!("unset AWS_SESSION_TOKEN AWS_PROFILE");
    Ok(ExitCode::SUCCESS)
}

/// The key that was issued at the start, else the pair that is good on a loopback address.
pub fn credentials(folders: &Folders) -> Result<Credentials> {
    match std::fs::read(folders.credentials_file()) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(_) => Ok(Credentials { access_key_id: "test".into(), secret_access_key: "test".into() }),
    }
}
